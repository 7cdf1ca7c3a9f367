import StrictJSON

@testable import RegoLite

/// What is read and written is read back the same, by the strict reader, the lenient one and in canonical form.
enum JSONTarget {
  static func test(_ bytes: [UInt8]) {
    if let value = try? JSONValue(parsing: bytes) { strict(value, bytes) }
    if let value = try? Value.parse(json: bytes) { lenient(value) }
  }

  private static func strict(_ value: JSONValue, _ bytes: [UInt8]) {
    let compact = try? JSONValue(parsing: value.serialized())
    require(compact == value, "compact text reads back as \(String(describing: compact))")
    require((try? JSONValue(parsing: value.pretty())) == value, "indented text reads back otherwise")
    // OPA takes no byte order mark.
    var options = JSONReadingOptions.lenient
    options.acceptsByteOrderMark = true
    guard let rego = try? Value.parse(json: bytes, options: options) else {
      return require(false, "strict JSON is not lenient JSON")
    }
    require(rego == Value(json: value), "the readers disagree")
    guard let canonical = try? CanonicalJSON(value) else { return }
    guard let again = try? CanonicalJSON(JSONValue(parsing: canonical.bytes)) else {
      return require(false, "canonical JSON has no canonical form: \(canonical.text)")
    }
    require(again.bytes == canonical.bytes, "\(canonical.text) becomes \(again.text)")
  }

  private static func lenient(_ value: Value) {
    let text = value.json()
    guard let again = try? Value.parse(json: text) else { return require(false, "not read back: \(text)") }
    require(again == value && again.json() == text, "\(text) becomes \(again.json())")
    require(again.compare(to: value) == .same && again.hashValue == value.hashValue, "equal values differ")
    require((try? Value.parse(json: value.json(pretty: true))) == value, "indented text reads back otherwise")
    require(Value(json: value.jsonValue) == value, "the tree reads back otherwise")
    require([value, again].sortedDistinct().count == 1, "a set has a value twice")
  }
}

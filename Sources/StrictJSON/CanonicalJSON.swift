/// A document in RFC 8785 canonical form: one text for one meaning.
public struct CanonicalJSON: Sendable {
  /// What the text says, read back from it: members in canonical order, numbers as the text writes them.
  public let value: JSONValue
  /// UTF-8.
  public let bytes: [UInt8]

  /// Throws, with the path, when a number would change: an integer beyond what its double holds exactly, or a number
  /// beyond every double.
  public init(_ value: JSONValue) throws(JSONError) {
    self.value = try Self.canonical(value)
    bytes = self.value.serialized()
  }

  /// `{}`
  public static let emptyObject = CanonicalJSON(value: [:], bytes: Array("{}".utf8))

  private init(value: JSONValue, bytes: [UInt8]) { (self.value, self.bytes) = (value, bytes) }

  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Goes through the tree on a stack of its own, the root as the only element of an array.
  private static func canonical(_ root: JSONValue) throws(JSONError) -> JSONValue {
    var stack = [Frame(elements: [root], members: nil)]
    while true {
      let top = stack.count - 1
      switch stack[top].current {
      case nil:
        let value = stack.removeLast().value
        if stack.isEmpty { return value[0] ?? .null }
        stack[top - 1].replaceCurrent(with: value)
      case .array(let elements): stack.append(Frame(elements: elements, members: nil))
      case .object(let object): stack.append(Frame(elements: [], members: object.members))
      case .number(let number):
        let result = try canonical(number, at: JSONError.path(stack.dropFirst().map(\.step)))
        stack[top].replaceCurrent(with: .number(result))
      default: stack[top].next += 1
      }
    }
  }

  /// An array or object whose parts before `next` are canonical.
  private struct Frame {
    var elements: [JSONValue]
    /// Absent for arrays.
    var members: [JSONObject.Member]?
    var next = 0

    var current: JSONValue? {
      guard let members else { return next < elements.count ? elements[next] : nil }
      return next < members.count ? members[next].value : nil
    }

    mutating func replaceCurrent(with value: JSONValue) {
      if members == nil { elements[next] = value } else { members?[next].value = value }
      next += 1
    }

    var value: JSONValue {
      guard let members else { return .array(elements) }
      return .object(JSONObject(distinct: members.sorted { $0.key.hasUTF16(before: $1.key) }))
    }

    var step: JSONPathStep { members.map { .key($0[next].key) } ?? .index(next) }
  }

  private static func canonical(_ number: JSONNumber, at path: @autoclosure () -> String) throws(JSONError)
    -> JSONNumber
  {
    if case .integer(let value) = number.storage, value.magnitude <= 1 << 53 { return number }
    let double = number.doubleValue
    guard double.isFinite else {
      throw JSONError(message: "number is too large for a double", path: path())
    }
    let text = ECMAScriptNumber.format(double)
    guard let result = JSONNumber(literal: text) else {
      throw JSONError(message: "number has no canonical form", path: path())
    }
    let exact = DecimalParts(number.literal)
    if exact.isInteger, exact != DecimalParts(text) {
      throw JSONError(message: "integer is too large to be exact in a double", path: path())
    }
    return result
  }
}

extension CanonicalJSON: Hashable {
  /// By the text.
  public static func == (a: CanonicalJSON, b: CanonicalJSON) -> Bool { a.bytes == b.bytes }
  public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}

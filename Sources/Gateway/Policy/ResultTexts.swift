import StrictJSON

/// The texts of a tool's result: `content[*].text` and `content[*].resource.text`.
///
/// Servers mirror `structuredContent` there as serialized JSON. `expanded` puts what such a text says in its place, and
/// `collapsed` writes it again.
struct ResultTexts {
  struct Place: Hashable {
    var item: Int
    var isInResource: Bool
  }

  private struct Original {
    var text: String
    /// What it says when it is a JSON object or array.
    var value: JSONValue?
    /// Another reader may understand it differently.
    var isAmbiguous = false
  }

  let expanded: JSONValue
  private var originals: [Place: Original] = [:]

  init(of result: JSONValue) {
    var originals: [Place: Original] = [:]
    expanded = Self.map(result) { place, text in
      guard case .string(let text) = text else { return nil }
      let original = Self.read(text)
      originals[place] = original
      return original.value
    }
    self.originals = originals
  }

  /// The result with strings for texts again. A text whose value is unchanged is what it was, unless it was ambiguous.
  func collapsed(_ result: JSONValue) -> JSONValue {
    Self.map(result) { place, value in
      guard let original = originals[place], let before = original.value, Self.isContainer(value) else { return nil }
      return .string(value == before && !original.isAmbiguous ? original.text : value.serializedString())
    }
  }

  func isJSON(_ place: Place) -> Bool { originals[place]?.value != nil }

  func isChanged(_ text: String, at place: Place) -> Bool {
    guard let original = originals[place] else { return true }
    return !original.text.hasSameBytes(as: text)
  }

  /// The result with other values at the texts' places; those for which `transform` is nil stay.
  static func map(_ result: JSONValue, _ transform: (Place, JSONValue) -> JSONValue?) -> JSONValue {
    guard var items = result["content"]?.arrayValue else { return result }
    var isChanged = false
    for index in items.indices {
      if let text = items[index]["text"], let new = transform(Place(item: index, isInResource: false), text) {
        items[index]["text"] = new
        isChanged = true
      }
      if var resource = items[index]["resource"], let text = resource["text"],
        let new = transform(Place(item: index, isInResource: true), text)
      {
        resource["text"] = new
        items[index]["resource"] = resource
        isChanged = true
      }
    }
    guard isChanged else { return result }
    var result = result
    result["content"] = .array(items)
    return result
  }

  static func isContainer(_ value: JSONValue) -> Bool {
    switch value {
    case .array, .object: true
    default: false
    }
  }

  private static func read(_ text: String) -> Original {
    var original = Original(text: text)
    let first = text.utf8.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
    guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") || first == 0xEF else { return original }
    var options = JSONReadingOptions.lenient
    options.acceptsByteOrderMark = true
    options.rejectsDuplicateKeys = true
    var value = try? JSONValue(parsing: text, options: options)
    if value == nil {
      options.rejectsDuplicateKeys = false
      value = try? JSONValue(parsing: text, options: options)
      original.isAmbiguous = value != nil
    }
    if let value, isContainer(value) { original.value = value }
    return original
  }
}

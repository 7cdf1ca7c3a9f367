public import StrictJSON

/// A secret that is handed on: a token, a password. It shows itself to whoever asks for it by name, and to nobody else:
/// neither a log line nor a dump of what holds it has its text.
public struct LentSecret: Sendable {
  private let text: String

  public init(_ text: String) { self.text = text }

  /// The secret itself.
  public func reveal() -> String { text }

  /// In UTF-8.
  var length: Int { text.utf8.count }

  var isEmpty: Bool { text.isEmpty }
}

extension LentSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { Self.placeholder }
  public var debugDescription: String { Self.placeholder }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}

// MARK: - Taking it out

extension LentSecret {
  static let placeholder = "(secret)"
  /// What is shorter stands in too many texts by chance. In bytes.
  private static let shortest = 6

  /// The text, with `(secret)` wherever the secret stood: for what a server says that knows it.
  public func removed(from text: String) -> String {
    let secret = Array(self.text.utf8)
    let bytes = Array(text.utf8)
    guard secret.count >= Self.shortest, bytes.count >= secret.count else { return text }
    var result: [UInt8] = []
    var copied = 0
    var index = 0
    while index <= bytes.count - secret.count {
      if bytes[index] == secret[0], bytes[index..<(index + secret.count)].elementsEqual(secret) {
        result += bytes[copied..<index]
        result += Self.placeholder.utf8
        index += secret.count
        copied = index
      } else {
        index += 1
      }
    }
    guard copied > 0 else { return text }
    return String(decoding: result + bytes[copied...], as: UTF8.self)
  }

  /// The value, with `(secret)` wherever the secret stood in a string or a key.
  public func removed(from value: JSONValue) -> JSONValue {
    switch value {
    case .null, .boolean, .number: value
    case .string(let text): .string(removed(from: text))
    case .array(let elements): .array(elements.map { removed(from: $0) })
    case .object(let object):
      .object(JSONObject(object.members.map { (key: removed(from: $0.key), value: removed(from: $0.value)) }))
    }
  }
}

/// Why a text is no JSON that the reader takes, or why a value has no canonical form.
public struct JSONError: Error, Equatable, Sendable {
  /// Lower case, without the place: `duplicate key "a"`.
  public var message: String
  /// Where in the document: `$`, `$.arguments.a[3]`, `$["a b"]`.
  public var path: String
  /// In bytes from the text's start; 0 when there is no text.
  public var offset: Int
  /// From 1.
  public var line: Int
  /// From 1, in bytes.
  public var column: Int

  public init(message: String, path: String = "$", offset: Int = 0, line: Int = 1, column: Int = 1) {
    self.message = message
    self.path = path
    self.offset = offset
    self.line = line
    self.column = column
  }
}

extension JSONError: CustomStringConvertible {
  public var description: String { "\(message) at \(path) (line \(line), column \(column))" }
}

/// One step of a path into a document.
package enum JSONPathStep {
  case key(String)
  case index(Int)
}

extension JSONError {
  /// `$.arguments.a[3]`; a key that is no identifier is quoted as in `$["a b"]`.
  package static func path(_ steps: some Sequence<JSONPathStep>) -> String {
    var path = "$"
    for step in steps {
      switch step {
      case .index(let index): path += "[\(index)]"
      case .key(let key):
        if isIdentifier(key) {
          path += "." + key
        } else {
          path += "[" + JSONValue.string(key).serializedString() + "]"
        }
      }
    }
    return path
  }

  private static func isIdentifier(_ text: String) -> Bool {
    var isFirst = true
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): break
      case UInt8(ascii: "0")...UInt8(ascii: "9"): if isFirst { return false }
      default: return false
      }
      isFirst = false
    }
    return !isFirst
  }
}

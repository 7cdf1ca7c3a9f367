import FoundationEssentials
public import StrictJSON

/// The headers by which Streamable HTTP mirrors what a request is (MCP 2026-07-28, "Request Metadata").
///
/// Names are compared without regard to ASCII case, values by their bytes.
public enum RoutingHeaders {
  public static let protocolVersion = "MCP-Protocol-Version"
  public static let method = "Mcp-Method"
  public static let name = "Mcp-Name"

  /// The member of `params._meta` that `MCP-Protocol-Version` mirrors.
  static let versionKey = "io.modelcontextprotocol/protocolVersion"

  /// The member of `params` that `Mcp-Name` mirrors; absent for methods without that header.
  static func nameKey(for method: String) -> String? {
    switch method {
    case "tools/call", "prompts/get": "name"
    case "resources/read": "uri"
    default: nil
    }
  }

  /// What a client sends with a request.
  ///
  /// - Parameter name: the tool's or prompt's name or the resource's URI; absent for methods without one
  static func headers(method: String, name: String?, version: String) -> [(name: String, value: String)] {
    var headers = [
      (name: protocolVersion, value: MCPHeaderValue.encoded(version)),
      (name: self.method, value: MCPHeaderValue.encoded(method)),
    ]
    if let name { headers.append((name: self.name, value: MCPHeaderValue.encoded(name))) }
    return headers
  }

  /// How a request's headers differ from its body: "Mcp-Name header does not match the body's params.name", without the
  /// values, since who sends such a request may want its text repeated; absent when they don't. One that is missing or
  /// there twice differs. A body that has no `params.name` where its method wants one is for others to refuse.
  public static func mismatch(
    method: String, params: JSONValue?, headers: [(name: String, value: String)]
  ) -> String? {
    let fields = MCPHeaderFields(headers)
    let (versionField, methodField, nameField) = (fields[protocolVersion], fields[self.method], fields[name])
    if versionField?.isDuplicated == true { return "\(protocolVersion) header appears more than once" }
    if methodField?.isDuplicated == true { return "\(self.method) header appears more than once" }
    if nameField?.isDuplicated == true { return "\(name) header appears more than once" }
    let version = params?["_meta"]?[versionKey]
    if let problem = compare(protocolVersion, versionField, version, in: "params._meta[\"\(versionKey)\"]") {
      return problem
    }
    if let problem = compare(self.method, methodField, .string(method), in: "method") { return problem }
    guard let key = nameKey(for: method), let value = params?[key], !value.isNull else { return nil }
    return compare(name, nameField, value, in: "params.\(key)", isEncoded: true)
  }

  private static func compare(
    _ name: String, _ field: MCPHeaderFields.Field?, _ value: JSONValue?, in place: @autoclosure () -> String,
    isEncoded: Bool = false
  ) -> String? {
    guard let raw = field?.value else {
      return "\(name) header is missing"
    }
    guard let header = isEncoded ? MCPHeaderValue.decoded(raw) : raw else { return MCPHeaderValue.malformed(name, raw) }
    if let text = value?.stringValue, text.hasSameBytes(as: header) { return nil }
    return value == nil
      ? "\(name) header has nothing to match, the body has no \(place())"
      : "\(name) header does not match the body's \(place())"
  }
}

/// Text as the value of `Mcp-Name` and `Mcp-Param-…` headers (MCP 2026-07-28, "Value Encoding").
enum MCPHeaderValue {
  private static let prefix = "=?base64?"
  private static let suffix = "?="

  /// The text itself when it consists of visible ASCII, spaces and tabs, with none of these at its ends, and doesn't
  /// look encoded; else `=?base64?…?=` of its UTF-8.
  static func encoded(_ text: String) -> String {
    let bytes = text.utf8
    let isBlankAtEnds = bytes.first.map(isBlank) == true || bytes.last.map(isBlank) == true
    if bytes.allSatisfy(isPlain), !isBlankAtEnds, payload(of: text) == nil { return text }
    return prefix + Data(text.utf8).base64EncodedString() + suffix
  }

  /// Absent when a value holds characters that no header value may have, or when what is in the base64 markers is not
  /// the one base64 text (RFC 4648 section 4, padded, no bits left over) of well-formed UTF-8.
  static func decoded(_ value: String) -> String? {
    guard value.utf8.allSatisfy(isPlain) else { return nil }
    guard let payload = payload(of: value) else { return value }
    guard let data = Data(base64Encoded: payload), data.base64EncodedString() == payload else { return nil }
    return String(validating: data, as: UTF8.self)
  }

  private static func isPlain(_ byte: UInt8) -> Bool { (0x20...0x7E).contains(byte) || byte == 0x09 }
  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  /// What is between the markers; absent unless both are there. ASCII.
  private static func payload(of value: String) -> String? {
    let bytes = value.utf8
    guard bytes.count >= prefix.utf8.count + suffix.utf8.count, bytes.starts(with: prefix.utf8),
      bytes.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    else { return nil }
    return String(bytes.dropFirst(prefix.utf8.count).dropLast(suffix.utf8.count))
  }
}

extension MCPHeaderValue {
  /// How many characters of a value are shown.
  private static let shownLength = 100

  /// `'a\u{9}b'`: cut, and without characters that would change how the text around it reads.
  static func shown(_ text: String) -> String {
    var shown = "'"
    for scalar in text.unicodeScalars.prefix(shownLength) {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
        shown += "\\u{\(String(scalar.value, radix: 16))}"
      default: shown.unicodeScalars.append(scalar)
      }
    }
    return shown + (text.unicodeScalars.dropFirst(shownLength).isEmpty ? "'" : "…'")
  }

  static func malformed(_ name: String, _ value: String) -> String {
    value.utf8.allSatisfy(isPlain)
      ? "\(name) header is not base64 of UTF-8"
      : "\(name) header holds characters that are not allowed in a header"
  }
}

/// A request's headers by their names.
struct MCPHeaderFields {
  struct Field {
    /// The first one's.
    var value: String
    var isDuplicated = false
  }

  private let headers: [(name: String, value: String)]

  init(_ headers: [(name: String, value: String)]) { self.headers = headers }

  /// Names are the same when their bytes are, in lower case as far as they are ASCII. There are few: each is looked at.
  subscript(name: String) -> Field? {
    var field: Field?
    for header in headers where header.name.isSameIgnoringASCIICase(as: name) {
      if field == nil { field = Field(value: header.value) } else { field?.isDuplicated = true }
    }
    return field
  }

  /// In lower case, as far as it is ASCII.
  static func key(_ name: String) -> ExactText {
    ExactText(String(decoding: name.utf8.map(\.asciiLowercased), as: UTF8.self))
  }
}

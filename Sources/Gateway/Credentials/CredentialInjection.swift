/// How a credential reaches the upstream server: one of
///
///     {"header": "Authorization", "prefix": "Bearer "}
///     {"meta": "com.example/token"}
///     {"environment": "API_TOKEN"}
public enum CredentialInjection: Sendable, Equatable {
  /// Of each request that calls the tool; the value is `prefix` and the secret.
  case header(name: String, prefix: String)
  /// A member of `_meta`, of each request that calls the tool.
  case meta(String)
  /// A variable of the server's process, set when it starts.
  case environment(String)

  /// False when the server gets it once, at its start.
  public var isPerCall: Bool { if case .environment = self { false } else { true } }

  /// `Authorization: Bearer …`, as RFC 6750 has it.
  static let bearer = CredentialInjection.header(name: "Authorization", prefix: "Bearer ")
}

extension CredentialInjection: CustomStringConvertible {
  public var description: String {
    switch self {
    case .header(let name, _): "header \(name)"
    case .meta(let key): "_meta \(key)"
    case .environment(let name): "environment \(name)"
    }
  }
}

extension CredentialInjection {
  /// Of RFC 9110 section 5.6.2, and none that HTTP, MCP or the gateway uses itself.
  static func problem(ofHeader name: String) -> String? {
    let isToken =
      !name.isEmpty
      && name.utf8.allSatisfy { byte in
        switch byte.asciiLowercased {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
      }
    guard isToken else { return "is no name of a header" }
    let lower = name.lowercased()
    return ownHeaders.contains(lower) || lower.hasPrefix("mcp-") ? "is set by the gateway itself" : nil
  }

  private static let ownHeaders: Set<String> = [
    "accept", "connection", "content-encoding", "content-length", "content-type", "expect", "host", "keep-alive",
    "last-event-id", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
  ]

  static func isPrefix(_ text: String) -> Bool { text.utf8.allSatisfy { (0x20...0x7E).contains($0) } }

  /// Keys of `_meta` as MCP wants them, with the prefix that keeps them apart from others', and none that MCP reserves.
  static func problem(ofMeta key: String) -> String? {
    let parts = key.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard parts.count == 2, isName(parts[1], inner: "-_.") else { return "is no key such as com.example/token" }
    let labels = parts[0].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard labels.allSatisfy({ isName($0, inner: "-") && $0.first.map(isDigit) == false }) else {
      return "is no key such as com.example/token"
    }
    let isReserved = labels.contains { label in
      ["mcp", "modelcontextprotocol"].contains(String(decoding: label, as: UTF8.self).lowercased())
    }
    return isReserved ? "is reserved by MCP" : nil
  }

  private static func isName(_ bytes: Substring.UTF8View, inner: String) -> Bool {
    guard let first = bytes.first, let last = bytes.last, isAlphanumeric(first), isAlphanumeric(last) else {
      return false
    }
    return bytes.allSatisfy { isAlphanumeric($0) || inner.utf8.contains($0) }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte.asciiLowercased) || isDigit(byte)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") <= 9 }

  /// Of POSIX: letters, digits and `_`, no digit first.
  static func isVariable(_ name: String) -> Bool {
    guard let first = name.utf8.first, !isDigit(first) else { return false }
    return name.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
  }
}

import FoundationEssentials

/// Where the requests to one HTTP server go.
public struct HTTPTarget: Sendable, Equatable {
  public var isSecure: Bool
  /// A name or an address, without brackets.
  public var host: String
  public var port: Int
  /// What a request line has: the path and the query, percent-encoded.
  public var path: String

  /// Absent unless the URL is one of http or https with a host.
  public init?(_ url: String) {
    guard let parts = URL(string: url), let scheme = parts.scheme?.lowercased(), ["http", "https"].contains(scheme),
      var host = parts.host(percentEncoded: false), !host.isEmpty
    else { return nil }
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    isSecure = scheme == "https"
    self.host = host
    port = parts.port ?? (isSecure ? 443 : 80)
    guard (1...65_535).contains(port) else { return nil }
    let path = parts.path(percentEncoded: true)
    self.path = (path.isEmpty ? "/" : path) + (parts.query(percentEncoded: true).map { "?\($0)" } ?? "")
  }

  /// The `Host` field.
  public var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
  }
}

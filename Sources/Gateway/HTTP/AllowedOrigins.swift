/// Which web pages' scripts may speak to the MCP door: a browser says in `Origin` whose script it is. Without such a check
/// any page could reach a gateway on the user's own machine (DNS rebinding).
struct AllowedOrigins: Sendable {
  /// As browsers write them, in lower case: `https://console.example`.
  private let listed: Set<String>

  /// - Parameter listed: allowed besides those of the machine itself
  init(_ listed: [String]) { self.listed = Set(listed.map { $0.lowercased() }) }

  func allows(_ origin: String) -> Bool {
    let origin = origin.lowercased()
    if listed.contains(origin) { return true }
    for scheme in ["http://", "https://"] where origin.hasPrefix(scheme) {
      let rest = origin.dropFirst(scheme.count)
      for host in ["localhost", "127.0.0.1", "[::1]"] where rest.hasPrefix(host) {
        let port = rest.dropFirst(host.count)
        if port.isEmpty || port.first == ":" && port.dropFirst().allSatisfy(\.isNumber) { return true }
      }
    }
    return false
  }
}

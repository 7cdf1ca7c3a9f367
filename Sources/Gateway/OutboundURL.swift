/// Hosts that nobody reaches from another machine.
enum LoopbackHost {
  /// `localhost`, 127.0.0.0/8 and ::1, the last with or without brackets. Whatever else an address may mean, it isn't.
  static func contains(_ host: String) -> Bool {
    if host.isSameIgnoringASCIICase(as: "localhost") || host == "::1" || host == "[::1]" { return true }
    let parts = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let isAddress = parts.allSatisfy { part in
      (1...3).contains(part.count) && part.allSatisfy { $0 &- UInt8(ascii: "0") <= 9 }
        && (part.count == 1 || part.first != UInt8(ascii: "0")) && part.reduce(0) { $0 * 10 + Int($1) - 48 } < 256
    }
    return parts.count == 4 && isAddress && parts[0].elementsEqual("127".utf8)
  }
}

/// URLs that the gateway itself may send requests to: what is fetched from them, or sent to them, is worth an attack.
enum OutboundURL {
  /// https, or http on loopback alone; without a user.
  static func isAllowed(_ url: String) -> Bool {
    guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }) else { return false }
    let parts = url.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].hasPrefix("//") else { return false }
    let authority = parts[1].dropFirst(2).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    // A user in it would be a secret in the settings and the logs.
    guard !authority.contains("@"), let host = host(authority), !host.isEmpty else { return false }
    return switch parts[0].lowercased() {
    case "https": true
    case "http": LoopbackHost.contains(host)
    default: false
    }
  }

  /// Without the port; absent when that is none.
  private static func host(_ authority: Substring) -> String? {
    let end =
      authority.hasPrefix("[")
      ? authority.firstIndex(of: "]").map(authority.index(after:)) : authority.firstIndex(of: ":") ?? authority.endIndex
    guard let end else { return nil }
    let port = authority[end...]
    if !port.isEmpty {
      guard port.first == ":", let number = UInt16(port.dropFirst()), number > 0 else { return nil }
    }
    return String(authority[..<end])
  }
}

/// A revision of the Model Context Protocol, named by its date.
public enum MCPVersion: String, Sendable, CaseIterable {
  case november2024 = "2024-11-05"
  case march2025 = "2025-03-26"
  case june2025 = "2025-06-18"
  case november2025 = "2025-11-25"
  case july2026 = "2026-07-28"

  /// Every request carries its version and what its client can do; there is no `initialize` and no session.
  public var isModern: Bool { self == .july2026 }

  public static let latest = july2026

  /// The newest of those that begin with `initialize`: to offer there, and to answer with when the peer asks for one that
  /// isn't spoken here.
  public static let latestWithHandshake = november2025

  /// Newest first.
  public static var all: [MCPVersion] { allCases.reversed() }
}

/// Members of `_meta` that revision 2026-07-28 reserves.
public enum MCPMeta {
  /// What the keys begin with that MCP keeps for itself.
  public static let reserved = "io.modelcontextprotocol/"
  public static let protocolVersion = "io.modelcontextprotocol/protocolVersion"
  public static let clientInfo = "io.modelcontextprotocol/clientInfo"
  public static let clientCapabilities = "io.modelcontextprotocol/clientCapabilities"
  public static let serverInfo = "io.modelcontextprotocol/serverInfo"
  public static let subscriptionID = "io.modelcontextprotocol/subscriptionId"
  public static let progressToken = "progressToken"
}

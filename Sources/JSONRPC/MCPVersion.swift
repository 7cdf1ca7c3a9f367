/// A revision of the Model Context Protocol, named by its date.
public enum MCPVersion: String, Sendable, CaseIterable {
  case november2024 = "2024-11-05"
  case march2025 = "2025-03-26"
  case june2025 = "2025-06-18"
  case november2025 = "2025-11-25"

  /// The one to offer, and to answer with when the peer asks for one that isn't spoken here.
  public static let latest = november2025
}

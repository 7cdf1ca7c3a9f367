import FoundationEssentials

/// Where webhooks go. Each complaint names the setting as `Configuration` does.
public struct WebhookSettings: Sendable {
  /// `webhook_url`; absent: there are no webhooks.
  public var url: String?
  /// `webhook_secret`; absent: nothing is signed.
  public var secret: WebhookKey?
  /// `webhook_events`
  public var events = Set(WebhookEvent.EventType.allCases)

  public init() {}

  /// What is wrong with a URL that `url` doesn't take.
  public static let urlComplaint = "must be an https:// URL without a user; http:// is for loopback alone"
  /// What is wrong with a list that `events` doesn't take.
  public static let eventsComplaint =
    "must be types of events with commas between, of "
    + WebhookEvent.EventType.allCases.map(\.rawValue).joined(separator: ", ")
  /// What is wrong with a secret that `WebhookKey` doesn't take.
  public static let secretComplaint =
    "begins with whsec_, so that base64 of at least \(WebhookKey.shortest) bytes has to follow"

  /// The text when webhooks may go there; else absent.
  public static func url(_ text: String) -> String? {
    OutboundURL.isAllowed(text) && !text.utf8.contains(UInt8(ascii: "#")) ? text : nil
  }

  /// Absent when one of the names is none.
  public static func events(_ text: String) -> Set<WebhookEvent.EventType>? {
    let events = text.split(separator: ",").map { WebhookEvent.EventType(rawValue: String($0.filter { $0 != " " })) }
    return events.isEmpty || events.contains(nil) ? nil : Set(events.compactMap(\.self))
  }

  /// What has no effect, or less than one might think.
  public var warnings: [String] {
    if url == nil { return secret == nil ? [] : ["webhook_secret has no effect without webhook_url"] }
    return secret == nil ? ["webhooks are not signed: webhook_secret is not set"] : []
  }

  /// The receiver without what may be a secret in its path or query: `https://example.org:8443`; absent without one.
  public var origin: String? {
    guard let url, let scheme = url.firstRange(of: "://") else { return nil }
    return String(url[..<url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }.endIndex])
  }
}

/// What webhooks are signed with. It is never printed.
public struct WebhookKey: Sendable {
  /// In bytes.
  static let shortest = 16

  let bytes: [UInt8]

  /// A text that begins with `whsec_` is base64 of the key (Standard Webhooks); any other is the key itself, as UTF-8.
  /// Absent when it is too short, or no base64.
  public init?(_ text: String) {
    if text.hasPrefix("whsec_") {
      guard let data = Data(base64Encoded: String(text.dropFirst("whsec_".count))) else { return nil }
      bytes = Array(data)
    } else {
      bytes = Array(text.utf8)
    }
    guard bytes.count >= Self.shortest else { return nil }
  }
}

extension WebhookKey: CustomStringConvertible, CustomReflectable {
  public var description: String { "(secret)" }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Where webhooks go: makes one attempt to deliver.
public struct WebhookReceiver: Sendable {
  /// What became of an attempt.
  public enum Answer: Sendable, Equatable {
    /// Any status 2xx.
    case taken(Int)
    /// 410: it wants this event never again.
    case gone
    /// Any other status; `askedFor` is how long the receiver wants to be left alone, in microseconds, absent when it
    /// doesn't say.
    case refused(Int, askedFor: Int64?)
    /// There is no answer: why, for the log.
    case failed(String)

    public var isTaken: Bool { if case .taken = self { true } else { false } }
  }

  private let url: String
  private let key: WebhookKey?
  private let clock: WallClock
  private let fetch: OutboundFetch

  /// - Parameter fetch: gives up after at most `WebhookStore.leaseTime` less some seconds
  public init(url: String, key: WebhookKey?, clock: WallClock = .system, fetch: @escaping OutboundFetch) {
    self.url = url
    self.key = key
    self.clock = clock
    self.fetch = fetch
  }

  /// - Parameter body: sent as it is
  public func send(id: String, body: [UInt8]) async -> Answer {
    let now = clock.now()
    let headers = WebhookSignature.headers(id: id, timestamp: now / 1_000_000, body: body, key: key)
    do {
      let response = try await fetch(
        OutboundRequest(.post, url, headers: headers, body: body, readsAnswer: false))
      switch response.status {
      case 200...299: return .taken(response.status)
      case 410: return .gone
      default:
        let askedFor = response.header("Retry-After").flatMap { Self.wait($0, now: now) }
        return .refused(response.status, askedFor: askedFor)
      }
    } catch let error as OutboundError {
      return .failed(error.description)
    } catch {
      return .failed("the connection failed")
    }
  }

  /// What `Retry-After` says (RFC 9110 section 10.2.3), seconds or a date, in microseconds from `now` on; absent when it
  /// says nothing that could be understood.
  static func wait(_ text: String, now: Int64) -> Int64? {
    if !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
      return min(Int64(text) ?? .max, 1_000_000_000) * 1_000_000
    }
    // `Sun, 06 Nov 1994 08:49:37 GMT`; the obsolete forms are nobody's any more.
    let parts = text.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 6, parts[5] == "GMT", let month = months.firstIndex(of: parts[2]) else { return nil }
    let number = (month < 9 ? "0" : "") + String(month + 1)
    let date = ISOTimestamp.microseconds("\(parts[3])-\(number)-\(parts[1])T\(parts[4])+00:00".utf8)
    return date.map { max(0, $0 - now) }
  }

  private static let months: [Substring] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
}

extension WebhookReceiver.Answer: CustomStringConvertible {
  /// For the log and for people; names nothing that was sent or received.
  public var description: String {
    switch self {
    case .taken(let status): "HTTP \(status)"
    case .gone: "HTTP 410: the receiver wants this event never again"
    case .refused(let status, _) where (300...399).contains(status):
      "HTTP \(status): a redirect, which isn't followed; webhook_url has to name the place itself"
    case .refused(let status, _): "HTTP \(status)"
    case .failed(let reason): reason
    }
  }
}

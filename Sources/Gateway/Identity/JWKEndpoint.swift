import JOSE
import Logging
import StrictJSON
import Synchronization

/// What a server of keys answered.
public struct JWKResponse: Sendable {
  public var status: Int
  /// `Cache-Control`; several fields joined by commas.
  public var cacheControl: String?
  public var body: [UInt8]

  public init(status: Int, cacheControl: String?, body: [UInt8]) {
    self.status = status
    self.cacheControl = cacheControl
    self.body = body
  }
}

/// Gets the URL. It checks the server's certificate, follows no redirect, sends no credentials, and reads no more than
/// `JWKEndpoint.maximumSize` bytes of the body. It is cancelled, and no longer waited for, after 10 s.
public typealias JWKFetch = @Sendable (_ url: String) async throws -> JWKResponse

/// A URL with a JSON Web Key Set.
///
/// The keys are fetched when they are first needed, when `Cache-Control` lets them go (after 1 minute at the earliest,
/// 1 day at the latest, 5 minutes when it says nothing), and when a token names a key that isn't among them: an issuer
/// that changes its keys needn't wait. Fetches are at least 30 s apart, whatever strangers' tokens name, and one at a
/// time. While they fail the old keys hold, for 24 h after the last that succeeded; then nothing is believed.
public final class JWKEndpoint: JWKSource {
  /// In bytes.
  public static let maximumSize = 1 << 20

  private struct State {
    var keys: JSONWebKeySet?
    /// When the latest keys came, and until when they are fresh. Nanoseconds.
    var fetched: Int64 = 0
    var expires: Int64 = .min
    var attempted: Int64?
    var problem: String?
    var fetch: Task<Void, Never>?

    func usableKeys(at now: Int64) -> JSONWebKeySet? {
      now - fetched <= JWKEndpoint.trust ? keys : nil
    }
  }

  private static let second: Int64 = 1_000_000_000
  private static let pause = 30 * second
  private static let trust = 86_400 * second

  private let url: String
  /// As the log names it: without a query, which may have a key in it.
  private let name: String
  private let fetch: JWKFetch
  private let timeLimit: Duration
  private let clock: MonotonicClock
  private let logger: Logger
  private let state = Mutex(State())

  init(
    _ url: String, clock: MonotonicClock, logger: Logger, timeLimit: Duration = .seconds(10),
    fetch: @escaping JWKFetch
  ) {
    self.url = url
    name = String(url.prefix { $0 != "?" })
    self.clock = clock
    self.logger = logger
    self.timeLimit = timeLimit
    self.fetch = fetch
  }

  func keys(for id: String?) async -> JSONWebKeySet? {
    let now = clock.now()
    let (known, fetch) = state.withLock { state -> (JSONWebKeySet?, Task<Void, Never>?) in
      let keys = state.usableKeys(at: now)
      let hasKey = keys.map { id == nil || !$0.keys(named: id).isEmpty } ?? false
      if hasKey, now < state.expires { return (keys, nil) }
      let mayFetch = state.attempted.map { now - $0 >= Self.pause } ?? true
      if state.fetch == nil, mayFetch {
        state.attempted = now
        state.fetch = Task { await self.refresh() }
      }
      // A server that is down isn't waited for again and again while the old keys hold.
      let mustWait = !hasKey || state.problem == nil
      return (keys, mustWait ? state.fetch : nil)
    }
    guard let fetch else { return known }
    await fetch.value
    return state.withLock { $0.usableKeys(at: clock.now()) }
  }

  var problem: String? { state.withLock { $0.problem } }

  private struct Failure: Error {
    let reason: String
  }

  private func refresh() async {
    let result = await answer()
    let now = clock.now()
    do throws(Failure) {
      let response = try result.get()
      guard response.status == 200 else { throw Failure(reason: "answered \(response.status)") }
      guard response.body.count <= Self.maximumSize else { throw Failure(reason: "answered too much") }
      let keys: JSONWebKeySet
      do throws(JSONError) {
        keys = try JSONWebKeySet(parsing: response.body, allowsSecrets: false)
      } catch {
        throw Failure(reason: "answered no key set: \(error)")
      }
      let lifetime = Self.lifetime(response.cacheControl)
      let (recovered, isChanged) = state.withLock { state in
        defer { state.keys = keys }
        state.fetch = nil
        state.fetched = now
        state.expires = now + lifetime * Self.second
        defer { state.problem = nil }
        return (state.problem != nil, state.keys?.ignored != keys.ignored || state.keys?.keys.count != keys.keys.count)
      }
      if recovered { logger.notice("agents' keys can be fetched again", metadata: ["url": "\(name)"]) }
      if isChanged { keys.logIgnored(from: name, to: logger) }
    } catch {
      let problem = "\(name) \(error.reason)"
      let isNew = state.withLock { state in
        state.fetch = nil
        defer { state.problem = problem }
        return state.problem != problem
      }
      if isNew {
        logger.error(
          "agents' keys can't be fetched: those from before hold for at most 24 hours",
          metadata: ["problem": "\(problem)"])
      }
    }
  }

  /// INVARIANT: comes back, whether the closure does or not.
  private func answer() async -> Result<JWKResponse, Failure> {
    let first = FirstOf<Result<JWKResponse, Failure>>()
    let work = Task { [fetch, url] in
      do {
        first.set(.success(try await fetch(url)))
      } catch {
        first.set(.failure(Failure(reason: "can't be fetched: \(error)")))
      }
    }
    let limit = Task { [timeLimit] in
      try? await Task.sleep(for: timeLimit)
      first.set(.failure(Failure(reason: "took too long to answer")))
    }
    let result = await first.value
    work.cancel()
    limit.cancel()
    return result
  }

  /// In seconds, of the answer's `Cache-Control` (RFC 9111 section 5.2.2).
  static func lifetime(_ cacheControl: String?) -> Int64 {
    var lifetime: Int64?
    for directive in (cacheControl ?? "").split(separator: ",") {
      let text = directive.filter { $0 != " " && $0 != "\t" && $0 != "\"" }.lowercased()
      if text == "no-store" || text == "no-cache" || text.hasPrefix("no-cache=") { return 60 }
      if text.hasPrefix("max-age=") {
        let digits = text.dropFirst("max-age=".count)
        // What isn't a number is stale (section 4.2.1); too large a number is the largest.
        let isNumber = !digits.isEmpty && digits.utf8.allSatisfy { $0 &- UInt8(ascii: "0") <= 9 }
        let seconds = isNumber ? Int64(digits) ?? .max : 0
        lifetime = min(seconds, lifetime ?? .max)
      }
    }
    return min(max(lifetime ?? 300, 60), 86_400)
  }
}

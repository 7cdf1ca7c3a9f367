import StrictJSON
import Synchronization
import Testing

@testable import Gateway

/// An issuer of tokens that says what the test wants, and keeps what it was asked.
final class ScriptedIssuer: Sendable {
  struct Down: Error, CustomStringConvertible {
    // What an error of somebody else's might say.
    var description: String { "POST failed: client_secret=hush-hush" }
  }

  private struct State {
    var answer: @Sendable (_ number: Int, _ fields: [String: String]) -> OutboundResponse? = ScriptedIssuer.tokens()
    var requests: [OutboundRequest] = []
    var issued = 0
    var isHeld = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }
  private let state = Mutex(State())

  /// Tokens `token-0`, `token-1` and so on, and 200 for revocations.
  static func tokens(
    life: Int? = 3_600, scope: String? = nil
  ) -> @Sendable (Int, [String: String]) -> OutboundResponse? {
    { number, fields in
      guard fields["grant_type"] != nil else { return OutboundResponse(status: 200, body: []) }
      var answer: JSONObject = ["access_token": .string("token-\(number)"), "token_type": "Bearer"]
      answer["expires_in"] = life.map { JSONValue($0) }
      answer["scope"] = scope.map { .string($0) }
      answer["issued_token_type"] = fields["requested_token_type"].map { .string($0) }
      return OutboundResponse(status: 200, body: JSONValue.object(answer).serialized())
    }
  }

  /// - Parameter answer: to the token request of this number, and to all revocations; nil: it can't be reached
  func answer(_ answer: @escaping @Sendable (_ number: Int, _ fields: [String: String]) -> OutboundResponse?) {
    state.withLock { $0.answer = answer }
  }

  var requests: [OutboundRequest] { state.withLock { $0.requests } }
  /// The fields of what was asked of the token endpoint.
  var tokenRequests: [[String: String]] { requests.map(Self.fields).filter { $0["grant_type"] != nil } }
  /// The tokens that were to be revoked.
  var revoked: [String] { requests.map(Self.fields).compactMap { $0["token"] } }

  func hold() { state.withLock { $0.isHeld = true } }

  func release() {
    let waiting = state.withLock { state in
      state.isHeld = false
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  var send: OutboundFetch {
    { request in
      let fields = Self.fields(of: request)
      let number = self.state.withLock { state in
        state.requests.append(request)
        defer { if fields["grant_type"] != nil { state.issued += 1 } }
        return state.issued
      }
      await withCheckedContinuation { continuation in
        let goesOn = self.state.withLock { state in
          if state.isHeld { state.waiting.append(continuation) }
          return !state.isHeld
        }
        if goesOn { continuation.resume() }
      }
      guard let response = self.state.withLock({ $0.answer })(number, fields) else { throw Down() }
      return response
    }
  }

  static func fields(of request: OutboundRequest) -> [String: String] {
    var fields: [String: String] = [:]
    for field in String(decoding: request.body ?? [], as: UTF8.self).split(separator: "&") {
      let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      fields[decoded(parts[0])] = decoded(parts[1])
    }
    return fields
  }

  private static func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// A broker with a scripted issuer, a clock that stands still, and an environment of the test's own.
struct CredentialFixture: Sendable {
  let issuer = ScriptedIssuer()
  let clock = ManualClock()
  let log = LogRecorder()
  let broker: CredentialBroker

  static let variables = ["SECRET": "hush-hush", "SUBJECT": "subject-token", "EMPTY": "", "LINES": "a\r\nX: y"]

  init(capacity: Int = CredentialBroker.capacity, timeLimit: Duration = .seconds(10), patience: Duration = .seconds(2))
  {
    broker = CredentialBroker(
      clock: clock.wall, monotonicClock: clock.monotonic, capacity: capacity, timeLimit: timeLimit,
      revocationLimit: patience, variable: { Self.variables[$0] }, identifier: { "id-1" }, logger: log.logger,
      send: issuer.send)
  }

  static func settings(_ text: String, folder: String = "/nowhere", isProcess: Bool = false) throws
    -> CredentialSettings
  {
    var problems: [String] = []
    let settings = CredentialSettings(
      try JSONValue(parsing: text), path: "$.c", folder: folder, isProcess: isProcess, isForTool: false,
      problems: &problems)
    return try #require(settings, "\(problems)")
  }

  static let client = #"""
    "token_endpoint": "https://issuer.example/token?key=in-query", "client_id": "gate way",
    "client_secret": {"env": "SECRET"}
    """#

  static func clientCredentials(_ more: String = "") throws -> CredentialSettings {
    try settings(#"{"kind": "client_credentials", \#(client)\#(more.isEmpty ? "" : ", " + more)}"#)
  }

  static let revocable = #""revocation_endpoint": "https://issuer.example/revoke""#

  static func use(
    _ settings: CredentialSettings, session: String = "s1", agent: String? = nil, identity: AgentIdentity? = nil,
    token: String? = nil, scope: [String]? = nil, ttl: Int? = nil
  ) throws -> CredentialUse {
    CredentialUse(
      settings: settings, server: "crm", tool: try ToolName("search"), session: try SessionID(session),
      agent: try agent.map { name throws(InvalidIdentifier) in try AgentID(name) }, identity: identity,
      agentToken: token.map(LentSecret.init), allowedScope: scope, timeToLive: ttl)
  }

  /// The secret that is lent.
  func lent(_ use: CredentialUse) async throws -> String { try await broker.credential(for: use).secret.reveal() }

  /// Why nothing is lent.
  func failure(_ use: CredentialUse) async -> CredentialFailure? {
    do throws(CredentialFailure) {
      _ = try await broker.credential(for: use)
      return nil
    } catch {
      return error
    }
  }

  /// As long as the test may run.
  func waitForRevocations(_ count: Int) async throws {
    while issuer.revoked.count < count { try await Task.sleep(for: .milliseconds(5)) }
  }

  /// Once what goes on in the background has had its time.
  func settle() async throws { try await Task.sleep(for: .milliseconds(50)) }
}

import Crypto
import Glibc
public import Logging
import StrictJSON
import Synchronization

/// Lends tools their credentials: gets them where the settings say, keeps them for as long as they may be used, and
/// takes them back. What it can't get is a failure, and the call is to be denied.
///
/// No secret leaves it but in a `LentSecret` and in requests to the issuer that the settings name.
public final class CredentialBroker: Sendable {
  /// Credentials that are kept; the one that was used longest ago makes room, and is revoked.
  public static let capacity = 4_096
  /// Fetches at a time. Further ones fail.
  static let maximumPending = 256
  /// Requests to revoke at a time.
  private static let revokers = 16

  private struct State {
    var shelf: CredentialShelf
    var pending: [CredentialShelf.Key: PendingCredential] = [:]
  }

  private let reader: SecretReader
  private let signer: TokenSigner
  private let clock: WallClock
  private let monotonic: MonotonicClock
  private let timeLimit: Duration
  private let revocationLimit: Duration
  private let isKilled: @Sendable (CredentialUse) -> Bool
  private let logger: Logger
  private let send: OutboundFetch
  private let state: Mutex<State>

  /// - Parameters:
  ///   - timeLimit: for an issuer's answer
  ///   - revocationLimit: how long `revoke` waits
  ///   - variable: reads a variable of the environment; absent: of the gateway's own
  ///   - identifier: makes what names a signed JWT; absent: random UUIDs
  ///   - isKilled: whether a kill is in force that forbids the use; asked before an issuer is
  ///   - send: see `OutboundHTTP`
  public init(
    clock: WallClock = .system, monotonicClock: MonotonicClock = .system, capacity: Int = CredentialBroker.capacity,
    timeLimit: Duration = OutboundHTTP.timeLimit, revocationLimit: Duration = .seconds(2),
    variable: (@Sendable (String) -> String?)? = nil, identifier: (@Sendable () -> String)? = nil,
    isKilled: @escaping @Sendable (CredentialUse) -> Bool = { _ in false }, logger: Logger,
    send: @escaping OutboundFetch
  ) {
    reader = SecretReader(clock: clock, variable: variable ?? { getenv($0).map { String(cString: $0) } })
    signer = TokenSigner(reader: reader, clock: clock, identifier: identifier ?? { UUIDText.random() })
    self.clock = clock
    monotonic = monotonicClock
    self.timeLimit = timeLimit
    self.revocationLimit = revocationLimit
    self.isKilled = isKilled
    self.logger = logger
    self.send = send
    state = Mutex(State(shelf: CredentialShelf(capacity: capacity)))
  }

  /// The credential for one call. Not for settings that inject into the environment: see `environment(for:)`.
  public func credential(for use: CredentialUse) async throws(CredentialFailure) -> Credential {
    let settings = use.settings
    guard settings.injection.isPerCall else {
      throw CredentialFailure(.secret, "a credential in the environment is set when its server starts")
    }
    let scope = try settings.scope(allowed: use.allowedScope)
    let timeToLive = try settings.timeToLive(allowed: use.timeToLive)
    if case .fixed(let reference) = settings.source {
      return Credential(
        injection: settings.injection, secret: try fixed(reference, for: settings.injection), scope: scope,
        expires: nil)
    }
    let subject = try subject(of: use)
    let key = CredentialShelf.Key(
      settings: settings.fingerprint, server: ExactText(use.server), scope: scope, timeToLive: timeToLive,
      session: use.session, agent: use.agent, subject: subject.key)
    let now = monotonic.now()
    let found = state.withLock { state -> Found in
      if let credential = state.shelf.credential(for: key, at: now) { return .credential(credential) }
      if let pending = state.pending[key] { return .pending(pending) }
      guard state.pending.count < Self.maximumPending else { return .none }
      let pending = PendingCredential()
      state.pending[key] = pending
      return .new(pending)
    }
    switch found {
    case .credential(let credential): return credential
    case .pending(let pending): return try await pending.value()
    case .none: throw CredentialFailure(.busy, "\(Self.maximumPending) credentials are being fetched")
    case .new(let pending):
      // A task of its own: others may wait for it when this call is given up.
      Task { await self.fetch(use, key, subject, pending) }
      sweep()
      return try await pending.value()
    }
  }

  /// What a server's process gets in its environment at its start; absent when the settings inject elsewhere. Blocks.
  public func environment(
    for settings: CredentialSettings
  ) throws(CredentialFailure) -> (name: String, value: LentSecret)? {
    guard case .environment(let name) = settings.injection, case .fixed(let reference) = settings.source else {
      return nil
    }
    return (name, try fixed(reference, for: settings.injection))
  }

  /// Why calls would be denied, as far as the gateway's own part goes: a variable that isn't set, a file that others
  /// may read, a key that doesn't sign. For the log: names variables and files. Absent when all is well. Blocks.
  public func problem(with settings: CredentialSettings) -> String? {
    do throws(CredentialFailure) {
      switch settings.source {
      case .fixed(let reference): _ = try fixed(reference, for: settings.injection)
      case .clientCredentials(let client): _ = try reader.read(client.secret)
      case .tokenExchange(let client, let exchange):
        _ = try reader.read(client.secret)
        if case .secret(let reference) = exchange.subject { _ = try reader.read(reference) }
      case .jwt(let signing): _ = try signer.key(signing)
      }
      return nil
    } catch {
      return error.reason
    }
  }

  /// Credentials that are kept.
  public var count: Int { state.withLock { $0.shelf.count } }

  // MARK: Taking back

  /// Takes back the credentials of the sessions and agents: none of them is lent again, nor any that is being fetched.
  /// Asks their issuers to revoke them, and returns once they have answered, or after two seconds.
  ///
  /// A fixed secret isn't taken back: it is lent for a call, and ends with nothing.
  ///
  /// - Parameter isTaken: called once for each, with the session and the agent it was lent for
  @discardableResult
  public func revoke(where isTaken: (SessionID, AgentID?) -> Bool) async -> CredentialRevocation {
    // INVARIANT: whatever was asked for before is here now: lent, or pending. What is pending finds itself gone.
    let (entries, pending) = state.withLock { state in
      let gone = state.pending.filter { isTaken($0.key.session, $0.key.agent) }
      for key in gone.keys { state.pending[key] = nil }
      return (
        state.shelf.take { isTaken($0.key.session, $0.key.agent) }, Array(gone.values)
      )
    }
    for pending in pending { pending.finish(.failure(CredentialFailure(.withdrawn, "a kill came in between"))) }
    return await outcome(of: entries, pending, within: revocationLimit)
  }

  /// Takes out what is over: revokes what its issuer would still take, in the background.
  public func sweep() {
    let now = monotonic.now()
    discard(state.withLock { $0.shelf.takeOver(at: now) }, at: now)
  }

  /// Sweeps until the task is cancelled; then takes back all there is, and returns.
  public func run() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: .seconds(5))
      sweep()
    }
    // In a task of its own: this one is cancelled.
    _ = await Task { await self.revoke { _, _ in true } }.value
  }
}

// MARK: - Getting

extension CredentialBroker {
  private enum Found {
    case credential(Credential)
    case pending(PendingCredential)
    case new(PendingCredential)
    case none
  }

  /// Whom a credential is for.
  private struct Subject {
    /// What is exchanged, or the `sub` that is signed; absent when the settings say so.
    var text: LentSecret?
    /// Tells subjects apart, without a secret.
    var key = ExactText("")
    /// When its proof ends, microseconds since 1970; absent when it doesn't.
    var expires: Int64?
  }

  private func subject(of use: CredentialUse) throws(CredentialFailure) -> Subject {
    switch use.settings.source {
    case .tokenExchange(_, let exchange) where exchange.subject == .agent:
      // INVARIANT: a key of the gateway's own opens the gateway; no issuer gets to see it.
      guard let identity = use.identity, identity.method == .jwt, let token = use.agentToken else {
        throw CredentialFailure(.identity, "the agent has shown no JWT that could be exchanged")
      }
      let digest = Array(SHA256.hash(data: Array(token.reveal().utf8))).hexadecimalText
      return Subject(text: token, key: ExactText(digest), expires: identity.expires)
    case .jwt(let signing):
      let text: String
      switch signing.subject {
      case .text(let fixed): return Subject(text: LentSecret(fixed))
      case .agent:
        guard let identity = use.identity else {
          throw CredentialFailure(.identity, "no agent is proven whose id could be signed")
        }
        text = identity.agent.rawValue
      case .user:
        guard let user = use.identity?.user else {
          throw CredentialFailure(.identity, "no user is proven whose id could be signed")
        }
        text = user
      }
      return Subject(text: LentSecret(text), key: ExactText(text), expires: use.identity?.expires)
    case .fixed, .clientCredentials, .tokenExchange: return Subject()
    }
  }

  private func fixed(
    _ reference: SecretReference, for injection: CredentialInjection
  ) throws(CredentialFailure) -> LentSecret {
    let secret = try reader.read(reference)
    if case .header = injection {
      // A line end would begin another header.
      guard secret.reveal().utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
        throw CredentialFailure(.secret, "\(reference) holds what can't stand in a header")
      }
      guard secret.length <= TokenRequest.maximumLength else {
        throw CredentialFailure(.secret, "\(reference) is too long for a header")
      }
    }
    return secret
  }

  private func fetch(
    _ use: CredentialUse, _ key: CredentialShelf.Key, _ subject: Subject, _ pending: PendingCredential
  ) async {
    let result: Result<CredentialShelf.Entry, CredentialFailure>
    do throws(CredentialFailure) {
      // INVARIANT: whoever kills sets the fence first and then revokes. What was pending by then is taken back with the
      // rest, and what comes later is refused here: nothing is fetched for the killed and left behind.
      guard !isKilled(use) else { throw CredentialFailure(.withdrawn, "a kill is in force") }
      result = .success(try await entry(use, key, subject))
    } catch {
      result = .failure(error)
    }
    let now = monotonic.now()
    let (isWithdrawn, removed) = state.withLock { state -> (Bool, [CredentialShelf.Entry]) in
      guard state.pending[key] === pending else { return (true, []) }
      state.pending[key] = nil
      guard case .success(let entry) = result else { return (false, []) }
      return (false, state.shelf.put(entry, at: now))
    }
    guard !isWithdrawn else {
      // Issued after the kill that has taken it back.
      pending.revocation.set(await revocation(of: (try? result.get()).map { [$0] } ?? []))
      return
    }
    pending.finish(result.map(\.credential))
    discard(removed, at: now)
  }

  private func entry(
    _ use: CredentialUse, _ key: CredentialShelf.Key, _ subject: Subject
  ) async throws(CredentialFailure) -> CredentialShelf.Entry {
    // Its life counts from before it was asked for.
    let (start, wallStart) = (monotonic.now(), clock.now())
    let proofLife = subject.expires.map { Int(max(0, $0 - wallStart) / 1_000_000) } ?? .max
    guard proofLife >= 1 else { throw CredentialFailure(.identity, "the agent's proof ends just now") }
    let token: TokenRequest.Token
    let client: OAuthClient?
    switch use.settings.source {
    case .fixed: throw CredentialFailure(.secret, "a static credential isn't fetched")
    case .jwt(let signing):
      let life = min(key.timeToLive ?? CredentialSettings.usualLife, proofLife)
      token = TokenRequest.Token(
        secret: try signer.token(signing, subject: subject.text?.reveal() ?? "", scope: key.scope, life: life),
        life: life, scope: key.scope)
      client = nil
    case .clientCredentials(let issuer):
      token = try await self.token(TokenRequest(client: issuer, exchange: nil, scope: key.scope), nil)
      client = issuer
    case .tokenExchange(let issuer, let exchange):
      let text: LentSecret
      switch exchange.subject {
      case .agent:
        guard let token = subject.text else { throw CredentialFailure(.identity, "the agent has shown no JWT") }
        text = token
      case .secret(let reference): text = try reader.read(reference)
      }
      token = try await self.token(TokenRequest(client: issuer, exchange: exchange, scope: key.scope), text)
      client = issuer
    }
    let issued = token.life ?? key.timeToLive ?? CredentialSettings.usualLife
    let life = Int64(min(issued, key.timeToLive ?? .max, proofLife)) * 1_000_000_000
    guard monotonic.now() < start + life else {
      throw CredentialFailure(.unusable, "the credential was over before it was there")
    }
    let credential = Credential(
      injection: use.settings.injection, secret: token.secret, scope: token.scope,
      expires: wallStart + life / 1_000)
    return CredentialShelf.Entry(
      credential: credential, key: key, client: client?.revocationEndpoint == nil ? nil : client,
      lapses: start + life - min(life / 10, 30_000_000_000), over: start + life,
      // An issuer that doesn't say when it ends may take it for ever.
      dead: token.life.map { start + Int64($0) * 1_000_000_000 } ?? .max)
  }

  private func token(
    _ request: TokenRequest, _ subject: LentSecret?
  ) async throws(CredentialFailure) -> TokenRequest.Token {
    let secret = try reader.read(request.client.secret)
    let response = try await answer(to: request.request(clientSecret: secret, subject: subject))
    return try request.token(in: response)
  }

  /// INVARIANT: comes back, whether the closure does or not.
  private func answer(to request: OutboundRequest) async throws(CredentialFailure) -> OutboundResponse {
    let name = TokenRequest.name(request.url)
    let first = FirstOf<Result<OutboundResponse, CredentialFailure>>()
    let work = Task { [send] in
      do {
        let response = try await send(request)
        guard response.body.count <= OutboundHTTP.maximumSize else {
          throw OutboundError("it answered more than \(OutboundHTTP.maximumSize >> 20) MiB")
        }
        first.set(.success(response))
      } catch {
        // Of other errors nobody knows what their text quotes.
        let reason = (error as? OutboundError)?.description ?? "the request failed"
        first.set(.failure(CredentialFailure(.unreachable, "\(name): \(reason)")))
      }
    }
    let limit = Task { [timeLimit] in
      try? await Task.sleep(for: timeLimit)
      first.set(.failure(CredentialFailure(.unreachable, "\(name): it took too long to answer")))
    }
    let result = await first.value
    work.cancel()
    limit.cancel()
    return try result.get()
  }
}

// MARK: - Revoking

extension CredentialBroker {
  /// What nobody lends any more and its issuer would still take is revoked in the background.
  private func discard(_ entries: [CredentialShelf.Entry], at now: Int64) {
    let entries = entries.filter { $0.client != nil && now < $0.dead }
    guard !entries.isEmpty else { return }
    Task { _ = await self.revocation(of: entries) }
  }

  private func outcome(
    of entries: [CredentialShelf.Entry], _ pending: [PendingCredential], within limit: Duration
  ) async -> CredentialRevocation {
    guard !entries.isEmpty || !pending.isEmpty else { return CredentialRevocation() }
    let tally = RevocationTally(expecting: entries.count + pending.count)
    for entry in entries where entry.client == nil { tally.add(Self.notPossible) }
    Task {
      await self.revoke(entries.filter { $0.client != nil }) { tally.add($0) }
    }
    for pending in pending {
      Task { tally.add(await pending.revocation.value) }
    }
    let timer = Task {
      try? await Task.sleep(for: limit)
      tally.giveUp()
    }
    defer { timer.cancel() }
    return await tally.value
  }

  private func revocation(of entries: [CredentialShelf.Entry]) async -> CredentialRevocation {
    let tally = RevocationTally(expecting: entries.count)
    for entry in entries where entry.client == nil { tally.add(Self.notPossible) }
    await revoke(entries.filter { $0.client != nil }) { tally.add($0) }
    return await tally.value
  }

  private func revoke(
    _ entries: [CredentialShelf.Entry], each: @escaping @Sendable (CredentialRevocation) -> Void
  ) async {
    await withTaskGroup(of: Void.self) { group in
      for (index, entry) in entries.enumerated() {
        if index >= Self.revokers { await group.next() }
        group.addTask { each(await self.revoke(entry)) }
      }
    }
  }

  private func revoke(_ entry: CredentialShelf.Entry) async -> CredentialRevocation {
    var result = CredentialRevocation()
    guard let client = entry.client, let endpoint = client.revocationEndpoint else { return Self.notPossible }
    do throws(CredentialFailure) {
      let secret = try reader.read(client.secret)
      let response = try await answer(
        to: TokenRequest.revocation(
          of: entry.credential.secret, endpoint: endpoint, client: client, clientSecret: secret))
      // RFC 7009 section 2.2: also of a token that isn't good any more.
      guard response.status == 200 else { throw TokenRequest.refusal(in: response, of: endpoint) }
      result.revoked = 1
    } catch {
      result.failed = 1
      logger.warning(
        "a credential could not be revoked: it is good until it expires",
        metadata: [
          "problem": "\(error.reason)", "server": "\(entry.key.server.text)",
          "session_id": "\(entry.key.session.rawValue)",
        ])
    }
    return result
  }

  private static var notPossible: CredentialRevocation {
    var result = CredentialRevocation()
    result.notPossible = 1
    return result
  }
}

/// Adds up what became of credentials until it is known of all, or nobody waits any longer.
private final class RevocationTally: Sendable {
  private struct State {
    var sum = CredentialRevocation()
    var missing: Int
  }
  private let state: Mutex<State>
  private let whole = FirstOf<CredentialRevocation>()

  init(expecting count: Int) {
    state = Mutex(State(missing: count))
    if count == 0 { whole.set(CredentialRevocation()) }
  }

  func add(_ part: CredentialRevocation) {
    let sum = state.withLock { state -> CredentialRevocation? in
      state.sum.revoked += part.revoked
      state.sum.failed += part.failed
      state.sum.notPossible += part.notPossible
      state.missing -= 1
      return state.missing == 0 ? state.sum : nil
    }
    if let sum { whole.set(sum) }
  }

  func giveUp() {
    whole.set(
      state.withLock { state in
        var sum = state.sum
        sum.unconfirmed = state.missing
        return sum
      })
  }

  /// For one task.
  var value: CredentialRevocation { get async { await whole.value } }
}

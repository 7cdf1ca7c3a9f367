import FoundationEssentials
import JOSE
import StrictJSON
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(1))) struct CredentialBrokerTests {
  private typealias Fixture = CredentialFixture

  private static func identity(
    _ agent: String = "billing-bot", user: String? = nil, method: AgentIdentity.Method = .jwt, expires: Int64? = nil
  ) throws -> AgentIdentity {
    AgentIdentity(
      agent: try AgentID(agent), user: user, method: method, keyID: "k", expires: expires.map { ManualClock.start + $0 }
    )
  }

  // MARK: Fixed secrets

  @Test func variablesAreLent() async throws {
    let fixture = Fixture()
    let settings = try Fixture.settings(#"{"kind": "static", "env": "SECRET"}"#)
    let credential = try await fixture.broker.credential(for: try Fixture.use(settings, ttl: 60))
    #expect(credential.header?.value == "Bearer hush-hush")
    #expect(credential.expires == nil)
    #expect(fixture.broker.count == 0)
    #expect(fixture.broker.problem(with: settings) == nil)
  }

  @Test(arguments: [
    ("MISSING", "environment variable MISSING is not set"), ("EMPTY", "environment variable EMPTY is empty"),
    ("LINES", "environment variable LINES holds what can't stand in a header"),
  ])
  func unusableVariablesAreNot(name: String, reason: String) async throws {
    let fixture = Fixture()
    let settings = try Fixture.settings(#"{"kind": "static", "env": "\#(name)"}"#)
    let failure = await fixture.failure(try Fixture.use(settings))
    #expect(failure?.kind == .secret)
    #expect(failure?.reason == reason)
    #expect(failure?.publicText == "No credential for this call: it is not set up")
    #expect(fixture.broker.problem(with: settings) == reason)
  }

  // A file that has just changed is read each time, one that has not for a while is known by its stamp.
  @Test(arguments: [0, 3_000_000_000.0]) func filesAreReadAgain(later: Double) async throws {
    let folder = try ScratchFolder()
    let fixture = Fixture()
    fixture.clock.advance(seconds: later)
    let settings = try Fixture.settings(#"{"kind": "static", "file": "t"}"#, folder: folder.path)
    let use = try Fixture.use(settings)
    #expect(await fixture.failure(use)?.reason.hasSuffix("/t: No such file or directory") == true)
    for (text, secret) in [("first\n", "first"), ("second\r\n", "second"), ("a b", "a b")] {
      try folder.write(text, to: "t")
      try Self.chmod(folder.path("t"), 0o600)
      #expect(try await fixture.lent(use) == secret)
      #expect(try await fixture.lent(use) == secret)
    }
    for (text, reason) in [("", "is empty"), ("\n", "is empty"), ("a\0b", "holds U+0000"), ("a\nb", "holds what")] {
      try folder.write(text, to: "t")
      #expect(await fixture.failure(use)?.reason.contains(reason) == true)
    }
  }

  @Test(arguments: [0o644, 0o640, 0o604, 0o620, 0o602, 0o666])
  func filesForOthersAreRefused(mode: Int) async throws {
    let folder = try ScratchFolder()
    try folder.write("hush-hush", to: "t")
    try Self.chmod(folder.path("t"), mode)
    let fixture = Fixture()
    let settings = try Fixture.settings(#"{"kind": "static", "file": "t"}"#, folder: folder.path)
    let use = try Fixture.use(settings)
    #expect(await fixture.failure(use)?.reason.contains("others may read or write it") == true)
    try Self.chmod(folder.path("t"), 0o400)
    #expect(try await fixture.lent(use) == "hush-hush")
    try Self.chmod(folder.path("t"), mode)
    #expect(await fixture.failure(use)?.kind == .secret)
  }

  private static func chmod(_ path: String, _ mode: Int) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }

  @Test func processesGetTheirEnvironment() async throws {
    let fixture = Fixture()
    let settings = try Fixture.settings(
      #"{"kind": "static", "env": "SECRET", "inject": {"environment": "API_TOKEN"}}"#, isProcess: true)
    let variable = try fixture.broker.environment(for: settings)
    #expect(variable?.name == "API_TOKEN" && variable?.value.reveal() == "hush-hush")
    #expect(await fixture.failure(try Fixture.use(settings))?.kind == .secret)
    #expect(try fixture.broker.environment(for: try Fixture.clientCredentials()) == nil)
  }

  // MARK: Client credentials

  @Test func asksAsTheStandardSays() async throws {
    let fixture = Fixture()
    let settings = try Fixture.clientCredentials(
      #""scope": "a b", "audience": "crm", "resource": ["https://crm.example/a?b=c"]"#)
    let credential = try await fixture.broker.credential(for: try Fixture.use(settings, scope: ["b"]))
    #expect(credential.secret.reveal() == "token-0" && credential.scope?.text == "b")
    #expect(credential.expires == ManualClock.start + 3_600_000_000)
    let request = try #require(fixture.issuer.requests.first)
    #expect(request.method == .post && request.url == "https://issuer.example/token?key=in-query")
    #expect(
      String(decoding: request.body ?? [], as: UTF8.self)
        == "grant_type=client_credentials&scope=b&audience=crm&resource=https%3A%2F%2Fcrm.example%2Fa%3Fb%3Dc")
    let headers = Dictionary(uniqueKeysWithValues: request.headers.map { ($0.name, $0.value) })
    #expect(
      headers == [
        "Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json",
        "Authorization": "Basic " + Base64.standard.encode(Array("gate%20way:hush-hush".utf8)),
      ])
  }

  @Test func authenticatesInTheBody() async throws {
    let fixture = Fixture()
    let settings = try Fixture.clientCredentials(#""token_endpoint_auth_method": "client_secret_post""#)
    _ = try await fixture.lent(try Fixture.use(settings))
    #expect(
      fixture.issuer.tokenRequests == [
        ["grant_type": "client_credentials", "client_id": "gate way", "client_secret": "hush-hush"]
      ])
    #expect(fixture.issuer.requests.first?.headers.contains { $0.name == "Authorization" } == false)
  }

  @Test func whatIsLentIsKept() async throws {
    let fixture = Fixture()
    let settings = try Fixture.clientCredentials()
    let use = try Fixture.use(settings, agent: "a", scope: ["x"], ttl: 60)
    #expect(try await fixture.lent(use) == "token-0")
    // 60 s, less a tenth.
    fixture.clock.advance(seconds: 53.9)
    #expect(try await fixture.lent(use) == "token-0")
    fixture.clock.advance(seconds: 0.1)
    #expect(try await fixture.lent(use) == "token-1")
    #expect(fixture.issuer.tokenRequests.count == 2)
  }

  @Test func nothingIsShared() async throws {
    let fixture = Fixture()
    let settings = try Fixture.clientCredentials()
    let uses = [
      try Fixture.use(settings), try Fixture.use(settings, session: "s2"), try Fixture.use(settings, agent: "a"),
      try Fixture.use(settings, scope: ["x"]), try Fixture.use(settings, ttl: 60),
      try Fixture.use(try Fixture.clientCredentials(#""audience": "b""#)),
      try Fixture.use(settings, session: "\u{E9}"), try Fixture.use(settings, session: "e\u{301}"),
    ]
    var lent: [String] = []
    for _ in 0..<2 { for use in uses { lent.append(try await fixture.lent(use)) } }
    #expect(lent == (0..<2).flatMap { _ in (0..<uses.count).map { "token-\($0)" } })
    var other = uses[0]
    other.server = "other"
    #expect(try await fixture.lent(other) == "token-8")
    #expect(fixture.broker.count == 9)
  }

  @Test(
    arguments: [
      // The issuer's life, the decision's; what holds, and until when it is lent anew.
      (3_600, nil, 3_600, 3_570), (100, nil, 100, 90), (100, 50, 50, 45), (50, 100, 50, 45), (1, nil, 1, 0.9),
      (nil, nil, 300, 270), (nil, 20, 20, 18), (nil, 86_400, 86_400, 86_370), (3_600, 1, 1, 0.9),
    ] as [(Int?, Int?, Int64, Double)])
  func theShortestLifeCounts(issued: Int?, allowed: Int?, life: Int64, lent: Double) async throws {
    let fixture = Fixture()
    fixture.issuer.answer(ScriptedIssuer.tokens(life: issued))
    let use = try Fixture.use(try Fixture.clientCredentials(), ttl: allowed)
    let credential = try await fixture.broker.credential(for: use)
    #expect(credential.expires == ManualClock.start + life * 1_000_000)
    fixture.clock.advance(seconds: lent - 0.001)
    #expect(try await fixture.lent(use) == "token-0")
    fixture.clock.advance(seconds: 0.001)
    #expect(try await fixture.lent(use) == "token-1")
  }

  @Test func oneFetchForAllWhoWait() async throws {
    let fixture = Fixture()
    fixture.issuer.hold()
    let use = try Fixture.use(try Fixture.clientCredentials())
    try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<50 { group.addTask { try await fixture.lent(use) } }
      try await fixture.settle()
      fixture.issuer.release()
      for try await secret in group { #expect(secret == "token-0") }
    }
    #expect(fixture.issuer.requests.count == 1)
  }

  @Test func whoGivesUpWaitsNoLonger() async throws {
    let fixture = Fixture()
    fixture.issuer.hold()
    let use = try Fixture.use(try Fixture.clientCredentials())
    let impatient = Task { await fixture.failure(use) }
    let patient = Task { try await fixture.lent(use) }
    try await fixture.settle()
    impatient.cancel()
    #expect(await impatient.value?.kind == .cancelled)
    fixture.issuer.release()
    #expect(try await patient.value == "token-0")
  }

  @Test func theShelfIsBounded() async throws {
    let fixture = Fixture(capacity: 3)
    let settings = try Fixture.clientCredentials(Fixture.revocable)
    func lend(_ session: String) async throws -> String {
      try await fixture.lent(try Fixture.use(settings, session: session))
    }
    for session in ["a", "b", "c"] { _ = try await lend(session) }
    #expect(try await lend("a") == "token-0")
    #expect(try await lend("d") == "token-3")
    #expect(fixture.broker.count == 3)
    try await fixture.waitForRevocations(1)
    #expect(fixture.issuer.revoked == ["token-1"])
    #expect(try await lend("a") == "token-0")
    #expect(try await lend("b") == "token-4")
  }

  @Test func fetchesAreBounded() async throws {
    let fixture = Fixture()
    fixture.issuer.hold()
    let settings = try Fixture.clientCredentials()
    let tasks = try (0..<CredentialBroker.maximumPending).map { number in
      let use = try Fixture.use(settings, session: "s\(number)")
      return Task { await fixture.failure(use) }
    }
    while fixture.issuer.requests.count < tasks.count { try await Task.sleep(for: .milliseconds(5)) }
    #expect(await fixture.failure(try Fixture.use(settings, session: "one more"))?.kind == .busy)
    fixture.issuer.release()
    for task in tasks { #expect(await task.value == nil) }
  }

  // MARK: Failures

  @Test func failuresArentKept() async throws {
    let fixture = Fixture()
    fixture.issuer.answer { _, _ in nil }
    let use = try Fixture.use(try Fixture.clientCredentials())
    let failure = await fixture.failure(use)
    #expect(failure?.kind == .unreachable)
    // Without the query, and without what the error says, which nobody here wrote.
    #expect(failure?.reason == "https://issuer.example/token: the request failed")
    #expect(failure?.publicText == "No credential for this call: its issuer does not answer")
    fixture.issuer.answer(ScriptedIssuer.tokens())
    #expect(try await fixture.lent(use) == "token-1")
  }

  @Test func issuersThatSayNothingAreGivenUp() async throws {
    let fixture = Fixture(timeLimit: .milliseconds(50))
    fixture.issuer.hold()
    let failure = await fixture.failure(try Fixture.use(try Fixture.clientCredentials()))
    #expect(failure?.reason == "https://issuer.example/token: it took too long to answer")
    fixture.issuer.release()
  }

  @Test func tokensThatCameTooLateArentLent() async throws {
    let fixture = Fixture()
    let clock = fixture.clock
    fixture.issuer.answer { number, fields in
      clock.advance(seconds: 5)
      return ScriptedIssuer.tokens(life: 5)(number, fields)
    }
    #expect(await fixture.failure(try Fixture.use(try Fixture.clientCredentials()))?.kind == .unusable)
  }

  @Test func missingSecretsOfClientsAreFailures() async throws {
    let fixture = Fixture()
    let settings = try Fixture.settings(
      #"{"kind": "client_credentials", "token_endpoint": "https://i.example", "client_id": "a", "client_secret": {"env": "NO"}}"#
    )
    #expect(await fixture.failure(try Fixture.use(settings))?.kind == .secret)
    #expect(fixture.broker.problem(with: settings) == "environment variable NO is not set")
    #expect(fixture.issuer.requests.isEmpty)
  }

  // MARK: Token exchange

  @Test func exchangesTheAgentsToken() async throws {
    let fixture = Fixture()
    let settings = try Fixture.settings(
      #"{"kind": "token_exchange", \#(Fixture.client), "subject_token": "agent", "subject_token_type": "jwt"}"#)
    let identity = try Self.identity(expires: 60_000_000)
    let use = try Fixture.use(settings, identity: identity, token: "agent-jwt", scope: ["x"])
    let credential = try await fixture.broker.credential(for: use)
    #expect(
      fixture.issuer.tokenRequests == [
        [
          "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": "agent-jwt",
          "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "scope": "x",
        ]
      ])
    // No longer than what proves whose it is.
    #expect(credential.expires == ManualClock.start + 60_000_000)
    #expect(try await fixture.lent(use) == "token-0")
    let other = try Fixture.use(settings, identity: identity, token: "another-jwt", scope: ["x"])
    #expect(try await fixture.lent(other) == "token-1")
  }

  @Test func onlyAProvenAgentsJWTIsShown() async throws {
    let fixture = Fixture()
    let settings = try Fixture.settings(
      #"{"kind": "token_exchange", \#(Fixture.client), "subject_token": "agent"}"#)
    let uses = [
      try Fixture.use(settings, agent: "billing-bot", token: "agent-jwt"),
      // A key of the gateway's own.
      try Fixture.use(settings, identity: try Self.identity(method: .key), token: "agk_secret"),
      try Fixture.use(settings, identity: try Self.identity()),
      try Fixture.use(settings, identity: try Self.identity(expires: 0), token: "agent-jwt"),
    ]
    for use in uses { #expect(await fixture.failure(use)?.kind == .identity) }
    #expect(fixture.issuer.requests.isEmpty)
  }

  @Test func exchangesAFixedToken() async throws {
    let fixture = Fixture()
    let settings = try Fixture.settings(
      #"""
      {"kind": "token_exchange", \#(Fixture.client), "subject_token": {"env": "SUBJECT"},
       "requested_token_type": "jwt"}
      """#
    )
    _ = try await fixture.lent(try Fixture.use(settings))
    #expect(
      fixture.issuer.tokenRequests == [
        [
          "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": "subject-token",
          "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
          "requested_token_type": "urn:ietf:params:oauth:token-type:jwt",
        ]
      ])
  }

  // MARK: Signed tokens

  private static func signer(
    _ folder: ScratchFolder, _ more: String = "", key: String = "key.json"
  ) throws -> CredentialSettings {
    let path = folder.path("key.json")
    try folder.write(
      #"{\#(TestIssuer.publicMembers),"kid":"k1","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#, to: "key.json")
    try Self.chmod(path, 0o600)
    return try Fixture.settings(
      """
      {"kind": "jwt", "key": {"file": "\(key)"}, "issuer": "https://gate.example", "audience": "crm"
       \(more.isEmpty ? "" : ", " + more)}
      """, folder: folder.path)
  }

  private static func claims(_ token: String) throws -> JSONObject {
    let parsed = try CompactJWS(parsing: token)
    try parsed.verify(
      by: JSONWebKeySet(parsing: TestIssuer.keySet("k1"), allowsSecrets: false), algorithms: [.init(.eddsa, .sha512)])
    return try parsed.claims()
  }

  @Test func signsForTheAgent() async throws {
    let fixture = Fixture()
    let settings = try Self.signer(
      try ScratchFolder(), #""scope": "a b", "claims": {"tier": ["gold"]}, "inject": {"meta": "com.example/token"}"#)
    // The folder is gone: the key must have been read by then.
    #expect(await fixture.failure(try Fixture.use(settings, identity: try Self.identity()))?.kind == .secret)
    let folder = try ScratchFolder()
    let present = try Self.signer(
      folder, #""scope": "a b", "claims": {"tier": ["gold"]}, "inject": {"meta": "com.example/token"}"#)
    let use = try Fixture.use(present, identity: try Self.identity(), scope: ["b"], ttl: 60)
    let credential = try await fixture.broker.credential(for: use)
    #expect(
      try Self.claims(credential.secret.reveal()) == [
        "iss": "https://gate.example", "sub": "billing-bot", "aud": "crm", "iat": .init(TestIssuer.now),
        "exp": .init(TestIssuer.now + 60), "jti": "id-1", "scope": "b", "tier": ["gold"],
      ])
    #expect(credential.expires == ManualClock.start + 60_000_000)
    #expect(credential.meta?.key == "com.example/token")
    #expect(try await fixture.lent(use) == credential.secret.reveal())
    #expect(fixture.issuer.requests.isEmpty)
    #expect(fixture.broker.problem(with: present) == nil)
  }

  @Test(
    arguments: [
      ("", "billing-bot", 300), (#""subject": "user""#, "ann", 300), (#""subject": "robot""#, "robot", 300),
      (#""ttl_seconds": 5"#, "billing-bot", 5),
    ])
  func signsForWhomTheSettingsSay(more: String, subject: String, life: Int64) async throws {
    let folder = try ScratchFolder()
    let fixture = Fixture()
    let use = try Fixture.use(try Self.signer(folder, more), identity: try Self.identity(user: "ann"))
    let claims = try Self.claims(try await fixture.lent(use))
    #expect(claims["sub"] == .string(subject))
    #expect(claims["exp"] == .init(TestIssuer.now + life))
    #expect(claims["scope"] == nil)
  }

  @Test func signsForNobodyWhoIsntProven() async throws {
    let folder = try ScratchFolder()
    let fixture = Fixture()
    let agent = try Self.signer(folder)
    #expect(await fixture.failure(try Fixture.use(agent, agent: "billing-bot"))?.kind == .identity)
    let user = try Self.signer(folder, #""subject": "user""#)
    #expect(await fixture.failure(try Fixture.use(user, identity: try Self.identity()))?.kind == .identity)
    // A fixed subject needs no proof.
    let fixed = try Self.signer(folder, #""subject": "robot""#)
    #expect(await fixture.failure(try Fixture.use(fixed)) == nil)
  }

  @Test(
    arguments: [
      ("hush-hush", "", "is neither PEM nor a JSON Web Key"),
      (
        "-----BEGIN RSA PRIVATE KEY-----\nAA==\n-----END RSA PRIVATE KEY-----\n", "",
        "is PEM, but no unencrypted PKCS #8"
      ),
      (#"{"kty":"oct","k":"aHVzaA"}"#, #""algorithm": "HS256""#, "is too small, or none for its algorithm"),
      (#"{\#(TestIssuer.publicMembers)}"#, "", "is a public key"),
      (nil, #""algorithm": "ES256""#, "is too small, or none for its algorithm"),
    ] as [(String?, String, String)])
  func keysThatDontSignAreRefused(key: String?, more: String, reason: String) async throws {
    let folder = try ScratchFolder()
    let fixture = Fixture()
    let settings = try Self.signer(folder, more)
    if let key { try folder.write(key, to: "key.json") }
    try Self.chmod(folder.path("key.json"), 0o600)
    let failure = await fixture.failure(try Fixture.use(settings, identity: try Self.identity()))
    #expect(failure?.kind == .secret)
    #expect(failure?.reason.contains(reason) == true, "\(failure as Any)")
    #expect(fixture.broker.problem(with: settings) == failure?.reason)
  }

  // MARK: Revoking

  @Test func aKillRevokesWhatTheSessionHas() async throws {
    let fixture = Fixture()
    let revocable = try Fixture.clientCredentials(Fixture.revocable)
    let other = try Fixture.clientCredentials(#""scope": "x""#)
    for session in ["a", "b"] {
      _ = try await fixture.lent(try Fixture.use(revocable, session: session, agent: "bot"))
      _ = try await fixture.lent(try Fixture.use(other, session: session))
    }
    let result = await fixture.broker.revoke { session, _ in session.rawValue == "a" }
    #expect(result.json == ["revoked": 1, "failed": 0, "not_possible": 1, "unconfirmed": 0])
    #expect(fixture.issuer.revoked == ["token-0"])
    let request = try #require(fixture.issuer.requests.last)
    #expect(request.url == "https://issuer.example/revoke")
    #expect(ScriptedIssuer.fields(of: request) == ["token": "token-0", "token_type_hint": "access_token"])
    #expect(request.headers.contains { $0.name == "Authorization" })
    // Never lent again; the other session keeps its own.
    #expect(try await fixture.lent(try Fixture.use(revocable, session: "a", agent: "bot")) == "token-4")
    #expect(try await fixture.lent(try Fixture.use(revocable, session: "b", agent: "bot")) == "token-2")
    let agents = await fixture.broker.revoke { _, agent in agent?.rawValue == "bot" }
    #expect(agents.revoked == 2)
    #expect(await fixture.broker.revoke { _, _ in true }.notPossible == 1)
    #expect(await fixture.broker.revoke { _, _ in true }.count == 0)
    #expect(fixture.broker.count == 0)
  }

  @Test func refusedRevocationsAreReported() async throws {
    let fixture = Fixture()
    let settings = try Fixture.clientCredentials(Fixture.revocable)
    for (session, status) in [("a", 503), ("b", 400), ("c", nil)] {
      fixture.issuer.answer(ScriptedIssuer.tokens())
      _ = try await fixture.lent(try Fixture.use(settings, session: session))
      fixture.issuer.answer { _, _ in
        status.map { OutboundResponse(status: $0, body: Array(#"{"error": "hush-hush token-0"}"#.utf8)) }
      }
      let result = await fixture.broker.revoke { _, _ in true }
      #expect(result.failed == 1 && result.count == 1)
    }
    #expect(fixture.log.lines.count == 3)
    #expect(fixture.log.text.contains("https://issuer.example/revoke answered HTTP 503"))
    #expect(!fixture.log.text.contains("hush") && !fixture.log.text.contains("token-"))
  }

  @Test func revokingIsBoundedInTime() async throws {
    let fixture = Fixture(patience: .milliseconds(50))
    let settings = try Fixture.clientCredentials(Fixture.revocable)
    for number in 0..<40 { _ = try await fixture.lent(try Fixture.use(settings, session: "s\(number)")) }
    fixture.issuer.hold()
    let result = await fixture.broker.revoke { _, _ in true }
    #expect(result.unconfirmed == 40 && result.count == 40)
    // No flood of requests; and none is forgotten.
    try await fixture.waitForRevocations(16)
    try await fixture.settle()
    #expect(fixture.issuer.revoked.count == 16)
    fixture.issuer.release()
    try await fixture.waitForRevocations(40)
  }

  @Test func whatIsBeingFetchedIsWithdrawn() async throws {
    let fixture = Fixture()
    fixture.issuer.hold()
    let use = try Fixture.use(try Fixture.clientCredentials(Fixture.revocable))
    let waiting = Task { await fixture.failure(use) }
    while fixture.issuer.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
    let kill = Task { await fixture.broker.revoke { _, _ in true } }
    // Who waits is told at once.
    #expect(await waiting.value?.kind == .withdrawn)
    fixture.issuer.release()
    #expect(await kill.value.revoked == 1)
    #expect(fixture.issuer.revoked == ["token-0"])
    #expect(fixture.broker.count == 0)
    #expect(try await fixture.lent(use) == "token-1")
  }

  @Test func nothingIsFetchedForTheKilled() async throws {
    let issuer = ScriptedIssuer()
    let broker = CredentialBroker(
      variable: { Fixture.variables[$0] }, isKilled: { $0.session.rawValue == "killed" },
      logger: LogRecorder().logger, send: issuer.send)
    let settings = try Fixture.clientCredentials()
    await #expect(throws: CredentialFailure.self) {
      try await broker.credential(for: try Fixture.use(settings, session: "killed"))
    }
    #expect(issuer.requests.isEmpty && broker.count == 0)
    _ = try await broker.credential(for: try Fixture.use(settings, session: "other"))
  }

  @Test func whatTheDecisionEndsEarlyIsRevokedThen() async throws {
    let fixture = Fixture()
    let use = try Fixture.use(try Fixture.clientCredentials(Fixture.revocable), ttl: 60)
    _ = try await fixture.lent(use)
    fixture.clock.advance(seconds: 55)
    // It has lapsed, and may be in use.
    #expect(try await fixture.lent(use) == "token-1")
    fixture.broker.sweep()
    try await fixture.settle()
    #expect(fixture.issuer.revoked.isEmpty)
    #expect(fixture.broker.count == 2)
    fixture.clock.advance(seconds: 5)
    fixture.broker.sweep()
    try await fixture.waitForRevocations(1)
    #expect(fixture.issuer.revoked == ["token-0"])
    #expect(fixture.broker.count == 1)
    // What has ended by itself needs no revoking.
    fixture.clock.advance(seconds: 4_000)
    fixture.broker.sweep()
    try await fixture.settle()
    #expect(fixture.issuer.revoked == ["token-0"])
    #expect(fixture.broker.count == 0)
  }

  @Test func theEndTakesBackAll() async throws {
    let fixture = Fixture()
    _ = try await fixture.lent(try Fixture.use(try Fixture.clientCredentials(Fixture.revocable)))
    let running = Task { await fixture.broker.run() }
    running.cancel()
    await running.value
    #expect(fixture.issuer.revoked == ["token-0"])
  }
}

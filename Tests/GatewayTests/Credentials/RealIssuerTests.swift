import JOSE
import StrictJSON
import Testing

@testable import Gateway

/// Against an authorization server that nobody here wrote: Authlib, from PyPI.
@Suite(.timeLimit(.minutes(2))) struct RealIssuerTests {
  private static let secret = "s:e c+r%e\u{E9}t/1"
  private static let clients: JSONObject = [
    "basic": ["secret": .string(secret), "scope": "crm:read crm:write"],
    "post": ["secret": .string(secret), "method": "client_secret_post", "scope": "crm:read crm:write"],
    "final": ["secret": .string(secret), "scope": "crm:read", "revokes": false],
  ]

  private static func broker(
    _ server: OAuthServer, _ log: LogRecorder = LogRecorder(), variables: [String: String] = [:],
    timeLimit: Duration = .seconds(10)
  ) -> CredentialBroker {
    let variables = variables.merging(["SECRET": secret]) { own, _ in own }
    // How long a kill waits isn't what is tested here, and a busy machine takes its time.
    return CredentialBroker(
      timeLimit: timeLimit, revocationLimit: .seconds(30), variable: { variables[$0] }, logger: log.logger,
      send: { try await server.http.send($0) })
  }

  private static func settings(
    _ server: OAuthServer, _ client: String = "basic", kind: String = "client_credentials", fault: String? = nil,
    _ more: String = ""
  ) throws -> CredentialSettings {
    let query = fault.map { "?fault=\($0)" } ?? ""
    return try CredentialFixture.settings(
      """
      {"kind": "\(kind)", "token_endpoint": "\(server.issuer)/token\(query)", "client_id": "\(client)",
       "client_secret": {"env": "SECRET"}, "revocation_endpoint": "\(server.issuer)/revoke",
       "token_endpoint_auth_method": "client_secret_\(client == "post" ? "post" : "basic")"
       \(more.isEmpty ? "" : ", " + more)}
      """)
  }

  private static func run(
    clients: JSONObject = RealIssuerTests.clients, subjects: JSONObject = [:], trusted: String? = nil,
    _ body: @Sendable @escaping (OAuthServer) async throws -> Void
  ) async throws {
    let folder = try ScratchFolder()
    try await OAuthServer.run(folder.path, clients: clients, subjects: subjects, trusted: trusted, body)
  }

  @Test(arguments: ["basic", "post"]) func clientCredentials(client: String) async throws {
    try await Self.run { server in
      let broker = Self.broker(server)
      let settings = try Self.settings(
        server, client, #""scope": "crm:read crm:write", "audience": "crm", "resource": "https://crm.example/""#)
      let use = try CredentialFixture.use(settings, scope: ["crm:read", "crm:admin"])
      let credential = try await broker.credential(for: use)
      let (status, answer) = try await server.resource(credential)
      #expect(status == 200)
      #expect(answer["scope"] == "crm:read" && answer["client_id"] == .string(client))
      #expect(answer["aud"] == ["crm", "https://crm.example/"])
      #expect(server.log.entries("token").map { $0["authenticated"] } == [.string("client_secret_\(client)")])
      // Kept: the server isn't asked again.
      #expect(try await broker.credential(for: use).secret.reveal() == credential.secret.reveal())
      #expect(server.log.entries("token").count == 1)
      // Revoked: the resource server refuses it.
      #expect(await broker.revoke { _, _ in true }.revoked == 1)
      #expect(try await server.resource(credential).status == 401)
      let again = try await broker.credential(for: use)
      #expect(again.secret.reveal() != credential.secret.reveal())
      #expect(try await server.resource(again).status == 200)
    }
  }

  @Test func tokenExchange() async throws {
    try await Self.run(subjects: ["opaque-subject": "ann"]) { server in
      let broker = Self.broker(server, variables: ["SUBJECT": "opaque-subject"])
      let token = try await server.agentToken([("sub", "billing-bot"), ("aud", "agentgate")])
      let identity = AgentIdentity(
        agent: try AgentID("billing-bot"), user: nil, method: .jwt, keyID: nil, expires: nil)
      let agent = try Self.settings(
        server, kind: "token_exchange",
        #""subject_token": "agent", "subject_token_type": "jwt", "requested_token_type": "access_token""#)
      let credential = try await broker.credential(
        for: try CredentialFixture.use(agent, identity: identity, token: token, scope: ["crm:write"]))
      let (status, answer) = try await server.resource(credential)
      #expect(status == 200 && answer["sub"] == "billing-bot" && answer["scope"] == "crm:write")
      let fixed = try Self.settings(server, kind: "token_exchange", #""subject_token": {"env": "SUBJECT"}"#)
      let other = try await broker.credential(for: try CredentialFixture.use(fixed))
      #expect(try await server.resource(other).answer["sub"] == "ann")
      // A subject's token that somebody else made.
      let forged = try CredentialFixture.use(
        agent, identity: identity, token: try TestIssuer().token(), scope: ["crm:write"])
      await #expect(throws: CredentialFailure.self) { try await broker.credential(for: forged) }
      #expect(await broker.revoke { _, _ in true }.revoked == 2)
      #expect(try await server.resource(credential).status == 401)
    }
  }

  @Test func signedTokens() async throws {
    let folder = try ScratchFolder()
    let key = #"{\#(TestIssuer.publicMembers),"kid":"k1","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#
    let trusted = String(decoding: TestIssuer.keySet("k1"), as: UTF8.self)
    try await Self.run(trusted: trusted) { server in
      let broker = Self.broker(server, variables: ["KEY": key])
      let settings = try CredentialFixture.settings(
        #"{"kind": "jwt", "key": {"env": "KEY"}, "issuer": "gate", "audience": "crm", "subject": "robot"}"#,
        folder: folder.path)
      let credential = try await broker.credential(for: try CredentialFixture.use(settings, scope: ["a"], ttl: 60))
      let (status, answer) = try await server.resource(credential)
      #expect(status == 200 && answer["sub"] == "robot" && answer["scope"] == "a" && answer["aud"] == "crm")
      let report = await broker.revoke { _, _ in true }
      #expect(report.notPossible == 1 && report.count == 1)
    }
  }

  @Test(
    arguments: [
      ("503", .unreachable), ("404", .refused), ("html", .unusable), ("redirect", .unusable), ("echo", .refused),
      ("wide", .unusable), ("huge", .unusable), ("broken-line", .unusable), ("mac", .unusable), ("expired", .unusable),
      ("flood", .unreachable), ("silence", .unreachable),
    ] as [(String, CredentialFailure.Kind)])
  func faultyServersLendNothing(fault: String, kind: CredentialFailure.Kind) async throws {
    try await Self.run { server in
      let log = LogRecorder()
      let broker = Self.broker(server, log, timeLimit: fault == "silence" ? .milliseconds(500) : .seconds(10))
      let use = try CredentialFixture.use(
        try Self.settings(server, "post", fault: fault, #""scope": "crm:read""#))
      do throws(CredentialFailure) {
        _ = try await broker.credential(for: use)
        Issue.record("lent")
      } catch {
        #expect(error.kind == kind, "\(error)")
        let texts = "\(error) \(error.reason) \(error.publicText) \(log.text)"
        for part in [Self.secret, "s%3Ae", "c%2Br", "client_secret=", "fault"] { #expect(!texts.contains(part)) }
      }
      #expect(broker.count == 0)
    }
  }

  @Test func refusalsAreSaid() async throws {
    try await Self.run { server in
      let broker = Self.broker(server, variables: ["WRONG": "not-the-secret"])
      func failure(_ settings: CredentialSettings, _ scope: String) async throws -> String? {
        let use = try CredentialFixture.use(settings, scope: [scope])
        do throws(CredentialFailure) {
          _ = try await broker.credential(for: use)
          return nil
        } catch {
          return error.publicText
        }
      }
      #expect(
        try await failure(try Self.settings(server), "crm:admin")
          == "No credential for this call: its issuer refuses it (invalid_scope)")
      #expect(
        try await failure(try Self.settings(server, "nobody"), "crm:read")
          == "No credential for this call: its issuer refuses it (invalid_client)")
      let wrong = try CredentialFixture.settings(
        """
        {"kind": "client_credentials", "token_endpoint": "\(server.issuer)/token", "client_id": "basic",
         "client_secret": {"env": "WRONG"}}
        """)
      #expect(
        try await failure(wrong, "crm:read") == "No credential for this call: its issuer refuses it (invalid_client)")
    }
  }

  @Test func revocationsThatFailAreReported() async throws {
    try await Self.run { server in
      let log = LogRecorder()
      let broker = Self.broker(server, log)
      let credential = try await broker.credential(
        for: try CredentialFixture.use(try Self.settings(server, "final")))
      #expect(await broker.revoke { _, _ in true }.failed == 1)
      #expect(log.text.contains("answered HTTP 400 invalid_grant"))
      #expect(!log.text.contains(credential.secret.reveal()))
      #expect(try await server.resource(credential).status == 200)
    }
  }

  @Test func keySetsAreFetched() async throws {
    try await Self.run { server in
      let response = try await server.http.jwkFetch(server.issuer + "/jwks")
      #expect(response.status == 200 && response.cacheControl == "max-age=60")
      let keys = try JSONWebKeySet(parsing: response.body, allowsSecrets: false)
      let token = try CompactJWS(parsing: try await server.agentToken([("sub", "a")]))
      try token.verify(by: keys, algorithms: [.init(.eddsa, .sha512)])
    }
  }

  @Test func requestsEnd() async throws {
    try await Self.run { server in
      let http = OutboundHTTP(timeLimit: .milliseconds(300))
      let body = Array("grant_type=x".utf8)
      await #expect(throws: OutboundError("it took too long to answer")) {
        try await http.send(OutboundRequest(.post, server.issuer + "/token?fault=silence", body: body))
      }
      await #expect(throws: OutboundError("it answered more than 1 MiB")) {
        try await OutboundHTTP().send(OutboundRequest(.post, server.issuer + "/token?fault=flood", body: body))
      }
      await #expect(throws: OutboundError("it can't be reached: Connection refused")) {
        try await http.send(OutboundRequest(.get, "http://127.0.0.1:1/"))
      }
      await #expect(throws: OutboundError("its URL is malformed")) {
        try await http.send(OutboundRequest(.get, "nowhere"))
      }
      let task = Task {
        try await OutboundHTTP().send(OutboundRequest(.post, server.issuer + "/token?fault=silence", body: body))
      }
      try await Task.sleep(for: .milliseconds(100))
      task.cancel()
      await #expect(throws: OutboundError.self) { try await task.value }
      await http.shutdown()
      await #expect(throws: OutboundError("the gateway is shutting down")) {
        try await http.send(OutboundRequest(.get, server.issuer + "/jwks"))
      }
      // More URLs than are kept, at a time.
      let many = OutboundHTTP()
      try await withThrowingTaskGroup(of: Int.self) { group in
        for number in 0..<100 {
          group.addTask { try await many.send(OutboundRequest(.get, server.issuer + "/jwks?\(number)")).status }
        }
        for try await status in group { #expect(status == 200) }
      }
    }
  }
}

import FoundationEssentials
import Glibc
import HTTPTypes
import StrictJSON
import Testing

@testable import Gateway

/// Calls whose tools are lent credentials: a gateway as a process of its own, a real authorization server, and servers that
/// say what they were shown.
@Suite(.timeLimit(.minutes(3))) struct CredentialCallTests {
  /// Each is planted somewhere, and must not be found anywhere else.
  private struct Secrets {
    let fixed = "FIXED-\(UUID().uuidString)"
    let meta = "META-\(UUID().uuidString)"
    let environment = "ENVIRONMENT-\(UUID().uuidString)"
    let client = "CLIENT-\(UUID().uuidString)"
    let subject = "SUBJECT-\(UUID().uuidString)"

    var all: [String] { [fixed, meta, environment, client, subject] }
  }

  private func oauth(_ issuer: String, _ kind: String, _ more: JSONObject = [:]) -> JSONValue {
    var settings: JSONObject = [
      "kind": .string(kind), "token_endpoint": .string(issuer + "/token"), "client_id": "gateway",
      "client_secret": ["env": "T_CLIENT"], "scope": "read write", "revocation_endpoint": .string(issuer + "/revoke"),
    ]
    for (key, value) in more.members { settings[key] = value }
    return .object(settings)
  }

  private static let policy = [
    "p.rego": """
    package agentgate

    decision := {
    	"action": "ALLOW", "reason": "open", "matched_rule": "open", "is_write_action": false,
    	"allowed_scope": scope, "credential_ttl": 300,
    }

    scope := input.arguments.scope

    default scope := "read"
    """, "data.json": "{}",
  ]

  private struct Fixture: Sendable {
    let gateway: ServedGateway
    let issuer: OAuthServer
    let upstream: MisbehavingHTTPServer
    let secrets: [String]
    let folder: String

    func call(_ tool: String, tag: String, session: String = "s1", scope: String? = nil) async throws -> JSONValue {
      var arguments: JSONObject = ["tag": .string(tag)]
      arguments["scope"] = scope.map { .string($0) }
      let body: JSONValue = [
        "session_id": .string(session), "tool_name": .string(tool), "arguments": .object(arguments),
      ]
      return try await gateway.send(.post, "/tools/call", body.serializedString()).json
    }

    /// What the upstream was shown.
    func shown(_ tag: String) async throws -> JSONValue { try await upstream.log.first("credentials", tag: tag) }

    func bearer(_ tag: String) async throws -> String {
      let field = try await shown(tag)["authorization"]?.stringValue ?? ""
      #expect(field.hasPrefix("Bearer "))
      return String(field.dropFirst(7))
    }

    /// Whether the issuer takes the token for good.
    func resource(_ token: String) async throws -> (status: Int, answer: JSONValue) {
      let response = try await issuer.http.send(
        OutboundRequest(.get, issuer.issuer + "/resource", headers: [.init("Authorization", "Bearer \(token)")]))
      return (response.status, (try? JSONValue(parsing: response.body)) ?? .null)
    }
  }

  private func run(_ body: @Sendable @escaping (Fixture) async throws -> Void) async throws {
    let folder = try TemporaryFolder()
    let secrets = Secrets()
    let key = try EvidenceKey(file: folder.path + "/jwt.pem", signingKey: nil)
    let trusted: JSONValue = ["keys": [key.publicKey.jwk]]
    let clients: JSONObject = ["gateway": ["secret": .string(secrets.client), "scope": "read write", "revokes": true]]
    try await OAuthServer.run(
      folder.path, clients: clients, subjects: [secrets.subject: "ann"], trusted: trusted.serializedString()
    ) { issuer in
      try await MisbehavingHTTPServer.run(folder.path) { upstream in
        func server(_ credentials: JSONValue) -> JSONValue {
          ["url": .string(upstream.url), "agentgate": ["credentials": credentials]]
        }
        let script = "printf %s \"$TOOL_TOKEN\" | sha256sum > \(folder.path)/environment; "
        let servers: JSONObject = [
          "fixed": server(["kind": "static", "env": "T_FIXED", "scope": "read"]),
          "meta": server([
            "kind": "static", "file": "meta-secret", "scope": "read", "inject": ["meta": "com.example/token"],
          ]),
          "client": server(oauth(issuer.issuer, "client_credentials")),
          "exchange": server(
            oauth(
              issuer.issuer, "token_exchange",
              ["subject_token": ["env": "T_SUBJECT"], "subject_token_type": "access_token"])),
          "jwt": server([
            "kind": "jwt", "key": ["file": "jwt.pem"], "key_id": key.publicKey.jwk["kid"] ?? .null, "issuer": "gateway",
            "audience": "api", "subject": "robot",
          ]),
          "broken": server(oauth(issuer.issuer + "/nowhere", "client_credentials")),
          "process": [
            "command": "/bin/sh",
            "args": ["-c", .string(script + "exec python3 \(MisbehavingServer.fixtures)hostile_server.py echo")],
            "agentgate": [
              "credentials": ["kind": "static", "env": "T_ENVIRONMENT", "inject": ["environment": "TOOL_TOKEN"]]
            ],
          ],
        ]
        try Files.write(secrets.meta + "\n", to: folder.path + "/meta-secret")
        chmod(folder.path + "/meta-secret", 0o600)
        try await ServedGateway.run(
          folder.path, servers: servers, policy: Self.policy,
          settings: [
            "T_FIXED": secrets.fixed, "T_CLIENT": secrets.client, "T_SUBJECT": secrets.subject,
            "T_ENVIRONMENT": secrets.environment, "AGENTGATE_LOG_LEVEL": "DEBUG",
          ]
        ) { gateway in
          try await body(
            Fixture(
              gateway: gateway, issuer: issuer, upstream: upstream, secrets: secrets.all, folder: folder.path))
        }
      }
    }
  }

  /// Nothing of it is in what the gateway writes, logs or says.
  private func checkSilence(_ fixture: Fixture, _ more: [String], _ answers: [JSONValue]) async throws {
    var places: [(String, [UInt8])] = [("log", Array(fixture.gateway.log.text.utf8))]
    for answer in answers { places.append(("answer", answer.serialized())) }
    for name in try FileManager.default.subpathsOfDirectory(atPath: fixture.gateway.stateFolder) {
      let path = fixture.gateway.stateFolder + "/" + name
      guard let bytes = try? Data(contentsOf: URL(filePath: path)) else { continue }
      places.append((name, Array(bytes)))
    }
    for path in [
      "/health", "/sessions", "/sessions/s1/evidence", "/sessions/s1/evidence?format=html", "/approvals",
      "/admin/tools",
      "/metrics",
    ] {
      places.append((path, try await fixture.gateway.bytes(path)))
    }
    for secret in fixture.secrets + more {
      for (place, bytes) in places {
        #expect(!String(decoding: bytes, as: UTF8.self).contains(secret), "\(secret.prefix(8)) is in \(place)")
      }
    }
    #expect(places.count > 10)
  }

  @Test func eachKindReachesItsServerAndNothingElse() async throws {
    try await run { fixture in
      var answers: [JSONValue] = []
      for server in ["fixed", "meta", "client", "exchange", "jwt", "process"] {
        let answer = try await fixture.call("\(server)_echo", tag: server)
        #expect(answer["success"] == true, "\(server): \(answer)")
        answers.append(answer)
      }
      #expect(try await fixture.bearer("fixed") == fixture.secrets[0])
      #expect(try await fixture.shown("meta")["meta"]?["com.example/token"] == .string(fixture.secrets[1]))
      #expect(try await fixture.shown("meta")["authorization"] == .null)
      let digest = EventHash(of: Array(fixture.secrets[2].utf8)).hexadecimal
      #expect(Files.text(fixture.folder + "/environment")?.hasPrefix(digest) == true)

      var lent: [String] = []
      for server in ["client", "exchange", "jwt"] {
        let token = try await fixture.bearer(server)
        lent.append(token)
        let (status, answer) = try await fixture.resource(token)
        #expect(status == 200, "\(server): \(answer)")
      }
      #expect(Set(lent).count == 3)
      // What the decision allows narrows what is asked for.
      #expect(try await fixture.resource(lent[0]).answer["scope"] == "read")

      // Kept for the session, and no longer than that.
      _ = try await fixture.call("client_echo", tag: "again")
      #expect(try await fixture.bearer("again") == lent[0])
      _ = try await fixture.call("client_echo", tag: "other", session: "s2")
      #expect(try await fixture.bearer("other") != lent[0])

      let refused = try await fixture.call("broken_echo", tag: "broken")
      answers.append(refused)
      #expect(refused["success"] == false)
      #expect(
        refused["error"]?.stringValue?.hasPrefix("Policy denied: No credential for this call: ") == true, "\(refused)")
      let scope = try await fixture.call("client_echo", tag: "scope", scope: "admin")
      answers.append(scope)
      #expect(
        scope["error"] == "Policy denied: No credential for this call: the decision allows no scope that it can have")
      #expect(fixture.upstream.log.entries("credentials", tag: "broken").isEmpty)
      try await checkSilence(fixture, lent, answers)
    }
  }

  @Test func aKillTakesBackWhatWasLent() async throws {
    try await run { fixture in
      for (tag, session) in [("a", "s1"), ("b", "s2")] {
        #expect(try await fixture.call("client_echo", tag: tag, session: session)["success"] == true)
      }
      let (mine, others) = (try await fixture.bearer("a"), try await fixture.bearer("b"))
      let kill = try await fixture.gateway.control(.post, "/sessions/s1/kill")
      let id = try #require(kill["containment_id"]?.stringValue)
      var receipt = try #require(kill["receipt"])
      while receipt["state"] != "settled" {
        try await Task.sleep(for: .milliseconds(20))
        receipt = try await fixture.gateway.control(.get, "/containments/\(id)")
      }
      #expect(receipt["credentials"]?["revoked"] == 1, "\(receipt)")
      #expect(receipt["steps"]?.arrayValue?.contains { $0["step"] == "credentials_revoked" } == true)
      #expect(try await fixture.resource(mine).status == 401)
      #expect(try await fixture.resource(others).status == 200)
      #expect(fixture.issuer.log.entries("revoke").count == 1)
      try await checkSilence(fixture, [mine, others], [kill, receipt])
    }
  }
}

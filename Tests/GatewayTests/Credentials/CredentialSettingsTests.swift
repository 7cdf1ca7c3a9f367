import JOSE
import StrictJSON
import Testing

@testable import Gateway

@Suite struct CredentialSettingsTests {
  private static func problems(_ text: String, isProcess: Bool = false, isForTool: Bool = false) throws -> [String] {
    var problems: [String] = []
    let settings = CredentialSettings(
      try JSONValue(parsing: text), path: "$.c", folder: "/etc/gate", isProcess: isProcess, isForTool: isForTool,
      problems: &problems)
    #expect((settings == nil) == !problems.isEmpty)
    return problems
  }

  private static let client =
    #""token_endpoint": "https://i.example/token", "client_id": "gw", "client_secret": {"env": "S"}"#
  private static let signing = #""key": {"file": "k.pem"}, "issuer": "https://gate.example", "audience": "crm""#

  @Test func readsEachKind() throws {
    let fixed = try CredentialFixture.settings(#"{"kind": "static", "file": "t"}"#, folder: "/etc/gate")
    #expect(fixed.source == .fixed(.file("/etc/gate/t")))
    #expect(fixed.injection == .header(name: "Authorization", prefix: "Bearer "))
    #expect(fixed.scope == nil && fixed.timeToLive == nil && fixed.client == nil)

    let client = try CredentialFixture.settings(
      """
      {"kind": "client_credentials", \(Self.client), "token_endpoint_auth_method": "client_secret_post",
       "scope": "crm:read crm:write", "audience": ["a", "b"], "resource": "https://crm.example/api",
       "revocation_endpoint": "http://127.0.0.1:8080/revoke", "ttl_seconds": 60, "inject": {"header": "X-API-Key"}}
      """)
    #expect(client.client?.tokenEndpoint == "https://i.example/token")
    #expect(client.client?.revocationEndpoint == "http://127.0.0.1:8080/revoke")
    #expect(client.client?.secret == .variable("S"))
    #expect(client.client?.authentication == .post)
    #expect(client.client?.audiences == ["a", "b"])
    #expect(client.client?.resources == ["https://crm.example/api"])
    #expect(client.scope?.tokens == ["crm:read", "crm:write"])
    #expect(client.timeToLive == 60)
    #expect(client.injection == .header(name: "X-API-Key", prefix: ""))

    let exchange = try CredentialFixture.settings(
      """
      {"kind": "token_exchange", \(Self.client), "subject_token": "agent", "subject_token_type": "jwt",
       "requested_token_type": "urn:example:type", "scope": ["a", "a", "b"], "inject": {"meta": "com.example/token"}}
      """)
    guard case .tokenExchange(_, let members) = exchange.source else { throw Unexpected(exchange) }
    #expect(members.subject == .agent)
    #expect(members.subjectType == "urn:ietf:params:oauth:token-type:jwt")
    #expect(members.requestedType == "urn:example:type")
    #expect(exchange.scope?.tokens == ["a", "b"])
    #expect(exchange.injection == .meta("com.example/token"))

    let jwt = try CredentialFixture.settings(
      """
      {"kind": "jwt", \(Self.signing), "key_id": "k1", "algorithm": "ES256", "type": "at+jwt", "subject": "user",
       "claims": {"tier": [1]}}
      """, folder: "/etc/gate")
    guard case .jwt(let signing) = jwt.source else { throw Unexpected(jwt) }
    #expect(signing.key == .file("/etc/gate/k.pem"))
    #expect(signing.keyID == "k1" && signing.type == "at+jwt" && signing.issuer == "https://gate.example")
    #expect(signing.algorithm == JWSAlgorithm("ES256"))
    #expect(signing.subject == .user && signing.audiences == ["crm"])
    #expect(signing.claims == ["tier": [1]])
  }

  @Test func processesGetTheirEnvironment() throws {
    let text = #"{"kind": "static", "env": "TOKEN", "inject": {"environment": "API_TOKEN"}}"#
    #expect(try CredentialFixture.settings(text, isProcess: true).injection == .environment("API_TOKEN"))
    #expect(
      try Self.problems(text) == ["$.c.inject: environment is for servers that are processes"])
    #expect(
      try Self.problems(text, isProcess: true, isForTool: true) == [
        "$.c.inject: environment is for a whole server, not for one of its tools"
      ])
    #expect(
      try Self.problems(
        #"{"kind": "client_credentials", \#(Self.client), "inject": {"environment": "T"}}"#, isProcess: true) == [
          "$.c.inject: environment is for static credentials: a process keeps what it starts with"
        ])
    #expect(
      try Self.problems(#"{"kind": "static", "env": "TOKEN"}"#, isProcess: true) == [
        "$.c.inject: must name a member of _meta or a variable of the environment: a process gets no headers"
      ])
  }

  @Test(arguments: [
    ("[]", "$.c: must be an object"),
    ("{}", "$.c.kind: must be one of static, client_credentials, token_exchange, jwt"),
    (#"{"kind": "oauth"}"#, "$.c.kind: must be one of"),
    (#"{"kind": "static"}"#, "$.c: must have either env, the name of a variable, or file, a path"),
    (#"{"kind": "static", "env": "A", "file": "b"}"#, "$.c: must have either env"),
    (#"{"kind": "static", "env": "A=B"}"#, "$.c.env: is no name of an environment variable"),
    (#"{"kind": "static", "file": ""}"#, "$.c.file: is no path"),
    (#"{"kind": "static", "env": "A", "secret": "hush"}"#, "$.c.secret: no secret may stand here"),
    (#"{"kind": "static", "env": "A", "ttl_seconds": 5}"#, "$.c.ttl_seconds: is no setting of its kind"),
    (#"{"kind": "static", "env": "A", "a b": 5}"#, #"$.c["a b"]: is no setting of its kind"#),
    (#"{"kind": "static", "env": "A", "scope": ""}"#, "$.c.scope: must be scope tokens"),
    (#"{"kind": "static", "env": "A", "scope": "a\"b"}"#, "$.c.scope: must be scope tokens"),
    (#"{"kind": "static", "env": "A", "scope": ["a b"]}"#, "$.c.scope: must be scope tokens"),
    (#"{"kind": "static", "env": "A", "scope": ["a", 1]}"#, "$.c.scope: must be scope tokens"),
    (#"{"kind": "static", "env": "A", "inject": "header"}"#, "$.c.inject: must be"),
    (#"{"kind": "static", "env": "A", "inject": {}}"#, "$.c.inject: must be"),
    (
      #"{"kind": "static", "env": "A", "inject": {"header": "X", "meta": "a.b/c"}}"#,
      "$.c.inject: has a member too many"
    ),
    (#"{"kind": "static", "env": "A", "inject": {"header": "X Y"}}"#, "$.c.inject.header: is no name of a header"),
    (#"{"kind": "static", "env": "A", "inject": {"header": "Host"}}"#, "$.c.inject.header: is set by the gateway"),
    (#"{"kind": "static", "env": "A", "inject": {"header": "mcp-name"}}"#, "$.c.inject.header: is set by the gateway"),
    (
      #"{"kind": "static", "env": "A", "inject": {"header": "X", "prefix": "a\r\n"}}"#,
      "$.c.inject.prefix: must be a string of visible"
    ),
    (#"{"kind": "static", "env": "A", "inject": {"meta": "token"}}"#, "$.c.inject.meta: is no key such as"),
    (#"{"kind": "static", "env": "A", "inject": {"meta": "a.1b/c"}}"#, "$.c.inject.meta: is no key such as"),
    (#"{"kind": "static", "env": "A", "inject": {"meta": "a.b/c-"}}"#, "$.c.inject.meta: is no key such as"),
    (
      #"{"kind": "static", "env": "A", "inject": {"meta": "io.modelcontextprotocol/x"}}"#,
      "$.c.inject.meta: is reserved"
    ),
    (#"{"kind": "static", "env": "A", "inject": {"meta": "dev.mcp/x"}}"#, "$.c.inject.meta: is reserved"),
    (#"{"kind": "client_credentials"}"#, "$.c.token_endpoint: is missing"),
    (#"{"kind": "client_credentials"}"#, "$.c.client_id: is missing"),
    (#"{"kind": "client_credentials"}"#, "$.c.client_secret: is missing"),
    (#"{"kind": "client_credentials", "client_secret": "hush"}"#, #"$.c.client_secret: must be {"env": …} or"#),
    (#"{"kind": "client_credentials", "client_secret": {"env": "A", "x": 1}}"#, "$.c.client_secret: has a member too"),
    (#"{"kind": "client_credentials", "client_secret": {}}"#, "$.c.client_secret: must have either env"),
    (#"{"kind": "client_credentials", "client_id": "\u00e9"}"#, "$.c.client_id: must be ASCII"),
    (#"{"kind": "client_credentials", "client_id": ""}"#, "$.c.client_id: must be a string, not empty"),
    (
      #"{"kind": "client_credentials", "token_endpoint": "http://i.example/t"}"#, "$.c.token_endpoint: must be an https"
    ),
    (#"{"kind": "client_credentials", "token_endpoint": "https://u:p@i.example"}"#, "$.c.token_endpoint: must be an"),
    (#"{"kind": "client_credentials", "token_endpoint": "https://i.example/#a"}"#, "$.c.token_endpoint: must be an"),
    (#"{"kind": "client_credentials", "revocation_endpoint": "ftp://i"}"#, "$.c.revocation_endpoint: must be an https"),
    (
      #"{"kind": "client_credentials", "token_endpoint_auth_method": "none"}"#,
      "$.c.token_endpoint_auth_method: must be"
    ),
    (#"{"kind": "client_credentials", "resource": "crm"}"#, "$.c.resource: must be absolute URIs"),
    (#"{"kind": "client_credentials", "resource": ["https://a", "https://a#b"]}"#, "$.c.resource: must be absolute"),
    (#"{"kind": "client_credentials", "audience": []}"#, "$.c.audience: must be a string or an array"),
    (#"{"kind": "client_credentials", "audience": 7}"#, "$.c.audience: must be a string"),
    (#"{"kind": "client_credentials", "ttl_seconds": 0}"#, "$.c.ttl_seconds: must be a whole number"),
    (#"{"kind": "client_credentials", "ttl_seconds": 86401}"#, "$.c.ttl_seconds: must be a whole number"),
    (#"{"kind": "client_credentials", "subject_token": "agent"}"#, "$.c.subject_token: is no setting of its kind"),
    (#"{"kind": "token_exchange"}"#, "$.c.subject_token: is missing"),
    (#"{"kind": "token_exchange", "subject_token": "eyJ"}"#, #"$.c.subject_token: must be "agent", {"env": …}"#),
    (#"{"kind": "token_exchange", "subject_token_type": "bearer"}"#, "$.c.subject_token_type: must be a URI"),
    (#"{"kind": "jwt"}"#, "$.c.key: is missing"),
    (#"{"kind": "jwt", "key": "-----BEGIN"}"#, "$.c.key: must be"),
    (#"{"kind": "jwt"}"#, "$.c.issuer: is missing"),
    (#"{"kind": "jwt"}"#, "$.c.audience: is missing"),
    (#"{"kind": "jwt", "algorithm": "none"}"#, "$.c.algorithm: is no algorithm"),
    (#"{"kind": "jwt", "claims": []}"#, "$.c.claims: must be an object"),
    (#"{"kind": "jwt", "claims": {"exp": 1}}"#, "$.c.claims: can't have exp"),
    (#"{"kind": "jwt", "subject": ""}"#, "$.c.subject: must be a string"),
  ])
  func problemsNameTheirPlace(text: String, problem: String) throws {
    let problems = try Self.problems(text)
    #expect(problems.contains { $0.hasPrefix(problem) }, "\(problems)")
    #expect(!problems.contains { $0.contains("hush") || $0.contains("eyJ") || $0.contains("u:p") })
  }

  @Test func settingsOfServersAndTools() throws {
    let file = """
      {"mcpServers": {
        "http": {"url": "https://crm.example/mcp", "agentgate": {
          "credentials": {"kind": "static", "env": "A"},
          "tools": {"own": {"idle_seconds": 5, "credentials": {"kind": "static", "file": "b"}},
                    "none": {"credentials": null}, "same": {"total_seconds": 7}}}},
        "process": {"command": "x", "agentgate": {
          "credentials": {"kind": "static", "env": "A", "inject": {"environment": "T"}},
          "tools": {"own": {"credentials": {"kind": "static", "env": "A", "inject": {"meta": "com.example/t"}}}}}}}}
      """
    let servers = try MCPConfiguration(parsing: Array(file.utf8), path: "/etc/gate/mcp.json").servers
    let (http, process) = (servers[0].settings, servers[1].settings)
    #expect(http.credentials(of: "other")?.source == .fixed(.variable("A")))
    #expect(http.credentials(of: "same")?.source == .fixed(.variable("A")))
    #expect(http.credentials(of: "own")?.source == .fixed(.file("/etc/gate/b")))
    #expect(http.credentials(of: "none") == nil)
    #expect(http.tools["own"]?.idle == .seconds(5))
    // Names are bytes.
    #expect(http.credentials(of: "\u{F6}")?.source == .fixed(.variable("A")))
    #expect(process.credentials?.injection == .environment("T"))
    #expect(process.credentials(of: "other") == nil)
    #expect(process.credentials(of: "own")?.injection == .meta("com.example/t"))
  }

  @Test func problemsInFilesNameTheirPath() throws {
    let file = #"""
      {"mcpServers": {"a": {"url": "https://x", "agentgate": {
        "credentials": {"kind": "static"}, "tools": {"t t": {"credentials": {"kind": "jwt", "key": "x"}}}}}}}
      """#
    do throws(MCPConfigurationError) {
      _ = try MCPConfiguration(parsing: Array(file.utf8), path: "mcp.json")
      Issue.record("read")
    } catch {
      #expect(error.problems.contains { $0.hasPrefix("mcp.json: $.mcpServers.a.agentgate.credentials: must have") })
      #expect(
        error.problems.contains {
          $0.hasPrefix(#"mcp.json: $.mcpServers.a.agentgate.tools["t t"].credentials.key: must be"#)
        }, "\(error)")
    }
  }
}

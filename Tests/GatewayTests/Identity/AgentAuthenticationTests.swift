import FoundationEssentials
import JOSE
import Logging
import StrictJSON
import Testing

@testable import Gateway

@Suite struct AgentAuthenticationTests {
  private let folder: ScratchFolder
  private let clock = ManualClock()
  private let log = LogRecorder()
  private let token: String

  init() throws {
    folder = try ScratchFolder()
    token = try AgentKeyFile.add(agent: AgentID("billing-bot"), user: "ann", to: folder.path("agents.json")).token
    try folder.write(String(decoding: TestIssuer.keySet("a"), as: UTF8.self), to: "jwks.json")
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: folder.path("jwks.json"))
  }

  private func settings(keys: Bool = true, jwt: Bool = true) -> AgentAuthSettings {
    var settings = AgentAuthSettings()
    settings.mode = .required
    if keys { settings.keyFile = folder.path("agents.json") }
    if jwt {
      settings.keySet = .file(folder.path("jwks.json"))
      settings.issuer = TestIssuer.name
      settings.audience = "agentgate"
    }
    return settings
  }

  private func open(_ settings: AgentAuthSettings, host: String = "127.0.0.1") throws -> AgentAuthentication {
    try AgentAuthentication(
      settings, host: host, clock: clock.wall, monotonicClock: clock.monotonic, logger: log.logger
    ) { _ in throw CancellationError() }
  }

  @Test func takesKeysAndJWTs() async throws {
    let authentication = try open(settings())
    #expect(authentication.isRequired)
    #expect(try await authentication.identity(bearer: token)?.method == .key)
    #expect(try await authentication.identity(bearer: try TestIssuer().token())?.method == .jwt)
    #expect(authentication.problems == [])
    #expect(!authentication.isStale)
  }

  @Test func takesOnlyWhatIsSetUp() async throws {
    let jwt = try TestIssuer().token()
    let keysAlone = try open(settings(jwt: false))
    #expect(try await keysAlone.identity(bearer: token)?.agent.rawValue == "billing-bot")
    await #expect(throws: AuthenticationFailure.self) { try await keysAlone.identity(bearer: jwt) }
    let jwtAlone = try open(settings(keys: false))
    #expect(try await jwtAlone.identity(bearer: jwt)?.agent.rawValue == "billing-bot")
    await #expect(throws: AuthenticationFailure.self) { try await jwtAlone.identity(bearer: token) }
  }

  @Test func looksAtNothingWhenItIsOff() async throws {
    var settings = settings()
    settings.mode = .off
    let authentication = try open(settings, host: "0.0.0.0")
    #expect(!authentication.isRequired)
    for bearer in [nil, "", token, "x"] { #expect(try await authentication.identity(bearer: bearer) == nil) }
  }

  @Test func challenges() async throws {
    let authentication = try open(settings())
    let none = await #expect(throws: AuthenticationFailure.self) { try await authentication.identity(bearer: nil) }
    #expect(none?.hasToken == false)
    #expect(none?.challenge == #"Bearer realm="agentgate""#)
    // The same whatever is wrong.
    let wrong = [
      "", "x", "a b", "é", "\"", "=", "ag_" + String(repeating: "A", count: 43), token + " ", "..", "a.b.c",
      String(repeating: "A", count: 16_385), try TestIssuer("b").token(), try TestIssuer().token(["exp": 1]),
      "eyJhbGciOiJub25lIn0.e30.",
    ]
    for bearer in wrong {
      let failure = await #expect(throws: AuthenticationFailure.self) {
        try await authentication.identity(bearer: bearer)
      }
      #expect(failure?.hasToken == true)
      #expect(
        failure?.challenge
          == #"Bearer realm="agentgate", error="invalid_token", error_description="the access token is not valid""#)
      if bearer.utf8.count > 3 { #expect(failure?.reason.contains(bearer) == false) }
    }
    #expect(log.lines.isEmpty)
  }

  @Test(
    arguments: [
      (nil, nil), ("", nil), ("Basic QQ==", nil), ("Bearerx", nil), ("Bearer", ""), ("Bearer ", ""), ("Bearer x", "x"),
      ("bearer x", "x"), ("BEARER   x", "x"), ("Bearer x y", "x y"), ("Bearer x,Bearer y", "x,Bearer y"),
      ("Bearer x ", "x "), ("Bearer\tx", nil),
    ] as [(String?, String?)])
  func findsTheToken(field: String?, token: String?) {
    #expect(AgentAuthentication.token(inAuthorization: field) == token)
  }

  @Test func saysWhenItsKeysMayBeOutOfDate() async throws {
    let authentication = try open(settings())
    try folder.write("{", to: "agents.json")
    clock.advance(seconds: 1)
    _ = try await authentication.identity(bearer: token)
    #expect(authentication.isStale)
    #expect(authentication.problems.count == 1)
  }

  @Test func doesNotStartWithBrokenFiles() throws {
    var settings = settings()
    settings.keyFile = folder.path("nothing.json")
    let error = #expect(throws: ConfigurationError.self) { try open(settings) }
    #expect(error?.problems == ["can't open \(folder.path("nothing.json")): No such file or directory"])
  }
}

@Suite struct AgentAuthSettingsTests {
  @Test(arguments: [
    ("127.0.0.1", true), ("127.1.2.3", true), ("localhost", true), ("LOCALHOST", true), ("::1", true), ("[::1]", true),
    ("0.0.0.0", false), ("::", false), ("", false), ("10.0.0.1", false), ("127.0.0.1.evil.example", false),
    ("localhost.evil.example", false), ("127.0.0", false), ("127.0.0.256", false), ("127.0.0.01", false),
    ("::ffff:127.0.0.1", false), ("1270.0.1", false), ("127.0.0.1 ", false), ("128.0.0.1", false),
  ])
  func knowsLoopback(host: String, isLoopback: Bool) {
    #expect(LoopbackHost.contains(host) == isLoopback)
    #expect(AgentAuthSettings().mode(onHost: host) == (isLoopback ? .off : .required))
  }

  @Test(arguments: [
    ("https://issuer.example/jwks", true), ("HTTPS://issuer.example", true),
    ("https://issuer.example:8443/a?b#c", true),
    ("https://[2001:db8::1]:8443/", true), ("http://127.0.0.1:8080/jwks", true), ("http://localhost/jwks", true),
    ("http://[::1]:1/", true), ("http://issuer.example/jwks", false), ("http://127.0.0.1.evil.example/", false),
    ("http://127.0.0.1@evil.example/", false), ("https://user:secret@issuer.example/", false), ("https://", false),
    ("https:///jwks", false), ("https://issuer.example:x/", false), ("https://issuer.example:0/", false),
    ("https://issuer.example:/", false), ("http://localhost\\@evil.example/", false), ("https://a b/", false),
    ("ftp://127.0.0.1/", false), ("https:issuer.example", false), ("https://[::1/", false), ("http://[::1]x/", false),
    ("file:///etc/jwks", false), ("https://é.example/", false), ("http://localhost:80:80/", false),
  ])
  func allowsURLs(url: String, isAllowed: Bool) {
    #expect(OutboundURL.isAllowed(url) == isAllowed)
  }

  @Test func saysWhatIsMissing() {
    var settings = AgentAuthSettings()
    #expect(settings.problems(onHost: "127.0.0.1") == [])
    #expect(
      settings.problems(onHost: "0.0.0.0") == [
        "agents must authenticate, since the gateway listens on 0.0.0.0, which isn't loopback: set agent_keys or "
          + "agent_jwks, or say agent_auth=off"
      ])
    settings.mode = .off
    #expect(settings.problems(onHost: "0.0.0.0") == [])
    settings.mode = .required
    #expect(
      settings.problems(onHost: "127.0.0.1") == ["agent_auth is required, but neither agent_keys nor agent_jwks is set"]
    )
    settings.keyFile = "agents.json"
    #expect(settings.problems(onHost: "0.0.0.0") == [])
    settings.issuer = "i"
    #expect(settings.problems(onHost: "0.0.0.0").count == 1)
    settings.issuer = ""
    settings.keySet = AgentAuthSettings.KeySet("http://issuer.example/")
    settings.agentClaim = ""
    settings.userClaim = ""
    settings.algorithms = [JWSAlgorithm(.hmac, .sha256)]
    #expect(settings.problems(onHost: "0.0.0.0").count == 6)
    settings.algorithms = []
    #expect(settings.problems(onHost: "0.0.0.0").count == 6)
    #expect(AgentAuthSettings.KeySet("HTTPS://x") == .url("HTTPS://x"))
    #expect(AgentAuthSettings.KeySet("https.json") == .file("https.json"))
    #expect(AgentAuthSettings.KeySet("/etc/jwks.json") == .file("/etc/jwks.json"))
    #expect(!AgentAuthSettings.usualAlgorithms.contains { $0.isSymmetric })
    #expect(AgentAuthSettings.usualAlgorithms.count == 10)
  }
}

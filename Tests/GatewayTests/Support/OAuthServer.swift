import FoundationEssentials
import Glibc
import StrictJSON
import Subprocess
import SystemPackage
import Testing

@testable import Gateway

/// `Fixtures/oauth_server.py`, an authorization server made of Authlib, on a port of this machine for the length of a
/// test.
struct OAuthServer: Sendable {
  let issuer: String
  let log: ServerLog
  let http = OutboundHTTP()

  /// - Parameters:
  ///   - folder: for its log
  ///   - clients: by their ids: `{"secret", "method", "scope", "revokes"}`
  ///   - subjects: whom opaque tokens stand for that are exchanged
  ///   - trusted: a key set, by which `/resource` takes JWTs
  ///   - life: of the tokens, in seconds
  static func run<Value: Sendable>(
    _ folder: String, clients: JSONObject, subjects: JSONObject = [:], trusted: String? = nil, life: Int = 3_600,
    _ body: @Sendable @escaping (OAuthServer) async throws -> Value
  ) async throws -> Value {
    let python = (getenv("AGENTGATE_TEST_VENV").map { String(cString: $0) } ?? Files.root + "/.venv") + "/bin/python"
    try #require(FileManager.default.isExecutableFile(atPath: python), "no \(python): run make test-venv")
    let log = ServerLog(path: folder + "/oauth.log")
    var environment: [Environment.Key: String] = [
      "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "LOG": log.path, "LIFE": String(life),
      "CLIENTS": JSONValue.object(clients).serializedString(), "PYTHONDONTWRITEBYTECODE": "1",
      "SUBJECTS": JSONValue.object(subjects).serializedString(),
    ]
    environment["TRUSTED_JWKS"] = trusted
    return try await Subprocess.run(
      .path(FilePath(python)), arguments: [MisbehavingServer.fixtures + "oauth_server.py"],
      environment: .custom(environment), input: .none, output: .discarded, error: .discarded
    ) { process in
      defer { try? process.send(signal: .kill) }
      guard let issuer = try await log.first("start")["issuer"]?.stringValue else { throw Unexpected("no issuer") }
      let server = OAuthServer(issuer: issuer, log: log)
      let value = try await body(server)
      await server.http.shutdown()
      return value
    }.closureResult
  }

  /// A JWT by the server's own key, as an agent may show it.
  func agentToken(_ claims: [(String, String)]) async throws -> String {
    let response = try await http.send(
      OutboundRequest(
        .post, issuer + "/agent-token",
        headers: [.init("Content-Type", "application/x-www-form-urlencoded")], body: Array(Form.encoded(claims).utf8)))
    guard response.status == 200 else { throw Unexpected(response) }
    return String(decoding: response.body, as: UTF8.self)
  }

  /// What a resource server makes of the credential: its status, and what it knows of it.
  func resource(_ credential: Credential) async throws -> (status: Int, answer: JSONValue) {
    guard let header = credential.header else { throw Unexpected("no header") }
    let response = try await http.send(
      OutboundRequest(.get, issuer + "/resource", headers: [.init(header.name, header.value)]))
    return (response.status, (try? JSONValue(parsing: response.body)) ?? .null)
  }
}

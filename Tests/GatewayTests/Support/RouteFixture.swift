import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import StrictJSON

@testable import Gateway

/// A few routes behind the gateway's responder, without the rest of the gateway.
struct RouteFixture: Sendable {
  static let adminKey = "a-key-for-tests-0123456789"

  let client: any TestClientProtocol
  let log: LogRecorder

  /// - Parameter setup: `.router` asks the responder, `.live` a server on a socket
  static func run(
    _ routes: [Route], setup: TestingSetup = .router, _ body: @Sendable @escaping (RouteFixture) async throws -> Void
  ) async throws {
    guard let key = Secret(adminKey) else { return }
    let log = LogRecorder()
    let responder = GatewayResponder(
      routes: RouteTable(routes), adminKey: key, authentication: .off, approvers: nil,
      metricsAccess: MetricsAccess(token: nil, host: "127.0.0.1"), metrics: Metrics(), clock: .system,
      logger: log.logger)
    let server = HTTPServer(
      responder: responder, host: "127.0.0.1", port: 0, logger: log.logger, onReady: { _ in })
    try await server.application.test(setup) { client in try await body(RouteFixture(client: client, log: log)) }
  }

  /// With the admin key, unless another or none is given.
  func send(
    _ method: HTTPRequest.Method, _ path: String, _ body: String? = nil, key: String? = adminKey
  ) async throws -> (status: Int, json: JSONValue) {
    var headers = HTTPFields()
    if body != nil { headers[.contentType] = "application/json" }
    if let key { headers[.apiKey] = key }
    return try await client.execute(
      uri: path, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) }
    ) { response in
      (Int(response.status.code), (try? JSONValue(parsing: String(buffer: response.body))) ?? .null)
    }
  }
}

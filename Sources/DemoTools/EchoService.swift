import AsyncHTTPClient
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import StrictJSON

/// A small HTTP API on 127.0.0.1, at a port that the system chooses, and a client for it alone.
struct EchoService: Sendable {
  private let client: HTTPClient
  private let port: Int

  /// Bytes of a request's or an answer's body.
  static let maximumBody = 1 << 20

  /// Serves while `body` runs.
  static func withEcho(logger: Logger, _ body: @escaping @Sendable (EchoService) async throws -> Void) async throws {
    // Its words about connections that the end cuts are no news.
    var quiet = logger
    quiet.logLevel = .critical
    let (started, start) = AsyncStream.makeStream(of: Int.self)
    let application = Application(
      router: router(),
      configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { channel in
        if let port = channel.localAddress?.port { start.yield(port) }
        start.finish()
      },
      logger: quiet)
    var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
    configuration.timeout = .init(connect: .seconds(5), read: .seconds(10))
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          defer { start.finish() }
          // `runService` would take over the process's signals.
          try await application.run()
        }
        group.addTask {
          guard let port = await started.first(where: { _ in true }) else {
            throw ToolError("the HTTP echo could not be started")
          }
          try await body(EchoService(client: client, port: port))
        }
        defer { group.cancelAll() }
        try await group.next()
      }
    } catch {
      try? await client.shutdown()
      throw error
    }
    try await client.shutdown()
  }

  /// GET without a body, else POST.
  func ask(_ path: String, body: JSONValue?) async throws(ToolError) -> (status: Int, data: JSONValue) {
    var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
    if let body {
      request.method = .POST
      request.headers.add(name: "content-type", value: "application/json")
      request.body = .bytes(body.serialized())
    }
    do {
      let response = try await client.execute(request, timeout: .seconds(10))
      let bytes = try await response.body.collect(upTo: 2 * Self.maximumBody)
      let text = Array(bytes.readableBytesView)
      let data = (try? JSONValue(parsing: text)) ?? ["text": .string(String(decoding: text, as: UTF8.self))]
      return (Int(response.status.code), data)
    } catch {
      throw ToolError("the API did not answer: \(error)")
    }
  }

  private static func router() -> Router<BasicRequestContext> {
    let router = Router()
    router.get("**") { request, _ in
      answer(
        .ok,
        [
          "ok": true, "method": "GET", "path": .string(request.uri.path),
          "query": .object(
            JSONObject(request.uri.queryParameters.map { (key: String($0.key), value: .string(String($0.value))) })),
        ])
    }
    router.post("**") { request, _ in
      let buffer = try await request.body.collect(upTo: maximumBody)
      guard let received = try? JSONValue(parsing: Array(buffer.readableBytesView)) else {
        return answer(.badRequest, ["ok": false, "error": "the body is not JSON"])
      }
      return answer(
        .created, ["ok": true, "method": "POST", "path": .string(request.uri.path), "received": received])
    }
    return router
  }

  private static func answer(_ status: HTTPResponse.Status, _ value: JSONValue) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json"],
      body: .init(byteBuffer: ByteBuffer(bytes: value.serialized())))
  }
}

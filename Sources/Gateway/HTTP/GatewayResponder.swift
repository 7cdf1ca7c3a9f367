import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import StrictJSON

/// Answers every request: finds its route, asks for the key where one is needed, and lets no error out without a body
/// and a correlation id.
struct GatewayResponder: HTTPResponder {
  typealias Context = GatewayContext

  let routes: RouteTable
  let adminKey: Secret
  let clock: MonotonicClock
  let logger: Logger

  func respond(to request: Request, context: GatewayContext) async throws -> Response {
    let start = clock.now()
    let correlationID = Self.correlationID(request.headers[.correlationID])
    var response: Response
    do throws(ErrorResponse) {
      response = try await answer(request, correlationID, context.channel)
    } catch {
      response = .json(error.body, status: error.status, headers: error.headers)
      if error.closesConnection {
        response.headers[.connection] = "close"
        // The client may be in the middle of sending: it gets a moment to read the answer.
        context.channel.eventLoop.scheduleTask(in: .seconds(2)) { [channel = context.channel] in
          channel.close(promise: nil)
        }
      }
    }
    response.headers[.correlationID] = correlationID
    // A body would be taken for the next answer.
    if request.method == .head { response = response.createHeadResponse() }
    let microseconds = (clock.now() - start) / 1_000
    logger.info(
      "request",
      metadata: [
        "method": .string(request.method.rawValue),
        "path": .string(String(RequestTarget(request.head.path ?? "").path.unicodeScalars.prefix(1_024))),
        "status": .stringConvertible(Int(response.status.code)),
        "duration_us": .stringConvertible(Int(microseconds)), "correlation_id": .string(correlationID),
      ])
    return response
  }

  private func answer(
    _ request: Request, _ correlationID: String, _ channel: any Channel
  ) async throws(ErrorResponse) -> Response {
    if let length = request.headers[.contentLength].flatMap(Int.init), length > GatewayRequest.bodyLimit {
      throw .bodyTooLarge
    }
    let target = RequestTarget(request.head.path ?? "")
    switch routes.match(request.method, target.path) {
    case .unknown: throw .notFound
    case .wrongMethod(let allowed): throw .methodNotAllowed(allowed)
    case .moved(let path):
      let location = String(path) + (target.query.map { "?\($0)" } ?? "")
      return Response(status: .temporaryRedirect, headers: [.location: location])
    case .found(let route, let parameter):
      if route.access == .admin { try checkKey(request) }
      let decoded = PercentDecoding.bytes(parameter, plusIsSpace: false)
      let request = GatewayRequest(
        request: request, correlationID: correlationID, parameter: String(validating: decoded, as: UTF8.self),
        channel: channel)
      if route.isCall { return try await route.handler(request) }
      // What may take long mustn't hold up an event loop, which has others to serve.
      return try await withTaskExecutorPreference(globalConcurrentExecutor) { () async throws(ErrorResponse) in
        try await route.handler(request)
      }
    }
  }

  private func checkKey(_ request: Request) throws(ErrorResponse) {
    let fields = request.headers[fields: .apiKey]
    guard let field = fields.first else { throw .keyMissing }
    let key = field.withUnsafeBytesOfValue { Array($0) }
    guard fields.count == 1, adminKey.matches(key) else { throw .keyWrong }
  }

  /// The caller's own, when it is 1 to 128 visible ASCII characters; a fresh one otherwise.
  private static func correlationID(_ value: String?) -> String {
    guard let value, (1...128).contains(value.utf8.count), value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      return UUIDText.random()
    }
    return value
  }
}

struct GatewayContext: InitializableFromSource, Sendable {
  let channel: any Channel
  let logger: Logger

  init(source: ApplicationRequestContextSource) {
    channel = source.channel
    logger = source.logger
  }
}

extension HTTPField.Name {
  static let correlationID = HTTPField.Name("X-Correlation-ID")!
  static let apiKey = HTTPField.Name("X-API-Key")!
}

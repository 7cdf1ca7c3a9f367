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
  let authentication: AgentAuthentication
  /// The keys of approvers, each of which has the approver's name as its agent; absent when there is only the admin key.
  let approvers: AgentKeys?
  let metricsAccess: MetricsAccess
  let metrics: Metrics
  let clock: MonotonicClock
  let logger: Logger

  func respond(to request: Request, context: GatewayContext) async throws -> Response {
    let request = GatewayRequest(
      method: request.method, target: RequestTarget(request.head.path ?? ""),
      headers: RequestHeaders(pairs: request.headers.map { ($0.name.rawName, $0.value) }),
      content: .unread(request.body))
    let response = await respond(to: request)
    if response.headers[.connection] == "close" {
      // The client may be in the middle of sending: it gets a moment to read the answer.
      context.channel.eventLoop.scheduleTask(in: .seconds(2)) { [channel = context.channel] in
        channel.close(promise: nil)
      }
    }
    return response
  }

  /// The request's route, when it is one that `HTTPCallHandler` answers.
  func callRoute(_ method: HTTPRequest.Method, _ target: RequestTarget) -> Route? {
    guard case .found(let route, _) = routes.match(method, target.path), route.isCall else { return nil }
    return route
  }

  /// The answer; with `Connection: close` when the rest of the request isn't to be read.
  func respond(to request: GatewayRequest) async -> Response {
    let start = clock.now()
    var response: Response
    var endpoint = MetricEndpoint.other
    do throws(ErrorResponse) {
      response = try await answer(request, &endpoint)
    } catch {
      response = .json(error.body, status: error.status, headers: error.headers)
      if error.closesConnection { response.headers[.connection] = "close" }
    }
    response.headers[.correlationID] = request.correlationID
    // A body would be taken for the next answer.
    if request.method == .head { response = response.createHeadResponse() }
    let nanoseconds = clock.now() - start
    metrics.requestAnswered(endpoint, nanoseconds: nanoseconds)
    logger.info(
      "request",
      metadata: [
        "method": .string(request.method.rawValue),
        "path": .string(String(request.target.path.unicodeScalars.prefix(1_024))),
        "status": .stringConvertible(Int(response.status.code)),
        "duration_us": .stringConvertible(Int(nanoseconds / 1_000)), "correlation_id": .string(request.correlationID),
      ])
    return response
  }

  /// - Parameter endpoint: set when the request has a route
  private func answer(
    _ request: GatewayRequest, _ endpoint: inout MetricEndpoint
  ) async throws(ErrorResponse) -> Response {
    if request.readBody == nil, GatewayRequest.isTooLarge(contentLength: request.headers[.contentLength]) {
      throw .bodyTooLarge
    }
    let target = request.target
    switch request.route.map({ .found($0, parameter: "") }) ?? routes.match(request.method, target.path) {
    case .unknown: throw .notFound
    case .wrongMethod(let allowed): throw .methodNotAllowed(allowed)
    case .moved(let path):
      let location = String(path) + (target.query.map { "?\($0)" } ?? "")
      return Response(status: .temporaryRedirect, headers: [.location: location])
    case .found(let route, let parameter):
      endpoint = route.endpoint
      var request = request
      switch route.access {
      case .open: break
      case .agent where authentication.isRequired: try await authenticate(&request)
      case .agent: break
      case .approver: request.approver = try approver(of: request)
      case .admin: try checkKey(request)
      case .metrics: try checkMetricsToken(request)
      }
      if route.isCall { return try await route.handler(request) }
      request.parameter = String(validating: PercentDecoding.bytes(parameter, plusIsSpace: false), as: UTF8.self)
      // What may take long mustn't hold up an event loop, which has others to serve.
      return try await withTaskExecutorPreference(globalConcurrentExecutor) {
        [request] () async throws(ErrorResponse) in
        try await route.handler(request)
      }
    }
  }

  private func authenticate(_ request: inout GatewayRequest) async throws(ErrorResponse) {
    // Of two proofs nobody knows which one counts.
    let fields = request.headers.values(.authorization)
    let token = fields.count == 1 ? AgentAuthentication.token(inAuthorization: fields[0]) : nil
    do throws(AuthenticationFailure) {
      request.identity = try await authentication.identity(bearer: token)
      request.agentToken = token.map(LentSecret.init)
    } catch {
      logger.warning(
        "an agent isn't authenticated",
        metadata: ["problem": .string(error.reason), "correlation_id": .string(request.correlationID)])
      throw .unauthenticated(error)
    }
  }

  /// Absent for who has the admin key.
  private func approver(of request: GatewayRequest) throws(ErrorResponse) -> String? {
    let keys = request.headers.values(.apiKey)
    if let approvers, keys.count == 1, !adminKey.matches(keys[0]) {
      do throws(AuthenticationFailure) {
        return try approvers.identity(of: keys[0]).agent.rawValue
      } catch {
        logger.warning(
          "an approver isn't authenticated",
          metadata: ["problem": .string(error.reason), "correlation_id": .string(request.correlationID)])
      }
    }
    try checkKey(request)
    return nil
  }

  private func checkMetricsToken(_ request: GatewayRequest) throws(ErrorResponse) {
    if metricsAccess.isOpen { return }
    let fields = request.headers.values(.authorization)
    if let token = metricsAccess.token, fields.count == 1,
      let shown = AgentAuthentication.token(inAuthorization: fields[0]), token.matches(shown)
    {
      return
    }
    try checkKey(request)
  }

  private func checkKey(_ request: GatewayRequest) throws(ErrorResponse) {
    let keys = request.headers.values(.apiKey)
    guard let key = keys.first else { throw .keyMissing }
    guard keys.count == 1, adminKey.matches(key) else { throw .keyWrong }
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

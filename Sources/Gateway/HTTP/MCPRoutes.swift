import CallExecution
import HTTPTypes
import Hummingbird
import JSONRPC
import NIOCore
import StrictJSON

/// MCP over Streamable HTTP, both eras on one path. A request with modern `_meta` or a modern version in its header is
/// answered by itself; `initialize` begins a session of the legacy era.
struct MCPRoutes: Sendable {
  static let path = "/mcp"
  /// Between comments, which keep a stream's connection open.
  static let pause: Duration = .seconds(15)

  let server: MCPServer
  let sessions: LegacySessions
  let changes: ListChanges
  let origins: AllowedOrigins

  var list: [Route] {
    [
      Route(.post, Self.path, .agent, .postMCP, isCall: true, post),
      Route(.get, Self.path, .agent, .listenMCP, get),
      Route(.delete, Self.path, .agent, .endMCPSession, delete),
    ]
  }

  // MARK: POST

  @Sendable func post(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    try checkOrigin(request)
    guard request.isJSON else {
      throw ErrorResponse(status: .unsupportedMediaType, body: Self.error("Content-Type must be application/json"))
    }
    let accept = Accept(request)
    guard accept.json, accept.events else {
      throw ErrorResponse(
        status: .notAcceptable, body: Self.error("Accept must list both application/json and text/event-stream"))
    }
    let bytes: [UInt8]
    if let whole = request.readBody { bytes = whole } else { bytes = try await request.body() }
    let body: JSONValue
    do throws(JSONError) {
      body = try JSONValue(parsing: bytes)
    } catch {
      return Self.respond(
        .error(
          id: nil,
          JSONRPCError(
            code: JSONRPCError.parseError,
            message: "\(error.message) at \(error.path), line \(error.line), column \(error.column)")),
        status: .badRequest)
    }
    let message: JSONRPCMessage
    do throws(InvalidJSONRPCMessage) {
      message = try JSONRPCMessage(body)
    } catch {
      return Self.respond(
        .error(id: error.id, JSONRPCError(code: JSONRPCError.invalidRequest, message: error.message)),
        status: .badRequest)
    }
    let version = request.header(.mcpProtocolVersion)
    let isModern = Self.isModern(message, version: version)
    switch message {
    case .request(let id, let method, let params):
      return isModern
        ? await modern(request, id, method, params ?? [:], params)
        : try await legacy(request, id, method, params ?? [:], version)
    case .notification(let method, let params):
      if !isModern { try notified(request, method, params) }
      // Modern clients have nothing to tell: they cancel by closing the stream.
      return Response(status: .accepted)
    case .result, .error:
      // Nothing was asked of the client.
      guard !isModern else {
        return Self.respond(
          .error(id: nil, JSONRPCError(code: JSONRPCError.invalidRequest, message: "a client sends no responses")),
          status: .badRequest)
      }
      return Response(status: .accepted)
    }
  }

  /// By the body's own version, else by the header's; a version that nobody knows can only be a modern client's.
  private static func isModern(_ message: JSONRPCMessage, version: String?) -> Bool {
    if case .request(_, let method, let params) = message {
      if params?["_meta"]?[MCPMeta.protocolVersion] != nil { return true }
      if method == "initialize" { return false }
    }
    guard let version else { return false }
    return MCPVersion(rawValue: version)?.isModern ?? true
  }

  private func checkOrigin(_ request: GatewayRequest) throws(ErrorResponse) {
    guard let origin = request.header(.origin) else { return }
    guard origins.allows(origin) else {
      throw ErrorResponse(status: .forbidden, body: Self.error("Origin is not allowed"))
    }
  }

  // MARK: The modern era

  private func modern(
    _ request: GatewayRequest, _ id: JSONRPCID, _ method: String, _ params: JSONValue, _ given: JSONValue?
  ) async -> Response {
    if let refusal = Self.modernRefusal(request, method, params, given) {
      return Self.respond(.error(id: id, refusal), status: Self.status(of: refusal))
    }
    let meta = params["_meta"]
    let clientInfo = meta?[MCPMeta.clientInfo].flatMap { $0.objectValue == nil ? nil : $0 }
    let session: SessionID
    do throws(InvalidIdentifier) {
      session = try Self.session(
        request, otherwise: "mcp:\(clientInfo?["name"]?.stringValue?.prefix(200) ?? "anonymous")")
    } catch {
      return Self.respond(
        .error(id: id, JSONRPCError(code: JSONRPCError.invalidRequest, message: error.message)), status: .badRequest)
    }
    let caller = MCPCaller(
      session: session, version: .latest, clientInfo: clientInfo, capabilities: meta?[MCPMeta.clientCapabilities],
      transport: .http, identity: request.identity, agentToken: request.agentToken,
      correlationID: request.correlationID)
    if method == "subscriptions/listen" {
      guard let filter = ListenFilter(params) else {
        let error = JSONRPCError(code: JSONRPCError.invalidParams, message: "`params.notifications` must be an object")
        return Self.respond(.error(id: id, error), status: .badRequest)
      }
      return listen(id, filter)
    }
    if let mismatch = parameterMismatch(request, method, params) {
      let error = JSONRPCError(code: JSONRPCError.headerMismatch, message: mismatch)
      return Self.respond(.error(id: id, error), status: .badRequest)
    }
    return await exchange(request, id, wantsStream: meta?[MCPMeta.progressToken] != nil, endsWithConnection: true) {
      await server.answerModern(method, params, caller, $0)
    }
  }

  /// What a modern request is refused for before anybody looks at its method.
  private static func modernRefusal(
    _ request: GatewayRequest, _ method: String, _ params: JSONValue, _ given: JSONValue?
  ) -> JSONRPCError? {
    guard let meta = params["_meta"], meta.objectValue != nil else {
      return JSONRPCError(
        code: JSONRPCError.invalidParams,
        message:
          "`params._meta` must be an object with `\(MCPMeta.protocolVersion)` and `\(MCPMeta.clientCapabilities)`")
    }
    for key in [MCPMeta.protocolVersion, MCPMeta.clientCapabilities] where meta[key] == nil {
      return JSONRPCError(code: JSONRPCError.invalidParams, message: "`params._meta` lacks `\(key)`")
    }
    if let mismatch = RoutingHeaders.mismatch(method: method, params: params, headers: request.headers.pairs) {
      return JSONRPCError(code: JSONRPCError.headerMismatch, message: mismatch)
    }
    guard let version = meta[MCPMeta.protocolVersion]?.stringValue else {
      return JSONRPCError(code: JSONRPCError.invalidParams, message: "`\(MCPMeta.protocolVersion)` must be a string")
    }
    guard MCPVersion(rawValue: version)?.isModern == true else { return .unsupportedVersion(version) }
    guard meta[MCPMeta.clientCapabilities]?.objectValue != nil else {
      return JSONRPCError(
        code: JSONRPCError.invalidParams, message: "`\(MCPMeta.clientCapabilities)` must be an object")
    }
    return nil
  }

  private func parameterMismatch(_ request: GatewayRequest, _ method: String, _ params: JSONValue) -> String? {
    guard method == "tools/call", let name = params["name"]?.stringValue, let tool = try? ToolName(name),
      let headers = server.tool(tool)?.parameterHeaders, !headers.isEmpty
    else { return nil }
    return headers.mismatch(arguments: params["arguments"] ?? [:], headers: request.headers.pairs)
  }

  private func listen(_ id: JSONRPCID, _ filter: ListenFilter) -> Response {
    let stream = changes.stream()
    return EventStream.response { events in
      try await events.send(filter.acknowledgement(id))
      try await events.forward(stream) { filter.notification($0, id) }
      try await events.send(ListenFilter.result(id))
    }
  }

  /// The session that the client's configuration names: a header, or the URL's query.
  private static func session(
    _ request: GatewayRequest, otherwise fallback: @autoclosure () -> String
  ) throws(InvalidIdentifier) -> SessionID {
    if let name = request.header(.agentgateSession), !name.isEmpty { return try SessionID(name) }
    if let name = request.query(.mcpSession), !name.isEmpty { return try SessionID(name) }
    return try SessionID(fallback())
  }

  // MARK: The legacy era

  private func legacy(
    _ request: GatewayRequest, _ id: JSONRPCID, _ method: String, _ params: JSONValue, _ version: String?
  ) async throws(ErrorResponse) -> Response {
    if method == "initialize" { return initialize(request, id, params) }
    let session = try session(request)
    let handle = CallHandle()
    guard session.start(id, handle) else {
      let error = JSONRPCError(code: JSONRPCError.invalidRequest, message: "a request with this id is under way")
      return Self.respond(.error(id: id, error), status: .badRequest)
    }
    var caller = session.caller
    (caller.identity, caller.agentToken) = (request.identity, request.agentToken)
    caller.correlationID = request.correlationID
    let wantsStream = params["_meta"]?[MCPMeta.progressToken] != nil
    return await exchange(request, id, handle: handle, wantsStream: wantsStream, endsWithConnection: false) {
      [caller] exchange in
      let answer = await server.answerLegacy(method, params, caller, exchange)
      session.finish(id)
      return answer
    }
  }

  private func initialize(_ request: GatewayRequest, _ id: JSONRPCID, _ params: JSONValue) -> Response {
    let token = "mcp-" + UUIDText.random()
    let name: SessionID
    do throws(InvalidIdentifier) {
      name = try Self.session(request, otherwise: token)
    } catch {
      return Self.respond(
        .error(id: id, JSONRPCError(code: JSONRPCError.invalidRequest, message: error.message)), status: .badRequest)
    }
    guard params["protocolVersion"]?.stringValue != nil else {
      let error = JSONRPCError(code: JSONRPCError.invalidParams, message: "`params.protocolVersion` must be a string")
      return Self.respond(.error(id: id, error), status: .badRequest)
    }
    var caller = MCPCaller(
      session: name, version: .latestWithHandshake,
      clientInfo: params["clientInfo"].flatMap { $0.objectValue == nil ? nil : $0 },
      capabilities: nil, transport: .http, identity: request.identity, correlationID: request.correlationID)
    let result: JSONValue
    (result, caller.version) = server.initialize(params, caller)
    sessions.begin(LegacySession(id: token, caller: caller))
    var response = Self.respond(.result(id: id, result))
    response.headers[.mcpSessionID] = token
    return response
  }

  private func notified(_ request: GatewayRequest, _ method: String, _ params: JSONValue?) throws(ErrorResponse) {
    let session = try session(request)
    guard method == "notifications/cancelled", let id = params?["requestId"].flatMap(JSONRPCID.init) else { return }
    session.cancel(id, because: params?["reason"]?.stringValue)
  }

  private func session(_ request: GatewayRequest) throws(ErrorResponse) -> LegacySession {
    guard let id = request.header(.mcpSessionID) else {
      throw ErrorResponse(status: .badRequest, body: Self.error("Mcp-Session-Id is missing: begin with initialize"))
    }
    // Another agent's session isn't there for this one.
    guard let session = sessions[id], session.caller.identity?.agent == request.identity?.agent else {
      throw ErrorResponse(status: .notFound, body: Self.error("no such session: begin with initialize"))
    }
    // 2025-03-26 had no such header; what a client sends must be what it settled on.
    if let version = request.header(.mcpProtocolVersion), MCPVersion(rawValue: version) == nil {
      throw ErrorResponse(status: .badRequest, body: Self.error("MCP-Protocol-Version is not supported"))
    }
    return session
  }

  /// The stream of what isn't an answer.
  @Sendable func get(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    try checkOrigin(request)
    guard request.header(.mcpSessionID) != nil else { throw .methodNotAllowed([.post]) }
    guard Accept(request).events else {
      throw ErrorResponse(status: .notAcceptable, body: Self.error("Accept must list text/event-stream"))
    }
    let stream = try session(request).listen()
    return EventStream.response { events in try await events.forward(stream) { $0 } }
  }

  @Sendable func delete(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    try checkOrigin(request)
    guard let id = request.header(.mcpSessionID) else { throw .methodNotAllowed([.post]) }
    guard sessions[id]?.caller.identity?.agent == request.identity?.agent, sessions.end(id) else {
      throw ErrorResponse(status: .notFound, body: Self.error("no such session"))
    }
    return Response(status: .noContent)
  }

  // MARK: One exchange

  /// Answers with JSON, or with a stream when the client wants progress or the answer takes long. On a task that nobody
  /// cancels: `HTTPCallHandler`'s.
  private func exchange(
    _ request: GatewayRequest, _ id: JSONRPCID, handle: CallHandle = CallHandle(), wantsStream: Bool,
    endsWithConnection: Bool, _ answer: @escaping @Sendable (MCPExchange) async -> MCPAnswer
  ) async -> Response {
    let onEnd: @Sendable () -> Void = {
      if endsWithConnection { handle.giveUp(.client("the client closed the stream")) }
    }
    // For as long as the work takes: the client may go before a stream has begun.
    request.client?.whenGone(onEnd)
    if wantsStream { return stream(of: answer, to: request, id, handle, onEnd) }
    let late = FirstOf<MCPAnswer>()
    request.client?.whenWaitedLong {
      var response = EventStream.response { events in
        try await events.forward(Self.alone(late, id), onFailure: onEnd)
      }
      response.headers[.correlationID] = request.correlationID
      return response
    }
    // Without a stream that the client asked for there is nothing to say beside the answer.
    let answer = await answer(MCPExchange(handle: handle) { _ in })
    request.client?.forget()
    late.set(answer)
    return Self.respond(answer, id)
  }

  private func stream(
    of answer: @escaping @Sendable (MCPExchange) async -> MCPAnswer, to request: GatewayRequest, _ id: JSONRPCID,
    _ handle: CallHandle, _ onEnd: @escaping @Sendable () -> Void
  ) -> Response {
    let (messages, sink) = AsyncStream.makeStream(of: JSONRPCMessage.self, bufferingPolicy: .bufferingNewest(1_024))
    let work = Task(executorPreference: CallExecutor.shared) {
      let answer = await answer(MCPExchange(handle: handle) { sink.yield($0) })
      request.client?.forget()
      sink.finish()
      return answer
    }
    return EventStream.response { events in
      try await events.forward(messages, onFailure: onEnd)
      try await events.send(await work.value.message(id: id))
    }
  }

  private static func alone(_ answer: FirstOf<MCPAnswer>, _ id: JSONRPCID) -> AsyncStream<JSONRPCMessage> {
    AsyncStream { sink in
      Task {
        sink.yield(await answer.value.message(id: id))
        sink.finish()
      }
    }
  }

  private static func respond(_ answer: MCPAnswer, _ id: JSONRPCID) -> Response {
    let status: HTTPResponse.Status = if case .error(let error, _) = answer { status(of: error) } else { .ok }
    var response = respond(answer.message(id: id), status: status)
    if let trace = answer.traceID { response.headers[.agentgateTraceID] = trace }
    return response
  }

  private static func respond(_ message: JSONRPCMessage, status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: message.serialized())))
  }

  /// As the specification has it; errors of a tool's server are answers like any other.
  private static func status(of error: JSONRPCError) -> HTTPResponse.Status {
    switch error.code {
    case JSONRPCError.parseError, JSONRPCError.invalidRequest, JSONRPCError.invalidParams, JSONRPCError.headerMismatch,
      JSONRPCError.missingClientCapability, JSONRPCError.unsupportedProtocolVersion:
      .badRequest
    case JSONRPCError.methodNotFound: .notFound
    default: .ok
    }
  }

  private static func error(_ text: String) -> JSONValue {
    ["jsonrpc": "2.0", "id": .null, "error": JSONRPCError(code: JSONRPCError.invalidRequest, message: text).json]
  }
}

extension JSONRPCError {
  private static func isOfVersions(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."):
      true
    default: false
    }
  }

  static func unsupportedVersion(_ requested: String) -> JSONRPCError {
    JSONRPCError(
      code: unsupportedProtocolVersion, message: "unsupported protocol version",
      data: [
        "supported": .array(MCPVersion.all.map { .string($0.rawValue) }),
        // Required, but not repeated when it can be none.
        "requested": .string(
          requested.utf8.count <= 32 && requested.utf8.allSatisfy(Self.isOfVersions) ? requested : ""),
      ])
  }
}

/// Which media types the client takes.
private struct Accept {
  var json = false
  var events = false

  init(_ request: GatewayRequest) {
    for field in request.headers.values(.accept) {
      // As nearly all clients have it.
      if field == "application/json, text/event-stream" { (json, events) = (true, true) } else { read(field) }
    }
  }

  private mutating func read(_ field: String) {
    for type in MediaType.list(field) {
      if type.is("*/*") { (json, events) = (true, true) }
      if type.is("application/json") || type.is("application/*") { json = true }
      if type.is("text/event-stream") || type.is("text/*") { events = true }
    }
  }
}

extension HTTPField.Name {
  static let mcpProtocolVersion = HTTPField.Name("MCP-Protocol-Version")!
  static let mcpSessionID = HTTPField.Name("Mcp-Session-Id")!
  static let agentgateSession = HTTPField.Name("X-AgentGate-Session")!
  static let agentgateTraceID = HTTPField.Name("X-AgentGate-Trace-Id")!
}

import AsyncHTTPClient
import CallExecution
import JSONRPC
import Logging
import NIOCore
import NIOHTTP1
import StrictJSON
import Synchronization

/// JSON-RPC to an MCP server over Streamable HTTP. Each request is a POST of its own, answered with JSON or with a stream
/// of events; closing it is the cancellation in the modern era.
///
/// The headers of a request are the operator's for this server, and what MCP mirrors from the body: nothing of the
/// gateway's own caller is in them.
final class HTTPConnection: UpstreamConnection {
  private let url: String
  private let headers: [(name: String, value: String)]
  private let limits: UpstreamLimits
  private let clients: HTTPClients
  private let deadlines = DeadlineWatch()
  private let logger: Logger
  private let onNotification: @Sendable (UpstreamNotification) -> Void
  private let onBroken: @Sendable (String) -> Void
  private let state = Mutex(State())

  private struct State {
    var nextID = 1
    var era = UpstreamEra(version: .latest)
    /// What a legacy server calls the session that `initialize` began.
    var sessionID: String?
    var end: String?
    /// By the request's id.
    var running: [Int: (call: HTTPCall, exchange: Task<UpstreamReply, Never>)] = [:]
  }

  /// - Parameters:
  ///   - headers: sent with every request, the operator's credentials among them
  ///   - onNotification: told what the server says beside its answers, but for progress
  ///   - onBroken: told once when the server can't be reached any more, or has forgotten the session
  init(
    url: String, headers: [(name: String, value: String)], limits: UpstreamLimits, clients: HTTPClients, logger: Logger,
    onNotification: @escaping @Sendable (UpstreamNotification) -> Void,
    onBroken: @escaping @Sendable (String) -> Void
  ) {
    self.url = url
    self.headers = headers
    self.limits = limits
    self.clients = clients
    self.logger = logger
    self.onNotification = onNotification
    self.onBroken = onBroken
    deadlines.start { [weak self] in self?.endOverdue() }
  }

  func speak(_ era: UpstreamEra) { state.withLock { $0.era = era } }

  func request(_ request: UpstreamRequest) async -> UpstreamReply {
    let (id, end) = state.withLock { state in
      defer { state.nextID += 1 }
      return (state.nextID, state.end)
    }
    if let end { return .notSent(end) }
    let call = HTTPCall(request, id: id)
    let exchange = Task(executorPreference: CallExecutor.shared) { await self.exchange(call) }
    let isOpen = state.withLock { state in
      state.running[id] = (call, exchange)
      return state.end == nil
    }
    defer { state.withLock { _ = $0.running.removeValue(forKey: id) } }
    if !isOpen { exchange.cancel() }
    request.handle?.onGivingUp { [weak self] in
      call.giveUp($0.text)
      self?.cancel(call, exchange)
    }
    // The call holds the handle.
    defer { request.handle?.onGivingUp(nil) }
    deadlines.note(call.deadline)
    let reply = await withTaskCancellationHandler {
      await exchange.value
    } onCancel: {
      call.giveUp("the call was cancelled")
      cancel(call, exchange)
    }
    guard let reason = call.endReason else {
      if case .result = reply { request.handle?.noteAnswered() }
      if case .error = reply { request.handle?.noteAnswered() }
      return reply
    }
    request.handle?.noteGivenUp()
    return call.isSent ? .lost(reason) : .notSent(reason)
  }

  func notify(_ method: String) async { await notify(method, params: nil) }

  func opened() async {}

  func close(because reason: String) {
    let running = state.withLock { state -> [Task<UpstreamReply, Never>] in
      guard state.end == nil else { return [] }
      state.end = reason
      return state.running.values.map(\.exchange)
    }
    for task in running { task.cancel() }
  }

  /// Tells a legacy server that its session is over, as the specification asks of clients.
  func endSession() async {
    guard let session = state.withLock({ $0.sessionID }) else { return }
    var request = HTTPClientRequest(url: url)
    request.method = .DELETE
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    request.headers.replaceOrAdd(name: "Mcp-Session-Id", value: session)
    _ = try? await clients.current.execute(request, timeout: .seconds(2))
  }

  /// Listens to what a legacy server says of its own accord; returns when it ends, or at once when it says nothing that
  /// way.
  func listen() async {
    guard let session = state.withLock({ $0.sessionID }) else { return }
    var request = HTTPClientRequest(url: url)
    request.method = .GET
    request.headers = headers(mirroring: nil)
    request.headers.replaceOrAdd(name: "Accept", value: "text/event-stream")
    request.headers.replaceOrAdd(name: "Mcp-Session-Id", value: session)
    guard let response = try? await clients.current.execute(request, deadline: .distantFuture), response.status == .ok
    else {
      return
    }
    var parser = ServerSentEventParser(maximumEventBytes: limits.line)
    do {
      for try await chunk in response.body {
        for event in try parser.events(in: chunk.readableBytesView) where event.event == "message" {
          if let value = try? JSONValue(parsing: event.data) { receive(value, for: nil) }
        }
      }
    } catch {
      // The stream's end is the end of the listening.
    }
  }
}

/// A client for each event loop, so that a call that comes in on one goes out on the same.
struct HTTPClients: Sendable {
  private let clients: [ObjectIdentifier: HTTPClient]
  private let first: HTTPClient

  init(_ configuration: HTTPClient.Configuration) {
    let clients = EventLoops.all.map { loop in
      (ObjectIdentifier(loop), HTTPClient(eventLoopGroup: loop, configuration: configuration))
    }
    self.clients = Dictionary(uniqueKeysWithValues: clients)
    first = clients[0].1
  }

  /// The current event loop's; any one elsewhere.
  var current: HTTPClient {
    EventLoops.current.flatMap { clients[ObjectIdentifier($0)] } ?? first
  }

  func shutdown() async {
    for client in clients.values { try? await client.shutdown() }
  }
}

// MARK: - One exchange

/// A request under way: when its time is over, and whether it can have reached the server.
private final class HTTPCall: Sendable {
  let request: UpstreamRequest
  let id: Int
  private struct State {
    var clock: RequestClock
    var isSent = false
    var endReason: String?
  }
  private let state: Mutex<State>

  init(_ request: UpstreamRequest, id: Int) {
    self.request = request
    self.id = id
    state = Mutex(State(clock: RequestClock(request.limits)))
  }

  var isSent: Bool { state.withLock { $0.isSent } }
  /// Why nobody waits for it any more.
  var endReason: String? { state.withLock { $0.endReason } }

  func noteSent() {
    state.withLock { $0.isSent = true }
    request.handle?.noteSent()
  }

  func noteProgress() { state.withLock { $0.clock.noteProgress() } }

  func giveUp(_ reason: String) { state.withLock { $0.endReason = $0.endReason ?? reason } }

  var deadline: ContinuousClock.Instant { state.withLock { $0.clock.deadline.0 } }

  /// Whether its time is over, which is the reason then.
  func isOverdue(at now: ContinuousClock.Instant) -> Bool {
    state.withLock { state in
      let (deadline, reason) = state.clock.deadline
      guard deadline <= now else { return false }
      state.endReason = state.endReason ?? reason
      return true
    }
  }
}

extension HTTPConnection {
  /// Ends the requests whose time is over; the next one's deadline.
  private func endOverdue() -> ContinuousClock.Instant? {
    let now = ContinuousClock.now
    var next: ContinuousClock.Instant?
    // What has been given up is cancelled already, and is told so once.
    for (call, exchange) in state.withLock({ Array($0.running.values) }) where call.endReason == nil {
      if call.isOverdue(at: now) {
        cancel(call, exchange)
      } else {
        next = min(next ?? call.deadline, call.deadline)
      }
    }
    return next
  }

  private func cancel(_ call: HTTPCall, _ exchange: Task<UpstreamReply, Never>) {
    exchange.cancel()
    guard call.isSent else { return }
    let era = state.withLock { $0.era }
    guard !era.version.isModern else {
      call.request.handle?.note(.streamClosed)
      return
    }
    // Closing the stream means nothing to a legacy server: what it accepts of the notification is all there is to know.
    Task {
      let isAccepted = await post(
        .notification(
          method: "notifications/cancelled",
          params: ["requestId": JSONValue(call.id), "reason": .string(call.endReason ?? "cancelled")]))
      call.request.handle?.note(isAccepted ? .seen : .unseen)
    }
  }

  private func exchange(_ call: HTTPCall) async -> UpstreamReply {
    let era = state.withLock { $0.era }
    let request: HTTPClient.Request
    do {
      let body = HTTPClient.Body.byteBuffer(ByteBuffer(bytes: call.request.bytes(id: call.id, era: era)))
      request = try HTTPClient.Request(
        url: url, method: .POST, headers: headers(mirroring: call.request), body: body)
    } catch {
      return unreachable("its URL can't be used: \("\(error)".prefix(200))")
    }
    if let refusal = call.request.admit?() { return .refused(refusal) }
    if Task.isCancelled { return .notSent(state.withLock { $0.end } ?? "the call was cancelled") }
    call.noteSent()
    let answer = HTTPAnswer()
    let task = clients.current.execute(request: request, delegate: answer)
    defer {
      // What still comes is for nobody: the stream is closed.
      if !answer.isOver { task.cancel() }
      answer.abandon()
    }
    return await withTaskCancellationHandler {
      await read(answer, for: call)
    } onCancel: {
      task.cancel()
    }
  }

  private func read(_ answer: HTTPAnswer, for call: HTTPCall) async -> UpstreamReply {
    do {
      switch await answer.next() {
      case .head(let head): return try await read(head, answer, for: call)
      case .body, .end: return .lost("its answer has no head")
      case .failed(let error as HTTPClientError) where error == .connectTimeout:
        return unreachable("no connection within \(limits.connect.formatted)")
      case .failed(is ChannelError): return unreachable("it can't be reached")
      case .failed(let error):
        let text = "\(error)"
        if text.contains("onnection refused") || text.contains("NIOConnectionError") {
          return unreachable("it can't be reached")
        }
        return .lost(state.withLock { $0.end } ?? "the connection failed: \(text.prefix(200))")
      }
    } catch is EventTooLarge {
      return .lost("it sent more than \(limits.line >> 20) MiB")
    } catch {
      return .lost(state.withLock { $0.end } ?? "its answer broke off: \("\(error)".prefix(200))")
    }
  }

  private func unreachable(_ reason: String) -> UpstreamReply {
    onBroken(reason)
    return .notSent(reason)
  }

  private func headers(mirroring message: UpstreamRequest?) -> HTTPHeaders {
    let (era, session) = state.withLock { ($0.era, $0.sessionID) }
    var all = HTTPHeaders()
    all.reserveCapacity(headers.count + 9)
    for (name, value) in headers { all.add(name: name, value: value) }
    all.replaceOrAdd(name: "Content-Type", value: "application/json")
    all.replaceOrAdd(name: "Accept", value: "application/json, text/event-stream")
    if let session { all.replaceOrAdd(name: "Mcp-Session-Id", value: session) }
    guard era.version.isModern, let message else {
      // A legacy client names the version once it is agreed upon.
      if message?.method != "initialize" {
        all.replaceOrAdd(name: RoutingHeaders.protocolVersion, value: era.version.rawValue)
      }
      return all
    }
    let mirrored = RoutingHeaders.headers(method: message.method, name: message.name, version: era.version.rawValue)
    for (name, value) in mirrored + message.parameterHeaders { all.replaceOrAdd(name: name, value: value) }
    return all
  }

  private func read(
    _ head: HTTPResponseHead, _ answer: HTTPAnswer, for call: HTTPCall
  ) async throws -> UpstreamReply {
    let type = MediaType((head.headers.first(name: "Content-Type") ?? "")[...])
    if call.request.method == "initialize", let session = head.headers.first(name: "Mcp-Session-Id") {
      state.withLock { $0.sessionID = session }
    }
    let status = head.status.code
    if status == 200, type.is("text/event-stream") { return try await readEvents(answer, for: call) }
    let limit = min(call.request.limits.resultBytes, limits.line)
    var bytes: [UInt8] = []
    while let chunk = try await answer.nextBytes() {
      guard bytes.count + chunk.readableBytes <= limit else { return .lost("its result has more than \(limit) bytes") }
      bytes.append(contentsOf: chunk.readableBytesView)
    }
    if status == 404, call.request.method != "initialize", state.withLock({ $0.sessionID != nil }) {
      onBroken("it has forgotten the session")
      return .notSent("it has forgotten the session")
    }
    if type.is("application/json"), !bytes.isEmpty {
      do throws(JSONError) {
        if let reply = receive(try await Self.value(of: bytes), for: call, isAlone: true) { return reply }
      } catch {
        if status == 200 { return .lost("its answer is not valid JSON: \(error.message) at \(error.path)") }
      }
    }
    switch status {
    case 200..<300: return .lost("it answered HTTP \(status) without an answer")
    case 500...: return .lost("it answered HTTP \(status)")
    default: return .error(JSONRPCError(code: JSONRPCError.internalError, message: "it answered HTTP \(status)"))
    }
  }

  /// What is long isn't read on an event loop, which has others to serve.
  private static func value(of bytes: [UInt8]) async throws(JSONError) -> JSONValue {
    guard bytes.count > LineChannel.shortLine else { return try JSONValue(parsing: bytes) }
    return try await withTaskExecutorPreference(globalConcurrentExecutor) { () throws(JSONError) in
      try JSONValue(parsing: bytes)
    }
  }

  private func readEvents(_ answer: HTTPAnswer, for call: HTTPCall) async throws -> UpstreamReply {
    var parser = ServerSentEventParser(maximumEventBytes: limits.line)
    while let chunk = try await answer.nextBytes() {
      for event in try parser.events(in: chunk.readableBytesView) where event.event == "message" && !event.data.isEmpty
      {
        let value: JSONValue
        do throws(JSONError) {
          value = try await Self.value(of: event.data)
        } catch {
          // What can't be read at all is no answer; what seems to be one depends on who reads it.
          let lenient = try? JSONValue(parsing: event.data, options: .lenient)
          guard lenient?["id"]?.intValue == call.id, lenient?["method"] == nil else { continue }
          return .lost("its answer is not valid JSON: \(error.message) at \(error.path)")
        }
        guard let reply = receive(value, for: call) else { continue }
        let limit = call.request.limits.resultBytes
        return event.data.count <= limit ? reply : .lost("its result has more than \(limit) bytes")
      }
    }
    return .lost("its stream ended without an answer")
  }

  /// The reply when the message is one to the call.
  ///
  /// - Parameter isAlone: it is all that was answered; in a stream, what is no message and names no request is passed over
  @discardableResult
  private func receive(_ value: JSONValue, for call: HTTPCall?, isAlone: Bool = false) -> UpstreamReply? {
    do throws(InvalidJSONRPCMessage) {
      switch try JSONRPCMessage(value) {
      case .result(.number(let id), let result) where id == call?.id: return .result(result)
      case .error(.number(let id)?, let error) where id == call?.id: return .error(error)
      // An error that couldn't name its request answers the one that it comes back for.
      case .error(nil, let error) where call != nil: return .error(error)
      case .result, .error: return nil
      case .notification("notifications/progress", let params):
        guard let call, params?["progressToken"]?.intValue == call.id, var object = params?.objectValue else {
          return nil
        }
        call.noteProgress()
        object["progressToken"] = nil
        call.request.onProgress?(object)
      case .notification(let method, let params):
        onNotification(UpstreamNotification(method: method, params: params))
      case .request(let id, let method, _):
        // Refused rather than left open, so that no server waits for us.
        let refusal = JSONRPCMessage.error(
          id: id, JSONRPCError(code: JSONRPCError.methodNotFound, message: "method not found: \(method.prefix(100))"))
        Task { await self.post(method == "ping" ? .result(id: id, [:]) : refusal) }
      }
      return nil
    } catch {
      guard let call, error.id == .number(call.id) || error.id == nil && isAlone else { return nil }
      return value["method"] == nil ? .lost("its answer is no JSON-RPC message: \(error.message)") : nil
    }
  }

  private func notify(_ method: String, params: JSONValue?) async {
    await post(.notification(method: method, params: params))
  }

  /// Whether the server accepted it.
  @discardableResult
  private func post(_ message: JSONRPCMessage) async -> Bool {
    var request = HTTPClientRequest(url: url)
    request.method = .POST
    request.headers = headers(mirroring: nil)
    request.body = .bytes(ByteBuffer(bytes: message.serialized()))
    let response = try? await clients.current.execute(request, timeout: .seconds(10))
    return response.map { (200..<300).contains($0.status.code) } ?? false
  }
}

import HTTPExchange
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
  private let headers: [(name: String, value: String)]
  private let limits: UpstreamLimits
  private let origin: HTTPOrigin
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
    /// What all requests of this era and session have.
    var headers = HTTPHeaders() {
      didSet {
        lines = HTTPFieldLines(headers)
        callLines = lines
        for (name, value) in RoutingHeaders.headers(method: "tools/call", name: nil, version: era.version.rawValue) {
          callLines.add(name, value)
        }
      }
    }
    private(set) var lines = HTTPFieldLines()
    /// Those of a modern call, but for what differs from call to call.
    private(set) var callLines = HTTPFieldLines()
    /// By the request's id.
    var running: [Int: HTTPCall] = [:]
  }

  /// - Parameters:
  ///   - headers: sent with every request, the operator's credentials among them
  ///   - onNotification: told what the server says beside its answers, but for progress
  ///   - onBroken: told once when the server can't be reached any more, or has forgotten the session
  init(
    to origin: HTTPOrigin, headers: [(name: String, value: String)], limits: UpstreamLimits, logger: Logger,
    onNotification: @escaping @Sendable (UpstreamNotification) -> Void,
    onBroken: @escaping @Sendable (String) -> Void
  ) {
    self.origin = origin
    self.headers = headers
    self.limits = limits
    self.logger = logger
    self.onNotification = onNotification
    self.onBroken = onBroken
    state.withLock { $0.headers = commonHeaders(in: $0) }
    deadlines.start { [weak self] in self?.endOverdue() }
  }

  func speak(_ era: UpstreamEra) {
    state.withLock { state in
      state.era = era
      state.headers = commonHeaders(in: state)
    }
  }

  func request(_ request: UpstreamRequest) async -> UpstreamReply {
    let (id, end) = state.withLock { state in
      defer { state.nextID += 1 }
      return (state.nextID, state.end)
    }
    if let end { return .notSent(end) }
    let call = HTTPCall(request, id: id)
    state.withLock { state in
      state.running[id] = call
      if let end = state.end { call.giveUp(end) }
    }
    defer { state.withLock { _ = $0.running.removeValue(forKey: id) } }
    request.handle?.onGivingUp { [weak self] in self?.giveUp(call, because: $0.text) }
    // The call holds the handle.
    defer { request.handle?.onGivingUp(nil) }
    deadlines.note(call.deadline)
    let reply = await withTaskCancellationHandler {
      await exchange(call)
    } onCancel: {
      giveUp(call, because: "the call was cancelled")
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
    let running = state.withLock { state -> [HTTPCall] in
      guard state.end == nil else { return [] }
      state.end = reason
      return Array(state.running.values)
    }
    for call in running { call.giveUp(reason) }
  }

  /// Tells a legacy server that its session is over, as the specification asks of clients.
  func endSession() async {
    guard state.withLock({ $0.sessionID }) != nil else { return }
    _ = await status(of: .DELETE, nil, within: .seconds(2))
  }

  /// Listens to what a legacy server says of its own accord; returns when it ends, or at once when it says nothing that
  /// way.
  func listen() async {
    let (headers, session) = state.withLock { ($0.headers, $0.sessionID) }
    guard session != nil else { return }
    var accepting = headers
    accepting.replaceOrAdd(name: "Accept", value: "text/event-stream")
    let answer = HTTPAnswer()
    await withTaskCancellationHandler {
      origin.send(.GET, HTTPFieldLines(accepting), nil, answer: answer)
      defer { answer.cancel() }
      guard case .head(let head) = await answer.next(), head.status == .ok else { return }
      var parser = ServerSentEventParser(maximumEventBytes: limits.line)
      // The stream's end is the end of the listening, however it ends.
      while let chunk = try? await answer.nextBytes() {
        guard let events = try? parser.events(in: chunk.readableBytesView) else { return }
        for event in events where event.event == "message" {
          if let value = try? JSONValue(parsing: event.data) { receive(value, for: nil) }
        }
      }
    } onCancel: {
      answer.cancel()
    }
  }
}

// MARK: - One exchange

/// A request under way: when its time is over, whether it can have reached the server, and where its answer comes in.
private final class HTTPCall: Sendable {
  let request: UpstreamRequest
  let id: Int
  private struct State {
    var clock: RequestClock
    var answer: HTTPAnswer?
    var endReason: String?
  }
  private let state: Mutex<State>

  init(_ request: UpstreamRequest, id: Int) {
    self.request = request
    self.id = id
    state = Mutex(State(clock: RequestClock(request.limits)))
  }

  var isSent: Bool { state.withLock { $0.answer != nil } }
  /// Why nobody waits for it any more.
  var endReason: String? { state.withLock { $0.endReason } }

  /// False when it was given up before: then it isn't to be sent.
  func send(for answer: HTTPAnswer) -> Bool {
    let isWanted = state.withLock { state in
      guard state.endReason == nil else { return false }
      state.answer = answer
      return true
    }
    if isWanted { request.handle?.noteSent() }
    return isWanted
  }

  func noteProgress() { state.withLock { $0.clock.noteProgress() } }

  /// Whether it is the first time.
  @discardableResult
  func giveUp(_ reason: String) -> Bool {
    let (isFirst, answer) = state.withLock { state in
      defer { state.endReason = state.endReason ?? reason }
      return (state.endReason == nil, state.answer)
    }
    answer?.cancel()
    return isFirst
  }

  var deadline: ContinuousClock.Instant { state.withLock { $0.clock.deadline } }

  /// Why its time is over; absent while it isn't.
  func overdueReason(at now: ContinuousClock.Instant) -> String? {
    state.withLock { $0.clock.deadline <= now ? $0.clock.reason : nil }
  }
}

extension HTTPConnection {
  /// Ends the requests whose time is over; the next one's deadline.
  private func endOverdue() -> ContinuousClock.Instant? {
    let now = ContinuousClock.now
    var next: ContinuousClock.Instant?
    for call in state.withLock({ Array($0.running.values) }) where call.endReason == nil {
      if let reason = call.overdueReason(at: now) {
        giveUp(call, because: reason)
      } else {
        next = min(next ?? call.deadline, call.deadline)
      }
    }
    return next
  }

  private func giveUp(_ call: HTTPCall, because reason: String) {
    // The server is told once.
    guard call.giveUp(reason), call.isSent else { return }
    // Before what the server made of it, which may be all that a receipt waits for.
    call.request.handle?.noteGivenUp()
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
    let (era, fields) = state.withLock { ($0.era, Self.fields($0, mirroring: call.request)) }
    let body = call.request.bytes(id: call.id, era: era)
    if let refusal = call.request.admit?() { return .refused(refusal) }
    let answer = HTTPAnswer()
    guard call.send(for: answer) else { return .notSent(call.endReason ?? "the call was cancelled") }
    origin.send(.POST, fields, body, answer: answer)
    // What still comes after the reply is for nobody: the stream is closed.
    defer { answer.cancel() }
    return await read(answer, for: call)
  }

  private func read(_ answer: HTTPAnswer, for call: HTTPCall) async -> UpstreamReply {
    do {
      switch await answer.next() {
      case .head(let head): return try await read(head, answer, for: call)
      case .body, .end: return .lost("its answer has no head")
      case .failed(let error as HTTPUnreachable):
        return unreachable(
          error.isTimeout ? "no connection within \(limits.connect.formatted)" : "it can't be reached: \(error.reason)")
      case .failed(let error):
        return .lost(state.withLock { $0.end } ?? "the connection failed: \("\(error)".prefix(200))")
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

  /// What all requests have, but for what they mirror from their bodies.
  private func commonHeaders(in state: State) -> HTTPHeaders {
    var all = HTTPHeaders()
    for (name, value) in headers { all.add(name: name, value: value) }
    all.replaceOrAdd(name: "Content-Type", value: "application/json")
    all.replaceOrAdd(name: "Accept", value: "application/json, text/event-stream")
    if let session = state.sessionID { all.replaceOrAdd(name: "Mcp-Session-Id", value: session) }
    if !state.era.version.isModern {
      all.replaceOrAdd(name: RoutingHeaders.protocolVersion, value: state.era.version.rawValue)
    }
    return all
  }

  private static func fields(_ state: State, mirroring message: UpstreamRequest) -> HTTPFieldLines {
    let era = state.era
    let isModern = era.version.isModern
    let parameters = isModern ? message.parameterHeaders : []
    if isModern, message.method == "tools/call", let name = message.name, parameters.isEmpty,
      message.credentialHeader == nil
    {
      var all = state.callLines
      all.add(RoutingHeaders.name, MCPHeaderValue.encoded(name))
      return all
    }
    // A legacy client names the version once it is agreed upon.
    let begins = !isModern && message.method == "initialize"
    var all = state.lines
    if message.credentialHeader != nil || !parameters.isEmpty || begins {
      // Some take the place of the operator's.
      var own = state.headers
      if let credential = message.credentialHeader { own.replaceOrAdd(name: credential.name, value: credential.value) }
      for (name, value) in parameters { own.replaceOrAdd(name: name, value: value) }
      if begins { own.remove(name: RoutingHeaders.protocolVersion) }
      all = HTTPFieldLines(own)
    }
    guard isModern else { return all }
    // The operator's can't have these names.
    for (name, value) in RoutingHeaders.headers(
      method: message.method, name: message.name, version: era.version.rawValue)
    {
      all.add(name, value)
    }
    return all
  }

  private func read(
    _ head: HTTPResponseHead, _ answer: HTTPAnswer, for call: HTTPCall
  ) async throws -> UpstreamReply {
    let type = head.mediaType
    if call.request.method == "initialize", let session = head.headers.first(name: "Mcp-Session-Id") {
      state.withLock { state in
        state.sessionID = session
        state.headers = commonHeaders(in: state)
      }
    }
    let status = head.status.code
    if status == 200, type.is("text/event-stream") { return try await readEvents(answer, for: call) }
    let limit = min(call.request.limits.resultBytes, limits.line)
    var bytes: [UInt8] = []
    while true {
      // What has come already isn't worth an asynchronous step.
      let part: HTTPAnswer.Part
      if let next = answer.nextAtOnce() { part = next } else { part = await answer.next() }
      guard let chunk = try part.bytes() else { break }
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
    let status = await status(of: .POST, message.serialized(), within: .seconds(10))
    return status.map { (200..<300).contains($0) } ?? false
  }

  /// Of a request whose answer's body nobody needs; absent when there is none in time.
  private func status(of method: HTTPMethod, _ body: [UInt8]?, within time: Duration) async -> UInt? {
    let answer = HTTPAnswer()
    let timer = Task {
      try await Task.sleep(for: time)
      answer.cancel()
    }
    defer { timer.cancel() }
    return await withTaskCancellationHandler {
      origin.send(method, state.withLock { $0.lines }, body, answer: answer)
      guard case .head(let head) = await answer.next() else { return nil }
      if head.mediaType.is("text/event-stream") {
        answer.cancel()
      } else {
        // Read to its end, so that the connection can be used again.
        while (try? await answer.nextBytes()) != nil {}
      }
      return head.status.code
    } onCancel: {
      answer.cancel()
    }
  }
}

extension HTTPResponseHead {
  /// Of no name when the server states none.
  fileprivate var mediaType: MediaType { MediaType((headers.first(name: "Content-Type") ?? "")[...]) }
}

extension HTTPUnreachable {
  fileprivate var isTimeout: Bool {
    if case ChannelError.connectTimeout = cause { true } else { false }
  }
}

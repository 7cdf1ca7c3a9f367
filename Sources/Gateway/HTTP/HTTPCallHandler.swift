import CallExecution
import HTTPExchange
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1

/// Answers calls (`Route.isCall`) where they come in, on their connection's event loop; every other request passes to the
/// handlers behind it, whose layers would cost a call more than its decision does.
///
/// One request at a time, whoever answers it: what comes meanwhile is held.
final class HTTPCallHandler: ChannelDuplexHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  /// Between requests, and between the parts of one.
  static let idleTimeout: TimeAmount = .seconds(60)
  /// How long a client waits before it learns that its request is under way.
  static let patience: TimeAmount = .seconds(10)
  private static let bodyDeadline = TimeAmount(GatewayRequest.bodyDeadline)
  /// After it has closed its side, which may mean that it waits for its answer all the same, if that is near.
  static let lastPatience: TimeAmount = .milliseconds(100)
  /// For a client that is still sending when its request is refused, to read why.
  static let farewell: TimeAmount = .seconds(2)
  /// Bytes of requests that wait for their turn; beyond, the connection isn't read.
  static let heldLimit = 262_144

  private enum Phase {
    case betweenRequests
    /// A request that the handlers behind this one answer.
    case passing
    case reading
    case answering
    /// Nothing more is read or answered.
    case closing
  }

  private let responder: GatewayResponder
  private let wire: ChannelHandlerContext
  private var context: ChannelHandlerContext?
  private var phase = Phase.betweenRequests
  /// Of a request that passes.
  private var (isRead, isAnswered) = (false, false)

  /// Of the call that is read or answered.
  private var head: HTTPRequestHead?
  private var target = RequestTarget("")
  private var route: Route?
  private var body: ByteBuffer?
  private var client: RequestClient?
  /// It has been answered with a stream in place of what is still being worked on.
  private var isLate = false
  /// What still comes of its body is for nobody, and the connection ends with the answer.
  private var isRefused = false
  private var began = NIODeadline.uptimeNanoseconds(0)

  private var held = CircularBuffer<HTTPServerRequestPart>()
  private var heldBytes = 0
  /// What ends the connection's input, once those that are held have had their turn.
  private var heldError: (any Error)?
  private var hasInputEnded = false
  private var isReadHeld = false
  /// The server shuts down: the connection ends with the answer.
  private var isQuiescing = false

  private var lastActive = NIODeadline.now()
  private var idleCheck: Scheduled<Void>?
  private var patienceCheck: Scheduled<Void>?
  private var date = HTTPDate()

  /// - Parameter wire: where bytes go out that need no encoding any more
  init(_ responder: GatewayResponder, wire: ChannelHandlerContext) {
    self.responder = responder
    self.wire = wire
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    checkIdleness(in: Self.idleTimeout)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    end()
  }

  func channelInactive(context: ChannelHandlerContext) {
    end()
    context.fireChannelInactive()
  }

  private func end() {
    phase = .closing
    idleCheck?.cancel()
    patienceCheck?.cancel()
    (idleCheck, patienceCheck) = (nil, nil)
    held.removeAll()
    client?.leave()
    client = nil
  }

  // MARK: Coming in

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { take(unwrapInboundIn(data)) }

  func take(_ part: HTTPServerRequestPart) {
    guard let context else { return }
    lastActive = .now()
    if held.isEmpty, take(part, context) { return }
    held.append(part)
    heldBytes += Self.size(part)
  }

  /// False when it isn't the part's turn yet.
  private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) -> Bool {
    switch (phase, part) {
    case (.betweenRequests, .head(let head)):
      let target = RequestTarget(head.uri)
      let route = head.method == .POST ? responder.callRoute(.post, target) : nil
      guard let route else {
        phase = .passing
        (isRead, isAnswered) = (false, false)
        context.fireChannelRead(wrapInboundOut(part))
        return true
      }
      phase = .reading
      (self.head, self.target, self.route) = (head, target, route)
      began = lastActive
      if GatewayRequest.isTooLarge(contentLength: head.headers.first(name: "Content-Length")) {
        refuse(.bodyTooLarge, context)
      }
    case (.passing, .end):
      isRead = true
      context.fireChannelRead(wrapInboundOut(part))
      if isAnswered { phase = .betweenRequests }
    case (.passing, .body) where !isRead, (.betweenRequests, _): context.fireChannelRead(wrapInboundOut(part))
    case (.passing, _): return false
    case (.reading, .body(var bytes)):
      if (body?.readableBytes ?? 0) + bytes.readableBytes > GatewayRequest.bodyLimit {
        refuse(.bodyTooLarge, context)
      } else if lastActive - began > Self.bodyDeadline {
        refuse(.bodyTooSlow, context)
      } else if body == nil {
        body = bytes
      } else {
        body?.writeBuffer(&bytes)
      }
    case (.reading, .end): answer(.read(body.map { Array($0.readableBytesView) } ?? []), context)
    case (.reading, .head): break
    case (.answering, .body) where isRefused, (.answering, .end) where isRefused, (.closing, _): break
    case (.answering, _): return false
    }
    return true
  }

  private static func size(_ part: HTTPServerRequestPart) -> Int {
    // A head's own size isn't known here; the decoder bounds it.
    if case .body(let bytes) = part { bytes.readableBytes } else { 1_024 }
  }

  func read(context: ChannelHandlerContext) {
    guard heldBytes <= Self.heldLimit else {
      isReadHeld = true
      return
    }
    context.read()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch phase {
    case .reading: refuse(.bodyUnreadable, context)
    case .answering: heldError = heldError ?? error
    case .passing where !held.isEmpty: heldError = heldError ?? error
    case .betweenRequests, .passing: context.fireErrorCaught(error)
    case .closing: break
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case ChannelEvent.inputClosed where phase == .answering || phase == .reading || !held.isEmpty:
      hasInputEnded = true
      guard let client else { return }
      context.eventLoop.assumeIsolated().scheduleTask(in: Self.lastPatience) { client.leave() }
    case is ChannelShouldQuiesceEvent where phase == .answering || phase == .reading: isQuiescing = true
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  /// Those that were held have their turn, until one of them has to wait.
  private func takeHeld(_ context: ChannelHandlerContext) {
    guard phase == .betweenRequests else { return }
    var hasPassed = false
    while let part = held.popFirst() {
      guard take(part, context) else {
        held.prepend(part)
        break
      }
      heldBytes -= Self.size(part)
      hasPassed = true
    }
    if hasPassed { context.fireChannelReadComplete() }
    if isReadHeld, heldBytes <= Self.heldLimit {
      isReadHeld = false
      context.read()
    }
    guard held.isEmpty, phase == .betweenRequests || phase == .passing else { return }
    if let error = heldError {
      heldError = nil
      context.fireErrorCaught(error)
    }
    if hasInputEnded {
      hasInputEnded = false
      context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    }
  }

  // MARK: Going out

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    context.write(data, promise: promise)
    guard phase == .passing, case .end = unwrapOutboundIn(data) else { return }
    isAnswered = true
    guard isRead else { return }
    phase = .betweenRequests
    lastActive = .now()
    takeHeld(context)
  }

  private func refuse(_ error: ErrorResponse, _ context: ChannelHandlerContext) {
    isRefused = true
    answer(.failed(error), context)
  }

  private func answer(_ content: GatewayRequest.Content, _ context: ChannelHandlerContext) {
    guard let head else { return }
    phase = .answering
    began = lastActive
    if patienceCheck == nil { checkPatience(in: Self.patience) }
    let client = RequestClient()
    self.client = client
    let request = GatewayRequest(
      method: .post, target: target, headers: RequestHeaders(pairs: head.headers.map { ($0.name, $0.value) }),
      content: content, client: client, route: route)
    let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
    Task(executorPreference: CallExecutor.shared) { [responder] in
      await CallResponseWriter.send(await responder.respond(to: request), to: client, on: handler)
    }
  }

  /// A stream begins in place of the answer that the client has waited for; false when there is none to begin.
  private func answerLate() -> Bool {
    guard let client, let context, let response = client.lateResponse() else { return false }
    isLate = true
    let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
    Task(executorPreference: CallExecutor.shared) {
      await CallResponseWriter.send(response, to: client, isLate: true, on: handler)
    }
    return true
  }

  /// Whether what is to be written is the answer, or a part of it, that this client gets.
  fileprivate func isAnswering(_ client: RequestClient, isLate: Bool) -> Bool {
    phase == .answering && self.client === client && self.isLate == isLate
  }

  /// The call's answer, or a part of it.
  ///
  /// - Parameters:
  ///   - response: with the first part
  ///   - isEnd: it is the last part
  fileprivate func write(_ response: Response?, _ bytes: ByteBuffer?, isEnd: Bool, _ promise: EventLoopPromise<Void>?) {
    guard let context, let head else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    if let response {
      let fields = ResponseFields(response)
      isRefused = isRefused || fields.closes
      if isEnd, let bytes, fields.stateLength, head.version == .http1_1, response.status != .noContent {
        return finish(head, whole(response, fields, bytes, to: head), promise, context)
      }
      context.write(wrapOutboundOut(.head(encoded(response, fields, to: head))), promise: nil)
    }
    if let bytes, bytes.readableBytes > 0 {
      context.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: isEnd ? nil : promise)
    } else if !isEnd {
      promise?.succeed()
    }
    if isEnd { finish(head, nil, promise, context) } else { context.flush() }
  }

  private func encoded(
    _ response: Response, _ fields: ResponseFields, to head: HTTPRequestHead
  ) -> HTTPResponseHead {
    var headers = HTTPHeaders()
    headers.reserveCapacity(response.headers.count + 2)
    eachField(of: response, fields, to: head) { headers.add(name: $0, value: $1) }
    let status = HTTPResponseStatus(statusCode: response.status.code, reasonPhrase: response.status.reasonPhrase)
    return HTTPResponseHead(version: head.version, status: status, headers: headers)
  }

  /// The response's fields, and those that the connection adds.
  private func eachField(
    of response: Response, _ fields: ResponseFields, to head: HTTPRequestHead, _ add: (String, String) -> Void
  ) {
    for field in response.headers { add(field.name.rawName, field.value) }
    add("Date", date.now())
    if isLast(head), !fields.haveConnection { add("Connection", "close") }
  }

  /// The bytes of an answer of HTTP/1.1 that states its length. Fields of `HTTPTypes` are valid.
  private func whole(
    _ response: Response, _ fields: ResponseFields, _ body: ByteBuffer, to head: HTTPRequestHead
  ) -> ByteBuffer {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(512 + body.readableBytes)
    bytes.append(text: "HTTP/1.1 ")
    bytes.append(text: String(response.status.code))
    bytes.append(UInt8(ascii: " "))
    bytes.append(text: response.status.reasonPhrase)
    bytes.endLine()
    eachField(of: response, fields, to: head) { bytes.append(field: $0, $1) }
    bytes.endLine()
    body.withUnsafeReadableBytes { bytes.append(contentsOf: $0) }
    return ByteBuffer(bytes: bytes)
  }

  fileprivate func closeConnection() { context?.close(promise: nil) }

  private func isLast(_ head: HTTPRequestHead) -> Bool {
    isRefused || isQuiescing || !head.isKeepAlive || head.version != .http1_1
  }

  /// - Parameter whole: the answer, when nothing of it has been written
  private func finish(
    _ head: HTTPRequestHead, _ whole: ByteBuffer?, _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext
  ) {
    client?.forget()
    (self.head, route, body, client, isLate) = (nil, nil, nil, nil, false)
    // From now on the client has the idle timeout's time to take the answer.
    lastActive = .now()
    guard isLast(head) else {
      writeEnd(whole, promise, context)
      phase = .betweenRequests
      takeHeld(context)
      return
    }
    phase = .closing
    let written = promise ?? context.eventLoop.makePromise(of: Void.self)
    let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
    written.futureResult.whenComplete { [isRefused] _ in
      guard let context = handler.value.context else { return }
      guard isRefused else { return context.close(promise: nil) }
      // Closed at once, what it still sends would make its system drop the answer.
      context.close(mode: .output, promise: nil)
      context.eventLoop.scheduleTask(in: Self.farewell) { handler.value.context?.close(promise: nil) }
    }
    writeEnd(whole, written, context)
  }

  private func writeEnd(_ whole: ByteBuffer?, _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext) {
    if let whole {
      wire.writeAndFlush(NIOAny(whole), promise: promise)
    } else {
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: promise)
    }
  }

  // MARK: Time

  private func checkIdleness(in time: TimeAmount) {
    guard let context else { return }
    idleCheck = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [weak self] in
      guard let self, let context = self.context else { return }
      let isWaitedFor = phase == .answering || phase == .passing && isRead
      let rest = isWaitedFor ? Self.idleTimeout : lastActive + Self.idleTimeout - .now()
      if rest > .zero { checkIdleness(in: rest) } else { context.close(promise: nil) }
    }
  }

  /// One timer for the calls of ten seconds, however many there are.
  private func checkPatience(in time: TimeAmount) {
    guard let context else { return }
    patienceCheck = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [weak self] in
      guard let self else { return }
      patienceCheck = nil
      guard phase == .answering, !isLate else { return }
      let rest = began + Self.patience - .now()
      if rest > .zero {
        checkPatience(in: rest)
      } else if !answerLate() {
        // The work may not have come so far that there is anything to say.
        checkPatience(in: .seconds(1))
      }
    }
  }
}

/// What its fields say of how a response goes out, from one look at them: each lookup is one.
private struct ResponseFields {
  private(set) var haveConnection = false
  /// The connection ends with the response.
  private(set) var closes = false
  private(set) var stateLength = false

  init(_ response: Response) {
    for field in response.headers {
      if field.name == .connection {
        haveConnection = true
        closes = field.value == "close"
      } else if field.name == .contentLength {
        stateLength = true
      }
    }
  }
}

/// Writes the answer of one call. An answer whose length is known goes out in one piece.
private struct CallResponseWriter: ResponseBodyWriter, Sendable {
  let handler: NIOLoopBound<HTTPCallHandler>
  let client: RequestClient
  let isLate: Bool
  /// Absent once it has been sent.
  private var response: Response?
  private let isWhole: Bool
  private var whole: ByteBuffer?

  private init(handler: NIOLoopBound<HTTPCallHandler>, client: RequestClient, isLate: Bool, response: Response) {
    self.handler = handler
    self.client = client
    self.isLate = isLate
    self.response = response
    isWhole = response.body.contentLength != nil
  }

  /// - Parameter isLate: it is a stream in place of an answer that isn't there yet
  static func send(
    _ response: Response, to client: RequestClient, isLate: Bool = false, on handler: NIOLoopBound<HTTPCallHandler>
  ) async {
    let writer = CallResponseWriter(handler: handler, client: client, isLate: isLate, response: response)
    do {
      try await response.body.write(writer)
    } catch {
      // An answer that breaks off, whose client is told so by the connection's end.
      writer.run({ $0.closeConnection() }, else: {})
    }
  }

  mutating func write(_ buffer: ByteBuffer) async throws {
    guard isWhole else {
      let promise = handler.eventLoop.makePromise(of: Void.self)
      run(
        { [response] in $0.write(response, buffer, isEnd: false, promise) },
        else: { promise.fail(ChannelError.ioOnClosedChannel) })
      response = nil
      // Not faster than the client reads.
      return try await promise.futureResult.get()
    }
    guard whole != nil else {
      whole = buffer
      return
    }
    whole?.writeImmutableBuffer(buffer)
  }

  consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
    run({ [response, whole] in $0.write(response, whole ?? ByteBuffer(), isEnd: true, nil) }, else: {})
  }

  /// On the connection's event loop.
  ///
  /// - Parameter otherwise: in place of `act` when the client has gone, or gets another answer
  private func run(
    _ act: @escaping @Sendable (HTTPCallHandler) -> Void, else otherwise: @escaping @Sendable () -> Void
  ) {
    let act: @Sendable () -> Void = { [handler, client, isLate] in
      if handler.value.isAnswering(client, isLate: isLate) { act(handler.value) } else { otherwise() }
    }
    if handler.eventLoop.inEventLoop { act() } else { handler.eventLoop.execute(act) }
  }
}

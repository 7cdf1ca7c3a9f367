import CallExecution
import Glibc
public import NIOCore
public import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOTLS

/// HTTP/1.1 to one server. Each event loop has connections of its own, which are kept open between requests, so that a
/// call that comes in on a loop goes out on the same, and its answer comes back there.
///
/// Nothing is sent twice and no redirection is followed.
public final class HTTPOrigin: Sendable {
  /// Below what servers keep idle connections for (uvicorn: 5 s): a request on one that closes just then is lost.
  public static let idleTimeout: TimeAmount = .seconds(3)
  /// Of each event loop; further requests wait.
  public static let connectionLimit = 256

  /// The rest of the request line, and the `Host` field.
  private let lineAfterMethod: String
  private let pools: [ObjectIdentifier: NIOLoopBoundBox<HTTPPool>]
  private let first: NIOLoopBoundBox<HTTPPool>

  /// - Parameter connectTimeout: for the connection, TLS included
  /// - Throws: when TLS can't be set up
  public init(_ target: HTTPTarget, connectTimeout: TimeAmount) throws {
    lineAfterMethod = " \(target.path) HTTP/1.1\r\nHost: \(target.authority)\r\n"
    var tls: NIOSSLContext?
    if target.isSecure {
      var configuration = TLSConfiguration.makeClientConfiguration()
      configuration.applicationProtocols = ["http/1.1"]
      tls = try NIOSSLContext(configuration: configuration)
    }
    let pools = EventLoops.all.map { [tls] loop in
      let pool = NIOLoopBoundBox.makeBoxSendingValue(
        HTTPPool(target, loop, tls, connectTimeout: connectTimeout), as: HTTPPool.self, eventLoop: loop)
      return (loop: ObjectIdentifier(loop), pool: pool)
    }
    self.pools = Dictionary(uniqueKeysWithValues: pools)
    first = pools[0].pool
  }

  /// Sends a request; `answer` gets what comes of it.
  ///
  /// - Parameters:
  ///   - fields: without `Host`, `Content-Length` and `Transfer-Encoding`
  ///   - body: absent for methods without one
  public func send(_ method: HTTPMethod, _ fields: HTTPFieldLines, _ body: [UInt8]?, answer: HTTPAnswer) {
    let request = HTTPPool.Request(
      method: method, bytes: ByteBuffer(bytes: bytes(of: method, fields, body)), answer: answer)
    if let loop = EventLoops.current, let pool = pools[ObjectIdentifier(loop)] {
      pool.value.send(request)
    } else {
      first.eventLoop.execute { [first] in first.value.send(request) }
    }
  }

  private func bytes(of method: HTTPMethod, _ fields: HTTPFieldLines, _ body: [UInt8]?) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(256 + fields.bytes.count + (body?.count ?? 0))
    bytes.append(text: method.rawValue)
    bytes.append(text: lineAfterMethod)
    bytes.append(contentsOf: fields.bytes)
    if let body {
      bytes.append(text: "Content-Length: ")
      bytes.append(text: String(body.count))
      bytes.endLine()
    }
    bytes.endLine()
    if let body { bytes.append(contentsOf: body) }
    return bytes
  }

  /// Ends all connections; what is under way fails.
  public func shutdown() async {
    for pool in pools.values { try? await pool.eventLoop.submit { pool.value.shutdown() }.get() }
  }
}

/// The server couldn't be connected to: nothing has been sent.
public struct HTTPUnreachable: Error {
  public let cause: any Error

  /// The cause in a few words, for an operator.
  public var reason: String { Self.words(for: cause) }

  private static func words(for cause: any Error) -> String {
    switch cause {
    case let error as NIOConnectionError:
      if let attempt = error.connectionErrors.first { return words(for: attempt.error) }
      return "its name can't be resolved"
    case let error as IOError: return String(cString: strerror(error.errnoCode))
    case ChannelError.connectTimeout: return "no connection in time"
    case ChannelError.eof: return "it closed the connection"
    case is NIOSSLError, is NIOSSLExtraError: return "TLS failed: \("\(cause)".prefix(300))"
    default: return String("\(cause)".prefix(300))
    }
  }
}

/// The connections of one event loop to one server. For that loop alone.
private final class HTTPPool {
  struct Request: Sendable {
    var method: HTTPMethod
    /// The whole request.
    var bytes: ByteBuffer
    var answer: HTTPAnswer
  }

  private let target: HTTPTarget
  private let loop: any EventLoop
  private let tls: NIOSSLContext?
  private let connectTimeout: TimeAmount
  /// The one that was used last is at the end.
  private var idle: [HTTPExchanges] = []
  /// All that are connected, or are about to be.
  private var open: [ObjectIdentifier: HTTPExchanges] = [:]
  private var waiting = CircularBuffer<Request>()
  private var sweep: Scheduled<Void>?
  private var isShut = false

  init(_ target: HTTPTarget, _ loop: any EventLoop, _ tls: NIOSSLContext?, connectTimeout: TimeAmount) {
    self.target = target
    self.loop = loop
    self.tls = tls
    self.connectTimeout = connectTimeout
  }

  func send(_ request: Request) {
    if isShut {
      request.answer.give([.failed(HTTPUnreachable(cause: ChannelError.alreadyClosed))])
    } else if let connection = idleConnection() {
      connection.send(request)
    } else if open.count < HTTPOrigin.connectionLimit {
      connect(for: request)
    } else {
      waiting.append(request)
    }
  }

  private func idleConnection() -> HTTPExchanges? {
    while let connection = idle.popLast() {
      if connection.isOpen { return connection }
      forget(connection)
    }
    return nil
  }

  private func connect(for request: Request) {
    let connection = HTTPExchanges(self, first: request, isSecure: tls != nil)
    open[ObjectIdentifier(connection)] = connection
    let bound = NIOLoopBound(connection, eventLoop: loop)
    ClientBootstrap(group: loop)
      .connectTimeout(connectTimeout)
      .connect(host: target.host, port: target.port)
      // Only the one of a name's addresses that answered first gets handlers.
      .flatMapThrowing { [tls, target, connectTimeout] channel in
        do {
          let pipeline = channel.pipeline.syncOperations
          if let tls {
            // An address is no name that could be asked for.
            let name = (try? SocketAddress(ipAddress: target.host, port: 0)) == nil ? target.host : nil
            try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name))
          }
          try bound.value.addHandlers(to: pipeline)
          bound.value.giveUpUnlessReady(in: connectTimeout)
        } catch {
          channel.close(promise: nil)
          throw error
        }
      }
      .whenFailure { bound.value.fail(HTTPUnreachable(cause: $0)) }
  }

  /// The connection is free for another request.
  func giveBack(_ connection: HTTPExchanges) {
    if isShut {
      connection.close()
    } else if let next = waiting.popFirst() {
      connection.send(next)
    } else {
      idle.append(connection)
      if sweep == nil { sweepIdle(in: HTTPOrigin.idleTimeout) }
    }
  }

  /// The connection is over.
  func forget(_ connection: HTTPExchanges) {
    guard open.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
    idle.removeAll { $0 === connection }
    if !isShut, let next = waiting.popFirst() { connect(for: next) }
  }

  func shutdown() {
    isShut = true
    sweep?.cancel()
    for connection in open.values { connection.close() }
    while let request = waiting.popFirst() {
      request.answer.give([.failed(HTTPUnreachable(cause: ChannelError.alreadyClosed))])
    }
  }

  private func sweepIdle(in time: TimeAmount) {
    sweep = loop.assumeIsolated().scheduleTask(in: time) { [weak self] in
      guard let self else { return }
      sweep = nil
      let now = NIODeadline.now()
      // The first has been idle for the longest time.
      let expired = idle.prefix { now - $0.idleSince >= HTTPOrigin.idleTimeout }
      idle.removeFirst(expired.count)
      for connection in expired { connection.close() }
      if let next = idle.first { sweepIdle(in: HTTPOrigin.idleTimeout - (now - next.idleSince)) }
    }
  }
}

/// One connection: a request, its answer, and then the next.
private final class HTTPExchanges: ChannelDuplexHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundIn = HTTPClientRequestPart
  typealias OutboundOut = HTTPClientRequestPart

  private let pool: HTTPPool
  private let isSecure: Bool
  private var context: ChannelHandlerContext?
  private var plain: PlainMessages?
  /// Where bytes go out.
  private var wire: ChannelHandlerContext?
  /// Requests may be sent.
  private var isReady = false
  private var isOver = false
  /// The request that is under way, or that the connection is opened for; absent between requests.
  private var request: HTTPPool.Request?
  private var isKeptAlive = false
  /// What has come of the answer since its reader was told last.
  private var parts: [HTTPAnswer.Part] = []
  /// The head alone tells its reader nothing: the body follows.
  private var isBodyDue = false
  /// The reader of the answer is behind.
  private var isHeld = false
  private var isReadDue = false
  private(set) var idleSince = NIODeadline.now()

  init(_ pool: HTTPPool, first request: HTTPPool.Request, isSecure: Bool) {
    self.pool = pool
    self.request = request
    self.isSecure = isSecure
  }

  var isOpen: Bool { context?.channel.isActive == true }

  func addHandlers(to pipeline: ChannelPipeline.SynchronousOperations) throws {
    let plain = PlainMessages(
      .init(
        head: { [weak self] bytes in
          guard let method = self?.request?.method, method != .HEAD, method != .CONNECT else { return nil }
          return PlainHead(response: bytes, limits: PlainHeadLimits())
        },
        take: { [weak self] part, hasMore in self?.take(part, hasMore: hasMore) },
        giveUp: { [weak self] in self?.tellDecoder() }))
    try pipeline.addHandler(plain)
    wire = try pipeline.context(handler: plain)
    self.plain = plain
    try pipeline.addHandlers(
      RequestHeads(), ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes)), self)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if !isSecure, context.channel.isActive { ready() }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    (plain, wire) = (nil, nil)
  }

  func channelActive(context: ChannelHandlerContext) {
    if !isSecure { ready() }
    context.fireChannelActive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case TLSUserEvent.handshakeCompleted = event { ready() }
    context.fireUserInboundEventTriggered(event)
  }

  func giveUpUnlessReady(in time: TimeAmount) {
    guard !isReady else { return }
    context?.eventLoop.assumeIsolated().scheduleTask(in: time) { [weak self] in
      guard let self, !isReady else { return }
      fail(HTTPUnreachable(cause: ChannelError.connectTimeout(time)))
    }
  }

  private func ready() {
    // It may have failed before it was connected.
    guard !isOver else { return close() }
    guard !isReady else { return }
    isReady = true
    if let request { send(request) }
  }

  // MARK: Requests

  func send(_ request: HTTPPool.Request) {
    guard let context, context.channel.isActive else {
      self.request = request
      return fail(HTTPUnreachable(cause: ChannelError.ioOnClosedChannel))
    }
    let this = NIOLoopBound(self, eventLoop: context.eventLoop)
    let wanted = request.answer.begin(
      goOn: { this.execute { $0.readOn() } }, stop: { this.execute { $0.abort(request.answer) } })
    guard wanted else {
      self.request = nil
      idleSince = .now()
      return pool.giveBack(self)
    }
    self.request = request
    if plain?.isPlain != true { tellDecoder() }
    wire?.writeAndFlush(NIOAny(request.bytes), promise: nil)
  }

  /// The decoder has to know what is answered.
  private func tellDecoder() {
    guard let context, let request else { return }
    context.write(
      wrapOutboundOut(.head(HTTPRequestHead(version: .http1_1, method: request.method, uri: ""))), promise: nil)
  }

  /// The reader has gone: what still comes would be the next answer's.
  private func abort(_ answer: HTTPAnswer) {
    guard request?.answer === answer else { return }
    close()
  }

  func close() { fail(ChannelError.alreadyClosed) }

  func fail(_ error: any Error) {
    let request = self.request
    self.request = nil
    isOver = true
    pool.forget(self)
    request?.answer.give(
      takeParts() + [.failed(isReady ? error : error as? HTTPUnreachable ?? HTTPUnreachable(cause: error))])
    context?.close(promise: nil)
  }

  // MARK: Answers

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { take(unwrapInboundIn(data), hasMore: false) }

  /// - Parameter hasMore: bytes have come in after the part
  private func take(_ part: HTTPClientResponsePart, hasMore: Bool) {
    guard let request, let context else {
      // Between requests nothing may come.
      return close()
    }
    switch part {
    case .head(let head):
      // What follows on a connection that changes its protocol is no HTTP.
      isKeptAlive = head.isKeepAlive && head.status != .switchingProtocols
      isBodyDue = head.headers.contains(name: "Content-Length")
      parts.append(.head(head))
    case .body(let bytes):
      isBodyDue = false
      parts.append(.body(bytes))
    case .end:
      self.request = nil
      isHeld = false
      let parts = takeParts()
      // What comes after an answer can't be told from a forged one to the next request.
      if isKeptAlive, !hasMore, context.channel.isActive {
        idleSince = .now()
        pool.giveBack(self)
      } else {
        pool.forget(self)
        context.close(promise: nil)
      }
      request.answer.give(parts + [.end])
    }
  }

  /// Its reader is woken once for what comes in together.
  func channelReadComplete(context: ChannelHandlerContext) {
    if let request, !isBodyDue, !parts.isEmpty { isHeld = !request.answer.give(takeParts()) }
    context.fireChannelReadComplete()
  }

  private func takeParts() -> [HTTPAnswer.Part] {
    isBodyDue = false
    defer { parts.removeAll(keepingCapacity: true) }
    return parts
  }

  func read(context: ChannelHandlerContext) {
    if isHeld { isReadDue = true } else { context.read() }
  }

  private func readOn() {
    isHeld = false
    guard isReadDue else { return }
    isReadDue = false
    context?.read()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(error) }

  func channelInactive(context: ChannelHandlerContext) {
    fail(ChannelError.eof)
    context.fireChannelInactive()
  }
}

/// Between the socket and the decoder, which has to see the head of each request; its bytes go out without it.
private final class RequestHeads: ChannelOutboundHandler {
  typealias OutboundIn = HTTPClientRequestPart

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) { promise?.succeed() }
}

extension NIOLoopBound where Value == HTTPExchanges {
  /// On its event loop, at once where that is the current one.
  fileprivate func execute(_ act: @escaping @Sendable (HTTPExchanges) -> Void) {
    if eventLoop.inEventLoop { act(value) } else { eventLoop.execute { act(value) } }
  }
}

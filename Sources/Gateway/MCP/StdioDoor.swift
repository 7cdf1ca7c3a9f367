import JSONRPC
import Logging
import NIOPosix
import StrictJSON
import Synchronization

/// MCP over standard input and output, for clients that start a command: both eras, by what each request says.
final class StdioDoor: Sendable {
  /// Requests at once; further messages wait in the pipe.
  static let maximumRequests = 256

  private let server: MCPServer
  private let session: SessionID
  private let changes: ListChanges
  private let input: Int32
  private let output: Int32
  private let logger: Logger
  private let state = Mutex(State())

  private struct State {
    var running: [JSONRPCID: CallHandle] = [:]
    var listening: [JSONRPCID: Task<Void, Never>] = [:]
    /// Settled by `initialize`; absent for a client that hasn't sent one.
    var legacy: MCPCaller?
    var isInitialized = false
  }

  /// - Parameters:
  ///   - session: of every call that comes in here
  ///   - input: a file descriptor
  ///   - output: another
  init(
    server: MCPServer, session: SessionID, changes: ListChanges, input: Int32 = 0, output: Int32 = 1, logger: Logger
  ) {
    self.server = server
    self.session = session
    self.changes = changes
    self.input = input
    self.output = output
    self.logger = logger
  }

  /// Answers until the input ends; what is under way then is given up. Cancelling the task ends it too.
  func run() async throws {
    let threads = NIOThreadPool(numberOfThreads: 2)
    threads.start()
    do {
      try await serve(StandardStreams(input: input, output: output, threads: threads))
    } catch {
      try? await threads.shutdownGracefully()
      throw error
    }
    try await threads.shutdownGracefully()
  }

  private func serve(_ streams: StandardStreams) async throws {
    let (messages, sink) = AsyncStream.makeStream(of: JSONRPCMessage.self)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { for await message in messages { try await streams.write(message.serialized() + [0x0A]) } }
      let listChanges = changes.stream()
      group.addTask {
        for await method in listChanges where self.state.withLock({ $0.isInitialized }) {
          sink.yield(.notification(method: method, params: nil))
        }
      }
      await withTaskGroup(of: Void.self) { requests in
        var count = 0
        while let line = await Self.nextLine(streams) {
          guard line.contains(where: { $0 > 0x20 }) else { continue }
          guard let work = receive(line, sink) else { continue }
          if count == Self.maximumRequests {
            await requests.next()
            count -= 1
          }
          count += 1
          requests.addTask { await work() }
        }
        giveUpAll()
        await requests.waitForAll()
      }
      sink.finish()
      // The writer ends when everything is written.
      try await group.next()
      group.cancelAll()
    }
  }

  private static func nextLine(_ streams: StandardStreams) async -> [UInt8]? { try? await streams.nextLine() }

  private func giveUpAll() {
    let (running, listening) = state.withLock { (Array($0.running.values), Array($0.listening.values)) }
    for handle in running { handle.giveUp(.client("the client closed its end")) }
    for task in listening { task.cancel() }
  }

  /// Absent when the line needs no work.
  private func receive(_ line: [UInt8], _ sink: AsyncStream<JSONRPCMessage>.Continuation) -> (
    @Sendable () async -> Void
  )? {
    let message: JSONRPCMessage
    do {
      message = try JSONRPCMessage(JSONValue(parsing: line))
    } catch let error as InvalidJSONRPCMessage {
      sink.yield(.error(id: error.id, JSONRPCError(code: JSONRPCError.invalidRequest, message: error.message)))
      return nil
    } catch let error as JSONError {
      sink.yield(
        .error(
          id: nil,
          JSONRPCError(
            code: JSONRPCError.parseError, message: "\(error.message) at \(error.path), column \(error.column)")))
      return nil
    } catch {
      return nil
    }
    switch message {
    case .request(let id, let method, let params): return { await self.answer(id, method, params ?? [:], sink) }
    case .notification("notifications/cancelled", let params):
      guard let id = params?["requestId"].flatMap(JSONRPCID.init) else { return nil }
      let (handle, listening) = state.withLock { ($0.running[id], $0.listening[id]) }
      handle?.giveUp(.client(params?["reason"]?.stringValue ?? "cancelled by the client"))
      listening?.cancel()
      return nil
    case .notification("notifications/initialized", _):
      state.withLock { $0.isInitialized = $0.legacy != nil }
      return nil
    // Nothing was asked of the client, and nothing else it says matters.
    case .notification, .result, .error: return nil
    }
  }

  private func answer(
    _ id: JSONRPCID, _ method: String, _ params: JSONValue, _ sink: AsyncStream<JSONRPCMessage>.Continuation
  ) async {
    let handle = CallHandle()
    let isNew = state.withLock { state in
      guard state.running[id] == nil else { return false }
      state.running[id] = handle
      return true
    }
    guard isNew else {
      sink.yield(
        .error(id: id, JSONRPCError(code: JSONRPCError.invalidRequest, message: "a request with this id is under way")))
      return
    }
    defer { state.withLock { _ = $0.running.removeValue(forKey: id) } }
    let exchange = MCPExchange(handle: handle) { sink.yield($0) }
    if params["_meta"]?[MCPMeta.protocolVersion] != nil || method == "server/discover" {
      await answerModern(id, method, params, exchange, sink)
      return
    }
    if method == "initialize" {
      sink.yield(initialize(id, params))
      return
    }
    guard let caller = state.withLock({ $0.legacy }) else {
      let error =
        method == "ping"
        ? JSONRPCMessage.result(id: id, [:])
        : .error(
          id: id,
          JSONRPCError(
            code: JSONRPCError.invalidParams,
            message: "`params._meta` lacks `\(MCPMeta.protocolVersion)`, and there was no initialize"))
      sink.yield(error)
      return
    }
    let answer = await server.answerLegacy(method, params, caller, exchange)
    // A cancelled request isn't answered.
    if case .client = handle.reason { return }
    sink.yield(answer.message(id: id))
  }

  private func answerModern(
    _ id: JSONRPCID, _ method: String, _ params: JSONValue, _ exchange: MCPExchange,
    _ sink: AsyncStream<JSONRPCMessage>.Continuation
  ) async {
    let meta = params["_meta"]
    guard let version = meta?[MCPMeta.protocolVersion]?.stringValue,
      meta?[MCPMeta.clientCapabilities]?.objectValue != nil
    else {
      sink.yield(
        .error(
          id: id,
          JSONRPCError(
            code: JSONRPCError.invalidParams,
            message: "`params._meta` lacks `\(MCPMeta.protocolVersion)` or `\(MCPMeta.clientCapabilities)`")))
      return
    }
    guard MCPVersion(rawValue: version)?.isModern == true else {
      sink.yield(.error(id: id, .unsupportedVersion(version)))
      return
    }
    let caller = MCPCaller(
      session: session, version: .latest,
      clientInfo: meta?[MCPMeta.clientInfo].flatMap { $0.objectValue == nil ? nil : $0 },
      capabilities: meta?[MCPMeta.clientCapabilities], transport: .stdio, correlationID: Self.correlationID(id))
    if method == "subscriptions/listen" {
      await listen(id, params, sink)
      return
    }
    let answer = await server.answerModern(method, params, caller, exchange)
    if case .client = exchange.handle.reason { return }
    sink.yield(answer.message(id: id))
  }

  private func listen(_ id: JSONRPCID, _ params: JSONValue, _ sink: AsyncStream<JSONRPCMessage>.Continuation) async {
    guard let filter = ListenFilter(params) else {
      let error = JSONRPCError(code: JSONRPCError.invalidParams, message: "`params.notifications` must be an object")
      sink.yield(.error(id: id, error))
      return
    }
    let stream = changes.stream()
    sink.yield(filter.acknowledgement(id))
    let task = Task {
      for await method in stream {
        if let message = filter.notification(method, id) { sink.yield(message) }
      }
    }
    state.withLock { $0.listening[id] = task }
    await task.value
    state.withLock { _ = $0.listening.removeValue(forKey: id) }
  }

  private func initialize(_ id: JSONRPCID, _ params: JSONValue) -> JSONRPCMessage {
    guard params["protocolVersion"]?.stringValue != nil else {
      return .error(
        id: id, JSONRPCError(code: JSONRPCError.invalidParams, message: "`params.protocolVersion` must be a string"))
    }
    let (result, version) = server.initialize(params, session: session)
    let caller = MCPCaller(
      session: session, version: version,
      clientInfo: params["clientInfo"].flatMap { $0.objectValue == nil ? nil : $0 }, capabilities: nil,
      transport: .stdio, correlationID: Self.correlationID(id))
    state.withLock { $0.legacy = caller }
    return .result(id: id, result)
  }

  private static func correlationID(_ id: JSONRPCID) -> String {
    switch id {
    case .number(let number): "stdio-\(number)"
    case .string(let text): "stdio-\(String(text.unicodeScalars.prefix(100)))"
    }
  }
}

import CallExecution
import Dispatch
import JSONRPC
import Logging
import StrictJSON
import Synchronization

/// MCP over standard input and output, for clients that start a command: both eras, by what each request says.
final class StdioDoor: Sendable {
  /// Requests at once; further messages wait in the pipe.
  static let maximumRequests = 256

  private let server: MCPServer
  private let session: SessionID
  private let identity: AgentIdentity?
  private let changes: ListChanges
  private let input: Int32
  private let output: Int32
  private let logger: Logger
  private let state = Mutex(State())

  private struct State {
    var running: [JSONRPCID: CallHandle] = [:]
    /// Settled by `initialize`; absent for a client that hasn't sent one.
    var legacy: MCPCaller?
    var isInitialized = false
    var tasks: [Int: Task<Void, Never>] = [:]
    var latestTask = 0
  }

  /// - Parameters:
  ///   - session: of every call that comes in here
  ///   - identity: of the agent, where it has proved who it is
  ///   - input: a file descriptor
  ///   - output: another
  init(
    server: MCPServer, session: SessionID, identity: AgentIdentity? = nil, changes: ListChanges, input: Int32 = 0,
    output: Int32 = 1, logger: Logger
  ) {
    self.server = server
    self.session = session
    self.identity = identity
    self.changes = changes
    self.input = input
    self.output = output
    self.logger = logger
  }

  /// Answers until the input ends; what is under way then is given up. Cancelling the task ends it too.
  func run() async throws {
    let channel = try LineChannel(input: input, output: output, ownsDescriptors: false)
    let writer = LineWriter(channel)
    let listChanges = changes.stream()
    let announcing = Task {
      for await method in listChanges where self.state.withLock({ $0.isInitialized }) {
        writer.send(.notification(method: method, params: nil))
      }
    }
    await withTaskCancellationHandler {
      await serve(channel, writer)
    } onCancel: {
      channel.stopReading()
    }
    announcing.cancel()
    giveUpAll()
    for task in state.withLock({ Array($0.tasks.values) }) { await task.value }
    await writer.flush()
    channel.closeWriting()
  }

  /// Returns at the end of the input.
  private func serve(_ channel: LineChannel, _ writer: LineWriter) async {
    let splitter = Mutex(LineSplitter(maximumLength: LineChannel.maximumLine))
    let room = DispatchSemaphore(value: Self.maximumRequests)
    await withCheckedContinuation { continuation in
      channel.read { chunk in
        do throws(LineTooLong) {
          for line in try splitter.withLock({ splitter throws(LineTooLong) in try splitter.lines(in: chunk) }) {
            self.take(line, writer, room)
          }
          return true
        } catch {
          let error = JSONRPCError(code: JSONRPCError.invalidRequest, message: "the message is too long")
          writer.send(.error(id: nil, error))
          return false
        }
      } ended: {
        // A last line may come without its line feed.
        if let line = splitter.withLock({ $0.remainder() }) { self.take(line, writer, room) }
        continuation.resume()
      }
    }
  }

  /// On the thread that reads, which waits here when too much is under way.
  private func take(_ line: [UInt8], _ writer: LineWriter, _ room: DispatchSemaphore) {
    if line.count > LineChannel.shortLine { LineChannel.leaveTheRest() }
    guard line.contains(where: { $0 > 0x20 }), let work = receive(line, writer) else { return }
    if room.wait(timeout: .now()) == .timedOut {
      LineChannel.catchUp()
      room.wait()
    }
    state.withLock { state in
      state.latestTask += 1
      let number = state.latestTask
      state.tasks[number] = Task(executorPreference: CallExecutor.shared) {
        await work()
        self.state.withLock { _ = $0.tasks.removeValue(forKey: number) }
        room.signal()
      }
    }
  }

  private func giveUpAll() {
    for handle in state.withLock({ Array($0.running.values) }) {
      handle.giveUp(.client("the client closed its end"))
    }
  }

  /// Absent when the line needs no work.
  private func receive(_ line: [UInt8], _ writer: LineWriter) -> (
    @Sendable () async -> Void
  )? {
    let message: JSONRPCMessage
    do {
      message = try JSONRPCMessage(JSONValue(parsing: line))
    } catch let error as InvalidJSONRPCMessage {
      writer.send(.error(id: error.id, JSONRPCError(code: JSONRPCError.invalidRequest, message: error.message)))
      return nil
    } catch let error as JSONError {
      writer.send(
        .error(
          id: nil,
          JSONRPCError(
            code: JSONRPCError.parseError, message: "\(error.message) at \(error.path), column \(error.column)")))
      return nil
    } catch {
      return nil
    }
    switch message {
    // At once: what comes right behind it is of the session that it begins.
    case .request(let id, "initialize", let params) where params?["_meta"]?[MCPMeta.protocolVersion] == nil:
      writer.send(initialize(id, params ?? [:]))
      return nil
    case .request(let id, let method, let params):
      // Known before the next line is read: that may cancel it.
      guard let handle = begin(id) else {
        let error = JSONRPCError(code: JSONRPCError.invalidRequest, message: "a request with this id is under way")
        writer.send(.error(id: id, error))
        return nil
      }
      return { await self.answer(id, handle, method, params ?? [:], writer) }
    case .notification("notifications/cancelled", let params):
      guard let id = params?["requestId"].flatMap(JSONRPCID.init) else { return nil }
      state.withLock { $0.running[id] }?.giveUp(
        .client(params?["reason"]?.stringValue ?? "cancelled by the client"))
      return nil
    case .notification("notifications/initialized", _):
      state.withLock { $0.isInitialized = $0.legacy != nil }
      return nil
    // Nothing was asked of the client, and nothing else it says matters.
    case .notification, .result, .error: return nil
    }
  }

  /// Absent when the id is that of a request under way.
  private func begin(_ id: JSONRPCID) -> CallHandle? {
    let handle = CallHandle()
    return state.withLock { state in
      guard state.running[id] == nil else { return nil }
      state.running[id] = handle
      return handle
    }
  }

  private func answer(
    _ id: JSONRPCID, _ handle: CallHandle, _ method: String, _ params: JSONValue, _ writer: LineWriter
  ) async {
    defer { state.withLock { _ = $0.running.removeValue(forKey: id) } }
    let exchange = MCPExchange(handle: handle) { writer.send($0) }
    if params["_meta"]?[MCPMeta.protocolVersion] != nil || method == "server/discover" {
      await answerModern(id, method, params, exchange, writer)
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
      writer.send(error)
      return
    }
    let answer = await server.answerLegacy(method, params, caller, exchange)
    // A cancelled request isn't answered.
    if case .client = handle.reason { return }
    writer.send(answer.message(id: id))
  }

  private func answerModern(
    _ id: JSONRPCID, _ method: String, _ params: JSONValue, _ exchange: MCPExchange,
    _ writer: LineWriter
  ) async {
    let meta = params["_meta"]
    guard let version = meta?[MCPMeta.protocolVersion]?.stringValue,
      meta?[MCPMeta.clientCapabilities]?.objectValue != nil
    else {
      writer.send(
        .error(
          id: id,
          JSONRPCError(
            code: JSONRPCError.invalidParams,
            message: "`params._meta` lacks `\(MCPMeta.protocolVersion)` or `\(MCPMeta.clientCapabilities)`")))
      return
    }
    guard MCPVersion(rawValue: version)?.isModern == true else {
      writer.send(.error(id: id, .unsupportedVersion(version)))
      return
    }
    let caller = MCPCaller(
      session: session, version: .latest,
      clientInfo: meta?[MCPMeta.clientInfo].flatMap { $0.objectValue == nil ? nil : $0 },
      capabilities: meta?[MCPMeta.clientCapabilities], transport: .stdio, identity: identity,
      correlationID: Self.correlationID(id))
    if method == "subscriptions/listen" {
      await listen(id, exchange.handle, params, writer)
      return
    }
    let answer = await server.answerModern(method, params, caller, exchange)
    if case .client = exchange.handle.reason { return }
    writer.send(answer.message(id: id))
  }

  private func listen(
    _ id: JSONRPCID, _ handle: CallHandle, _ params: JSONValue, _ writer: LineWriter
  ) async {
    guard let filter = ListenFilter(params) else {
      let error = JSONRPCError(code: JSONRPCError.invalidParams, message: "`params.notifications` must be an object")
      writer.send(.error(id: id, error))
      return
    }
    let stream = changes.stream()
    writer.send(filter.acknowledgement(id))
    let task = Task {
      for await method in stream {
        if let message = filter.notification(method, id) { writer.send(message) }
      }
    }
    handle.onGivingUp { _ in task.cancel() }
    await task.value
  }

  private func initialize(_ id: JSONRPCID, _ params: JSONValue) -> JSONRPCMessage {
    guard params["protocolVersion"]?.stringValue != nil else {
      return .error(
        id: id, JSONRPCError(code: JSONRPCError.invalidParams, message: "`params.protocolVersion` must be a string"))
    }
    var caller = MCPCaller(
      session: session, version: .latestWithHandshake,
      clientInfo: params["clientInfo"].flatMap { $0.objectValue == nil ? nil : $0 }, capabilities: nil,
      transport: .stdio, identity: identity, correlationID: Self.correlationID(id))
    let result: JSONValue
    (result, caller.version) = server.initialize(params, caller)
    state.withLock { [caller] in $0.legacy = caller }
    return .result(id: id, result)
  }

  private static func correlationID(_ id: JSONRPCID) -> String {
    switch id {
    case .number(let number): "stdio-\(number)"
    case .string(let text): "stdio-\(String(text.unicodeScalars.prefix(100)))"
    }
  }
}

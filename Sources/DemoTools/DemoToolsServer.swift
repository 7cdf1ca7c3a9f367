import JSONRPC
public import Logging
import NIOPosix
import StrictJSON
import Synchronization

/// A stdio MCP server with eight tools that do real work: a small SQLite database, a folder of files, and an HTTP echo
/// that it serves itself on loopback. It is what the gateway runs when no other upstream is configured.
public struct DemoToolsServer: Sendable {
  private let folder: String
  private let input: Int32
  private let output: Int32
  private let logger: Logger

  /// - Parameters:
  ///   - folder: made when missing. The file tools live in its `files`, the database is its `products.db`
  ///   - input: a file descriptor that stays open and its owner's
  ///   - output: another such
  public init(
    folder: String, input: Int32 = 0, output: Int32 = 1, logger: Logger = Logger(label: "agentgate.demo-tools")
  ) {
    self.folder = folder
    self.input = input
    self.output = output
    self.logger = logger
  }

  /// Answers until the input ends; calls that run then are still answered. Cancelling the task ends it too.
  public func run() async throws {
    // The streams have threads of their own, so that slow statements don't keep answers back.
    let (streamThreads, threads) = (NIOThreadPool(numberOfThreads: 2), NIOThreadPool(numberOfThreads: 8))
    streamThreads.start()
    threads.start()
    do {
      let streams = try StandardStreams(input: input, output: output, threads: streamThreads)
      let files = try FolderRoot.create(folder + "/files")
      try FileTools.seed(files)
      try DatabaseTools.seed(folder + "/products.db")
      try await EchoService.withEcho(logger: logger) { echo in
        let tools =
          DatabaseTools(path: folder + "/products.db", threads: threads).tools
          + FileTools(root: files, threads: threads).tools
          + APITools(echo: echo).tools
        try await Session(tools: tools, streams: streams, logger: logger).serve()
      }
    } catch {
      try? await threads.shutdownGracefully()
      try? await streamThreads.shutdownGracefully()
      throw error
    }
    try await threads.shutdownGracefully()
    try await streamThreads.shutdownGracefully()
  }
}

/// The protocol's side of one run.
private final class Session: Sendable {
  private let tools: [DemoTool]
  private let streams: StandardStreams
  private let logger: Logger
  private let running = Mutex<[JSONRPCID: Task<Void, Never>]>([:])

  /// Calls that run at once; further messages wait in the pipe.
  private static let maximumCalls = 64

  init(tools: [DemoTool], streams: StandardStreams, logger: Logger) {
    self.tools = tools
    self.streams = streams
    self.logger = logger
  }

  func serve() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      var calls = 0
      reading: while let line = try await streams.nextLine() {
        guard line.contains(where: { $0 > 0x20 }) else { continue }
        switch parse(line) {
        case .failure(let answer): try await send(answer)
        case .success(.request(let id, "tools/call", let params)):
          if calls == Self.maximumCalls {
            try await group.next()
            calls -= 1
          }
          calls += 1
          let call = start(id, params)
          group.addTask {
            await withTaskCancellationHandler {
              await call.value
            } onCancel: {
              call.cancel()
            }
          }
        case .success(.request(let id, let method, let params)): try await send(answer(id, method, params))
        case .success(.notification("notifications/cancelled", let params)):
          if let id = params?["requestId"].flatMap(JSONRPCID.init) { running.withLock { $0[id] }?.cancel() }
        case .success: break
        }
      }
      try await group.waitForAll()
    }
  }

  private enum Parsed {
    case success(JSONRPCMessage)
    case failure(JSONRPCMessage)
  }

  private func parse(_ line: [UInt8]) -> Parsed {
    do {
      return .success(try JSONRPCMessage(JSONValue(parsing: line)))
    } catch let error as InvalidJSONRPCMessage {
      return .failure(.error(id: error.id, JSONRPCError(code: JSONRPCError.invalidRequest, message: error.message)))
    } catch {
      return .failure(.error(id: nil, JSONRPCError(code: JSONRPCError.parseError, message: "\(error)")))
    }
  }

  private func answer(_ id: JSONRPCID, _ method: String, _ params: JSONValue?) -> JSONRPCMessage {
    switch method {
    case "initialize":
      // A client that asks for a revision from before structured content gets the newest to decide about.
      let asked = params?["protocolVersion"]?.stringValue.flatMap(MCPVersion.init)
      let version =
        asked.map { $0.rawValue < MCPVersion.june2025.rawValue ? .latestWithHandshake : $0 } ?? .latestWithHandshake
      return .result(
        id: id,
        [
          "protocolVersion": .string(version.rawValue),
          "capabilities": ["tools": ["listChanged": false]],
          "serverInfo": ["name": "agentgate-demo-tools", "title": "AgentGate demo tools", "version": "1.0.0"],
          "instructions": "A products table in SQLite, a folder of text files and an HTTP echo, to try AgentGate with.",
        ])
    case "ping": return .result(id: id, [:])
    case "tools/list": return .result(id: id, ["tools": .array(tools.map(\.definition))])
    default:
      return .error(id: id, JSONRPCError(code: JSONRPCError.methodNotFound, message: "method not found: \(method)"))
    }
  }

  private func start(_ id: JSONRPCID, _ params: JSONValue?) -> Task<Void, Never> {
    running.withLock { running in
      let call = Task {
        let answer = await self.call(id, params)
        forget(id)
        // A cancelled call isn't answered.
        if Task.isCancelled { return }
        do { try await send(answer) } catch {
          logger.debug("answer could not be written", metadata: ["error": "\(error)"])
        }
      }
      running[id] = call
      return call
    }
  }

  private func forget(_ id: JSONRPCID) { running.withLock { _ = $0.removeValue(forKey: id) } }

  private func call(_ id: JSONRPCID, _ params: JSONValue?) async -> JSONRPCMessage {
    guard let name = params?["name"]?.stringValue else {
      return .error(id: id, JSONRPCError(code: JSONRPCError.invalidParams, message: "tools/call needs the tool's name"))
    }
    guard let tool = tools.first(where: { $0.name == name }) else {
      return .error(id: id, JSONRPCError(code: JSONRPCError.invalidParams, message: "unknown tool: \(name)"))
    }
    do throws(ToolError) {
      let result = try await tool.call(try Arguments(params?["arguments"] ?? [:]))
      let text = JSONValue.string(result.serializedString())
      return .result(id: id, ["content": [["type": "text", "text": text]], "structuredContent": result])
    } catch {
      return .result(id: id, ["content": [["type": "text", "text": .string(error.message)]], "isError": true])
    }
  }

  private func send(_ message: JSONRPCMessage) async throws { try await streams.write(message.serialized() + [0x0A]) }
}

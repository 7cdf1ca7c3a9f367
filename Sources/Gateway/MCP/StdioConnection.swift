import JSONRPC
import Logging
import StrictJSON
import Subprocess
import Synchronization
import SystemPackage

/// One run of a stdio MCP server: its process, and JSON-RPC requests over its standard input and output.
///
/// `run()` starts the process and returns once it has ended, been reaped and left no process of its group behind.
/// Requests may be made from the start; they wait until the process reads. After the end every request is answered
/// `notSent`.
final class StdioConnection: Sendable {
  struct Launch: Sendable {
    var command: String
    var arguments: [String]
    /// All of it: nothing is inherited besides.
    var environment: [String: String]
    /// Absent: the gateway's own.
    var workingDirectory: String?
  }

  enum Reply: Sendable {
    case result(JSONValue)
    case error(JSONRPCError)
    case refused(Decision)
    /// No byte of the request was written.
    case notSent(String)
    /// The request was written, at least in part, and has no readable answer.
    case lost(String)
  }

  private let launch: Launch
  private let limits: UpstreamLimits
  private let logger: Logger
  private let onNotification: @Sendable (String) -> Void
  private let state = Mutex(State())

  fileprivate struct State {
    var nextID = 1
    var waiting: [Int: Waiting] = [:]
    var outbox: [Outgoing] = []
    var outboxBytes = 0
    var writer: CheckedContinuation<Outgoing?, Never>?
    /// Why the connection is over; absent while it isn't.
    var end: String?
    var closing: CheckedContinuation<Void, Never>?
    var malformedLines = 0
    var errorTail: [String] = []
  }

  fileprivate struct Waiting {
    let continuation: CheckedContinuation<Reply, Never>
    var timer: Task<Void, Never>?
    /// Set when the writer takes the request: from then on bytes may have gone out.
    var isTaken = false
  }

  fileprivate struct Outgoing: Sendable {
    /// Absent for notifications and for answers to the server's own requests.
    var id: Int?
    var bytes: [UInt8]
    var admit: (@Sendable () -> Decision?)?
  }

  /// - Parameter onNotification: told the method of each notification from the server, in order
  init(
    launch: Launch, limits: UpstreamLimits, logger: Logger, onNotification: @escaping @Sendable (String) -> Void
  ) {
    self.launch = launch
    self.limits = limits
    self.logger = logger
    self.onNotification = onNotification
  }

  /// Asks the server and waits for its answer, for at most `timeout`.
  ///
  /// - Parameters:
  ///   - params: JSON, sent as it stands
  ///   - admit: called right before the first byte is written; a refusal ends the request unsent
  func request(
    _ method: String, params: [UInt8], timeout: Duration, admit: (@Sendable () -> Decision?)? = nil
  ) async -> Reply {
    let id = state.withLock { state in
      defer { state.nextID += 1 }
      return state.nextID
    }
    var bytes = Array("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"method\":\"\(method)\",\"params\":".utf8)
    bytes.reserveCapacity(bytes.count + params.count + 2)
    bytes += params
    bytes += [UInt8(ascii: "}"), 0x0A]
    let outgoing = Outgoing(id: id, bytes: bytes, admit: admit)
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if let refusal = enqueue(outgoing, for: continuation) {
          continuation.resume(returning: .notSent(refusal))
          return
        }
        startTimer(for: id, after: timeout)
        // The handler below may have run before there was anything to abandon.
        if Task.isCancelled { abandon(id, because: "the call was cancelled") }
      }
    } onCancel: {
      abandon(id, because: "the call was cancelled")
    }
  }

  func notify(_ method: String) {
    post(.notification(method: method, params: nil))
  }

  /// Ends the connection: what waits is answered, standard input is closed, and `run()` sees to the process. Later calls
  /// change nothing.
  func close(because reason: String) {
    let (waiting, writer, closing) = state.withLock { state in
      guard state.end == nil else {
        return ([Int: Waiting](), CheckedContinuation<Outgoing?, Never>?.none, CheckedContinuation<Void, Never>?.none)
      }
      state.end = reason
      state.outbox = []
      state.outboxBytes = 0
      defer {
        state.waiting = [:]
        state.writer = nil
        state.closing = nil
      }
      return (state.waiting, state.writer, state.closing)
    }
    for entry in waiting.values {
      entry.timer?.cancel()
      entry.continuation.resume(returning: entry.isTaken ? .lost(reason) : .notSent(reason))
    }
    writer?.resume(returning: nil)
    closing?.resume()
  }

  /// The last lines of the server's standard error.
  var errorTail: String { state.withLock { $0.errorTail.joined(separator: " | ") } }
}

// MARK: - The process

extension StdioConnection {
  /// Runs the process to its end; the text says how it ended. Not to be cancelled: end it with `close`, which goes step
  /// by step. (Cancelling would kill it without closing its input first.)
  func run() async -> String {
    // The waits of a teardown end early when the process does. Signal 0 sends nothing: its step is the time that the
    // server has to end by itself once its input is closed. The last step, SIGKILL to the group, is implied.
    let teardown: [TeardownStep] = [
      .send(signal: Signal(rawValue: 0), toProcessGroup: true, allowedDurationToNextStep: limits.closing),
      .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: limits.terminating),
    ]
    do {
      let outcome = try await Subprocess.run(
        configuration(teardown), input: .inputWriter, output: .sequence, error: .sequence
      ) { process in
        await withTaskGroup(of: Void.self) { group in
          group.addTask { await self.write(to: process.standardInputWriter) }
          group.addTask { await self.read(process.standardOutput) }
          group.addTask { await self.logErrors(from: process.standardError) }
          await self.closed()
          await process.teardown(using: teardown)
          // INVARIANT: the leader isn't reaped before this closure returns, so its id can't name another group yet.
          try? process.send(signal: .kill, toProcessGroup: true)
          await group.waitForAll()
        }
      }
      return "\(outcome.terminationStatus)"
    } catch {
      let reason = "it could not be started: \(error)"
      close(because: reason)
      return reason
    }
  }

  private func configuration(_ teardown: [TeardownStep]) -> Subprocess.Configuration {
    var options = PlatformOptions()
    // A session of its own: no terminal, and one group that holds whatever it starts.
    options.createSession = true
    options.teardownSequence = teardown
    return Subprocess.Configuration(
      executable: launch.command.utf8.contains(UInt8(ascii: "/"))
        ? .path(FilePath(launch.command)) : .name(launch.command),
      arguments: Arguments(launch.arguments),
      environment: .custom(launch.environment.map { Array("\($0.key)=\($0.value)\0".utf8) }),
      workingDirectory: launch.workingDirectory.map { FilePath($0) },
      platformOptions: options)
  }

  private func closed() async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if state.end == nil { state.closing = continuation }
        return state.end != nil
      }
      if isOver { continuation.resume() }
    }
  }

  private func logErrors(from output: SubprocessOutputSequence) async {
    var splitter = LineSplitter(maximumLength: 4_096, overflow: .truncate)
    var iterator = output.makeAsyncIterator()
    while let buffer = try? await iterator.next() {
      let lines = (try? buffer.withUnsafeBytes { try splitter.lines(in: $0) }) ?? []
      for line in lines { logError(line) }
    }
    if let line = splitter.remainder() { logError(line) }
  }

  private func logError(_ line: [UInt8]) {
    let text = String(decoding: line, as: UTF8.self)
    logger.debug("upstream server's standard error", metadata: ["line": "\(text)"])
    state.withLock { state in
      if state.errorTail.count == 3 { state.errorTail.removeFirst() }
      state.errorTail.append(String(text.prefix(300)))
    }
  }
}

// MARK: - Writing

extension StdioConnection {
  /// Absent when it was taken; else why not.
  private func enqueue(_ outgoing: Outgoing, for continuation: CheckedContinuation<Reply, Never>) -> String? {
    let (refusal, writer) = state.withLock { state -> (String?, CheckedContinuation<Outgoing?, Never>?) in
      if let end = state.end { return (end, nil) }
      // One request always fits, however large.
      if !state.outbox.isEmpty && state.isFull(with: outgoing, limits) {
        return ("it does not read what it is sent", nil)
      }
      if let id = outgoing.id { state.waiting[id] = Waiting(continuation: continuation) }
      return (nil, state.put(outgoing))
    }
    writer?.resume(returning: outgoing)
    return refusal
  }

  private func post(_ message: JSONRPCMessage) {
    let outgoing = Outgoing(id: nil, bytes: message.serialized() + [0x0A], admit: nil)
    let (isFull, writer) = state.withLock { state -> (Bool, CheckedContinuation<Outgoing?, Never>?) in
      if state.end != nil { return (false, nil) }
      if state.isFull(with: outgoing, limits) { return (true, nil) }
      return (false, state.put(outgoing))
    }
    writer?.resume(returning: outgoing)
    if isFull { close(because: "it does not read what it is sent") }
  }

  /// The only place that writes. It isn't cancelled, so a line goes out whole or the connection is over.
  private func write(to writer: StandardInputWriter) async {
    while let outgoing = await nextOutgoing() {
      if let id = outgoing.id {
        if let decision = outgoing.admit?() {
          answer(id, with: .refused(decision))
          continue
        }
        // Given up while it was being admitted: then it was counted as sent, and not sending it is the safer truth.
        guard state.withLock({ $0.waiting[id] != nil }) else { continue }
      }
      do {
        let written = try await writer.write(outgoing.bytes)
        if written < outgoing.bytes.count { close(because: "it ended while it was being written to") }
      } catch {
        close(because: "it closed its standard input")
      }
    }
    try? await writer.finish()
  }

  private func nextOutgoing() async -> Outgoing? {
    await withCheckedContinuation { continuation in
      let (isReady, outgoing) = state.withLock { state -> (Bool, Outgoing?) in
        if state.end != nil { return (true, nil) }
        if let outgoing = state.take() { return (true, outgoing) }
        state.writer = continuation
        return (false, nil)
      }
      if isReady { continuation.resume(returning: outgoing) }
    }
  }
}

extension StdioConnection.State {
  fileprivate func isFull(with outgoing: StdioConnection.Outgoing, _ limits: UpstreamLimits) -> Bool {
    outbox.count >= limits.queuedMessages || outboxBytes + outgoing.bytes.count > limits.queue
  }

  /// The writer to hand it to when one is idle; else it waits in the outbox.
  fileprivate mutating func put(
    _ outgoing: StdioConnection.Outgoing
  ) -> CheckedContinuation<StdioConnection.Outgoing?, Never>? {
    guard let idle = writer else {
      outbox.append(outgoing)
      outboxBytes += outgoing.bytes.count
      return nil
    }
    writer = nil
    if let id = outgoing.id { waiting[id]?.isTaken = true }
    return idle
  }

  fileprivate mutating func take() -> StdioConnection.Outgoing? {
    guard !outbox.isEmpty else { return nil }
    let outgoing = outbox.removeFirst()
    outboxBytes -= outgoing.bytes.count
    if let id = outgoing.id { waiting[id]?.isTaken = true }
    return outgoing
  }
}

// MARK: - Answers

extension StdioConnection {
  private func answer(_ id: Int, with reply: Reply) {
    guard let entry = state.withLock({ $0.waiting.removeValue(forKey: id) }) else { return }
    entry.timer?.cancel()
    entry.continuation.resume(returning: reply)
  }

  private func startTimer(for id: Int, after timeout: Duration) {
    let timer = Task {
      guard (try? await Task.sleep(for: timeout)) != nil else { return }
      abandon(id, because: "the call timed out after \(timeout.formatted)")
    }
    let isKept = state.withLock { state in
      state.waiting[id]?.timer = timer
      return state.waiting[id] != nil
    }
    if !isKept { timer.cancel() }
  }

  /// Stops waiting for an answer. A request that the server may have seen is cancelled there too.
  private func abandon(_ id: Int, because reason: String) {
    let entry = state.withLock { state in
      let entry = state.waiting.removeValue(forKey: id)
      if entry != nil, let index = state.outbox.firstIndex(where: { $0.id == id }) {
        state.outboxBytes -= state.outbox.remove(at: index).bytes.count
      }
      return entry
    }
    guard let entry else { return }
    entry.timer?.cancel()
    entry.continuation.resume(returning: entry.isTaken ? .lost(reason) : .notSent(reason))
    guard entry.isTaken else { return }
    let params: JSONValue = ["requestId": JSONValue(id), "reason": .string(reason)]
    post(.notification(method: "notifications/cancelled", params: params))
  }
}

// MARK: - Reading

extension StdioConnection {
  private func read(_ output: SubprocessOutputSequence) async {
    var splitter = LineSplitter(maximumLength: limits.line)
    var iterator = output.makeAsyncIterator()
    do {
      while let buffer = try await iterator.next() {
        for line in try buffer.withUnsafeBytes({ try splitter.lines(in: $0) }) { receive(line) }
      }
      close(because: "it ended")
    } catch is LineTooLong {
      close(because: "it sent a line of more than \(limits.line >> 20) MiB")
    } catch {
      close(because: "its standard output could not be read")
    }
  }

  private func receive(_ line: [UInt8]) {
    // Some servers end their lines with CR LF, some send blank ones.
    guard line.contains(where: { $0 > 0x20 }) else { return }
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue(parsing: line)
    } catch {
      reject(line, error)
      return
    }
    // Revision 2025-03-26 had batches.
    for message in value.arrayValue ?? [value] { receive(message) }
  }

  private func receive(_ value: JSONValue) {
    do throws(InvalidJSONRPCMessage) {
      switch try JSONRPCMessage(value) {
      case .result(.number(let id), let result): answer(id, with: .result(result))
      case .error(.number(let id)?, let error): answer(id, with: .error(error))
      case .result, .error: break
      case .notification(let method, _): onNotification(method)
      case .request(let id, "ping", _): post(.result(id: id, [:]))
      case .request(let id, let method, _):
        // Refused rather than left open, so that no server waits for us.
        post(
          .error(
            id: id, JSONRPCError(code: JSONRPCError.methodNotFound, message: "method not found: \(method.prefix(100))"))
        )
      }
    } catch {
      // A result without a usable shape still ends the wait of the call that it names.
      if case .number(let id)? = error.id {
        answer(id, with: .lost("its answer is no JSON-RPC message: \(error.message)"))
      }
      logMalformed(error.message)
    }
  }

  /// A line that isn't strict JSON (a duplicate key, a lone surrogate, nested too deep) is no answer: what it says depends
  /// on who reads it. The call that it seems to answer is lost; a line that can't be read at all is ignored.
  private func reject(_ line: [UInt8], _ error: JSONError) {
    logMalformed("\(error.message) at \(error.path)")
    guard let value = try? JSONValue(parsing: line, options: .lenient), let id = value["id"]?.intValue,
      value["method"] == nil
    else { return }
    answer(id, with: .lost("its answer is not valid JSON: \(error.message) at \(error.path)"))
  }

  private func logMalformed(_ problem: String) {
    let count = state.withLock { state in
      state.malformedLines += 1
      return state.malformedLines
    }
    // A flood of bad lines must not become a flood of log lines.
    guard count <= 5 else { return }
    logger.warning("upstream server sent a malformed message", metadata: ["problem": "\(problem)"])
  }
}

extension Duration {
  /// `60 s`, `0.25 s`.
  fileprivate var formatted: String {
    let (seconds, attoseconds) = components
    let milliseconds = attoseconds / 1_000_000_000_000_000
    if milliseconds == 0 { return "\(seconds) s" }
    let digits = String(1_000 + milliseconds).dropFirst()
    return "\(seconds).\(digits) s"
  }
}

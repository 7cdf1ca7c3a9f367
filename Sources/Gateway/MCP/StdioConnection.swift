import Glibc
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
///
/// A call that a kill gives up is followed on: see `Abandoned`.
final class StdioConnection: UpstreamConnection {
  struct Launch: Sendable {
    var command: String
    var arguments: [String]
    /// All of it: nothing is inherited besides.
    var environment: [String: String]
    /// Absent: the gateway's own.
    var workingDirectory: String?
  }

  private let launch: Launch
  private let limits: UpstreamLimits
  private let logger: Logger
  private let onNotification: @Sendable (UpstreamNotification) -> Void
  private let onSilence: @Sendable (Silence) -> Void
  private let writing = BlockingQueue(label: "agentgate.upstream.write")
  private let deadlines = DeadlineWatch()
  private let state = Mutex(State())

  /// How far a server has let a cancelled call's grace time pass without a word about it.
  enum Silence: Sendable {
    /// A quarter of it: it may well have to be ended.
    case suspicious
    /// All of it.
    ///
    /// - Parameter isRead: the server has read on past the cancellation: it may have ended the call without a word
    case overdue(isRead: Bool)
  }

  fileprivate struct State {
    var nextID = 1
    var era = UpstreamEra(version: .latestWithHandshake)
    var waiting: [Int: Waiting] = [:]
    var abandoned: [Int: Abandoned] = [:]
    /// The abandoned request that each probe was sent after.
    var probes: [Int: Int] = [:]
    var outbox: [Outgoing] = []
    var outboxBytes = 0
    /// Set while the process reads.
    var channel: LineChannel?
    /// Somebody writes what is in the outbox.
    var isWriting = false
    /// Who waits for the process to read.
    var opening: [CheckedContinuation<Void, Never>] = []
    /// Why the connection is over; absent while it isn't.
    var end: String?
    var closing: CheckedContinuation<Void, Never>?
    /// The process gets no time to end by itself.
    var isAbrupt = false
    var malformedLines = 0
    var errorTail: [String] = []
  }

  fileprivate struct Waiting {
    let continuation: CheckedContinuation<UpstreamReply, Never>
    let handle: CallHandle?
    let onProgress: (@Sendable (JSONObject) -> Void)?
    let isStanding: Bool
    var clock: RequestClock
    /// Set when the writer takes the request: from then on bytes may have gone out.
    var isTaken = false
  }

  /// A call that was sent and that a kill gave up. The server was told, and asked something right afterwards: its answer
  /// to that shows that it has read the cancellation.
  fileprivate struct Abandoned {
    let handle: CallHandle
    var watch: Task<Void, Never>?
  }

  fileprivate struct Outgoing: Sendable {
    /// Absent for notifications and for answers to the server's own requests.
    var id: Int?
    var bytes: [UInt8]
    var admit: (@Sendable () -> Decision?)?
  }

  /// - Parameters:
  ///   - onNotification: told each notification from the server but for progress, in order
  ///   - onSilence: told when a call that was given up for good is still not acknowledged
  init(
    launch: Launch, limits: UpstreamLimits, logger: Logger,
    onNotification: @escaping @Sendable (UpstreamNotification) -> Void,
    onSilence: @escaping @Sendable (Silence) -> Void = { _ in }
  ) {
    self.launch = launch
    self.limits = limits
    self.logger = logger
    self.onNotification = onNotification
    self.onSilence = onSilence
    deadlines.start { [weak self] in self?.endOverdue() }
  }

  func speak(_ era: UpstreamEra) { state.withLock { $0.era = era } }

  func request(_ request: UpstreamRequest) async -> UpstreamReply {
    let (id, era) = state.withLock { state in
      defer { state.nextID += 1 }
      return (state.nextID, state.era)
    }
    let outgoing = Outgoing(id: id, bytes: request.bytes(id: id, era: era, asLine: true), admit: request.admit)
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let waiting = Waiting(
          continuation: continuation, handle: request.handle, onProgress: request.onProgress,
          isStanding: request.isStanding, clock: RequestClock(request.limits))
        if let refusal = enqueue(outgoing, waiting) {
          continuation.resume(returning: .notSent(refusal))
          return
        }
        deadlines.note(waiting.clock.deadline)
        // Acts at once when the call was given up before.
        request.handle?.onGivingUp { [weak self] in self?.abandon(id, because: $0.text, for: $0.isContainment) }
        // The handler below may have run before there was anything to abandon.
        if Task.isCancelled { abandon(id, because: "the call was cancelled") }
      }
    } onCancel: {
      abandon(id, because: "the call was cancelled")
    }
  }

  func opened() async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let isOpen = state.withLock { state in
        let isOpen = state.end != nil || state.channel != nil
        if !isOpen { state.opening.append(continuation) }
        return isOpen
      }
      if isOpen { continuation.resume() }
    }
  }

  func notify(_ method: String) async { post(.notification(method: method, params: nil)) }

  /// Ends the connection: what waits is answered, standard input is closed, and `run()` sees to the process. Later calls
  /// change nothing.
  func close(because reason: String) {
    let (before, isFirst) = state.withLock { state -> (State, Bool) in
      guard state.end == nil else { return (State(), false) }
      state.end = reason
      state.outbox = []
      state.outboxBytes = 0
      defer {
        state.waiting = [:]
        state.abandoned = [:]
        state.probes = [:]
        state.opening = []
        state.closing = nil
      }
      return (state, true)
    }
    guard isFirst else { return }
    let (waiting, closing) = (before.waiting, before.closing)
    for entry in before.abandoned.values {
      entry.watch?.cancel()
      entry.handle.note(.unseen)
    }
    for entry in waiting.values {
      entry.handle?.noteGivenUp()
      entry.continuation.resume(returning: entry.isTaken ? .lost(reason) : .notSent(reason))
    }
    for opening in before.opening { opening.resume() }
    closing?.resume()
  }

  /// Ends the connection and, at once, the process and what it has started.
  func end(because reason: String) {
    state.withLock { $0.isAbrupt = true }
    close(because: reason)
  }

  /// Closes the connection once nothing waits for an answer and no given-up call is followed on.
  func closeWhenIdle() {
    Task {
      while state.withLock({ $0.end == nil && !($0.waiting.values.allSatisfy(\.isStanding) && $0.abandoned.isEmpty) }) {
        try await Task.sleep(for: .milliseconds(100))
      }
      close(because: "another run of the server has taken over")
    }
  }

  /// As `end`, once nothing waits for an answer, but no later than `deadline` from now.
  func end(because reason: String, whenIdleWithin deadline: Duration) {
    Task {
      let last = ContinuousClock.now + deadline
      while ContinuousClock.now < last,
        state.withLock({ $0.end == nil && !$0.waiting.values.allSatisfy(\.isStanding) })
      {
        try? await Task.sleep(for: .milliseconds(20))
      }
      end(because: reason)
    }
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
    var channel: LineChannel?
    do {
      let pipes = try ChildPipes()
      let opened = try LineChannel(input: pipes.output.reading, output: pipes.input.writing, ownsDescriptors: true)
      channel = opened
      let outcome = try await Subprocess.run(
        configuration(teardown),
        input: .fileDescriptor(FileDescriptor(rawValue: pipes.input.reading), closeAfterSpawningProcess: true),
        output: .fileDescriptor(FileDescriptor(rawValue: pipes.output.writing), closeAfterSpawningProcess: true),
        error: .sequence
      ) { process in
        await withTaskGroup(of: Void.self) { group in
          group.addTask { await self.read(from: opened) }
          group.addTask { await self.logErrors(from: process.standardError) }
          self.open(opened)
          await self.closed()
          opened.closeWriting()
          await process.teardown(using: self.state.withLock { $0.isAbrupt } ? Self.abruptTeardown : teardown)
          // INVARIANT: the leader isn't reaped before this closure returns, so its id can't name another group yet.
          try? process.send(signal: .kill, toProcessGroup: true)
          // What a process outside of the group holds open would never end.
          opened.stopReading()
          await group.waitForAll()
        }
      }
      return "\(outcome.terminationStatus)"
    } catch {
      let reason = "it could not be started: \(error)"
      channel?.discard()
      close(because: reason)
      return reason
    }
  }

  private static let abruptTeardown: [TeardownStep] = [
    .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .milliseconds(100))
  ]

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
  private func enqueue(_ outgoing: Outgoing, _ waiting: Waiting) -> String? {
    let (refusal, writes) = state.withLock { state -> (String?, Bool) in
      if let end = state.end { return (end, false) }
      // One request always fits, however large.
      if !state.outbox.isEmpty && state.isFull(with: outgoing, limits) {
        return ("it does not read what it is sent", false)
      }
      if let id = outgoing.id { state.waiting[id] = waiting }
      return (nil, state.put(outgoing))
    }
    if writes { writeOutbox() }
    return refusal
  }

  private func post(_ message: JSONRPCMessage) {
    send(Outgoing(id: nil, bytes: message.serialized() + [0x0A], admit: nil))
  }

  private func send(_ outgoing: Outgoing) {
    let (isFull, writes) = state.withLock { state -> (Bool, Bool) in
      if state.end != nil { return (false, false) }
      if state.isFull(with: outgoing, limits) { return (true, false) }
      return (false, state.put(outgoing))
    }
    if writes { writeOutbox() }
    if isFull { close(because: "it does not read what it is sent") }
  }

  /// From now on the process reads.
  private func open(_ channel: LineChannel) {
    let (opening, writes) = state.withLock { state -> ([CheckedContinuation<Void, Never>], Bool) in
      state.channel = channel
      defer { state.opening = [] }
      let writes = state.end == nil && !state.outbox.isEmpty && !state.isWriting
      if writes { state.isWriting = true }
      return (state.opening, writes)
    }
    for waiter in opening { waiter.resume() }
    if writes { writeOutbox() }
  }

  /// The only place that writes, for one caller at a time: who sets `isWriting`. A line goes out whole, or the connection
  /// is over.
  private func writeOutbox() {
    while let (outgoing, channel) = nextOutgoing() {
      if let id = outgoing.id {
        if let decision = outgoing.admit?() {
          answer(id, with: .refused(decision))
          continue
        }
        // Given up while it was being admitted: then it was counted as sent, and not sending it is the safer truth.
        guard let waiting = state.withLock({ $0.waiting[id] }) else { continue }
        waiting.handle?.noteSent()
      }
      switch channel.writeNow(outgoing.bytes[...]) {
      case .all: break
      case .closed: close(because: "it closed its standard input")
      case .some(let count):
        // It reads too slowly: a thread that may block goes on.
        writing.start {
          if !channel.write(outgoing.bytes[count...]) { self.close(because: "it closed its standard input") }
          self.writeOutbox()
        }
        return
      }
    }
  }

  /// Absent when there is nothing to write: then whoever comes next writes.
  private func nextOutgoing() -> (Outgoing, LineChannel)? {
    state.withLock { state in
      guard state.end == nil, let channel = state.channel, let outgoing = state.take() else {
        state.isWriting = false
        return nil
      }
      return (outgoing, channel)
    }
  }
}

extension StdioConnection.State {
  fileprivate func isFull(with outgoing: StdioConnection.Outgoing, _ limits: UpstreamLimits) -> Bool {
    outbox.count >= limits.queuedMessages || outboxBytes + outgoing.bytes.count > limits.queue
  }

  /// Whether the caller is to write it: nobody does, and the process reads.
  fileprivate mutating func put(_ outgoing: StdioConnection.Outgoing) -> Bool {
    outbox.append(outgoing)
    outboxBytes += outgoing.bytes.count
    guard !isWriting, channel != nil else { return false }
    isWriting = true
    return true
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
  private func answer(_ id: Int, with reply: UpstreamReply) {
    if let entry = state.withLock({ $0.waiting.removeValue(forKey: id) }) {
      if case .refused = reply {} else { entry.handle?.noteAnswered() }
      entry.continuation.resume(returning: reply)
      return
    }
    let (abandoned, probed) = state.withLock { state in
      let probed = state.probes.removeValue(forKey: id).flatMap { state.abandoned[$0] }
      return (state.abandoned.removeValue(forKey: id), probed)
    }
    probed?.handle.note(.seen)
    guard let abandoned else { return }
    abandoned.watch?.cancel()
    if case .error = reply { abandoned.handle.note(.acknowledged) } else { abandoned.handle.note(.lateResult) }
  }

  private func progress(_ params: JSONValue?) {
    guard let id = params?["progressToken"]?.intValue, var object = params?.objectValue else { return }
    let onProgress = state.withLock { state in
      state.waiting[id]?.clock.noteProgress()
      return state.waiting[id]?.onProgress
    }
    object["progressToken"] = nil
    onProgress?(object)
  }

  /// Ends the requests whose time is over; the next one's deadline.
  private func endOverdue() -> ContinuousClock.Instant? {
    let now = ContinuousClock.now
    let (overdue, next) = state.withLock { state in
      var overdue: [(id: Int, reason: String)] = []
      var next: ContinuousClock.Instant?
      for (id, waiting) in state.waiting {
        let deadline = waiting.clock.deadline
        if deadline <= now {
          overdue.append((id, waiting.clock.reason))
        } else {
          next = min(next ?? deadline, deadline)
        }
      }
      return (overdue, next)
    }
    for (id, reason) in overdue { abandon(id, because: reason) }
    return next
  }

  /// Stops waiting for an answer. A request that the server may have seen is cancelled there too.
  ///
  /// - Parameter good: a kill gives it up: what the server makes of it is followed until the grace time is over
  private func abandon(_ id: Int, because reason: String, for good: Bool = false) {
    let (entry, era, probe) = state.withLock { state in
      let entry = state.waiting.removeValue(forKey: id)
      if entry != nil, let index = state.outbox.firstIndex(where: { $0.id == id }) {
        state.outboxBytes -= state.outbox.remove(at: index).bytes.count
      }
      var probe: Int?
      if good, let handle = entry?.handle, entry?.isTaken == true {
        state.abandoned[id] = Abandoned(handle: handle)
        probe = state.nextID
        state.probes[state.nextID] = id
        state.nextID += 1
      }
      return (entry, state.era, probe)
    }
    guard let entry else { return }
    entry.handle?.noteGivenUp()
    entry.continuation.resume(returning: entry.isTaken ? .lost(reason) : .notSent(reason))
    guard entry.isTaken else { return }
    let params: JSONValue = ["requestId": JSONValue(id), "reason": .string(reason)]
    post(.notification(method: "notifications/cancelled", params: params))
    guard let probe else { return }
    let question = UpstreamRequest(
      method: era.version.isModern ? "server/discover" : "ping",
      meta: era.version.isModern ? UpstreamEra.noCapabilities : [], limits: RequestLimits(idle: limits.grace))
    send(Outgoing(id: nil, bytes: question.bytes(id: probe, era: era, asLine: true), admit: nil))
    let watch = Task { await self.watch(id) }
    let isKept = state.withLock { state in
      state.abandoned[id]?.watch = watch
      return state.abandoned[id] != nil
    }
    if !isKept { watch.cancel() }
  }

  /// Waits for the grace time of a call that was given up for good.
  private func watch(_ id: Int) async {
    guard (try? await Task.sleep(for: limits.grace / 4)) != nil, silence(of: id) != nil else { return }
    onSilence(.suspicious)
    guard (try? await Task.sleep(for: limits.grace * 3 / 4)) != nil, let handle = silence(of: id) else { return }
    // Changes nothing when the cancellation was seen.
    handle.note(.unseen)
    onSilence(.overdue(isRead: handle.facts.cancellation == .seen))
    state.withLock { _ = $0.abandoned.removeValue(forKey: id) }
  }

  /// The call's handle when the server has to be doubted: absent when it has answered, or when it has read on and the
  /// operator trusts it to mean what the specification says.
  private func silence(of id: Int) -> CallHandle? {
    guard let handle = state.withLock({ $0.abandoned[id]?.handle }) else { return nil }
    return limits.trustsCancellation && handle.facts.cancellation == .seen ? nil : handle
  }
}

// MARK: - Reading

extension StdioConnection {
  /// Returns once there is nothing more to read.
  private func read(from channel: LineChannel) async {
    let splitter = Mutex(LineSplitter(maximumLength: limits.line))
    await withCheckedContinuation { continuation in
      channel.read { chunk in
        do throws(LineTooLong) {
          for line in try splitter.withLock({ splitter throws(LineTooLong) in try splitter.lines(in: chunk) }) {
            self.receive(line)
          }
          return true
        } catch {
          self.close(because: "it sent a line of more than \(self.limits.line >> 20) MiB")
          return false
        }
      } ended: {
        self.close(because: "it ended")
        continuation.resume()
      }
    }
  }

  private func receive(_ line: [UInt8]) {
    if line.count > LineChannel.shortLine { LineChannel.leaveTheRest() }
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
    for message in value.arrayValue ?? [value] { receive(message, bytes: line.count) }
  }

  private func receive(_ value: JSONValue, bytes: Int) {
    do throws(InvalidJSONRPCMessage) {
      switch try JSONRPCMessage(value) {
      case .result(.number(let id), let result):
        let limit = state.withLock { $0.waiting[id]?.clock.limits.resultBytes } ?? .max
        answer(id, with: bytes <= limit ? .result(result) : .lost("its result has more than \(limit) bytes"))
      case .error(.number(let id)?, let error): answer(id, with: .error(error))
      case .result, .error: break
      case .notification("notifications/progress", let params): progress(params)
      case .notification(let method, let params): onNotification(UpstreamNotification(method: method, params: params))
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

/// The two pipes to a child: its ends are inherited, ours aren't.
private struct ChildPipes {
  let input: (reading: Int32, writing: Int32)
  let output: (reading: Int32, writing: Int32)

  init() throws {
    func make() throws -> (Int32, Int32) {
      var ends: [Int32] = [-1, -1]
      guard pipe(&ends) == 0 else { throw SystemError("make", "a pipe") }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      return (ends[0], ends[1])
    }
    input = try make()
    output = try make()
  }
}

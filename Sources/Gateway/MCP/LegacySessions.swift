import JSONRPC
import StrictJSON
import Synchronization

/// The sessions that `initialize` begins over HTTP. In memory: after a restart clients begin anew, as the specification
/// has it.
final class LegacySessions: Sendable {
  /// More than this, and the one that was used least recently ends.
  static let limit = 10_000

  private let sessions = Mutex([String: LegacySession]())

  func begin(_ session: LegacySession) {
    let ended = sessions.withLock { sessions -> LegacySession? in
      sessions[session.id] = session
      guard sessions.count > Self.limit else { return nil }
      return sessions.values.min { $0.lastUse < $1.lastUse }.flatMap { sessions.removeValue(forKey: $0.id) }
    }
    ended?.end()
  }

  subscript(id: String) -> LegacySession? {
    let session = sessions.withLock { $0[id] }
    session?.touch()
    return session
  }

  /// False when there is none.
  func end(_ id: String) -> Bool {
    guard let session = sessions.withLock({ $0.removeValue(forKey: id) }) else { return false }
    session.end()
    return true
  }

  /// Ends what sessions listen to, and nothing else: their calls are still answered.
  func endStreams() {
    for session in sessions.withLock({ Array($0.values) }) { session.endStream() }
  }

  /// Tells every session that a list has changed.
  func announce(_ method: String) {
    for session in sessions.withLock({ Array($0.values) }) {
      session.send(.notification(method: method, params: nil))
    }
  }
}

/// A client of the legacy era between `initialize` and its end.
final class LegacySession: Sendable {
  /// `Mcp-Session-Id`.
  let id: String
  let caller: MCPCaller
  private struct State {
    var lastUse = ContinuousClock.now
    var running: [JSONRPCID: CallHandle] = [:]
    /// Where what isn't an answer goes: the stream of its GET.
    var listener: (number: Int, sink: AsyncStream<JSONRPCMessage>.Continuation)?
    var listeners = 0
    var isOver = false
  }
  private let state = Mutex(State())

  init(id: String, caller: MCPCaller) {
    self.id = id
    self.caller = caller
  }

  var lastUse: ContinuousClock.Instant { state.withLock { $0.lastUse } }

  func touch() { state.withLock { $0.lastUse = .now } }

  /// False when the id is that of a request under way.
  func start(_ id: JSONRPCID, _ handle: CallHandle) -> Bool {
    state.withLock { state in
      guard state.running[id] == nil else { return false }
      state.running[id] = handle
      return true
    }
  }

  func finish(_ id: JSONRPCID) { state.withLock { _ = $0.running.removeValue(forKey: id) } }

  func cancel(_ id: JSONRPCID, because reason: String?) {
    state.withLock { $0.running[id] }?.giveUp(.client(reason ?? "cancelled by the client"))
  }

  /// The stream of what isn't an answer. One at a time: an earlier one ends.
  func listen() -> AsyncStream<JSONRPCMessage> {
    let (stream, sink) = AsyncStream.makeStream(of: JSONRPCMessage.self, bufferingPolicy: .bufferingNewest(64))
    let (number, earlier) = state.withLock { state in
      state.listeners += 1
      let earlier = state.listener?.sink
      state.listener = (state.listeners, sink)
      return (state.listeners, state.isOver ? sink : earlier)
    }
    earlier?.finish()
    sink.onTermination = { [weak self] _ in
      self?.state.withLock { state in
        if state.listener?.number == number { state.listener = nil }
      }
    }
    return stream
  }

  func send(_ message: JSONRPCMessage) { _ = state.withLock { $0.listener?.sink }?.yield(message) }

  func endStream() { state.withLock { $0.listener?.sink }?.finish() }

  func end() {
    let (running, listener) = state.withLock { state in
      state.isOver = true
      return (Array(state.running.values), state.listener?.sink)
    }
    for handle in running { handle.giveUp(.client("the session was ended")) }
    listener?.finish()
  }
}

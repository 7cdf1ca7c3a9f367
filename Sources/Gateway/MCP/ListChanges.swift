import Synchronization

/// Tells whoever listens which lists have changed: at the upstreams, by a kill, by a reload of the policy, by an approval.
final class ListChanges: Sendable {
  private struct State {
    var listeners: [Int: AsyncStream<String>.Continuation] = [:]
    var next = 0
  }
  private let state = Mutex(State())

  static let tools = "notifications/tools/list_changed"
  static let prompts = "notifications/prompts/list_changed"
  static let resources = "notifications/resources/list_changed"

  /// The methods of the notifications, from now on.
  func stream() -> AsyncStream<String> {
    let (stream, listener) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(16))
    let key = state.withLock { state in
      state.next += 1
      state.listeners[state.next] = listener
      return state.next
    }
    listener.onTermination = { [weak self] _ in
      self?.state.withLock { _ = $0.listeners.removeValue(forKey: key) }
    }
    return stream
  }

  func announce(_ method: String) {
    for listener in state.withLock({ Array($0.listeners.values) }) { listener.yield(method) }
  }

  /// What a session may see may have changed in every list.
  func announceAll() {
    for method in [Self.tools, Self.prompts, Self.resources] { announce(method) }
  }

  /// Passes on what changes at the upstreams until the task is cancelled.
  func follow(_ upstreams: UpstreamServers) async {
    var isFirst = true
    for await change in upstreams.news() {
      if isFirst {
        isFirst = false
        continue
      }
      if !change.isDisjoint(with: [.tools, .pins]) { announce(Self.tools) }
      if change.contains(.prompts) { announce(Self.prompts) }
      if change.contains(.resources) { announce(Self.resources) }
    }
  }

  /// Ends every stream.
  func finish() {
    for listener in state.withLock({ Array($0.listeners.values) }) { listener.finish() }
  }
}

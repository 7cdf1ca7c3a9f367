import NIOCore
import Synchronization

/// Tells requests that their connection has gone.
///
/// A channel's close future keeps what is attached to it as long as the connection lives, which may be thousands of
/// requests: one attachment a connection tells those that are under way.
final class ConnectionEnds: Sendable {
  private struct Watchers {
    var next = 0
    var byKey: [Int: @Sendable () -> Void] = [:]
  }
  private let watchers = Mutex<[ObjectIdentifier: Watchers]>([:])

  /// Runs `body`; when the connection ends meanwhile, `onEnd` is called, on any thread.
  func watch<Value>(
    _ channel: (any Channel)?, onEnd: @escaping @Sendable () -> Void, _ body: () async -> Value
  ) async -> Value {
    guard let channel else { return await body() }
    let connection = ObjectIdentifier(channel)
    let (key, isFirst) = watchers.withLock { watchers in
      let isFirst = watchers[connection] == nil
      let key = watchers[connection, default: Watchers()].next
      watchers[connection]?.next += 1
      watchers[connection]?.byKey[key] = onEnd
      return (key, isFirst)
    }
    if isFirst {
      channel.closeFuture.whenComplete { [weak self] _ in
        let ended = self?.watchers.withLock { $0.removeValue(forKey: connection) }
        for onEnd in (ended?.byKey ?? [:]).values { onEnd() }
      }
    }
    defer { watchers.withLock { _ = $0[connection]?.byKey.removeValue(forKey: key) } }
    // It may have ended before anybody listened.
    if !channel.isActive { onEnd() }
    let looking = Task { await Self.look(at: channel, onEnd) }
    defer { looking.cancel() }
    return await body()
  }

  /// While a request is under way nobody reads the connection, and the server lets clients close their own side of it:
  /// that they have gone shows in the socket's state alone.
  private static func look(at channel: any Channel, _ onEnd: @Sendable () -> Void) async {
    guard let socket = channel as? any SocketOptionProvider else { return }
    while (try? await Task.sleep(for: .milliseconds(100))) != nil {
      guard let state = try? await socket.getTCPInfo().map(\.tcpi_state).get() else { return }
      if state == closeWait { return onEnd() }
    }
  }

  /// Linux's TCP_CLOSE_WAIT: the peer has closed its side.
  private static let closeWait: UInt8 = 8

  /// As `watch`.
  func watchThrowing<Value: Sendable>(
    _ channel: (any Channel)?, onEnd: @escaping @Sendable () -> Void, _ body: () async throws -> Value
  ) async throws -> Value {
    let result: Result<Value, any Error> = await watch(channel, onEnd: onEnd) {
      do { return .success(try await body()) } catch { return .failure(error) }
    }
    return try result.get()
  }
}

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

  /// From now on, until the answer is called, `onEnd` is called when the connection ends, on any thread.
  func watch(_ channel: (any Channel)?, onEnd: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
    guard let channel else { return {} }
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
    // It may have ended before anybody listened.
    if !channel.isActive { onEnd() }
    let looking = Self.look(at: channel, onEnd)
    return { [weak self] in
      looking?.cancel()
      self?.watchers.withLock { _ = $0[connection]?.byKey.removeValue(forKey: key) }
    }
  }

  /// While a request is under way nobody reads the connection, and the server lets clients close their own side of it:
  /// that they have gone shows in the socket's state alone.
  private static func look(at channel: any Channel, _ onEnd: @escaping @Sendable () -> Void) -> RepeatedTask? {
    guard let socket = channel as? any SocketOptionProvider else { return nil }
    return channel.eventLoop.scheduleRepeatedTask(initialDelay: .milliseconds(100), delay: .milliseconds(100)) { task in
      socket.getTCPInfo().map(\.tcpi_state).whenComplete { state in
        switch state {
        case .success(closeWait):
          task.cancel()
          onEnd()
        case .success: break
        case .failure: task.cancel()
        }
      }
    }
  }

  /// Linux's TCP_CLOSE_WAIT: the peer has closed its side.
  private static let closeWait: UInt8 = 8
}

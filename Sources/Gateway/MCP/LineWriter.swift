import JSONRPC
import Synchronization

/// Whole lines to a channel, in order, from any number of senders; none of them waits for a slow reader.
final class LineWriter: Sendable {
  /// Bytes that may wait for a reader that doesn't read; then it is taken for gone.
  static let limit = 64 << 20

  private let channel: LineChannel
  private let queue = BlockingQueue(label: "agentgate.lines")
  private let state = Mutex(State())
  private struct State {
    var waiting: [[UInt8]] = []
    var bytes = 0
    var isWriting = false
    var isOver = false
  }

  init(_ channel: LineChannel) { self.channel = channel }

  func send(_ message: JSONRPCMessage) {
    var line = message.serialized()
    line.append(0x0A)
    let writes = state.withLock { state in
      if state.isOver { return false }
      state.waiting.append(line)
      state.bytes += line.count
      if state.bytes > Self.limit { state.isOver = true }
      guard !state.isWriting else { return false }
      state.isWriting = true
      return true
    }
    if writes { write() }
  }

  /// Returns once everything is written, or nobody reads any more.
  func flush() async {
    while state.withLock({ $0.isWriting }) { try? await Task.sleep(for: .milliseconds(1)) }
  }

  private func write() {
    while let line = next() {
      switch channel.writeNow(line[...]) {
      case .all: break
      case .closed: state.withLock { $0.isOver = true }
      case .some(let count):
        queue.start {
          if !self.channel.write(line[count...]) { self.state.withLock { $0.isOver = true } }
          self.write()
        }
        return
      }
    }
  }

  private func next() -> [UInt8]? {
    state.withLock { state in
      if state.isOver || state.waiting.isEmpty {
        state.isWriting = false
        if state.isOver { state.waiting = [] }
        return nil
      }
      let line = state.waiting.removeFirst()
      state.bytes -= line.count
      return line
    }
  }
}

import Glibc
import Synchronization

/// Two file descriptors that carry lines, one in and one out, with as few changes of threads as can be: what comes in is
/// handed over on the thread that reads; what goes out is written by whoever has it, as far as that needs no waiting.
public final class LineChannel: Sendable {
  /// What became of bytes that were to be written.
  public enum Written: Sendable, Equatable {
    case all
    /// So many; the rest needs waiting.
    case some(Int)
    /// Nobody reads any more.
    case closed
  }

  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  /// Bytes of a message that is quickly dealt with: see `leaveTheRest`.
  package static let shortLine = 64 << 10
  /// Bytes of one message on standard input.
  package static let maximumLine = 16 << 20

  private let input: Int32
  private let output: Int32
  private let ownsDescriptors: Bool
  private let bell: Bell
  private let state = Mutex(State())

  private struct State {
    /// Somebody is inside a write.
    var isWriting = false
    var isClosing = false
    var isClosed = false
  }

  /// - Parameters:
  ///   - input: a file descriptor to read from
  ///   - output: another to write to
  ///   - ownsDescriptors: they are nobody else's: they don't block, and are closed here
  public init(input: Int32, output: Int32, ownsDescriptors: Bool) throws {
    bell = try Bell()
    self.input = input
    self.output = output
    self.ownsDescriptors = ownsDescriptors
    if ownsDescriptors {
      for descriptor in [input, output] { _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) }
    }
  }

  // MARK: Reading

  /// Reads on a thread of its own until the input ends or `stopReading`; calls are in order, on that thread.
  ///
  /// - Parameters:
  ///   - take: false ends the reading
  ///   - ended: told that there is no more
  public func read(
    _ take: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool, ended: @escaping @Sendable () -> Void
  ) {
    startThread { [self] in
      let afterwards = Afterwards()
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
      defer { buffer.deallocate() }
      var polled = [
        pollfd(fd: input, events: Int16(POLLIN), revents: 0),
        pollfd(fd: bell.reading, events: Int16(POLLIN), revents: 0),
      ]
      while true {
        if poll(&polled, 2, -1) < 0 {
          if errno == EINTR { continue }
          break
        }
        if polled[1].revents != 0 { break }
        let count = Glibc.read(input, buffer.baseAddress, buffer.count)
        if count < 0, errno == EINTR || errno == EAGAIN { continue }
        let handedOver = UnsafeRawBufferPointer(rebasing: buffer[..<max(count, 0)])
        guard count > 0, afterwards.collect({ take(handedOver) }) else { break }
      }
      if ownsDescriptors { close(input) }
      ended()
    }
  }

  /// Has the thread that reads a channel do `work` once it has handed over what came in. False when the current thread
  /// isn't one, or has enough to do: then somebody else has to.
  package static func afterwards(_ work: @escaping () -> Void) -> Bool { Afterwards.current?.take(work) ?? false }

  /// Does what was left for afterwards: before the thread that reads waits for something that may depend on it.
  package static func catchUp() { Afterwards.current?.work() }

  /// What is handed over now is large: what follows from it is others' work, so that the reading goes on.
  package static func leaveTheRest() { Afterwards.current?.takesWork = false }

  /// Closes what is owned, when nothing has been read or written.
  public func discard() {
    closeWriting()
    if ownsDescriptors { close(input) }
  }

  /// Ends the reading, for good.
  public func stopReading() { bell.ring() }

  // MARK: Writing. One writer at a time: that is the caller's business.

  /// Writes what can be written at once.
  public func writeNow(_ bytes: ArraySlice<UInt8>) -> Written {
    guard beginWriting() else { return .closed }
    defer { endWriting() }
    return attempt(bytes)
  }

  /// Writes all, however long it takes. False when nobody reads any more, or the channel is closed meanwhile.
  public func write(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard beginWriting() else { return false }
    defer { endWriting() }
    var rest = bytes
    while !rest.isEmpty {
      switch attempt(rest) {
      case .all: return true
      case .closed: return false
      case .some(let count):
        rest = rest.dropFirst(count)
        if state.withLock({ $0.isClosing }) { return false }
        var polled = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
        // Now and then it looks whether the channel has been closed.
        _ = poll(&polled, 1, 100)
      }
    }
    return true
  }

  /// The peer's input ends. Somebody who is writing stops within a tenth of a second.
  public func closeWriting() {
    let mayClose = state.withLock { state in
      state.isClosing = true
      guard !state.isWriting, !state.isClosed else { return false }
      state.isClosed = true
      return true
    }
    if mayClose, ownsDescriptors { close(output) }
  }

  private func beginWriting() -> Bool {
    state.withLock { state in
      if state.isClosing { return false }
      state.isWriting = true
      return true
    }
  }

  private func endWriting() {
    let mayClose = state.withLock { state in
      state.isWriting = false
      guard state.isClosing, !state.isClosed else { return false }
      state.isClosed = true
      return true
    }
    if mayClose, ownsDescriptors { close(output) }
  }

  private func attempt(_ bytes: ArraySlice<UInt8>) -> Written {
    var rest = bytes
    while !rest.isEmpty {
      // A descriptor that others have too isn't made non-blocking: what is ready takes so much without waiting (POSIX).
      var size = rest.count
      if !ownsDescriptors {
        var polled = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
        guard poll(&polled, 1, 0) == 1, polled.revents & Int16(POLLOUT) != 0 else {
          if polled.revents & Int16(POLLERR | POLLNVAL) != 0 { return .closed }
          return .some(bytes.count - rest.count)
        }
        size = min(size, Int(PIPE_BUF))
      }
      let count = rest.withUnsafeBytes { Glibc.write(output, $0.baseAddress, size) }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        return .some(bytes.count - rest.count)
      } else if errno != EINTR {
        return .closed
      }
    }
    return .all
  }
}

/// What a thread that reads does in between. It is used by that thread alone.
private final class Afterwards {
  /// More than this is better done by several threads at once.
  private static let limit = 4

  /// The values of this key aren't owned: each is its thread's, which clears it.
  private static let key = {
    var key = pthread_key_t()
    return pthread_key_create(&key, nil) == 0 ? key : nil
  }()

  private var pending: [() -> Void] = []
  var takesWork = false

  /// The current thread's, while it collects.
  static var current: Afterwards? {
    guard let key, let value = pthread_getspecific(key) else { return nil }
    return Unmanaged<Afterwards>.fromOpaque(value).takeUnretainedValue()
  }

  func take(_ work: @escaping () -> Void) -> Bool {
    guard takesWork, pending.count < Self.limit else { return false }
    pending.append(work)
    return true
  }

  /// Runs `body`, and then the work that came up in it, and what comes up in that.
  func collect<Value>(_ body: () -> Value) -> Value {
    guard let key = Self.key, pthread_setspecific(key, Unmanaged.passUnretained(self).toOpaque()) == 0 else {
      return body()
    }
    defer { pthread_setspecific(key, nil) }
    takesWork = true
    let value = body()
    work()
    return value
  }

  func work() {
    while !pending.isEmpty { pending.removeFirst()() }
  }
}

/// Ends a wait in `poll`, for good.
package final class Bell: Sendable {
  package let reading: Int32
  private let writing: Int32

  package init() throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw LineChannel.Failure(description: "no pipe: error \(errno)") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    (reading, writing) = (ends[0], ends[1])
  }

  deinit {
    close(reading)
    close(writing)
  }

  package func ring() { _ = write(writing, [0], 1) }
}

/// Runs `body` on a thread that is there for nothing else.
private func startThread(_ body: @escaping @Sendable () -> Void) {
  final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  var thread = pthread_t()
  let box = Unmanaged.passRetained(Box(body))
  let code = pthread_create(
    &thread, nil,
    { argument in
      if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
      return nil
    }, box.toOpaque())
  if code == 0 {
    pthread_detach(thread)
  } else {
    // No thread is left: nothing is read, which ends what waits for it.
    box.takeRetainedValue().body()
  }
}

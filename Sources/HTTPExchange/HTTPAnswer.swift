public import NIOCore
public import NIOHTTP1
import Synchronization

/// The answer to one HTTP request, part by part as it comes in. While the reader is behind, the connection isn't read.
public final class HTTPAnswer: Sendable {
  public enum Part: Sendable {
    case head(HTTPResponseHead)
    case body(ByteBuffer)
    case end
    case failed(any Error)

    /// Those of a body; absent at its end.
    public func bytes() throws -> ByteBuffer? {
      switch self {
      case .body(let buffer): buffer
      case .failed(let error): throw error
      case .head, .end: nil
      }
    }
  }

  /// Nobody wants the answer any more.
  public struct Cancelled: Error {}

  /// Bytes that nobody has taken; beyond, the connection isn't read.
  static let limit = 262_144

  private struct State {
    /// Those that nobody has taken.
    var parts: [Part] = []
    var bytes = 0
    var waiter: CheckedContinuation<Part, Never>?
    var isOver = false
    var isCancelled = false
    /// The connection waits for `goOn`.
    var isHeld = false
    var goOn: (@Sendable () -> Void)?
    var stop: (@Sendable () -> Void)?
  }
  private let state = Mutex(State())

  public init() {}

  // MARK: The reader's side

  /// The next part; not to be asked for after `end` or `failed`. For one task.
  public func next() async -> Part {
    if let part = nextAtOnce() { return part }
    return await withCheckedContinuation { continuation in
      // It may have come meanwhile.
      if let part = take(orWait: continuation) { continuation.resume(returning: part) }
    }
  }

  /// As `next`, without a wait; absent when nothing has come.
  public func nextAtOnce() -> Part? { take(orWait: nil) }

  /// The next of those that have come; absent when there is none, and then `waiter` gets it.
  private func take(orWait waiter: CheckedContinuation<Part, Never>?) -> Part? {
    let (part, goOn) = state.withLock { state -> (Part?, (@Sendable () -> Void)?) in
      guard !state.parts.isEmpty else {
        state.waiter = waiter
        return (nil, nil)
      }
      let part = state.parts.removeFirst()
      if case .body(let buffer) = part { state.bytes -= buffer.readableBytes }
      guard state.isHeld, state.bytes <= Self.limit else { return (part, nil) }
      state.isHeld = false
      return (part, state.goOn)
    }
    goOn?()
    return part
  }

  /// The next bytes of the body; absent at its end.
  public func nextBytes() async throws -> ByteBuffer? { try await next().bytes() }

  /// Ends the wait with `Cancelled`, and the connection unless the answer is complete.
  public func cancel() {
    let (waiter, stop) = state.withLock { state -> (CheckedContinuation<Part, Never>?, (@Sendable () -> Void)?) in
      state.isCancelled = true
      defer { (state.waiter, state.stop, state.goOn) = (nil, nil, nil) }
      guard !state.isOver else { return (nil, nil) }
      state.isOver = true
      state.bytes = 0
      state.parts = state.waiter == nil ? [.failed(Cancelled())] : []
      return (state.waiter, state.stop)
    }
    stop?()
    waiter?.resume(returning: .failed(Cancelled()))
  }

  // MARK: The connection's side

  /// False when nobody wants the answer any more: the request isn't to be sent.
  ///
  /// - Parameters:
  ///   - goOn: reads on, after `give` has said not to; on any thread
  ///   - stop: ends the connection; on any thread
  func begin(goOn: @escaping @Sendable () -> Void, stop: @escaping @Sendable () -> Void) -> Bool {
    state.withLock { state in
      guard !state.isCancelled else { return false }
      (state.goOn, state.stop) = (goOn, stop)
      return true
    }
  }

  /// Whether the connection is to be read on.
  ///
  /// - Parameter parts: what has come in together; the last one may be `end` or `failed`
  @discardableResult
  func give(_ parts: [Part]) -> Bool {
    let (waiter, next, goesOn) = state.withLock { state -> (CheckedContinuation<Part, Never>?, Part?, Bool) in
      guard !state.isOver, let last = parts.last else { return (nil, nil, true) }
      switch last {
      case .end, .failed:
        state.isOver = true
        (state.stop, state.goOn) = (nil, nil)
      case .head, .body: break
      }
      let waiter = state.waiter.take()
      for part in waiter == nil ? parts[...] : parts.dropFirst() {
        state.parts.append(part)
        if case .body(let buffer) = part { state.bytes += buffer.readableBytes }
      }
      state.isHeld = !state.isOver && state.bytes > Self.limit
      return (waiter, parts.first, !state.isHeld)
    }
    if let waiter, let next { waiter.resume(returning: next) }
    return goesOn
  }
}

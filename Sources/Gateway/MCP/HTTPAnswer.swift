import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// The answer to one HTTP request, part by part as it comes in; the connection is read on when a part has been taken.
///
/// AsyncHTTPClient's own asynchronous answers start a task on another thread for each request, which wakes it twice.
final class HTTPAnswer: HTTPClientResponseDelegate, Sendable {
  typealias Response = Void

  enum Part: Sendable {
    case head(HTTPResponseHead)
    case body(ByteBuffer)
    case end
    case failed(any Error)
  }

  private struct State {
    /// Those that nobody has taken, each with what lets the reading go on.
    var parts: [(part: Part, taken: EventLoopPromise<Void>?)] = []
    var waiter: CheckedContinuation<Part, Never>?
    var isAbandoned = false
    var isOver = false
  }
  private let state = Mutex(State())

  /// Nothing more will come.
  var isOver: Bool { state.withLock { $0.isOver } }

  /// The next part; not to be asked for after `end` or `failed`. For one task.
  func next() async -> Part {
    await withCheckedContinuation { continuation in
      let ready = state.withLock { state -> (part: Part, taken: EventLoopPromise<Void>?)? in
        guard state.parts.isEmpty else { return state.parts.removeFirst() }
        state.waiter = continuation
        return nil
      }
      guard let ready else { return }
      ready.taken?.succeed()
      continuation.resume(returning: ready.part)
    }
  }

  /// The next bytes of the body; absent at its end.
  func nextBytes() async throws -> ByteBuffer? {
    switch await next() {
    case .body(let buffer): buffer
    case .failed(let error): throw error
    case .head, .end: nil
    }
  }

  /// Nobody asks for a part any more.
  func abandon() {
    let left = state.withLock { state in
      state.isAbandoned = true
      defer { state.parts = [] }
      return state.parts
    }
    for part in left { part.taken?.succeed() }
  }

  func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
    give(.head(head), on: task.eventLoop)
  }

  func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
    give(.body(buffer), on: task.eventLoop)
  }

  func didFinishRequest(task: HTTPClient.Task<Void>) throws { end(.end) }

  func didReceiveError(task: HTTPClient.Task<Void>, _ error: any Error) { end(.failed(error)) }

  private func give(_ part: Part, on loop: any EventLoop) -> EventLoopFuture<Void> {
    let taken = loop.makePromise(of: Void.self)
    let (waiter, isAbandoned) = state.withLock { state -> (CheckedContinuation<Part, Never>?, Bool) in
      if state.isAbandoned { return (nil, true) }
      if let waiter = state.waiter {
        state.waiter = nil
        return (waiter, false)
      }
      state.parts.append((part, taken))
      return (nil, false)
    }
    if waiter != nil || isAbandoned { taken.succeed() }
    waiter?.resume(returning: part)
    return taken.futureResult
  }

  private func end(_ part: Part) {
    let waiter = state.withLock { state -> CheckedContinuation<Part, Never>? in
      guard !state.isOver else { return nil }
      state.isOver = true
      defer { state.waiter = nil }
      if state.waiter == nil, !state.isAbandoned { state.parts.append((part, nil)) }
      return state.waiter
    }
    waiter?.resume(returning: part)
  }
}

import Dispatch
import Glibc
import Synchronization

/// Runs blocking work, one piece after the other, on a thread of its own: never on the pool that Swift's tasks share,
/// where one slow disk would hold up everything.
struct BlockingQueue: Sendable {
  private enum Backing: Sendable {
    case queue(DispatchQueue)
    case thread(WorkThread.Owner)
  }
  private let backing: Backing

  /// - Parameter isReserved: the thread is kept for this queue, so that its work never waits for a thread of the pool that
  ///   other queues' work blocks: for what every call waits for
  init(label: String, isReserved: Bool = false) {
    backing = isReserved ? .thread(WorkThread.Owner()) : .queue(DispatchQueue(label: label))
  }

  func start(_ work: @escaping @Sendable () -> Void) {
    switch backing {
    case .queue(let queue): queue.async(execute: work)
    case .thread(let owner): owner.thread.start(work)
    }
  }

  func start(after delay: DispatchTimeInterval, _ work: @escaping @Sendable () -> Void) {
    switch backing {
    case .queue(let queue): queue.asyncAfter(deadline: .now() + delay, execute: work)
    case .thread(let owner): owner.thread.start(work, notBefore: .now() + delay)
    }
  }

  /// Waits for `work` without blocking the caller's thread. A cancelled task waits too.
  func run<Success: Sendable, Failure: Error>(
    _ work: @escaping @Sendable () throws(Failure) -> Success
  ) async throws(Failure) -> Success {
    let result: Result<Success, Failure> = await withCheckedContinuation { continuation in
      start {
        do throws(Failure) {
          continuation.resume(returning: .success(try work()))
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
    }
    return try result.get()
  }
}

/// A thread that does what it is given, one piece after the other.
private final class WorkThread: Sendable {
  /// The thread ends when its owner goes and what it was given is done.
  final class Owner: Sendable {
    let thread = WorkThread()

    deinit { thread.finish() }
  }

  private struct State {
    var due: [@Sendable () -> Void] = []
    var timed: [(time: DispatchTime, work: @Sendable () -> Void)] = []
    var isFinished = false
  }
  private let state = Mutex(State())
  private let news = DispatchSemaphore(value: 0)

  init() {
    var thread = pthread_t()
    let this = Unmanaged.passRetained(self).toOpaque()
    let status = pthread_create(
      &thread, nil,
      { raw in
        if let raw { Unmanaged<WorkThread>.fromOpaque(raw).takeRetainedValue().run() }
        return nil
      }, this)
    precondition(status == 0, "no thread can be started: \(status)")
    pthread_detach(thread)
  }

  func start(_ work: @escaping @Sendable () -> Void) {
    state.withLock { $0.due.append(work) }
    news.signal()
  }

  func start(_ work: @escaping @Sendable () -> Void, notBefore time: DispatchTime) {
    state.withLock { $0.timed.append((time, work)) }
    news.signal()
  }

  func finish() {
    state.withLock { $0.isFinished = true }
    news.signal()
  }

  private func run() {
    while true {
      let now = DispatchTime.now()
      let (ready, next, isFinished) = state.withLock { state in
        var ready = state.due
        state.due = []
        for index in state.timed.indices where state.timed[index].time <= now { ready.append(state.timed[index].work) }
        state.timed.removeAll { $0.time <= now }
        return (ready, state.timed.map(\.time).min(), state.isFinished)
      }
      for work in ready { work() }
      guard ready.isEmpty else { continue }
      if isFinished, next == nil { return }
      _ = news.wait(timeout: next ?? .distantFuture)
    }
  }
}

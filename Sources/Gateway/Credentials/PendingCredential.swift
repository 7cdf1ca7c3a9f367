import Synchronization

/// A credential that is being fetched, once for all who wait for it.
final class PendingCredential: Sendable {
  typealias Result = Swift.Result<Credential, CredentialFailure>

  private struct State {
    var result: Result?
    var waiters: [Int: CheckedContinuation<Result, Never>] = [:]
    var next = 0
  }
  private let state = Mutex(State())
  /// What became of a withdrawn one; set once it is known.
  let revocation = FirstOf<CredentialRevocation>()

  /// The first result counts.
  func finish(_ result: Result) {
    let waiters = state.withLock { state -> [CheckedContinuation<Result, Never>] in
      guard state.result == nil else { return [] }
      state.result = result
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume(returning: result) }
  }

  /// For any number of tasks. One that is cancelled waits no longer; the others do.
  func value() async throws(CredentialFailure) -> Credential {
    let number = state.withLock { state in
      defer { state.next += 1 }
      return state.next
    }
    let cancelled = Result.failure(CredentialFailure(.cancelled, "the call was given up"))
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let result = state.withLock { state -> Result? in
          if let result = state.result { return result }
          // `onCancel` may have run already.
          if Task.isCancelled { return cancelled }
          state.waiters[number] = continuation
          return nil
        }
        if let result { continuation.resume(returning: result) }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: number) }?.resume(returning: cancelled)
    }
    return try result.get()
  }
}

import Logging
import Synchronization

/// What a file of keys says, read again when the file changes.
///
/// A file that can't be read any more (malformed, gone, writable by others) doesn't count, and what it last said holds
/// for another `trust`. To deny at once would let a misplaced comma cut off every agent, and make an operator think
/// twice before revoking a key by hand; to hold on for ever would let a revocation that was written into a broken file
/// never happen. Meanwhile `problem` says so, and the log has an error. What an operator must stop now is killed, not
/// edited.
final class WatchedFile<Content: Sendable>: Sendable {
  private struct State {
    var content: Content
    /// What the file was when `content` was read from it; nil when the file may have changed since without showing it.
    var stamp: StateFile.Stamp?
    /// When the file was last looked at. Nanoseconds.
    var looked: Int64
    var isLooking = false
    /// Why it can't be taken, and since which look.
    var problem: (text: String, since: Int64)?

    func trusted(at now: Int64) -> Content? {
      if let problem, now - problem.since > WatchedFile.trust { return nil }
      return content
    }
  }

  /// Between two looks at the file.
  static var interval: Int64 { 1_000_000_000 }
  /// How long the last good content holds once the file is found to be bad.
  static var trust: Int64 { 86_400_000_000_000 }

  private let path: String
  private let limit: Int
  private let clock: MonotonicClock
  private let wallClock: WallClock
  private let logger: Logger
  private let parse: @Sendable ([UInt8]) throws(KeyFileError.Fault) -> Content
  private let state: Mutex<State>

  /// Blocks. Fails when the file can't be taken: there is nothing to hold on to yet.
  init(
    _ path: String, limit: Int, clock: MonotonicClock, wallClock: WallClock, logger: Logger,
    parse: @escaping @Sendable ([UInt8]) throws(KeyFileError.Fault) -> Content
  ) throws(KeyFileError) {
    (self.path, self.limit) = (path, limit)
    (self.clock, self.wallClock, self.logger) = (clock, wallClock, logger)
    self.parse = parse
    let now = clock.now()
    let (content, stamp) = try Self.read(path, limit, wallClock, parse)
    state = Mutex(State(content: content, stamp: stamp, looked: now))
  }

  /// Absent when the file has been bad for longer than it is trusted. Looks at the file at most once a second,
  /// on the caller's thread; whoever comes meanwhile gets what is known.
  var content: Content? {
    let now = clock.now()
    let (mustLook, known) = state.withLock { state -> (Bool, Content?) in
      if now - state.looked < Self.interval || state.isLooking { return (false, state.trusted(at: now)) }
      state.looked = now
      state.isLooking = true
      return (true, nil)
    }
    if !mustLook { return known }
    look(at: now)
    return state.withLock { $0.trusted(at: now) }
  }

  /// Why the file can't be taken at present; absent when all is well. As of the last look.
  var problem: String? { state.withLock { $0.problem?.text } }

  private func look(at now: Int64) {
    let known = state.withLock { $0.stamp }
    if let known, StateFile.stamp(path: path) == known {
      state.withLock { $0.isLooking = false }
      return
    }
    do throws(KeyFileError) {
      let (content, stamp) = try Self.read(path, limit, wallClock, parse)
      let recovered = state.withLock { state in
        state.isLooking = false
        state.content = content
        state.stamp = stamp
        defer { state.problem = nil }
        return state.problem != nil
      }
      if recovered { logger.notice("key file is readable again", metadata: ["file": "\(path)"]) }
    } catch {
      let isNew = state.withLock { state in
        state.isLooking = false
        state.stamp = nil
        defer { state.problem = (error.description, state.problem?.since ?? now) }
        return state.problem?.text != error.description
      }
      if isNew {
        logger.error(
          "key file can't be taken: what it said before holds for at most 24 hours",
          metadata: ["problem": "\(error.description)"])
      }
    }
  }

  private static func read(
    _ path: String, _ limit: Int, _ wallClock: WallClock,
    _ parse: ([UInt8]) throws(KeyFileError.Fault) -> Content
  ) throws(KeyFileError) -> (Content, StateFile.Stamp?) {
    let (bytes, stamp) = try KeyFileBytes.read(path, limit: limit)
    do throws(KeyFileError.Fault) {
      return (try parse(bytes), stamp.isSettled(at: wallClock.now()) ? stamp : nil)
    } catch {
      throw KeyFileError(path: path, fault: error)
    }
  }
}

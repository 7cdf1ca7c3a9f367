#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A flock(2) on a file that exists for nothing else, held until the last reference goes. Between processes it is advisory; two
/// locks of one process exclude each other too.
final class FileLock: Sendable {
  enum Kind {
    case exclusive
    case shared

    fileprivate var operation: Int32 { self == .exclusive ? LOCK_EX : LOCK_SH }
  }

  /// Why a lock could not be had.
  enum Failure: Error, CustomStringConvertible {
    case heldElsewhere(path: String)
    case system(SystemError)

    var description: String {
      switch self {
      case .heldElsewhere(let path): "\(path) is held by another process"
      case .system(let error): "\(error)"
      }
    }
  }

  private let path: String
  private let descriptor: Int32

  /// Creates the file (mode 0600) when it is missing and waits up to `milliseconds`, blocking the thread.
  init(path: String, kind: Kind, waitingUpTo milliseconds: Int) throws(Failure) {
    var remaining = milliseconds
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
      guard descriptor >= 0 else { throw .system(SystemError("open", path)) }
      if flock(descriptor, kind.operation | LOCK_NB) == 0 {
        // INVARIANT: the lock is on the file that the path names. One that was removed meanwhile excludes nobody.
        var held = stat()
        var named = stat()
        if fstat(descriptor, &held) == 0, lstat(path, &named) == 0, held.st_ino == named.st_ino,
          held.st_dev == named.st_dev
        {
          self.path = path
          self.descriptor = descriptor
          return
        }
        close(descriptor)
      } else {
        let error = SystemError("lock", path)
        close(descriptor)
        guard error.number == EWOULDBLOCK || error.number == EINTR else { throw .system(error) }
      }
      guard remaining > 0 else { throw .heldElsewhere(path: path) }
      usleep(10_000)
      remaining -= 10
    }
  }

  /// From exclusive to shared. Not at one stroke: another process may hold the exclusive lock in between.
  func share() throws(Failure) {
    while flock(descriptor, LOCK_SH) != 0 {
      guard errno == EINTR else { throw .system(SystemError("lock", path)) }
    }
  }

  deinit {
    close(descriptor)
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Files of the state folder: for nobody else to read, and durable when written. Everything here blocks.
enum StateFile {
  /// Which file a path names, and which content it had.
  struct Stamp: Equatable {
    private let device: UInt64
    private let inode: UInt64
    private let size: Int64
    private let modified: Int64
    private let changed: Int64

    init(_ status: stat) {
      device = UInt64(truncatingIfNeeded: status.st_dev)
      inode = UInt64(truncatingIfNeeded: status.st_ino)
      size = Int64(status.st_size)
      modified = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
      changed = Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec)
    }

    /// A write within the clock's tick after this one might leave the same stamp. Times in microseconds since 1970.
    func isSettled(at now: Int64) -> Bool { now - changed / 1_000 > 1_000_000 }

    func isSameFile(as other: Stamp) -> Bool { device == other.device && inode == other.inode }
  }

  /// Nil when the path names nothing that can be looked at.
  static func stamp(path: String) -> Stamp? {
    var status = stat()
    return stat(path, &status) == 0 ? Stamp(status) : nil
  }

  /// The bytes and the stamp that they had throughout. Refuses what is no file or has more than `limit` bytes.
  static func read(_ path: String, limit: Int) throws(SystemError) -> (bytes: [UInt8], stamp: Stamp) {
    while true {
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard descriptor >= 0 else { throw SystemError("open", path) }
      defer { close(descriptor) }
      var status = stat()
      guard fstat(descriptor, &status) == 0 else { throw SystemError("look at", path) }
      guard status.st_mode & S_IFMT == S_IFREG else { throw SystemError("read", path, number: EINVAL) }
      guard status.st_size <= limit else { throw SystemError("read", path, number: EFBIG) }
      let stamp = Stamp(status)
      // One byte more than there should be shows a file that grows.
      var bytes = [UInt8](repeating: 0, count: Int(status.st_size) + 1)
      var count = 0
      while count < bytes.count {
        let got = bytes.withUnsafeMutableBytes { buffer in
          untilUninterrupted {
            pread(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count, off_t(count))
          }
        }
        guard got >= 0 else { throw SystemError("read", path) }
        if got == 0 { break }
        count += got
      }
      guard fstat(descriptor, &status) == 0 else { throw SystemError("look at", path) }
      guard Stamp(status) == stamp, count == bytes.count - 1 else {
        usleep(1_000)
        continue
      }
      bytes.removeLast()
      return (bytes, stamp)
    }
  }

  /// Replaces the file as a whole or not at all: a temporary file beside it is written, made durable and renamed, and the
  /// folder made durable. The new file has mode 0600 and, when root writes it, the owner of the old one or of the
  /// folder. Two processes must not do this at once.
  static func replace(_ path: String, with bytes: [UInt8]) throws(SystemError) {
    let temporary = path + ".tmp"
    unlink(temporary)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw SystemError("create", temporary) }
    do throws(SystemError) {
      defer { close(descriptor) }
      keepOwner(of: path, for: descriptor)
      var count = 0
      while count < bytes.count {
        let put = bytes.withUnsafeBytes { buffer in
          untilUninterrupted { write(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count) }
        }
        guard put > 0 else { throw SystemError("write", temporary) }
        count += put
      }
      guard fsync(descriptor) == 0 else { throw SystemError("sync", temporary) }
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, path) == 0 else {
      let error = SystemError("rename", temporary)
      unlink(temporary)
      throw error
    }
    try syncFolder(of: path)
  }

  /// Creates an empty file (mode 0600) when there is none.
  static func create(_ path: String) throws(SystemError) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SystemError("create", path) }
    close(descriptor)
  }

  /// What the folder of `path` names is durable on return.
  static func syncFolder(of path: String) throws(SystemError) {
    let folder = folder(of: path)
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError("open", folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw SystemError("sync", folder) }
  }

  /// Creates the folder of `path` (mode 0700); false when it is there.
  static func createFolder(of path: String) throws(SystemError) -> Bool {
    let folder = folder(of: path)
    guard mkdir(folder, 0o700) == 0 else {
      let error = SystemError("create", folder)
      if error.number == EEXIST { return false }
      throw error
    }
    try syncFolder(of: folder)
    return true
  }

  /// `/a` for `/a/b` and `/a/b/`, `.` for `b`.
  static func folder(of path: String) -> String {
    var parts = path.split(separator: "/", omittingEmptySubsequences: true)
    if !parts.isEmpty { parts.removeLast() }
    let joined = parts.joined(separator: "/")
    return path.hasPrefix("/") ? "/" + joined : joined.isEmpty ? "." : joined
  }

  private static func keepOwner(of path: String, for descriptor: Int32) {
    guard geteuid() == 0 else { return }
    var status = stat()
    guard stat(path, &status) == 0 || stat(folder(of: path), &status) == 0 else { return }
    // Root reads it anyway; for the others this is the best that can be done.
    _ = fchown(descriptor, status.st_uid, status.st_gid)
  }

  /// Repeats a call that a signal interrupted.
  private static func untilUninterrupted(_ call: () -> Int) -> Int {
    while true {
      let result = call()
      if result >= 0 || errno != EINTR { return result }
    }
  }
}

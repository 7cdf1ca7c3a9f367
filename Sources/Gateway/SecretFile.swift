import Glibc

/// A key of the state folder: for nobody else to read, made once, whichever process is first.
enum SecretFile {
  private static let limit = 4_096

  /// What the file holds; when there is none, `make`'s bytes, written there (mode 0600, durable). Fails when others may
  /// read it. Blocks.
  static func readOrCreate(_ path: String, _ make: () -> [UInt8]) throws(SecretFileError) -> [UInt8] {
    if let bytes = try read(path) { return bytes }
    do throws(SystemError) {
      try create(path, make())
    } catch {
      throw SecretFileError(description: error.description)
    }
    // Not what was made here: of two processes that start at once, one has written.
    guard let bytes = try read(path) else {
      throw SecretFileError(description: "\(path) was removed while it was made")
    }
    return bytes
  }

  /// From the system, for keys.
  static func randomBytes(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }

  /// Absent when there is no file.
  static func read(_ path: String) throws(SecretFileError) -> [UInt8]? {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try StateFile.read(path, limit: limit).bytes
    } catch {
      if error.isMissing { return nil }
      throw SecretFileError(description: error.description)
    }
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & 0o077 == 0 else {
      throw SecretFileError(description: "\(path): others may read it; remove it, and a new key is made")
    }
    return bytes
  }

  /// Puts the bytes where there is no file, whole or not at all; leaves what is there.
  private static func create(_ path: String, _ bytes: [UInt8]) throws(SystemError) {
    var generator = SystemRandomNumberGenerator()
    let temporary = "\(path).\(generator.next()).tmp"
    let file = Glibc.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { throw SystemError("create", temporary) }
    defer {
      close(file)
      unlink(temporary)
    }
    guard write(file, bytes, bytes.count) == bytes.count else { throw SystemError("write", temporary) }
    guard fsync(file) == 0 else { throw SystemError("sync", temporary) }
    guard link(temporary, path) == 0 || errno == EEXIST else { throw SystemError("create", path) }
    try StateFile.syncFolder(of: path)
  }
}

/// Why there is no key. For the log: it names the file.
public struct SecretFileError: Error, Sendable, CustomStringConvertible {
  public let description: String
}

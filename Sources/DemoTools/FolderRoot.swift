import Glibc

/// A folder that is the root of every path given to it, absolute ones and `..` too: nothing outside can be named.
///
/// Paths are walked component by component from the folder's descriptor, and no component may be a symbolic link. `..` is
/// resolved before, on the text: without links that is exact, and above the root it stays at the root.
final class FolderRoot: Sendable {
  private let descriptor: Int32

  /// Opens the folder, made with its parents when missing.
  static func create(_ path: String) throws(ToolError) -> FolderRoot {
    var made = path.hasPrefix("/") ? "/" : ""
    for component in path.split(separator: "/") {
      made += component + "/"
      if mkdir(made, 0o700) != 0 && errno != EEXIST { throw failure("making folder \(made)") }
    }
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("opening folder \(path)") }
    return FolderRoot(descriptor)
  }

  private init(_ descriptor: Int32) { self.descriptor = descriptor }
  deinit { close(descriptor) }

  func contains(_ path: String) -> Bool {
    (try? withParent(of: path, making: false) { faccessat($0, $1, F_OK, 0) == 0 }) ?? false
  }

  /// The bytes of a regular file of at most `limit` bytes.
  func read(_ path: String, limit: Int) throws(ToolError) -> [UInt8] {
    try withParent(of: path, making: false) { parent, name throws(ToolError) in
      // Without waiting for the other end of a FIFO.
      let file = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
      guard file >= 0 else { throw Self.failure(path) }
      defer { close(file) }
      var status = stat()
      guard fstat(file, &status) == 0 else { throw Self.failure(path) }
      guard status.st_mode & S_IFMT == S_IFREG else { throw ToolError("\(path): not a file") }
      var bytes = [UInt8](repeating: 0, count: limit + 1)
      var count = 0
      while count <= limit {
        let got = bytes.withUnsafeMutableBytes {
          Glibc.read(file, $0.baseAddress?.advanced(by: count), $0.count - count)
        }
        if got < 0 && errno == EINTR { continue }
        guard got >= 0 else { throw Self.failure(path) }
        if got == 0 { break }
        count += got
      }
      guard count <= limit else { throw ToolError("\(path): larger than \(limit) bytes") }
      bytes.removeLast(bytes.count - count)
      return bytes
    }
  }

  /// Replaces or makes the file, whole or not at all; folders on the way are made.
  func write(_ bytes: [UInt8], to path: String) throws(ToolError) {
    try withParent(of: path, making: true) { parent, name throws(ToolError) in
      var status = stat()
      if fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_mode & S_IFMT != S_IFREG {
        throw ToolError("\(path): not a file")
      }
      let temporary = ".\(UInt64.random(in: 0 ... .max)).tmp"
      let file = openat(parent, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
      guard file >= 0 else { throw Self.failure(path) }
      var written = 0
      while written < bytes.count {
        let count = bytes.withUnsafeBytes {
          Glibc.write(file, $0.baseAddress?.advanced(by: written), bytes.count - written)
        }
        if count < 0 && errno == EINTR { continue }
        if count < 0 { break }
        written += count
      }
      let problem = written < bytes.count ? Self.failure(path) : nil
      close(file)
      guard problem == nil, renameat(parent, temporary, parent, name) == 0 else {
        let problem = problem ?? Self.failure(path)
        unlinkat(parent, temporary, 0)
        throw problem
      }
    }
  }

  private func withParent<R>(
    of path: String, making: Bool, _ body: (Int32, String) throws(ToolError) -> R
  ) throws(ToolError) -> R {
    guard !path.utf8.contains(0) else { throw ToolError("the path contains a NUL character") }
    guard path.utf8.count <= 4_096 else { throw ToolError("the path is longer than 4096 bytes") }
    var components: [Substring] = []
    for component in path.split(separator: "/") where component != "." {
      if component == ".." { _ = components.popLast() } else { components.append(component) }
    }
    guard let name = components.popLast(), !path.hasSuffix("/") else { throw ToolError("\(path): not a file") }
    guard components.count <= 32 else { throw ToolError("\(path): more than 32 folders deep") }
    var parent = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard parent >= 0 else { throw Self.failure(path) }
    defer { close(parent) }
    for component in components.map(String.init) {
      if making && mkdirat(parent, component, 0o700) != 0 && errno != EEXIST { throw Self.failure(path) }
      let next = openat(parent, component, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard next >= 0 else { throw Self.failure(path) }
      close(parent)
      parent = next
    }
    return try body(parent, String(name))
  }

  private static func failure(_ path: String) -> ToolError {
    switch errno {
    case ENOENT: ToolError("\(path): no such file")
    case ELOOP: ToolError("\(path): symbolic links are not followed")
    case ENOTDIR: ToolError("\(path): a part of the path is no folder, or a symbolic link")
    case ENAMETOOLONG: ToolError("\(path): a name in it is too long")
    default: ToolError("\(path): \(String(cString: strerror(errno)).lowercased())")
    }
  }
}

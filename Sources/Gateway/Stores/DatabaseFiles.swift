import SQLite

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Which files a path names: a database and the two that belong to it while it is open in WAL mode.
struct DatabaseFiles: Equatable {
  private let files: [StateFile.Stamp?]

  init(path: String) {
    files = ["", "-wal", "-shm"].map { StateFile.stamp(path: path + $0) }
  }

  static func == (a: DatabaseFiles, b: DatabaseFiles) -> Bool {
    zip(a.files, b.files).allSatisfy { x, y in
      guard let x, let y else { return x == nil && y == nil }
      return x.isSameFile(as: y)
    }
  }
}

extension DatabaseFiles {
  /// Whose a database is.
  enum Owner {
    /// There is no file, or an empty one.
    case nobody
    case ours
    /// It can't be looked at.
    case unreadable(SystemError)
    /// A folder or something else that is no file.
    case noFile
    /// Another program's, or no database.
    case others
  }

  /// From the file's header alone, so that what isn't ours isn't touched at all.
  ///
  /// - Parameter applicationID: SQLite's `application_id` of ours
  static func owner(of path: String, applicationID: Int64) -> Owner {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return errno == ENOENT ? .nobody : .unreadable(SystemError("open", path)) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return .noFile }
    guard status.st_size > 0 else { return .nobody }
    var header = [UInt8](repeating: 0, count: 100)
    let count = read(descriptor, &header, header.count)
    // File format section 1.3: the magic text at 0, the application id at 68.
    let id = header[68..<72].reduce(Int64(0)) { $0 << 8 | Int64($1) }
    let isOurs =
      count == header.count && header.starts(with: Array("SQLite format 3".utf8) + [0]) && id == applicationID
    return isOurs ? .ours : .others
  }
}

extension Connection {
  /// The first column of the first row; absent when that is no integer.
  func integer(_ query: String) throws(SQLiteError) -> Int64? {
    let statement = try prepare(query)
    return try statement.step() ? statement.column(0).integerValue : nil
  }
}

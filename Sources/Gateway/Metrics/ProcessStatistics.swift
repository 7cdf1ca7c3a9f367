#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the system says of this process; each is absent where it can't be read, as on systems without `/proc`.
public struct ProcessStatistics: Sendable, Equatable {
  /// In user and system mode. The system counts in ticks, mostly of 10 ms.
  public var cpuNanoseconds: UInt64?
  public var residentBytes: UInt64?
  public var openFiles: UInt64?
  /// Absent as well when there is no limit.
  public var maximumFiles: UInt64?
  /// Nanoseconds since 1970-01-01T00:00:00Z.
  public var startNanoseconds: UInt64?

  public init() {}

  /// - Parameter folder: where `/proc` is
  public static func read(_ folder: String = "/proc") -> ProcessStatistics {
    var statistics = ProcessStatistics()
    statistics.take(
      stat: text(of: folder + "/self/stat"), systemStat: text(of: folder + "/stat"),
      ticks: UInt64(max(1, sysconf(Int32(_SC_CLK_TCK)))), page: UInt64(max(1, sysconf(Int32(_SC_PAGESIZE)))))
    statistics.openFiles = countOfFiles(in: folder + "/self/fd")
    var limit = rlimit()
    #if canImport(Glibc)
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
      let resource = RLIMIT_NOFILE
    #endif
    if getrlimit(resource, &limit) == 0, limit.rlim_cur != rlim_t.max {
      statistics.maximumFiles = UInt64(limit.rlim_cur)
    }
    return statistics
  }

  /// - Parameters:
  ///   - stat: of `/proc/self/stat`, proc_pid_stat(5)
  ///   - systemStat: of `/proc/stat`, proc_stat(5)
  ///   - ticks: a second
  ///   - page: bytes
  mutating func take(stat: String?, systemStat: String?, ticks: UInt64, page: UInt64) {
    // The second field is the program's name in parentheses, which may hold anything; the third is the first after it.
    guard let stat, let name = stat.lastIndex(of: ")") else { return }
    let fields = stat[stat.index(after: name)...].split { $0 == " " || $0 == "\n" }
    func field(_ number: Int) -> UInt64? { number - 3 < fields.count ? UInt64(fields[number - 3]) : nil }
    if let user = field(14), let system = field(15) { cpuNanoseconds = Self.nanoseconds(user &+ system, ticks) }
    if let pages = field(24) { residentBytes = pages &* page }
    guard let start = field(22), let systemStat,
      let line = systemStat.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
      let boot = UInt64(line.dropFirst("btime ".utf8.count))
    else { return }
    startNanoseconds = boot &* 1_000_000_000 &+ Self.nanoseconds(start, ticks)
  }

  private static func nanoseconds(_ count: UInt64, _ ticks: UInt64) -> UInt64 {
    count / ticks &* 1_000_000_000 &+ count % ticks &* 1_000_000_000 / ticks
  }

  private static func text(of path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4_096)
    while true {
      let count = chunk.withUnsafeMutableBytes { Self.read(file, $0) }
      guard count >= 0 else { return nil }
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes.append(contentsOf: chunk[..<count])
    }
  }

  private static func read(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    #if canImport(Glibc)
      Glibc.read(file, buffer.baseAddress, buffer.count)
    #else
      Darwin.read(file, buffer.baseAddress, buffer.count)
    #endif
  }

  /// Without the one that is open for counting them.
  private static func countOfFiles(in folder: String) -> UInt64? {
    guard let stream = opendir(folder) else { return nil }
    defer { closedir(stream) }
    let own = String(dirfd(stream))
    var count: UInt64 = 0
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != own, UInt32(name) != nil { count += 1 }
    }
    return count
  }
}

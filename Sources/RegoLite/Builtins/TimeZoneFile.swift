import Glibc
import Synchronization

/// The zones that lie on this machine, by IANA name.
enum TimeZoneFile {
  private static let folders = ["/usr/share/zoneinfo/", "/usr/share/lib/zoneinfo/", "/etc/zoneinfo/"]
  /// Far above any zone's file.
  private static let largestFile = 1 << 20
  private static let capacity = 1024

  private static let cache = Mutex<[Text: TimeZone]>([:])

  /// Fails with Go's text when there is no such zone. `Local` is the machine's zone, UTC if that is not known.
  static func zone(_ name: Text) throws(BuiltinError) -> TimeZone {
    switch name {
    case "", "UTC": return .utc
    case "Local": return local
    default: break
    }
    if let zone = cache.withLock({ $0[name] }) { return zone }
    let zone = try load(name.string)
    cache.withLock {
      // Many names lead to one file: `Asia/./Tokyo`.
      if $0.count >= capacity { $0.removeAll() }
      $0[name] = zone
    }
    return zone
  }

  static let local: TimeZone = {
    let variable = getenv("TZ").map { String(cString: $0) }
    switch variable {
    case nil: return (try? bytes(of: "/etc/localtime")).flatMap { TimeZone(tzif: $0) } ?? .utc
    case let name?:
      let name = name.hasPrefix(":") ? String(name.dropFirst()) : name
      if name.hasPrefix("/") { return (try? bytes(of: name)).flatMap { TimeZone(tzif: $0) } ?? .utc }
      return name.isEmpty ? .utc : (try? load(name)) ?? .utc
    }
  }()

  private static func load(_ name: String) throws(BuiltinError) -> TimeZone {
    // INVARIANT: the name stays inside the folder, and C reads all of it.
    let bytes = Array(name.utf8)
    let hasDots = zip(bytes, bytes.dropFirst()).contains { $0 == (UInt8(ascii: "."), UInt8(ascii: ".")) }
    if hasDots || bytes.first == UInt8(ascii: "/") || bytes.first == UInt8(ascii: "\\") {
      throw .failure("time: invalid location name")
    }
    if bytes.contains(0) { throw .failure("invalid argument") }
    for folder in folders {
      let file: [UInt8]
      do { file = try Self.bytes(of: folder + name) } catch  where error.code == ENOENT || error.code == ENOTDIR {
        continue
      } catch {
        throw .failure(String(cString: strerror(error.code)).lowercasedFirst)
      }
      guard let zone = TimeZone(tzif: file) else { throw .failure("malformed time zone information") }
      return zone
    }
    throw .failure("unknown time zone \(name)")
  }

  private struct FileError: Error {
    let code: Int32
  }

  private static func bytes(of path: String) throws(FileError) -> [UInt8] {
    // A FIFO must not make us wait.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileError(code: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError(code: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw FileError(code: EISDIR) }
    guard status.st_size <= largestFile else { throw FileError(code: EFBIG) }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        read(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw FileError(code: EIO) }
      filled += count
    }
    return bytes
  }
}

extension TimeZone {
  /// The zone in a file of RFC 9636, by its 64-bit data when it has any. Absent when the file isn't well formed.
  init?(tzif file: [UInt8]) {
    guard file.starts(with: "TZif".utf8), file.count >= 44 else { return nil }
    var reader = TZifReader(rest: file[...])
    guard var header = reader.header() else { return nil }
    let version = file[4]
    var timeSize = 4
    if version >= UInt8(ascii: "2") {
      guard reader.skip(header.size(timeSize: 4)), let second = reader.header() else { return nil }
      (header, timeSize) = (second, 8)
    }
    guard header.types > 0, reader.rest.count >= header.size(timeSize: timeSize) else { return nil }

    var times: [Int] = []
    for _ in 0..<header.times {
      guard let time = reader.integer(timeSize) else { return nil }
      times.append(time)
    }
    var indexes: [Int] = []
    for _ in 0..<header.times {
      guard let index = reader.integer(1), index < header.types else { return nil }
      indexes.append(index)
    }
    var types: [(offset: Int, isDaylightSaving: Bool, name: Int)] = []
    for _ in 0..<header.types {
      guard let offset = reader.integer(4), let isDaylightSaving = reader.integer(1), let name = reader.integer(1)
      else {
        return nil
      }
      types.append((offset, isDaylightSaving != 0, name))
    }
    let names = reader.rest.prefix(header.characters)
    guard reader.skip(header.size(timeSize: timeSize) - header.sizeBeforeNames(timeSize: timeSize)) else { return nil }
    guard zip(times, times.dropFirst()).allSatisfy(<) else { return nil }

    var periods: [Period] = []
    for type in types {
      guard type.name < names.count else { return nil }
      let name = names.dropFirst(type.name).prefix { $0 != 0 }
      periods.append(
        Period(
          name: String(decoding: name, as: UTF8.self), offset: type.offset, isDaylightSaving: type.isDaylightSaving))
    }
    var rule: TimeZoneRule?
    if timeSize == 8, reader.rest.first == UInt8(ascii: "\n"), reader.rest.last == UInt8(ascii: "\n"),
      reader.rest.count > 2
    {
      rule = TimeZoneRule(String(decoding: reader.rest.dropFirst().dropLast(), as: UTF8.self))
    }
    // What holds from ever stands as a transition, too: the rule takes over from the last one.
    let transitions = zip(times, indexes).map { Transition(time: $0, period: $1) }
    self.init(
      periods: periods, transitions: transitions.isEmpty ? [Transition(time: Int.min, period: 0)] : transitions,
      rule: rule)
  }
}

private struct TZifReader {
  struct Header {
    var isUTCs: Int
    var isStandards: Int
    var leaps: Int
    var times: Int
    var types: Int
    var characters: Int

    func sizeBeforeNames(timeSize: Int) -> Int { times * (timeSize + 1) + types * 6 }

    func size(timeSize: Int) -> Int {
      sizeBeforeNames(timeSize: timeSize) + characters + leaps * (timeSize + 4) + isStandards + isUTCs
    }
  }

  var rest: ArraySlice<UInt8>

  mutating func skip(_ count: Int) -> Bool {
    guard count <= rest.count else { return false }
    rest = rest.dropFirst(count)
    return true
  }

  /// Big-endian and signed, but for a single byte.
  mutating func integer(_ size: Int) -> Int? {
    let bytes = rest.prefix(size)
    guard skip(size), bytes.count == size else { return nil }
    let value = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    switch size {
    case 1: return Int(value)
    case 4: return Int(Int32(truncatingIfNeeded: value))
    default: return Int(Int64(bitPattern: value))
    }
  }

  mutating func header() -> Header? {
    guard rest.starts(with: "TZif".utf8), skip(20) else { return nil }
    var counts: [Int] = []
    for _ in 0..<6 {
      // INVARIANT: counts are below 2^31, so that sizes don't overflow.
      guard let count = integer(4), count >= 0 else { return nil }
      counts.append(count)
    }
    return Header(
      isUTCs: counts[0], isStandards: counts[1], leaps: counts[2], times: counts[3], types: counts[4],
      characters: counts[5])
  }
}

extension String {
  fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}

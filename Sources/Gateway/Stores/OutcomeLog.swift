import StrictJSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What became of calls whose notes are durable, as lines of a file of this process, until the database has it too. A
/// line costs one system call; it outlives the process, though not a power cut.
struct OutcomeLog: ~Copyable {
  /// What a note lacks to be the event.
  struct Outcome: Equatable {
    var eventID: String
    var durationMilliseconds: Int?
    var error: String?
    var details: CanonicalJSON?
  }

  /// The log is emptied at this size, once the database has everything.
  private static let limit = 1 << 20

  private let path: String
  private let descriptor: Int32
  private var size = 0

  /// Creates a log (mode 0600) beside the database.
  init(database: String) throws(SystemError) {
    path = "\(database)\(Self.mark)\(getpid())-\(UInt64.random(in: .min ... .max))"
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw SystemError("create", path) }
  }

  deinit { close(descriptor) }

  /// False when it couldn't be kept as a whole; then nothing of it counts.
  mutating func append(_ event: TraceEvent) -> Bool {
    var object: JSONObject = ["event_id": .string(event.eventID)]
    object["duration_ms"] = event.durationMilliseconds.map { JSONValue($0) }
    object["error"] = event.error.map { .string($0) }
    object["details"] = event.details?.value
    var line = JSONValue.object(object).serialized()
    line.append(0x0A)
    let written = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    guard written == line.count else {
      // A part of a line would spoil the next one.
      if written > 0 { ftruncate(descriptor, off_t(size)) }
      return false
    }
    size += written
    return true
  }

  /// The database has everything that was appended.
  mutating func settle() {
    guard size > Self.limit, ftruncate(descriptor, 0) == 0 else { return }
    size = 0
  }

  /// The database has everything, and nothing more will come.
  consuming func remove() { unlink(path) }

  // MARK: After a crash

  private static let mark = "-outcomes-"

  /// The logs beside the database; for who is alone with it, those that processes which are gone have left.
  static func left(database: String) -> [String] {
    let slash = database.lastIndex(of: "/")
    let folder = slash.map { String(database[...$0]) } ?? "./"
    let prefix = slash.map { database[database.index(after: $0)...] } ?? database[...]
    guard let entries = opendir(folder) else { return [] }
    defer { closedir(entries) }
    var paths: [String] = []
    while let entry = readdir(entries) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasPrefix(prefix + mark) { paths.append(folder + name) }
    }
    return paths.sorted()
  }

  /// The whole lines of a log. What a power cut has left of others is no outcome.
  static func outcomes(in path: String) throws(SystemError) -> [Outcome] {
    try StateFile.read(path, limit: 1 << 30).bytes.split(separator: 0x0A).compactMap { line in
      guard let value = try? JSONValue(parsing: Array(line)), let id = value["event_id"]?.stringValue else {
        return nil
      }
      return Outcome(
        eventID: id, durationMilliseconds: value["duration_ms"]?.intValue, error: value["error"]?.stringValue,
        details: value["details"].flatMap { try? CanonicalJSON($0) })
    }
  }
}

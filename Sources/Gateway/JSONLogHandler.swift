import Glibc
public import Logging
import StrictJSON

/// Writes each log entry as one line of JSON: `timestamp`, `level`, `event`, then the metadata.
///
/// The values are escaped, so that no caller can forge a line or a key.
public struct JSONLogHandler: LogHandler {
  public var logLevel: Logger.Level
  public var metadata: Logger.Metadata = [:]
  private let label: String
  private let clock: WallClock
  private let write: @Sendable ([UInt8]) -> Void

  public init(
    label: String, level: Logger.Level, clock: WallClock = .system,
    write: @escaping @Sendable ([UInt8]) -> Void = JSONLogHandler.writeToStandardError
  ) {
    self.label = label
    self.logLevel = level
    self.clock = clock
    self.write = write
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    var line = JSONObject()
    line["timestamp"] = .string(clock.nowText)
    line["level"] = .string(event.level.rawValue)
    line["event"] = .string(event.message.description)
    line["logger"] = .string(label)
    if let error = event.error { line["error"] = .string("\(error)") }
    let all = metadata.merging(event.metadata ?? [:]) { _, own in own }
    for (key, value) in all.sorted(by: { $0.key < $1.key }) where line[key] == nil { line[key] = json(value) }
    write(JSONValue.object(line).serialized() + [UInt8(ascii: "\n")])
  }

  private func json(_ value: Logger.Metadata.Value) -> JSONValue {
    switch value {
    case .string(let text): .string(text)
    case .stringConvertible(let value as Int): .init(value)
    case .stringConvertible(let value as Bool): .init(value)
    case .stringConvertible(let value): .string(value.description)
    case .array(let values): .array(values.map(json))
    case .dictionary(let values):
      .object(JSONObject(values.sorted { $0.key < $1.key }.map { (key: $0.key, value: json($0.value)) }))
    }
  }

  /// One call of write(2) a line, so that lines of several threads don't mix. What can't be written is lost.
  public static func writeToStandardError(_ line: [UInt8]) {
    var rest = line[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { return }
      rest = rest.dropFirst(written)
    }
  }
}

extension Logger.Level {
  /// swift-log's names and Python's: `DEBUG`, `WARNING`, `CRITICAL`, in any case. Absent for anything else.
  public init?(name: String) {
    switch name.lowercased() {
    case "trace", "notset": self = .trace
    case "debug": self = .debug
    case "info": self = .info
    case "notice": self = .notice
    case "warning", "warn": self = .warning
    case "error": self = .error
    case "critical", "fatal": self = .critical
    default: return nil
    }
  }
}

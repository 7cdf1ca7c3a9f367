import SQLite

/// Why events can't be written or read. For the log: it names files.
public struct TraceStoreError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Reason: Sendable {
    /// Another process holds the lock.
    case locked
    case full
    case readOnly
    /// Damaged, or holding what this version can't understand.
    case corrupt
    /// The file was removed or replaced, or can't be opened.
    case missing
    /// No trace store of ours, or one of a newer version.
    case foreign
    /// The event id is taken by another event.
    case conflict
    /// The event's time is outside `ISOTimestamp.range`.
    case invalid
    /// More is waiting to be written than the store takes.
    case overloaded
    case closed
    case other
  }

  public var reason: Reason
  public var message: String

  public init(_ reason: Reason, _ message: String) {
    self.reason = reason
    self.message = message
  }

  init(_ error: SQLiteError, path: String) {
    let reason: Reason =
      switch error.kind {
      case .busy: .locked
      case .full: .full
      case .readOnly: .readOnly
      case .corrupt: .corrupt
      case .cannotOpen: .missing
      case .inputOutput, .constraint, .interrupted, .other: .other
      }
    self.init(reason, "trace store \(path) \(error.predicate): \(error)")
  }

  /// What `body` throws, as an error of the store at `path`.
  static func of<Success>(
    _ path: String, _ body: () throws(SQLiteError) -> Success
  ) throws(TraceStoreError) -> Success {
    do throws(SQLiteError) {
      return try body()
    } catch {
      throw TraceStoreError(error, path: path)
    }
  }

  public var description: String { message }
}

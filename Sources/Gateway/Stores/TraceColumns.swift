import SQLite
import StrictJSON

/// An event as columns, the same in both tables; and what the chain adds to it.
enum TraceColumns {
  /// In the order of `bind` and `event`.
  static let names = """
    event_id, timestamp, session_id, user_id, agent_id, tool_name, arguments_hash, policy_version, policy_decision, \
    policy_reason, matched_rule, executed, duration_ms, error, is_write_action, approval_token_present, kind, \
    policy_revision, details
    """
  static let count = 19

  /// What `traces` alone has, in the order of `bind` and `link`, after `names`.
  static let linkNames = "created_at, seq, session_seq, previous_hash, hash"
  static let linkCount = 5

  static func bind(_ link: ChainLink, to statement: Statement) throws(SQLiteError) {
    try statement.bind(ISOTimestamp.text(link.recordedAt), at: count + 1)
    try statement.bind(link.sequence, at: count + 2)
    try statement.bind(link.sessionSequence, at: count + 3)
    try statement.bind(link.previousHash.bytes, at: count + 4)
    try statement.bind(link.hash.bytes, at: count + 5)
  }

  /// The event and its link in the current row's columns.
  static func chained(_ row: Statement, repeats: inout RepeatedTexts) throws(TraceStoreError) -> ChainedEvent {
    let event = try event(row, repeats: &repeats)
    guard let recordedAt = row.withTextBytes(count, { ISOTimestamp.microseconds($0) }) ?? nil else {
      throw unreadable(row, column: count, "created_at")
    }
    guard let sequence = row.column(count + 1).integerValue else { throw unreadable(row, column: count + 1, "seq") }
    guard let previous = hash(row, count + 3) else { throw unreadable(row, column: count + 3, "previous_hash") }
    guard let hash = hash(row, count + 4) else { throw unreadable(row, column: count + 4, "hash") }
    return ChainedEvent(
      event: event,
      link: ChainLink(
        sequence: sequence, sessionSequence: row.column(count + 2).integerValue, recordedAt: recordedAt,
        previousHash: previous, hash: hash))
  }

  static func hash(_ row: Statement, _ column: Int) -> EventHash? {
    guard case .blob(let bytes) = row.column(column) else { return nil }
    return EventHash(bytes: bytes)
  }

  /// Binds the event to parameters 1 to `count`.
  static func bind(_ event: TraceEvent, to statement: Statement) throws(SQLiteError) {
    try statement.bind(event.eventID, at: 1)
    try statement.bind(ISOTimestamp.text(event.timestamp), at: 2)
    try statement.bind(event.sessionID, at: 3)
    try statement.bind(event.userID, at: 4)
    try statement.bind(event.agentID, at: 5)
    try statement.bind(event.toolName, at: 6)
    try statement.bind(event.argumentsHash, at: 7)
    try statement.bind(event.policyVersion, at: 8)
    try statement.bind(event.decision?.rawValue, at: 9)
    try statement.bind(event.reason, at: 10)
    try statement.bind(event.matchedRule, at: 11)
    try statement.bind(Int64(event.executed ? 1 : 0), at: 12)
    try statement.bind(event.durationMilliseconds.map(Int64.init), at: 13)
    try statement.bind(event.error, at: 14)
    try statement.bind(Int64(event.isWriteAction ? 1 : 0), at: 15)
    try statement.bind(Int64(event.approvalTokenPresent ? 1 : 0), at: 16)
    try statement.bind(event.kind.rawValue, at: 17)
    try statement.bind(event.policyRevision, at: 18)
    try statement.bind(event.details?.text, at: 19)
  }

  /// The event in the current row's first `count` columns.
  static func event(_ row: Statement, repeats: inout RepeatedTexts) throws(TraceStoreError) -> TraceEvent {
    guard let eventID = row.column(0).textValue else { throw unreadable(row, column: 0, "event_id") }
    guard let timestamp = row.withTextBytes(1, { ISOTimestamp.microseconds($0) }) ?? nil else {
      throw unreadable(row, column: 1, "timestamp")
    }
    guard let kind = row.column(16).textValue.flatMap(TraceEvent.Kind.init(rawValue:)) else {
      throw unreadable(row, column: 16, "kind")
    }
    var decision: Decision.Action?
    if let text = row.column(8).textValue {
      guard let known = Decision.Action(rawValue: text) else { throw unreadable(row, column: 8, "policy_decision") }
      decision = known
    }
    var details: CanonicalJSON?
    if let text = row.column(18).textValue {
      guard let value = try? JSONValue(parsing: Array(text.utf8)), let canonical = try? CanonicalJSON(value) else {
        throw unreadable(row, column: 18, "details")
      }
      details = canonical
    }
    return TraceEvent(
      eventID: eventID, timestamp: timestamp, kind: kind, sessionID: repeats.text(row, 2),
      userID: repeats.text(row, 3), agentID: repeats.text(row, 4), toolName: repeats.text(row, 5),
      argumentsHash: repeats.text(row, 6), policyVersion: repeats.text(row, 7) ?? "",
      policyRevision: repeats.text(row, 17) ?? "", decision: decision, reason: repeats.text(row, 9) ?? "",
      matchedRule: repeats.text(row, 10), executed: row.column(11) == .integer(1),
      durationMilliseconds: row.column(12).integerValue.map(Int.init), error: repeats.text(row, 13),
      isWriteAction: row.column(14) == .integer(1), approvalTokenPresent: row.column(15) == .integer(1),
      details: details)
  }

  private static func unreadable(_ row: Statement, column: Int, _ name: String) -> TraceStoreError {
    TraceStoreError(.corrupt, "trace store has an event \(row.column(0)) whose \(name) is \(row.column(column))")
  }
}

/// Most of an event's texts are those of the event before it. They are shared, which makes a large session small.
struct RepeatedTexts {
  private var latest: [String?] = Array(repeating: nil, count: TraceColumns.count)

  mutating func text(_ row: Statement, _ column: Int) -> String? {
    if let known = latest[column],
      row.withTextBytes(column, { known.utf8.elementsEqual($0) }) ?? false
    {
      return known
    }
    guard let text = row.column(column).textValue else { return nil }
    latest[column] = text
    return text
  }
}

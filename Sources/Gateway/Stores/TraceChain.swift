import SQLite

/// The end of the chain in a database, and how it goes on. For one connection, inside its transactions.
///
/// - INVARIANT: nothing is added to a chain that isn't the one whose head was signed last, with this key: else this would
///   sign what somebody has made of it.
final class TraceChain {
  private let connection: Connection
  private let key: EvidenceKey
  private let insertion: Statement
  private let last: Statement
  private let lastOfSession: Statement
  private let nodeInsertion: Statement
  private let headReplacement: Statement
  private var edge = MerkleEdge()
  private var lastHash = EventHash.zero
  private var hasGrown = false

  init(_ connection: Connection, key: EvidenceKey) throws(SQLiteError) {
    self.connection = connection
    self.key = key
    let values = Array(repeating: "?", count: TraceColumns.count + TraceColumns.linkCount).joined(separator: ", ")
    insertion = try connection.prepare(
      "INSERT INTO traces (\(TraceColumns.names), \(TraceColumns.linkNames)) VALUES (\(values))")
    last = try connection.prepare("SELECT seq, hash FROM traces ORDER BY seq DESC LIMIT 1")
    lastOfSession = try connection.prepare("SELECT max(session_seq) FROM traces WHERE session_id = ?1")
    nodeInsertion = try connection.prepare("INSERT INTO tree (level, position, hash) VALUES (?, ?, ?)")
    headReplacement = try connection.prepare(
      """
      INSERT INTO head (id, tree_size, root_hash, signed_at, ed25519, hmac, public_key) VALUES (1, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET tree_size = excluded.tree_size, root_hash = excluded.root_hash,
        signed_at = excluded.signed_at, ed25519 = excluded.ed25519, hmac = excluded.hmac,
        public_key = excluded.public_key
      """)
  }

  /// To be called first in a transaction: another process may have written since the last one, or it was undone.
  func begin() throws(SQLiteError) {
    hasGrown = false
    defer { last.reset() }
    var (size, hash) = (Int64(0), EventHash.zero)
    if try last.step() {
      guard let sequence = last.column(0).integerValue, let found = TraceColumns.hash(last, 1) else {
        throw .brokenChain
      }
      (size, hash) = (sequence, found)
    }
    if size == edge.size, hash == lastHash { return }
    var reader = MerkleReader<SQLiteError>(size: size) { [connection] level, positions throws(SQLiteError) in
      try Self.hashes(connection, level: level, positions)
    }
    let found = try MerkleEdge(size: size) { level, position throws(SQLiteError) in try reader.node(level, position) }
    if let head = try Self.head(connection) {
      guard head.publicKey == key.publicKey else { throw .foreignChain }
      guard head.size == size, head.root == found.root, head.isSigned else { throw .brokenChain }
    } else if size > 0 {
      throw .brokenChain
    }
    (edge, lastHash) = (found, hash)
  }

  /// Writes the event as the chain's next. False when its id is taken.
  func append(_ event: TraceEvent, at recordedAt: Int64) throws(SQLiteError) -> Bool {
    var sessionSequence: Int64?
    if let session = event.sessionID {
      defer { lastOfSession.reset() }
      try lastOfSession.bind(session, at: 1)
      sessionSequence = (try lastOfSession.step() ? lastOfSession.column(0).integerValue ?? 0 : 0) + 1
    }
    let link = ChainLink(
      event, sequence: edge.size + 1, sessionSequence: sessionSequence, recordedAt: recordedAt, after: lastHash)
    do {
      defer { insertion.reset() }
      try TraceColumns.bind(event, to: insertion)
      try TraceColumns.bind(link, to: insertion)
      do throws(SQLiteError) {
        _ = try insertion.step()
      } catch {
        guard error.kind == .constraint else { throw error }
        return false
      }
    }
    lastHash = link.hash
    hasGrown = true
    for node in edge.append(link.hash) {
      defer { nodeInsertion.reset() }
      try nodeInsertion.bind(Int64(node.level), at: 1)
      try nodeInsertion.bind(node.position, at: 2)
      try nodeInsertion.bind(node.hash.bytes, at: 3)
      _ = try nodeInsertion.step()
    }
    return true
  }

  /// To be called last in a transaction: signs what the chain has become.
  func end(at time: Int64) throws(SQLiteError) {
    guard hasGrown else { return }
    guard let head = TreeHead(size: edge.size, root: edge.root, signedAt: time, key: key) else {
      throw SQLiteError(code: 1, message: "the chain's head can't be signed")
    }
    defer { headReplacement.reset() }
    try headReplacement.bind(head.size, at: 1)
    try headReplacement.bind(head.root.bytes, at: 2)
    try headReplacement.bind(ISOTimestamp.text(head.signedAt), at: 3)
    try headReplacement.bind(head.signature.ed25519, at: 4)
    try headReplacement.bind(head.signature.hmac, at: 5)
    try headReplacement.bind(head.publicKey.bytes, at: 6)
    _ = try headReplacement.step()
  }

  /// Puts what an earlier version kept without a chain into this one, as it is found.
  func takeOver(path: String) throws(TraceStoreError) {
    let rows = try TraceStoreError.of(path) { () throws(SQLiteError) in
      try connection.prepare("SELECT \(TraceColumns.names), created_at FROM earlier_traces ORDER BY seq")
    }
    var repeats = RepeatedTexts()
    var latest: Int64 = 0
    while try TraceStoreError.of(path, { () throws(SQLiteError) in try rows.step() }) {
      let event = try TraceColumns.event(rows, repeats: &repeats)
      latest = rows.withTextBytes(TraceColumns.count, { ISOTimestamp.microseconds($0) }).flatMap { $0 } ?? latest
      let isNew = try TraceStoreError.of(path) { () throws(SQLiteError) in try append(event, at: latest) }
      guard isNew else { throw .conflict(event.eventID) }
    }
    try TraceStoreError.of(path) { () throws(SQLiteError) in try end(at: latest) }
  }

  /// The head that was signed last; absent for an empty chain.
  static func head(_ connection: Connection) throws(SQLiteError) -> TreeHead? {
    let row = try connection.prepare(
      "SELECT tree_size, root_hash, signed_at, ed25519, hmac, public_key FROM head WHERE id = 1")
    guard try row.step() else { return nil }
    guard let size = row.column(0).integerValue, let root = TraceColumns.hash(row, 1),
      let signedAt = row.withTextBytes(2, { ISOTimestamp.microseconds($0) }) ?? nil,
      case .blob(let signature) = row.column(3), case .blob(let keyBytes) = row.column(5),
      let publicKey = EvidencePublicKey(bytes: keyBytes)
    else { throw .brokenChain }
    var hmac: [UInt8]?
    if case .blob(let bytes) = row.column(4) { hmac = bytes }
    return TreeHead(
      size: size, root: root, signedAt: signedAt, signature: EvidenceSignature(ed25519: signature, hmac: hmac),
      publicKey: publicKey)
  }

  /// The hashes that a database keeps of a level: see `MerkleReader`.
  static func hashes(
    _ connection: Connection, level: Int, _ positions: Range<Int64>
  ) throws(SQLiteError) -> [EventHash] {
    let statement = try connection.prepare(
      level == 0
        ? "SELECT seq - 1, hash FROM traces WHERE seq > ?1 AND seq <= ?2 AND ?3 = 0 ORDER BY seq"
        : "SELECT position, hash FROM tree WHERE position >= ?1 AND position < ?2 AND level = ?3 ORDER BY position")
    try statement.bind(positions.lowerBound, at: 1)
    try statement.bind(positions.upperBound, at: 2)
    try statement.bind(Int64(level), at: 3)
    var hashes: [EventHash] = []
    hashes.reserveCapacity(positions.count)
    while try statement.step() {
      guard statement.column(0) == .integer(positions.lowerBound + Int64(hashes.count)),
        let hash = TraceColumns.hash(statement, 1)
      else { throw .brokenChain }
      hashes.append(hash)
    }
    guard hashes.count == positions.count else { throw .brokenChain }
    return hashes
  }
}

extension SQLiteError {
  /// Of a chain that goes on only with the key that it began with.
  static let foreignChain = SQLiteError(
    code: 11, message: "its chain of events was signed with another key: put that key back, or begin a new store")
  /// Of a chain that isn't as this code has written it.
  static let brokenChain = SQLiteError(code: 11, message: "its chain of events is broken")
}

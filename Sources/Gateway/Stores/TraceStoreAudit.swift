import SQLite
import StrictJSON

/// Checks a trace store by itself: whether its events are what was hashed, in one chain without a gap, and are all under
/// the head that was signed last. Only reads; a gateway may go on writing meanwhile. Blocks.
public struct TraceStoreAudit: Sendable {
  public var findings: [EvidenceFinding] { found.all("database") }
  /// Events.
  public private(set) var size: Int64 = 0
  /// Whose signature the head has; absent when there is no head.
  public private(set) var publicKey: EvidencePublicKey?
  /// Calls that run, or whose outcome a crash has left open.
  public private(set) var running = 0

  /// What a pack is compared with.
  private(set) var packRoot: EventHash?
  private(set) var sessionEvents: [Int64: (id: String, hash: EventHash)] = [:]

  private var found = EvidenceFindings()

  /// - Parameters:
  ///   - publicKey: the gateway's, known from elsewhere
  ///   - signingKey: AGENTGATE_SIGNING_KEY
  ///   - pack: what a pack's head says of the size of the store, and whose pack it is
  /// - Throws: when there is no trace store at the path that can be read
  public init(
    path: String, publicKey known: EvidencePublicKey? = nil, signingKey: String? = nil,
    pack: (size: Int64, session: String)? = nil
  ) throws(TraceStoreError) {
    try TraceSchema.checkHeader(path: path)
    if let finding = StoreFileSeal.finding(of: path, publicKey: known) { found.add(finding) }
    let connection = try TraceStoreError.of(path) { () throws(SQLiteError) in
      let connection = try Connection(path: path, mode: .readOnly)
      try connection.setBusyTimeout(milliseconds: TraceWriter.busyMilliseconds)
      try connection.execute("BEGIN")
      return connection
    }
    do throws(SQLiteError) {
      guard try connection.integer("PRAGMA user_version") == TraceSchema.version else {
        add("PRAGMA user_version", "isn't \(TraceSchema.version)")
        return
      }
      try checkFile(connection)
      try checkSchema(connection)
      let edge = try checkEvents(connection, pack)
      try checkHead(connection, edge, known, signingKey)
      running = Int(try connection.integer("SELECT count(*) FROM running") ?? 0)
    } catch {
      guard error.kind == .corrupt || error.kind == .other else { throw TraceStoreError(error, path: path) }
      add("database", "can't be read to its end: \(error)")
    }
  }

  private mutating func add(_ place: String, _ problem: String) { found.add(place, problem) }

  /// SQLite's own view: pages, indexes, constraints.
  private mutating func checkFile(_ connection: Connection) throws(SQLiteError) {
    let rows = try connection.prepare("PRAGMA integrity_check(20)")
    while try rows.step() {
      let text = rows.column(0).textValue ?? ""
      if text != "ok" { add("database", "is damaged: \(VisibleText.of(text))") }
    }
  }

  /// The tables, indexes and triggers are those that this version makes.
  private mutating func checkSchema(_ connection: Connection) throws(SQLiteError) {
    let ours = try Connection(path: ":memory:", mode: .readWriteCreate)
    try ours.execute(TraceSchema.definition)
    func entries(_ connection: Connection) throws(SQLiteError) -> [String: String] {
      let rows = try connection.prepare("SELECT type, name, coalesce(sql, '') FROM sqlite_schema")
      var entries: [String: String] = [:]
      while try rows.step() {
        entries["\(rows.column(0).textValue ?? "") \(rows.column(1).textValue ?? "")"] = rows.column(2).textValue
      }
      return entries
    }
    let (expected, found) = (try entries(ours), try entries(connection))
    for (name, sql) in expected.sorted(by: { $0.key < $1.key }) {
      if let text = found[name] {
        if !text.utf8.elementsEqual(sql.utf8) { add("schema", "\(name) was changed") }
      } else {
        add("schema", "\(name) is missing: it was dropped")
      }
    }
    for name in found.keys.sorted() where expected[name] == nil {
      // What ANALYZE keeps.
      if !name.hasPrefix("table sqlite_stat") { add("schema", "\(VisibleText.of(name)) was added") }
    }
  }

  private mutating func checkEvents(
    _ connection: Connection, _ pack: (size: Int64, session: String)?
  ) throws(SQLiteError) -> MerkleEdge {
    let rows = try connection.prepare(
      "SELECT \(TraceColumns.names), \(TraceColumns.linkNames) FROM traces ORDER BY seq")
    let nodes = try connection.prepare("SELECT hash FROM tree WHERE level = ?1 AND position = ?2")
    let nodeCount = try connection.integer("SELECT count(*) FROM tree") ?? 0
    var edge = MerkleEdge()
    var repeats = RepeatedTexts()
    var previous = EventHash.zero
    var expectedNodes: Int64 = 0
    var sessions: [ExactText: Int64] = [:]
    var sequence: Int64 = 0
    if pack?.size == 0 { packRoot = edge.root }
    while try rows.step() {
      let event: ChainedEvent
      do throws(TraceStoreError) {
        event = try TraceColumns.chained(rows, repeats: &repeats)
      } catch {
        add("traces.seq \(rows.column(TraceColumns.count + 1).integerValue ?? 0)", "can't be read: \(error)")
        continue
      }
      let link = event.link
      let name = "event \(VisibleText.of(event.eventID))"
      let place = "traces.seq \(link.sequence)"
      if link.sequence != sequence + 1 {
        add("traces", "numbers \(sequence + 1) to \(link.sequence - 1) are missing: their events were removed")
      }
      sequence = link.sequence
      if EventContent.hash(event) != link.hash {
        add(place, "\(name) was changed: its content doesn't give its hash")
      }
      if link.previousHash != previous {
        add(place, "\(name) doesn't follow the event before it: one of the two was changed, added, removed or moved")
      }
      if let session = event.sessionID {
        let number = sessions[ExactText(session), default: 0] + 1
        sessions[ExactText(session)] = link.sessionSequence ?? number
        if link.sessionSequence != number {
          add(
            place, "\(name) isn't its session's number \(number): events of session \(VisibleText.of(session)) differ")
        }
        if let pack, ExactText(pack.session) == ExactText(session), link.sequence <= pack.size {
          sessionEvents[link.sequence] = (event.eventID, link.hash)
        }
      } else if link.sessionSequence != nil {
        add(place, "\(name) has a number in a session, but no session")
      }
      previous = link.hash
      for node in edge.append(link.hash) {
        expectedNodes += 1
        nodes.reset()
        try nodes.bind(Int64(node.level), at: 1)
        try nodes.bind(node.position, at: 2)
        if try !nodes.step() || TraceColumns.hash(nodes, 0) != node.hash {
          add("tree \(node.level).\(node.position)", "isn't the hash of the events below it")
        }
      }
      if let pack, edge.size == pack.size { packRoot = edge.root }
    }
    if nodeCount != expectedNodes { add("tree", "has \(nodeCount) nodes, the events give \(expectedNodes)") }
    size = edge.size
    return edge
  }

  private mutating func checkHead(
    _ connection: Connection, _ edge: MerkleEdge, _ known: EvidencePublicKey?, _ signingKey: String?
  ) throws(SQLiteError) {
    guard let head = try TraceChain.head(connection) else {
      if edge.size > 0 { add("head", "is missing: the events have no signature") }
      return
    }
    publicKey = head.publicKey
    if let known, head.publicKey != known { add("head.public_key", "is not the key that was given") }
    if head.size > edge.size {
      add("head.tree_size", "is \(head.size), and there are \(edge.size) events: the last ones were removed")
    } else if head.size < edge.size {
      add("head.tree_size", "is \(head.size), and there are \(edge.size) events: the last ones were added")
    } else if head.root != edge.root {
      add("head.root_hash", "isn't the root of the events: some were changed, added, removed or moved")
    }
    if !(known ?? head.publicKey).verifies(head.signature.ed25519, of: .treeHead, head.hash) {
      add("head.ed25519", "the signature isn't the key's: the head or the signature was changed")
    }
    guard let signingKey else { return }
    if head.signature.hmac == nil {
      add("head.hmac", "is missing: the head wasn't signed with a signing key, or the signature was removed")
    } else if !head.signature.isAuthentic(.treeHead, head.hash, signingKey: signingKey) {
      add("head.hmac", "the signature isn't the signing key's: the head or the signature was changed")
    }
  }

  // MARK: A pack and its store

  /// What differs between a pack and the store that it was made from; for an audit that knows of the pack.
  public func differences(from pack: EvidencePackCheck) -> [EvidenceFinding] {
    guard let head = pack.head else { return [] }
    var findings: [EvidenceFinding] = []
    if head.size > size {
      findings.append(
        EvidenceFinding(
          "$.integrity.tree_head.tree_size",
          "is \(head.size), and the store has \(size) events: the last ones were removed from the store"))
    } else if packRoot != head.root {
      findings.append(
        EvidenceFinding(
          "$.integrity.tree_head.root_hash",
          "isn't the root of the store's first \(head.size) events: one of both was changed"))
    }
    var unseen = sessionEvents
    for event in pack.events where event.value["session_id"]?.stringValue != nil {
      guard let stored = unseen.removeValue(forKey: event.sequence) else {
        if sessionEvents[event.sequence] == nil {
          findings.append(
            EvidenceFinding(
              event.place, "event \(VisibleText.of(event.id)) isn't in the store under its number: it was added"))
        }
        continue
      }
      if stored.hash != event.hash {
        findings.append(
          EvidenceFinding(event.place, "event \(VisibleText.of(event.id)) isn't what the store has under its number"))
      }
    }
    for (sequence, event) in unseen.sorted(by: { $0.key < $1.key }).prefix(100) {
      findings.append(
        EvidenceFinding(
          "$.timeline",
          "event \(VisibleText.of(event.id)) (number \(sequence)) is in the store and not in the pack: it was removed"))
    }
    return findings
  }
}

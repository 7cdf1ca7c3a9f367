import StrictJSON

/// Checks a pack by itself: whether its events are what was hashed, are all in the tree of its head, and are signed.
///
/// A pack says which key it was signed with. Whether that is the gateway's key only someone who knows that key can say:
/// without `publicKey` or `signingKey` a pack that somebody made up as a whole passes.
public struct EvidencePackCheck: Sendable {
  /// In the order of the pack; none when it is as it was made.
  public var findings: [EvidenceFinding] { found.all("$") }
  /// The events that the pack has, its control events among them.
  private(set) var events: [Event] = []
  public private(set) var sessionID: String?
  /// Absent when the pack names none that can be read.
  public private(set) var publicKey: EvidencePublicKey?
  /// Absent when the pack has none that can be read.
  private(set) var head: (size: Int64, root: EventHash)?
  /// Whether there is an HMAC that `signingKey` could check.
  public private(set) var hasHMAC = false

  /// What a store has to be compared with; absent when the pack doesn't say.
  public var claim: (size: Int64, session: String)? {
    guard let head, let sessionID else { return nil }
    return (head.size, sessionID)
  }

  /// What was checked, for people.
  public var summary: String {
    let session = sessionID.map(VisibleText.quoted) ?? "(none)"
    return "pack of session \(session): \(events.count) events, of a chain of \(head?.size ?? 0)"
  }

  struct Event: Sendable {
    /// `$.timeline[3]`
    var place: String
    var id: String
    var sequence: Int64
    var sessionSequence: Int64?
    var timestamp: String
    var hash: EventHash
    /// The content gives the hash.
    var isAsHashed: Bool
    var value: JSONObject
  }

  private var found = EvidenceFindings()

  /// - Parameters:
  ///   - publicKey: the gateway's, known from elsewhere
  ///   - signingKey: AGENTGATE_SIGNING_KEY
  public init(_ text: [UInt8], publicKey known: EvidencePublicKey? = nil, signingKey: String? = nil) {
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue(parsing: text)
    } catch {
      add("$", "is no JSON: \(error.message) at line \(error.line), column \(error.column)")
      return
    }
    guard let pack = value.objectValue else {
      add("$", "is no evidence pack: it must be an object")
      return
    }
    guard checkSections(pack) else { return }
    sessionID = pack["metadata"]?["session_id"]?.stringValue
    if sessionID == nil { add("$.metadata.session_id", "must be a text") }
    let timeline = events(pack["timeline"], at: "$.timeline")
    let control = events(pack["policy_analysis"]?["control_events"], at: "$.policy_analysis.control_events")
    events = timeline + control
    checkOrder(timeline)
    checkOrder(control)
    checkTimeline(timeline)
    for event in control where event.value["session_id"] != .null {
      add(event.place, "event \(name(event)) concerns a session: it is no control event")
    }
    checkNumbers(events)
    if let integrity = pack["integrity"] { checkIntegrity(integrity, of: pack, timeline.count, known, signingKey) }
    checkDerived(pack, timeline)
  }

  private mutating func add(_ place: String, _ problem: String) { found.add(place, problem) }

  private func name(_ event: Event) -> String { "\(VisibleText.of(event.id)) (number \(event.sequence))" }

  // MARK: Form

  private static let sections = [
    "$schema", "metadata", "summary", "timeline", "policy_analysis", "write_action_log", "anomalies", "integrity",
  ]

  /// False when there is no going on.
  private mutating func checkSections(_ pack: JSONObject) -> Bool {
    let missing = Self.sections.filter { pack[$0] == nil }
    for section in missing { add("$.\(section)", "is missing") }
    for key in pack.keys where !Self.sections.contains(where: { ExactText($0) == ExactText(key) }) {
      add(JSONError.path([.key(key)]), "is no part of an evidence pack")
    }
    return missing.isEmpty
  }

  private mutating func events(_ value: JSONValue?, at place: String) -> [Event] {
    guard let elements = value?.arrayValue else {
      add(place, "must be an array")
      return []
    }
    return elements.indices.compactMap { event(elements[$0], at: "\(place)[\($0)]") }
  }

  /// Checks the event by itself; absent when it has no hash or number to go by.
  private mutating func event(_ value: JSONValue, at place: String) -> Event? {
    guard let object = value.objectValue, let hash = object["hash"]?.stringValue.flatMap(EventHash.init(hexadecimal:)),
      let sequence = object["sequence"]?.intValue, sequence > 0
    else {
      add(place, "is no event: it must have a hash and a number")
      return nil
    }
    let id = object["event_id"]?.stringValue ?? ""
    var event = Event(
      place: place, id: id, sequence: Int64(sequence),
      sessionSequence: object["session_sequence"]?.intValue.map(Int64.init),
      timestamp: object["timestamp"]?.stringValue ?? "", hash: hash, isAsHashed: false, value: object)
    let content = JSONObject(object.members.filter { $0.key != "hash" && $0.key != "inclusion" })
    let canonical = try? CanonicalJSON(.object(content))
    event.isAsHashed = canonical.map { EventHash(of: $0.bytes) == hash } ?? false
    if !event.isAsHashed {
      add(place, "event \(name(event)) was changed: its content doesn't give its hash")
    }
    return event
  }

  // MARK: Events among themselves

  private mutating func checkOrder(_ events: [Event]) {
    for (earlier, later) in zip(events, events.dropFirst()) {
      guard let before = ISOTimestamp.microseconds(earlier.timestamp.utf8),
        let after = ISOTimestamp.microseconds(later.timestamp.utf8)
      else { continue }
      if (before, ExactText(earlier.id)) > (after, ExactText(later.id)) {
        add(later.place, "event \(name(later)) is out of order: it is earlier than the event before it")
      }
    }
  }

  /// The timeline has each of its session's events once, and nobody else's.
  private mutating func checkTimeline(_ timeline: [Event]) {
    var seen: Set<Int64> = []
    for event in timeline {
      if let sessionID, event.value["session_id"] != .string(sessionID) {
        let other = event.value["session_id"]?.stringValue.map { "session \(VisibleText.of($0))" } ?? "no session"
        add(event.place, "event \(name(event)) is of \(other), the pack of session \(VisibleText.of(sessionID))")
      } else if let number = event.sessionSequence {
        seen.insert(number)
      }
    }
    guard let last = seen.max() else { return }
    var missing: [Int64] = []
    var number: Int64 = 1
    // What a forged number could make long isn't walked through.
    while number < last, missing.count < 10 {
      if !seen.contains(number) { missing.append(number) }
      number += 1
    }
    for number in missing {
      add("$.timeline", "the session's event \(number) of at least \(last) is missing: it was removed")
    }
  }

  private mutating func checkNumbers(_ events: [Event]) {
    var bySequence: [Int64: Event] = [:]
    for event in events {
      if let earlier = bySequence[event.sequence] {
        add(event.place, "event \(name(event)) has the number of \(earlier.place): it was added")
      } else {
        bySequence[event.sequence] = event
      }
    }
    for event in events where event.isAsHashed {
      guard let before = bySequence[event.sequence - 1] else { continue }
      if event.value["previous_hash"] != .string(before.hash.hexadecimal) {
        add(event.place, "event \(name(event)) doesn't follow \(before.place): the chain is broken between them")
      }
    }
  }

  // MARK: Signatures

  private mutating func checkIntegrity(
    _ integrity: JSONValue, of pack: JSONObject, _ count: Int, _ known: EvidencePublicKey?, _ signingKey: String?
  ) {
    if integrity["event_count"]?.intValue != count {
      let stated = integrity["event_count"]?.intValue.map { "\($0)" } ?? "no number"
      add("$.integrity.event_count", "says \(stated), the timeline has \(count) events: some were removed or added")
    }
    publicKey = integrity["ed25519"].flatMap { $0["public_key"] }.flatMap(EvidencePublicKey.init(jwk:))
    if let publicKey {
      if integrity["ed25519"]?["public_key"] != publicKey.jwk {
        add("$.integrity.ed25519.public_key", "isn't as the gateway writes its key: it was changed")
      }
    } else {
      add("$.integrity.ed25519.public_key", "is no Ed25519 key")
    }
    for key in integrity["ed25519"]?.objectValue?.keys ?? [] where key != "public_key" && key != "signature" {
      add("$.integrity.ed25519" + JSONError.path([.key(key)]).dropFirst(), "was added")
    }
    if let known, let publicKey, known != publicKey {
      add("$.integrity.ed25519.public_key", "is not the key that was given: the pack was signed by somebody else")
    }
    hasHMAC = integrity["signature"]?.stringValue != nil
    if hasHMAC != (integrity["signature_algorithm"] != nil) {
      add("$.integrity.signature", hasHMAC ? "was added" : "is missing: it was removed")
    }
    checkTree(integrity, known ?? publicKey, signingKey)
    guard let hash = EvidenceSeal.hash(of: pack) else {
      add("$", "has no text that could have been sealed")
      return
    }
    if integrity["hash"] != .string(hash.hexadecimal) {
      add(
        "$.integrity.hash",
        "isn't the hash of the pack: something was changed, removed or added in it, if not above, then in metadata, "
          + "summary, policy_analysis, write_action_log, anomalies or integrity")
    }
    let stated = integrity["hash"]?.stringValue.flatMap(EventHash.init(hexadecimal:)) ?? hash
    checkSignature(
      .pack, stated, integrity["ed25519"]?["signature"], integrity["signature"], known ?? publicKey, signingKey,
      at: ("$.integrity.ed25519.signature", "$.integrity.signature"), "the pack")
  }

  private mutating func checkTree(_ integrity: JSONValue, _ key: EvidencePublicKey?, _ signingKey: String?) {
    let place = "$.integrity.tree_head"
    guard let head = integrity["tree_head"], let size = head["tree_size"]?.intValue, size >= 0,
      let root = head["root_hash"]?.stringValue.flatMap(EventHash.init(hexadecimal:)),
      let signedAt = head["signed_at"]?.stringValue.flatMap({ ISOTimestamp.microseconds($0.utf8) })
    else {
      add(place, "is no tree head: it must have a size, a root and a time")
      return
    }
    self.head = (Int64(size), root)
    checkSignature(
      .treeHead, TreeHead.hash(size: Int64(size), root: root, signedAt: signedAt), head["ed25519"],
      head["hmac_sha256"], key, signingKey, at: (place + ".ed25519", place + ".hmac_sha256"), "the tree's head")
    checkInclusion(integrity["inclusion_nodes"], size: Int64(size), root: root)
  }

  private mutating func checkInclusion(_ value: JSONValue?, size: Int64, root: EventHash) {
    guard let texts = value?.arrayValue else {
      add("$.integrity.inclusion_nodes", "must be an array")
      return
    }
    let nodes = texts.map { $0.stringValue.flatMap(EventHash.init(hexadecimal:)) }
    for index in nodes.indices where nodes[index] == nil {
      add("$.integrity.inclusion_nodes[\(index)]", "is no SHA-256 hash")
    }
    var isUsed = nodes.map { _ in false }
    for event in events {
      var path: [EventHash]? = []
      for place in event.value["inclusion"]?.arrayValue ?? [] {
        guard let index = place.intValue, nodes.indices.contains(index), let node = nodes[index] else {
          path = nil
          break
        }
        isUsed[index] = true
        path?.append(node)
      }
      let given = path.flatMap {
        MerkleTree.root(leaf: MerkleTree.leaf(event.hash), index: event.sequence - 1, size: size, path: $0)
      }
      if event.value["inclusion"]?.arrayValue == nil {
        add(event.place + ".inclusion", "must be an array")
      } else if given != root {
        add(
          event.place,
          "event \(name(event)) isn't in the tree of the pack's head: it was added, or its hash, number or proof changed"
        )
      }
    }
    for index in nodes.indices where nodes[index] != nil && !isUsed[index] {
      add("$.integrity.inclusion_nodes[\(index)]", "belongs to no event: an event was removed, or the node added")
    }
  }

  private mutating func checkSignature(
    _ statement: EvidenceStatement, _ hash: EventHash, _ ed25519: JSONValue?, _ hmac: JSONValue?,
    _ key: EvidencePublicKey?, _ signingKey: String?, at places: (ed25519: String, hmac: String), _ what: String
  ) {
    let signature = EvidenceSignature(
      ed25519: ed25519?.stringValue.flatMap { $0.hexadecimalBytes } ?? [],
      hmac: hmac?.stringValue.flatMap { $0.hexadecimalBytes })
    if let key, !key.verifies(signature.ed25519, of: statement, hash) {
      add(places.ed25519, "the signature isn't the key's: \(what) or the signature was changed")
    }
    guard let signingKey else { return }
    if hmac?.stringValue == nil {
      // The pack says itself that it had one.
      if found.contains(places.hmac) { return }
      add(places.hmac, "is missing: \(what) wasn't signed with a signing key, or the signature was removed")
    } else if !signature.isAuthentic(statement, hash, signingKey: signingKey) {
      add(places.hmac, "the signature isn't the signing key's: \(what) or the signature was changed")
    }
  }

  // MARK: What follows from the events

  /// Says which of the sections that follow from the timeline don't.
  private mutating func checkDerived(_ pack: JSONObject, _ timeline: [Event]) {
    let calls = timeline.filter { $0.value["kind"] == "tool_call" }
    let summary = pack["summary"]
    func compare(_ place: String, _ value: JSONValue?, _ count: Int) -> EvidenceFinding? {
      value?.intValue == count ? nil : EvidenceFinding(place, "doesn't follow from the timeline, which gives \(count)")
    }
    var found = [compare("$.summary.total_tool_calls", summary?["total_tool_calls"], calls.count)]
    for action in Decision.Action.allCases {
      let count = calls.count { $0.value["decision"] == .string(action.rawValue) }
      found.append(
        compare("$.summary.by_decision.\(action.rawValue)", summary?["by_decision"]?[action.rawValue], count))
    }
    let writes = calls.filter { $0.value["is_write_action"] == true && $0.value["executed"] == true }
    found.append(compare("$.summary.write_actions.total", summary?["write_actions"]?["total"], writes.count))
    found.append(
      compare("$.write_action_log", (pack["write_action_log"]?.arrayValue?.count).map { JSONValue($0) }, writes.count))
    for finding in found { if let finding { add(finding.place, finding.problem) } }
    for (index, (entry, write)) in zip(pack["write_action_log"]?.arrayValue ?? [], writes).enumerated() {
      for key in ["event_id", "timestamp", "tool_name", "error"] where entry[key] != write.value[key] {
        add("$.write_action_log[\(index)].\(key)", "isn't what event \(name(write)) has")
      }
    }
  }
}

import Crypto
import StrictJSON

/// What makes a pack's hash and signatures, so that anyone can check them without the gateway:
///
/// The sealed text is the RFC 8785 canonical form of the pack's JSON in which each event of `timeline` and of
/// `policy_analysis.control_events` is replaced by its `hash`, and of `integrity` is left out what `EvidenceSeal.unsealed`
/// names. `hash` is SHA-256 over its UTF-8; what is signed is `EvidenceStatement.pack` with it. An event's own hash covers
/// the event, and its `inclusion` is checked by the tree's head.
enum EvidenceSeal {
  static let covers = """
    RFC 8785 canonical JSON of the pack, with the hash of each event of timeline and policy_analysis.control_events in \
    its place, and integrity without hash, signature and ed25519
    """

  /// Members of `integrity` that follow from the sealed text.
  static let unsealed: Set<String> = ["hash", "signature", "ed25519"]

  static func hash(of pack: EvidencePack) async -> EventHash {
    var hash = SHA256()
    func update(_ text: String) { update(Array(text.utf8)) }
    func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { hash.update(bufferPointer: $0) } }
    func update<Element>(each elements: [Element], _ append: (Element, inout [UInt8]) -> Void) async {
      update("[")
      var start = 0
      while start < elements.count {
        let end = min(start + 256, elements.count)
        var bytes: [UInt8] = []
        for index in start..<end {
          if index > 0 { bytes.append(UInt8(ascii: ",")) }
          append(elements[index], &bytes)
        }
        update(bytes)
        start = end
        // A large session must not keep the thread from others.
        await Task.yield()
      }
      update("]")
    }
    func appendHash(_ event: ChainedEvent, to bytes: inout [UInt8]) { event.link.hash.appendQuoted(to: &bytes) }

    let json = EvidenceJSON(pack)
    update(#"{"$schema":"#)
    update(JSONValue.string(EvidenceSchema.identifier).serialized())
    update(#","anomalies":"#)
    update(canonical(json.anomalies))
    update(#","integrity":{"covers":"#)
    update(JSONValue.string(covers).serialized())
    update(#","event_count":\#(pack.integrity.eventCount),"hash_algorithm":"sha256","inclusion_nodes":"#)
    await update(each: pack.integrity.proofs.nodes) { $0.appendQuoted(to: &$1) }
    if pack.integrity.treeHead.signature.hmac != nil {
      update(#","signature_algorithm":"hmac-sha256","signed_at":"\#(ISOTimestamp.text(pack.integrity.signedAt))""#)
    }
    update(#","tree_head":"#)
    update(canonical(json.treeHead))
    update(#"},"metadata":"#)
    update(canonical(json.metadata))
    update(#","policy_analysis":{"control_events":"#)
    await update(each: pack.policyAnalysis.controlEvents, appendHash)
    update(#","default_denials":\#(pack.policyAnalysis.defaultDenials),"rules_triggered":"#)
    update(canonical(json.rulesTriggered))
    update(#","untriggered_rules":"#)
    update(canonical(json.untriggeredRules))
    update(#"},"summary":"#)
    update(canonical(json.summary))
    update(#","timeline":"#)
    await update(each: pack.timeline, appendHash)
    update(#","write_action_log":"#)
    await update(each: pack.writeActions) { EvidenceJSON.canonical($0).serialize(into: &$1) }
    update("}")
    return EventHash(hash.finalize())
  }

  /// What gives the hash of a pack that was read; absent when it has no such text.
  static func hash(of pack: JSONObject) -> EventHash? {
    func hashes(_ events: JSONValue?) -> JSONValue? {
      events?.arrayValue.map { .array($0.map { $0["hash"] ?? .null }) }
    }
    var sealed = pack
    guard let timeline = hashes(pack["timeline"]), var analysis = pack["policy_analysis"]?.objectValue,
      let control = hashes(analysis["control_events"]), let integrity = pack["integrity"]?.objectValue
    else { return nil }
    sealed["timeline"] = timeline
    analysis["control_events"] = control
    sealed["policy_analysis"] = .object(analysis)
    sealed["integrity"] = .object(JSONObject(integrity.members.filter { !unsealed.contains($0.key) }))
    return (try? CanonicalJSON(.object(sealed))).map { EventHash(of: $0.bytes) }
  }

  /// These have texts and small numbers alone.
  private static func canonical(_ value: JSONValue) -> [UInt8] { (try? CanonicalJSON(value))?.bytes ?? [] }
}

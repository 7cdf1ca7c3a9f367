import Crypto
import StrictJSON

/// What makes a pack's hash and signature, so that anyone can check them:
///
/// The sealed text is the RFC 8785 canonical form of
///
///     {"control_events": C, "session_id": S, "timeline": T}
///
/// where T is the pack's `timeline`, C its `policy_analysis.control_events` and S its `metadata.session_id`. Every field
/// of every event is in it; the pack's other sections follow from it. `hash` is SHA-256 over the text's UTF-8,
/// `signature` HMAC-SHA256 over the same bytes with AGENTGATE_SIGNING_KEY's UTF-8 as the key.
enum EvidenceSeal {
  static let covers = """
    RFC 8785 canonical JSON of {"control_events": policy_analysis.control_events, "session_id": metadata.session_id, \
    "timeline": timeline}
    """

  /// Lower-case hex; the signature is absent for an empty key.
  static func seal(
    session: String, timeline: [TraceEvent], controlEvents: [TraceEvent], key: [UInt8]
  ) async -> (hash: String, signature: String?) {
    var hash = SHA256()
    var signature = key.isEmpty ? nil : HMAC<SHA256>(key: SymmetricKey(data: key))
    func update(_ bytes: [UInt8]) {
      bytes.withUnsafeBytes { bytes in
        hash.update(bufferPointer: bytes)
        signature?.update(data: bytes)
      }
    }
    func update(_ events: [TraceEvent]) async {
      var start = 0
      while start < events.count {
        let end = min(start + 256, events.count)
        var bytes: [UInt8] = []
        for index in start..<end {
          if index > 0 { bytes.append(UInt8(ascii: ",")) }
          bytes += EvidenceEntry.canonical(events[index])
        }
        update(bytes)
        start = end
        // A large session must not keep the thread from the calls.
        await Task.yield()
      }
    }
    update(Array(#"{"control_events":["#.utf8))
    await update(controlEvents)
    update(Array(#"],"session_id":"#.utf8) + JSONValue.string(session).serialized() + Array(#","timeline":["#.utf8))
    await update(timeline)
    update(Array("]}".utf8))
    return (hash.finalize().hexadecimalText, signature.map { $0.finalize().hexadecimalText })
  }
}

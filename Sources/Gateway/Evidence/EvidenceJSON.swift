import StrictJSON

/// A pack as compact JSON, in pieces that are made when they are asked for: a large session's text is never in memory as
/// a whole. The pieces are UTF-8, but may end anywhere.
///
/// The seven keys at the top and the names below them are AgentGate 0.2's. Added are: in `timeline` the event's other
/// fields; in `summary` `policy_revisions_used`, `write_actions.requested` and `by_tool.*.require_approval`; in
/// `policy_analysis` `control_events`; in `write_action_log` `error`; in `integrity` `covers`.
public struct EvidenceJSON: Sequence, Sendable {
  private let pack: EvidencePack

  public init(_ pack: EvidencePack) { self.pack = pack }

  /// The whole text at once.
  public var bytes: [UInt8] { reduce(into: []) { $0 += $1 } }

  public func makeIterator() -> Iterator { Iterator(pack) }

  public struct Iterator: IteratorProtocol {
    private enum Part: Int {
      case metadata
      case timeline
      case policyAnalysis
      case writeActions
      case end
      case done
    }

    private static let eventsPerPiece = 128
    private let pack: EvidencePack
    private var part = Part.metadata
    private var index = 0

    fileprivate init(_ pack: EvidencePack) { self.pack = pack }

    public mutating func next() -> [UInt8]? {
      switch part {
      case .metadata:
        part = .timeline
        return text(#"{"metadata":"#) + metadata.serialized() + text(#","summary":"#) + summary.serialized()
          + text(#","timeline":["#)
      case .timeline:
        return list(pack.timeline, then: .policyAnalysis) { EvidenceEntry.text($0) }
      case .policyAnalysis:
        part = .writeActions
        return text(#"],"policy_analysis":"#) + policyAnalysis + text(#","write_action_log":["#)
      case .writeActions:
        return list(pack.writeActions, then: .end) { Self.json($0).serialized() }
      case .end:
        part = .done
        return text(#"],"anomalies":"#) + anomalies.serialized() + text(#","integrity":"#) + integrity.serialized()
          + text("}")
      case .done:
        return nil
      }
    }

    private mutating func list<Element>(
      _ elements: [Element], then next: Part, _ element: (Element) -> [UInt8]
    ) -> [UInt8] {
      var bytes: [UInt8] = []
      let end = Swift.min(index + Self.eventsPerPiece, elements.count)
      while index < end {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        bytes += element(elements[index])
        index += 1
      }
      if index == elements.count { (part, index) = (next, 0) }
      return bytes
    }

    private func text(_ text: String) -> [UInt8] { Array(text.utf8) }

    private var metadata: JSONValue {
      let metadata = pack.metadata
      return [
        "version": "1.0.0",
        "generated_at": .string(ISOTimestamp.text(metadata.generatedAt)),
        "generator": .string(metadata.generator),
        "session_id": .string(metadata.sessionID),
        "user_id": Self.optional(metadata.userID),
        "agent_id": Self.optional(metadata.agentID),
        "time_range": [
          "start": Self.optional((metadata.timeRange?.lowerBound).map(ISOTimestamp.text)),
          "end": Self.optional((metadata.timeRange?.upperBound).map(ISOTimestamp.text)),
        ],
      ]
    }

    private var summary: JSONValue {
      let summary = pack.summary
      let byTool = summary.byTool.map { tool, use -> JSONObject.Member in
        let counts: JSONValue = [
          "allowed": JSONValue(use.allowed), "denied": JSONValue(use.denied),
          "require_approval": JSONValue(use.requireApproval),
        ]
        return (tool, counts)
      }
      return [
        "total_tool_calls": JSONValue(summary.calls),
        "by_decision": .object(
          JSONObject(Decision.Action.allCases.map { ($0.rawValue, JSONValue(summary.byDecision[$0] ?? 0)) })),
        "by_tool": .object(JSONObject(byTool)),
        "write_actions": [
          "total": JSONValue(summary.reversibleWrites + summary.irreversibleWrites),
          "reversible": JSONValue(summary.reversibleWrites),
          "irreversible": JSONValue(summary.irreversibleWrites),
          "requested": JSONValue(summary.writesRequested),
        ],
        "policy_versions_used": .array(summary.policyVersions.map { .string($0) }),
        "policy_revisions_used": .array(summary.policyRevisions.map { .string($0) }),
        "kill_switch_activations": JSONValue(summary.callsKilled),
      ]
    }

    private var policyAnalysis: [UInt8] {
      let analysis = pack.policyAnalysis
      let triggered = analysis.triggered.map { rule, use -> JSONObject.Member in
        let decisions = use.decisions.map(\.rawValue).sorted().map { JSONValue.string($0) }
        return (rule, ["count": JSONValue(use.count), "decisions": .array(decisions)])
      }
      var bytes = text(#"{"rules_triggered":"#) + JSONValue.object(JSONObject(triggered)).serialized()
      bytes += text(#","untriggered_rules":"#)
      bytes += JSONValue.array(analysis.untriggered.map { .string($0) }).serialized()
      bytes += text(#","default_denials":\#(analysis.defaultDenials),"control_events":["#)
      for (index, event) in analysis.controlEvents.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        bytes += EvidenceEntry.text(event)
      }
      return bytes + text("]}")
    }

    private static func json(_ write: EvidencePack.WriteAction) -> JSONValue {
      [
        "event_id": .string(write.eventID),
        "timestamp": .string(ISOTimestamp.text(write.timestamp)),
        "tool_name": .string(write.toolName),
        "reversible": .boolean(write.isReversible),
        "pre_state_ref": .null,
        "approved_by": write.hasToken ? "token" : .null,
        "error": optional(write.error),
      ]
    }

    private var anomalies: JSONValue {
      .array(
        pack.anomalies.map { anomaly in
          [
            "type": .string(anomaly.kind.rawValue),
            "description": .string(anomaly.kind.description),
            "event_ids": .array(anomaly.eventIDs.map { .string($0) }),
          ]
        })
    }

    private var integrity: JSONValue {
      let integrity = pack.integrity
      var members: JSONObject = [
        "event_count": JSONValue(integrity.eventCount),
        "hash": .string(integrity.hash),
        "hash_algorithm": "sha256",
        "covers": .string(EvidenceSeal.covers),
      ]
      if let signature = integrity.signature, let signedAt = integrity.signedAt {
        members["signature"] = .string(signature)
        members["signature_algorithm"] = "hmac-sha256"
        members["signed_at"] = .string(ISOTimestamp.text(signedAt))
      }
      return .object(members)
    }

    private static func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
  }
}

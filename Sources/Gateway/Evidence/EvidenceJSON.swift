import StrictJSON

/// A pack as compact JSON, in pieces that are made when they are asked for: a large session's text is never in memory as
/// a whole. The pieces are UTF-8, but may end anywhere.
///
/// The seven sections and the names below them are AgentGate 0.2's. Added are: `$schema`; in `timeline` the event's
/// other fields, its place in the chain and its proof; in `summary` `policy_revisions_used`, `write_actions.requested`
/// and `by_tool.*.require_approval`; in `policy_analysis` `control_events`; in `write_action_log` `error`; in
/// `integrity` what `EvidenceSeal` and `InclusionProofs` say.
public struct EvidenceJSON: Sequence, Sendable {
  private let pack: EvidencePack

  public init(_ pack: EvidencePack) { self.pack = pack }

  /// The whole text at once.
  public var bytes: [UInt8] { reduce(into: []) { $0 += $1 } }

  public func makeIterator() -> Iterator { Iterator(self) }

  public struct Iterator: IteratorProtocol {
    private enum Part {
      case metadata
      case timeline
      case policyAnalysis
      case controlEvents
      case controlEventsEnd
      case writeActions
      case end
      case nodes
      case nodesEnd
      case done
    }

    private static let eventsPerPiece = 128
    private let json: EvidenceJSON
    private var part = Part.metadata
    private var index = 0

    fileprivate init(_ json: EvidenceJSON) { self.json = json }

    public mutating func next() -> [UInt8]? {
      switch part {
      case .metadata:
        part = .timeline
        return text(#"{"$schema":"#) + JSONValue.string(EvidenceSchema.identifier).serialized() + text(#","metadata":"#)
          + json.metadata.serialized() + text(#","summary":"#) + json.summary.serialized() + text(#","timeline":["#)
      case .timeline:
        return list(json.pack.timeline, then: .policyAnalysis, json.append)
      case .policyAnalysis:
        part = .controlEvents
        return text(#"],"policy_analysis":{"rules_triggered":"#) + json.rulesTriggered.serialized()
          + text(#","untriggered_rules":"#) + json.untriggeredRules.serialized()
          + text(#","default_denials":\#(json.pack.policyAnalysis.defaultDenials),"control_events":["#)
      case .controlEvents:
        return list(json.pack.policyAnalysis.controlEvents, then: .controlEventsEnd, json.append)
      case .controlEventsEnd:
        part = .writeActions
        return text(#"]},"write_action_log":["#)
      case .writeActions:
        return list(json.pack.writeActions, then: .end) { EvidenceJSON.json($0).serialize(into: &$1) }
      case .end:
        part = .nodes
        return text(#"],"anomalies":"#) + json.anomalies.serialized() + text(#","integrity":"#) + json.openIntegrity
          + text(#","inclusion_nodes":["#)
      case .nodes:
        return list(json.pack.integrity.proofs.nodes, then: .nodesEnd) { $0.appendQuoted(to: &$1) }
      case .nodesEnd:
        part = .done
        return text("]}}")
      case .done:
        return nil
      }
    }

    private mutating func list<Element>(
      _ elements: [Element], then next: Part, _ append: (Element, inout [UInt8]) -> Void
    ) -> [UInt8] {
      var bytes: [UInt8] = []
      let end = Swift.min(index + Self.eventsPerPiece, elements.count)
      while index < end {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        append(elements[index], &bytes)
        index += 1
      }
      if index == elements.count { (part, index) = (next, 0) }
      return bytes
    }

    private func text(_ text: String) -> [UInt8] { Array(text.utf8) }
  }

  // MARK: Sections

  var metadata: JSONValue {
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

  var summary: JSONValue {
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

  var rulesTriggered: JSONValue {
    .object(
      JSONObject(
        pack.policyAnalysis.triggered.map { rule, use -> JSONObject.Member in
          let decisions = use.decisions.map(\.rawValue).sorted().map { JSONValue.string($0) }
          return (rule, ["count": JSONValue(use.count), "decisions": .array(decisions)])
        }))
  }

  var untriggeredRules: JSONValue { .array(pack.policyAnalysis.untriggered.map { .string($0) }) }

  var anomalies: JSONValue {
    .array(
      pack.anomalies.map { anomaly in
        [
          "type": .string(anomaly.kind.rawValue),
          "description": .string(anomaly.description),
          "event_ids": .array(anomaly.eventIDs.map { .string($0) }),
        ]
      })
  }

  var treeHead: JSONValue {
    let head = pack.integrity.treeHead
    return [
      "tree_size": JSONValue(Int(head.size)),
      "root_hash": .string(head.root.hexadecimal),
      "signed_at": .string(ISOTimestamp.text(head.signedAt)),
      "ed25519": .string(head.signature.ed25519.hexadecimalText),
      "hmac_sha256": head.signature.hmac.map { .string($0.hexadecimalText) } ?? .null,
    ]
  }

  /// Without its last member and its last brace.
  private var openIntegrity: [UInt8] {
    let integrity = pack.integrity
    var members: JSONObject = [
      "event_count": JSONValue(integrity.eventCount),
      "hash": .string(integrity.hash.hexadecimal),
      "hash_algorithm": "sha256",
      "covers": .string(EvidenceSeal.covers),
    ]
    if let hmac = integrity.signature.hmac {
      members["signature"] = .string(hmac.hexadecimalText)
      members["signature_algorithm"] = "hmac-sha256"
      members["signed_at"] = .string(ISOTimestamp.text(integrity.signedAt))
    }
    members["ed25519"] = [
      "public_key": integrity.treeHead.publicKey.jwk, "signature": .string(integrity.signature.ed25519.hexadecimalText),
    ]
    members["tree_head"] = treeHead
    return Array(JSONValue.object(members).serialized().dropLast())
  }

  /// An event, with its audit path as places in `inclusion_nodes`.
  private func append(_ event: ChainedEvent, to bytes: inout [UInt8]) {
    EventContent.appendOpen(event, to: &bytes)
    bytes += #","inclusion":["#.utf8
    for (index, place) in pack.integrity.proofs.path(of: event.link.sequence).enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes += String(place).utf8
    }
    bytes += "]}".utf8
  }

  private static func json(_ write: EvidencePack.WriteAction) -> JSONValue {
    .object(JSONObject(distinct: members(write)))
  }

  /// In RFC 8785 canonical form.
  static func canonical(_ write: EvidencePack.WriteAction) -> JSONValue {
    .object(JSONObject(distinct: members(write).sorted { $0.key < $1.key }))
  }

  private static func members(_ write: EvidencePack.WriteAction) -> [JSONObject.Member] {
    [
      ("event_id", .string(write.eventID)),
      ("timestamp", .string(ISOTimestamp.text(write.timestamp))),
      ("tool_name", .string(write.toolName)),
      ("reversible", .boolean(write.isReversible)),
      ("pre_state_ref", .null),
      ("approved_by", write.hasToken ? "token" : .null),
      ("error", optional(write.error)),
    ]
  }

  private static func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
}

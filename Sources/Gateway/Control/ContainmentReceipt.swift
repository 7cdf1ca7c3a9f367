public import StrictJSON

/// What a kill did to the calls that it met under way, and when: signed as evidence is.
public struct ContainmentReceipt: Sendable, Equatable {
  /// What became of a call.
  public enum Verdict: String, Sendable {
    /// No byte of it had gone out.
    case neverSent = "never_sent"
    /// It had been sent, and its server was told to end it and let the answer be.
    case cancelled
    /// Its server had answered before the kill; the answer is withheld.
    case completedBefore = "completed_before"
    /// It had been sent, and nobody can say how far it went: its server didn't take notice of the cancellation, answered
    /// in spite of it, or is gone.
    case outcomeUnknown = "outcome_unknown"
  }

  public struct Call: Sendable, Equatable {
    /// The id of the call's event.
    public var traceID: String
    public var session: SessionID
    /// Absent for what calls no tool.
    public var tool: ToolName?
    /// Absent when no upstream has the tool.
    public var server: String?
    /// Absent while it isn't known.
    public var verdict: Verdict?
    /// Nanoseconds from the kill until nobody waited for the call any more; absent while somebody does.
    public var silentAfter: Int64?
    /// What the server made of the cancellation; absent without one.
    public var cancellation: CallHandle.Cancellation?
  }

  public struct Step: Sendable, Equatable {
    /// `fenced`, `calls_cancelled`, `silent`, `credentials_revoked`, `grace_over`.
    public var name: String
    /// Nanoseconds from the kill.
    public var after: Int64
  }

  /// The id of the kill's event.
  public var id: String
  public var target: KillTarget
  public var reason: String
  /// Microseconds since 1970-01-01T00:00:00Z.
  public var started: Int64
  /// Nothing changes any more.
  public var isSettled = false
  public var steps: [Step] = []
  public var calls: [Call] = []
  /// What became of what the killed had been lent; absent while it isn't known, and where nothing is lent.
  public var credentials: CredentialRevocation?
  /// The event that will hold the settled receipt, when this one isn't.
  public var finalEventID: String?

  /// `{"id", "target", "reason", "state", "started", "steps", "calls", "time_to_silence_ms", "hash", "signature", …}`:
  /// `hash` is SHA-256 over the RFC 8785 canonical form of all but `hash`, `signature` and `ed25519`, which are signatures as
  /// `EvidenceStatement.containment` says; `signature` is null without AGENTGATE_SIGNING_KEY.
  public func json(signedWith key: EvidenceKey) -> JSONValue {
    var object = content
    guard let text = try? CanonicalJSON(.object(object)) else { return .object(object) }
    let hash = EventHash(of: text.bytes)
    let signature = key.sign(.containment, hash)
    object["hash"] = .string(hash.hexadecimal)
    object["signature"] = signature?.hmac.map { .string($0.hexadecimalText) } ?? .null
    object["ed25519"] = signature.map { .string($0.ed25519.hexadecimalText) } ?? .null
    return .object(object)
  }

  private var content: JSONObject {
    var object: JSONObject = [
      "id": .string(id), "target": target.json, "reason": .string(reason),
      "state": isSettled ? "settled" : "open", "started": .string(ISOTimestamp.text(started)),
      "steps": .array(steps.map { ["step": .string($0.name), "at_ms": Self.milliseconds($0.after)] }),
      "calls": .array(calls.map(\.json)),
      "time_to_silence_ms": calls.isEmpty || calls.contains { $0.silentAfter == nil }
        ? .null : Self.milliseconds(calls.compactMap(\.silentAfter).max() ?? 0),
    ]
    if let credentials, credentials.count > 0 { object["credentials"] = credentials.json }
    object["final_event_id"] = finalEventID.map { .string($0) }
    return object
  }

  /// To the microsecond.
  fileprivate static func milliseconds(_ nanoseconds: Int64) -> JSONValue {
    JSONValue(Double(nanoseconds / 1_000) / 1_000) ?? 0
  }
}

extension ContainmentReceipt.Call {
  fileprivate var json: JSONValue {
    var object: JSONObject = [
      "trace_id": .string(traceID), "session_id": .string(session.rawValue),
      "tool_name": tool.map { .string($0.rawValue) } ?? .null, "server": server.map { .string($0) } ?? .null,
      "verdict": verdict.map { .string($0.rawValue) } ?? .null,
      "silent_ms": silentAfter.map(ContainmentReceipt.milliseconds) ?? .null,
    ]
    object["cancellation"] = cancellation.map { .string($0.name) }
    return .object(object)
  }
}

extension CallHandle.Cancellation {
  /// As receipts name it.
  var name: String {
    switch self {
    case .acknowledged: "acknowledged"
    case .streamClosed: "stream_closed"
    case .seen: "seen"
    case .lateResult: "late_result_dropped"
    case .unseen: "not_seen"
    }
  }
}

extension CallHandle.Facts {
  /// Absent while it can't be told.
  ///
  /// - Parameter isOver: nothing more is waited for
  func verdict(isOver: Bool) -> ContainmentReceipt.Verdict? {
    if sent == nil { return .neverSent }
    if answered != nil { return .completedBefore }
    switch cancellation {
    case .acknowledged, .streamClosed, .seen: return .cancelled
    case .lateResult, .unseen: return .outcomeUnknown
    case nil: return isOver ? .outcomeUnknown : nil
    }
  }

  /// Whether the verdict can change no more.
  var isSettled: Bool {
    if sent == nil || answered != nil { return true }
    switch cancellation {
    case .acknowledged, .streamClosed, .lateResult, .unseen: return true
    // A result may come all the same.
    case .seen, nil: return false
    }
  }
}

extension KillTarget {
  /// `{"kind": "session", "id": "agent-7"}`; without an id for all.
  var json: JSONValue {
    switch self {
    case .global: ["kind": "all"]
    case .tool(let name): ["kind": "tool", "id": .string(name.rawValue)]
    case .agent(let id): ["kind": "agent", "id": .string(id.rawValue)]
    case .session(let id): ["kind": "session", "id": .string(id.rawValue)]
    }
  }
}

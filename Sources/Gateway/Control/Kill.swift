/// What a kill stops.
public enum KillTarget: Hashable, Sendable {
  case global
  case tool(ToolName)
  case agent(AgentID)
  case session(SessionID)

  /// What a kill without a reason says.
  public var defaultReason: String {
    switch self {
    case .global: "System paused"
    case .tool: "Tool terminated"
    case .agent: "Agent terminated"
    case .session: "Session terminated"
    }
  }
}

/// A kill that is in force.
public struct Kill: Hashable, Sendable {
  /// In Unicode scalars. What is longer is cut: a kill is never lost over its reason.
  public static let maximumReasonLength = 1_024

  public let reason: String
  /// When it was ordered, as `ISOTimestamp` writes it, or as a hand wrote it; absent when the file doesn't say.
  public let since: String?

  /// An absent or empty reason is the target's default.
  public init(_ target: KillTarget, reason: String?, since: String?) {
    self.reason = reason.flatMap { $0.isEmpty ? nil : Self.cut($0) } ?? target.defaultReason
    self.since = since.map(Self.cut)
  }

  private static func cut(_ text: String) -> String {
    // Every scalar has at least one byte.
    guard text.utf8.count > maximumReasonLength else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.prefix(maximumReasonLength)))
  }
}

/// Why a call may not pass.
public struct KillVerdict: Sendable, Equatable {
  public enum Level: String, Sendable {
    case global
    case tool
    case agent
    case session
    /// The kill switch can't be relied on, so nothing passes.
    case unavailable
  }

  public let level: Level
  /// For the caller.
  public let reason: String

  public init(level: Level, reason: String) {
    self.level = level
    self.reason = reason
  }

  public static let unavailable = KillVerdict(level: .unavailable, reason: "Kill switch unavailable")
}

/// What the kill switch holds at one moment.
public struct KillSwitchState: Sendable, Equatable {
  /// When false every call is refused, whatever the rest says.
  public var isAvailable: Bool { problem == nil }
  /// Why the file can't be relied on, for the operator: names the file and the place in it.
  public var problem: String?
  public var global: Kill?
  public var tools: [ToolName: Kill]
  public var agents: [AgentID: Kill]
  public var sessions: [SessionID: Kill]
}

/// A kill, or the end of one, that did not come through this process's `KillSwitch`: another process or a hand changed
/// the file.
public struct KillSwitchChange: Sendable, Equatable {
  public let target: KillTarget
  /// Absent when the kill was lifted.
  public let kill: Kill?
}

/// Why a change of the kill switch is not for good. A kill is in force all the same, until this process ends; a lift has
/// changed nothing. For the log: it names files.
public struct KillSwitchError: Error, Equatable, Sendable, CustomStringConvertible {
  public let message: String

  public var description: String { message }
}

public import StrictJSON

/// What somebody states to be called by: some Unicode scalars, not only white space. Compared by its bytes.
public protocol StatedIdentifier: Hashable, Sendable {
  /// In Unicode scalars.
  static var maximumLength: Int { get }
  /// What problems call it: `session_id`.
  static var field: String { get }
  var rawValue: String { get }

  /// The text is known to be one.
  init(checked rawValue: String)
}

extension StatedIdentifier {
  /// Fails when the text is empty, blank or longer than `maximumLength` scalars.
  public init(_ rawValue: String) throws(InvalidIdentifier) {
    try InvalidIdentifier.check(rawValue, field: Self.field, maximumLength: Self.maximumLength)
    self.init(checked: rawValue)
  }

  public static func == (a: Self, b: Self) -> Bool { a.rawValue.hasSameBytes(as: b.rawValue) }
  public func hash(into hasher: inout Hasher) { rawValue.hashBytes(into: &hasher) }
}

/// A session's id as the agent states it.
public struct SessionID: StatedIdentifier {
  public static let maximumLength = 256
  public static let field = "session_id"
  public let rawValue: String

  public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// An agent's id as it states it.
public struct AgentID: StatedIdentifier {
  public static let maximumLength = 256
  public static let field = "agent_id"
  public let rawValue: String

  public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// A tool's name as the call states it. Whether it is a name that any tool could have is a check of its own, so that a
/// refused name leaves evidence too.
public struct ToolName: StatedIdentifier {
  public static let maximumLength = 128
  public static let field = "tool_name"
  public let rawValue: String

  public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// Why a text is no session id, agent id or tool name.
public struct InvalidIdentifier: Error, Equatable, Sendable {
  public let field: String
  /// `session_id must be non-empty`, `tool_name too long (max 128 characters)`.
  public let message: String

  static func check(_ text: String, field: String, maximumLength: Int) throws(InvalidIdentifier) {
    // What is usual first.
    if let byte = text.utf8.first, (0x21...0x7E).contains(byte), text.utf8.count <= maximumLength { return }
    if text.unicodeScalars.allSatisfy(\.properties.isWhitespace) {
      throw InvalidIdentifier(field: field, message: "\(field) must be non-empty")
    }
    if text.unicodeScalars.count > maximumLength {
      throw InvalidIdentifier(field: field, message: "\(field) too long (max \(maximumLength) characters)")
    }
  }
}

/// One call of a tool, read and checked at whichever door it came in by.
public struct ToolCall: Sendable {
  public var sessionID: SessionID
  public var toolName: ToolName
  /// The arguments in RFC 8785 canonical form: what is judged, hashed and sent are these bytes.
  public var arguments: CanonicalJSON
  /// What the agent says about itself; always an object. `user_id` and `agent_id` count only when they are strings.
  public var context: JSONValue
  /// Who calls, as it has proved; absent where agents needn't. `context` says the same of it, whatever the call claimed.
  public private(set) var identity: AgentIdentity?
  /// The token that proves it; absent without one. Never logged, traced or handed to the policy.
  public var agentToken: LentSecret?
  /// As the caller gave it; absent when the call has none. Never logged, traced or handed to the policy.
  public var approvalToken: String?
  /// What an MCP client sent beside name and arguments.
  public var extras = RequestExtras()
  /// MCP's `requestState` of an earlier answer of ours, by which the call refers to its approval; absent otherwise.
  public var approvalState: String?
  /// By which the call can be given up while it runs.
  public var handle = CallHandle()
  /// Told the parameters of each `notifications/progress` of the call; absent when nobody asked.
  public var onProgress: (@Sendable (JSONObject) -> Void)?
  /// Ties the answer, the logs and the caller's own records together.
  public var correlationID: String

  public init(
    sessionID: SessionID, toolName: ToolName, arguments: CanonicalJSON, context: JSONValue,
    identity: AgentIdentity? = nil, approvalToken: String?, correlationID: String
  ) {
    self.sessionID = sessionID
    self.toolName = toolName
    self.arguments = arguments
    self.context = identity?.overriding(context) ?? context
    self.identity = identity
    self.approvalToken = approvalToken
    self.correlationID = correlationID
  }

  /// `context.user_id`, absent unless it is a string.
  public var userID: String? { context["user_id"]?.stringValue }
  /// `context.agent_id`, absent unless it is a string.
  public var agentID: String? { context["agent_id"]?.stringValue }
  /// As kills know it; absent when the agent states none that could be killed.
  var agent: AgentID? { agentID.flatMap { try? AgentID($0) } }
}

public import StrictJSON

/// What runs an allowed call.
public protocol ToolRunner: Sendable {
  /// Runs the tool on the upstream that has it.
  ///
  /// `admit` is called once, synchronously, right before the call's bytes go out: when it returns a refusal, nothing is
  /// sent and the outcome is that refusal. It isn't called at all when the call can't be sent. Cancelling the task ends
  /// the wait: the upstream is told, and the outcome is `lost` or, when nothing had been sent, `unavailable`.
  func run(_ tool: ToolName, arguments: CanonicalJSON, admit: @escaping @Sendable () -> Decision?) async -> ToolOutcome

  /// Every upstream's tools, ordered by the bytes of their names. Tools of an upstream that is down stay listed.
  func tools() async -> [ToolDefinition]
}

/// What became of a call that the policy allowed.
public enum ToolOutcome: Sendable, Equatable {
  /// The tool's structured result: always an object.
  case succeeded(JSONValue)
  /// The tool ran and said that it failed, or its server refused the call; the text is for the caller.
  case failed(String)
  /// Nothing was sent: no upstream has the tool, or the one that has it is down.
  case unavailable(String)
  /// Nothing was sent: the call was refused at the last moment.
  case refused(Decision)
  /// It was sent and no answer came: time-out, crash, cancellation, unreadable answer. It may have taken effect.
  case lost(String)
}

/// A tool as its MCP server describes it.
public struct ToolDefinition: Sendable, Equatable {
  /// The name that agents and policies use. It is the server's own name for the tool unless two servers have the same:
  /// see `ToolNames`.
  public var name: String
  public var title: String?
  public var description: String?
  /// A JSON Schema for the arguments: always an object.
  public var inputSchema: JSONValue
  /// Its server's name in `mcp.json`.
  public var server: String
  /// The server's whole definition, `name` replaced by the one above.
  public var raw: JSONValue

  public init(
    name: String, title: String?, description: String?, inputSchema: JSONValue, server: String, raw: JSONValue
  ) {
    self.name = name
    self.title = title
    self.description = description
    self.inputSchema = inputSchema
    self.server = server
    self.raw = raw
  }
}

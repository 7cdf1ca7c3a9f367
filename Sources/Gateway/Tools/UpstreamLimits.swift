/// How long and how much the gateway grants an upstream server.
public struct UpstreamLimits: Sendable, Equatable {
  /// Servers in Python take seconds to start on a small machine.
  public var initialize: Duration = .seconds(30)
  /// For a connection over HTTP.
  public var connect: Duration = .seconds(10)
  public var list: Duration = .seconds(30)
  /// A call without an answer or progress.
  public var call: Duration = .seconds(60)
  /// A call in all.
  public var callTotal: Duration = .seconds(600)
  /// From closing its standard input to SIGTERM.
  public var closing: Duration = .seconds(2)
  /// From SIGTERM to SIGKILL.
  public var terminating: Duration = .seconds(3)
  /// For a server to say that it has ended a call which a kill has given up; then the server itself is ended.
  public var grace: Duration = .seconds(2)
  /// The operator knows that the server ends a cancelled call, as the specification asks, without a word: then it is
  /// ended only when it doesn't even read the cancellation.
  public var trustsCancellation = false
  /// The pause before the first restart; it doubles with each failure in a row.
  public var firstRestart: Duration = .milliseconds(200)
  public var longestRestart: Duration = .seconds(30)
  /// A server that was up this long starts anew with `firstRestart`.
  public var stable: Duration = .seconds(30)
  /// Bytes of one message from the server. A longer one ends the connection.
  public var line: Int = 16 << 20
  /// Bytes of a call's answer.
  public var resultBytes: Int = 16 << 20
  /// Bytes, and messages, that may wait for a server that doesn't read; calls beyond are turned away.
  public var queue: Int = 16 << 20
  public var queuedMessages: Int = 4_096
  /// Pages of `tools/list`, and tools in all of them.
  public var pages: Int = 1_000
  public var tools: Int = 10_000
  /// What differs for single tools, by the server's own names for them.
  public var byTool: [String: ToolLimits] = [:]

  public init() {}

  /// What `mcp.json` says of a server or of one of its tools; what is absent there is as it is otherwise.
  public struct ToolLimits: Sendable, Equatable {
    public var idle: Duration?
    public var total: Duration?
    public var resultBytes: Int?

    public init() {}
  }

  func requestLimits(of tool: String) -> RequestLimits {
    let own = byTool[tool]
    return RequestLimits(
      idle: own?.idle ?? call, total: own?.total ?? callTotal, resultBytes: own?.resultBytes ?? resultBytes)
  }
}

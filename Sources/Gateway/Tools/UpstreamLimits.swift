/// How long and how much the gateway grants an upstream server.
public struct UpstreamLimits: Sendable {
  /// Servers in Python take seconds to start on a small machine.
  public var initialize: Duration = .seconds(30)
  public var list: Duration = .seconds(30)
  public var call: Duration = .seconds(60)
  /// From closing its standard input to SIGTERM.
  public var closing: Duration = .seconds(2)
  /// From SIGTERM to SIGKILL.
  public var terminating: Duration = .seconds(3)
  /// The pause before the first restart; it doubles with each failure in a row.
  public var firstRestart: Duration = .milliseconds(200)
  public var longestRestart: Duration = .seconds(30)
  /// A server that was up this long starts anew with `firstRestart`.
  public var stable: Duration = .seconds(30)
  /// Bytes of one line from the server. A longer one ends the connection.
  public var line: Int = 16 << 20
  /// Bytes, and messages, that may wait for a server that doesn't read; calls beyond are turned away.
  public var queue: Int = 16 << 20
  public var queuedMessages: Int = 4_096
  /// Pages of `tools/list`, and tools in all of them.
  public var pages: Int = 1_000
  public var tools: Int = 10_000

  public init() {}
}

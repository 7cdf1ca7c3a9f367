import StrictJSON

/// What `mcp.json` says of a server in `"agentgate"`, and of single tools of it in `"tools"` there:
///
///     {"connect_seconds": 10, "idle_seconds": 60, "total_seconds": 600, "result_bytes": 16777216,
///      "grace_seconds": 2, "trust_cancellation": false,
///      "credentials": {…},
///      "tools": {"NAME": {"idle_seconds": 5, "total_seconds": 30, "result_bytes": 65536, "credentials": {…}}}}
///
/// What is absent is as `UpstreamLimits` has it. For `credentials` see `CredentialSettings`: a tool's replace the
/// server's, and `null` means none.
public struct UpstreamSettings: Sendable, Equatable {
  public var connect: Duration?
  public var grace: Duration?
  public var trustsCancellation: Bool?
  public var calls = UpstreamLimits.ToolLimits()
  /// By the server's own names for its tools.
  public var tools: [String: UpstreamLimits.ToolLimits] = [:]
  /// What its calls get, or its process gets; absent when that is nothing.
  public var credentials: CredentialSettings?
  /// Of the tools that differ, by the server's own names for them.
  private var toolCredentials: [ExactText: CredentialSettings?] = [:]

  public init() {}

  /// - Parameters:
  ///   - path: where the value stands, for the problems
  ///   - folder: what relative paths count from
  ///   - isProcess: the server is a process
  ///   - problems: gains what is wrong
  init(_ value: JSONValue?, path: String, folder: String, isProcess: Bool, problems: inout [String]) {
    guard let value else { return }
    guard let object = value.objectValue else {
      problems.append("\(path): must be an object")
      return
    }
    for (key, value) in object.members {
      let place = path + JSONError.path([.key(key)]).dropFirst()
      switch key {
      case "connect_seconds": connect = Self.duration(value, place, &problems)
      case "grace_seconds": grace = Self.duration(value, place, &problems)
      case "trust_cancellation":
        trustsCancellation = value.boolValue
        if value.boolValue == nil { problems.append("\(place): must be true or false") }
      case "tools":
        guard let tools = value.objectValue else {
          problems.append("\(place): must be an object of limits")
          continue
        }
        for (name, value) in tools.members {
          let place = place + JSONError.path([.key(name)]).dropFirst()
          self.tools[name] = Self.limits(value, place, &problems)
          guard let value = value["credentials"] else { continue }
          toolCredentials[ExactText(name)] = .some(
            value.isNull
              ? nil
              : CredentialSettings(
                value, path: "\(place).credentials", folder: folder, isProcess: isProcess, isForTool: true,
                problems: &problems))
        }
      case "credentials":
        guard !value.isNull else { continue }
        credentials = CredentialSettings(
          value, path: place, folder: folder, isProcess: isProcess, isForTool: false, problems: &problems)
      default:
        if !Self.read(key, value, place, into: &calls, &problems) { problems.append("\(place): is no setting") }
      }
    }
  }

  /// All that are set.
  var allCredentials: [CredentialSettings] { ([credentials] + toolCredentials.values).compactMap(\.self) }

  /// What a call of the tool gets; absent when that is nothing. A process has what is for its environment already.
  func credentials(of tool: String) -> CredentialSettings? {
    let own = toolCredentials[ExactText(tool)] ?? credentials
    return own?.injection.isPerCall == true ? own : nil
  }

  func applied(to limits: UpstreamLimits) -> UpstreamLimits {
    var limits = limits
    limits.connect = connect ?? limits.connect
    limits.grace = grace ?? limits.grace
    limits.trustsCancellation = trustsCancellation ?? limits.trustsCancellation
    limits.call = calls.idle ?? limits.call
    limits.callTotal = calls.total ?? limits.callTotal
    limits.resultBytes = calls.resultBytes ?? limits.resultBytes
    limits.byTool = tools
    return limits
  }

  private static func limits(
    _ value: JSONValue, _ path: String, _ problems: inout [String]
  ) -> UpstreamLimits.ToolLimits {
    var limits = UpstreamLimits.ToolLimits()
    guard let object = value.objectValue else {
      problems.append("\(path): must be an object of limits")
      return limits
    }
    for (key, value) in object.members where key != "credentials" {
      let place = path + JSONError.path([.key(key)]).dropFirst()
      if !read(key, value, place, into: &limits, &problems) { problems.append("\(place): is no setting") }
    }
    return limits
  }

  /// False for a key that is no limit of a tool.
  private static func read(
    _ key: String, _ value: JSONValue, _ place: String, into limits: inout UpstreamLimits.ToolLimits,
    _ problems: inout [String]
  ) -> Bool {
    switch key {
    case "idle_seconds": limits.idle = duration(value, place, &problems)
    case "total_seconds": limits.total = duration(value, place, &problems)
    case "result_bytes":
      limits.resultBytes = value.intValue.flatMap { $0 > 0 ? $0 : nil }
      if limits.resultBytes == nil { problems.append("\(place): must be a whole number above 0") }
    default: return false
    }
    return true
  }

  /// From a millisecond to a day.
  private static func duration(_ value: JSONValue, _ place: String, _ problems: inout [String]) -> Duration? {
    guard let seconds = value.doubleValue, (0.001...86_400).contains(seconds) else {
      problems.append("\(place): must be a number of seconds from 0.001 to 86400")
      return nil
    }
    return .milliseconds(Int64(seconds * 1_000))
  }
}

import JOSE
public import Logging
public import StrictJSON

/// Everything that can be set, each value checked.
public struct Configuration: Sendable {
  /// Where the upstream MCP servers are named.
  public enum Upstreams: Sendable, Equatable {
    /// The executable's own tools, with their files in the state folder.
    case demoTools
    /// An `mcp.json`.
    case file(String)
    /// `mcpServers` in the settings file itself, which relative paths count from.
    case inline(JSONValue, settingsFile: String)
  }

  public var host = "127.0.0.1"
  public var port = 8000
  /// A folder of Rego modules with a data.json.
  public var policyPath = "./policies"
  /// Kill switch, traces, generated key.
  public var stateDirectory = "./state"
  /// Absent: `traces.db` in the state folder.
  public var traceDatabase: String?
  public var upstreams = Upstreams.demoTools
  public var logLevel = Logger.Level.info
  /// The operator's label for the policy in the traces.
  public var policyVersion = "v0"
  public var rateWindowSeconds = 60
  /// Absent: no call is approved by a static token.
  public var approvalToken: String?
  /// Absent: generated into the state folder at the first start.
  public var adminKey: String?
  /// Web pages, as `Origin` names them, whose scripts may speak to the MCP door besides the machine's own.
  public var allowedOrigins: [String] = []
  /// For an upstream server to acknowledge that a call which a kill gave up has ended.
  public var killGraceSeconds = 2
  /// Without a heartbeat for so long everything is paused; absent, there is no waiting for one.
  public var deadmanSeconds: Int?
  /// Calls that a session may have under way at once.
  public var sessionCalls = 64
  /// Until a question to a human, and its answer, is void.
  public var approvalSeconds = 3_600
  /// Absent: evidence is signed with the state folder's key alone.
  public var signingKey: String?
  /// A file with the keys of those who approve; absent, only the admin key approves.
  public var approvers: String?
  /// What a scraper of the metrics shows; absent, they are open on loopback, and need the admin key elsewhere.
  public var metricsToken: String?
  /// Where webhooks are sent, and which.
  public var webhooks = WebhookSettings()
  /// How agents prove who they are.
  public var agentAuth = AgentAuthSettings()
  /// What was set and has no effect.
  public var warnings: [String] = []

  public init() {}

  public var traceDatabasePath: String { traceDatabase ?? stateDirectory + "/traces.db" }
  public var killSwitchPath: String { stateDirectory + "/kill-switch.json" }
  public var adminKeyPath: String { stateDirectory + "/admin-api-key" }

  /// Takes each setting from `flags`, else from the environment's `AGENTGATE_` variable, else from the settings file,
  /// else its default. An empty value counts as none.
  ///
  /// - Parameter flags: by the settings' names: `["port": "9000"]`
  public init(
    flags: [String: String] = [:], environment: [String: String] = [:], settingsFile: String? = nil
  ) throws(ConfigurationError) {
    let file = try settingsFile.map { (path: String) throws(ConfigurationError) in try SettingsFile(reading: path) }
    var settings = Settings(flags: flags, environment: environment, file: file)
    var webhookSecretIsWrong = false
    settings.text("host") { self.host = $0 }
    settings.integer("port", in: 0...65_535) { self.port = $0 }
    settings.path("policy_path") { self.policyPath = $0 }
    settings.path("state_dir") { self.stateDirectory = $0 }
    settings.path("trace_db") { self.traceDatabase = $0 }
    if let servers = file?.servers { upstreams = .inline(servers, settingsFile: file?.path ?? "") }
    settings.path("mcp_config") { self.upstreams = .file($0) }
    settings.parsed("log_level", "is none of DEBUG, INFO, WARNING, ERROR, CRITICAL", Logger.Level.init(name:)) {
      self.logLevel = $0
    }
    settings.text("policy_version") { self.policyVersion = $0 }
    settings.integer("rate_window_seconds", in: 1...86_400) { self.rateWindowSeconds = $0 }
    settings.text("allowed_origins") { text in
      self.allowedOrigins = text.split(separator: ",").map { String($0.filter { $0 != " " }) }
    }
    settings.integer("kill_grace_seconds", in: 0...60) { self.killGraceSeconds = $0 }
    settings.integer("deadman_seconds", in: 1...86_400) { self.deadmanSeconds = $0 }
    settings.integer("session_calls", in: 1...10_000) { self.sessionCalls = $0 }
    settings.integer("approval_seconds", in: 1...604_800) { self.approvalSeconds = $0 }
    settings.secret("approval_token", shortest: 1) { self.approvalToken = $0 }
    settings.secret("admin_api_key", shortest: 16) { self.adminKey = $0 }
    settings.secret("signing_key", shortest: 16) { self.signingKey = $0 }
    settings.secret("metrics_token", shortest: 16) { self.metricsToken = $0 }
    settings.parsed("webhook_url", WebhookSettings.urlComplaint, WebhookSettings.url) { self.webhooks.url = $0 }
    settings.secret("webhook_secret", shortest: 16) { secret in
      self.webhooks.secret = WebhookKey(secret)
      webhookSecretIsWrong = self.webhooks.secret == nil
    }
    if webhookSecretIsWrong { settings.problems.append("webhook_secret \(WebhookSettings.secretComplaint)") }
    settings.parsed("webhook_events", WebhookSettings.eventsComplaint, WebhookSettings.events) {
      self.webhooks.events = $0
    }
    warnings += webhooks.warnings
    settings.path("approvers") { self.approvers = $0 }
    settings.parsed("agent_auth", "is none of off, required", AgentAuthSettings.Mode.init(rawValue:)) {
      self.agentAuth.mode = $0
    }
    settings.path("agent_keys") { self.agentAuth.keyFile = $0 }
    settings.pathOrURL("agent_jwks") { self.agentAuth.keySet = AgentAuthSettings.KeySet($0) }
    settings.text("agent_jwt_issuer") { self.agentAuth.issuer = $0 }
    settings.text("agent_jwt_audience") { self.agentAuth.audience = $0 }
    settings.text("agent_jwt_agent_claim") { self.agentAuth.agentClaim = $0 }
    settings.text("agent_jwt_user_claim") { self.agentAuth.userClaim = $0 }
    settings.parsed(
      "agent_jwt_algorithms", "must be names of JWS algorithms with commas between", JWSAlgorithm.list
    ) { self.agentAuth.algorithms = $0 }
    for name in ["AGENTGATE_REDIS_URL", "AGENTGATE_OPA_URL"] where environment[name]?.isEmpty == false {
      warnings.append("\(name) is set but not used: the policy engine and the kill switch are built in")
    }
    guard settings.problems.isEmpty else { throw ConfigurationError(problems: settings.problems) }
  }
}

/// What is wrong with the settings: each problem names the flag, the variable, or the file and the path in it.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  public var problems: [String]

  public init(problems: [String]) { self.problems = problems }

  public var description: String { problems.joined(separator: "\n") }
}

/// A secret that is printed in a manual opens doors for everybody who can read.
enum WellKnownSecrets {
  /// In lower case.
  private static let list: Set<String> = [
    "admin", "admin-key", "admin-secret", "admin-secret-change-me", "administrator", "agentgate", "api-key", "apikey",
    "approve", "approved", "change-me", "change_me", "changeit", "changeme", "default", "demo", "example",
    "letmein", "password", "replace-me", "replaceme", "root", "secret", "test", "token", "yes", "your-api-key",
    "your-secret-key-here",
  ]

  static func contains(_ secret: String) -> Bool {
    let text = secret.lowercased()
    // `changemechangeme` is long enough and no better.
    let isOneByte = Set(text.utf8).count <= 1
    let isRepeated = list.contains { word in
      text.utf8.count > word.utf8.count && text.utf8.count.isMultiple(of: word.utf8.count)
        && text == String(repeating: word, count: text.utf8.count / word.utf8.count)
    }
    return list.contains(text) || isOneByte || isRepeated
  }
}

/// A JSON file of settings; `mcpServers` may be in it, alone as well.
private struct SettingsFile {
  let path: String
  let servers: JSONValue?
  let values: JSONObject

  static let keys = Set(Setting.all.filter { !$0.isVariableAlone }.map(\.name))

  init(reading path: String) throws(ConfigurationError) {
    let document: JSONValue
    do {
      document = try JSONValue(parsing: try StateFile.read(path, limit: 1 << 20).bytes)
    } catch let error as JSONError {
      throw ConfigurationError(problems: ["\(path):\(error.line):\(error.column): \(error.message) at \(error.path)"])
    } catch {
      throw ConfigurationError(problems: ["--config: \(error)"])
    }
    guard let object = document.objectValue else {
      throw ConfigurationError(problems: ["\(path): $ must be an object"])
    }
    let unknown = object.keys.filter { $0 != "mcpServers" && !Self.keys.contains($0) }
    guard unknown.isEmpty else {
      throw ConfigurationError(
        problems: unknown.map { "\(path): \(JSONError.path([.key($0)])) is no setting" })
    }
    self.path = path
    values = object
    servers = object["mcpServers"].map { ["mcpServers": $0] }
  }
}

/// The three layers, and what is wrong in them.
private struct Settings {
  let flags: [String: String]
  let environment: [String: String]
  let file: SettingsFile?
  var problems: [String] = []

  init(flags: [String: String], environment: [String: String], file: SettingsFile?) {
    self.flags = flags
    self.environment = environment
    self.file = file
  }

  private struct Found {
    let value: JSONValue
    /// `--port`, `AGENTGATE_PORT`, `settings.json: $.port`
    let origin: String
    let isFromFile: Bool
  }

  private static let flagNames = ["policy_path": "--policy", "mcp_config": "--mcp"]

  private func find(_ name: String) -> Found? {
    if let text = flags[name] {
      let flag = Self.flagNames[name] ?? "--" + name.split(separator: "_").joined(separator: "-")
      return Found(value: .string(text), origin: flag, isFromFile: false)
    }
    let variable = "AGENTGATE_" + name.uppercased()
    if let text = environment[variable], !text.isEmpty {
      return Found(value: .string(text), origin: variable, isFromFile: false)
    }
    if let file, let value = file.values[name], !value.isNull {
      return Found(value: value, origin: "\(file.path): $.\(name)", isFromFile: true)
    }
    return nil
  }

  mutating func text(_ name: String, _ take: (String) -> Void) {
    guard let found = find(name) else { return }
    guard let text = found.value.stringValue, !text.isEmpty, !text.unicodeScalars.contains("\0") else {
      problems.append("\(found.origin) must be a text that isn't empty")
      return
    }
    take(text)
  }

  /// A relative path in the settings file counts from that file's folder.
  mutating func path(_ name: String, _ take: (String) -> Void) {
    let folder = find(name)?.isFromFile == true ? file?.path.lastIndex(of: "/").flatMap { file?.path[...$0] } : nil
    text(name) { take($0.hasPrefix("/") ? $0 : (folder ?? "") + $0) }
  }

  mutating func pathOrURL(_ name: String, _ take: (String) -> Void) {
    if find(name)?.value.stringValue?.contains("://") == true { text(name, take) } else { path(name, take) }
  }

  mutating func integer(_ name: String, in range: ClosedRange<Int>, _ take: (Int) -> Void) {
    guard let found = find(name) else { return }
    guard let value = found.value.intValue ?? found.value.stringValue.flatMap({ Int($0) }), range.contains(value) else {
      problems.append("\(found.origin) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
      return
    }
    take(value)
  }

  mutating func parsed<T>(_ name: String, _ complaint: String, _ parse: (String) -> T?, _ take: (T) -> Void) {
    guard let found = find(name) else { return }
    guard let value = found.value.stringValue.flatMap(parse) else {
      problems.append("\(found.origin) \(complaint)")
      return
    }
    take(value)
  }

  /// No complaint shows the value.
  mutating func secret(_ name: String, shortest: Int, _ take: (String) -> Void) {
    guard let found = find(name) else { return }
    guard let text = found.value.stringValue else {
      problems.append("\(found.origin) must be a text")
      return
    }
    if text.isEmpty { return }
    if WellKnownSecrets.contains(text) {
      problems.append("\(found.origin) is a well-known secret: choose one that nobody can guess")
    } else if text.unicodeScalars.count < shortest {
      problems.append("\(found.origin) must have at least \(shortest) characters")
    } else {
      take(text)
    }
  }
}

extension JWSAlgorithm {
  /// Absent when one of the names is none.
  fileprivate static func list(_ text: String) -> Set<JWSAlgorithm>? {
    let algorithms = text.split(separator: ",").map { JWSAlgorithm(String($0.filter { $0 != " " })) }
    return algorithms.contains(nil) ? nil : Set(algorithms.compactMap(\.self))
  }
}

import Logging
import StrictJSON
import Testing

@testable import Gateway

struct ConfigurationTests {
  private func configuration(
    flags: [String: String] = [:], environment: [String: String] = [:], file: String? = nil
  ) throws -> Configuration {
    guard let file else { return try Configuration(flags: flags, environment: environment) }
    let folder = try TemporaryFolder()
    try Files.write(file, to: folder.path + "/settings.json")
    return try Configuration(flags: flags, environment: environment, settingsFile: folder.path + "/settings.json")
  }

  private func problems(
    flags: [String: String] = [:], environment: [String: String] = [:], file: String? = nil
  ) throws -> [String] {
    do {
      _ = try configuration(flags: flags, environment: environment, file: file)
      return []
    } catch let error as ConfigurationError {
      return error.problems
    }
  }

  @Test func defaults() throws {
    let configuration = try configuration()
    #expect(configuration.host == "127.0.0.1")
    #expect(configuration.port == 8000)
    #expect(configuration.policyPath == "./policies")
    #expect(configuration.traceDatabasePath == "./state/traces.db")
    #expect(configuration.upstreams == .demoTools)
    #expect(configuration.rateWindowSeconds == 60)
    #expect(configuration.approvalToken == nil && configuration.adminKey == nil && configuration.signingKey == nil)
    #expect(configuration.warnings.isEmpty)
  }

  @Test func flagsBeforeVariablesBeforeFile() throws {
    let file = #"{"port": 1, "host": "file", "policy_version": "file", "log_level": "ERROR"}"#
    let environment = [
      "AGENTGATE_PORT": "2", "AGENTGATE_HOST": "variable", "AGENTGATE_LOG_LEVEL": "", "PORT": "9",
    ]
    let configuration = try configuration(flags: ["port": "3"], environment: environment, file: file)
    #expect(configuration.port == 3)
    #expect(configuration.host == "variable")
    #expect(configuration.policyVersion == "file")
    #expect(configuration.logLevel == .error, "an empty variable counts as none")
  }

  @Test func pathsInTheFileCountFromItsFolder() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/settings.json"
    try Files.write(#"{"policy_path": "p", "state_dir": "/var/s", "mcp_config": "m.json"}"#, to: path)
    let configuration = try Configuration(flags: ["policy_path": "q"], settingsFile: path)
    #expect(configuration.policyPath == "q", "a flag's counts from the working folder")
    #expect(configuration.stateDirectory == "/var/s")
    #expect(configuration.upstreams == .file(folder.path + "/m.json"))
  }

  @Test func serversMayBeInTheFile() throws {
    let servers = #"{"mcpServers": {"time": {"command": "t"}}}"#
    guard case .inline(let value, _) = try configuration(file: servers).upstreams else {
      Issue.record("not inline")
      return
    }
    #expect(value == ["mcpServers": ["time": ["command": "t"]]])
    #expect(try configuration(flags: ["mcp_config": "other.json"], file: servers).upstreams == .file("other.json"))
  }

  struct Bad: Sendable, CustomTestStringConvertible {
    var flags: [String: String] = [:]
    var environment: [String: String] = [:]
    var file: String?
    /// Parts of the problems' texts.
    let problems: [String]
    var testDescription: String { problems.joined(separator: "; ") }
  }

  static let bad: [Bad] = [
    Bad(flags: ["port": "x"], problems: ["--port must be a whole number from 0 to 65535"]),
    Bad(flags: ["port": "65536"], problems: ["--port must be "]),
    Bad(flags: ["policy_path": ""], problems: ["--policy must be a text that isn't empty"]),
    Bad(environment: ["AGENTGATE_PORT": "-1"], problems: ["AGENTGATE_PORT must be "]),
    Bad(environment: ["AGENTGATE_RATE_WINDOW_SECONDS": "0"], problems: ["AGENTGATE_RATE_WINDOW_SECONDS must be "]),
    Bad(environment: ["AGENTGATE_LOG_LEVEL": "LOUD"], problems: ["AGENTGATE_LOG_LEVEL is none of DEBUG"]),
    Bad(
      environment: ["AGENTGATE_PORT": "x", "AGENTGATE_LOG_LEVEL": "y"],
      problems: ["AGENTGATE_PORT", "AGENTGATE_LOG_LEVEL"]),
    Bad(file: #"{"port": true}"#, problems: ["settings.json: $.port must be a whole number"]),
    Bad(file: #"{"prot": 1, "a b": 2}"#, problems: ["$.prot is no setting", #"$["a b"] is no setting"#]),
    Bad(file: "[]", problems: ["$ must be an object"]),
    Bad(file: "{\n \"port\": }", problems: ["settings.json:2:10: "]),
    Bad(file: #"{"port": 1, "port": 2}"#, problems: ["duplicate key"]),
  ]

  @Test(arguments: bad) func refuses(_ bad: Bad) throws {
    let problems = try problems(flags: bad.flags, environment: bad.environment, file: bad.file)
    #expect(problems.count == bad.problems.count, "\(problems)")
    for (problem, part) in zip(problems, bad.problems) { #expect(problem.contains(part)) }
  }

  @Test func missingFileIsNamed() {
    #expect(throws: ConfigurationError.self) { try Configuration(settingsFile: "/nowhere/settings.json") }
  }

  @Test(arguments: [
    ("AGENTGATE_ADMIN_API_KEY", "admin-secret-change-me", false), ("AGENTGATE_ADMIN_API_KEY", "changeme", false),
    ("AGENTGATE_ADMIN_API_KEY", "Admin", false), ("AGENTGATE_ADMIN_API_KEY", "fifteen-letters", false),
    ("AGENTGATE_ADMIN_API_KEY", "secretsecretsecret", false),
    ("AGENTGATE_ADMIN_API_KEY", "aaaaaaaaaaaaaaaaaaaa", false),
    ("AGENTGATE_ADMIN_API_KEY", "sixteen-letters!", true), ("AGENTGATE_APPROVAL_TOKEN", "approved", false),
    ("AGENTGATE_APPROVAL_TOKEN", "APPROVED", false), ("AGENTGATE_APPROVAL_TOKEN", "tok-7", true),
    ("AGENTGATE_SIGNING_KEY", "changeme", false), ("AGENTGATE_SIGNING_KEY", "a signing key of some length", true),
  ])
  func secrets(_ variable: String, _ value: String, _ isTaken: Bool) throws {
    let problems = try problems(environment: [variable: value])
    #expect(problems.isEmpty == isTaken, "\(problems)")
    for problem in problems {
      #expect(problem.hasPrefix(variable))
      #expect(!problem.contains(value), "a secret is never shown")
    }
  }

  @Test func whatIsNotUsedIsSaid() throws {
    let configuration = try configuration(
      environment: ["AGENTGATE_REDIS_URL": "redis://x", "AGENTGATE_OPA_URL": "http://y"])
    #expect(configuration.warnings.count == 2)
    #expect(configuration.warnings.allSatisfy { $0.contains("not used") })
  }
}

import ArgumentParser
import FoundationEssentials
import Gateway
import StrictJSON

struct Status: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show how the gateway fares and what is killed.",
    discussion: Manual(
      """
      Asks the running server, and reads kill-switch.json in the state folder. For the health checks of containers \
      there is `agentgate health`.
      """,
      files: ["<state>/kill-switch.json": "what is killed and paused"],
      variables: .client,
      exitCodes: [
        0: "the server is up and well",
        1: "it is degraded or doesn't answer, or the kill switch can't be read",
      ],
      examples: ["agentgate status", "agentgate status --format json"]
    ).text)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case pretty, json
  }

  @OptionGroup var settings: SettingsOptions

  @Option(name: .long, help: "How to print the result.")
  var format: Format = .pretty

  func run() async throws {
    let configuration = try settings.read()
    let client = ControlClient(configuration: configuration)
    var health: JSONValue = .null
    var problem: String?
    do throws(ControlClient.ServerProblem) {
      health = try await client.health()
    } catch {
      problem = "\(error)"
    }
    let switches =
      FileManager.default.fileExists(atPath: configuration.killSwitchPath)
      ? KillSwitch(file: configuration.killSwitchPath, logger: .quiet).state : nil
    switch format {
    case .json:
      print(
        JSONValue.object([
          "server": .string(client.address), "health": health,
          "problem": problem.map { .string($0) } ?? .null, "kill_switch": switches.map(Self.json) ?? .null,
        ]).serializedString())
    case .pretty:
      print(Self.describe(health, problem, client.address))
      if let switches { print(Self.describe(switches)) }
    }
    guard health["status"]?.stringValue == "ok", switches?.isAvailable ?? true else { throw ExitCode(1) }
  }

  private static func describe(_ health: JSONValue, _ problem: String?, _ address: String) -> String {
    if let problem { return "server        \(problem)" }
    var lines = [
      "server        \(address), \(health["status"]?.stringValue ?? "unknown"), version \(health["version"]?.stringValue ?? "unknown")",
      "policy        \(health["policy"]?["status"]?.stringValue ?? "unknown"), revision \(health["policy"]?["revision"]?.stringValue ?? "unknown")",
      "trace store   \(health["trace_store"]?["status"]?.stringValue ?? "unknown")",
    ]
    for upstream in health["upstreams"]?.objectValue?.members ?? [] {
      lines.append("MCP server    \(upstream.key): \(upstream.value["status"]?.stringValue ?? "unknown")")
    }
    return lines.joined(separator: "\n")
  }

  private static func describe(_ state: KillSwitchState) -> String {
    guard state.isAvailable else { return "kill switch   unavailable, everything is denied: \(state.problem ?? "")" }
    func quoted(_ text: String) -> String { JSONValue.string(text).serializedString() }
    var lines = ["kill switch   \(state.global.map { "paused: \(quoted($0.reason))" } ?? "not paused")"]
    lines += state.sessions.map { "killed        session \(quoted($0.key.rawValue)): \(quoted($0.value.reason))" }
      .sorted()
    lines += state.agents.map { "killed        agent \(quoted($0.key.rawValue)): \(quoted($0.value.reason))" }.sorted()
    lines += state.tools.map { "killed        tool \(quoted($0.key.rawValue)): \(quoted($0.value.reason))" }.sorted()
    return lines.joined(separator: "\n")
  }

  private static func json(_ state: KillSwitchState) -> JSONValue {
    [
      "available": .boolean(state.isAvailable), "paused": state.global.map { .string($0.reason) } ?? .null,
      "sessions": .object(
        JSONObject(
          state.sessions.map { (key: $0.key.rawValue, value: .string($0.value.reason)) }.sorted { $0.key < $1.key })),
      "agents": .object(
        JSONObject(
          state.agents.map { (key: $0.key.rawValue, value: .string($0.value.reason)) }.sorted { $0.key < $1.key })),
      "tools": .object(
        JSONObject(
          state.tools.map { (key: $0.key.rawValue, value: .string($0.value.reason)) }.sorted { $0.key < $1.key })),
    ]
  }
}

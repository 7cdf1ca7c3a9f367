import ArgumentParser
import Gateway
import NIOCore
import StrictJSON

struct Health: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say whether the gateway is well, for the health checks of containers and load balancers.",
    discussion: Manual(
      """
      Asks /health of the running gateway and prints one line: ok, degraded and why, or no answer. A gateway is \
      degraded when a policy was refused at a reload, when the kill switch or the trace store can't be read, when an \
      MCP server is down, or when the keys of agents' tokens are stale; it denies what it can't decide, and goes on. \
      A pause is no degradation.

      Restart a container by --live: a gateway that is degraded answers, and a restart won't mend its policy.
      """,
      variables: .address,
      exitCodes: [
        0: "it answers and is well; with --live, it answers", 1: "it is degraded, or doesn't answer in time",
      ],
      examples: [
        "agentgate health", "agentgate health --live --timeout 5", "agentgate health --url http://127.0.0.1:8000",
      ]
    ).text)

  @OptionGroup var settings: ServerOptions

  @Flag(name: .long, help: "A gateway that is degraded is good enough.")
  var live = false

  @Option(name: .long, help: ArgumentHelp("How long to wait for the answer.", valueName: "seconds"))
  var timeout = 2

  func validate() throws {
    guard (1...60).contains(timeout) else { throw ValidationError("--timeout is from 1 to 60 seconds") }
  }

  func run() async throws {
    let client = try settings.client()
    let health: JSONValue
    do throws(ControlClient.ServerProblem) {
      health = try await client.health(within: .seconds(Int64(timeout)))
    } catch {
      print("\(error)")
      throw ExitCode(1)
    }
    guard let status = health["status"]?.stringValue, let version = health["version"]?.stringValue else {
      print("no answer from AgentGate: something else answers at \(client.address)")
      throw ExitCode(1)
    }
    let troubles = Self.troubles(health)
    print(
      VisibleText.of("\(status): \(client.address), version \(version)")
        + (troubles.isEmpty ? "" : ": " + troubles.map(VisibleText.of).joined(separator: ", ")))
    guard status == "ok" || live else { throw ExitCode(1) }
  }

  /// What isn't as it should be.
  private static func troubles(_ health: JSONValue) -> [String] {
    var troubles: [String] = []
    for (member, name) in [
      ("policy", "policy"), ("kill_switch", "kill switch"), ("trace_store", "trace store"),
      ("agent_auth", "agents' keys"),
    ] {
      let status = health[member]?["status"]?.stringValue ?? "unknown"
      if status != "ok" { troubles.append("\(name) \(status)") }
    }
    for upstream in health["upstreams"]?.objectValue?.members ?? [] {
      let status = upstream.value["status"]?.stringValue ?? "unknown"
      if status != "ready" { troubles.append("MCP server \(upstream.key) \(status)") }
    }
    return troubles
  }
}

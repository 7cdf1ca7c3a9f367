import ArgumentParser
import Gateway

/// The verbs, one thin file each in `Verbs/`.
@main struct AgentGate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agentgate",
    abstract: "A containment-first gateway for AI agents' tool calls.",
    discussion: Manual(
      """
      AgentGate stands between agents and MCP servers: it decides every call by a Rego policy, runs what is allowed, \
      stops a session, an agent, a tool or everything at once, and keeps evidence of it all.

      Without a verb it serves: `agentgate --port 9000` is `agentgate serve --port 9000`. `agentgate --demo` is \
      `agentgate demo`.

      Settings are taken from flags, then from AGENTGATE_* variables, then from the file given with --config. \
      `agentgate help VERB` tells each verb's flags, files, variables and exit codes.
      """,
      files: [
        "./policies": "the Rego modules and data.json, unless --policy gives another folder",
        "./state": "the kill switch, the traces and the generated keys, unless --state-dir gives another folder",
      ],
      variables: .client.adding(["AGENTGATE_POLICY_PATH": "the folder of the policy, unless --policy gives it"]),
      exitCodes: [
        0: "all is well", 1: "the verb could not do what it was asked to, or what it found is not well",
        2: "verbs on policies: a mistake in a policy, a file or a query",
      ],
      examples: [
        "agentgate", "AGENTGATE_AGENT_KEYS=agents.json agentgate --host 0.0.0.0 --port 9000", "agentgate --demo",
        "agentgate --version",
      ]
    ).text,
    version: "AgentGate \(Version.current)",
    groupedSubcommands: [
      CommandGroup(name: "Serving", subcommands: [Serve.self, MCP.self, Demo.self, DemoToolsVerb.self]),
      CommandGroup(
        name: "Control",
        subcommands: [
          Kill.self, Unkill.self, Pause.self, Resume.self, Containment.self, Heartbeat.self, Approvals.self,
          Tools.self, Approvers.self, Agents.self,
        ]),
      CommandGroup(name: "Observation", subcommands: [Status.self, Health.self, Verify.self, WebhooksVerb.self]),
      CommandGroup(
        name: "Policy",
        subcommands: [Decide.self, Eval.self, Check.self, Test.self, Conformance.self, Bench.self]),
      CommandGroup(name: "Shell", subcommands: [Completions.self]),
    ],
    defaultSubcommand: Serve.self)

  static func main() async { await main(arguments(Array(CommandLine.arguments.dropFirst()))) }

  /// The original's flags in place of verbs: `--demo` is the verb `demo`, `-v` is `--version`. A word that is no verb
  /// would be one too many for `serve`, which says less about what is wrong.
  static func arguments(_ given: [String]) -> [String] {
    guard let first = given.first else { return given }
    if given == ["-v"] { return ["--version"] }
    if first.hasPrefix("-") {
      guard let flag = given.firstIndex(of: "--demo") else { return given }
      return ["demo"] + given[..<flag] + given[(flag + 1)...]
    }
    let verbs = configuration.subcommands.map { $0._commandName } + ["help"]
    guard verbs.contains(first) else {
      exit(withError: ValidationError("There is no verb \(VisibleText.quoted(first)): `agentgate --help` lists them."))
    }
    return given
  }
}

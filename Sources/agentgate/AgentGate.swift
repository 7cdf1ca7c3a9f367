import ArgumentParser
import Gateway

/// The verbs, one thin file each in `Verbs/`.
@main struct AgentGate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agentgate",
    abstract: "A containment-first gateway for AI agents' tool calls.",
    discussion: """
      AgentGate stands between agents and MCP servers: it decides every call by a Rego policy, runs what is allowed, \
      stops a session, a tool or everything at once, and keeps evidence of it all.

      Without a verb it serves. Settings are taken from flags, then from AGENTGATE_* variables, then from the file \
      given with --config.
      """,
    version: "AgentGate \(Version.current)",
    subcommands: [
      Serve.self, Decide.self, Eval.self, Check.self, Test.self, Conformance.self, Bench.self, Kill.self, Unkill.self,
      Pause.self, Resume.self, Heartbeat.self, Containment.self, Status.self, Verify.self, Tools.self, Approvals.self,
      Approvers.self, Agents.self, MCP.self, DemoToolsVerb.self,
    ],
    defaultSubcommand: Serve.self)
}

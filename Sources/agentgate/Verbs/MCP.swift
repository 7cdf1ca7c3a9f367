import ArgumentParser
import FoundationEssentials
import Gateway
import Logging

struct MCP: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mcp",
    abstract: "Serve the gateway over standard input and output, for MCP clients that start a command.",
    discussion: Manual(
      """
      The same gateway as `serve`, with MCP alone and for one client: put it where the client's configuration names a \
      server's command. Policy, kill switch, traces and approvals are those of the state folder, which any number of \
      gateways may share: a kill through a running server, or `agentgate kill`, reaches this one too. It ends when \
      standard input does. Logs go to standard error.
      """,
      files: ["<policy>, <state>": "as for serve"],
      variables: [
        "AGENTGATE_AGENT_TOKEN": "the agent's key or token, where agents must authenticate",
        "AGENTGATE_*": "as for serve, without those of the address and the deadman",
      ],
      exitCodes: [0: "the input has ended", 1: "serving failed"],
      examples: [
        "agentgate mcp --mcp mcp.json --session laptop",
        "agentgate mcp --policy policies --state-dir state < /dev/null",
      ]
    ).text)

  @OptionGroup var settings: SettingsOptions

  @Option(
    name: .long, help: ArgumentHelp("The upstream MCP servers, as MCP clients have them: mcp.json.", valueName: "file"))
  var mcp: String?

  @Option(name: .long, help: "The session's id, by which it can be killed. (default: a new one)")
  var session: String?

  func validate() throws {
    guard let session else { return }
    do throws(InvalidIdentifier) {
      _ = try SessionID(session)
    } catch {
      throw ValidationError("--session: \(error.message)")
    }
  }

  func run() async throws {
    let configuration = try settings.read(extraFlags: mcp.map { ["mcp_config": $0] } ?? [:])
    LoggingSystem.bootstrap { JSONLogHandler(label: $0, level: configuration.logLevel) }
    let logger = Logger(label: "agentgate")
    let assembly: Assembly
    do throws(StartError) {
      assembly = try Assembly(configuration, door: .stdio, logger: logger)
    } catch {
      throw Failure.configuration("\(error)")
    }
    let identity: AgentIdentity?
    do throws(AuthenticationFailure) {
      identity = try await assembly.authentication.identity(
        bearer: ProcessInfo.processInfo.environment["AGENTGATE_AGENT_TOKEN"])
    } catch {
      throw Failure.configuration("AGENTGATE_AGENT_TOKEN: \(error.reason)")
    }
    let session = try SessionID(self.session ?? "stdio-\(UUID().uuidString.lowercased())")
    logger.notice("serving over standard input and output", metadata: ["session_id": .string(session.rawValue)])
    do {
      try await assembly.runOverStandardIO(session: session, identity: identity)
    } catch {
      throw Failure.failed("\(error)")
    }
  }
}

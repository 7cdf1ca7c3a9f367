import ArgumentParser
import Gateway
import Logging

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve the gateway over HTTP.",
    discussion: Manual(
      """
      Serves until SIGTERM or SIGINT, then answers the calls that run and shuts its MCP servers down in order. The \
      admin API key is AGENTGATE_ADMIN_API_KEY, or one that is generated at the first start into the state folder; \
      its path is logged, never the key. The log is lines of JSON on standard error.

      Without --mcp and without mcpServers in the settings file, the built-in demo tools are served. An empty variable \
      counts as none. Names in the settings file are the variables' in lower case, without AGENTGATE_.
      """,
      files: [
        "<policy>/*.rego, data.json": "what decides; read at the start and when it is told to reload",
        "<state>/admin-api-key": "the generated key, when none is set",
        "<state>/kill-switch.json": "what is killed and paused",
        "<state>/traces.db": "every event, chained and signed",
        "<state>/evidence-key.pem": "the key that signs the evidence",
        "<state>/tools.json": "the pinned definitions of tools",
        "<state>/approvals.db": "the calls that wait for a human",
        "<state>/demo/": "the demo tools' database and files",
      ],
      variables: .server,
      exitCodes: [0: "a shutdown in order", 1: "the address can't be served on, or serving failed"],
      examples: [
        "agentgate serve", "agentgate serve --port 9000 --policy policies --state-dir state",
        "agentgate serve --mcp mcp.json", "AGENTGATE_LOG_LEVEL=WARNING agentgate serve --config settings.json",
      ]
    ).text)

  @OptionGroup var settings: SettingsOptions

  @Option(
    name: .long, help: ArgumentHelp("The upstream MCP servers, as MCP clients have them: mcp.json.", valueName: "file"))
  var mcp: String?

  func run() async throws {
    let configuration = try settings.read(extraFlags: mcp.map { ["mcp_config": $0] } ?? [:])
    LoggingSystem.bootstrap { JSONLogHandler(label: $0, level: configuration.logLevel) }
    let logger = Logger(label: "agentgate")
    let assembly: Assembly
    do throws(StartError) {
      assembly = try Assembly(configuration, logger: logger)
    } catch {
      throw Failure.configuration("\(error)")
    }
    do {
      try await assembly.run { port in
        logger.notice("serving", metadata: ["host": .string(configuration.host), "port": .stringConvertible(port)])
      }
    } catch {
      throw Failure.failed("\(error)")
    }
  }
}

import ArgumentParser
import Gateway
import Logging

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve the gateway over HTTP. (default verb)",
    discussion: """
      Serves until SIGTERM or SIGINT, then answers the calls that run and shuts its MCP servers down in order. The \
      admin API key is AGENTGATE_ADMIN_API_KEY, or one that is generated at the first start into the state folder; \
      its path is logged, never the key.

      Without --mcp and without mcpServers in the settings file, the built-in demo tools are served.

      Exit codes: 0 after a shutdown in order, 64 for usage, 78 for settings or a policy that are refused.
      """)

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

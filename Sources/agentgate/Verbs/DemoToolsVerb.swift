import ArgumentParser
import DemoTools
import Gateway
import Logging

struct DemoToolsVerb: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo-tools",
    abstract: "Be a stdio MCP server with eight tools to try AgentGate with.",
    discussion: """
      Reads MCP messages from standard input and answers on standard output until the input ends. The gateway starts \
      it itself when no other MCP server is configured.
      """)

  @Option(name: .long, help: ArgumentHelp("Where the tools keep their database and their files.", valueName: "dir"))
  var folder: String

  func run() async throws {
    let logger = Logger(label: "agentgate.demo-tools") { JSONLogHandler(label: $0, level: .info) }
    do {
      try await DemoToolsServer(folder: folder, logger: logger).run()
    } catch {
      throw Failure.failed("demo-tools: \(error)")
    }
  }
}

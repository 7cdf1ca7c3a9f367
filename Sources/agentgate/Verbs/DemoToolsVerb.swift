import ArgumentParser
import DemoTools
import Gateway
import Logging

struct DemoToolsVerb: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo-tools",
    abstract: "Be a stdio MCP server with eight tools to try AgentGate with.",
    discussion: Manual(
      """
      Reads MCP messages from standard input and answers on standard output until the input ends. The gateway starts \
      it itself when no other MCP server is configured.
      """,
      files: [
        "<folder>": "made when it isn't there; holds a SQLite database with ten products, and the files of file_read "
          + "and file_write"
      ],
      exitCodes: [0: "the input has ended", 1: "the folder can't be used, or a stream has failed"],
      examples: [
        #"echo '{"jsonrpc":"2.0","id":1,"method":"ping"}' \"#, "  | agentgate demo-tools --folder demo-files",
      ]
    ).text)

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

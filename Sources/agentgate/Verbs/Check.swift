import ArgumentParser
import RegoLite

struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check Rego policies for mistakes.",
    discussion: """
      Parses and compiles everything that lies at the paths, tests included, and prints every mistake of the first stage \
      that finds any to standard error: place, code, source line and a caret; with --format json as {"errors": \
      [{"message", "code", "location"}]}. Prints nothing when all is well.

      Exit codes: 0 without mistakes; 2 with some, or when a path can't be read; 64 for usage.

      EXAMPLE
        agentgate check policies
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case pretty, json
  }

  @Argument(
    help: ArgumentHelp(
      "A .rego or .json file, or a folder of them, where JSON lies below data at its folder's path.", valueName: "path")
  )
  var paths: [String]

  @Option(name: [.customShort("f"), .customLong("format")], help: "pretty or json.")
  var format: Format = .pretty

  func run() async throws {
    do throws(ErrorReport) {
      let sources = try PolicyPaths(paths: paths)
      do throws(PolicyErrors) {
        _ = try PolicyEngine(modules: sources.modules, data: sources.data)
      } catch {
        throw ErrorReport(error)
      }
    } catch {
      switch format {
      case .pretty: StandardError.print(error.text)
      case .json: StandardError.print(error.json.json(pretty: true))
      }
      throw ExitCode(2)
    }
  }
}

import ArgumentParser
import RegoLite

struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check Rego policies for mistakes.",
    discussion: Manual(
      """
      Parses and compiles everything that lies at the paths and prints every mistake to standard error: place, code, \
      source line and a caret; with --format json as {"errors": [{"message", "code", "location", "details"}]}. Prints \
      nothing when all is well. What is wrong in one definition hides nothing that is wrong in another. Files named *_test.rego in folders belong to `agentgate test`; one given by name is checked.
      """,
      exitCodes: [0: "no mistakes", 2: "some, or a path can't be read"],
      examples: ["agentgate check policies", "agentgate check --strict --format json policies"]
    ).text)

  @Argument(help: ArgumentHelp(PolicyPaths.help, valueName: "path"))
  var paths: [String]

  @Flag(
    name: .shortAndLong,
    help: "The paths are bundles: folders or .tar.gz files with data in data.json and data.yaml alone.")
  var bundle = false

  @OptionGroup var options: PolicyOptions

  @Option(
    name: .shortAndLong, help: ArgumentHelp("How many mistakes to show; 0 for all.", valueName: "n"))
  var maxErrors: Int = ErrorReport.standardLimit

  @Option(name: [.customShort("f"), .customLong("format")], help: "How to print the result.")
  var format: ErrorReport.Format = .pretty

  func validate() throws {
    guard maxErrors >= 0 else { throw ValidationError("--max-errors must be 0 or more") }
  }

  func run() async throws {
    try ErrorReport.exiting(as: format) { () throws(ErrorReport) in
      let sources = try PolicyPaths(
        paths: bundle ? [] : paths, bundles: bundle ? paths : [], ignored: options.ignored)
      do throws(PolicyErrors) {
        _ = try PolicyEngine(modules: sources.modules, data: sources.data, options: options.engine())
      } catch {
        throw ErrorReport(error, limit: maxErrors)
      }
    }
  }
}

extension PolicyPaths {
  /// What verbs say of a path.
  static let help: String = """
    A .rego file, a .json or .yaml file of data, or a folder of them, where data lies at its folder's path. a.b:PATH \
    puts data at data.a.b.
    """
}

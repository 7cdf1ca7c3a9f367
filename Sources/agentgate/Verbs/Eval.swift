import ArgumentParser
import FoundationEssentials
import RegoLite
import StrictJSON

struct Eval: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Evaluate a Rego query.",
    discussion: """
      Prints what OPA prints: {"result": [{"expressions": [{"value", "text", "location"}], "bindings": {}}]}, {} when \
      the query is undefined, or {"errors": [{"message", "code", "location"}]}.

      Exit codes: 0, also when the query is undefined; 2 on errors; 64 for usage.

      EXAMPLE
        echo '{"tool_name": "db_query"}' | agentgate eval -d policies -i - data.agentgate.decision
      """)

  @Option(
    name: [.customShort("d"), .customLong("data")],
    help: ArgumentHelp(
      "A .rego or .json file, or a folder of them, where JSON lies below data at its folder's path. Repeatable.",
      valueName: "path"))
  var data: [String] = []

  @Option(
    name: [.customShort("i"), .customLong("input")],
    help: ArgumentHelp("The input document; - is standard input.", valueName: "file"))
  var input: String?

  @Argument(help: "The query.")
  var query: String

  func run() async throws {
    do throws(ErrorReport) {
      let sources = try PolicyPaths(paths: data)
      let input = try input.map { (path: String) throws(ErrorReport) in try Self.read(input: path) }
      print(try evaluate(sources, input).json(pretty: true))
    } catch {
      print(error.json.json(pretty: true))
      throw ExitCode(2)
    }
  }

  private func evaluate(_ sources: PolicyPaths, _ input: Value?) throws(ErrorReport) -> Value {
    let engine: PolicyEngine
    let prepared: PolicyEngine.PreparedQuery
    do throws(PolicyErrors) {
      engine = try PolicyEngine(modules: sources.modules, data: sources.data)
      prepared = try engine.prepare(query: query)
    } catch {
      throw ErrorReport(error)
    }
    do throws(EvaluationError) {
      let results = try engine.evaluate(prepared, input: input)
      return .object(results.isEmpty ? ObjectValue() : ObjectValue([("result", .array(results.map(\.value)))]))
    } catch {
      throw ErrorReport(error)
    }
  }

  private static func read(input path: String) throws(ErrorReport) -> Value {
    guard let bytes = path == "-" ? StandardInput.bytes() : FileManager.default.contents(atPath: path).map(Array.init)
    else { throw ErrorReport(file: path, "can't be read") }
    do throws(JSONError) {
      return try Value.parse(json: bytes)
    } catch {
      throw ErrorReport(file: path, "\(error)")
    }
  }
}

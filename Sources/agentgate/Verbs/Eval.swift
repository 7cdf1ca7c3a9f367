import ArgumentParser
import FoundationEssentials
import RegoLite
import StrictJSON

struct Eval: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Evaluate a Rego query.",
    discussion: Manual(
      """
      Prints what OPA prints: {"result": [{"expressions": [{"value", "text", "location"}], "bindings": {}}]}, {} when \
      the query is undefined, or {"errors": [{"message", "code", "location", "details"}]}. In the other formats errors \
      go to standard error.

      With --explain, --profile and --coverage (formats json, pretty and discard) the JSON also has "explanation", a \
      list of {"op", "depth", "location", "node", "locals", "message"}, where op is enter, eval, fail, note or exit; \
      "profile", a list of {"total_time_ns", "num_eval", "num_redo", "num_gen_expr", "location"}; and "coverage". \
      What print() says goes to standard error.
      """,
      formats: [
        "json": "the result as above",
        "pretty": "the value of a single expression; otherwise a table of bindings and values; or undefined",
        "values": "a JSON array of the expressions' values for each way in which the query holds",
        "bindings": "a JSON object of the variables for each way in which the query holds",
        "raw": "values side by side, a line for each way in which the query holds; strings as they are",
        "discard": #"{"result": "discarded"}"#,
      ],
      exitCodes: [
        0: "the query was evaluated, also when it is undefined",
        1: "with --fail it is undefined, with --fail-defined it isn't",
        2: "a mistake in a file, a policy or the query, or an error in evaluating it",
      ],
      examples: [
        "agentgate eval -f pretty 'x := [1, 2][_]; y := x * 2'",
        "agentgate eval -d policies -i call.json data.agentgate.decision",
        #"echo '{"tool_name": "db_query"}' \"#,
        "  | agentgate eval -d policies -I -f raw data.agentgate.decision.action",
      ]
    ).text)

  @Option(
    name: [.customShort("d"), .customLong("data")],
    help: ArgumentHelp(PolicyPaths.help + " Repeatable.", valueName: "path"))
  var data: [String] = []

  @Option(
    name: [.customShort("b"), .customLong("bundle")],
    help: ArgumentHelp(
      "A bundle, a folder or .tar.gz of .rego files, data.json and data.yaml, .manifest. Repeatable.", valueName: "path"
    ))
  var bundles: [String] = []

  @Option(
    name: [.customShort("i"), .customLong("input")],
    help: ArgumentHelp("The input document, JSON or YAML; - is standard input.", valueName: "file"))
  var input: String?

  @Flag(name: [.customShort("I"), .customLong("stdin-input")], help: "Read the input document from standard input.")
  var stdinInput = false

  @Flag(name: .long, help: "Read the query from standard input.")
  var stdin = false

  @Option(name: .customLong("package"), help: ArgumentHelp("Evaluate as in this package.", valueName: "name"))
  var packageName: String?

  @Option(
    name: .customLong("import"),
    help: ArgumentHelp("Evaluate with this import (data.lib, input.user as u). Repeatable.", valueName: "path"))
  var imports: [String] = []

  @Option(name: [.customShort("f"), .customLong("format")], help: "How to print the result.")
  var format: EvaluationOutput.Format = .json

  @OptionGroup var options: PolicyOptions

  @Flag(name: .customLong("strict-builtin-errors"), help: "The first error of a builtin ends the evaluation.")
  var strictBuiltinErrors = false

  @Flag(
    name: .customLong("show-builtin-errors"),
    help: "Print the errors of builtins that left expressions undefined, beside the result.")
  var showBuiltinErrors = false

  @OptionGroup var watching: ObservationOptions

  @Flag(name: .long, help: "Exit with 1 when the query is undefined.")
  var fail = false

  @Flag(name: .customLong("fail-defined"), help: "Exit with 1 when the query is defined.")
  var failDefined = false

  @Argument(help: "The query.")
  var query: String?

  func validate() throws {
    guard (query == nil) == stdin else { throw ValidationError("give a query or --stdin, and not both") }
    let readers = [stdin, stdinInput, input == "-"].filter { $0 }.count
    guard readers < 2, input == nil || !stdinInput else {
      throw ValidationError("give one of --stdin, --stdin-input and --input -")
    }
    guard !fail || !failDefined else { throw ValidationError("give one of --fail and --fail-defined") }
    guard !watching.isObserving || [.json, .pretty, .discard].contains(format) else {
      throw ValidationError("--explain, --profile and --coverage need --format json, pretty or discard")
    }
  }

  func run() async throws {
    let output: EvaluationOutput
    do throws(ErrorReport) {
      output = try evaluation().run(watching, showingBuiltinErrors: showBuiltinErrors)
    } catch {
      EvaluationOutput(errors: error).print(as: format)
      throw ExitCode(2)
    }
    output.print(as: format)
    if output.errors != nil { throw ExitCode(2) }
    if fail && output.results.isEmpty || failDefined && !output.results.isEmpty { throw ExitCode(1) }
  }

  private func evaluation() throws(ErrorReport) -> QueryEvaluation {
    let sources = try PolicyPaths(paths: data, bundles: bundles, ignored: options.ignored)
    var engineOptions = options.engine(strictBuiltinErrors: strictBuiltinErrors)
    engineOptions.keepsPrint = true
    engineOptions.isObserved = watching.isObserving
    let engine = try sources.engine(engineOptions)
    let input = try ErrorReport.reading { () throws(FileProblems) in try readInput() }
    let query = try ErrorReport.reading { () throws(FileProblems) in try readQuery() }
    return try QueryEvaluation(query, in: .init(package: packageName, imports: imports), on: engine, input: input)
  }

  private func readInput() throws(FileProblems) -> Value? {
    if stdinInput || input == "-" { return try FileText.input(standardInput(), "standard input") }
    guard let input else { return nil }
    let path = input.hasPrefix("file://") ? String(input.dropFirst("file://".count)) : input
    return try FileText.input(FileText.bytes(of: path), path)
  }

  private func readQuery() throws(FileProblems) -> String {
    if let query { return query }
    guard let text = String(validating: try standardInput(), as: UTF8.self) else {
      throw FileProblems("standard input", "is not UTF-8")
    }
    return text
  }

  private func standardInput() throws(FileProblems) -> [UInt8] {
    guard let bytes = StandardInput.bytes() else { throw FileProblems("standard input", "can't be read") }
    return bytes
  }
}

/// A query on policies and an input, ready to run.
struct QueryEvaluation {
  let engine: PolicyEngine
  let query: PolicyEngine.PreparedQuery
  /// Absent when there is none.
  let input: Value?

  init(
    _ text: String, in context: PolicyEngine.QueryContext, on engine: PolicyEngine, input: Value?
  ) throws(ErrorReport) {
    self.engine = engine
    self.input = input
    do throws(PolicyErrors) {
      query = try engine.prepare(query: text, in: context)
    } catch {
      throw ErrorReport(error)
    }
  }

  /// Also prints what the policies print, to standard error.
  func run(_ watching: ObservationOptions, showingBuiltinErrors: Bool) -> EvaluationOutput {
    let observation = watching.observation()
    var output = EvaluationOutput()
    do throws(EvaluationError) {
      output.results = try engine.evaluate(query, input: input, observation: observation)
      if showingBuiltinErrors, !observation.builtinErrors.isEmpty {
        output.errors = ErrorReport(observation.builtinErrors)
      }
    } catch {
      output.errors = ErrorReport(error)
    }
    if watching.isObserving { output.observed = ObservationReport(observation, watching, of: engine) }
    if !observation.printed.isEmpty { StandardError.print(observation.printed.joined(separator: "\n")) }
    return output
  }
}

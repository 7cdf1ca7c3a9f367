import StrictJSON
import Testing

/// `eval --explain`, `--profile` and `--coverage`.
@Suite(.timeLimit(.minutes(3))) struct EvalObservationTests {
  private static let policy = """
    package p

    allow if {
      some x in input.xs
      print("looking at", x)
      trace(sprintf("x is %d", [x]))
      x > 2
    }

    unused if input.y
    """

  private static func run(
    _ arguments: [String], input: String = #"{"xs": [1, 3]}"#
  ) async throws -> AgentgateProcess.Result {
    let folder = try TemporaryFolder()
    try Files.write(policy, to: folder.path + "/p.rego")
    let result = try await AgentgateProcess.run(
      ["eval", "-d", folder.path + "/p.rego", "-I"] + arguments, input: input)
    return .init(
      exitCode: result.exitCode, output: result.output.replacing(folder.path, with: "F"), errors: result.errors)
  }

  @Test func explanationsComeBeforeTheResult() async throws {
    let result = try await Self.run(["-f", "pretty", "--explain", "fails", "data.p.allow"])
    #expect(
      result.output.replacing(/\ +/, with: " ") == """
        query:1 Enter data.p.allow
        F/p.rego:3 | Enter data.p.allow
        F/p.rego:7 | | Fail x > 2
         | | x = 1
        true

        """)
    #expect(result.errors == "looking at 1\nlooking at 3\n")
  }

  @Test func explanationsAsJSON() async throws {
    let result = try await Self.run(["--explain", "notes", "data.p.allow"])
    let json = try JSONValue(parsing: result.output)
    #expect(json["result"]?[0]?["expressions"]?[0]?["value"] == true)
    let notes = (json["explanation"]?.arrayValue ?? []).filter { $0["op"] == "note" }
    #expect(notes.compactMap { $0["message"]?.stringValue } == ["x is 1", "x is 3"])
    #expect(notes.first?["location"] == ["col": 3, "file": "F/p.rego", "row": 6])
    #expect(notes.first?["locals"] == ["x": 1])
  }

  @Test func anErrorIsExplainedToo() async throws {
    let result = try await Self.run(
      ["-f", "pretty", "--explain", "full", "--strict-builtin-errors", "x := 1; y := x / 0"])
    #expect(result.exitCode == 2)
    #expect(result.errors.contains("divide by zero"))
    #expect(result.output.contains("query:1 | Eval y := x / 0\n"), "\(result.output)")
  }

  @Test(arguments: [
    (["--profile"], ["F/p.rego:7", "F/p.rego:6", "F/p.rego:5", "F/p.rego:4", ":1"], 5),
    (["--profile-limit", "2"], ["F/p.rego:7", "F/p.rego:6"], 2),
    (["--profile-limit", "0", "--profile-sort", "line"], ["F/p.rego:7", "F/p.rego:6"], 5),
  ])
  func profiles(_ options: [String], _ places: [String], _ count: Int) async throws {
    let result = try await Self.run(options + ["--profile-sort", "num_eval,line", "data.p.allow"])
    let lines = try #require(try JSONValue(parsing: result.output)["profile"]?.arrayValue)
    let found = lines.map { "\($0["location"]?["file"]?.stringValue ?? "?"):\($0["location"]?["row"] ?? 0)" }
    #expect(Array(found.prefix(places.count)) == places && found.count == count, "\(found)")
    #expect(lines.first?["num_eval"] == 2 && lines.first?["num_gen_expr"] == 1 && lines.first?["num_redo"] == 0)
    #expect(lines.allSatisfy { ($0["total_time_ns"]?.numberValue?.intValue ?? 0) > 0 })
  }

  @Test func measuresComeAfterTheResult() async throws {
    let result = try await Self.run(["-f", "pretty", "--profile", "--coverage", "data.p.allow"])
    let lines = result.output.split(separator: "\n")
    #expect(lines.first == "true")
    #expect(lines[2].contains("TIME") && lines[2].contains("NUM GEN EXPR"), "\(result.output)")
    #expect(
      lines.contains { $0.contains("F/p.rego:7") && $0.contains("│ 2        │ 0        │ 1") }, "\(result.output)")
    let table = result.output.split(separator: "┘\n", maxSplits: 1)
    let report = try JSONValue(parsing: String(table[1]))
    #expect(report["files"]?["F/p.rego"]?["covered_lines"] == 5 && report["coverage"] == 83.33, "\(report)")
  }

  @Test(arguments: [
    ["--explain", "all", "true"], ["--profile-sort", "speed", "true"], ["--profile-limit", "-1", "true"],
    ["--explain", "full", "-f", "raw", "true"],
  ])
  func usage(_ arguments: [String]) async throws {
    // It ends without reading.
    let result = try await Self.run(arguments, input: "")
    #expect(result.exitCode == 64, "\(result.output)\(result.errors)")
  }
}

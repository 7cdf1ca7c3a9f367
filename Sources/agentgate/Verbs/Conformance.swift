import ArgumentParser
import FoundationEssentials
import RegoLite
import StrictJSON

struct Conformance: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run test cases in the format of OPA's compliance suite.",
    discussion: """
      Runs every case of the JSON files at the paths ({"cases": [{"note", "modules", "query", "data", "input", \
      "input_term", "want_result", "want_error_code", "want_error", "strict_error", "sort_bindings"}]}) and prints a line \
      a file, passed/total, and the total; standard error says what was wanted and what came of each case that is not as \
      expected. With --format json: a line a case, {"note", "passed", "want", "got"}.

      Exit codes: 0 when every case passes, or when exactly those fail that --expected-failures names; 1 otherwise; 2 \
      when a file can't be read; 64 for usage.

      EXAMPLE
        agentgate conformance conformance/rego
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case pretty, json
  }

  @Argument(help: ArgumentHelp("A .json file, or a folder with such files in it or below.", valueName: "path"))
  var paths: [String]

  @Option(name: [.customShort("f"), .customLong("format")], help: "pretty or json.")
  var format: Format = .pretty

  @Option(
    name: .long,
    help: ArgumentHelp("A file with the note of a case that is to fail on each line.", valueName: "file"))
  var expectedFailures: String?

  func run() async throws {
    let expected: Set<String>?
    let files: [CaseFiles.File]
    do throws(ErrorReport) {
      expected = try readExpectedFailures()
      files = try CaseFiles(paths: paths).files
    } catch {
      throw Failure.failed(error.text, code: 2)
    }
    var report = Report(expected: expected, format: format, width: files.map(\.category.count).max() ?? 0)
    for file in files { report.run(file) }
    guard report.finish() else { throw ExitCode(1) }
  }

  private func readExpectedFailures() throws(ErrorReport) -> Set<String>? {
    guard let path = expectedFailures else { return nil }
    guard let contents = FileManager.default.contents(atPath: path),
      let text = String(validating: contents, as: UTF8.self)
    else { throw ErrorReport(file: path, "can't be read") }
    return Set(text.split(whereSeparator: \.isNewline).map(String.init))
  }

  /// Counts and prints, case by case.
  private struct Report {
    /// Absent when every case has to pass.
    let expected: Set<String>?
    let format: Format
    let width: Int
    private var met: Set<String> = []
    private var passed = 0
    private var total = 0
    private var isAsExpected = true

    init(expected: Set<String>?, format: Format, width: Int) {
      self.expected = expected
      self.format = format
      self.width = max(width, "total".count)
    }

    mutating func run(_ file: CaseFiles.File) {
      var passedHere = 0
      for testCase in file.cases {
        let outcome = testCase.run()
        if outcome.passed { passedHere += 1 }
        if format == .json { print(Self.json(outcome)) }
        let mayFail = expected?.contains(outcome.note) ?? false
        if mayFail { met.insert(outcome.note) }
        if mayFail == outcome.passed {
          isAsExpected = false
          if mayFail {
            complain("\(outcome.note): passes, though it is an expected failure")
          } else {
            complain("\(outcome.note): wanted \(outcome.wanted), got \(outcome.got)")
          }
        }
      }
      passed += passedHere
      total += file.cases.count
      if format == .pretty { print(line(file.category, passedHere, file.cases.count)) }
    }

    /// Whether all was as expected.
    mutating func finish() -> Bool {
      for note in (expected ?? []).subtracting(met).sorted() {
        isAsExpected = false
        complain("\(note): is an expected failure, but there is no such case")
      }
      if format == .pretty { print(line("total", passed, total)) }
      return isAsExpected
    }

    private func line(_ name: String, _ passed: Int, _ total: Int) -> String {
      name + String(repeating: " ", count: max(0, width - name.count) + 2) + "\(passed)/\(total)"
    }

    private func complain(_ text: String) {
      if format == .pretty { StandardError.print(text) }
    }

    private static func json(_ outcome: ConformanceCase.Outcome) -> String {
      Value.object([
        "note": .string(Text(outcome.note)), "passed": .boolean(outcome.passed),
        "want": .string(Text(outcome.wanted)), "got": .string(Text(outcome.got)),
      ]).json()
    }
  }
}

/// The case files at some paths, read.
private struct CaseFiles {
  struct File {
    /// The path below the folder that was given, without `.json`.
    let category: String
    let cases: [ConformanceCase]
  }
  private(set) var files: [File] = []

  init(paths: [String]) throws(ErrorReport) {
    for path in paths {
      var isFolder = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        throw ErrorReport(file: path, "no such file or folder")
      }
      if isFolder {
        try add(folder: path, below: "", depth: 0)
      } else {
        try add(file: path, name: String(path.split(separator: "/").last ?? ""))
      }
    }
  }

  private mutating func add(folder: String, below: String, depth: Int) throws(ErrorReport) {
    guard depth < 64, let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw ErrorReport(file: folder, "can't be listed")
    }
    for name in names.sorted() where !name.hasPrefix(".") {
      let path = "\(folder)/\(name)"
      var isFolder = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { continue }
      if isFolder {
        try add(folder: path, below: "\(below)\(name)/", depth: depth + 1)
      } else if name.hasSuffix(".json") {
        try add(file: path, name: below + name)
      }
    }
  }

  private mutating func add(file path: String, name: String) throws(ErrorReport) {
    guard let contents = FileManager.default.contents(atPath: path) else {
      throw ErrorReport(file: path, "can't be read")
    }
    do {
      let json = try JSONValue(parsing: Array(contents), options: .lenient)
      let category = name.hasSuffix(".json") ? String(name.dropLast(5)) : name
      files.append(File(category: category, cases: try ConformanceCase.read(json)))
    } catch {
      throw ErrorReport(file: path, "\(error)")
    }
  }
}

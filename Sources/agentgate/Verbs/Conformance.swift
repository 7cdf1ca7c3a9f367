import ArgumentParser
import RegoLite
import StrictJSON

struct Conformance: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run test cases in the format of OPA's compliance suite.",
    discussion: Manual(
      """
      Runs every case of the JSON and YAML files at the paths ({"cases": [{"note", "modules", "query", "data", "input", \
      "input_term", "want_result", "want_defined", "want_error_code", "want_error", "strict_error", "sort_bindings"}]}) \
      and prints a line a file, passed/total, and the total; standard error says what was wanted and what came of each \
      case that is not as expected. With --format json: a line a case, {"note", "passed", "want", "got"}.
      """,
      exitCodes: [
        0: "every case passes, or exactly those fail that --expected-failures names", 1: "it is otherwise",
        2: "a file can't be read",
      ],
      examples: ["agentgate conformance conformance/rego"]
    ).text)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case pretty, json
  }

  @Argument(help: ArgumentHelp("A .json or .yaml file, or a folder with such files in it or below.", valueName: "path"))
  var paths: [String]

  @Option(name: [.customShort("f"), .customLong("format")], help: "How to print the result.")
  var format: Format = .pretty

  @Option(
    name: .long,
    help: ArgumentHelp(
      "A file with the note of a case that has to fail on each line; lines that begin with // are comments.",
      valueName: "file"))
  var expectedFailures: String?

  func run() async throws {
    let expected: Set<String>?
    let files: [CaseFiles.File]
    (expected, files) = try ErrorReport.exiting(as: .pretty) { () throws(ErrorReport) in
      try ErrorReport.reading { () throws(FileProblems) in
        (try readExpectedFailures(), try CaseFiles(paths: paths).files)
      }
    }
    var report = Report(expected: expected, format: format, width: files.map(\.category.count).max() ?? 0)
    for file in files { report.run(file) }
    guard report.finish() else { throw ExitCode(1) }
  }

  private func readExpectedFailures() throws(FileProblems) -> Set<String>? {
    guard let path = expectedFailures else { return nil }
    let lines = try FileText.text(of: path).split(whereSeparator: \.isNewline)
    return Set(lines.filter { !$0.hasPrefix("//") }.map(String.init))
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

    private func complain(_ text: String) { StandardError.print(text) }

    private static func json(_ outcome: ConformanceCase.Outcome) -> String {
      let json: JSONValue = [
        "note": .string(outcome.note), "passed": .boolean(outcome.passed), "want": .string(outcome.wanted),
        "got": .string(outcome.got),
      ]
      return json.goText()
    }
  }
}

/// The case files at some paths, read.
private struct CaseFiles {
  struct File {
    /// The path below the folder that was given, without its extension.
    let category: String
    let cases: [ConformanceCase]
  }
  private(set) var files: [File] = []

  private static let extensions = [".json", ".yaml", ".yml"]

  init(paths: [String]) throws(FileProblems) {
    for path in paths {
      switch FileKind(at: path) {
      case nil: throw FileProblems(path, "no such file or folder")
      case .folder:
        for file in try FolderListing(path, FileFilter(ignored: [".*"])).files {
          guard Self.extensions.contains(where: file.name.hasSuffix) else { continue }
          try add(file.path, name: (file.folders + [file.name]).joined(separator: "/"))
        }
      case .file, .other: try add(path, name: String(path.split(separator: "/").last ?? ""))
      }
    }
  }

  private mutating func add(_ path: String, name: String) throws(FileProblems) {
    let json = try FileText.caseFile(path)
    let cases: [ConformanceCase]
    do throws(InvalidConformanceFile) {
      cases = try ConformanceCase.read(json)
    } catch {
      throw FileProblems(path, error.message)
    }
    let ending = Self.extensions.first(where: name.hasSuffix) ?? ""
    files.append(File(category: String(name.dropLast(ending.count)), cases: cases))
  }
}

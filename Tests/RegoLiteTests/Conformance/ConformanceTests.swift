import FoundationEssentials
import StrictJSON
import Testing

@testable import RegoLite

@Suite struct ConformanceTests {
  /// Our own cases: each has to pass.
  @Test(arguments: try CaseFolder.own.files())
  func ownCases(_ file: String) throws {
    for testCase in try CaseFolder.own.cases(of: file) {
      let outcome = testCase.run()
      #expect(outcome.passed, "\(outcome.note): wanted \(outcome.wanted), got \(outcome.got)")
    }
  }

  @Test func ownCasesAreMany() throws {
    var notes: Set<String> = []
    for file in try CaseFolder.own.files() {
      for testCase in try CaseFolder.own.cases(of: file) {
        #expect(notes.insert(testCase.note).inserted, "\(testCase.note) is there twice")
      }
    }
    #expect(notes.count >= 400)
  }

  /// OPA's suite: a case may only fail for a builtin that is not there yet, or for a reason that is written down here.
  @Test(.enabled(if: CaseFolder.opa.exists, "OPA's suite lies beside the working tree, not in it"))
  func opaCases() throws {
    let missing = try missingBuiltins()
    var known = Set(Self.knownFailures.keys)
    var passed = 0
    for file in try CaseFolder.opa.files() {
      for testCase in try CaseFolder.opa.cases(of: file) {
        let outcome = testCase.run()
        if known.remove(testCase.note) != nil {
          #expect(!outcome.passed, "\(testCase.note) passes by now: no longer a known failure")
        } else if outcome.passed {
          passed += 1
        } else {
          let text = testCase.modules.joined(separator: "\n") + testCase.query
          let excuse = missing.contains { name in text.contains(name) && outcome.got.contains(name) }
          #expect(excuse, "\(outcome.note): wanted \(outcome.wanted), got \(outcome.got)")
        }
      }
    }
    #expect(known.isEmpty, "no such cases: \(known.sorted())")
    #expect(passed > 1150)
  }

  /// Case by case, why it fails.
  private static let knownFailures = [
    "refheads/general, multiple result-set entries": "rows come in the order of keys, not of definitions"
  ]

  private func missingBuiltins() throws -> [String] {
    let path = CaseFolder.opa.path + "/../rego/opa-capabilities.json"
    let json = try JSONValue(parsing: CaseFolder.read(path), options: .lenient)
    return (json["builtins"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
      .filter { Builtins.all[Text($0)] == nil }
  }
}

/// A folder of case files.
struct CaseFolder {
  let path: String

  private static let root = #filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 }
  static let own = CaseFolder(path: root + "/conformance/rego")
  static let opa = CaseFolder(path: root + "/../shared/opa-conformance")

  var exists: Bool { FileManager.default.fileExists(atPath: path) }

  func files() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".json") }.sorted()
  }

  func cases(of file: String) throws -> [ConformanceCase] {
    try ConformanceCase.read(JSONValue(parsing: Self.read(path + "/" + file), options: .lenient))
  }

  static func read(_ path: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(filePath: path)))
  }
}

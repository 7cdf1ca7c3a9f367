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
      let observed = testCase.run(isObserved: true)
      #expect(observed.passed, "\(outcome.note), observed: wanted \(outcome.wanted), got \(observed.got)")
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

  /// OPA's suite: each case passes, but for those of builtins that are not there yet.
  @Test(.enabled(if: CaseFolder.opa.exists, "OPA's suite lies beside the working tree, not in it"))
  func opaCases() throws {
    var passed = 0
    for file in try CaseFolder.opa.files() where !Self.excludedFamilies.contains(where: { file.hasPrefix($0) }) {
      for testCase in try CaseFolder.opa.cases(of: file) {
        let outcome = testCase.run()
        #expect(outcome.passed, "\(outcome.note): wanted \(outcome.wanted), got \(outcome.got)")
        #expect(testCase.run(isObserved: true).passed == outcome.passed, "\(outcome.note): not the same when observed")
        passed += outcome.passed ? 1 : 0
      }
    }
    #expect(passed >= 1407)
  }

  /// By file.
  private static let excludedFamilies = [
    "graphql", "providers-aws", "cryptox509", "cryptoparsersaprivatekeys", "regoparsemodule",
  ]
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

import FoundationEssentials
import StrictJSON
import Testing

@testable import RegoLite

/// OPA's test cases, when they lie beside the package: each module and query that OPA evaluates must parse.
struct ConformanceSyntaxTests {
  static let folder: String = {
    let file = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
    return "/" + file + "/../shared/opa-conformance"
  }()

  static var files: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".json") }.sorted().map { folder + "/" + $0 }
  }

  @Test(
    .enabled(if: !ConformanceSyntaxTests.files.isEmpty, "OPA's cases are not at ../shared/opa-conformance"))
  func `modules and queries of OPA's cases parse`() throws {
    struct File: Decodable {
      struct Case: Decodable {
        var note: String
        var modules: [String]?
        var query: String?
        var errorCode: String?

        enum CodingKeys: String, CodingKey {
          case note, modules, query
          case errorCode = "want_error_code"
        }
      }
      var cases: [Case]
    }
    var count = 0
    for file in Self.files {
      let cases = try JSONDecoder().decode(File.self, from: Data(contentsOf: URL(filePath: file))).cases
      for testCase in cases {
        var errors: [SyntaxError] = []
        for module in testCase.modules ?? [] {
          do { _ = try Parser.parseModule(Source(file: testCase.note, text: module), version: .v1) } catch {
            errors += error.errors
          }
        }
        if let query = testCase.query {
          do { _ = try Parser.parseQuery(Source(file: testCase.note, text: query), version: .v1) } catch {
            errors += error.errors
          }
        }
        if testCase.errorCode == "rego_parse_error" {
          #expect(!errors.isEmpty, "\(testCase.note)")
        } else {
          #expect(errors.isEmpty, "\(testCase.note): \(errors)")
        }
        count += 1
      }
    }
    #expect(count > 1000)
  }
}

import FoundationEssentials
import StrictJSON
import Testing

/// What `eval`, `check`, `conformance` and `test` have in common.
@Suite(.timeLimit(.minutes(3))) struct PolicyVerbTests {
  @Test(arguments: [
    (["check"], 64), (["check", "/nowhere"], 2), (["check", "policies", "--format", "xml"], 64),
    (["conformance"], 64), (["conformance", "/nowhere"], 2),
    (["conformance", "policies"], 2), (["conformance", "conformance/rego", "--expected-failures", "/nowhere"], 2),
  ])
  func exitCodes(_ arguments: [String], _ code: Int) async throws {
    let result = try await AgentgateProcess.run(arguments)
    #expect(result.exitCode == code, "\(result.output)\(result.errors)")
    #expect(!result.errors.isEmpty)
  }
}

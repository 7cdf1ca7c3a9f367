import FoundationEssentials
import Subprocess
import SystemPackage
import Testing

/// The `agentgate` executable that was built along with the tests, run as a child process.
enum AgentgateProcess {
  struct Result {
    let exitCode: Int
    let output: String
    let errors: String
  }

  /// Beside the test bundle.
  static var executable: String {
    get throws {
      var folder = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      // The tests run in the bundle itself, or in a helper that is told where it is.
      for argument in CommandLine.arguments where argument.contains(".xctest") { folder = argument }
      while let slash = folder.lastIndex(of: "/") {
        folder = String(folder[..<slash])
        let candidate = folder + "/agentgate"
        if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
      }
      throw Missing()
    }
  }

  struct Missing: Error {}

  /// The environment is empty but for `environment`.
  static func run(
    _ arguments: [String], environment: [String: String] = [:], input: String = "", folder: String = Files.root
  ) async throws -> Result {
    let variables = Dictionary(
      environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) }, uniquingKeysWith: { first, _ in first })
    let result = try await Subprocess.run(
      .path(FilePath(try executable)), arguments: Arguments(arguments), environment: .custom(variables),
      workingDirectory: FilePath(folder), input: .string(input), output: .string(limit: 1 << 20),
      error: .string(limit: 1 << 20))
    guard case .exited(let code) = result.terminationStatus else { throw Missing() }
    return Result(exitCode: Int(code), output: result.standardOutput, errors: result.standardError)
  }
}

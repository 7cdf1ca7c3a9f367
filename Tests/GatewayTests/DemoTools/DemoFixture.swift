import DemoTools
import FoundationEssentials
import Glibc
import JSONRPC
import Logging
import StrictJSON
import Testing

/// The demo tools' server in this process, in a folder of the test's own.
struct DemoFixture {
  let folder: String

  static func run(_ body: (DemoFixture) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/agentgate-demo-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(DemoFixture(folder: folder))
  }

  static var logger: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

  /// Runs the server over the text as its whole input, and returns its lines.
  func talk(_ input: String) async throws -> [JSONValue] {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let (inputPath, outputPath) = (folder + "/input", folder + "/output")
    try Data(input.utf8).write(to: URL(filePath: inputPath))
    let (input, output) = (open(inputPath, O_RDONLY), open(outputPath, O_WRONLY | O_CREAT | O_TRUNC, 0o600))
    defer {
      close(input)
      close(output)
    }
    try await DemoToolsServer(folder: folder, input: input, output: output, logger: Self.logger).run()
    let bytes = try Data(contentsOf: URL(filePath: outputPath))
    return try bytes.split(separator: 0x0A).map { try JSONValue(parsing: Array($0)) }
  }

  /// One call: the structured result, or the error's text.
  func call(_ tool: String, _ arguments: JSONValue) async throws -> Result<JSONValue, Failure> {
    let params: JSONValue = ["name": .string(tool), "arguments": arguments]
    let request = JSONRPCMessage.request(id: .number(1), method: "tools/call", params: params)
    let answers = try await talk(String(decoding: request.serialized(), as: UTF8.self))
    let result = try #require(answers.first?["result"])
    let text = try #require(result["content"]?[0]?["text"]?.stringValue)
    if result["isError"] == true { return .failure(Failure(text: text)) }
    let structured = try #require(result["structuredContent"])
    #expect(try JSONValue(parsing: text) == structured)
    return .success(structured)
  }

  struct Failure: Error, Equatable {
    let text: String
  }
}

extension Result where Success == JSONValue, Failure == DemoFixture.Failure {
  var value: JSONValue? { try? get() }
  var error: String? { if case .failure(let failure) = self { failure.text } else { nil } }
}

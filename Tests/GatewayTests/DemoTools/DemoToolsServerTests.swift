import DemoTools
import FoundationEssentials
import Glibc
import JSONRPC
import StrictJSON
import Testing

@Suite(.timeLimit(.minutes(2))) struct DemoToolsServerTests {
  @Test(arguments: [
    ("2025-11-25", "2025-11-25"), ("2025-06-18", "2025-06-18"), ("2024-11-05", "2025-11-25"), ("1.0", "2025-11-25"),
  ])
  func negotiatesTheVersion(asked: String, answered: String) async throws {
    try await DemoFixture.run { demo in
      let answers = try await demo.talk(
        #"{"jsonrpc":"2.0","id":"a","method":"initialize","params":{"protocolVersion":"\#(asked)","capabilities":{}}}"#)
      #expect(answers.count == 1)
      #expect(answers[0]["id"] == "a")
      #expect(answers[0]["result"]?["protocolVersion"]?.stringValue == answered)
      #expect(answers[0]["result"]?["capabilities"]?["tools"] != nil)
    }
  }

  @Test func listsTheEightTools() async throws {
    try await DemoFixture.run { demo in
      let answers = try await demo.talk(#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#)
      let tools = try #require(answers[0]["result"]?["tools"]?.arrayValue)
      #expect(
        tools.map { $0["name"]?.stringValue } == [
          "db_query", "db_insert", "db_update", "file_read", "file_write", "api_get", "api_post", "rate_limited_tool",
        ])
      for tool in tools {
        #expect(tool["inputSchema"]?["type"] == "object")
        #expect(tool["outputSchema"]?["type"] == "object")
        #expect(tool["title"]?.stringValue?.isEmpty == false)
        let isWrite = ["db_insert", "db_update", "file_write", "api_post"].contains(tool["name"]?.stringValue)
        #expect(tool["annotations"]?["readOnlyHint"] == .boolean(!isWrite))
      }
    }
  }

  @Test(arguments: [
    ("{", JSONRPCError.parseError), ("[]", JSONRPCError.invalidRequest), ("7", JSONRPCError.invalidRequest),
    (#"{"jsonrpc":"2.0","id":1,"method":"resources/list"}"#, JSONRPCError.methodNotFound),
    (#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#, JSONRPCError.invalidParams),
    (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"nope"}}"#, JSONRPCError.invalidParams),
    (#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"ping"}"#, JSONRPCError.parseError),
  ])
  func badMessagesAreAnswered(line: String, code: Int) async throws {
    try await DemoFixture.run { demo in
      let answers = try await demo.talk("\n\(line)\r\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}\n")
      #expect(answers.contains { $0["error"]?["code"] == JSONValue(code) })
      #expect(answers.contains { $0["id"] == 2 && $0["result"] == [:] })
    }
  }

  @Test func slowCallsDelayNobodyAndCanBeCancelled() async throws {
    try await DemoFixture.run { demo in
      var (input, output): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
      #expect(pipe(&input) == 0 && pipe(&output) == 0)
      _ = fcntl(output[0], F_SETFL, O_NONBLOCK)
      let server = DemoToolsServer(
        folder: demo.folder, input: input[0], output: output[1], logger: DemoFixture.logger)
      let running = Task { try await server.run() }
      func send(_ line: String) { _ = write(input[1], line + "\n", line.utf8.count + 1) }
      var received: [UInt8] = []
      func receive(until text: String) async throws {
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while !String(decoding: received, as: UTF8.self).contains(text) {
          let count = read(output[0], &chunk, chunk.count)
          if count > 0 { received += chunk.prefix(count) } else { try await Task.sleep(for: .milliseconds(5)) }
        }
      }
      let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
      let params = #"{"name":"db_query","arguments":{"query":"\#(endless)"}}"#
      send(#"{"jsonrpc":"2.0","id":"slow","method":"tools/call","params":\#(params)}"#)
      send(#"{"jsonrpc":"2.0","id":"quick","method":"ping"}"#)
      try await receive(until: #""quick""#)
      send(#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"slow"}}"#)
      // The server ends although the query, left alone, would go on for seconds; it isn't answered.
      close(input[1])
      try await running.value
      #expect(!String(decoding: received, as: UTF8.self).contains("slow"))
      for end in [input[0], output[0], output[1]] { close(end) }
    }
  }

  @Test func cancellingEndsTheServerWhileItWaits() async throws {
    try await DemoFixture.run { demo in
      var ends: [Int32] = [-1, -1]
      #expect(pipe(&ends) == 0)
      let server = DemoToolsServer(folder: demo.folder, input: ends[0], output: 2, logger: DemoFixture.logger)
      let running = Task { try await server.run() }
      running.cancel()
      await #expect(throws: (any Error).self) { try await running.value }
      for end in ends { close(end) }
    }
  }
}

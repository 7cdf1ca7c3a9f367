import StrictJSON
import Testing

@testable import DemoTools

@Suite(.timeLimit(.minutes(1))) struct APIToolsTests {
  @Test func getsAndPostsForReal() async throws {
    try await DemoFixture.run { demo in
      let got = try await demo.call("api_get", ["endpoint": "/status/a?x=1&y=%20"])
      #expect(
        got.value == [
          "endpoint": "/status/a?x=1&y=%20", "status": 200,
          "data": ["ok": true, "method": "GET", "path": "/status/a", "query": ["x": "1", "y": " "]],
        ])
      let posted = try await demo.call("api_post", ["endpoint": "orders", "body": ["n": [1, .null]]])
      #expect(
        posted.value == [
          "endpoint": "orders", "status": 201,
          "data": ["ok": true, "method": "POST", "path": "/orders", "received": ["n": [1, .null]]],
        ])
      let echoed = try await demo.call("rate_limited_tool", ["a": [1]])
      #expect(echoed.value == ["status": "ok", "echo": ["a": [1]]])
    }
  }

  @Test(arguments: [
    "http://example.com/", "https://example.com", "//example.com", "///example.com", "user@example.com",
    "/@example.com",
    "ftp://x", "/a b", "/a\r\nHost: x", "/a\\b", "/é", "/a#b", "/a\u{0}",
  ])
  func otherHostsCannotBeReached(endpoint: String) async throws {
    try await DemoFixture.run { demo in
      for tool in ["api_get", "api_post"] {
        let result = try await demo.call(tool, ["endpoint": .string(endpoint)])
        #expect(result.error?.contains("must be a path") == true, "\(result)")
      }
    }
  }
}

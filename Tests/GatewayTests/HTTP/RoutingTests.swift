import FoundationEssentials
import HTTPTypes
import StrictJSON
import Testing

@testable import Gateway

struct RoutingTests {
  @Test(
    arguments: [
      ("GET", "/nowhere", 404, #"{"detail":"Not Found"}"#, nil),
      ("GET", "/", 404, #"{"detail":"Not Found"}"#, nil),
      ("GET", "/tools/call", 405, #"{"detail":"Method Not Allowed"}"#, "POST"),
      ("POST", "/tools/list", 405, #"{"detail":"Method Not Allowed"}"#, "GET"),
      ("HEAD", "/health", 405, "", "GET"),
      ("OPTIONS", "/health", 405, #"{"detail":"Method Not Allowed"}"#, "GET"),
      ("GET", "/sessions/a/kill", 405, #"{"detail":"Method Not Allowed"}"#, "POST, DELETE"),
      ("POST", "/sessions/a/evidence", 405, #"{"detail":"Method Not Allowed"}"#, "GET"),
      ("OPTIONS", "/approvals/a/deny", 405, #"{"detail":"Method Not Allowed"}"#, "POST"),
      ("GET", "/approvals/a/deny", 405, #"{"detail":"Method Not Allowed"}"#, "POST"),
      ("POST", "/approvals/a/denied", 405, #"{"detail":"Method Not Allowed"}"#, "GET"),
      ("POST", "/sessions//kill", 404, #"{"detail":"Not Found"}"#, nil),
      ("GET", "/sessions/", 307, "", nil),
      ("GET", "/health/", 307, "", nil),
      ("GET", "//health", 404, #"{"detail":"Not Found"}"#, nil),
      ("GET", "//evil.example/health/", 404, #"{"detail":"Not Found"}"#, nil),
      ("GET", "/HEALTH", 404, #"{"detail":"Not Found"}"#, nil),
      ("GET", "http://somewhere/health", 200, nil, nil),
      ("GET", "/health?x=1", 200, nil, nil),
    ] as [(String, String, Int, String?, String?)])
  func answers(_ method: String, _ path: String, _ status: Int, _ body: String?, _ allow: String?) async throws {
    try await GatewayFixture.run { gateway async throws in
      let reply = try await gateway.send(try #require(HTTPRequest.Method(rawValue: method)), path)
      #expect(reply.status == status)
      if let body { #expect(reply.text == body) }
      #expect(reply.headers[.allow] == allow)
      #expect(reply.headers[.correlationID] != nil)
    }
  }

  @Test func redirectKeepsTheQuery() async throws {
    try await GatewayFixture.run { gateway async throws in
      #expect(
        try await gateway.send(.get, "/tools/list/?session_id=a").headers[.location] == "/tools/list?session_id=a")
    }
  }

  @Test(arguments: ["POST", "GET", "HEAD"]) func tooLargeIsSaidFirst(_ method: String) async throws {
    try await GatewayFixture.run { gateway async throws in
      let reply = try await gateway.send(
        try #require(HTTPRequest.Method(rawValue: method)), "/nowhere", headers: [.contentLength: "1048577"])
      #expect(reply.status == 413)
    }
  }

  @Test(arguments: [
    ("abc-123", true), ("!~", true), (String(repeating: "x", count: 128), true),
    (String(repeating: "x", count: 129), false), ("a b", false), ("é", false), ("", false), ("a\tb", false),
  ])
  func correlationID(_ value: String, _ isEchoed: Bool) async throws {
    try await GatewayFixture.run { gateway async throws in
      for (method, path) in [(HTTPRequest.Method.get, "/health"), (.get, "/nowhere"), (.post, "/tools/call")] {
        let reply = try await gateway.send(method, path, headers: [.correlationID: value])
        let answered = try #require(reply.headers[.correlationID])
        if isEchoed {
          #expect(answered == value)
        } else {
          #expect(UUID(uuidString: answered) != nil)
          #expect(answered == answered.lowercased() && answered.dropFirst(14).first == "4", "a version 4 UUID")
        }
        #expect(gateway.log.text.contains(#""correlation_id":"\#(answered)""#))
      }
    }
  }

  @Test(
    arguments: [
      ("/a/{id}/b", "/a/x/b", "x"), ("/a/{id}/b", "/a/x/y/b", "x/y"), ("/a/{id}/b", "/a/b/b/b", "b/b"),
      ("/a/{id}/b", "/a/%2F/b", "%2F"), ("/a/{id}/b", "/a//b", nil), ("/a/{id}/b", "/a/b", nil),
      ("/a/{id}/b", "/a///b", "/"), ("/a/{id}/b", "/a/x/B", nil), ("/a", "/a", ""), ("/a", "/a/", nil),
      ("/a/{id}/é", "/a/x/e\u{301}", nil),
    ] as [(String, String, String?)])
  func patterns(_ pattern: String, _ path: String, _ parameter: String?) {
    #expect(PathPattern(pattern).match(path[...]).map(String.init) == parameter)
  }

  @Test(arguments: [
    ("a%2Fb", "a/b"), ("%00", "\0"), ("%e2%98%83", "☃"), ("100%", "100%"), ("%4", "%4"), ("%zz", "%zz"), ("a+b", "a+b"),
  ])
  func percentDecoding(_ encoded: String, _ decoded: String) {
    #expect(PercentDecoding.bytes(encoded[...], plusIsSpace: false) == Array(decoded.utf8))
  }

  @Test(
    arguments: [
      ("$", []), ("$.a", ["a"]), ("$.a[3].b", ["a", 3, "b"]), (#"$["a b"].c"#, ["a b", "c"]),
      (#"$["]\"."][0][1]"#, ["]\".", 0, 1]), ("$[10]", [10]),
    ] as [(String, [JSONValue])])
  func jsonPaths(_ path: String, _ steps: [JSONValue]) {
    #expect(JSONPath.steps(path) == steps)
  }
}

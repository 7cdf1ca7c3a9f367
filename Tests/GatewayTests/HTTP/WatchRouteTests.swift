import AsyncHTTPClient
import HTTPTypes
import HummingbirdTesting
import NIOCore
import NIOHTTP1
import StrictJSON
import Testing

@testable import Gateway

struct WatchRouteTests {
  @Test func needTheKey() async throws {
    try await GatewayFixture.run { gateway async throws in
      for path in ["/admin/events", "/admin/sessions", "/admin/kills"] {
        #expect(try await gateway.send(.get, path).status == 401)
        #expect(try await gateway.send(.get, path, key: "wrong").status == 403)
      }
      #expect(try await gateway.send(.post, "/admin/decide", "{}").status == 401)
    }
  }

  @Test func sessionsTellWhatTheyDid() async throws {
    try await GatewayFixture.run { gateway async throws in
      _ = try await gateway.call("db_query", session: "a", context: ["agent_id": "robot"])
      _ = try await gateway.call("hack_the_planet", session: "a")
      _ = try await gateway.call("db_insert", session: "b")
      _ = try await gateway.control(.post, "/sessions/a/kill", #"{"reason":"off the rails"}"#)
      let all = try await gateway.control(.get, "/admin/sessions").json
      #expect(all["since"]?.stringValue != nil)
      let sessions = try #require(all["sessions"]?.arrayValue)
      #expect(Set(sessions.compactMap { $0["session_id"]?.stringValue }) == ["a", "b"])
      let a = try #require(sessions.first { $0["session_id"] == "a" })
      #expect(a["calls"] == ["ALLOW": 1, "DENY": 1, "REQUIRE_APPROVAL": 0])
      #expect(a["agent_id"] == "robot" && a["killed"] == "off the rails" && a["in_flight"] == 0)
      #expect(a["tools"] == [["name": "db_query", "calls": 1], ["name": "hack_the_planet", "calls": 1]])
      #expect(try await gateway.control(.get, "/admin/sessions?limit=1").json["sessions"]?.arrayValue?.count == 1)
      for limit in ["0", "x", "99999999999999999999"] {
        #expect(try await gateway.control(.get, "/admin/sessions?limit=\(limit)").status == 422)
      }
    }
  }

  @Test func killsAreListed() async throws {
    try await GatewayFixture.run { gateway async throws in
      _ = try await gateway.control(.post, "/sessions/s%2F1/kill", #"{"reason":"x"}"#)
      _ = try await gateway.control(.post, "/tools/db_query/kill")
      _ = try await gateway.control(.post, "/system/pause", #"{"reason":"drill"}"#)
      let kills = try await gateway.control(.get, "/admin/kills").json
      #expect(kills["available"] == true && kills["paused"]?["reason"] == "drill")
      #expect(kills["sessions"]?.arrayValue?.first?["id"] == "s/1")
      #expect(kills["tools"]?.arrayValue?.first?["reason"] == "Tool terminated")
      #expect(kills["agents"] == [])
    }
  }

  @Test func eventsComeAsTheyHappen() async throws {
    try await GatewayFixture.run(setup: .live) { gateway async throws in
      _ = try await gateway.call("db_query", session: "before", context: ["user_id": "ann"])
      var request = HTTPClientRequest(
        url: "http://127.0.0.1:\(try #require(gateway.client.port))/admin/events?recent=5")
      request.headers.add(name: "X-API-Key", value: GatewayFixture.adminKey)
      let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
      #expect(response.status == .ok)
      var parser = ServerSentEventParser(maximumEventBytes: 1 << 20)
      var events: [ServerSentEvent] = []
      for try await chunk in response.body {
        for event in try parser.events(in: chunk.readableBytesView) {
          events.append(event)
          if event.event == "live" {
            _ = try await gateway.call("hack_the_planet", session: "after")
            _ = try await gateway.control(.post, "/sessions/after/kill", #"{"reason":"enough"}"#)
          }
        }
        if events.count == 4 { break }
      }
      #expect(events.map(\.event) == ["decision", "live", "decision", "control"])
      let data = try events.map { try JSONValue(parsing: $0.data) }
      #expect(data[0]["session_id"] == "before" && data[0]["decision"] == "ALLOW" && data[0]["executed"] == true)
      #expect(data[0]["user_id"] == "ann" && data[0]["event_id"]?.stringValue == events[0].id)
      #expect(data[2]["decision"] == "DENY" && data[2]["matched_rule"] == "unknown_tool")
      #expect(data[3]["kind"] == "kill" && data[3]["reason"] == "enough" && data[3]["session_id"] == "after")
    }
  }

  @Test func decidesWithoutRunning() async throws {
    try await GatewayFixture.run { gateway async throws in
      let verdict = try await gateway.control(
        .post, "/admin/decide", #"{"tool_name":"db_insert","arguments":{"table":"t"}}"#)
      #expect(verdict.json["action"] == "REQUIRE_APPROVAL" && verdict.json["is_write_action"] == true)
      #expect(verdict.json["rules"]?.arrayValue?.first?["file"] == "default.rego")
      let approved = try await gateway.control(
        .post, "/admin/decide", #"{"tool_name":"db_insert","has_approval_token":true}"#)
      #expect(approved.json["action"] == "ALLOW")
      _ = try await gateway.control(.post, "/sessions/dead/kill", #"{"reason":"x"}"#)
      let killed = try await gateway.control(
        .post, "/admin/decide", #"{"tool_name":"db_query","session_id":"dead"}"#)
      #expect(killed.json["matched_rule"] == "kill_switch" && killed.json["rules"] == [])
      #expect(try await gateway.events("dead").count == 1)
      #expect(gateway.tools.sent.isEmpty)
      for body in ["{}", "[]", #"{"tool_name":7}"#, #"{"tool_name":"t","has_approval_token":"yes"}"#] {
        #expect(try await gateway.control(.post, "/admin/decide", body).status == 422)
      }
    }
  }

  @Test func whoDecidesSeesTheArgumentsWhileACallWaits() async throws {
    try await GatewayFixture.run { gateway async throws in
      func waiting() async throws -> JSONValue {
        try #require(try await gateway.control(.get, "/approvals?status=pending").json["approvals"]?.arrayValue?.first)
      }
      let first = try await gateway.call("db_insert", arguments: ["table": "t", "price": 9]).json
      var item = try await waiting()
      #expect(item["arguments"] == ["table": "t", "price": 9] && item["differs_from"] == .null)
      let id = try #require(first["approval_id"]?.stringValue)
      _ = try await gateway.control(.post, "/approvals/\(id)/approve", #"{"by":"ann"}"#)
      #expect(try await gateway.control(.get, "/approvals/\(id)").json["arguments"] == nil)
      _ = try await gateway.call("db_insert", arguments: ["table": "t", "price": 900])
      item = try await waiting()
      #expect(item["differs_from"]?["approval_id"] == .string(id) && item["differs_from"]?["decided_by"] == "ann")
      #expect(item["differs_from"]?["changes"] == [["path": "$.price", "before": 9, "now": 900]])
    }
  }
}

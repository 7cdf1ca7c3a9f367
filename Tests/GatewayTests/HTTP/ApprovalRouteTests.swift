import HTTPTypes
import Logging
import StrictJSON
import Synchronization
import Testing

@testable import Gateway

@Suite struct ApprovalRouteTests {
  private let folder: ScratchFolder
  private let clock = ManualClock()
  private let store: ApprovalStore

  init() throws {
    folder = try ScratchFolder()
    store = try ApprovalStore(path: folder.path("approvals.db"), clock: clock.wall, logger: Logger(label: "test"))
  }

  private func open(_ ids: String...) async throws {
    for id in ids {
      clock.advance(seconds: 1)
      let now = clock.wall.now()
      _ = try await store.open(
        ApprovalRequest(
          id: id, sessionID: id, toolName: "t", argumentsHash: "h", reason: "why", policyRevision: "r", created: now,
          expires: now + 60_000_000))
    }
  }

  @Test(arguments: [
    (HTTPRequest.Method.get, "/approvals"), (.get, "/approvals/1"), (.post, "/approvals/1/approve"),
    (.post, "/approvals/1/deny"),
  ])
  func needsTheKey(_ method: HTTPRequest.Method, _ path: String) async throws {
    try await open("1")
    try await RouteFixture.run(ApprovalRoutes(store: store).list) { gateway async throws in
      #expect(try await gateway.send(method, path, key: nil).status == 401)
      #expect(try await gateway.send(method, path, key: "wrong").status == 403)
      #expect(try await store.request("1")?.status == .pending)
      #expect(try await gateway.send(method, path).status == 200)
    }
  }

  @Test func decides() async throws {
    try await open("1", "a/2")
    try await RouteFixture.run(ApprovalRoutes(store: store).list) { gateway async throws in
      let shown = try await gateway.send(.get, "/approvals/1")
      #expect(shown.json["status"] == "pending" && shown.json["session_id"] == "1")
      let approved = try await gateway.send(.post, "/approvals/1/approve", #"{"by":"ann","note":"fine"}"#)
      #expect(approved.status == 200)
      #expect(approved.json["status"] == "approved")
      #expect(approved.json["decided_by"] == "ann" && approved.json["note"] == "fine")
      #expect(try await store.request("1")?.status == .approved)
      let denied = try await gateway.send(.post, "/approvals/a%2F2/deny")
      #expect(denied.json["status"] == "denied" && denied.json["decided_by"] == "admin")
      #expect(denied.json["note"] == .null)
      for path in ["/approvals/1/approve", "/approvals/1/deny"] {
        let again = try await gateway.send(.post, path)
        #expect(again.status == 409)
        #expect(again.json == ["detail": "approval request 1 is already approved"])
      }
      for (method, path) in [
        (HTTPRequest.Method.get, "/approvals/x"), (.post, "/approvals/x/approve"), (.get, "/approvals/%FF"),
      ] {
        let unknown = try await gateway.send(method, path)
        #expect(unknown.status == 404)
        #expect(unknown.json == ["detail": "There is no such approval request"])
      }
      #expect(try await gateway.send(.delete, "/approvals/1").status == 405)
    }
  }

  @Test func lists() async throws {
    try await open("1", "2", "3")
    _ = try await store.decide("2", approve: true, by: "ann")
    try await RouteFixture.run(ApprovalRoutes(store: store).list) { gateway async throws in
      func ids(_ query: String) async throws -> [String?] {
        try await gateway.send(.get, "/approvals\(query)").json["approvals"]?.arrayValue?.map { $0["id"]?.stringValue }
          ?? []
      }
      #expect(try await ids("") == ["3", "2", "1"])
      #expect(try await ids("?status=pending") == ["3", "1"])
      #expect(try await ids("?status=pending&limit=1") == ["3"])
      #expect(try await ids("?status=approved") == ["2"])
      #expect(try await ids("?status=&limit=") == ["3", "2", "1"])
      clock.advance(seconds: 61)
      #expect(try await ids("?status=pending") == [])
      #expect(try await gateway.send(.post, "/approvals/1/approve").json["detail"] == "approval request 1 has expired")
      for (query, location) in [
        ("?status=open", "status"), ("?status=Pending", "status"), ("?limit=0", "limit"), ("?limit=1001", "limit"),
        ("?limit=x", "limit"),
      ] {
        let refused = try await gateway.send(.get, "/approvals\(query)")
        #expect(refused.status == 422)
        #expect(refused.json["detail"]?[0]?["loc"] == ["query", .string(location)])
      }
    }
  }

  @Test(
    arguments: [
      ("[]", ["body"]), ("{", ["body", 1]), (#"{"note":7}"#, ["body", "note"]), (#"{"by":[]}"#, ["body", "by"]),
      (#"{"note":"\#(String(repeating: "é", count: 1_025))"}"#, ["body", "note"]),
      (#"{"by":"\#(String(repeating: "é", count: 257))"}"#, ["body", "by"]),
    ] as [(String, JSONValue)])
  func badBodies(_ body: String, _ location: JSONValue) async throws {
    try await open("1")
    try await RouteFixture.run(ApprovalRoutes(store: store).list) { gateway async throws in
      for path in ["/approvals/1/approve", "/approvals/1/deny"] {
        let refused = try await gateway.send(.post, path, body)
        #expect(refused.status == 422)
        #expect(refused.json["detail"]?[0]?["loc"] == location)
      }
      #expect(try await store.request("1")?.status == .pending)
    }
  }

  @Test func nothingIsApprovedWithoutARecord() async throws {
    try await open("1", "2")
    let acts = Mutex<[String]>([])
    let routes = ApprovalRoutes(
      store: store,
      record: { act in
        acts.withLock { $0.append("\(act.request.id) \(act.approves) \(act.decider) \(act.note ?? "-")") }
        return false
      })
    try await RouteFixture.run(routes.list) { gateway async throws in
      #expect(try await gateway.send(.post, "/approvals/1/approve", #"{"note":"n"}"#).status == 503)
      #expect(try await store.request("1")?.status == .pending)
      let denied = try await gateway.send(.post, "/approvals/2/deny", #"{"by":"ann"}"#)
      #expect(denied.status == 200)
      #expect(denied.json["warning"] == "Trace store unavailable: not recorded")
      #expect(try await store.request("2")?.status == .denied)
      #expect(try await gateway.send(.post, "/approvals/2/approve").status == 409)
    }
    #expect(acts.withLock { $0 } == ["1 true admin n", "2 false ann -"])
  }

  @Test func aStoreThatFailsSaysNoMore() async throws {
    try await open("1")
    await store.close()
    try await RouteFixture.run(ApprovalRoutes(store: store).list) { gateway async throws in
      for (method, path) in [
        (HTTPRequest.Method.get, "/approvals"), (.get, "/approvals/1"), (.post, "/approvals/1/approve"),
      ] {
        let failed = try await gateway.send(method, path)
        #expect(failed.status == 503)
        #expect(failed.json == ["status": "error", "message": "Approvals unavailable"])
      }
    }
  }
}

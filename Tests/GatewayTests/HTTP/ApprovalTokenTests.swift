import FoundationEssentials
import HTTPTypes
import StrictJSON
import Testing

@testable import Gateway

/// An approval over REST: asked for, decided by somebody else, used once.
@Suite struct ApprovalTokenTests {
  private static let insert: JSONValue = ["table": "products", "values": ["name": "Lamp"]]

  private func ask(_ gateway: GatewayFixture, context: JSONValue = [:]) async throws -> String {
    let asked = try await gateway.call("db_insert", arguments: Self.insert, context: context)
    #expect(asked.json["success"] == false)
    #expect(asked.json["error"] == "Approval required: Write action requires human approval")
    #expect(asked.json["expires_at"]?.stringValue.flatMap { ISOTimestamp.microseconds($0.utf8) } != nil)
    return try #require(asked.json["approval_id"]?.stringValue)
  }

  private func approve(_ gateway: GatewayFixture, _ id: String) async throws -> String {
    let approved = try await gateway.control(.post, "/approvals/\(id)/approve", #"{"by":"ann","note":"ok"}"#)
    #expect(approved.status == 200)
    return try #require(approved.json["approval_token"]?.stringValue)
  }

  /// Why the last call of the session was refused, as the evidence has it.
  private func refusal(_ gateway: GatewayFixture, _ session: String = "s1") async throws -> String? {
    let event = try await gateway.events(session).last { $0.kind == .toolCall }
    return event?.matchedRule == "approval_refused" ? event?.reason : nil
  }

  @Test func aTokenLetsItsCallThroughOnce() async throws {
    try await GatewayFixture.run { gateway async throws in
      let id = try await ask(gateway)
      let token = try await approve(gateway, id)
      let passed = try await gateway.call("db_insert", arguments: Self.insert, token: token)
      #expect(passed.json["success"] == true)
      let event = try #require(try await gateway.events().last { $0.kind == .toolCall })
      #expect(event.approvalTokenPresent && event.details?.value["approval_id"] == .string(id))

      let replayed = try await gateway.call("db_insert", arguments: Self.insert, token: token)
      #expect(replayed.json["error"] == "Policy denied: The approval has been used")
      #expect(try await refusal(gateway) == "The approval has been used")
    }
  }

  @Test func aTokenIsForItsOwnCall() async throws {
    try await GatewayFixture.run { gateway async throws in
      let token = try await approve(gateway, try await ask(gateway))
      let others: [(tool: String, session: String, arguments: JSONValue)] = [
        ("db_insert", "s1", ["table": "products", "values": ["name": "Bomb"]]), ("db_insert", "s2", Self.insert),
        ("db_update", "s1", Self.insert),
      ]
      for other in others {
        let reply = try await gateway.call(other.tool, session: other.session, arguments: other.arguments, token: token)
        #expect(reply.json["error"] == "Policy denied: The approval is for another call")
        #expect(try await refusal(gateway, other.session) == "The approval is for another call")
      }
      // Another agent's call is another one too.
      let other = try await gateway.call(
        "db_insert", arguments: Self.insert, context: ["agent_id": "mallory"], token: token)
      #expect(other.json["success"] == false)
      for forged in [String(token.dropLast(2)) + "AA", "ag1.", "ag1.%", token + "A"] {
        let reply = try await gateway.call("db_insert", arguments: Self.insert, token: forged)
        #expect(reply.json["error"] == "Policy denied: The approval token is not valid")
      }
      #expect(try await gateway.call("db_insert", arguments: Self.insert, token: token).json["success"] == true)
    }
  }

  @Test func aTokenThatNobodyHasApprovedIsWorthNothing() async throws {
    try await GatewayFixture.run { gateway async throws in
      let id = try await ask(gateway)
      let request = try #require(try await gateway.assembly.approvals.store.request(id))
      let token = try #require(gateway.assembly.approvals.token(for: request))
      let reply = try await gateway.call("db_insert", arguments: Self.insert, token: token)
      #expect(reply.json["approval_id"] == .string(id))
      #expect(try await gateway.control(.post, "/approvals/\(id)/deny").status == 200)
      let denied = try await gateway.call("db_insert", arguments: Self.insert, token: token)
      #expect(denied.json["error"] == "Policy denied: Approval was denied")
    }
  }

  @Test func aTokenExpires() async throws {
    try await GatewayFixture.run {
      $0.approvalSeconds = 60
    } _: { gateway async throws in
      let token = try await approve(gateway, try await ask(gateway))
      gateway.clock.advance(seconds: 60)
      let late = try await gateway.call("db_insert", arguments: Self.insert, token: token)
      #expect(late.json["error"] == "Policy denied: The approval has expired")
      #expect(try await refusal(gateway) == "The approval has expired")
    }
  }

  /// Whoever approved did so under a policy that is no longer the one.
  @Test func aTokenDoesNotSurviveAChangeOfThePolicy() async throws {
    try await GatewayFixture.run { gateway async throws in
      let token = try await approve(gateway, try await ask(gateway))
      let path = gateway.policyFolder + "/default.rego"
      let text: String = try #require(Files.text(path))
      try Files.write(text + "\n# another revision\n", to: path)
      #expect(try await gateway.control(.post, "/admin/policies/reload").status == 200)
      let reply = try await gateway.call("db_insert", arguments: Self.insert, token: token)
      #expect(reply.json["error"] == "Policy denied: The policy has changed since the approval was asked for")
      // The same call without it waits anew.
      let again = try await gateway.call("db_insert", arguments: Self.insert)
      #expect(again.json["approval_id"] != nil)
    }
  }

  @Test func ofManyAtOnceOneWins() async throws {
    try await GatewayFixture.run { gateway async throws in
      let token = try await approve(gateway, try await ask(gateway))
      let passed = try await withThrowingTaskGroup(of: Bool.self) { group in
        for _ in 0..<64 {
          group.addTask {
            try await gateway.call("db_insert", arguments: Self.insert, token: token).json["success"] == true
          }
        }
        return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(passed == 1)
      let events = try await gateway.events().filter { $0.kind == .toolCall }
      #expect(events.count == 65)
      #expect(events.count { $0.executed } == 1)
      #expect(events.count { $0.matchedRule == "approval_refused" } == 63)
    }
  }

  // MARK: Approvers

  @Test func anApproverHasAKeyOfTheirOwn() async throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/approvers.json"
    let (_, ann) = try AgentKeyFile.add(agent: try AgentID("ann"), to: file, of: .approver)
    let (_, bot) = try AgentKeyFile.add(agent: try AgentID("bot"), to: file, of: .approver)
    try await GatewayFixture.run {
      $0.approvers = file
    } _: { gateway async throws in
      let id = try await ask(gateway, context: ["agent_id": "bot", "user_id": "carl"])
      func send(_ method: HTTPRequest.Method, _ path: String, key: String) async throws -> GatewayFixture.Reply {
        try await gateway.send(method, path, method == .get ? nil : #"{"by":"somebody else"}"#, key: key)
      }
      #expect(try await send(.get, "/approvals", key: ann).json["approvals"]?.arrayValue?.count == 1)
      // Nothing but approvals.
      #expect(try await send(.get, "/sessions", key: ann).status == 403)
      #expect(try await send(.post, "/system/pause", key: ann).status == 403)
      #expect(try await send(.post, "/approvals/\(id)/approve", key: "ag_nobody-nobody-nobody-nobody").status == 403)
      // Who asks can't approve, whatever key it got hold of.
      let own = try await send(.post, "/approvals/\(id)/approve", key: bot)
      #expect(own.status == 403)
      #expect(own.json["detail"] == "Who asks can't approve")

      let approved = try await send(.post, "/approvals/\(id)/approve", key: ann)
      #expect(approved.status == 200)
      #expect(approved.json["decided_by"] == "ann")
      let event = try #require(try await gateway.events().first { $0.kind == .approval })
      #expect(event.reason == "Approved by ann")
      #expect(event.details?.value["by"] == "ann")
    }
  }
}

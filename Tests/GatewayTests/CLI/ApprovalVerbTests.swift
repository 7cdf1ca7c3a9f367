import HummingbirdTesting
import Logging
import StrictJSON
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(3))) struct ApprovalVerbTests {
  private let folder: ScratchFolder
  private var path: String { folder.path("approvals.db") }

  init() throws { folder = try ScratchFolder() }

  private func store(_ ids: String...) async throws -> ApprovalStore {
    let store = try ApprovalStore(path: path, logger: Logger(label: "test"))
    for id in ids {
      let now = WallClock.system.now()
      _ = try await store.open(
        ApprovalRequest(
          id: id, sessionID: "s\u{200B}\(id)", toolName: "t", argumentsHash: "h", reason: "why\u{1B}[2J",
          policyRevision: "r", created: now, expires: now + 600_000_000))
    }
    return store
  }

  /// No server: what lies in the state folder is shown and changed.
  @Test func actsOnTheFile() async throws {
    let options = ["--state-dir", folder.path, "--port", "1"]
    func run(_ arguments: String...) async throws -> AgentgateProcess.Result {
      try await AgentgateProcess.run(["approvals"] + arguments + options)
    }
    let missing = try await run("list")
    #expect(missing.exitCode == 1)
    #expect(missing.errors.contains("there is no approval store \(path)"), "\(missing.errors)")
    let store = try await store("1", "2", "3")
    let listed = try await run()
    #expect(listed.exitCode == 0, "\(listed.errors)")
    #expect(listed.output.contains("ID  STATUS"))
    #expect(listed.output.contains(#"s\u{200B}1"#) && listed.output.contains(#"why\u{1B}[2J"#))
    let approved = try await run("approve", "1", "--note", "ticket 42", "--by", "ann")
    #expect(approved.output.hasPrefix("approved request 1 in \(path) (no "), "\(approved.output)\(approved.errors)")
    #expect(try await store.request("1")?.note == "ticket 42")
    #expect(try await store.request("1")?.decidedBy == "ann")
    #expect(try await run("deny", "2").output.hasPrefix("denied request 2 in \(path)"))
    #expect(try await store.request("2")?.decidedBy?.isEmpty == false)
    let again = try await run("approve", "2")
    #expect(again.exitCode == 1)
    #expect(again.errors.contains("approval request 2 is already denied"))
    #expect(try await run("show", "x").errors.contains(#"there is no approval request "x""#))
    let shown = try await run("show", "1")
    #expect(shown.output.contains("note             ticket 42\n"), "\(shown.output)")
    #expect(try JSONValue(parsing: try await run("show", "1", "--format", "json").output)["status"] == "approved")
    let all = try JSONValue(parsing: try await run("list", "--status", "all", "--format", "json").output)
    #expect(all["approvals"]?.arrayValue?.map { $0["id"] } == ["3", "2", "1"])
    #expect(
      try await store.consume("1", sessionID: "s\u{200B}1", toolName: "t", argumentsHash: "h", agentID: nil) == .granted
    )
  }

  @Test func actsThroughTheServer() async throws {
    let store = try await store("1", "a/2")
    try await RouteFixture.run(ApprovalRoutes(store: store).list, setup: .live) { gateway async throws in
      let port = try #require(gateway.client.port)
      func run(_ arguments: String..., until text: String) async throws -> AgentgateProcess.Result {
        // On a busy machine the server may take longer than the verb waits for it; no file is there to act on then.
        var result = AgentgateProcess.Result(exitCode: 1, output: "", errors: "")
        for _ in 0..<20 where !(result.output + result.errors).contains(text) {
          result = try await AgentgateProcess.run(
            ["approvals"] + arguments + ["--state-dir", "/nowhere", "--port", String(port)],
            environment: [
              "AGENTGATE_ADMIN_API_KEY": RouteFixture.adminKey, "AGENTGATE_HOST": "localhost", "USER": "ann",
            ])
        }
        return result
      }
      #expect(try await run("list", until: "STATUS").output.contains("a/2"))
      let approved = try await run("approve", "a/2", until: "already approved")
      #expect(approved.errors.contains("the server answered 409: approval request a/2 is already approved"))
      #expect(try await store.request("a/2")?.decidedBy == "ann")
      let denied = try await run("deny", "1", "--note", "no", until: "through the server")
      #expect(denied.output.hasPrefix("denied request 1 through the server at http://"))
      #expect(try await run("show", "1", until: "decided_by").output.contains("denied"))
      let unknown = try await run("show", "x", until: "404")
      #expect(unknown.exitCode == 1 && unknown.errors.contains("There is no such approval request"))
    }
  }

  @Test(arguments: [
    (["approvals", "approve"], 64), (["approvals", "list", "--status", "open"], 64),
    (["approvals", "list", "--limit", "0"], 64),
    (["approvals", "deny", "1", "--note", String(repeating: "n", count: 1_025)], 64),
    (["approvals", "--state-dir", "/nowhere/state", "--port", "1"], 1),
  ])
  func exitCodes(_ arguments: [String], _ code: Int) async throws {
    let result = try await AgentgateProcess.run(arguments)
    #expect(result.exitCode == code, "\(result.output)\(result.errors)")
  }
}

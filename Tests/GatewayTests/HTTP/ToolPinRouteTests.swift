import HTTPTypes
import Logging
import StrictJSON
import Synchronization
import Testing

@testable import Gateway

@Suite struct ToolPinRouteTests {
  private let folder: ScratchFolder
  private let pins: ToolPins

  init() throws {
    folder = try ScratchFolder()
    pins = ToolPins(
      file: folder.path("tools.json"), serversOfFirstStart: ["a"], clock: WallClock { 0 }, logger: Logger(label: "test")
    )
    _ = pins.observe(server: "a", tools: [tool("x"), tool("y")], trusted: false)
  }

  private func tool(_ name: String, _ description: String = "d") -> JSONValue {
    ["name": .string(name), "description": .string(description)]
  }

  private func change(_ server: String = "a", _ tools: JSONValue...) {
    _ = pins.observe(server: server, tools: tools, trusted: false)
  }

  private func run(
    _ body: @Sendable @escaping (RouteFixture, Changes) async throws -> Void
  ) async throws {
    let changes = Changes()
    let routes = ToolPinRoutes(pins: pins) { changes.count.withLock { $0 += 1 } }
    try await RouteFixture.run(routes.list) { gateway async throws in try await body(gateway, changes) }
  }

  private final class Changes: Sendable {
    let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
  }

  @Test(arguments: [
    (HTTPRequest.Method.get, "/admin/tools"), (.post, "/admin/tools/x/approve"), (.post, "/admin/servers/a/approve"),
  ])
  func needsTheKey(_ method: HTTPRequest.Method, _ path: String) async throws {
    change("a", tool("x", "evil"))
    try await run { gateway, changes async throws in
      #expect(try await gateway.send(method, path, key: nil).status == 401)
      #expect(try await gateway.send(method, path, key: "wrong").status == 403)
      #expect(changes.value == 0 && pins.entries[0].standing == .changed)
      #expect(try await gateway.send(method, path).status == 200)
    }
  }

  @Test func listsAndApproves() async throws {
    change("a", tool("x", "evil"))
    change("b", tool("z"))
    try await run { gateway, changes async throws in
      let listed = try await gateway.send(.get, "/admin/tools")
      #expect(listed.json == ["tools": .array(pins.entries.map(\.json))])
      #expect(listed.json["tools"]?[0]?["difference"] == [#"description: "d" -> "evil""#])
      let approved = try await gateway.send(.post, "/admin/tools/x/approve")
      #expect(
        approved.json == [
          "status": "approved", "server": "a", "tool_name": "x",
          "fingerprint": .string(ToolFingerprint.of(tool("x", "evil"))),
        ])
      #expect(changes.value == 1)
      #expect(pins.standings(server: "a", tools: [tool("x", "evil")]) == [.pinned])
      let server = try await gateway.send(.post, "/admin/servers/b/approve")
      #expect(server.json == ["status": "approved", "server": "b", "tools": ["z"]])
      #expect(changes.value == 2)
    }
  }

  @Test func refuses() async throws {
    change("a", tool("x", "1"))
    change("b", tool("x", "2"))
    let pending = ToolFingerprint.of(tool("x", "1"))
    let other = ToolFingerprint.of(tool("x", "3"))
    try await run { gateway, changes async throws in
      for (path, body, status, detail) in [
        ("/admin/tools/q/approve", nil, 404, #"no server has a tool "q""#),
        ("/admin/tools/x/approve", #"{"server":"c"}"#, 404, #"server "c" has no tool "x""#),
        ("/admin/tools/y/approve", nil, 409, #"tool "y" of server "a" is not quarantined"#),
        (
          "/admin/tools/x/approve", nil, 409,
          #"tool "x" is quarantined on the servers "a", "b": say which"#
        ),
        (
          "/admin/tools/x/approve", #"{"server":"a","fingerprint":"\#(other)"}"#, 409,
          #"tool "x" of server "a" has changed once more: its fingerprint is \#(pending) now"#
        ),
        ("/admin/servers/c/approve", nil, 404, #"there is no server "c""#),
      ] as [(String, String?, Int, String)] {
        let refused = try await gateway.send(.post, path, body)
        #expect(refused.status == status, "\(path)")
        #expect(refused.json["detail"] == .string(detail))
      }
      #expect(try await gateway.send(.post, "/admin/tools/x/approve", #"{"server":7}"#).status == 422)
      #expect(try await gateway.send(.post, "/admin/tools/%20/approve").status == 422)
      #expect(changes.value == 0)
      let body = #"{"server":"b","fingerprint":"\#(ToolFingerprint.of(tool("x", "2")))"}"#
      #expect(try await gateway.send(.post, "/admin/tools/x/approve", body).status == 200)
    }
  }

  @Test func aFileThatCanNotBeReadSaysNoMore() async throws {
    change("a", tool("x", "evil"))
    try folder.write("{", to: "tools.json")
    try await run { gateway, changes async throws in
      #expect(try await gateway.send(.post, "/admin/tools/x/approve").status == 503)
      let listed = try await gateway.send(.get, "/admin/tools")
      #expect(listed.status == 503)
      #expect(listed.json == ["status": "error", "message": "Tool pins unavailable"])
      #expect(changes.value == 0)
    }
  }
}

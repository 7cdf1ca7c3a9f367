import FoundationEssentials
import Logging
import StrictJSON
import Testing

@testable import Gateway

@Suite struct ToolPinsTests {
  private let folder: ScratchFolder
  private var path: String { folder.path("tools.json") }
  private let log = LogRecorder()

  init() throws { folder = try ScratchFolder() }

  private func open(_ servers: [String] = []) -> ToolPins {
    ToolPins(
      file: path, serversOfFirstStart: servers, clock: WallClock { 1_767_225_600_000_000 }, logger: log.logger)
  }

  private func tool(_ name: String, _ description: String = "d") -> JSONValue {
    ["name": .string(name), "description": .string(description), "inputSchema": ["type": "object"]]
  }

  private func observe(_ pins: ToolPins, _ server: String, _ tools: JSONValue...) -> [ToolPins.Standing] {
    pins.observe(server: server, tools: tools, trusted: false)
  }

  private func stamp() throws -> [UInt8] { try folder.bytes("tools.json") }

  @Test func theFirstStartPinsWhatItsServersList() throws {
    let pins = open(["a", "b"])
    #expect(pins.entries == [] && pins.problem == nil)
    #expect(!FileManager.default.fileExists(atPath: path), "nothing is written before the first listing")
    #expect(observe(pins, "a", tool("x"), tool("y")) == [.pinned, .pinned])
    #expect(observe(pins, "c", tool("x")) == [.newServer], "not configured then")
    // b lists late, after a restart even.
    let later = open(["a", "b", "c", "d"])
    #expect(observe(later, "b", tool("z")) == [.pinned])
    #expect(observe(later, "d", tool("z")) == [.newServer])
    #expect(observe(later, "a", tool("x"), tool("y"), tool("new")) == [.pinned, .pinned, .pinned])
    #expect(
      later.entries.map { "\($0.server).\($0.name) \($0.standing.name)" } == [
        "a.new pinned", "a.x pinned", "a.y pinned", "b.z pinned", "c.x new_server", "d.z new_server",
      ])
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["tools.json", "tools.lock"])
  }

  @Test func whoListsFirstIsKnownWhateverIsConfigured() throws {
    let pins = open()
    #expect(observe(pins, "a") == [])
    #expect(observe(pins, "b", tool("x")) == [.newServer])
    #expect(observe(pins, "a", tool("x")) == [.pinned])
  }

  @Test func aChangeIsQuarantinedUntilItIsApprovedOrTakenBack() throws {
    let pins = open(["a"])
    #expect(observe(pins, "a", tool("x"), tool("y")) == [.pinned, .pinned])
    #expect(observe(pins, "a", tool("x", "evil"), tool("y")) == [.changed, .pinned])
    let entry = try #require(pins.entries.first)
    #expect(entry.standing == .changed)
    #expect(entry.pinned?.fingerprint == ToolFingerprint.of(tool("x")))
    #expect(entry.pending?.fingerprint == ToolFingerprint.of(tool("x", "evil")))
    #expect(entry.difference?.lines == [#"description: "d" -> "evil""#])
    #expect(pins.difference(server: "a", tool: "x") == entry.difference)
    #expect(pins.difference(server: "a", tool: "y") == nil)
    // Another process sees it so, and so does the next start.
    #expect(open().entries == pins.entries)
    #expect(observe(open(), "a", tool("x", "evil")) == [.changed])
    #expect(pins.standings(server: "a", tools: [tool("x"), tool("x", "evil")]) == [.pinned, .changed])

    #expect(observe(pins, "a", tool("x"), tool("y")) == [.pinned, .pinned], "taken back")
    #expect(pins.entries.allSatisfy { $0.pending == nil })

    #expect(observe(pins, "a", tool("x", "better")) == [.changed])
    let approved = try pins.approve(server: "a", tool: "x")
    #expect(approved.standing == .pinned)
    #expect(approved.pinned?.fingerprint == ToolFingerprint.of(tool("x", "better")))
    #expect(pins.standings(server: "a", tools: [tool("x", "better"), tool("x")]) == [.pinned, .changed])
    #expect(observe(open(), "a", tool("x", "better")) == [.pinned])
    #expect(observe(open(), "a", tool("x")) == [.changed], "what was pinned before isn't any more")
  }

  @Test func aToolThatVanishesKeepsItsPin() throws {
    let pins = open(["a"])
    _ = observe(pins, "a", tool("x"), tool("y"))
    #expect(observe(pins, "a", tool("y")) == [.pinned])
    #expect(observe(pins, "a") == [])
    #expect(observe(pins, "a", tool("x", "other"), tool("y")) == [.changed, .pinned])
  }

  @Test func aNewServerWaitsForAnOperator() throws {
    let pins = open(["a"])
    _ = observe(pins, "a", tool("x"))
    #expect(observe(pins, "b", tool("x"), tool("y")) == [.newServer, .newServer])
    #expect(pins.entries.last?.difference?.lines.first == #"name: added "y""#)
    #expect(try pins.server(withQuarantined: "y") == "b")
    #expect(try pins.approve(server: "b", tool: "x").name == "x")
    #expect(observe(pins, "b", tool("x"), tool("y"), tool("z")) == [.pinned, .newServer, .newServer])
    #expect(try pins.approveAll(server: "b").map(\.name) == ["y", "z"])
    #expect(observe(pins, "b", tool("x"), tool("y"), tool("z"), tool("later")) == Array(repeating: .pinned, count: 4))
    #expect(observe(pins, "b", tool("x", "changed")) == [.changed])
  }

  @Test func whatCanNotBeApproved() throws {
    let pins = open(["a"])
    func reason(_ act: () throws -> Void) -> ToolPinError? {
      #expect(throws: ToolPinError.self) { try act() }
    }
    #expect(reason { _ = try pins.approve(server: "a", tool: "x") }?.reason == .unknown)
    #expect(!FileManager.default.fileExists(atPath: path), "an approval of nothing is no first start")
    _ = observe(pins, "a", tool("x"))
    #expect(
      reason { _ = try pins.approve(server: "a", tool: "x") }
        == ToolPinError(.notQuarantined, #"tool "x" of server "a" is not quarantined"#))
    #expect(reason { _ = try pins.approveAll(server: "a") }?.reason == .notQuarantined)
    #expect(reason { _ = try pins.approveAll(server: "b") }?.reason == .unknown)
    #expect(reason { _ = try pins.server(withQuarantined: "x") }?.reason == .notQuarantined)
    #expect(
      reason { _ = try pins.server(withQuarantined: "q\u{200B}") }?.message == #"no server has a tool "q\u{200B}""#)

    _ = observe(pins, "a", tool("x", "1"))
    _ = observe(pins, "b", tool("x", "2"))
    #expect(reason { _ = try pins.server(withQuarantined: "x") }?.reason == .ambiguous)
    // The operator has seen 1; meanwhile it is 3.
    let seen = ToolFingerprint.of(tool("x", "1"))
    _ = observe(pins, "a", tool("x", "3"))
    #expect(reason { _ = try pins.approve(server: "a", tool: "x", fingerprint: seen) }?.reason == .otherDefinition)
    #expect(observe(pins, "a", tool("x", "3")) == [.changed])
    _ = try pins.approve(server: "a", tool: "x", fingerprint: ToolFingerprint.of(tool("x", "3")))
    #expect(observe(pins, "a", tool("x", "3")) == [.pinned])
  }

  @Test func aTrustedServerIsPinnedWhateverComes() throws {
    let pins = open(["a"])
    _ = observe(pins, "a", tool("x"))
    func trusted(_ tools: JSONValue...) -> [ToolPins.Standing] {
      pins.observe(server: "demo", tools: tools, trusted: true)
    }
    #expect(trusted(tool("x")) == [.pinned])
    #expect(trusted(tool("x", "new"), tool("y")) == [.pinned, .pinned])
    #expect(pins.entries.map(\.standing) == [.pinned, .pinned, .pinned])
    // Its name is worth nothing to another.
    #expect(observe(pins, "demo", tool("x"), tool("y"), tool("z")) == [.changed, .pinned, .newServer])
    #expect(trusted(tool("x", "new")) == [.pinned])
  }

  @Test func namesAndDefinitionsThatCanNotBePinned() throws {
    let pins = open(["a"])
    let standings = pins.observe(
      server: "a",
      tools: [
        [:], ["name": 7], ["name": " "], ["name": .string(String(repeating: "n", count: 129))], "x",
        tool("big", String(repeating: "x", count: ToolPins.Tool.maximumSize)), tool("x"),
      ], trusted: false)
    #expect(standings.last == .pinned)
    for standing in standings.dropLast() {
      guard case .unavailable = standing else {
        Issue.record("\(standing)")
        continue
      }
    }
    #expect(pins.entries.map(\.name) == ["x"])
    // Of two tools with one name the first is pinned.
    #expect(observe(pins, "a", tool("t", "1"), tool("t", "2")) == [.pinned, .changed])
    #expect(observe(pins, "a", tool("t", "1"), tool("t", "1")) == [.pinned, .pinned])
    #expect(observe(pins, "a", tool("\u{E9}", "1"), tool("e\u{301}", "2")) == [.pinned, .pinned])
  }

  @Test func nothingIsWrittenWhenNothingChanged() throws {
    let pins = open(["a"])
    _ = observe(pins, "a", tool("x"), tool("y"))
    _ = observe(pins, "a", tool("x", "evil"), tool("y"))
    let before = StateFile.stamp(path: path)
    for _ in 0..<3 { _ = observe(pins, "a", tool("y"), tool("x", "evil")) }
    _ = observe(pins, "nothing")
    _ = observe(pins, "a")
    #expect(StateFile.stamp(path: path) == before)
  }

  @Test func aMalformedFileDeniesEverythingAndStaysAsItIs() throws {
    _ = observe(open(["a"]), "a", tool("x"))
    let good = try stamp()
    try folder.write("{\"version\": 1, \"server\": {}}", to: "tools.json")
    let bad = try stamp()
    let pins = open()
    let problem = "\(path):$: has the unknown key \"server\""
    #expect(pins.problem == problem)
    #expect(observe(pins, "a", tool("x"), tool("y")) == [.unavailable(problem), .unavailable(problem)])
    #expect(pins.standings(server: "a", tools: [tool("x")]) == [.unavailable(problem)])
    #expect(pins.entries == [])
    let error = #expect(throws: ToolPinError.self) { try pins.approve(server: "a", tool: "x") }
    #expect(error == ToolPinError(.unavailable, problem))
    #expect(try stamp() == bad)
    #expect(!pins.refreshIfChanged())

    try folder.write(String(decoding: good, as: UTF8.self), to: "tools.json")
    #expect(pins.refreshIfChanged())
    #expect(pins.problem == nil)
    #expect(pins.standings(server: "a", tools: [tool("x")]) == [.pinned])
  }

  @Test func aFileThatIsTakenAwayDeniesEverything() throws {
    let pins = open(["a"])
    _ = observe(pins, "a", tool("x"))
    try FileManager.default.removeItem(atPath: path)
    guard case .unavailable(let problem) = observe(pins, "a", tool("x", "evil"))[0] else {
      Issue.record("it was pinned anew")
      return
    }
    #expect(problem.contains("is missing: restore it"))
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(log.text.contains("tool pins are unavailable"))
  }

  /// What can't be saved is no pin; what was pinned before is.
  @Test func aFileThatCanNotBeWritten() async throws {
    let pins = open(["a"])
    _ = observe(pins, "a", tool("x"))
    // Not even root can write a file where a folder is.
    try FileManager.default.createDirectory(atPath: path + ".tmp", withIntermediateDirectories: false)
    let standings = observe(pins, "a", tool("x"), tool("y"))
    #expect(standings == [.pinned, .unavailable("it could not be pinned")])
    #expect(observe(pins, "a", tool("x", "evil"), tool("y"))[0] == .changed)
    #expect(throws: ToolPinError.self) { try pins.approve(server: "a", tool: "x") }
    #expect(log.text.contains("tool pins can't be saved"))

    try FileManager.default.removeItem(atPath: path + ".tmp")
    #expect(!pins.refreshIfChanged(), "it was tried a moment ago")
    try await Task.sleep(for: .milliseconds(2_100))
    #expect(pins.refreshIfChanged())
    #expect(pins.standings(server: "a", tools: [tool("x", "evil"), tool("y")]) == [.changed, .pinned])
    #expect(open().entries == pins.entries)
    #expect(!pins.refreshIfChanged())
  }

  @Test func anotherProcessApproves() async throws {
    let pins = open(["a"])
    _ = observe(pins, "a", tool("x"))
    _ = observe(pins, "a", tool("x", "better"))
    #expect(!pins.refreshIfChanged())
    let (changes, continuation) = AsyncStream.makeStream(of: Void.self)
    let watcher = Task { await pins.watch { continuation.yield() } }
    _ = try open().approve(server: "a", tool: "x")
    for await _ in changes { break }
    watcher.cancel()
    #expect(pins.standings(server: "a", tools: [tool("x", "better")]) == [.pinned])
  }

  /// Two stores on a file, each changing it many times: nothing is lost.
  @Test func severalProcessesAtOnce() async throws {
    _ = observe(open(["s0", "s1", "s2", "s3"]), "s0")
    await withTaskGroup(of: Void.self) { group in
      for server in 0..<4 {
        let pins = open()
        group.addTask {
          for number in 0..<15 {
            let tools = (0...number).map { tool("t\($0)") }
            #expect(pins.observe(server: "s\(server)", tools: tools, trusted: false).allSatisfy { $0 == .pinned })
          }
        }
      }
    }
    #expect(open().entries.count == 60)
    #expect(open().entries.allSatisfy { $0.standing == .pinned })
  }

  @Test func quarantineIsLoggedOnce() throws {
    let pins = open(["a"])
    _ = observe(pins, "a", tool("x"))
    for _ in 0..<3 { _ = observe(pins, "a", tool("x", "evil")) }
    #expect(log.lines.filter { $0.contains("tools are quarantined") }.count == 1)
    _ = observe(pins, "a", tool("x"))
    _ = observe(pins, "a", tool("x", "evil"))
    #expect(log.lines.filter { $0.contains("tools are quarantined") }.count == 2)
  }

  @Test func json() throws {
    let pins = open(["a"])
    _ = observe(pins, "a", tool("x"))
    _ = observe(pins, "b", tool("y"))
    _ = observe(pins, "a", tool("x", "evil"))
    let since: JSONValue = "2026-01-01T00:00:00+00:00"
    #expect(
      pins.entries.first?.json == [
        "server": "a", "name": "x", "standing": "changed",
        "pinned": ["fingerprint": .string(ToolFingerprint.of(tool("x"))), "since": since],
        "pending": ["fingerprint": .string(ToolFingerprint.of(tool("x", "evil"))), "since": since],
        "difference": [#"description: "d" -> "evil""#],
      ])
    #expect(pins.entries.last?.json["standing"] == "new_server")
    #expect(pins.entries.last?.json["pinned"] == .null)
    _ = try pins.approve(server: "a", tool: "x")
    #expect(pins.entries.first?.json["difference"] == .null)
    #expect(pins.entries.first?.json["pending"] == .null)
  }
}

extension ToolPins {
  fileprivate func difference(server: String, tool: String) -> ToolDifference? {
    entries.first { $0.server == server && $0.name == tool }?.difference
  }
}

import FoundationEssentials
import Logging
import Testing

@testable import Gateway

@Suite struct AgentKeysTests {
  private let folder: ScratchFolder
  private let clock = ManualClock()
  private let log = LogRecorder()
  private var path: String { folder.path("agents.json") }

  init() throws { folder = try ScratchFolder() }

  private func open() throws -> AgentKeys {
    try AgentKeys(file: path, clock: clock.wall, monotonicClock: clock.monotonic, logger: log.logger)
  }

  private func write(_ text: String) throws {
    try folder.write(text, to: "agents.json")
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
  }

  @Test func aTokenIsWhatItWasMadeFor() throws {
    let (_, token) = try AgentKeyFile.add(agent: AgentID("billing-bot"), user: "ann", to: path)
    let keys = try open()
    let identity = try keys.identity(of: token)
    #expect(
      identity
        == AgentIdentity(agent: try AgentID("billing-bot"), user: "ann", method: .key, keyID: "k1", expires: nil))
    #expect(
      String(decoding: identity.policyBytes, as: UTF8.self)
        == #"{"agent_id":"billing-bot","user_id":"ann","method":"key","key_id":"k1"}"#)
    for wrong in [
      "", "a", String(token.dropLast()), token + "A", token.uppercased(), "ag_", String(token.dropFirst(3)),
      token + "=",
      "sha256:" + String(repeating: "0", count: 64), AgentTokenHash(of: token.utf8).text,
    ] {
      let failure = #expect(throws: AuthenticationFailure.self) { try keys.identity(of: wrong) }
      #expect(failure?.kind == .invalidToken)
      #expect(wrong.isEmpty || failure?.reason.contains(wrong) == false || wrong == "a")
    }
  }

  /// A password may be hashed by mistake; it would be guessed.
  @Test func shortTokensOpenNothing() throws {
    let password = "correct horse battery"
    try write(
      #"{"keys":[{"id":"k1","agent_id":"a","hash":"\#(AgentTokenHash(of: password.utf8).text)"}]}"#)
    #expect(throws: AuthenticationFailure.self) { try open().identity(of: password) }
  }

  @Test func keysEnd() throws {
    let end = ManualClock.start + 10_000_000
    let (_, token) = try AgentKeyFile.add(agent: AgentID("a"), notAfter: end, to: path)
    let keys = try open()
    #expect(try keys.identity(of: token).expires == end)
    clock.advance(seconds: 9.999)
    _ = try keys.identity(of: token)
    clock.advance(seconds: 0.001)
    #expect(throws: AuthenticationFailure(kind: .invalidToken, reason: "key k1 has expired")) {
      try keys.identity(of: token)
    }
  }

  @Test func revocationsAndNewKeysAreTakenOverWithinASecond() throws {
    let (_, token) = try AgentKeyFile.add(agent: AgentID("a"), to: path)
    let keys = try open()
    _ = try keys.identity(of: token)
    try AgentKeyFile.revoke(key: "k1", in: path)
    let (_, second) = try AgentKeyFile.add(agent: AgentID("b"), to: path)
    clock.advance(seconds: 1)
    #expect(throws: AuthenticationFailure(kind: .invalidToken, reason: "key k1 is disabled")) {
      try keys.identity(of: token)
    }
    #expect(try keys.identity(of: second).agent.rawValue == "b")
    // No key at all is what a file may say, too.
    try write(#"{"keys":[]}"#)
    clock.advance(seconds: 1)
    #expect(throws: AuthenticationFailure.self) { try keys.identity(of: second) }
    #expect(keys.problem == nil)
    #expect(log.lines.isEmpty)
  }

  @Test func aFileInPlaceOfTheSameSizeIsNoticed() throws {
    let (_, token) = try AgentKeyFile.add(agent: AgentID("abc"), to: path)
    let keys = try open()
    let text = String(decoding: try folder.bytes("agents.json"), as: UTF8.self)
    try write(text.replacing("abc", with: "xyz"))
    clock.advance(seconds: 1)
    #expect(try keys.identity(of: token).agent.rawValue == "xyz")
  }

  @Test(arguments: ["broken", "gone", "writable", "folder"])
  func whatCantBeReadLeavesWhatWasKnown(how: String) throws {
    let (_, token) = try AgentKeyFile.add(agent: AgentID("a"), to: path)
    let keys = try open()
    let good = String(decoding: try folder.bytes("agents.json"), as: UTF8.self)
    switch how {
    case "broken": try write(#"{"keys":[{"id":"k1",}]}"#)
    case "gone": try FileManager.default.removeItem(atPath: path)
    case "writable":
      try write(#"{"keys":[]}"#)
      try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: path)
    default:
      try FileManager.default.removeItem(atPath: path)
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }
    for _ in 0..<5 {
      clock.advance(seconds: 1)
      #expect(try keys.identity(of: token).agent.rawValue == "a")
    }
    #expect(keys.problem?.contains(path) == true)
    #expect(log.lines.count == 1, "\(log.text)")
    // A day after it was found nothing is believed.
    clock.advance(seconds: 86_400 - 4)
    _ = try keys.identity(of: token)
    clock.advance(seconds: 1)
    let failure = #expect(throws: AuthenticationFailure.self) { try keys.identity(of: token) }
    #expect(failure?.kind == .unavailable)
    // And then it is good again.
    try? FileManager.default.removeItem(atPath: path)
    try write(good)
    clock.advance(seconds: 1)
    #expect(try keys.identity(of: token).agent.rawValue == "a")
    #expect(keys.problem == nil)
  }

  @Test func doesNotStartWithoutKeys() throws {
    #expect(throws: KeyFileError.self) { try open() }
    try write("{}")
    #expect(throws: KeyFileError(description: "\(path): $.keys is not an array")) { try open() }
  }

  @Test func isUsedFromManyThreads() async throws {
    let (_, token) = try AgentKeyFile.add(agent: AgentID("a"), to: path)
    let keys = try open()
    let (path, clock) = (path, clock)
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<8 {
        group.addTask {
          for _ in 0..<50 {
            clock.advance(seconds: 0.2)
            #expect(throws: Never.self) { try keys.identity(of: token) }
            if index == 0 { _ = try? AgentKeyFile.add(agent: AgentID("b"), to: path) }
          }
        }
      }
    }
    clock.advance(seconds: 1)
    #expect(try keys.identity(of: token).agent.rawValue == "a")
  }
}

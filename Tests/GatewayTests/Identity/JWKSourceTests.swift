import FoundationEssentials
import JOSE
import Synchronization
import Testing

@testable import Gateway

/// A server of keys that says what the test wants and counts how often it is asked.
private final class KeyServer: Sendable {
  struct Down: Error {}

  private struct State {
    var response: JWKResponse?
    var count = 0
    var isHeld = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }
  private let state: Mutex<State>

  init(_ names: String..., cacheControl: String? = nil) {
    let keys = names.map { #"{\#(TestIssuer.publicMembers),"kid":"\#($0)"}"# }
    let body = Array(#"{"keys":[\#(keys.joined(separator: ","))]}"#.utf8)
    state = Mutex(State(response: JWKResponse(status: 200, cacheControl: cacheControl, body: body)))
  }

  var count: Int { state.withLock { $0.count } }

  /// Nil: it can't be reached.
  func answer(_ response: JWKResponse?) { state.withLock { $0.response = response } }

  func answer(keys: [UInt8]) { answer(JWKResponse(status: 200, cacheControl: nil, body: keys)) }

  func hold() { state.withLock { $0.isHeld = true } }

  func release() {
    let waiting = state.withLock { state in
      state.isHeld = false
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  var fetch: JWKFetch {
    { _ in
      await withCheckedContinuation { continuation in
        let goesOn = self.state.withLock { state in
          state.count += 1
          if state.isHeld { state.waiting.append(continuation) }
          return !state.isHeld
        }
        if goesOn { continuation.resume() }
      }
      guard let response = self.state.withLock({ $0.response }) else { throw Down() }
      return response
    }
  }
}

@Suite struct JWKEndpointTests {
  private let clock = ManualClock()
  private let log = LogRecorder()

  private func endpoint(_ server: KeyServer, timeLimit: Duration = .seconds(10)) -> JWKEndpoint {
    JWKEndpoint(
      "https://issuer.example/jwks", clock: clock.monotonic, logger: log.logger, timeLimit: timeLimit,
      fetch: server.fetch)
  }

  /// Once nothing is being fetched in the background.
  private func settle() async throws { try await Task.sleep(for: .milliseconds(50)) }

  @Test func fetchesWhenAsked() async throws {
    let server = KeyServer("a")
    let keys = endpoint(server)
    #expect(server.count == 0)
    #expect(await keys.keys(for: "a")?.keys.count == 1)
    #expect(await keys.keys(for: nil)?.keys.count == 1)
    clock.advance(seconds: 299)
    _ = await keys.keys(for: "a")
    #expect(server.count == 1)
    clock.advance(seconds: 1)
    server.answer(keys: TestIssuer.keySet("b"))
    #expect(await keys.keys(for: "a")?.keys.map(\.id) == ["b"])
    #expect(server.count == 2)
    #expect(log.lines.isEmpty)
  }

  @Test(
    arguments: [
      (nil, 300), ("", 300), ("public", 300), ("max-age=600", 600), ("public, MAX-AGE=600, must-revalidate", 600),
      ("max-age=\"600\"", 600), ("max-age=1", 60), ("max-age=0", 60), ("max-age=60", 60), ("max-age=86400", 86_400),
      ("max-age=86401", 86_400), ("max-age=99999999999999999999", 86_400), ("max-age=-1", 60), ("max-age=x", 60),
      ("max-age=", 60), ("max-age=600, max-age=120", 120), ("no-store", 60), ("no-cache, max-age=600", 60),
      ("s-maxage=900", 300),
    ] as [(String?, Int64)])
  func readsCacheControl(text: String?, seconds: Int64) {
    #expect(JWKEndpoint.lifetime(text) == seconds)
  }

  @Test func asksAgainForAnUnknownKeyButNotOften() async throws {
    let server = KeyServer("a", cacheControl: "max-age=86400")
    let keys = endpoint(server)
    _ = await keys.keys(for: "a")
    server.answer(keys: TestIssuer.keySet("a", "b"))
    for index in 0..<100 { _ = await keys.keys(for: "x\(index)") }
    #expect(server.count == 1)
    clock.advance(seconds: 30)
    #expect(await keys.keys(for: "b")?.keys(named: "b").count == 1)
    #expect(server.count == 2)
    for index in 0..<100 { #expect(await keys.keys(for: "x\(index)")?.keys.count == 2) }
    #expect(server.count == 2)
    // Also while it fails.
    server.answer(nil)
    clock.advance(seconds: 30)
    for index in 0..<100 { _ = await keys.keys(for: "x\(index)") }
    #expect(server.count == 3)
  }

  @Test func fetchesOnceForAllWhoWait() async throws {
    let server = KeyServer("a")
    server.hold()
    let keys = endpoint(server)
    let counts = await withTaskGroup(of: Int?.self) { group in
      for index in 0..<50 { group.addTask { await keys.keys(for: index.isMultiple(of: 2) ? "a" : nil)?.keys.count } }
      group.addTask {
        while server.count == 0 { await Task.yield() }
        try? await Task.sleep(for: .milliseconds(50))
        server.release()
        return 1
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(counts.allSatisfy { $0 == 1 })
    #expect(server.count == 1)
  }

  @Test(
    arguments: [
      JWKResponse(status: 500, cacheControl: nil, body: []), JWKResponse(status: 302, cacheControl: nil, body: []),
      JWKResponse(status: 200, cacheControl: nil, body: Array("<html>".utf8)),
      JWKResponse(status: 200, cacheControl: nil, body: Array(#"{"keys":{}}"#.utf8)),
      JWKResponse(status: 200, cacheControl: nil, body: [UInt8](repeating: 0x20, count: JWKEndpoint.maximumSize + 1)),
      nil,
    ] as [JWKResponse?])
  func keepsOldKeysForADay(failure: JWKResponse?) async throws {
    let server = KeyServer("a")
    let keys = endpoint(server)
    _ = await keys.keys(for: "a")
    server.answer(failure)
    clock.advance(seconds: 300)
    #expect(await keys.keys(for: "a")?.keys.count == 1)
    #expect(keys.problem?.hasPrefix("https://issuer.example/jwks ") == true)
    #expect(log.lines.count == 1)
    // Tried again every 30 s, and nobody waits for it.
    for attempt in 3...7 {
      clock.advance(seconds: 30)
      // The one before may still be on its way out.
      while server.count < attempt {
        #expect(await keys.keys(for: "a")?.keys.count == 1)
        try await settle()
      }
    }
    #expect(server.count == 7)
    #expect(log.lines.count == 1)
    clock.advance(seconds: 86_400 - 450)
    #expect(await keys.keys(for: "a") != nil)
    try await settle()
    clock.advance(seconds: 1)
    #expect(await keys.keys(for: "a") == nil)
    clock.advance(seconds: 30)
    server.answer(keys: TestIssuer.keySet("c"))
    #expect(await keys.keys(for: "c")?.keys.count == 1)
    #expect(keys.problem == nil)
  }

  @Test func aServerThatDoesNotAnswerIsGivenUp() async throws {
    let server = KeyServer("a")
    server.hold()
    let keys = endpoint(server, timeLimit: .milliseconds(50))
    #expect(await keys.keys(for: "a") == nil)
    #expect(keys.problem == "https://issuer.example/jwks took too long to answer")
    server.release()
    clock.advance(seconds: 30)
    #expect(await keys.keys(for: "a") != nil)
  }

  @Test func aSetWithoutKeysIsTakenAtItsWord() async throws {
    let server = KeyServer("a")
    let keys = endpoint(server)
    _ = await keys.keys(for: "a")
    server.answer(keys: Array(#"{"keys":[]}"#.utf8))
    clock.advance(seconds: 300)
    #expect(await keys.keys(for: "a")?.keys.isEmpty == true)
    #expect(keys.problem == nil)
  }

  /// A secret that anybody can fetch is none.
  @Test func takesNoSecrets() async throws {
    let server = KeyServer("a")
    server.answer(keys: Array(#"{"keys":[{"kty":"oct","k":"\#(String(repeating: "A", count: 86))"}]}"#.utf8))
    #expect(await endpoint(server).keys(for: nil)?.keys.isEmpty == true)
    #expect(log.text.contains("$.keys[0] is a secret"))
  }
}

@Suite struct JWKFileTests {
  private let folder: ScratchFolder
  private let clock = ManualClock()
  private let log = LogRecorder()
  private var path: String { folder.path("jwks.json") }

  init() throws { folder = try ScratchFolder() }

  private func write(_ bytes: [UInt8]) throws {
    try folder.write(String(decoding: bytes, as: UTF8.self), to: "jwks.json")
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
  }

  private func open() throws -> JWKFile {
    try JWKFile(
      path, allowsSecrets: false, clock: clock.wall, monotonicClock: clock.monotonic, logger: log.logger)
  }

  @Test func followsTheFile() async throws {
    try write(TestIssuer.keySet("a"))
    let keys = try open()
    #expect(await keys.keys(for: "a")?.keys.map(\.id) == ["a"])
    try write(TestIssuer.keySet("a", "b"))
    clock.advance(seconds: 1)
    #expect(await keys.keys(for: "b")?.keys.map(\.id) == ["a", "b"])
    try write(Array("{".utf8))
    clock.advance(seconds: 1)
    #expect(await keys.keys(for: "b")?.keys.map(\.id) == ["a", "b"])
    #expect(keys.problem?.hasPrefix("\(path):1:2: ") == true, "\(keys.problem ?? "")")
    clock.advance(seconds: 86_401)
    #expect(await keys.keys(for: "b") == nil)
  }

  @Test func doesNotStartWithoutKeys() throws {
    #expect(throws: KeyFileError.self) { try open() }
    try write(Array(#"{"keys":[1]}"#.utf8))
    #expect(throws: KeyFileError(description: "\(path): $.keys[0] is not an object")) { try open() }
  }
}

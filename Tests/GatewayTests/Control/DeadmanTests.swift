import HTTPTypes
import StrictJSON
import Synchronization
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(2))) struct DeadmanTests {
  private final class Pauses: Sendable {
    private let reasons = Mutex<[String]>([])
    var all: [String] { reasons.withLock { $0 } }
    func add(_ reason: String) { reasons.withLock { $0.append(reason) } }
  }

  @Test func pausesWhenTheHeartbeatStaysAwayAndAgainLater() async throws {
    let pauses = Pauses()
    let deadman = Deadman(seconds: 1) { pauses.add($0) }
    let running = Task { try await deadman.run() }
    while pauses.all.count < 2 { try await Task.sleep(for: .milliseconds(20)) }
    #expect(pauses.all.allSatisfy { $0 == "no heartbeat for 1 s" })
    running.cancel()
    try await running.value
  }

  @Test func heartbeatsHoldItOff() async throws {
    let pauses = Pauses()
    let deadman = Deadman(seconds: 3) { pauses.add($0) }
    let running = Task { try await deadman.run() }
    for _ in 0..<80 {
      #expect(deadman.beat() == 3)
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(pauses.all.isEmpty)
    running.cancel()
    try await running.value
    #expect(pauses.all.isEmpty)
  }

  @Test func nobodyIsWaitedForUnlessItIsAskedFor() async throws {
    let pauses = Pauses()
    let deadman = Deadman(seconds: nil) { pauses.add($0) }
    let running = Task { try await deadman.run() }
    #expect(deadman.beat() == nil)
    running.cancel()
    try await running.value
    #expect(pauses.all.isEmpty)
  }

  @Test(arguments: [nil, 3_600]) func heartbeatsComeOverHTTP(seconds: Int?) async throws {
    try await GatewayFixture.run(configure: { $0.deadmanSeconds = seconds }) { gateway async throws in
      let beat = try await gateway.control(.post, "/system/heartbeat")
      #expect(beat.status == 200)
      #expect(beat.json == ["status": "ok", "deadman_seconds": seconds.map { JSONValue($0) } ?? .null])
      #expect(try await gateway.send(.post, "/system/heartbeat").status == 401)
      #expect(try await gateway.control(.get, "/system/heartbeat").status == 405)
      #expect(gateway.assembly.killSwitch.state.global == nil)
    }
  }

  /// Through the whole gateway: a pause that the missing heartbeat brought is ended by hand alone.
  @Test func everythingIsPaused() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path
    try await ServedGateway.run(path, settings: ["AGENTGATE_DEADMAN_SECONDS": "1"]) { gateway in
      let body = #"{"session_id":"s1","tool_name":"t","arguments":{}}"#
      func error() async throws -> JSONValue? { try await gateway.send(.post, "/tools/call", body).json["error"] }
      let paused: JSONValue = "Policy denied: Kill switch: no heartbeat for 1 s"
      while try await error() != paused { try await Task.sleep(for: .milliseconds(50)) }
      #expect(try await gateway.control(.post, "/system/heartbeat")["status"] == "ok")
      #expect(try await error() == paused, "a heartbeat alone lets nothing through")
      // Whoever resumes takes over from there.
      #expect(try await gateway.control(.post, "/system/resume")["status"] == "resumed")
      while try await error() != paused { try await Task.sleep(for: .milliseconds(50)) }
    }
  }
}

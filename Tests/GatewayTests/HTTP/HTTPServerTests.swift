import Dispatch
import Glibc
import HTTPTypes
import HummingbirdTesting
import StrictJSON
import Synchronization
import Testing

@testable import Gateway

/// What only bytes on a socket can show.
@Suite(.timeLimit(.minutes(1))) struct HTTPServerTests {
  private func exchange(
    _ bytes: [UInt8], closesSide: Bool = false, pieces: Int? = nil, untilClosed: Bool = false,
    policy: [String: String]? = nil, tools: any ToolRunner = ScriptedTools()
  ) async throws -> String {
    let answer = Mutex("")
    try await GatewayFixture.run(policy: policy, tools: tools, setup: .live) { gateway async throws in
      let port = try #require(gateway.client.port)
      // On a thread of its own: the server needs those that tasks run on.
      let text = try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<String, any Error>) in
        DispatchQueue.global().async {
          continuation.resume(
            with: Result {
              try RawHTTP.exchange(bytes, port: port, closesSide: closesSide, pieces: pieces, untilClosed: untilClosed)
            })
        }
      }
      answer.withLock { $0 = text }
    }
    return answer.withLock { $0 }
  }

  @Test func chunkedBodyOverTheLimitIsRefused() async throws {
    let chunk = Array("10000\r\n".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: 65_536) + Array("\r\n".utf8)
    var bytes = Array(
      "POST /tools/call HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        .utf8)
    // 1 MiB and one chunk more; the end never comes.
    for _ in 0..<17 { bytes += chunk }
    let answer = try await exchange(bytes)
    #expect(answer.hasPrefix("HTTP/1.1 413 "))
    #expect(answer.lowercased().contains("connection: close"))
    #expect(answer.hasSuffix(#"{"error":"Request body too large"}"#))
  }

  @Test func chunkedBodyUpToTheLimitPasses() async throws {
    let start = #"{"session_id":"s","tool_name":"hack","arguments":{"a":""#
    let end = #""}}"#
    let body = Array((start + String(repeating: "x", count: 1_048_576 - start.utf8.count - end.utf8.count) + end).utf8)
    var bytes = Array(
      "POST /tools/call HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n".utf8)
    bytes += Array("Transfer-Encoding: chunked\r\n\r\n100000\r\n".utf8) + body + Array("\r\n0\r\n\r\n".utf8)
    #expect(try await exchange(bytes).hasPrefix("HTTP/1.1 200 "))
  }

  @Test(arguments: ["Content-Length: -1", "Content-Length: abc", "Content-Length: 99999999999999999999999"])
  func unreadableLength(_ header: String) async throws {
    let answer = try await exchange(Array("POST /tools/call HTTP/1.1\r\nHost: a\r\n\(header)\r\n\r\n".utf8))
    #expect(answer.hasPrefix("HTTP/1.1 4"))
  }

  @Test func keyThatIsNoText() async throws {
    var bytes = Array("GET /sessions HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-API-Key: k".utf8)
    bytes += [0xFF, 0xFE, 0xE9] + Array("\r\n\r\n".utf8)
    let answer = try await exchange(bytes)
    #expect(answer.hasPrefix("HTTP/1.1 403 "))
    #expect(answer.hasSuffix(#"{"detail":"Invalid API key"}"#))
  }

  @Test func headersOverTheLimitEndTheConnection() async throws {
    let header = "X-Big: " + String(repeating: "a", count: 40_000)
    let answer = try await exchange(Array("GET /health HTTP/1.1\r\nHost: a\r\n\(header)\r\n\r\n".utf8))
    #expect(!answer.hasPrefix("HTTP/1.1 200"))
  }

  private static func call(_ session: String = "s", headers: String = "", version: String = "1.1") -> String {
    let body = #"{"session_id":"\#(session)","tool_name":"hack","arguments":{}}"#
    return "POST /tools/call HTTP/\(version)\r\nHost: a\r\nContent-Type: application/json\r\n\(headers)"
      + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  /// The statuses of all answers, in order.
  private static func statuses(_ answers: String) -> [Int] {
    answers.split(separator: "HTTP/1.1 ").map { Int($0.prefix(3)) ?? 0 }
  }

  @Test func callsAndOtherRequestsOfOneConnectionAreAnsweredInOrder() async throws {
    let health = "GET /health HTTP/1.1\r\nHost: a\r\n"
    let requests = [
      Self.call("one"), health + "\r\n", Self.call("two"), Self.call("three"),
      "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n",
      health + "\r\n", Self.call("four", headers: "Connection: close\r\n"),
    ]
    let answers = try await exchange(Array(requests.joined().utf8), untilClosed: true)
    #expect(Self.statuses(answers) == [200, 200, 200, 200, 404, 200, 200])
    let bodies = answers.split(separator: "\r\n").filter { $0.hasPrefix("{") }.map { $0.hasPrefix(#"{"success""#) }
    #expect(bodies == [true, false, true, true, false, false, true])
    #expect(answers.lowercased().ranges(of: "connection: close").count == 1)
  }

  @Test func callsHaveTheFieldsThatAllAnswersHave() async throws {
    let answer = try await exchange(Array(Self.call(headers: "X-Correlation-ID: mine\r\n").utf8))
    #expect(answer.contains("X-Correlation-ID: mine\r\n"))
    #expect(answer.contains(#/\r\nDate: (Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/#))
    #expect(!answer.lowercased().contains("connection: close"))
  }

  /// Who has waited for ten seconds gets a stream in place of the answer, and the answer in it; then it is the next
  /// request's turn.
  @Test func aLateAnswerComesAsAStream() async throws {
    let tools = ScriptedTools(definitions: [MCPRouteTests.definition("slow")]) { tool, _ in
      try? await Task.sleep(for: .milliseconds(11_500))
      return .succeeded(["slept": true])
    }
    let message = MCPRequest.modernCall("slow")
    var head = "POST /mcp HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nX-Correlation-ID: mine\r\n"
    for field in message.headers { head += "\(field.name.rawName): \(field.value)\r\n" }
    let body = String(decoding: message.body.serialized(), as: UTF8.self)
    let first = head + "Content-Length: \(body.utf8.count)\r\n\r\n" + body
    let answers = try await exchange(
      Array((first + Self.call("next", headers: "Connection: close\r\n")).utf8), untilClosed: true,
      policy: MCPRouteTests.allowEverything, tools: tools)
    #expect(Self.statuses(answers) == [200, 200])
    let late = answers.split(separator: "HTTP/1.1 ")[0].lowercased()
    #expect(late.contains("content-type: text/event-stream\r\n"))
    #expect(late.contains("x-correlation-id: mine\r\n"))
    #expect(late.contains("transfer-encoding: chunked\r\n"))
    #expect(late.ranges(of: "data: ").count == 1)
    #expect(late.contains(#""structuredcontent":{"slept":true}"#))
    #expect(late.contains("\r\n0\r\n\r\n"))
    #expect(tools.sent.map(\.tool) == ["slow", "hack"])
  }

  @Test func whatIsNoHTTPAfterACallEndsTheConnectionAfterItsAnswer() async throws {
    let answers = try await exchange(Array((Self.call() + "\u{1}\u{2} no request\r\n\r\n").utf8), untilClosed: true)
    #expect(Self.statuses(answers) == [200, 400])
  }

  @Test func aCallOfHTTP10EndsItsConnection() async throws {
    let answer = try await exchange(Array(Self.call(version: "1.0").utf8), untilClosed: true)
    #expect(answer.hasPrefix("HTTP/1.0 200 "))
    #expect(answer.lowercased().contains("connection: close"))
  }

  @Test func aBodyThatIsNoneIsRefused() async throws {
    let head =
      "POST /tools/call HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    let answer = try await exchange(Array((head + "zz\r\n{}\r\n0\r\n\r\n").utf8))
    #expect(answer.hasPrefix("HTTP/1.1 400 "))
    #expect(answer.lowercased().contains("connection: close"))
    #expect(answer.hasSuffix(#"{"detail":"There was an error parsing the body"}"#))
  }

  @Test func aRefusalReachesAClientThatIsStillSending() async throws {
    let head = "POST /mcp HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9000000\r\n\r\n"
    let answer = try await exchange(Array(head.utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: 9_000_000))
    #expect(answer.hasPrefix("HTTP/1.1 413 "))
    #expect(answer.hasSuffix(#"{"error":"Request body too large"}"#))
  }

  @Test func aClientThatClosesItsSideGetsTheAnswerThatIsNear() async throws {
    let answer = try await exchange(Array(Self.call().utf8), closesSide: true)
    #expect(answer.hasPrefix("HTTP/1.1 200 "))
  }

  @Test func aCallInPiecesIsOneCall() async throws {
    let answer = try await exchange(Array(Self.call(headers: "Connection: close\r\n").utf8), pieces: 7)
    #expect(answer.hasPrefix("HTTP/1.1 200 "))
  }

  @Test(arguments: [
    (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
    (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_798_675_199, "Wed, 30 Dec 2026 23:59:59 GMT"),
  ])
  func dates(_ second: Int, _ text: String) { #expect(HTTPDate.text(second) == text) }

  @Test(arguments: [
    "GET * HTTP/1.1", "OPTIONS * HTTP/1.1", "GET http: HTTP/1.1", "GET http://h HTTP/1.1", "GET ? HTTP/1.1",
    "GET /%%%?%%& HTTP/1.1",
  ])
  func oddTargets(_ line: String) async throws {
    let answer = try await exchange(Array("\(line)\r\nHost: a\r\nConnection: close\r\n\r\n".utf8))
    #expect(answer.hasPrefix("HTTP/1.1 4"), "\(answer)")
  }
}

/// A client that sends what it is given.
enum RawHTTP {
  struct Failure: Error {}

  /// Sends the bytes and returns what comes back until the server closes the connection or has been silent for a
  /// second after its answer.
  ///
  /// - Parameters:
  ///   - closesSide: nothing more will be sent, the system tells the server then
  ///   - pieces: bytes that are sent at a time
  ///   - untilClosed: the server has to close the connection: no silence ends the answer
  static func exchange(
    _ bytes: [UInt8], port: Int, closesSide: Bool = false, pieces: Int? = nil, untilClosed: Bool = false
  ) throws -> String {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { throw Failure() }
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { throw Failure() }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        send(socket, $0.baseAddress, min($0.count, pieces ?? .max), Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { break }
      rest = rest.dropFirst(count)
      if pieces != nil { usleep(2_000) }
    }
    if closesSide { shutdown(socket, Int32(SHUT_WR)) }
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      var timeout = timeval(tv_sec: answer.isEmpty || untilClosed ? 20 : 1, tv_usec: 0)
      setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
      let count = recv(socket, &buffer, buffer.count, 0)
      guard count > 0 else { break }
      answer += buffer[..<count]
    }
    return String(decoding: answer, as: UTF8.self)
  }
}

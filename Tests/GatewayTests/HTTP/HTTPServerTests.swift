import Dispatch
import Glibc
import HummingbirdTesting
import Synchronization
import Testing

@testable import Gateway

/// What only bytes on a socket can show.
@Suite(.timeLimit(.minutes(1))) struct HTTPServerTests {
  private func exchange(_ bytes: [UInt8]) async throws -> String {
    let answer = Mutex("")
    try await GatewayFixture.run(setup: .live) { gateway async throws in
      let port = try #require(gateway.client.port)
      // On a thread of its own: the server needs those that tasks run on.
      let text = try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<String, any Error>) in
        DispatchQueue.global().async {
          continuation.resume(with: Result { try RawHTTP.exchange(bytes, port: port) })
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
  static func exchange(_ bytes: [UInt8], port: Int) throws -> String {
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
      let count = rest.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { break }
      rest = rest.dropFirst(count)
    }
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      var timeout = timeval(tv_sec: answer.isEmpty ? 20 : 1, tv_usec: 0)
      setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
      let count = recv(socket, &buffer, buffer.count, 0)
      guard count > 0 else { break }
      answer += buffer[..<count]
    }
    return String(decoding: answer, as: UTF8.self)
  }
}

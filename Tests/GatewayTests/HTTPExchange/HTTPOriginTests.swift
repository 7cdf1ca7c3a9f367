import Glibc
import HTTPExchange
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct HTTPOriginTests {
  private static func origin(_ port: Int, scheme: String = "http") throws -> HTTPOrigin {
    try HTTPOrigin(
      try #require(HTTPTarget("\(scheme)://127.0.0.1:\(port)/mcp?a=b")),
      connectTimeout: .seconds(scheme == "https" ? 1 : 20))
  }

  private static func answer(_ origin: HTTPOrigin, _ method: HTTPMethod = .POST, _ body: String? = "{}") -> HTTPAnswer {
    let answer = HTTPAnswer()
    origin.send(method, HTTPFieldLines(HTTPHeaders([("X-A", "b")])), body.map { Array($0.utf8) }, answer: answer)
    return answer
  }

  /// The status and the whole body.
  private static func read(_ answer: HTTPAnswer) async throws -> String {
    switch await answer.next() {
    case .head(let head):
      var text = "\(head.status.code) "
      while let bytes = try await answer.nextBytes() { text += String(buffer: bytes) }
      return text
    case .failed(let error): throw error
    case .body, .end: return "no head"
    }
  }

  private static func plain(_ body: String, _ fields: String = "") -> String {
    "HTTP/1.1 200 OK\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  @Test func requestsAreWhole() async throws {
    let server = try ScriptedServer { _ in Self.plain("yes") }
    let origin = try Self.origin(server.port)
    #expect(try await Self.read(Self.answer(origin)) == "200 yes")
    #expect(
      server.requests == [
        "POST /mcp?a=b HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\nX-A: b\r\nContent-Length: 2\r\n\r\n{}"
      ])
    await origin.shutdown()
  }

  @Test(
    arguments: [
      ("", 1), ("Connection: close\r\n", 3), ("Connection: keep-alive\r\n", 1),
    ])
  func connectionsAreKept(_ fields: String, _ connections: Int) async throws {
    let server = try ScriptedServer { Self.plain("\($0)", fields) }
    let origin = try Self.origin(server.port)
    for number in 0..<3 {
      #expect(try await Self.read(Self.answer(origin)) == "200 \(number)")
    }
    #expect(server.connections == connections)
    await origin.shutdown()
  }

  @Test func anEndedConnectionIsNotUsedAgain() async throws {
    // It closes without having said so.
    let server = try ScriptedServer(closesAfter: 1) { Self.plain("\($0)") }
    let origin = try Self.origin(server.port)
    for number in 0..<3 {
      #expect(try await Self.read(Self.answer(origin)) == "200 \(number)")
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(server.connections == 3)
    await origin.shutdown()
  }

  @Test func whatNobodyAskedForEndsTheConnection() async throws {
    let server = try ScriptedServer { Self.plain("\($0)") + ($0 == 0 ? Self.plain("forged") : "") }
    let origin = try Self.origin(server.port)
    #expect(try await Self.read(Self.answer(origin)) == "200 0")
    try await Task.sleep(for: .milliseconds(50))
    #expect(try await Self.read(Self.answer(origin)) == "200 1")
    #expect(server.connections == 2)
    await origin.shutdown()
  }

  @Test(arguments: [
    ("HTTP/1.1 200 OK\r\n\r\nto the end", "200 to the end"),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "200 abcde"),
    ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", "200 x"),
    ("HTTP/1.1 204 No Content\r\n\r\n", "204 "),
    ("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", "302 "),
  ])
  func answersOfAllKinds(_ answer: String, _ expected: String) async throws {
    let server = try ScriptedServer(closesAfter: 1) { _ in answer }
    let origin = try Self.origin(server.port)
    #expect(try await Self.read(Self.answer(origin)) == expected)
    #expect(server.connections == 1)
    await origin.shutdown()
  }

  /// A connection's first answers are plain; from another one on they are read in another way.
  @Test func answersOfAllKindsComeOnOneConnection() async throws {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    let server = try ScriptedServer { $0 == 2 ? chunked : Self.plain("\($0)") }
    let origin = try Self.origin(server.port)
    var bodies: [String] = []
    for _ in 0..<5 { bodies.append(try await Self.read(Self.answer(origin))) }
    #expect(bodies == ["200 0", "200 1", "200 abc", "200 3", "200 4"])
    #expect(server.connections == 1)
    await origin.shutdown()
  }

  @Test func whatAnswersNoBodyIsReadSo() async throws {
    // Its length is what a GET's would be: no bytes of it follow.
    let server = try ScriptedServer { $0 == 0 ? "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" : Self.plain("next") }
    let origin = try Self.origin(server.port)
    #expect(try await Self.read(Self.answer(origin, .HEAD, nil)) == "200 ")
    #expect(try await Self.read(Self.answer(origin)) == "200 next")
    #expect(server.connections == 1)
    await origin.shutdown()
  }

  @Test(arguments: [
    "", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
  ])
  func brokenAnswersFailOnceTheyWereSent(_ answer: String) async throws {
    let server = try ScriptedServer(closesAfter: 1) { _ in answer }
    let origin = try Self.origin(server.port)
    let error = await #expect(throws: (any Error).self) { try await Self.read(Self.answer(origin)) }
    #expect(error is HTTPUnreachable == false)
    #expect(server.requests.count == 1, "nothing is sent twice")
    await origin.shutdown()
  }

  @Test func largeAnswersWaitForTheirReader() async throws {
    let body = String(repeating: "x", count: 20 << 20)
    let server = try ScriptedServer { _ in Self.plain(body) }
    let origin = try Self.origin(server.port)
    let answer = Self.answer(origin)
    try await Task.sleep(for: .milliseconds(300))
    #expect(server.sent < 16 << 20, "the connection is read although nobody takes what comes")
    guard case .head = await answer.next() else { throw CancellationError() }
    var count = 0
    while let bytes = try await answer.nextBytes() { count += bytes.readableBytes }
    #expect(count == body.utf8.count)
    await origin.shutdown()
  }

  @Test func cancellingEndsTheConnection() async throws {
    let server = try ScriptedServer { _ in "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf" }
    let origin = try Self.origin(server.port)
    let answer = Self.answer(origin)
    guard case .head = await answer.next() else { throw CancellationError() }
    answer.cancel()
    answer.cancel()
    try await server.until { $0.ended == 1 }
    guard case .failed(is HTTPAnswer.Cancelled) = await answer.next() else {
      Issue.record("the wait goes on")
      return
    }
    // What is cancelled before it is sent isn't sent.
    let early = HTTPAnswer()
    early.cancel()
    origin.send(.POST, HTTPFieldLines(), [], answer: early)
    await origin.shutdown()
    #expect(server.requests.count == 1)
  }

  @Test func whatCannotBeReachedIsToldApart() async throws {
    let server = try ScriptedServer { _ in Self.plain("no TLS") }
    let port = server.port
    let tls = try Self.origin(port, scheme: "https")
    await #expect(throws: HTTPUnreachable.self) { try await Self.read(Self.answer(tls)) }
    await tls.shutdown()
    server.stop()
    let gone = try Self.origin(port)
    let refusal = await #expect(throws: HTTPUnreachable.self) { try await Self.read(Self.answer(gone)) }
    #expect(refusal?.reason == "Connection refused")
    await gone.shutdown()
    await #expect(throws: HTTPUnreachable.self) { try await Self.read(Self.answer(gone)) }
  }

  @Test func requestsBeyondTheLimitWait() async throws {
    let server = try ScriptedServer { Self.plain("\($0)") }
    let origin = try Self.origin(server.port)
    let answers = (0..<HTTPOrigin.connectionLimit + 44).map { _ in Self.answer(origin) }
    var bodies: Set<String> = []
    for answer in answers { bodies.insert(try await Self.read(answer)) }
    #expect(bodies.count == answers.count)
    #expect(server.connections <= HTTPOrigin.connectionLimit)
    await origin.shutdown()
  }

  @Test(arguments: [
    ("http://a", false, "a", 80, "/", "a"),
    ("HTTPS://A.example/x/y?q=1#f", true, "A.example", 443, "/x/y?q=1", "A.example"),
    ("http://[::1]:8080/m", false, "::1", 8080, "/m", "[::1]:8080"), ("https://a:8443", true, "a", 8443, "/", "a:8443"),
    ("http://a/%2F%20?x=%26", false, "a", 80, "/%2F%20?x=%26", "a"),
  ])
  func targets(
    _ url: String, _ isSecure: Bool, _ host: String, _ port: Int, _ path: String, _ authority: String
  ) throws {
    let target = try #require(HTTPTarget(url))
    #expect(target.isSecure == isSecure)
    #expect(target.host == host)
    #expect(target.port == port)
    #expect(target.path == path)
    #expect(target.authority == authority)
  }

  @Test(arguments: ["", "a", "ftp://a", "http://", "http:///x", "http://a:0", "http://a:70000"])
  func urlsThatAreNoTargets(_ url: String) { #expect(HTTPTarget(url) == nil) }
}

/// A server of a few lines, on threads of its own: reads a request, sends what it is told to, as it is.
private final class ScriptedServer: Sendable {
  struct State {
    var connections = 0
    var ended = 0
    var sent = 0
    var requests: [String] = []
  }
  private let state = Mutex(State())
  private let listener: Int32
  let port: Int

  var connections: Int { state.withLock { $0.connections } }
  var requests: [String] { state.withLock { $0.requests } }
  var sent: Int { state.withLock { $0.sent } }

  /// - Parameters:
  ///   - closesAfter: answers of a connection
  ///   - answer: to the request of this number, from 0
  init(closesAfter: Int = .max, _ answer: @escaping @Sendable (Int) -> String) throws {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { [listener] pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 512) == 0 && getsockname(listener, $0, &size) == 0
      }
    }
    guard isBound else { throw CancellationError() }
    port = Int(UInt16(bigEndian: address.sin_port))
    Thread.start { [self] in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        state.withLock { $0.connections += 1 }
        Thread.start { self.serve(connection, closesAfter: closesAfter, answer) }
      }
    }
  }

  func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  func until(_ holds: (State) -> Bool) async throws {
    while !state.withLock({ holds($0) }) { try await Task.sleep(for: .milliseconds(5)) }
  }

  private func serve(_ connection: Int32, closesAfter: Int, _ answer: (Int) -> String) {
    defer {
      close(connection)
      state.withLock { $0.ended += 1 }
    }
    var answered = 0
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while answered < closesAfter {
      var request = ""
      repeat {
        let count = recv(connection, &buffer, buffer.count, 0)
        guard count > 0 else { return }
        request += String(decoding: buffer[..<count], as: UTF8.self)
      } while !Self.isWhole(request)
      let number = state.withLock { state in
        state.requests.append(request)
        return state.requests.count - 1
      }
      var rest = Array(answer(number).utf8)[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes {
          send(connection, $0.baseAddress, min($0.count, 65_536), Int32(MSG_NOSIGNAL))
        }
        guard count > 0 else { return }
        state.withLock { $0.sent += count }
        rest = rest.dropFirst(count)
      }
      answered += 1
    }
  }

  private static func isWhole(_ request: String) -> Bool {
    guard let head = request.firstRange(of: "\r\n\r\n") else { return false }
    let length = request[..<head.lowerBound].split(separator: "\r\n").compactMap { line in
      line.lowercased().hasPrefix("content-length: ") ? Int(line.dropFirst(16)) : nil
    }
    return request[head.upperBound...].utf8.count >= length.first ?? 0
  }
}

/// A thread of its own: as many as there are connections, which block.
private enum Thread {
  private final class Work {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  static func start(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work(body)).toOpaque()
    pthread_create(
      &thread, nil,
      { raw in
        if let raw { Unmanaged<Work>.fromOpaque(raw).takeRetainedValue().body() }
        return nil
      }, work)
    pthread_detach(thread)
  }
}

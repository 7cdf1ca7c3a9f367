import HTTPExchange
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

/// What is read as a plain message is what NIO's decoder reads as well; everything else is left to that.
@Suite struct PlainMessagesTests {
  private typealias RequestPart = HTTPServerRequestPart

  private static let usual =
    "POST /mcp?a=b HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nMcp-Name:echo\r\nX-Empty:\r\n"

  private static func plainRequest(_ text: String) -> PlainHead<HTTPRequestHead>? {
    Array(text.utf8).withUnsafeBytes { PlainHead(request: $0, limits: PlainHeadLimits()) }
  }

  private static func plainResponse(_ text: String) -> PlainHead<HTTPResponseHead>? {
    Array(text.utf8).withUnsafeBytes { PlainHead(response: $0, limits: PlainHeadLimits()) }
  }

  /// The parts that NIO's decoder makes of the bytes, bodies put together; nothing when it refuses them.
  private static func decoded<Head: Equatable & Sendable>(
    _ bytes: [UInt8], as head: Head.Type, by prepare: (EmbeddedChannel) throws -> Void
  ) -> [HTTPPart<Head, ByteBuffer>]? {
    let channel = EmbeddedChannel()
    defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
    do {
      try prepare(channel)
      try channel.writeInbound(ByteBuffer(bytes: bytes))
      var parts: [HTTPPart<Head, ByteBuffer>] = []
      while let part = try channel.readInbound(as: HTTPPart<Head, ByteBuffer>.self) {
        if case .body(let more) = part, case .body(var body)? = parts.last {
          body.writeImmutableBuffer(more)
          parts[parts.count - 1] = .body(body)
        } else {
          parts.append(part)
        }
      }
      return parts
    } catch {
      return nil
    }
  }

  private static func decodedRequest(_ bytes: [UInt8]) -> [RequestPart]? {
    decoded(bytes, as: HTTPRequestHead.self) { channel in
      try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
    }
  }

  private static func decodedResponse(_ bytes: [UInt8]) -> [HTTPClientResponsePart]? {
    decoded(bytes, as: HTTPResponseHead.self) { channel in
      let decoder = ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes))
      try channel.pipeline.syncOperations.addHandlers(HeadsEnd(), decoder)
      try channel.writeOutbound(
        HTTPClientRequestPart.head(HTTPRequestHead(version: .http1_1, method: .POST, uri: "/")))
    }
  }

  private static func parts<Head>(_ plain: PlainHead<Head>, _ bytes: [UInt8]) -> [HTTPPart<Head, ByteBuffer>] {
    let body = bytes[plain.size..<plain.size + plain.bodySize]
    return [.head(plain.head)] + (body.isEmpty ? [] : [.body(ByteBuffer(bytes: body))]) + [.end(nil)]
  }

  // MARK: What is plain

  @Test func aRequestIsReadAsTheDecoderReadsIt() throws {
    let text = Self.usual + "Content-Length: 2\r\n\r\n{}"
    let plain = try #require(Self.plainRequest(text))
    #expect(plain.bodySize == 2)
    #expect(plain.size == text.utf8.count - 2)
    #expect(plain.head.headers.map(\.value) == ["a", "application/json", "echo", "", "2"])
    #expect(Self.decodedRequest(Array(text.utf8)) == Self.parts(plain, Array(text.utf8)))
  }

  @Test func aResponseIsReadAsTheDecoderReadsIt() throws {
    let text = "HTTP/1.1 404 Not  Here\r\nDate: now\r\ncontent-length: 3\r\nConnection: close\r\n\r\nno!"
    let plain = try #require(Self.plainResponse(text))
    #expect(plain.head.status.code == 404)
    #expect(plain.head.isKeepAlive == false)
    #expect(Self.decodedResponse(Array(text.utf8)) == Self.parts(plain, Array(text.utf8)))
  }

  @Test(arguments: [
    "Transfer-Encoding: chunked\r\n", "transfer-encoding: identity\r\nContent-Length: 2\r\n",
    "Content-Length: 2\r\nContent-Length: 2\r\n", "Content-Length: +2\r\n", "Content-Length: 2, 2\r\n",
    "Content-Length: 0x2\r\n", "Content-Length: 2 \r\n", "Content-Length:\r\n", "Content-Length : 2\r\n",
    "Content-Length: 9999999999999999\r\n", "Content-Length: \u{662}\r\n", "Upgrade: h2c\r\n",
    "Connection: upgrade\r\n", "Connection: close, Content-Length\r\n", "Proxy-Connection: close\r\n",
    "Expect: 100-continue\r\n", " X-Folded: a\r\n", "X-A: a\r\n b\r\n", "X-A: a\n", "X-A: a\rb\r\n", "X-A: \u{0}\r\n",
    "X-A: \u{7F}\r\n", "X-A: \u{E9}\r\n", "X-\u{E9}: a\r\n", "X A: a\r\n", ": a\r\n", "X-A\r\n", "X-A: a \r\n",
    "X-A: \(String(repeating: "a", count: 16_384))\r\n", String(repeating: "X-A: a\r\n", count: 100),
  ])
  func whatIsUnusualIsLeftToTheDecoder(_ fields: String) {
    #expect(Self.plainRequest(Self.usual + fields + "\r\n{}") == nil)
    #expect(Self.plainResponse("HTTP/1.1 200 OK\r\n" + fields + "\r\n{}") == nil)
  }

  @Test(arguments: [
    "HEAD / HTTP/1.1\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
    "get / HTTP/1.1\r\n\r\n", "GET http://a/ HTTP/1.1\r\n\r\n", "GET /\u{E9} HTTP/1.1\r\n\r\n", "GET /\r\n\r\n",
    "\r\nGET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\n\n", "GET / HTTP/1.1\r\nHost: a\r\n", "GET / HTTP/1.1 \r\n\r\n",
  ])
  func otherRequestsAreLeftToTheDecoder(_ text: String) { #expect(Self.plainRequest(text) == nil) }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n", "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
  ])
  func otherResponsesAreLeftToTheDecoder(_ text: String) { #expect(Self.plainResponse(text) == nil) }

  /// One byte changed, taken away or put in, anywhere: what is still plain is read as the decoder reads it.
  @Test func nothingIsReadInAnotherWay() {
    let request = Array((Self.usual + "Connection: keep-alive\r\nContent-Length: 2\r\n\r\n{}").utf8)
    let response = Array("HTTP/1.1 200 OK\r\nServer: a b\r\nContent-Length: 2\r\n\r\n{}".utf8)
    let others: [UInt8] = [0, 9, 10, 13, 32, 34, 35, 43, 44, 45, 47, 48, 49, 51, 58, 59, 65, 97, 123, 127, 128, 255]
    var plain = 0
    func compare<Head: Equatable>(
      _ head: PlainHead<Head>?, _ bytes: [UInt8], _ decode: ([UInt8]) -> [HTTPPart<Head, ByteBuffer>]?
    ) {
      guard let head, bytes.count >= head.size + head.bodySize else { return }
      // A message alone: what comes after it is the next one's.
      let message = Array(bytes[..<(head.size + head.bodySize)])
      #expect(decode(message) == Self.parts(head, message), "\(String(decoding: message, as: UTF8.self))")
      plain += 1
    }
    for (original, isRequest) in [(request, true), (response, false)] {
      for place in original.indices {
        for byte in others {
          for (size, replacement) in [(1, [byte]), (0, [byte]), (1, [])] {
            var bytes = original
            bytes.replaceSubrange(place..<place + size, with: replacement)
            bytes.withUnsafeBytes { raw in
              if isRequest {
                compare(PlainHead(request: raw, limits: PlainHeadLimits()), bytes, Self.decodedRequest)
              } else {
                compare(PlainHead(response: raw, limits: PlainHeadLimits()), bytes, Self.decodedResponse)
              }
            }
          }
        }
      }
    }
    #expect(plain > 2_000, "\(plain)")
  }

  // MARK: On a connection

  /// What a connection's parts are, however its bytes come in: `head /a`, `body {}`, `end`; `bytes …` for what is left to
  /// the decoder.
  private static func parts(of pieces: [String]) throws -> (parts: [String], errors: [any Error]) {
    var seen: [String] = []
    let handler = PlainMessages(
      .init(
        head: { PlainHead(request: $0, limits: PlainHeadLimits()) },
        take: { part, _ in
          switch part {
          case .head(let head): seen.append("head \(head.uri)")
          case .body(let bytes): seen.append("body \(String(buffer: bytes))")
          case .end: seen.append("end")
          }
        }, giveUp: { seen.append("gives up") }))
    let channel = EmbeddedChannel()
    try channel.pipeline.syncOperations.addHandler(handler)
    var errors: [any Error] = []
    for piece in pieces {
      do { try channel.writeInbound(ByteBuffer(string: piece)) } catch { errors.append(error) }
      while let bytes = try channel.readInbound(as: ByteBuffer.self) { seen.append("bytes \(String(buffer: bytes))") }
    }
    do { _ = try channel.finish(acceptAlreadyClosed: true) } catch { errors.append(error) }
    return (seen, errors)
  }

  @Test func messagesFollowEachOther() throws {
    let get = "GET /b HTTP/1.1\r\n\r\n"
    let post = "POST /a HTTP/1.1\r\nContent-Length: 4\r\n\r\nabcd"
    let (parts, errors) = try Self.parts(of: [post + get, String(post.dropLast(3)), "bc", "d" + get])
    #expect(
      parts == [
        "head /a", "body abcd", "end", "head /b", "end", "head /a", "body a", "body bc", "body d", "end", "head /b",
        "end",
      ])
    #expect(errors.isEmpty)
  }

  @Test func fromTheFirstOtherMessageOnTheDecoderHasEverything() throws {
    let get = "GET /b HTTP/1.1\r\n\r\n"
    let (parts, _) = try Self.parts(of: [get + "HEAD /", "c HTTP/1.1\r\n\r\n", get])
    #expect(
      parts == ["head /b", "end", "gives up", "bytes HEAD /", "bytes c HTTP/1.1\r\n\r\n", "bytes \(get)"])
  }

  @Test func anEndInTheMiddleOfABodyIsAnError() throws {
    let (parts, errors) = try Self.parts(of: ["POST /a HTTP/1.1\r\nContent-Length: 4\r\n\r\nab"])
    #expect(parts == ["head /a", "body ab"])
    #expect(errors.count == 1)
    #expect(errors.first as? HTTPParserError == .invalidEOFState)
  }
}

/// What is sent goes no further.
private final class HeadsEnd: ChannelOutboundHandler {
  typealias OutboundIn = HTTPClientRequestPart
  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) { promise?.succeed() }
}

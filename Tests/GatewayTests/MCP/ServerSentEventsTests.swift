import Testing

@testable import Gateway

@Suite struct ServerSentEventsTests {
  private func events(_ chunks: [[UInt8]], limit: Int = 1_000) throws(EventTooLarge) -> [ServerSentEvent] {
    var parser = ServerSentEventParser(maximumEventBytes: limit)
    var events: [ServerSentEvent] = []
    for chunk in chunks { events += try parser.events(in: chunk) }
    return events
  }

  private func event(
    _ data: String, event: String = "message", id: String? = nil, retry: Int? = nil
  ) -> ServerSentEvent {
    ServerSentEvent(event: event, data: Array(data.utf8), id: id, retry: retry)
  }

  private static let cases: [(String, [(data: String, event: String, id: String?, retry: Int?)])] = [
    ("data: a\n\n", [("a", "message", nil, nil)]),
    (
      "data:a\r\n\r\ndata:  b\r\rdata\n\n",
      [("a", "message", nil, nil), (" b", "message", nil, nil), ("", "message", nil, nil)]
    ),
    ("data: a\ndata:\ndata: b\n\n", [("a\n\nb", "message", nil, nil)]),
    ("\u{FEFF}data: a\n\n", [("a", "message", nil, nil)]),
    ("\u{FEFF}\u{FEFF}data: a\n\n", []),
    (" data: a\n\n", []),
    (": comment\ndata: a\n:\n\n", [("a", "message", nil, nil)]),
    ("event: e\ndata: a\n\ndata: b\n\n", [("a", "e", nil, nil), ("b", "message", nil, nil)]),
    ("event: e\n\ndata: b\n\n", [("b", "message", nil, nil)]),
    (
      "id: 1\n\ndata: a\n\nid\ndata: b\n\nid: x\0\ndata: c\n\n",
      [
        ("a", "message", "1", nil), ("b", "message", "", nil), ("c", "message", "", nil),
      ]
    ),
    (
      "retry: 20\ndata: a\n\nretry: 2x\ndata: b\n\nretry: 99999999999999999999\ndata: c\n\n",
      [
        ("a", "message", nil, 20), ("b", "message", nil, nil), ("c", "message", nil, nil),
      ]
    ),
    ("Data: a\nother: b\ndata: c: d\n\n", [("c: d", "message", nil, nil)]),
    ("data: a\n\ndata: cut off\n", [("a", "message", nil, nil)]),
    ("", []), ("\n\r\n\r", []), ("\u{FEFF}", []),
  ]

  @Test(arguments: 0..<cases.count)
  func streams(number: Int) throws {
    let (text, expected) = Self.cases[number]
    let wanted = expected.map { event($0.data, event: $0.event, id: $0.id, retry: $0.retry) }
    let bytes = Array(text.utf8)
    #expect(try events([bytes]) == wanted)
    #expect(try events(bytes.map { [$0] }) == wanted)
    for cut in 0...bytes.count { #expect(try events([Array(bytes[..<cut]), [], Array(bytes[cut...])]) == wanted) }
  }

  @Test func whatIsNoByteOrderMark() throws {
    let bytes: [UInt8] = [0xEF, 0xBB] + Array("x\ndata: a\n\n".utf8)
    #expect(try events(bytes.map { [$0] }) == [event("a")])
    #expect(try events([bytes]) == [event("a")])
  }

  @Test func anEventAsLargeAsMayBe() throws {
    let line = Array("data: 345678\n".utf8)
    #expect(try events([line, [0x0A]], limit: 12) == [event("345678")])
    #expect(throws: EventTooLarge(maximumEventBytes: 11)) { try events(line.map { [$0] }, limit: 11) }
    #expect(throws: EventTooLarge.self) { try events([line, line], limit: 17) }
    #expect(try events([line, line, [0x0A]], limit: 18) == [event("345678\n345678")])
    #expect(throws: EventTooLarge.self) { try events([line + line], limit: 17) }
    #expect(throws: EventTooLarge.self) { try events([Array("data: 0123456789012345\n\n".utf8)], limit: 12) }
    #expect(throws: EventTooLarge.self) { try events([[UInt8](repeating: 0x41, count: 13)], limit: 12) }
    // Comments take no memory, and an event's room is its own.
    let comment = [[0x3A], [UInt8](repeating: 0x41, count: 5_000), [0x0A]]
    #expect(try events(comment + [line, [0x0A], line, [0x0A]], limit: 14).count == 2)
  }

  @Test func nothingIsReadAfterAnError() {
    var parser = ServerSentEventParser(maximumEventBytes: 10)
    #expect(throws: EventTooLarge.self) { try parser.events(in: [UInt8](repeating: 0x41, count: 11)) }
    #expect(throws: EventTooLarge.self) { try parser.events(in: Array("\n\ndata: a\n\n".utf8)) }
  }

  @Test func whatEventsWithoutDataSay() throws {
    var parser = ServerSentEventParser(maximumEventBytes: 100)
    #expect(try parser.events(in: "id: 7\nretry: 3000\n\n".utf8).isEmpty)
    #expect(parser.lastEventID == "7")
    #expect(parser.retry == 3_000)
  }

  @Test func whatIsWrittenIsRead() throws {
    #expect(ServerSentEvent(data: Array("{}".utf8), id: nil).serialized() == Array("event: message\ndata: {}\n\n".utf8))
    #expect(
      ServerSentEvent(data: Array("{}".utf8), id: "4").serialized() == Array("event: message\nid: 4\ndata: {}\n\n".utf8)
    )
    let pretty = Array("{\n \"a\":\r\n1\r}".utf8)
    #expect(try events([ServerSentEvent(data: pretty, id: "a\nb").serialized()]) == [event("{\n \"a\":\n1\n}")])
  }
}

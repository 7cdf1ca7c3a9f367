import Logging
import StrictJSON
import Testing

@testable import Gateway

struct JSONLogHandlerTests {
  @Test func oneLineOfJSONAnEntry() throws {
    let log = LogRecorder()
    var logger = log.logger
    logger[metadataKey: "correlation_id"] = "c\n{\"level\":\"forged\"}"
    logger.warning(
      "a \"b\"\u{2028}\n\u{0}é", metadata: ["n": .stringConvertible(3), "level": "own", "list": ["x", "y"]])
    let line = try #require(log.lines.first)
    #expect(log.lines.count == 1)
    #expect(line.hasSuffix("\n") && line.utf8.filter { $0 == UInt8(ascii: "\n") }.count == 1)
    let json = try JSONValue(parsing: line.dropLast().description)
    #expect(json["level"] == "warning", "metadata can't replace what the handler says")
    #expect(json["event"] == "a \"b\"\u{2028}\n\u{0}é")
    #expect(json["correlation_id"] == "c\n{\"level\":\"forged\"}")
    #expect(json["n"] == 3)
    #expect(json["list"] == ["x", "y"])
    #expect(json["timestamp"]?.stringValue.flatMap { ISOTimestamp.microseconds($0.utf8) } != nil)
  }

  @Test(
    arguments: [
      ("DEBUG", .debug), ("Info", .info), ("WARNING", .warning), ("CRITICAL", .critical), ("fatal", .critical),
      ("NOTSET", .trace), ("", nil), ("loud", nil),
    ] as [(String, Logger.Level?)])
  func levels(_ name: String, _ level: Logger.Level?) {
    #expect(Logger.Level(name: name) == level)
  }
}

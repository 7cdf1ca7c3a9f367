import StrictJSON
import Testing

@testable import Gateway

struct ToolPinFileTests {
  private static let print = ToolFingerprint.of(["name": "t"])
  private static let pin = #"{"fingerprint":"\#(print)","since":"x","definition":{"name":"t"}}"#

  private func file(_ tool: String) -> String {
    #"{"version":1,"servers":{"s":{"known":true,"tools":{"t":\#(tool)}}}}"#
  }

  @Test func readsWhatItWrites() throws {
    var file = ToolPinFile()
    file.servers[ExactText("known")] = .init(isKnown: true)
    let definition: JSONValue = [
      "name": "t", "description": "d\u{200B}", "inputSchema": ["maximum": .number(.init(literal: "1e400") ?? 0)],
    ]
    for server in ["known", "new", "\u{E9}", "e\u{301}"] {
      let tool = try ToolPins.Tool(server: server, definition: definition)
      let isNews = file.observe([tool], of: server, trusted: false, at: "2026-01-01T00:00:00+00:00")
      #expect(isNews)
      let isAgain = file.observe([tool], of: server, trusted: false, at: "later")
      #expect(!isAgain)
    }
    let read = try ToolPinFile(parsing: Array(file.text.utf8))
    #expect(read.servers == file.servers)
    #expect(read.servers.count == 4)
    #expect(read.text == file.text)
    #expect(read.servers[ExactText("known")]?.tools[ExactText("t")]?.pinned?.value == definition)
    #expect(read.servers[ExactText("new")]?.tools[ExactText("t")]?.pending?.value == definition)
  }

  @Test func readsWhatIsRight() throws {
    for text in [
      #"{"version":1,"servers":{}}"#, file(#"{"pinned":\#(Self.pin)}"#), file(#"{"pending":\#(Self.pin)}"#),
      file(#"{"pinned":\#(Self.pin),"pending":\#(Self.pin)}"#),
    ] {
      _ = try ToolPinFile(parsing: Array(text.utf8))
    }
  }

  @Test(arguments: [
    ("", "1:1"), ("{", "1:2"), ("[]", "$"), ("{}", "$.version"), (#"{"version":2,"servers":{}}"#, "$.version"),
    (#"{"version":1}"#, "$.servers"), (#"{"version":1,"servers":[]}"#, "$.servers"),
    (#"{"version":1,"servers":{},"server":{}}"#, "$"), (#"{"version":1,"version":1,"servers":{}}"#, "1:14"),
    (#"{"version":1,"servers":{"s":{"tools":{}}}}"#, #"$.servers["s"].known"#),
    (#"{"version":1,"servers":{"s":{"known":1,"tools":{}}}}"#, #"$.servers["s"].known"#),
    (#"{"version":1,"servers":{"s":{"known":true}}}"#, #"$.servers["s"].tools"#),
    (#"{"version":1,"servers":{"s":{"known":true,"tools":{},"x":1}}}"#, #"$.servers["s"]"#),
    ("TOOL {}", #"$.servers["s"].tools["t"]"#), (#"TOOL {"pinned":null}"#, #"$.servers["s"].tools["t"].pinned"#),
    (#"TOOL {"pinned":PIN,"x":1}"#, #"$.servers["s"].tools["t"]"#),
    (
      #"TOOL {"pending":{"fingerprint":"00","since":"x","definition":{"name":"t"}}}"#,
      #"$.servers["s"].tools["t"].pending.fingerprint"#
    ),
    (
      #"TOOL {"pinned":{"since":"x","definition":{"name":"t"}}}"#, #"$.servers["s"].tools["t"].pinned.fingerprint"#
    ),
    (
      #"TOOL {"pinned":{"fingerprint":"00","definition":{"name":"t"}}}"#, #"$.servers["s"].tools["t"].pinned.since"#
    ),
    (#"TOOL {"pinned":{"fingerprint":"00","since":"x"}}"#, #"$.servers["s"].tools["t"].pinned.definition"#),
    (
      #"TOOL {"pinned":{"fingerprint":"00","since":"x","definition":{"_meta":1}}}"#,
      #"$.servers["s"].tools["t"].pinned.definition"#
    ),
  ])
  func refusesWhatIsNot(_ text: String, _ place: String) {
    let text =
      (text.hasPrefix("TOOL ") ? file(String(text.dropFirst(5))) : text).replacing("PIN", with: Self.pin)
    let error = #expect(throws: ToolPinFileError.self) { try ToolPinFile(parsing: Array(text.utf8)) }
    #expect(error?.place == place, "\(error?.message ?? "")")
  }

  /// As deep as the strict reader goes: what a server can send can be kept.
  @Test func deepDefinitions() throws {
    let depth = JSONReadingOptions.strict.maximumDepth
    func definition(_ depth: Int) -> JSONValue {
      var schema: JSONValue = [:]
      for _ in 0..<(depth - 2) { schema = ["not": schema] }
      return ["name": "t", "inputSchema": schema]
    }
    var file = ToolPinFile()
    let tool = try ToolPins.Tool(server: "s", definition: definition(depth))
    _ = file.observe([tool], of: "s", trusted: true, at: "x")
    #expect(file.servers.count == 1)
    #expect(try ToolPinFile(parsing: Array(file.text.utf8)).servers == file.servers)
    #expect(throws: ToolPinError.self) { try ToolPins.Tool(server: "s", definition: definition(depth + 50)) }
  }

  @Test func aServerDoesNotFillTheFile() throws {
    var file = ToolPinFile()
    file.servers[ExactText("known")] = .init(isKnown: true)
    func observe(_ server: String, _ names: Range<Int>) throws {
      let tools = try names.map { number in
        try ToolPins.Tool(server: server, definition: ["name": .string("t\(number)")])
      }
      _ = file.observe(tools, of: server, trusted: false, at: "x")
    }
    try observe("new", 0..<10)
    try observe("new", 5..<8)
    #expect(file.servers[ExactText("new")]?.tools.count == 3, "what waits and is listed no more is dropped")
    try observe("known", 0..<10_010)
    #expect(file.servers[ExactText("known")]?.tools.count == ToolPinFile.maximumTools)
    try observe("known", 0..<1)
    #expect(file.servers[ExactText("known")]?.tools.count == ToolPinFile.maximumTools, "pins stay")
  }
}

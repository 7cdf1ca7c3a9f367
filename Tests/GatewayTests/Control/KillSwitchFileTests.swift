import Testing

@testable import Gateway

@Suite struct KillSwitchFileTests {
  @Test func readsWhatAHandWrites() throws {
    let file = try KillSwitchFile(
      parsing: Array(
        """
        {"version": 1, "global": "maintenance",
         "sessions": {"s1": {"reason": "runaway", "since": "2026-01-01T00:00:00+00:00"}, "s2": {}, "\u{E9}": "a",
                      "e\u{301}": "b"},
         "tools": {"db_update": ""}}
        """.utf8))
    #expect(file.global?.reason == "maintenance")
    #expect(file.sessions[try SessionID("s1")]?.since == "2026-01-01T00:00:00+00:00")
    #expect(file.sessions[try SessionID("s2")]?.reason == "Session terminated")
    #expect(file.sessions[try SessionID("\u{E9}")]?.reason == "a")
    #expect(file.sessions[try SessionID("e\u{301}")]?.reason == "b")
    #expect(file.tools[try ToolName("db_update")]?.reason == "Tool terminated")
  }

  @Test(arguments: [
    ("", "1:1"),
    ("{\"version\":1}\n\n x", "3:2"),
    (#"{"version":1,"version":1}"#, "1:"),
    (#"{"version":1,"sessions":{"a":"x","a":"x"}}"#, "1:"),
    ("[]", "$"),
    ("{}", "$.version"),
    (#"{"version":2}"#, "$.version"),
    (#"{"version":"1"}"#, "$.version"),
    (#"{"version":1,"sesions":{}}"#, "$"),
    (#"{"version":1,"global":false}"#, "$.global"),
    (#"{"version":1,"global":{"reason":7}}"#, "$.global.reason"),
    (#"{"version":1,"sessions":null}"#, "$.sessions"),
    (#"{"version":1,"sessions":["s"]}"#, "$.sessions"),
    (#"{"version":1,"sessions":{"s":null}}"#, #"$.sessions["s"]"#),
    (#"{"version":1,"sessions":{"s":{"resaon":"x"}}}"#, #"$.sessions["s"]"#),
    (#"{"version":1,"sessions":{"s":{"since":0}}}"#, #"$.sessions["s"].since"#),
    (#"{"version":1,"sessions":{" ":"x"}}"#, #"$.sessions[" "]"#),
    (#"{"version":1,"tools":{"":"x"}}"#, #"$.tools[""]"#),
    (#"{"version":1,"tools":{"t":true}}"#, #"$.tools["t"]"#),
  ])
  func refusesEverythingElse(text: String, place: String) {
    let error = #expect(throws: KillSwitchFileError.self) { try KillSwitchFile(parsing: Array(text.utf8)) }
    #expect(error?.place.hasPrefix(place) == true, "\(error?.place ?? "") \(error?.message ?? "")")
  }

  @Test func readsWhatItWrites() throws {
    var file = KillSwitchFile(global: Kill(.global, reason: "\"\u{0}\n", since: nil))
    for name in ["b", "a", "\u{E9}", "e\u{301}", "\u{0}"] {
      let (session, tool) = (KillTarget.session(try SessionID(name)), KillTarget.tool(try ToolName(name)))
      file[session] = Kill(session, reason: name, since: "2026-01-01T00:00:00+00:00")
      file[tool] = Kill(tool, reason: nil, since: nil)
    }
    #expect(try KillSwitchFile(parsing: Array(file.text.utf8)) == file)
    #expect(try KillSwitchFile(parsing: Array(KillSwitchFile().text.utf8)) == KillSwitchFile())
  }

  @Test func cutsALongReason() throws {
    let long = String(repeating: "\u{1F600}", count: 2_000)
    let file = try KillSwitchFile(parsing: Array("{\"version\":1,\"global\":\"\(long)\"}".utf8))
    #expect(file.global?.reason.unicodeScalars.count == 1_024)
  }
}

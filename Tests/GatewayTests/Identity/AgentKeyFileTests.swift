import FoundationEssentials
import Testing

@testable import Gateway

@Suite struct AgentKeyFileTests {
  private let folder: ScratchFolder
  private var path: String { folder.path("agents.json") }

  init() throws { folder = try ScratchFolder() }

  private static let hash = "sha256:" + String(repeating: "0a", count: 32)
  private static let other = "sha256:" + String(repeating: "0b", count: 32)

  private static func key(_ members: String) -> String { #"{"keys":[{\#(members)}]}"# }
  private static let good = #""id":"k1","agent_id":"a","hash":"\#(hash)""#

  private func write(_ text: String) throws {
    try folder.write(text, to: "agents.json")
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
  }

  @Test func readsWhatItSays() throws {
    let file = try AgentKeyFile(
      parsing: Array(
        """
        {"keys": [
          {"id": "k1", "agent_id": "billing-bot", "hash": "\(Self.hash)"},
          {"id": "K-2.x_", "agent_id": "crawler", "user_id": "ann", "hash": "SHA256",
           "not_after": "2027-01-01T01:00:00.5+01:00", "disabled": true}
        ]}
        """.replacing("SHA256", with: Self.other.uppercased().replacing("SHA256", with: "sha256")).utf8))
    #expect(file.keys.map(\.id) == ["k1", "K-2.x_"])
    #expect(file.keys.map(\.agent.rawValue) == ["billing-bot", "crawler"])
    #expect(file.keys.map(\.user) == [nil, "ann"])
    #expect(file.keys.map(\.hash.text) == [Self.hash, Self.other])
    #expect(file.keys.map(\.notAfter) == [nil, 1_798_761_600_500_000])
    #expect(file.keys.map(\.isDisabled) == [false, true])
    let again = try AgentKeyFile(parsing: Array(file.text.utf8))
    #expect(again.text == file.text)
    #expect(try AgentKeyFile(parsing: Array(#"{"keys":[]}"#.utf8)).keys.isEmpty)
  }

  @Test(arguments: [
    ("", ":1:1: empty document at $"), ("[]", ": $ is not an object"), ("{}", ": $.keys is not an array"),
    (#"{"keys":{}}"#, ": $.keys is not an array"), (#"{"keys":[1]}"#, ": $.keys[0] is not an object"),
    (#"{"keys":[],"x":1}"#, #": $ has the unknown member "x""#),
    ("{\n  \"keys\": [],\n  \"keys\": []}", ":3:3: duplicate key at $.keys"),
    (key(#""agent_id":"a","hash":"\#(hash)""#), ": $.keys[0].id is missing"),
    (key(#""id":"","agent_id":"a","hash":"\#(hash)""#), ": $.keys[0].id is not 1 to 64 letters"),
    (key(#""id":"a b","agent_id":"a","hash":"\#(hash)""#), ": $.keys[0].id is not 1 to 64 letters"),
    (key(#""id":1,"agent_id":"a","hash":"\#(hash)""#), ": $.keys[0].id is not a string"),
    (key(#""id":"k1","hash":"\#(hash)""#), ": $.keys[0].agent_id is missing"),
    (key(#""id":"k1","agent_id":" ","hash":"\#(hash)""#), ": $.keys[0].agent_id is empty or longer than 256"),
    (key(#""id":"k1","agent_id":"a""#), ": $.keys[0].hash is missing"),
    (key(#""id":"k1","agent_id":"a","hash":"ag_secret""#), ": $.keys[0].hash is not sha256: and 64"),
    (key(#""id":"k1","agent_id":"a","hash":"\#(hash.dropLast())""#), ": $.keys[0].hash is not sha256: and 64"),
    (key(#""id":"k1","agent_id":"a","hash":"\#(hash)0""#), ": $.keys[0].hash is not sha256: and 64"),
    (key(#""id":"k1","agent_id":"a","hash":"\#(hash.dropLast())g""#), ": $.keys[0].hash is not sha256: and 64"),
    (key(#""id":"k1","agent_id":"a","hash":"\#(hash.dropFirst(7))""#), ": $.keys[0].hash is not sha256: and 64"),
    (key(good + #","user_id":"""#), ": $.keys[0].user_id is empty"),
    (key(good + #","user_id":null"#), ": $.keys[0].user_id is not a string"),
    (key(good + #","disabled":"true""#), ": $.keys[0].disabled is not true or false"),
    (key(good + #","disabled":null"#), ": $.keys[0].disabled is not true or false"),
    (key(good + #","Disabled":true"#), #": $.keys[0] has the unknown member "Disabled""#),
    (key(good + #","not_after":"2027-01-01""#), ": $.keys[0].not_after is not a time"),
    (key(good + #","not_after":1798761600"#), ": $.keys[0].not_after is not a string"),
    (#"{"keys":[{\#(good)},{"id":"k1","agent_id":"b","hash":"\#(other)"}]}"#, ": $.keys[1].id is there twice"),
    (
      #"{"keys":[{\#(good)},{"id":"k2","agent_id":"b","hash":"\#(hash.replacing("0a", with: "0A"))"}]}"#,
      ": $.keys[1].hash is there twice"
    ),
  ])
  func refusesWithThePlace(text: String, message: String) throws {
    try write(text)
    let error = #expect(throws: KeyFileError.self) { try AgentKeyFile.read(path) }
    #expect(error?.description.hasPrefix(path + message) == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("ag_secret") == false)
  }

  @Test(
    arguments: [
      ("2027-01-01T00:00:00Z", 1_798_761_600_000_000), ("2027-01-01t00:00:00z", 1_798_761_600_000_000),
      ("2027-01-01T00:00:00.000001Z", 1_798_761_600_000_001), ("2027-01-01T00:00:00.12345678Z", 1_798_761_600_123_456),
      ("2026-12-31T16:00:00-08:00", 1_798_761_600_000_000), ("2027-01-01T05:45:00+05:45", 1_798_761_600_000_000),
      ("2027-01-01T00:00:00", nil), ("2027-01-01 00:00:00Z", nil), ("2027-02-30T00:00:00Z", nil),
      ("2027-01-01T24:00:00Z", nil), ("2027-01-01T00:00:60Z", nil), ("2027-01-01T00:00:00.Z", nil),
      ("2027-01-01T00:00:00+24:00", nil), ("2027-01-01T00:00:00+0100", nil), ("2027-01-01T00:00:00Zx", nil),
      ("2027-01-01T00:00:00+1:000", nil), ("9999-12-31T23:59:59-01:00", nil), ("", nil),
    ] as [(String, Int64?)])
  func readsTimes(text: String, microseconds: Int64?) {
    #expect(RFC3339Timestamp.microseconds(text) == microseconds)
  }

  /// FIPS 180-2 appendix B.1.
  @Test func theHashIsSHA256() {
    let text = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    #expect(AgentTokenHash(of: "abc".utf8).text == text)
    #expect(AgentTokenHash(text) == AgentTokenHash(of: "abc".utf8))
  }

  // MARK: Changes

  @Test func addsKeys() throws {
    let (id, token) = try AgentKeyFile.add(agent: AgentID("billing-bot"), to: path)
    #expect(id == "k1")
    #expect(token.hasPrefix("ag_"))
    #expect(token.utf8.count == 46)
    let second = try AgentKeyFile.add(
      agent: AgentID("crawler"), user: "ann", notAfter: 1_798_761_600_000_000, to: path)
    #expect(second.id == "k2")
    #expect(second.token != token)
    #expect(try AgentKeyFile.add(agent: AgentID("crawler"), id: "by-hand", to: path).id == "by-hand")
    let text = String(decoding: try folder.bytes("agents.json"), as: UTF8.self)
    #expect(!text.contains("ag_"))
    #expect(text.contains(AgentTokenHash(of: token.utf8).text))
    #expect(text.contains(#""not_after": "2027-01-01T00:00:00+00:00""#))
    #expect(try AgentKeyFile.read(path).keys.map(\.id) == ["k1", "k2", "by-hand"])
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    for id in ["k1", "", "a/b", String(repeating: "k", count: 65)] {
      #expect(throws: KeyFileError.self) { try AgentKeyFile.add(agent: AgentID("a"), id: id, to: path) }
    }
    #expect(throws: KeyFileError.self) { try AgentKeyFile.add(agent: AgentID("a"), user: " ", to: path) }
    #expect(try folder.bytes("agents.json") == Array(text.utf8))
  }

  @Test func revokesKeys() throws {
    for _ in 0..<3 { _ = try AgentKeyFile.add(agent: AgentID("a"), to: path) }
    _ = try AgentKeyFile.add(agent: AgentID("b"), to: path)
    #expect(try AgentKeyFile.revoke(key: "k2", in: path))
    #expect(try !AgentKeyFile.revoke(key: "k2", in: path))
    #expect(try AgentKeyFile.read(path).keys.map(\.isDisabled) == [false, true, false, false])
    #expect(try AgentKeyFile.revoke(agent: AgentID("a"), in: path) == ["k1", "k3"])
    #expect(try AgentKeyFile.revoke(agent: AgentID("a"), in: path) == [])
    #expect(try AgentKeyFile.read(path).keys.map(\.isDisabled) == [true, true, true, false])
    #expect(throws: KeyFileError(description: "\(path): has no key \"k9\"")) {
      try AgentKeyFile.revoke(key: "k9", in: path)
    }
    #expect(throws: KeyFileError.self) { try AgentKeyFile.revoke(agent: AgentID("c"), in: path) }
    // What can't be read isn't overwritten.
    try write("{")
    #expect(throws: KeyFileError.self) { try AgentKeyFile.revoke(key: "k1", in: path) }
    #expect(try folder.bytes("agents.json") == Array("{".utf8))
  }

  @Test func changesAtOnceAreAllMade() async throws {
    let path = path
    let ids = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<12 { group.addTask { try AgentKeyFile.add(agent: AgentID("a"), to: path).id } }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(ids.count == 12)
    #expect(Set(try AgentKeyFile.read(path).keys.map(\.id)) == ids)
  }

  @Test(arguments: [0o666, 0o620, 0o602])
  func refusesFilesThatOthersCanWrite(mode: Int) throws {
    try folder.write(Self.key(Self.good), to: "agents.json")
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    #expect(try AgentKeyFile.read(path).keys.count == 1)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    let error = #expect(throws: KeyFileError.self) { try AgentKeyFile.read(path) }
    #expect(error?.description == "\(path): others may write it; take that from its mode (chmod go-w)")
  }
}

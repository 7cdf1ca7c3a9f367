import FoundationEssentials
import StrictJSON
import Testing

@testable import Gateway

@Suite struct RequestStateSealTests {
  private let folder: ScratchFolder
  private var path: String { folder.path("request-state.key") }
  private static let hash = String(repeating: "ab", count: 32)
  private static let session = "s\u{0} \u{1F600}\""
  private static let id = "01890a5d-ac96-774b-bcce-b302099a8057"
  private static let expires: Int64 = 1_767_225_600_000_000

  init() throws { folder = try ScratchFolder() }

  private func sealed(_ seal: RequestStateSeal, id: String = id) throws -> String {
    try seal.seal(
      id: id, session: Self.session, tool: "db_insert", argumentsHash: Self.hash, expires: Self.expires)
  }

  private func open(
    _ seal: RequestStateSeal, _ text: String, session: String = session, tool: String = "db_insert",
    hash: String = hash, now: Int64 = 0
  ) throws -> String {
    try seal.open(text, session: session, tool: tool, argumentsHash: hash, now: now)
  }

  @Test func opensWhatItSealed() throws {
    let seal = try RequestStateSeal(keyFile: path)
    let text = try sealed(seal)
    #expect(text.hasPrefix("ag1."))
    #expect(text.utf8.count < 600)
    #expect(text.dropFirst(4).allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
    #expect(try open(seal, text, now: Self.expires - 1) == Self.id)
    #expect(try sealed(seal) != text, "no two are alike")
    // The next start reads the same key.
    #expect(try open(try RequestStateSeal(keyFile: path), text) == Self.id)
    #expect(!text.contains("db_insert"))
  }

  @Test func theLongestOpens() throws {
    let seal = try RequestStateSeal(keyFile: path)
    let session = String(repeating: "\u{1}", count: SessionID.maximumLength)
    let tool = String(repeating: "\u{1}", count: ToolName.maximumLength)
    let text = try seal.seal(id: Self.id, session: session, tool: tool, argumentsHash: Self.hash, expires: .max)
    #expect(text.utf8.count < RequestStateSeal.maximumLength / 2)
    #expect(try open(seal, text, session: session, tool: tool, now: .max - 1) == Self.id)
  }

  @Test func opensForItsCallAlone() throws {
    let seal = try RequestStateSeal(keyFile: path)
    let text = try seal.seal(id: "i", session: "\u{E9}", tool: "t", argumentsHash: "h", expires: 1)
    #expect(try seal.open(text, session: "\u{E9}", tool: "t", argumentsHash: "h", now: 0) == "i")
    for (session, tool, hash) in [
      ("e\u{301}", "t", "h"), ("\u{E9}", "T", "h"), ("\u{E9}", "t", "H"), ("", "t", "h"), ("t", "\u{E9}", "h"),
    ] {
      let error = #expect(throws: RequestStateError.self) {
        try seal.open(text, session: session, tool: tool, argumentsHash: hash, now: 0)
      }
      #expect(error?.reason == .otherCall)
      #expect(error?.description == "requestState is not valid")
    }
  }

  @Test func expires() throws {
    let seal = try RequestStateSeal(keyFile: path)
    let text = try sealed(seal)
    for now in [Self.expires, Self.expires + 1, .max] {
      let error = #expect(throws: RequestStateError.self) { try open(seal, text, now: now) }
      #expect(error?.reason == .expired)
      #expect(error?.description == "requestState is not valid")
    }
  }

  /// Every byte of the text, and every bit of the box in it.
  @Test func opensNothingThatWasChanged() throws {
    let seal = try RequestStateSeal(keyFile: path)
    let bytes = Array(try sealed(seal).utf8)
    func refuses(_ changed: [UInt8]) {
      let error = #expect(throws: RequestStateError.self) {
        try open(seal, String(decoding: changed, as: UTF8.self))
      }
      #expect(error?.description == "requestState is not valid")
    }
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    for index in bytes.indices {
      for change in [1, 17, 32] as [UInt8] {
        var changed = bytes
        if index < 4 {
          changed[index] ^= change
        } else {
          let value = try #require(alphabet.firstIndex(of: bytes[index]))
          changed[index] = alphabet[value ^ Int(change)]
        }
        refuses(changed)
      }
      var shorter = bytes
      shorter.remove(at: index)
      refuses(shorter)
      refuses(bytes[..<index] + [UInt8(ascii: "A")] + bytes[index...])
    }
    // The last character's unread bits, padding, the other alphabet, what surrounds it.
    for text in ["", "ag1.", "ag1.A", "ag2." + String(decoding: bytes.dropFirst(4), as: UTF8.self)] {
      refuses(Array(text.utf8))
    }
    for suffix in ["=", "==", " ", "\n", "A", "AAAA"] { refuses(bytes + Array(suffix.utf8)) }
    refuses([UInt8(ascii: " ")] + bytes)
    refuses(Array("ag1.".utf8) + Array(repeating: UInt8(ascii: "A"), count: 1 << 20))
    refuses(Array(try sealed(seal).replacing("ag1.", with: "AG1.").utf8))
  }

  @Test func everyUnreadBitCounts() throws {
    let seal = try RequestStateSeal(keyFile: path)
    // Ids of all lengths modulo three, so that each kind of last character comes up.
    for length in 1...3 {
      let text = try sealed(seal, id: String(repeating: "i", count: length))
      let last = try #require(text.last)
      for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" where other != last {
        #expect(throws: RequestStateError.self) { try open(seal, text.dropLast() + String(other)) }
      }
    }
  }

  @Test func anotherKeyOpensNothing() throws {
    let text = try sealed(try RequestStateSeal(keyFile: path))
    let other = try RequestStateSeal(keyFile: folder.path("other.key"))
    let error = #expect(throws: RequestStateError.self) { try open(other, text) }
    #expect(error?.reason == .notOurs)
    #expect(error?.description == "requestState is not valid")
  }

  @Test func theKeyIsForItsOwnerAlone() throws {
    _ = try RequestStateSeal(keyFile: path)
    #expect(try folder.bytes("request-state.key").count == 32)
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["request-state.key"])
    for mode in [0o640, 0o604, 0o660] {
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
      let error = #expect(throws: SecretFileError.self) { try RequestStateSeal(keyFile: path) }
      #expect(error?.description.contains("others may read it") == true)
    }
  }

  @Test(arguments: [0, 31, 33, 5_000]) func aKeyOfAnotherSizeIsRefused(_ count: Int) throws {
    try folder.write(String(repeating: "k", count: count), to: "request-state.key")
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    #expect(throws: SecretFileError.self) { try RequestStateSeal(keyFile: path) }
  }

  @Test func noFolderNoKey() {
    #expect(throws: SecretFileError.self) { try RequestStateSeal(keyFile: folder.path("a/b")) }
  }

  /// Who comes second takes the first one's key.
  @Test func severalStartAtOnce() async throws {
    let seals = try await withThrowingTaskGroup(of: RequestStateSeal.self) { group in
      for _ in 0..<8 { group.addTask { try RequestStateSeal(keyFile: path) } }
      return try await group.reduce(into: [RequestStateSeal]()) { $0.append($1) }
    }
    let text = try sealed(seals[0])
    for seal in seals { #expect(try open(seal, text) == Self.id) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["request-state.key"])
  }
}

import StrictJSON
import Testing

@testable import Gateway

@Suite struct CredentialRulesTests {
  private static func settings(_ scope: String?, ttl: Int? = nil, isFixed: Bool = false) throws -> CredentialSettings {
    var more = scope.map { #", "scope": "\#($0)""# } ?? ""
    if let ttl { more += #", "ttl_seconds": \#(ttl)"# }
    return try CredentialFixture.settings(
      isFixed
        ? #"{"kind": "static", "env": "SECRET"\#(more)}"#
        : #"{"kind": "client_credentials", \#(CredentialFixture.client)\#(more)}"#)
  }

  @Test(
    arguments: [
      (nil, nil, nil), ("a b", nil, "a b"), (nil, ["b", "a", "b"], "b a"), ("a b c", ["c", "x", "a"], "a c"),
      ("a", ["a"], "a"), ("a", ["A"], "-"), ("a b", ["c"], "-"), ("a b", [], "-"), (nil, [], "-"), ("a", ["a b"], "-"),
      (nil, [""], "-"), (nil, ["a\"b"], "-"), (nil, ["\u{E9}"], "-"), ("a", ["a", "x\ny"], "-"),
    ] as [(String?, [String]?, String?)])
  func theDecisionNarrows(own: String?, allowed: [String]?, expected: String?) throws {
    let settings = try Self.settings(own)
    do throws(CredentialFailure) {
      #expect(try settings.scope(allowed: allowed)?.text == expected)
    } catch {
      #expect(expected == "-")
      #expect(error.kind == .scope)
    }
  }

  @Test(
    arguments: [
      (nil, nil, nil), ("a b", nil, "a b"), ("a b", ["b", "a", "c"], "a b"), ("a b", ["a"], "-"), (nil, ["a"], "-"),
      ("a", [], "-"),
    ] as [(String?, [String]?, String?)])
  func fixedSecretsAreLentWholeOrNot(own: String?, allowed: [String]?, expected: String?) throws {
    let settings = try Self.settings(own, isFixed: true)
    do throws(CredentialFailure) {
      #expect(try settings.scope(allowed: allowed)?.text == expected)
    } catch {
      #expect(expected == "-")
      #expect(error.kind == .scope)
    }
  }

  @Test(
    arguments: [
      (nil, nil, nil), (60, nil, 60), (nil, 60, 60), (60, 30, 30), (30, 60, 30), (nil, 1, 1), (nil, 86_400, 86_400),
    ] as [(Int?, Int?, Int?)])
  func theShorterLifeCounts(own: Int?, allowed: Int?, expected: Int?) throws {
    #expect(try Self.settings(nil, ttl: own).timeToLive(allowed: allowed) == expected)
  }

  @Test(arguments: [0, -1, 86_401]) func livesOutOfRangeAreRefused(seconds: Int) throws {
    let settings = try Self.settings(nil)
    #expect(throws: CredentialFailure.self) { try settings.timeToLive(allowed: seconds) }
  }

  @Test func injectionIsWritten() throws {
    let scope = CredentialScope("a b")
    let header = Credential(
      injection: .bearer, secret: LentSecret("hush-hush"), scope: scope, expires: nil)
    #expect(header.header?.name == "Authorization" && header.header?.value == "Bearer hush-hush")
    #expect(header.meta == nil)
    #expect(header.added(to: ["a": 1]) == ["a": 1])
    let meta = Credential(
      injection: .meta("com.example/token"), secret: LentSecret("hush-\"hush"), scope: nil, expires: nil)
    #expect(meta.header == nil)
    // What the agent put there is gone.
    #expect(
      meta.added(to: ["com.example/token": "mine", "a": 1]) == ["com.example/token": "hush-\"hush", "a": 1])
  }

  @Test func secretsShowNothing() throws {
    let secret = LentSecret("hush-hush")
    let credential = Credential(injection: .bearer, secret: secret, scope: nil, expires: nil)
    let request = OutboundRequest(
      .post, "https://a.example/x?key=hush-hush", headers: [.init("A", "hush-hush")], body: Array("hush-hush".utf8))
    let response = OutboundResponse(status: 200, headers: [.init("A", "hush-hush")], body: Array("hush-hush".utf8))
    let use = try CredentialFixture.use(try Self.settings("a"), token: "hush-hush")
    var text = ""
    for value in [secret, credential, request, response, use, TokenRequest.Token(secret: secret)] as [Any] {
      dump(value, to: &text)
      text += "\(value) \(String(reflecting: value))"
    }
    #expect(!text.contains("hush-hush"))
    #expect(!text.contains("104, 117, 115, 104"))
    #expect(!text.contains("- 104"))
  }

  @Test(arguments: [
    ("", ""), ("a", "a"), ("hush-hush", "(secret)"), ("a hush-hush b", "a (secret) b"),
    ("hush-hush-hush", "(secret)-hush"), ("hush-hushhush-hush", "(secret)(secret)"), ("hush-hus", "hush-hus"),
  ])
  func secretsAreTakenOut(text: String, result: String) {
    #expect(LentSecret("hush-hush").removed(from: text) == result)
  }

  @Test func secretsAreTakenOutOfValues() {
    #expect(
      LentSecret("hush-hush").removed(from: ["a hush-hush": ["hush-hush", 1, ["b": "x=hush-hush"]]])
        == ["a (secret)": ["(secret)", 1, ["b": "x=(secret)"]]])
    // What is short stands everywhere by chance.
    #expect(LentSecret("1").removed(from: "10") == "10")
    #expect(LentSecret("").removed(from: "10") == "10")
  }
}

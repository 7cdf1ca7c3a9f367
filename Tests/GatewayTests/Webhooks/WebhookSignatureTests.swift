import StrictJSON
import Testing

@testable import Gateway

@Suite struct WebhookSignatureTests {
  private func fields(_ key: WebhookKey?, body: String) -> [String: String] {
    let headers = WebhookSignature.headers(
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: Array(body.utf8), key: key)
    return Dictionary(uniqueKeysWithValues: headers.map { ($0.name, $0.value) })
  }

  /// The vector of the Standard Webhooks libraries.
  @Test func isWhatStandardWebhooksSays() throws {
    let key = try #require(WebhookKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    let fields = fields(key, body: #"{"test": 2432232314}"#)
    #expect(fields["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek")
    #expect(fields["webhook-timestamp"] == "1614265330")
    #expect(fields["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    #expect(fields["X-AgentGate-Timestamp"] == "1614265330")
    #expect(
      fields["X-AgentGate-Signature"]
        == "sha256=e2cb4f5251572539d458bfb8a7adb533b08801e6a794467e06f771debbb0818b")
    #expect(fields["Content-Type"] == "application/json")
  }

  @Test func aPlainSecretIsItsBytes() throws {
    let key = try #require(WebhookKey("Jefe-what do ya want for nothing?"))
    #expect(key.bytes == Array("Jefe-what do ya want for nothing?".utf8))
    #expect(
      fields(key, body: "x")["X-AgentGate-Signature"]
        == "sha256=a8b1b12230a33f557f897741ec4831efdb8dedb2fd1b6b2e847a2d7236673c6c")
  }

  @Test func withoutASecretNothingIsSigned() {
    let fields = fields(nil, body: "{}")
    #expect(fields["webhook-id"] != nil && fields["webhook-timestamp"] != nil)
    #expect(fields["webhook-signature"] == nil && fields["X-AgentGate-Signature"] == nil)
  }

  @Test(arguments: ["whsec_", "whsec_!!!", "whsec_c2hvcnQ=", "short"])
  func refusesKeys(_ text: String) { #expect(WebhookKey(text) == nil) }

  @Test func theKeyIsNotPrinted() throws {
    var settings = WebhookSettings()
    settings.secret = WebhookKey("a secret of many bytes")
    var text = "\(settings)"
    dump(settings, to: &text)
    // Neither as text nor as its first byte, 97.
    #expect(!text.contains("a secret") && !text.contains("97"), "\(text)")
  }
}

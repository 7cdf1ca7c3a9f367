import Testing

@testable import Gateway

@Suite struct WebhookSettingsTests {
  @Test(arguments: [
    ("https://hooks.example.org/a?b=c", true), ("http://127.0.0.1:9/x", true), ("http://[::1]:9/", true),
    ("http://hooks.example.org/", false), ("https://user:pw@hooks.example.org/", false), ("hooks.example.org", false),
    ("https://hooks.example.org/#part", false), ("ftp://127.0.0.1/", false), ("", false),
  ])
  func urls(_ text: String, _ isAllowed: Bool) { #expect((WebhookSettings.url(text) != nil) == isAllowed) }

  @Test func eventTypes() {
    #expect(
      WebhookSettings.events("policy.denied, health.degraded") == [.policyDenied, .healthDegraded])
    #expect(WebhookSettings.events("policy.denied,kill") == nil)
    #expect(WebhookSettings.events(",") == nil)
    #expect(WebhookSettings.eventsComplaint.contains("approval.requested"))
  }

  @Test func theOriginHidesPathAndQuery() {
    var settings = WebhookSettings()
    #expect(settings.origin == nil && settings.warnings.isEmpty)
    settings.url = "https://hooks.example.org:8443/services/T0/secret?token=1"
    #expect(settings.origin == "https://hooks.example.org:8443")
    #expect(settings.warnings.count == 1, "unsigned")
    settings.secret = WebhookKey("0123456789abcdef")
    #expect(settings.warnings.isEmpty)
    settings.url = nil
    #expect(settings.warnings == ["webhook_secret has no effect without webhook_url"])
  }
}

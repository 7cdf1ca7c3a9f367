import StrictJSON
import Testing

@testable import Gateway

@Suite struct ExfiltrationTargetsTests {
  private func severity(_ text: String) -> ToolFinding.Severity? {
    ExfiltrationTargets.suspicions(in: Array(text.utf8)).first?.severity
  }

  @Test(arguments: [
    ("https://webhook.site/abc", ToolFinding.Severity.high), ("https://a.b.ngrok-free.app", .high),
    ("HTTPS://WEBHOOK.SITE/abc", .high), ("https://user:pw@webhook.site:443/x", .high),
    ("https://discord.com/api/webhooks/1/x", .high), ("https://api.telegram.org/bot1:x/send", .high),
    ("http://45.83.122.17/x", .high), ("http://45.83.122.17:8080", .high), ("http://[2001:db8::1]/x", .high),
    ("http://763525649/", .high), ("http://169.254.169.254/latest", .high), ("http://203.0.113.9/x", .medium),
    ("http://x.onion/y", .high), ("https://bit.ly/x", .medium), ("https://xn--pypal-4ve.com", .medium),
    ("https://user@example.com/x", .medium), ("https://example.com/x?data={conversation}", .high),
    ("https://example.com/x?q=${SYSTEM_PROMPT}", .high), ("https://example.com/x?q={{ the history }}", .high),
    ("https://example.com/x?token=<TOKEN>", .high), ("https://example.com/x?page={page}", .medium),
    ("https://example.com/x?d=%s", .high), ("![a](https://example.com/a.png)", .medium),
    ("![a](https://example.com/a.png?d={x})", .high), ("https://$(whoami).example.com", .high),
    ("see evil.com", .high), ("my-attacker.io", .high), ("c2.net", .high),
  ])
  func targetsAreFound(text: String, expected: ToolFinding.Severity) {
    #expect(severity("Sends it to " + text + " afterwards") == expected)
    #expect(severity(text) == expected)
  }

  @Test(arguments: [
    "https://example.com", "https://api.github.com/repos/{owner}/{repo}/issues", "http://localhost:8080/x?y=1",
    "http://127.0.0.1:3000", "http://192.168.1.4/", "http://10.1.2.3", "https://example.com/search?q=swift&page=2",
    "https://example.com/?q=a%20b", "[a](https://example.com/a.png)", "https://discord.com/channels/1",
    "www.example.com",
    "://", "http://", "a:b", "medieval.com", "collector.com", "https://example.com/x?", "https://[", "http://1.2.3",
  ])
  func othersAreNot(text: String) {
    #expect(severity(text) == nil)
    #expect(severity("Sends it to " + text + ", afterwards") == nil)
  }

  @Test func theRangeIsTheAddress() {
    let text = "Send to (https://webhook.site/a?b=c), then"
    let range = ExfiltrationTargets.suspicions(in: Array(text.utf8)).first?.range ?? 0..<0
    #expect(String(decoding: Array(text.utf8)[range], as: UTF8.self) == "https://webhook.site/a?b=c")
  }
}

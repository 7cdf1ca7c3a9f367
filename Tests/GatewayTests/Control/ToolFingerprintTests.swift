import StrictJSON
import Testing

@testable import Gateway

struct ToolFingerprintTests {
  private func of(_ text: String) throws -> String {
    ToolFingerprint.of(try JSONValue(parsing: text, options: .lenient))
  }

  /// As `printf %s '{"description":"d","inputSchema":{"type":"object"},"name":"n"}' | sha256sum` has it.
  @Test func isTheHashOfTheCanonicalText() throws {
    #expect(
      try of(#"{"name": "n", "inputSchema": {"type": "object"}, "description": "d"}"#)
        == "bd7085e45fea5490b4f4490f1b252a980d24f15f2c5e598723af37bda5ad12d0")
    #expect(try of("{}") == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
    #expect(try of("7") == of("{}"), "what is no object has no member")
  }

  @Test func meaningCountsAndOrderDoesNot() throws {
    let base = try of(#"{"name":"n","inputSchema":{"a":1,"b":[1,2.50,1e2]}}"#)
    #expect(try of(#"{"inputSchema":{"b":[1.0,2.5,100],"a":1e0},"name":"\u006e"}"#) == base)
    #expect(
      try of(#"{"name":"n","inputSchema":{"a":1,"b":[1,2.5,100]},"icons":[{"src":"x"}],"_meta":{"a":1}}"#) == base)
    for other in [
      #"{"name":"n","inputSchema":{"a":1,"b":[2.5,1,100]}}"#, #"{"name":"n","inputSchema":{"a":1}}"#,
      #"{"name":"n","inputSchema":{"a":"1","b":[1,2.5,100]}}"#,
      #"{"name":"n","inputSchema":{"a":1,"b":[1,2.5,100]},"title":null}"#,
      #"{"name":"n","inputSchema":{"a":1,"b":[1,2.5,100]},"title":""}"#,
      #"{"name":"n","inputSchema":{"a":1,"b":[1,2.5,100]},"annotations":{"readOnlyHint":true}}"#,
      #"{"name":"n","inputSchema":{"a":1,"b":[1,2.5,100]},"outputSchema":{}}"#,
    ] { #expect(try of(other) != base, "\(other)") }
    #expect(try of(#"{"name":"\u00e9"}"#) != of(#"{"name":"e\u0301"}"#), "texts count by their bytes")
  }

  /// Beyond a double, or an integer that a double doesn't hold: such a number stands as it is.
  @Test func numbersWithoutACanonicalForm() throws {
    let base = try of(#"{"inputSchema":{"maximum":123456789012345678901,"b":1.0,"a":[true]}}"#)
    #expect(try of(#"{"inputSchema":{"a":[true],"b":1,"maximum":123456789012345678901}}"#) == base)
    #expect(try of(#"{"inputSchema":{"a":[true],"b":1,"maximum":123456789012345678902}}"#) != base)
    #expect(try of(#"{"inputSchema":{"maximum":1e400}}"#) != of(#"{"inputSchema":{"maximum":1e401}}"#))
  }
}

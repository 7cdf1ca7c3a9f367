import StrictJSON
import Testing

@testable import Gateway

@Suite struct MCPHeadersTests {
  @Test(arguments: [
    ("us-west1", "us-west1"),
    ("", ""),
    ("a b\tc", "a b\tc"),
    ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
    (" padded ", "=?base64?IHBhZGRlZCA=?="),
    ("tab\t", "=?base64?dGFiCQ==?="),
    ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
    ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
    ("=?base64??=", "=?base64?PT9iYXNlNjQ/Pz0=?="),
    ("=?base64?=", "=?base64?="),
    ("=?BASE64?YQ==?=", "=?BASE64?YQ==?="),
    ("\u{7F}", "=?base64?fw==?="),
  ])
  func valuesAreEncoded(text: String, encoded: String) {
    #expect(MCPHeaderValue.encoded(text) == encoded)
    #expect(MCPHeaderValue.decoded(encoded) == text)
  }

  @Test(arguments: [
    "=?base64?YQ?=", "=?base64?YR==?=", "=?base64?Y Q==?=", "=?base64?_w==?=", "=?base64?/w==?=", "=?base64?7aCA?=",
    "=?base64?YQ==YQ==?=", "=?base64?é?=", "é", "a\u{7F}", "a\nb", "\0",
  ])
  func malformedValuesAreAbsent(value: String) {
    #expect(MCPHeaderValue.decoded(value) == nil)
  }

  private let version = "2026-07-28"

  private func params(_ members: JSONValue = [:]) -> JSONValue {
    var params: JSONValue = ["_meta": ["io.modelcontextprotocol/protocolVersion": .string(version)]]
    for member in members.objectValue?.members ?? [] { params[member.key] = member.value }
    return params
  }

  @Test(
    arguments: [
      ("tools/call", ["name": "foo"], ["2026-07-28", "tools/call", "foo"]),
      ("prompts/get", ["name": "é"], ["2026-07-28", "prompts/get", "=?base64?w6k=?="]),
      ("resources/read", ["uri": "file:///a", "name": "x"], ["2026-07-28", "resources/read", "file:///a"]),
      ("tools/list", ["name": "foo"], ["2026-07-28", "tools/list"]),
      ("tools/call", ["name": 1], ["2026-07-28", "tools/call"]),
    ] as [(String, JSONValue, [String])])
  func headersOfARequest(method: String, members: JSONValue, values: [String]) {
    let headers = RoutingHeaders.headers(method: method, params: params(members), version: version)
    #expect(headers.map(\.name) == Array(["MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"].prefix(values.count)))
    #expect(headers.map(\.value) == values)
    if members["name"]?.numberValue == nil {
      #expect(RoutingHeaders.mismatch(method: method, params: params(members), headers: headers) == nil)
    }
  }

  @Test func noLineEndGetsIntoAHeader() {
    let headers = RoutingHeaders.headers(method: "a\r\nb", params: nil, version: "1\n2")
    #expect(headers.allSatisfy { !$0.value.utf8.contains(0x0A) && !$0.value.utf8.contains(0x0D) })
  }

  @Test(arguments: [
    (["v", "m", "n"], nil),
    (["v", "m", "encoded"], nil),
    (["m", "n"], "MCP-Protocol-Version header is missing"),
    (["v", "n"], "Mcp-Method header is missing"),
    (["v", "m"], "Mcp-Name header is missing"),
    (["v", "m", "foo"], "Mcp-Name header does not match the body's params.name"),
    (["v", "m", "BAR"], "Mcp-Name header does not match the body's params.name"),
    (["v", "m", "n", "n"], "Mcp-Name header appears more than once"),
    (["v", "v", "m", "n"], "MCP-Protocol-Version header appears more than once"),
    (["v", "m", "malformed"], "Mcp-Name header is not base64 of UTF-8"),
    (["v", "m", "raw"], "Mcp-Name header holds characters that are not allowed in a header"),
    (["v", "method", "n"], "Mcp-Method header does not match the body's method"),
    (
      ["version", "m", "n"],
      #"MCP-Protocol-Version header does not match the body's params._meta["io.modelcontextprotocol"#
    ),
  ])
  func mismatchesAreNamed(headers: [String], problem: String?) {
    let known: [String: (name: String, value: String)] = [
      "v": ("mcp-protocol-version", version), "version": ("MCP-Protocol-Version", "2025-11-25"),
      "m": ("MCP-METHOD", "tools/call"), "method": ("Mcp-Method", "Tools/Call"), "n": ("Mcp-Name", "bar"),
      "encoded": ("mcp-name", "=?base64?YmFy?="), "foo": ("Mcp-Name", "foo"), "BAR": ("Mcp-Name", "BAR"),
      "malformed": ("Mcp-Name", "=?base64?x?="), "raw": ("Mcp-Name", "bär"),
    ]
    let found = RoutingHeaders.mismatch(
      method: "tools/call", params: params(["name": "bar"]), headers: headers.compactMap { known[$0] })
    if let problem {
      #expect(found?.hasPrefix(problem) == true, "\(found ?? "none")")
    } else {
      #expect(found == nil)
    }
  }

  @Test func whatTheBodyLacks() {
    let headers = [(name: "MCP-Protocol-Version", value: version), (name: "Mcp-Method", value: "tools/call")]
    #expect(RoutingHeaders.mismatch(method: "tools/call", params: params(), headers: headers) == nil)
    #expect(
      RoutingHeaders.mismatch(method: "tools/call", params: nil, headers: headers)?
        .hasPrefix("MCP-Protocol-Version header has nothing to match, the body has no params._meta")
        == true)
  }

  @Test func canonicallyEquivalentNamesDiffer() {
    let headers = RoutingHeaders.headers(method: "tools/call", params: params(["name": "é"]), version: version)
    #expect(
      RoutingHeaders.mismatch(method: "tools/call", params: params(["name": "e\u{301}"]), headers: headers) != nil)
  }

  @Test func whatIsShownIsCutAndEscaped() {
    #expect(MCPHeaderValue.shown("a\n\u{202E}b\u{7F}") == #"'a\u{a}\u{202e}b\u{7f}'"#)
    #expect(MCPHeaderValue.shown(String(repeating: "x", count: 100)).utf8.count == 102)
    #expect(MCPHeaderValue.shown(String(repeating: "x", count: 101)) == "'" + String(repeating: "x", count: 100) + "…'")
  }
}

extension RoutingHeaders {
  fileprivate static func headers(
    method: String, params: JSONValue?, version: String
  ) -> [(name: String, value: String)] {
    headers(method: method, name: nameKey(for: method).flatMap { params?[$0]?.stringValue }, version: version)
  }
}

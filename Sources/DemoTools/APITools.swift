import StrictJSON

/// `api_get`, `api_post` against the echo, and `rate_limited_tool`, which returns its arguments.
struct APITools: Sendable {
  let echo: EchoService

  var tools: [DemoTool] {
    let endpoint: JSONValue = ["type": "string", "description": "a path such as /status?verbose=1, never another host"]
    let result: JSONValue = [
      "endpoint": ["type": "string"], "status": ["type": "integer"], "data": ["type": "object"],
    ]
    return [
      DemoTool(
        name: "api_get", title: "GET from the API",
        description: "Sends an HTTP GET to a small API on this machine, which tells what it got.", isReadOnly: true,
        arguments: ["endpoint": endpoint], required: ["endpoint"], result: result,
        call: { arguments throws(ToolError) in try await self.ask(arguments, body: nil) }),
      DemoTool(
        name: "api_post", title: "POST to the API",
        description: "Sends JSON by HTTP POST to a small API on this machine, which tells what it got.",
        isReadOnly: false,
        arguments: ["endpoint": endpoint, "body": ["description": "any JSON; null when absent"]],
        required: ["endpoint"], result: result,
        call: { arguments throws(ToolError) in
          try await self.ask(arguments, body: arguments.json["body"] ?? arguments.json["data"] ?? .null)
        }),
      DemoTool(
        name: "rate_limited_tool", title: "Rate-limited tool",
        description: "Returns its arguments. The shipped policy allows ten calls a minute.", isReadOnly: true,
        arguments: [:], required: [],
        result: ["status": ["const": "ok"], "echo": ["type": "object"]],
        call: { arguments throws(ToolError) in ["status": "ok", "echo": arguments.json] }),
    ]
  }

  private func ask(_ arguments: Arguments, body: JSONValue?) async throws(ToolError) -> JSONValue {
    let endpoint = try arguments.string("endpoint")
    let path = try Self.path(endpoint)
    let (status, data) = try await echo.ask(path, body: body)
    return ["endpoint": .string(endpoint), "status": JSONValue(status), "data": data]
  }

  /// A path and a query of the characters that RFC 3986 has for them. Whatever could be read as an authority (a scheme,
  /// two slashes, user information) is refused, though the host is fixed anyway.
  static func path(_ endpoint: String) throws(ToolError) -> String {
    guard endpoint.utf8.count <= 2_048 else { throw ToolError("`endpoint` is longer than 2048 bytes") }
    let path = endpoint.hasPrefix("/") ? endpoint : "/" + endpoint
    if path.hasPrefix("//") || endpoint.contains("://") || endpoint.contains("@") {
      throw ToolError("`endpoint` must be a path: other hosts can't be reached")
    }
    let others = Set("-._~!$&'()*+,;=:/?%".utf8)
    for byte in path.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        break
      default:
        guard others.contains(byte) else {
          throw ToolError("`endpoint` must be a path of URL characters (percent-encode others)")
        }
      }
    }
    return path
  }
}

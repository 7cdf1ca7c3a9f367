import HTTPTypes
import JSONRPC
import StrictJSON

extension HeaderParameter {
  static let mcpProtocolVersion = HeaderParameter(
    name: .mcpProtocolVersion, description: "The version that the client speaks.",
    shape: .text.example("2026-07-28"))
  static let mcpSessionID = HeaderParameter(
    name: .mcpSessionID, description: "What `initialize` gave, for the versions with a handshake.", shape: .text)
  static let mcpMethod = HeaderParameter(
    name: HTTPField.Name("Mcp-Method")!, description: "The body's `method`; required from 2026-07-28 on.",
    shape: .text.example("tools/list"))
  static let mcpName = HeaderParameter(
    name: HTTPField.Name("Mcp-Name")!,
    description: "The body's `params.name` or `params.uri`; required from 2026-07-28 on where there is one.",
    shape: .text)
  static let agentgateSession = HeaderParameter(
    name: .agentgateSession, description: "The session's name: what kills, rate limits, approvals and evidence go by.",
    shape: .text.example("laptop"))
}

extension Operation {
  static let postMCP = Operation(
    id: "postMCP", tag: .mcp, summary: "Send one JSON-RPC message of the Model Context Protocol",
    description: """
      MCP over Streamable HTTP, in its versions from 2024-11-05 to 2026-07-28. `Accept` has to list both \
      `application/json` and `text/event-stream`.

      A request of 2026-07-28 stands for itself: its `params._meta` has the version and the client's capabilities. With \
      the versions before, `initialize` begins a session, whose `Mcp-Session-Id` the following messages bring along.

      The answer is JSON, or a stream of server-sent events whose data are JSON-RPC messages, the response last: when \
      the request has a progress token, when it is `subscriptions/listen`, or when it takes longer than ten seconds. A \
      refused call is a result with `isError`.

      A web page's script is let in only from the machine itself or from an origin in `AGENTGATE_ALLOWED_ORIGINS`.
      """,
    query: [.mcpSession],
    headers: [.mcpProtocolVersion, .mcpMethod, .mcpName, .mcpSessionID, .agentgateSession],
    body: .json(
      .message,
      examples: [
        (
          "list (2026-07-28)",
          [
            "jsonrpc": "2.0", "id": 1, "method": "tools/list",
            "params": [
              "_meta": [
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": ["name": "docs", "version": "1"],
                "io.modelcontextprotocol/clientCapabilities": [:],
              ]
            ],
          ]
        ),
        (
          "initialize (2025-11-25)",
          [
            "jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": [
              "protocolVersion": "2025-11-25", "capabilities": [:],
              "clientInfo": ["name": "docs", "version": "1"],
            ],
          ]
        ),
      ]),
    replies: [
      .answer("The answer, or the stream that ends with it.", headers: [.mcpSession, .trace]),
      .empty(.accepted, "A notification or a response, which isn't answered."),
      .error(.badRequest, "The body is no JSON-RPC message, or not one for now.", headers: [.trace]),
      .error(.forbidden, "The page's origin isn't allowed."),
      .error(.notFound, "There is no such method, or no such session.", headers: [.trace]),
      .error(.notAcceptable, "`Accept` doesn't list both."),
      .error(.unsupportedMediaType, "The body isn't said to be JSON."),
    ])

  static let listenMCP = Operation(
    id: "listenMCP", tag: .mcp, summary: "The messages of a session that aren't answers",
    description: "A stream of server-sent events, for a session that `initialize` began. It stays open.",
    headers: [.mcpSessionID.required, .mcpProtocolVersion],
    replies: [
      Reply(content: [("text/event-stream", .event(.message))], description: "The stream.", status: .ok),
      .error(.badRequest, "The version isn't known."), .error(.forbidden, "The page's origin isn't allowed."),
      .error(.notFound, "There is no such session."), .withoutSession,
      .error(.notAcceptable, "`Accept` doesn't list `text/event-stream`."),
    ])

  static let endMCPSession = Operation(
    id: "endMCPSession", tag: .mcp, summary: "End a session that `initialize` began",
    description: "Its calls that are under way go on.",
    headers: [.mcpSessionID.required],
    replies: [
      .empty(.noContent, "It has ended."), .error(.forbidden, "The page's origin isn't allowed."),
      .error(.notFound, "There is no such session."), .withoutSession,
    ])
}

extension Operation.Reply {
  fileprivate static func answer(_ description: String, headers: [Operation.ReplyHeader]) -> Self {
    Self(
      content: [
        ("application/json", .component("JSONRPCAnswer", .any(of: [.response, .error]))),
        ("text/event-stream", .event(.message)),
      ], description: description, status: .ok, headers: headers)
  }

  fileprivate static func error(
    _ status: HTTPResponse.Status, _ description: String, headers: [Operation.ReplyHeader] = []
  ) -> Self {
    json(.component("JSONRPCError", .error), description, status: status, headers: headers)
  }

  fileprivate static let withoutSession = json(
    .detail, "Without an `Mcp-Session-Id` there is nothing here.", status: .methodNotAllowed, headers: [.allow])
}

extension Operation.ReplyHeader {
  fileprivate static let mcpSession = Self(
    name: .mcpSessionID, description: "The session that `initialize` began.", isRequired: false)
  fileprivate static let trace = Self(
    name: .agentgateTraceID, description: "The id of the call's event in the evidence.", isRequired: false)
}

extension SchemaShape {
  fileprivate static let message = component("JSONRPCMessage", .any(of: [.request, .response, .errorFromPeer]))
  private static let version = Member.required("jsonrpc", .exactly("2.0"))
  private static let id = any(of: [.text, .integer])

  /// With an id, or without one: a notification.
  fileprivate static let request = object(
    [version, .optional("id", id), .required("method", .text), .optional("params", .anything)], others: .anything)
  fileprivate static let response = object(
    [version, .required("id", id), .required("result", .anything)], others: .anything)
  /// What a peer sends: nothing in it but the version is looked at.
  fileprivate static let errorFromPeer = object(
    [version, .optional("id", .anything), .required("error", .anything)], others: .anything)
  fileprivate static let error = object([
    version, .required("id", id.orNull),
    .required(
      "error",
      .object([.required("code", .integer), .required("message", .text), .optional("data", .anything)])),
  ])
}

import JSONRPC
import StrictJSON

extension ToolOutcome {
  /// What MCP's `CallToolResult` says. In this order: an error is its text; `structuredContent`, when it is an object, is
  /// the result; a single text item that is itself a JSON object (what servers did before there was structured content)
  /// is that object; anything else is `{"content": …}` as the server sent it.
  init(callToolResult result: JSONValue) {
    let content = result["content"]?.arrayValue ?? []
    if result["isError"]?.boolValue == true {
      let texts = content.compactMap { $0["type"]?.stringValue == "text" ? $0["text"]?.stringValue : nil }
      self = .failed(Self.bounded(texts.isEmpty ? "the tool failed without a text" : texts.joined(separator: "\n")))
    } else if let structured = result["structuredContent"], structured.objectValue != nil {
      self = .succeeded(structured)
    } else if content.count == 1, content[0]["type"]?.stringValue == "text", let text = content[0]["text"]?.stringValue,
      let value = try? JSONValue(parsing: Array(text.utf8)), value.objectValue != nil
    {
      self = .succeeded(value)
    } else {
      self = .succeeded(["content": .array(content)])
    }
  }

  init(_ reply: StdioConnection.Reply, server: String) {
    switch reply {
    case .result(let result): self.init(callToolResult: result)
    case .error(let error): self = .failed(Self.bounded(error.message))
    case .refused(let decision): self = .refused(decision)
    case .notSent(let reason): self = .unavailable("MCP server `\(server)` is not available: \(reason)")
    case .lost(let reason): self = .lost("no answer from MCP server `\(server)`: \(reason)")
    }
  }

  /// Error texts are kept with the evidence: at most 16 KiB of them.
  private static func bounded(_ text: String) -> String {
    text.utf8.count <= 16_384 ? text : String(text.unicodeScalars.prefix(4_096)) + "…"
  }
}

import JSONRPC
import StrictJSON

extension ToolOutcome {
  init(_ reply: UpstreamReply, server: String) {
    switch reply {
    case .result(let result) where result.objectValue != nil: self = .answered(result)
    case .result: self = .lost("no answer from MCP server `\(server)`: its result is not an object")
    case .error(let error): self = .failed(error)
    case .refused(let decision): self = .refused(decision)
    case .notSent(let reason): self = .unavailable("MCP server `\(server)` is not available: \(reason)")
    case .lost(let reason): self = .lost("no answer from MCP server `\(server)`: \(reason)")
    }
  }
}

/// What `CallToolResult` says, for callers that don't speak MCP and for the evidence.
enum PlainResult: Sendable, Equatable {
  /// The tool's structured result: always an object.
  case succeeded(JSONValue)
  /// The tool said that it failed, or asks for more; the text is for the caller.
  case failed(String)

  /// In this order: an error is its text; `structuredContent`, when it is an object, is the result; a single text item
  /// that is itself a JSON object (what servers did before there was structured content) is that object; anything else is
  /// `{"content": …}` as the server sent it.
  init(callToolResult result: JSONValue) {
    let content = result["content"]?.arrayValue ?? []
    if result["resultType"]?.stringValue == "input_required" {
      self = .failed("the tool asks for more input, which needs an MCP client")
    } else if result["isError"]?.boolValue == true {
      self = .failed(Self.errorText(content))
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

  /// What the evidence keeps of a failed tool's answer; absent when the tool succeeded.
  static func error(of result: JSONValue) -> String? {
    guard result["isError"]?.boolValue == true else { return nil }
    return errorText(result["content"]?.arrayValue ?? [])
  }

  private static func errorText(_ content: [JSONValue]) -> String {
    let texts = content.compactMap { $0["type"]?.stringValue == "text" ? $0["text"]?.stringValue : nil }
    return bounded(texts.isEmpty ? "the tool failed without a text" : texts.joined(separator: "\n"))
  }

  /// Error texts are kept with the evidence: at most 16 KiB of them.
  static func bounded(_ text: String) -> String {
    text.utf8.count <= 16_384 ? text : String(text.unicodeScalars.prefix(4_096)) + "…"
  }
}

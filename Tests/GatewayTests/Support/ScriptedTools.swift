import StrictJSON
import Synchronization

@testable import Gateway

/// Runs calls as the test says, and remembers what was sent.
final class ScriptedTools: ToolRunner {
  private let answer: @Sendable (ToolName, CanonicalJSON) async -> ToolOutcome
  private let definitions: [ToolDefinition]
  private let log = Mutex<[(tool: String, arguments: String, meta: String?)]>([])

  init(
    definitions: [ToolDefinition] = [],
    _ answer: @escaping @Sendable (ToolName, CanonicalJSON) async -> ToolOutcome = { tool, arguments in
      .succeeded(["tool": .string(tool.rawValue), "arguments": arguments.value])
    }
  ) {
    self.definitions = definitions
    self.answer = answer
  }

  var sent: [(tool: String, arguments: String)] { log.withLock { $0.map { ($0.tool, $0.arguments) } } }
  /// What was sent of each call's `_meta`; absent when that was nothing.
  var metas: [String?] { log.withLock { $0.map(\.meta) } }

  func run(_ call: UpstreamCall, admit: @escaping @Sendable () -> Decision?) async -> ToolOutcome {
    if let refusal = admit() { return .refused(refusal) }
    log.withLock { $0.append((call.tool.rawValue, call.arguments.text, call.extras.meta?.text)) }
    let work = Task { await answer(call.tool, call.arguments) }
    call.handle.noteSent()
    call.handle.onGivingUp { _ in work.cancel() }
    let outcome = await work.value
    if call.handle.reason == nil { call.handle.noteAnswered() } else { call.handle.noteGivenUp() }
    return outcome
  }

  func tools() async -> [ToolDefinition] { definitions }

  func tool(_ name: ToolName) -> ToolDefinition? { definitions.first { $0.name == name.rawValue } }
}

extension ToolOutcome {
  /// An answer with this structured result.
  static func succeeded(_ structured: JSONValue) -> ToolOutcome {
    .answered(["content": [], "structuredContent": structured])
  }

  /// An answer that says that the tool failed.
  static func failed(_ text: String) -> ToolOutcome {
    .answered(["content": [["type": "text", "text": .string(text)]], "isError": true])
  }

  /// What a caller that doesn't speak MCP gets; absent when nothing was answered.
  var plain: PlainResult? { if case .answered(let result) = self { PlainResult(callToolResult: result) } else { nil } }
}

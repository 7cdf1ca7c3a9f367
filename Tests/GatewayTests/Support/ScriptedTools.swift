import Gateway
import StrictJSON
import Synchronization

/// Runs calls as the test says, and remembers what was sent.
final class ScriptedTools: ToolRunner {
  private let answer: @Sendable (ToolName, CanonicalJSON) async -> ToolOutcome
  private let definitions: [ToolDefinition]
  private let log = Mutex<[(tool: String, arguments: String)]>([])

  init(
    definitions: [ToolDefinition] = [],
    _ answer: @escaping @Sendable (ToolName, CanonicalJSON) async -> ToolOutcome = { tool, arguments in
      .succeeded(["tool": .string(tool.rawValue), "arguments": arguments.value])
    }
  ) {
    self.definitions = definitions
    self.answer = answer
  }

  var sent: [(tool: String, arguments: String)] { log.withLock { $0 } }

  func run(
    _ tool: ToolName, arguments: CanonicalJSON, admit: @escaping @Sendable () -> Decision?
  ) async -> ToolOutcome {
    if let refusal = admit() { return .refused(refusal) }
    log.withLock { $0.append((tool.rawValue, arguments.text)) }
    return await answer(tool, arguments)
  }

  func tools() async -> [ToolDefinition] { definitions }
}

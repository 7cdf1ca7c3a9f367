import ArgumentParser
import Gateway

/// What can be killed.
enum KillScope: String, ExpressibleByArgument, CaseIterable {
  case session, tool, agent, all
}

struct Kill: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Stop a session, an agent, a tool, or everything, now.",
    discussion: Manual(
      """
      Acts through the running server when it answers within two seconds, otherwise through kill-switch.json in the \
      state folder, which a running server takes up within a second and a stopped one at its next start. Says which \
      way it took, and what became of the calls that were under way: never_sent, cancelled, completed_before or \
      outcome_unknown.
      """,
      files: [
        "<state>/admin-api-key": "the key that the server wants",
        "<state>/kill-switch.json": "written when no server answers",
      ],
      variables: .client,
      exitCodes: [0: "it is stopped", 1: "neither the server nor the file could be told"],
      examples: [
        #"agentgate kill session agent-7 --reason "reads what it shouldn't""#, "agentgate kill agent billing-bot",
        "agentgate kill tool db_insert", "agentgate kill all",
      ]
    ).text)

  @OptionGroup var settings: SettingsOptions

  @Argument(help: "What it is about.")
  var target: KillScope

  @Argument(help: "The session's or agent's id or the tool's name; nothing for all.")
  var name: String?

  @Option(name: .long, help: "Told to whoever is refused because of it.")
  var reason: String?

  func validate() throws {
    try KillScope.check(target, name)
    if let reason, reason.unicodeScalars.count > Gateway.Kill.maximumReasonLength {
      throw ValidationError("--reason has more than \(Gateway.Kill.maximumReasonLength) characters")
    }
  }

  func run() async throws {
    let reason = reason.flatMap { $0.isEmpty ? nil : $0 }
    let act: ControlAct =
      switch target {
      case .session: .killSession(try SessionID(name ?? ""), reason: reason)
      case .tool: .killTool(try ToolName(name ?? ""), reason: reason)
      case .agent: .killAgent(try AgentID(name ?? ""), reason: reason)
      case .all: .pause(reason: reason)
      }
    print(try await ControlClient(configuration: settings.read()).perform(act))
  }
}

struct Unkill: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take a kill back.",
    discussion: Manual(
      """
      The same ways as kill. `unkill all` takes back only `kill all`; killed sessions, agents and tools stay killed.
      """,
      files: [
        "<state>/admin-api-key": "the key that the server wants",
        "<state>/kill-switch.json": "written when no server answers",
      ],
      variables: .client,
      exitCodes: [0: "it may go on", 1: "neither the server nor the file could be told"],
      examples: [
        "agentgate unkill session agent-7", "agentgate unkill agent billing-bot", "agentgate unkill tool db_insert",
        "agentgate unkill all",
      ]
    ).text)

  @OptionGroup var settings: SettingsOptions

  @Argument(help: "What it is about.")
  var target: KillScope

  @Argument(help: "The session's or agent's id or the tool's name; nothing for all.")
  var name: String?

  func validate() throws { try KillScope.check(target, name) }

  func run() async throws {
    let act: ControlAct =
      switch target {
      case .session: .unkillSession(try SessionID(name ?? ""))
      case .tool: .unkillTool(try ToolName(name ?? ""))
      case .agent: .unkillAgent(try AgentID(name ?? ""))
      case .all: .resume
      }
    print(try await ControlClient(configuration: settings.read()).perform(act))
  }
}

extension KillScope {
  static func check(_ target: KillScope, _ name: String?) throws {
    switch (target, name) {
    case (.all, nil): return
    case (.all, .some): throw ValidationError("`all` takes no name")
    case (.session, nil): throw ValidationError("which session? give its id")
    case (.tool, nil): throw ValidationError("which tool? give its name")
    case (.agent, nil): throw ValidationError("which agent? give its id")
    case (.session, let name?), (.tool, let name?), (.agent, let name?):
      do throws(InvalidIdentifier) {
        switch target {
        case .session: _ = try SessionID(name)
        case .agent: _ = try AgentID(name)
        default: _ = try ToolName(name)
        }
      } catch {
        throw ValidationError(error.message)
      }
    }
  }
}

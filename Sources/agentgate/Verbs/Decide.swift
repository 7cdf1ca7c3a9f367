import ArgumentParser
import FoundationEssentials
import Gateway
import Logging
import StrictJSON

struct Decide: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what the gateway would decide about a call. Nothing runs.",
    discussion: Manual(
      """
      Goes through the same checks and the same policy as the server, but for the rate limit. Kills and pauses count \
      once a server has run on the state folder. Needs no server.
      """,
      files: [
        "<policy>/*.rego, data.json": "what decides", "<state>/kill-switch.json": "what is killed and paused",
      ],
      variables: [
        "AGENTGATE_POLICY_PATH": "the folder of the policy, unless --policy gives it",
        "AGENTGATE_STATE_DIR": "the state folder, unless --state-dir gives it",
      ],
      exitCodes: [0: "any decision", 2: "there is none, because something is wrong"],
      examples: [
        "agentgate decide --tool db_query", #"agentgate decide --tool db_insert --args '{"table": "products"}'"#,
        "agentgate decide --tool db_insert --approved --format json",
      ]
    ).text)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case pretty, json
  }

  @OptionGroup var settings: SettingsOptions

  @Option(name: .long, help: "The tool's name.")
  var tool: String

  @Option(
    name: .long,
    help: ArgumentHelp("The call's arguments, a JSON object, or @ and a file that holds one.", valueName: "json"))
  var args: String = "{}"

  @Option(name: .long, help: "The session's id.")
  var session: String = "cli"

  @Option(name: .long, help: ArgumentHelp("What the agent says about itself, a JSON object.", valueName: "json"))
  var context: String = "{}"

  @Flag(name: .long, help: "As if the call came with a valid approval token.")
  var approved = false

  @Option(name: .long, help: "How to print the result.")
  var format: Format = .pretty

  func run() async throws {
    let configuration = try settings.read()
    let call = try call()
    let killSwitch =
      StateFolder.isFirstStart(configuration)
      ? nil : KillSwitch(file: configuration.killSwitchPath, logger: .quiet)
    let verdict: DryRun.Verdict
    do throws(PolicyLoadError) {
      verdict = try DryRun(policyDirectory: configuration.policyPath, killSwitch: killSwitch, logger: .quiet)
        .decide(call, hasApprovalToken: approved)
    } catch {
      throw Failure.failed("policy \(configuration.policyPath) refused:\n\(error)", code: 2)
    }
    switch format {
    case .json: print(verdict.json.serializedString())
    case .pretty: print(Self.describe(verdict, policyPath: configuration.policyPath))
    }
  }

  private func call() throws -> ToolCall {
    var text = args
    if args.hasPrefix("@") {
      let path = String(args.dropFirst())
      guard let data = FileManager.default.contents(atPath: path) else {
        throw Failure.failed("--args: \(path) can't be read", code: 2)
      }
      text = String(decoding: data, as: UTF8.self)
    }
    let arguments = try object(text, "--args")
    do {
      return ToolCall(
        sessionID: try SessionID(session), toolName: try ToolName(tool), arguments: try CanonicalJSON(arguments),
        context: try object(context, "--context"), approvalToken: nil, correlationID: "cli")
    } catch let error as InvalidIdentifier {
      throw Failure.failed(error.message, code: 2)
    } catch let error as JSONError {
      throw Failure.failed("--args: \(error)", code: 2)
    }
  }

  private func object(_ text: String, _ flag: String) throws -> JSONValue {
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue(parsing: text)
    } catch {
      throw Failure.failed("\(flag): \(error)", code: 2)
    }
    guard value.objectValue != nil else { throw Failure.failed("\(flag) must be a JSON object", code: 2) }
    return value
  }

  private static func describe(_ verdict: DryRun.Verdict, policyPath: String) -> String {
    let decision = verdict.decision
    var lines = [
      "action        \(decision.action.rawValue)", "reason        \(decision.reason)",
      "matched rule  \(decision.matchedRule ?? "none")", "write         \(decision.isWriteAction ? "yes" : "no")",
    ]
    lines += verdict.rules.map { "decided at    \(policyPath)/\($0.file):\($0.row):\($0.column) (\($0.path))" }
    lines.append("revision      \(verdict.policyRevision)")
    return lines.joined(separator: "\n")
  }
}

import ArgumentParser
import FoundationEssentials
import Gateway
import Glibc
import StrictJSON

struct WebhooksVerb: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "webhooks",
    abstract: "Try the webhook's receiver, and show the events that wait for it.",
    discussion: Manual(
      """
      Webhooks go to AGENTGATE_WEBHOOK_URL, signed with AGENTGATE_WEBHOOK_SECRET. AGENTGATE_WEBHOOK_EVENTS chooses \
      types of events. Without a further verb it lists what waits.
      """,
      files: ["<state>/webhooks.db": "the events that wait"],
      variables: variables,
      exitCodes: [0: "it is done", 1: "an event wasn't taken, or the queue can't be read"],
      examples: ["agentgate webhooks", "agentgate webhooks test"]
    ).text,
    subcommands: [WebhookTest.self, WebhookList.self], defaultSubcommand: WebhookList.self)

  fileprivate static let variables: Manual.Variables = [
    "AGENTGATE_STATE_DIR": "the state folder, unless --state-dir gives it",
    "AGENTGATE_WEBHOOK_URL": "where webhooks are sent",
    "AGENTGATE_WEBHOOK_SECRET": "the key of their signatures",
    "AGENTGATE_WEBHOOK_EVENTS": "the types that are sent, with commas between (all)",
  ]
}

private struct WebhookTest: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Send a sample of each type of event to the receiver, and print what it answers.",
    discussion: Manual(
      """
      The samples are signed as real events are, and have "test": true in their payload. Each is sent once.
      """,
      variables: WebhooksVerb.variables,
      exitCodes: [0: "the receiver took each of them", 1: "it didn't take one, or none is configured"],
      examples: ["agentgate webhooks test", "agentgate webhooks test --event kill_switch.activated"]
    ).text)

  @OptionGroup var settings: SettingsOptions

  @Option(
    name: .long,
    help: ArgumentHelp("Only a sample of this type. (default: all that webhook_events chooses)", valueName: "type"),
    transform: { text in
      guard let type = WebhookEvent.EventType(rawValue: text) else {
        throw ValidationError(
          "types of events are \(WebhookEvent.EventType.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      return type
    })
  var event: WebhookEvent.EventType?

  func run() async throws {
    let configuration = try settings.read()
    let webhooks = configuration.webhooks
    guard let url = webhooks.url, let origin = webhooks.origin else {
      throw Failure.failed("no webhooks are configured: set AGENTGATE_WEBHOOK_URL, or webhook_url in the settings file")
    }
    let chosen = WebhookEvent.EventType.allCases.filter { webhooks.events.contains($0) }
    print("receiver  \(VisibleText.of(origin))")
    print("signed    \(webhooks.secret == nil ? "no: AGENTGATE_WEBHOOK_SECRET is not set" : "yes")")
    print("events    \(chosen.map(\.rawValue).joined(separator: ", "))")
    let http = OutboundHTTP()
    let receiver = WebhookReceiver(url: url, key: webhooks.secret) { request in try await http.send(request) }
    let ids = EventIDGenerator()
    let types = event.map { [$0] } ?? chosen
    let width = types.map(\.rawValue.count).max() ?? 0
    var isTaken = true
    for type in types {
      let sample = WebhookEvent.sample(type, id: ids.next(), time: WallClock.system.now())
      let began = ContinuousClock.now
      let answer = await receiver.send(id: sample.id, body: sample.body)
      let milliseconds = (ContinuousClock.now - began) / .milliseconds(1)
      isTaken = isTaken && answer.isTaken
      let name = type.rawValue + String(repeating: " ", count: width - type.rawValue.count)
      print("\(answer.isTaken ? "taken " : "FAILED")  \(name)  \(Int(milliseconds)) ms  \(VisibleText.of("\(answer)"))")
      // Also when standard output is no terminal: the next one may take ten seconds.
      fflush(nil)
    }
    await http.shutdown()
    guard isTaken else { throw ExitCode(1) }
  }
}

private struct WebhookList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the events that wait for the receiver, the most urgent first.",
    discussion: Manual(
      """
      Reads the queue in the state folder, whether or not a server runs.
      """,
      files: ["<state>/webhooks.db": "the events that wait"],
      variables: WebhooksVerb.variables,
      exitCodes: [0: "the list is printed, which may be empty", 1: "the queue can't be read"],
      examples: ["agentgate webhooks list", "agentgate webhooks list --limit 10 --format json"]
    ).text)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case pretty, json
  }

  @OptionGroup var settings: SettingsOptions

  @Option(name: .long, help: "How many at most, up to 10000.")
  var limit = 100

  @Option(name: .long, help: "pretty or json.")
  var format: Format = .pretty

  func validate() throws {
    guard (1...10_000).contains(limit) else { throw ValidationError("--limit is from 1 to 10000") }
  }

  func run() async throws {
    let path = try settings.read().webhooksPath
    var events: [WebhookStore.Waiting] = []
    // Without a file nothing has ever waited; looking must not make one.
    if FileManager.default.fileExists(atPath: path) {
      do throws(WebhookStoreError) {
        let store = try WebhookStore(path: path, logger: .quiet)
        events = try await store.list(limit: limit)
        await store.close()
      } catch {
        throw Failure.failed("\(error)")
      }
    }
    switch format {
    case .json: print(JSONValue.object(["events": .array(events.map(\.json))]).serializedString())
    case .pretty:
      guard !events.isEmpty else { return print("no webhook events wait") }
      let rows = events.map { event in
        [
          event.id, event.type, ISOTimestamp.text(event.created), String(event.failures),
          event.due == 0 ? "" : ISOTimestamp.text(event.due), event.problem ?? "",
        ].map(VisibleText.of)
      }
      for line in Table.lines([["ID", "TYPE", "NOTED", "FAILURES", "NEXT ATTEMPT", "PROBLEM"]] + rows) { print(line) }
    }
  }
}

extension WebhookStore.Waiting {
  /// `{"id","event_type","noted","failures","next_attempt","problem","body"}`, null where absent.
  fileprivate var json: JSONValue {
    [
      "id": .string(id), "event_type": .string(type), "noted": .string(ISOTimestamp.text(created)),
      "failures": JSONValue(failures), "next_attempt": due == 0 ? .null : .string(ISOTimestamp.text(due)),
      "problem": problem.map { .string($0) } ?? .null, "body": (try? JSONValue(parsing: body)) ?? .null,
    ]
  }
}

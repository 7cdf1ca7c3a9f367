import ArgumentParser
import FoundationEssentials
import Gateway
import Glibc
import StrictJSON

struct Approvals: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the calls that wait for a human, and approve or deny them.",
    discussion: Manual(
      """
      A call that the policy answers with REQUIRE_APPROVAL waits here. Once approved, the same call of the same \
      session passes once, if it comes before the approval expires.

      Acts through the running server when it answers within two seconds, otherwise through approvals.db in the state \
      folder, where the server finds it at once. Without a further verb it lists what waits.
      """,
      files: [
        "<state>/admin-api-key": "the key that the server wants",
        "<state>/approvals.db": "read and written when no server answers",
      ],
      variables: .client,
      exitCodes: [0: "it is done", 1: "neither the server nor the file could be asked, or there is no such request"],
      examples: [
        "agentgate approvals", "agentgate approvals show ID",
        #"agentgate approvals approve ID --note "ticket 42""#, "agentgate approvals deny ID",
        "agentgate approvals watch",
      ]
    ).text,
    subcommands: [ApprovalList.self, ApprovalDetails.self, Approve.self, Deny.self, ApprovalWatch.self],
    defaultSubcommand: ApprovalList.self)
}

private struct ApprovalList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List what waits, or what has been decided.",
    discussion: Manual(
      """
      The newest first. With --format json: {"approvals": [{"id", "status", "session_id", "tool_name", "reason", …}]}.
      """,
      files: [
        "<state>/admin-api-key": "the key that the server wants",
        "<state>/approvals.db": "read and written when no server answers",
      ],
      variables: .client,
      exitCodes: [0: "the list is printed, which may be empty", 1: "neither the server nor the file could be asked"],
      examples: [
        "agentgate approvals list", "agentgate approvals list --status all --limit 20",
        "agentgate approvals list --format json",
      ]
    ).text)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case pretty, json
  }

  enum Status: String, ExpressibleByArgument, CaseIterable {
    case pending, approved, denied, used, expired, all

    var stored: ApprovalRequest.Status? { ApprovalRequest.Status(rawValue: rawValue) }
  }

  @OptionGroup var settings: SettingsOptions

  @Option(name: .long, help: "Which of them.")
  var status: Status = .pending

  @Option(name: .long, help: "How many at most, up to 1000.")
  var limit = 100

  @Option(name: .long, help: "How to print the result.")
  var format: Format = .pretty

  func validate() throws {
    guard (1...1_000).contains(limit) else { throw ValidationError("--limit is from 1 to 1000") }
  }

  func run() async throws {
    let client = ControlClient(configuration: try settings.read())
    let requests: [JSONValue] = try await client.ask {
      () async throws(ControlClient.ServerProblem) in
      let query = (status.stored.map { "status=\($0.rawValue)&" } ?? "") + "limit=\(limit)"
      return try await client.admin("GET", "/approvals?\(query)", body: nil)["approvals"]?.arrayValue ?? []
    } orFiles: { problem in
      try await client.approvals(because: problem) { store throws(ApprovalStoreError) in
        try await store.list(status: status.stored, limit: limit)
      }.map(\.json)
    }
    switch format {
    case .json:
      print(JSONValue.object(["approvals": .array(requests)]).serializedString())
    case .pretty:
      let rows = requests.map { request in
        ["id", "status", "expires", "session_id", "tool_name", "reason"].map { key in
          VisibleText.of(request[key]?.stringValue ?? "")
        }
      }
      for line in Table.lines([["ID", "STATUS", "EXPIRES", "SESSION", "TOOL", "REASON"]] + rows) { print(line) }
    }
  }
}

private struct ApprovalWatch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Print each call that begins to wait, and what becomes of it.",
    discussion: Manual(
      """
      Asks the running server once a second, until it is interrupted. What waits already is printed first.
      """,
      files: ["<state>/admin-api-key": "the key that the server wants"],
      variables: .client,
      exitCodes: [1: "the server doesn't answer"],
      examples: ["agentgate approvals watch", "agentgate approvals watch --format json"]
    ).text)

  @OptionGroup var settings: SettingsOptions

  @Option(name: .long, help: "How to print each.")
  var format: ApprovalList.Format = .pretty

  func run() async throws {
    let client = ControlClient(configuration: try settings.read())
    var known: [String: String] = [:]
    var isFirst = true
    while true {
      do throws(ControlClient.ServerProblem) {
        let requests = try await client.admin("GET", "/approvals?limit=1000", body: nil)["approvals"]?.arrayValue ?? []
        var latest: [String: String] = [:]
        for request in requests.reversed() {
          guard let id = request["id"]?.stringValue, let status = request["status"]?.stringValue else { continue }
          latest[id] = status
          // What was decided before is no news.
          if known[id] != status, !isFirst || status == "pending" { show(request) }
        }
        known = latest
        isFirst = false
      } catch {
        throw Failure.failed("\(error)")
      }
      try await Task.sleep(for: .seconds(1))
    }
  }

  private func show(_ request: JSONValue) {
    switch format {
    case .json: print(request.serializedString())
    case .pretty:
      print(
        ["status", "id", "session_id", "tool_name", "reason"].map { VisibleText.of(request[$0]?.stringValue ?? "") }
          .joined(separator: "  "))
    }
    // Also when standard output is no terminal.
    fflush(nil)
  }
}

private struct ApprovalDetails: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show all that is known of a request.",
    discussion: Manual(
      """
      A line for each member that is set. The arguments are there as a hash; the server's API has them while it waits.
      """,
      files: [
        "<state>/admin-api-key": "the key that the server wants",
        "<state>/approvals.db": "read and written when no server answers",
      ],
      variables: .client,
      exitCodes: [
        0: "the request is printed", 1: "neither the server nor the file could be asked, or there is no such request",
      ],
      examples: ["agentgate approvals show ID", "agentgate approvals show ID --format json"]
    ).text)

  @OptionGroup var settings: SettingsOptions

  @Argument(help: "The request's id.")
  var id: String

  @Option(name: .long, help: "How to print the result.")
  var format: ApprovalList.Format = .pretty

  func run() async throws {
    let client = ControlClient(configuration: try settings.read())
    let request: JSONValue = try await client.ask {
      () async throws(ControlClient.ServerProblem) in
      try await client.admin("GET", "/approvals/\(ControlClient.encoded(id))", body: nil)
    } orFiles: { problem in
      let found = try await client.approvals(because: problem) { store throws(ApprovalStoreError) in
        try await store.request(id)
      }
      guard let found else { throw Failure.failed("there is no approval request \(VisibleText.quoted(id))") }
      return found.json
    }
    switch format {
    case .json: print(request.serializedString())
    case .pretty:
      let rows = (request.objectValue?.members ?? []).filter { !$0.value.isNull }.map { key, value in
        [key, VisibleText.of(value.stringValue ?? value.serializedString())]
      }
      for line in Table.lines(rows) { print(line) }
    }
  }
}

private struct Approve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "approve", abstract: "Let a call pass, once.",
    discussion: Manual(
      """
      The call has to come again as it was, from the same session and agent, before the request expires.
      """,
      files: [
        "<state>/admin-api-key": "the key that the server wants",
        "<state>/approvals.db": "read and written when no server answers",
      ],
      variables: .client.adding(["USER": "who decides, unless --by says it"]),
      exitCodes: [0: "it is approved", 1: "it couldn't be, or was decided before"],
      examples: ["agentgate approvals approve ID", #"agentgate approvals approve ID --by ann --note "ticket 42""#]
    ).text)

  @OptionGroup var decision: DecisionOptions

  func run() async throws { try await decision.decide(approve: true) }
}

private struct Deny: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deny", abstract: "Let a call not pass.",
    discussion: Manual(
      """
      When the call comes again, a new request waits.
      """,
      files: [
        "<state>/admin-api-key": "the key that the server wants",
        "<state>/approvals.db": "read and written when no server answers",
      ],
      variables: .client.adding(["USER": "who decides, unless --by says it"]),
      exitCodes: [0: "it is denied", 1: "it couldn't be, or was decided before"],
      examples: ["agentgate approvals deny ID", #"agentgate approvals deny ID --note "not on a Friday""#]
    ).text)

  @OptionGroup var decision: DecisionOptions

  func run() async throws { try await decision.decide(approve: false) }
}

private struct DecisionOptions: ParsableArguments {
  @OptionGroup var settings: SettingsOptions

  @Argument(help: "The request's id.")
  var id: String

  @Option(name: .long, help: "Kept with the decision.")
  var note: String?

  @Option(name: .long, help: "Who decides. (default: the user's name)")
  var by: String?

  func validate() throws {
    if let note, note.unicodeScalars.count > ApprovalRequest.maximumNoteLength {
      throw ValidationError("--note has more than \(ApprovalRequest.maximumNoteLength) characters")
    }
    if let by, by.unicodeScalars.count > ApprovalRequest.maximumNameLength {
      throw ValidationError("--by has more than \(ApprovalRequest.maximumNameLength) characters")
    }
  }

  func decide(approve: Bool) async throws {
    let client = ControlClient(configuration: try settings.read())
    let decider = decider
    let done = "\(approve ? "approved" : "denied") request \(VisibleText.of(id))"
    let line: String = try await client.ask {
      () async throws(ControlClient.ServerProblem) in
      var body: JSONObject = ["by": .string(decider)]
      body["note"] = note.map { .string($0) }
      let answer = try await client.admin(
        "POST", "/approvals/\(ControlClient.encoded(id))/\(approve ? "approve" : "deny")", body: .object(body))
      let warning = answer["warning"]?.stringValue.map { "; \($0)" } ?? ""
      return "\(done) through the server at \(client.address)\(warning)"
    } orFiles: { problem in
      _ = try await client.approvals(because: problem) { store throws(ApprovalStoreError) in
        try await store.decide(id, approve: approve, by: decider, note: note)
      }
      return "\(done) in \(client.configuration.approvalsPath) (\(problem))"
    }
    print(line)
  }

  private var decider: String {
    if let by, !by.isEmpty { return by }
    let user = ProcessInfo.processInfo.environment["USER"] ?? ""
    let name = user.isEmpty ? "uid \(getuid())" : user
    return String(String.UnicodeScalarView(name.unicodeScalars.prefix(ApprovalRequest.maximumNameLength)))
  }
}

extension ControlClient {
  /// What `act` does with the store in the state folder.
  fileprivate func approvals<Answer>(
    because problem: ServerProblem, _ act: (ApprovalStore) async throws(ApprovalStoreError) -> Answer
  ) async throws -> Answer {
    let path = configuration.approvalsPath
    guard FileManager.default.fileExists(atPath: path) else {
      throw Failure.failed("\(problem); and there is no approval store \(path)")
    }
    do throws(ApprovalStoreError) {
      let store = try ApprovalStore(path: path, logger: .quiet)
      let answer = try await act(store)
      await store.close()
      return answer
    } catch {
      throw Failure.failed("\(problem); and \(error)")
    }
  }
}

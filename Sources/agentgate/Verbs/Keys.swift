import ArgumentParser
import FoundationEssentials
import Gateway
import StrictJSON

struct Agents: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make and revoke the keys of agents.",
    discussion: Manual(
      """
      The keys lie as hashes in a file. A new key is printed once: the agent sends it as `Authorization: Bearer KEY`. Running gateways take changes over within \
      a second. Without a further verb it lists the keys.
      """,
      files: ["<keys>": "the file of keys: AGENTGATE_AGENT_KEYS, or the one that --keys names"],
      variables: ["AGENTGATE_AGENT_KEYS": "the file of keys, unless --keys gives it"],
      exitCodes: [0: "it is done", 1: "the file can't be read or written, or has no such key"],
      examples: [
        "agentgate agents add billing-bot --keys agents.json", "agentgate agents list --keys agents.json",
        "agentgate agents revoke k1 --keys agents.json",
      ]
    ).text,
    subcommands: [AddAgentKey.self, ListAgentKeys.self, RevokeAgentKey.self],
    defaultSubcommand: ListAgentKeys.self)
}

struct Approvers: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make and revoke the keys of those who approve calls.",
    discussion: Manual(
      """
      The keys lie as hashes in a file. A new key is printed once: the approver sends it as \
      `X-API-Key: KEY`, and may decide about calls with it, and nothing else. Running gateways take changes over within \
      a second. Without a further verb it lists the keys.
      """,
      files: ["<keys>": "the file of keys: AGENTGATE_APPROVERS, or the one that --keys names"],
      variables: ["AGENTGATE_APPROVERS": "the file of keys, unless --keys gives it"],
      exitCodes: [0: "it is done", 1: "the file can't be read or written, or has no such key"],
      examples: [
        "agentgate approvers add ann --keys approvers.json", "agentgate approvers list --keys approvers.json",
        "agentgate approvers revoke k1 --keys approvers.json",
      ]
    ).text,
    subcommands: [AddApproverKey.self, ListApproverKeys.self, RevokeApproverKey.self],
    defaultSubcommand: ListApproverKeys.self)
}

/// One of the two files of keys.
private struct KeyFileOptions: ParsableArguments {
  @OptionGroup var settings: SettingsOptions

  @Option(name: .long, help: ArgumentHelp("The file of keys, instead of the settings' one.", valueName: "file"))
  var keys: String?

  func path(of holder: AgentKeyFile.Holder) throws -> String {
    if let keys { return keys }
    // The settings as a whole may lack what this is about to make.
    let configuration = try settings.read()
    let path = holder == .agent ? configuration.agentAuth.keyFile : configuration.approvers
    guard let path else {
      throw Failure.configuration(
        "which file? set \(holder == .agent ? "AGENTGATE_AGENT_KEYS" : "AGENTGATE_APPROVERS"), or give --keys")
    }
    return path
  }

  func add(_ name: String, user: String?, id: String?, notAfter: String?, _ holder: AgentKeyFile.Holder) throws {
    let path = try path(of: holder)
    let agent: AgentID
    do throws(InvalidIdentifier) {
      agent = try AgentID(name)
    } catch {
      throw ValidationError("the name: \(error.message)")
    }
    let end = try notAfter.map { text in
      guard let time = RFC3339Timestamp.microseconds(text) else {
        throw ValidationError("--not-after: is not a time such as 2027-01-01T00:00:00Z")
      }
      return time
    }
    try Self.reporting { () throws(KeyFileError) in
      let (id, token) = try AgentKeyFile.add(
        agent: agent, user: user, id: id, notAfter: end, to: path, of: holder)
      StandardError.print("key \(id) of \(VisibleText.quoted(name)), shown this once:")
      print(token)
    }
  }

  func list(_ holder: AgentKeyFile.Holder) throws {
    let path = try path(of: holder)
    try Self.reporting { () throws(KeyFileError) in
      let rows = try AgentKeyFile.read(path, of: holder).keys.map { key in
        [
          key.id, VisibleText.of(key.agent.rawValue), VisibleText.of(key.user ?? ""),
          key.notAfter.map(ISOTimestamp.text) ?? "", key.isDisabled ? "disabled" : "in force",
        ]
      }
      let title = holder == .agent ? "AGENT" : "APPROVER"
      for line in Table.lines([["ID", title, "USER", "NOT AFTER", "STATE"]] + rows) { print(line) }
    }
  }

  func revoke(_ id: String, _ holder: AgentKeyFile.Holder) throws {
    let path = try path(of: holder)
    try Self.reporting { () throws(KeyFileError) in
      let wasInForce = try AgentKeyFile.revoke(key: id, in: path, of: holder)
      print(wasInForce ? "key \(id) is disabled" : "key \(id) was disabled before")
    }
  }

  private static func reporting(_ body: () throws(KeyFileError) -> Void) throws {
    do throws(KeyFileError) {
      try body()
    } catch {
      throw Failure.failed("\(error)")
    }
  }
}

private struct NewKeyOptions: ParsableArguments {
  @Argument(help: "Whose key it is.")
  var name: String

  @Option(name: .long, help: "The key's id. (default: k and a number)")
  var id: String?

  @Option(name: .long, help: ArgumentHelp("From when on it opens nothing (RFC 3339).", valueName: "time"))
  var notAfter: String?
}

private struct AddAgentKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Make a key for an agent, and print it.",
    discussion: Manual(
      """
      The key goes to standard output, once; what is said about it to standard error. The file is made when it isn't \
      there, and holds a hash of the key.
      """,
      files: ["<keys>": "the file of keys: AGENTGATE_AGENT_KEYS, or the one that --keys names"],
      variables: ["AGENTGATE_AGENT_KEYS": "the file of keys, unless --keys gives it"],
      exitCodes: [0: "the key is printed and in force", 1: "the file can't be written, or has a key of this id"],
      examples: [
        "agentgate agents add billing-bot --keys agents.json",
        "agentgate agents add billing-bot --user ann \\", "  --not-after 2099-01-01T00:00:00Z --keys agents.json",
      ]
    ).text)

  @OptionGroup var file: KeyFileOptions
  @OptionGroup var key: NewKeyOptions

  @Option(name: .long, help: "The user for whom the agent works.")
  var user: String?

  func run() throws { try file.add(key.name, user: user, id: key.id, notAfter: key.notAfter, .agent) }
}

private struct AddApproverKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Make a key for an approver, and print it.",
    discussion: Manual(
      """
      The key goes to standard output, once; what is said about it to standard error. The file is made when it isn't \
      there, and holds a hash of the key.
      """,
      files: ["<keys>": "the file of keys: AGENTGATE_APPROVERS, or the one that --keys names"],
      variables: ["AGENTGATE_APPROVERS": "the file of keys, unless --keys gives it"],
      exitCodes: [0: "the key is printed and in force", 1: "the file can't be written, or has a key of this id"],
      examples: [
        "agentgate approvers add ann --keys approvers.json",
        "agentgate approvers add ann --id ann-2 \\", "  --not-after 2099-01-01T00:00:00Z --keys approvers.json",
      ]
    ).text)

  @OptionGroup var file: KeyFileOptions
  @OptionGroup var key: NewKeyOptions

  func run() throws { try file.add(key.name, user: nil, id: key.id, notAfter: key.notAfter, .approver) }
}

private struct ListAgentKeys: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the agents' keys.",
    discussion: Manual(
      """
      A line for each key, with its id, whose it is, and whether it is in force. No key can be read from its hash.
      """,
      files: ["<keys>": "the file of keys: AGENTGATE_AGENT_KEYS, or the one that --keys names"],
      variables: ["AGENTGATE_AGENT_KEYS": "the file of keys, unless --keys gives it"],
      exitCodes: [0: "the list is printed", 1: "the file can't be read"],
      examples: ["agentgate agents list --keys agents.json"]
    ).text)

  @OptionGroup var file: KeyFileOptions

  func run() throws { try file.list(.agent) }
}

private struct ListApproverKeys: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the approvers' keys.",
    discussion: Manual(
      """
      A line for each key, with its id, whose it is, and whether it is in force. No key can be read from its hash.
      """,
      files: ["<keys>": "the file of keys: AGENTGATE_APPROVERS, or the one that --keys names"],
      variables: ["AGENTGATE_APPROVERS": "the file of keys, unless --keys gives it"],
      exitCodes: [0: "the list is printed", 1: "the file can't be read"],
      examples: ["agentgate approvers list --keys approvers.json"]
    ).text)

  @OptionGroup var file: KeyFileOptions

  func run() throws { try file.list(.approver) }
}

private struct RevokeAgentKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Disable an agent's key.",
    discussion: Manual(
      """
      The key opens nothing any more, and stays in the file, so that its id can't be given again.
      """,
      files: ["<keys>": "the file of keys: AGENTGATE_AGENT_KEYS, or the one that --keys names"],
      variables: ["AGENTGATE_AGENT_KEYS": "the file of keys, unless --keys gives it"],
      exitCodes: [0: "it is disabled, or was before", 1: "the file can't be written, or has no such key"],
      examples: ["agentgate agents revoke k1 --keys agents.json"]
    ).text)

  @OptionGroup var file: KeyFileOptions

  @Argument(help: "The key's id.")
  var id: String

  func run() throws { try file.revoke(id, .agent) }
}

private struct RevokeApproverKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Disable an approver's key.",
    discussion: Manual(
      """
      The key opens nothing any more, and stays in the file, so that its id can't be given again.
      """,
      files: ["<keys>": "the file of keys: AGENTGATE_APPROVERS, or the one that --keys names"],
      variables: ["AGENTGATE_APPROVERS": "the file of keys, unless --keys gives it"],
      exitCodes: [0: "it is disabled, or was before", 1: "the file can't be written, or has no such key"],
      examples: ["agentgate approvers revoke k1 --keys approvers.json"]
    ).text)

  @OptionGroup var file: KeyFileOptions

  @Argument(help: "The key's id.")
  var id: String

  func run() throws { try file.revoke(id, .approver) }
}

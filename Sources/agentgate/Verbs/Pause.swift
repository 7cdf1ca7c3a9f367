import ArgumentParser
import Gateway

struct Pause: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Pause everything: no call passes until resume.",
    discussion: Manual(
      """
      The same as `agentgate kill all`, and by the same ways: through the running server, or through the file that it \
      watches. Calls under way are given up.
      """,
      files: [
        "<state>/admin-api-key": "the key that the server wants",
        "<state>/kill-switch.json": "written when no server answers",
      ],
      variables: .client,
      exitCodes: [0: "everything is paused", 1: "neither the server nor the file could be told"],
      examples: [#"agentgate pause --reason "maintenance""#]
    ).text)

  @OptionGroup var settings: SettingsOptions

  @Option(name: .long, help: "Told to whoever is refused because of it.")
  var reason: String?

  func validate() throws {
    if let reason, reason.unicodeScalars.count > Gateway.Kill.maximumReasonLength {
      throw ValidationError("--reason has more than \(Gateway.Kill.maximumReasonLength) characters")
    }
  }

  func run() async throws {
    let reason = reason.flatMap { $0.isEmpty ? nil : $0 }
    print(try await ControlClient(configuration: settings.read()).perform(.pause(reason: reason)))
  }
}

struct Resume: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "End a pause.",
    discussion: Manual(
      """
      Killed sessions, agents and tools stay killed. Also ends the pause that comes when no heartbeat does.
      """,
      files: [
        "<state>/admin-api-key": "the key that the server wants",
        "<state>/kill-switch.json": "written when no server answers",
      ],
      variables: .client,
      exitCodes: [0: "calls pass again", 1: "neither the server nor the file could be told"],
      examples: ["agentgate resume"]
    ).text)

  @OptionGroup var settings: SettingsOptions

  func run() async throws {
    print(try await ControlClient(configuration: settings.read()).perform(.resume))
  }
}

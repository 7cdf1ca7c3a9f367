import ArgumentParser
import FoundationEssentials
import Gateway
import Glibc
import StrictJSON

struct Demo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Walk through what AgentGate does, in six steps, and check each.",
    discussion: Manual(
      """
      An allowed read; an unknown tool, denied; a write that waits for a human; the same write, approved; the kill \
      switch; the session's evidence, exported and verified. Each step says what is asked and what is promised, shows \
      the request and the answer, and checks that they are as promised. In a terminal it waits for Enter between the \
      steps, unless --script is given.

      When a gateway answers at --host and --port, the demo speaks to it: with a session of its own, which is the only \
      one that it kills, and whose kill it takes back at the end. The gateway needs the shipped policy and the demo \
      tools; one product is added to the demo tools' database. Otherwise the demo starts a gateway of its own on a \
      free port, with ./policies or, when there is no such folder, the policy in the executable, and its state in a \
      folder that is removed afterwards.

      `agentgate --demo` is the same.
      """,
      files: [
        "<state>/admin-api-key": "the key of a gateway that runs already",
        "sample_evidence.*": "in the folder of --evidence: the session's evidence",
      ],
      variables: .client.adding([
        "AGENTGATE_POLICY_PATH": "the policy of a gateway of the demo's own",
        "AGENTGATE_AGENT_TOKEN": "an agent's key or token, where agents must authenticate",
        "NO_COLOR": "no colours when it is set", "TMPDIR": "where the folder is made. (default: /tmp)",
      ]),
      exitCodes: [
        0: "everything was as promised", 1: "something was not, which is named; or no gateway could be had",
      ],
      examples: ["agentgate demo", "agentgate demo --script", "agentgate demo --script --evidence examples"]
    ).text)

  @OptionGroup var settings: SettingsOptions

  @Flag(name: .long, help: "Don't wait for a key between the steps.")
  var script = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Write the session's evidence here: sample_evidence.json, .html and .pdf. Made when it isn't there.",
      valueName: "dir"))
  var evidence: String?

  @Option(
    name: .long, help: ArgumentHelp("The URL of a running gateway, instead of --host and --port.", valueName: "url"))
  var url: String?

  func validate() throws { try ServerOptions.check(url: url) }

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let configuration = try settings.read()
    let screen = DemoScreen(isScript: script, environment: environment)
    let server = DemoServer()
    let interruption = Interruption { server.end() }
    defer {
      server.end()
      withExtendedLifetime(interruption) {}
    }
    screen.title("AgentGate \(Version.current), the demo")
    let client: ControlClient
    if let running = try await running(configuration, screen) {
      client = running
    } else {
      client = try await start(server, configuration, environment, screen)
    }
    let session = "demo-" + UUID().uuidString.lowercased().prefix(8)
    screen.note("Session \(session).")
    screen.pause()
    var walk = DemoWalk(
      client: client, screen: screen, session: session,
      agentToken: server.folder == nil ? environment["AGENTGATE_AGENT_TOKEN"] : nil)
    await walk.run()
    await walk.cleanUp()
    if let evidence { try write(walk.evidence, to: evidence, screen) }
    try report(walk.broken, server, screen)
  }

  /// The gateway that answers at the address; absent when none does.
  private func running(_ configuration: Configuration, _ screen: DemoScreen) async throws -> ControlClient? {
    let client = ControlClient(configuration: configuration, url: url)
    do throws(ControlClient.ServerProblem) {
      let health = try await client.health()
      if health["version"]?.stringValue != nil, health["kill_switch"]?.objectValue != nil {
        // Said before anything is asked of it.
        _ = try client.adminKey()
        screen.note("The gateway that runs at \(client.address).")
        return client
      }
      guard url == nil else { throw ControlClient.ServerProblem.noAnswer("\(client.address) is no AgentGate") }
      screen.note("What answers at \(client.address) is no AgentGate.")
    } catch {
      switch error {
      case .noKey(let problem):
        throw Failure.failed(
          "a gateway runs at \(client.address): \(problem). Give its key or its --state-dir, or another --port")
      case .noAnswer, .refused:
        guard url == nil else { throw Failure.failed("\(error)") }
        if case .refused = error { screen.note("What answers at \(client.address) is no AgentGate.") }
      }
    }
    return nil
  }

  private func start(
    _ server: DemoServer, _ configuration: Configuration, _ environment: [String: String], _ screen: DemoScreen
  ) async throws -> ControlClient {
    // The standard folder may be missing: then it is the policy in the executable.
    let isMissing =
      configuration.policyPath == Configuration().policyPath
      && !FileManager.default.fileExists(atPath: configuration.policyPath)
    var own = Configuration()
    do throws(DemoServer.StartFailure) {
      own.port = try await server.start(policies: isMissing ? nil : configuration.policyPath, environment: environment)
    } catch {
      Interruption.standStill()
      StandardError.print(server.lastLog())
      throw Failure.failed("\(error)")
    }
    own.stateDirectory = (server.folder ?? "") + "/state"
    let client = ControlClient(configuration: own)
    screen.note(
      "A gateway of the demo's own, at \(client.address), with \(isMissing ? "the policy in the executable" : configuration.policyPath)."
    )
    // Its tools start while it listens.
    for _ in 0..<Self.readinessPolls {
      if let health = try? await client.health(), health["status"]?.stringValue == "ok" { break }
      try await Task.sleep(for: .milliseconds(50))
    }
    return client
  }

  /// A twentieth of a second each.
  private static let readinessPolls = 600

  private func write(_ evidence: DemoWalk.Evidence, to folder: String, _ screen: DemoScreen) throws {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      for (name, bytes) in [("json", evidence.json), ("html", evidence.html), ("pdf", evidence.pdf)] {
        guard let bytes else { continue }
        let path = "\(folder)/sample_evidence.\(name)"
        try Data(bytes).write(to: URL(filePath: path))
        screen.note("   \(path)")
      }
    } catch {
      throw Failure.failed("--evidence: \(folder) can't be written: \(error)")
    }
  }

  private func report(_ broken: [DemoWalk.Broken], _ server: DemoServer, _ screen: DemoScreen) throws {
    guard !broken.isEmpty else {
      screen.verdict("All \(DemoWalk.steps) steps went as promised.", isGood: true)
      return
    }
    screen.verdict("\(broken.count) of the promises \(broken.count == 1 ? "was" : "were") not kept.", isGood: false)
    for problem in broken { StandardError.print("agentgate: \(problem)") }
    let log = server.lastLog()
    if !log.isEmpty { StandardError.print("the gateway's log ends with:\n\(log)") }
    throw ExitCode(1)
  }
}

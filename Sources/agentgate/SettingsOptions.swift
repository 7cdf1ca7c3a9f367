import ArgumentParser
import FoundationEssentials
import Gateway
import Glibc
import Logging

/// The settings that several verbs share.
struct SettingsOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("The gateway's address. (default: 127.0.0.1)", valueName: "host"))
  var host: String?

  @Option(
    name: .long, help: ArgumentHelp("The gateway's port; 0 serves on a free one. (default: 8000)", valueName: "port"))
  var port: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "A JSON file of settings: host, port, policy_path, state_dir, mcp_config, …; mcpServers may be in it, too.",
      valueName: "file"))
  var config: String?

  @Option(
    name: .long, help: ArgumentHelp("The folder of Rego modules and data.json. (default: ./policies)", valueName: "dir")
  )
  var policy: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The folder of the kill switch, the traces and the generated keys. (default: ./state)", valueName: "dir"))
  var stateDir: String?

  /// Fails with exit code 78 and what is wrong with which setting.
  func read(extraFlags: [String: String] = [:]) throws -> Configuration {
    var flags = extraFlags
    flags["host"] = host
    flags["port"] = port
    flags["policy_path"] = policy
    flags["state_dir"] = stateDir
    do throws(ConfigurationError) {
      return try Configuration(
        flags: flags, environment: ProcessInfo.processInfo.environment, settingsFile: config)
    } catch {
      throw Failure.configuration("\(error)")
    }
  }
}

/// The settings, and another way to say where the server is.
struct ServerOptions: ParsableArguments {
  @OptionGroup var settings: SettingsOptions

  @Option(
    name: .long, help: ArgumentHelp("The URL of the gateway, instead of --host and --port.", valueName: "url"))
  var url: String?

  func validate() throws { try Self.check(url: url) }

  func client() throws -> ControlClient { ControlClient(configuration: try settings.read(), url: url) }

  static func check(url: String?) throws {
    guard let url else { return }
    guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
      throw ValidationError("--url must begin with http:// or https://")
    }
  }
}

/// How verbs end when something is wrong: a text on standard error and an exit code of sysexits(3) or OPA's.
enum Failure {
  /// EX_CONFIG: nothing starts until the settings are mended.
  static func configuration(_ text: String) -> ExitCode { exit(78, text) }

  /// The verb couldn't do what it was asked to.
  static func failed(_ text: String, code: Int32 = 1) -> ExitCode { exit(code, text) }

  private static func exit(_ code: Int32, _ text: String) -> ExitCode {
    StandardError.print("agentgate: \(text)")
    return ExitCode(code)
  }
}

enum StandardError {
  static func print(_ text: String) { JSONLogHandler.writeToStandardError(Array((text + "\n").utf8)) }
}

enum StandardInput {
  /// All of it; absent when it can't be read.
  static func bytes() -> [UInt8]? {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(0, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { return all }
      all += buffer[..<count]
    }
  }
}

extension Logger {
  /// For verbs that answer on standard output: only what goes wrong is logged.
  static var quiet: Logger { Logger(label: "agentgate") { JSONLogHandler(label: $0, level: .warning) } }
}

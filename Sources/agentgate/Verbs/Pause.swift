import ArgumentParser
import Gateway

struct Pause: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Pause everything: no call passes until resume. The same as `kill all`.")

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
    abstract: "End a pause. Killed sessions and tools stay killed.")

  @OptionGroup var settings: SettingsOptions

  func run() async throws {
    print(try await ControlClient(configuration: settings.read()).perform(.resume))
  }
}

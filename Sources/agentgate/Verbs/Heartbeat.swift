import ArgumentParser
import Gateway
import StrictJSON

struct Heartbeat: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell the running server that its supervisor is alive.",
    discussion: """
      With AGENTGATE_DEADMAN_SECONDS the server pauses everything when no heartbeat comes for so long. A pause that came \
      about so is ended by `agentgate resume`.
      """)

  @OptionGroup var settings: SettingsOptions

  func run() async throws {
    let client = ControlClient(configuration: try settings.read())
    do throws(ControlClient.ServerProblem) {
      let answer = try await client.admin("POST", "/system/heartbeat", body: nil)
      let seconds = answer["deadman_seconds"]?.intValue
      print(seconds.map { "heartbeat taken; the next is due within \($0) s" } ?? "heartbeat taken; none is waited for")
    } catch {
      throw Failure.failed("\(error)")
    }
  }
}

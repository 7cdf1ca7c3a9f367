import ArgumentParser
import Gateway
import StrictJSON

struct Heartbeat: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell the running server that its supervisor is alive.",
    discussion: Manual(
      """
      With AGENTGATE_DEADMAN_SECONDS the server pauses everything when no heartbeat comes for so long. A pause that came \
      about so is ended by `agentgate resume`.
      """,
      files: ["<state>/admin-api-key": "the key that the server wants"],
      variables: .client,
      exitCodes: [0: "the server has taken it", 1: "the server didn't"],
      examples: ["agentgate heartbeat", "while agentgate heartbeat; do sleep 20; done"]
    ).text)

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

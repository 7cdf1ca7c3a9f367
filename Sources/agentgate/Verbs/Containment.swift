import ArgumentParser
import Gateway
import StrictJSON

struct Containment: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the receipt of a kill: what became of the calls that it met under way.",
    discussion: Manual(
      """
      Asks the running server. A kill's answer names its containment; the receipt is open while verdicts may change, \
      and settled afterwards. The verdicts are never_sent, cancelled, completed_before and outcome_unknown.
      """,
      files: ["<state>/admin-api-key": "the key that the server wants"],
      variables: .client,
      exitCodes: [0: "the receipt is printed", 1: "the server doesn't answer, or knows no such containment"],
      examples: ["agentgate containment ID", "agentgate containment ID --json"]
    ).text)

  @OptionGroup var settings: SettingsOptions

  @Argument(help: "The containment's id, as the kill gave it.")
  var id: String

  @Flag(name: .long, help: "As JSON, with its hash and signature.")
  var json = false

  func run() async throws {
    let client = ControlClient(configuration: try settings.read())
    do throws(ControlClient.ServerProblem) {
      let receipt = try await client.admin("GET", "/containments/\(ControlClient.encoded(id))", body: nil)
      print(json ? receipt.serializedString() : ReceiptText.lines(receipt).joined(separator: "\n"))
    } catch {
      throw Failure.failed("\(error)")
    }
  }
}

import FoundationEssentials
import Gateway
import NIOCore
import StrictJSON

/// The six steps, each with what was promised of it and whether that is what there is.
struct DemoWalk {
  /// The session's evidence in each of its formats; what could not be had is absent.
  struct Evidence {
    var json: [UInt8]?
    var html: [UInt8]?
    var pdf: [UInt8]?
  }

  /// What was promised and isn't so.
  struct Broken: CustomStringConvertible {
    let step: String
    let promise: String
    let found: String

    var description: String { "\(step): promised that \(promise)" + (found.isEmpty ? "" : "; but: \(found)") }
  }

  private let client: ControlClient
  private let screen: DemoScreen
  private let session: String
  /// What agents prove who they are with; absent where they needn't.
  private let agentToken: String?

  private(set) var broken: [Broken] = []
  private(set) var evidence = Evidence()
  private var step = ""
  /// Those that the gateway has answered.
  private var calls = 0
  private var isKilled = false
  /// The request for approval that the demo leaves behind.
  private var waiting: String?

  static let steps = 6
  /// For the tools, too: a call may take as long as its server does.
  private static let patience = TimeAmount.seconds(30)

  /// - Parameter session: one that nobody else uses; it is killed
  init(client: ControlClient, screen: DemoScreen, session: String, agentToken: String?) {
    self.client = client
    self.screen = screen
    self.session = session
    self.agentToken = agentToken
  }

  mutating func run() async {
    await allowedRead()
    screen.pause()
    await unknownTool()
    screen.pause()
    let approval = await writeWithoutApproval()
    screen.pause()
    await writeWithApproval(approval)
    screen.pause()
    await kill()
    screen.pause()
    await exportEvidence()
  }

  /// Takes the session's kill back and denies what still waits, so that nothing of the demo is left for an operator.
  mutating func cleanUp() async {
    if isKilled { _ = try? await client.admin("DELETE", sessionPath + "/kill", body: nil) }
    isKilled = false
    if let waiting {
      let note: JSONValue = ["by": "demo-operator", "note": "the demo is over"]
      _ = try? await client.admin("POST", "/approvals/\(ControlClient.encoded(waiting))/deny", body: note)
    }
    waiting = nil
  }

  // MARK: Steps

  private mutating func allowedRead() async {
    begin(1, "Allowed read", "An agent reads two products. The policy has db_query among the tools that only read.")
    let answer = await call("db_query", ["query": "SELECT id, name, price FROM products LIMIT 2"])
    promise("the call is allowed", isAllowed(answer), error(of: answer))
    let rows = answer["result"]?["rows"]?.arrayValue ?? []
    promise("the database answers with two rows", rows.count == 2, "\(rows.count) rows")
  }

  private mutating func unknownTool() async {
    begin(2, "Denied unknown tool", "The agent tries a tool that the policy doesn't know.")
    let answer = await call("hack_the_planet", ["target": "everything"])
    promise("the policy denies it", refusal(answer, begins: "Policy denied: "), error(of: answer))
  }

  /// - Returns: the approval's id
  private mutating func writeWithoutApproval() async -> String? {
    begin(3, "Write requires approval", "The agent adds a product. Writes wait for a human.")
    let answer = await call("db_insert", insertion)
    promise("the call waits for a human", refusal(answer, begins: "Approval required: "), error(of: answer))
    let approval = answer["approval_id"]?.stringValue
    waiting = approval
    promise("the answer names the request for approval", approval != nil, "no approval_id")
    let count = await lamps()
    promise("nothing was written", count == 0, count.map { "\($0) rows" } ?? "they can't be counted")
    return approval
  }

  private mutating func writeWithApproval(_ approval: String?) async {
    begin(4, "Write with approval", "A human approves the request, and the agent repeats the very same call.")
    guard let approval else { return promise("a human can approve the call", false, "there is no request") }
    let decided = await admin(
      "POST", "/approvals/\(ControlClient.encoded(approval))/approve",
      ["by": "demo-operator", "note": "AgentGate's demo"]
    )
    promise("the approval is taken", decided["status"]?.stringValue == "approved", text(decided))
    let answer = await call("db_insert", insertion)
    promise("the call passes now", isAllowed(answer), error(of: answer))
    let count = await lamps()
    promise("its row is in the database", count == 1, count.map { "\($0) rows" } ?? "they can't be counted")
    let again = await call("db_insert", insertion)
    waiting = again["approval_id"]?.stringValue
    promise(
      "it passes once: the next such call waits again", refusal(again, begins: "Approval required: "), text(again))
  }

  private mutating func kill() async {
    begin(5, "Kill switch", "An operator stops the session. Its next call is a read that was allowed before.")
    let answer = await admin("POST", sessionPath + "/kill", ["reason": "off the rails"])
    promise("the kill is answered with its receipt", answer["containment_id"]?.stringValue != nil, text(answer))
    isKilled = answer["containment_id"] != nil
    let next = await call("db_query", ["query": "SELECT id, name, price FROM products LIMIT 2"])
    promise(
      "the next call is blocked, with the operator's reason",
      refusal(next, begins: "Policy denied: Kill switch: off the rails"),
      error(of: next))
  }

  private mutating func exportEvidence() async {
    begin(
      6, "Evidence", "The session's evidence is exported and checked as `agentgate verify` does, without the gateway.")
    let key = await ask("GET", "/.well-known/agentgate-evidence-key").flatMap { EvidencePublicKey(text: $0.body) }
    promise("the gateway tells the public key of its evidence", key != nil)
    evidence.json = await export("json")
    evidence.html = await export("html")
    evidence.pdf = await export("pdf")
    if let pack = evidence.json, let key {
      let check = EvidencePackCheck(pack, publicKey: key)
      promise(
        "the pack is verified: hashes, proofs and signature", check.findings.isEmpty,
        check.findings.first?.description ?? "")
      let forged = Self.forged(pack).map { EvidencePackCheck($0, publicKey: key).findings } ?? []
      promise("a pack with one word changed is found out", !forged.isEmpty)
    }
    let summary = evidence.json.flatMap { try? JSONValue(parsing: $0) }?["summary"] ?? .null
    let total = summary["total_tool_calls"]?.intValue
    promise("it has all \(calls) calls", total == calls, total.map { "\($0) calls" } ?? "no summary")
    let killed = summary["kill_switch_activations"]?.intValue
    promise("it says that one was killed", killed == 1, killed.map { "\($0)" } ?? "no summary")
    promise("the page is HTML", begins(evidence.html, "<!doctype html"), "it begins otherwise")
    promise("the document is PDF", begins(evidence.pdf, "%pdf-"), "it begins otherwise")
  }

  // MARK: Requests

  private var sessionPath: String { "/sessions/" + ControlClient.encoded(session) }

  /// A product of this session's own.
  private var lamp: String { "Lamp of \(session)" }
  private var insertion: JSONValue { ["table": "products", "values": ["name": .string(lamp), "price": 19.5]] }

  /// How many there are of the product that the demo inserts; absent when nobody can say.
  private mutating func lamps() async -> Int? {
    // The session's name has no quotes.
    let answer = await call("db_query", ["query": .string("SELECT count(*) AS n FROM products WHERE name = '\(lamp)'")])
    return answer["result"]?["rows"]?.arrayValue?.first?["n"]?.intValue
  }

  /// A call of the demo's session; null when there is no answer to it.
  private mutating func call(_ tool: String, _ arguments: JSONValue) async -> JSONValue {
    let body: JSONValue = [
      "session_id": .string(session), "tool_name": .string(tool), "arguments": arguments,
      "context": ["agent_id": "demo-agent"],
    ]
    let headers = agentToken.map { ["Authorization": "Bearer \($0)"] } ?? [:]
    screen.request("POST /tools/call  \(tool) \(arguments.serializedString())")
    guard let answer = await ask("POST", "/tools/call", body, headers, isShown: false) else { return .null }
    screen.answer(String(decoding: answer.body, as: UTF8.self))
    guard answer.status == 200, let json = answer.json else {
      let hint = answer.status == 401 ? "; set AGENTGATE_AGENT_TOKEN to an agent's key or token" : ""
      promise("the call is answered", false, "status \(answer.status)\(hint)")
      return .null
    }
    calls += 1
    return json
  }

  /// An operator's request; null when there is no answer to it.
  private mutating func admin(_ method: String, _ path: String, _ body: JSONValue) async -> JSONValue {
    guard let headers = adminHeaders() else { return .null }
    guard let answer = await ask(method, path, body, headers) else { return .null }
    screen.answer(String(decoding: answer.body, as: UTF8.self))
    return answer.json ?? .null
  }

  private mutating func export(_ format: String) async -> [UInt8]? {
    guard let headers = adminHeaders() else { return nil }
    guard let answer = await ask("GET", sessionPath + "/evidence?format=\(format)", nil, headers) else { return nil }
    screen.answer("\(answer.body.count) bytes")
    promise("the evidence comes as \(format.uppercased())", answer.status == 200, "status \(answer.status)")
    return answer.status == 200 ? answer.body : nil
  }

  private mutating func adminHeaders() -> [String: String]? {
    do throws(ControlClient.ServerProblem) {
      return ["X-API-Key": try client.adminKey()]
    } catch {
      promise("the admin key is known", false, "\(error)")
      return nil
    }
  }

  private mutating func ask(
    _ method: String, _ path: String, _ body: JSONValue? = nil, _ headers: [String: String] = [:], isShown: Bool = true
  ) async -> ControlClient.Answer? {
    if isShown { screen.request("\(method) \(path)" + (body.map { "  " + $0.serializedString() } ?? "")) }
    do throws(ControlClient.ServerProblem) {
      return try await client.answer(method, path, body: body, headers: headers, within: Self.patience)
    } catch {
      promise("the gateway answers", false, "\(error)")
      return nil
    }
  }

  // MARK: Promises

  private mutating func begin(_ number: Int, _ name: String, _ explanation: String) {
    step = "step \(number), \(name)"
    screen.step(number, name, explanation)
  }

  private mutating func promise(_ text: String, _ isKept: Bool, _ found: String = "") {
    screen.promise(text, isKept: isKept, found: found)
    if !isKept { broken.append(Broken(step: step, promise: text, found: VisibleText.of(found))) }
  }

  private func isAllowed(_ answer: JSONValue) -> Bool { answer["success"]?.boolValue == true }

  private func refusal(_ answer: JSONValue, begins: String) -> Bool {
    answer["success"]?.boolValue == false && answer["error"]?.stringValue?.hasPrefix(begins) == true
  }

  private func error(of answer: JSONValue) -> String {
    if answer.isNull { return "there is no answer" }
    return answer["error"]?.stringValue ?? "the call succeeded"
  }

  private func text(_ answer: JSONValue) -> String { answer.isNull ? "there is no answer" : answer.serializedString() }

  private func begins(_ bytes: [UInt8]?, _ text: String) -> Bool {
    String(decoding: (bytes ?? []).prefix(text.utf8.count), as: UTF8.self).lowercased() == text
  }

  /// The pack with a denial's reason made to say something else; absent when there is none.
  private static func forged(_ pack: [UInt8]) -> [UInt8]? {
    let text = String(decoding: pack, as: UTF8.self)
    guard let place = text.firstRange(of: "hack_the_planet") else { return nil }
    return Array((text[..<place.lowerBound] + "help_the_planet" + text[place.upperBound...]).utf8)
  }
}

import AsyncHTTPClient
import FoundationEssentials
import Gateway
import Glibc
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import StrictJSON

/// An operator's act.
enum ControlAct: Sendable {
  case killSession(SessionID, reason: String?)
  case killTool(ToolName, reason: String?)
  case killAgent(AgentID, reason: String?)
  case unkillSession(SessionID)
  case unkillTool(ToolName)
  case unkillAgent(AgentID)
  case pause(reason: String?)
  case resume

  var done: String {
    switch self {
    case .killSession(let session, _): "killed session \(quoted(session.rawValue))"
    case .killTool(let tool, _): "killed tool \(quoted(tool.rawValue))"
    case .killAgent(let agent, _): "killed agent \(quoted(agent.rawValue))"
    case .unkillAgent(let agent): "unkilled agent \(quoted(agent.rawValue))"
    case .unkillSession(let session): "unkilled session \(quoted(session.rawValue))"
    case .unkillTool(let tool): "unkilled tool \(quoted(tool.rawValue))"
    case .pause: "paused"
    case .resume: "resumed"
    }
  }

  /// As JSON: an id may hold line breaks and control characters.
  private func quoted(_ text: String) -> String { JSONValue.string(text).serializedString() }
}

/// Acts through the running server, or, when it doesn't answer, through the kill-switch file, which it watches.
struct ControlClient: Sendable {
  let configuration: Configuration
  /// The server's, in place of the settings' host and port: `https://gateway.example`.
  var url: String?

  /// How long the server has to answer before the file is written.
  static let patience: TimeAmount = .seconds(2)
  /// In bytes. The differences of many tools' definitions are long.
  private static let largestAnswer = 64 << 20

  enum ServerProblem: Error, CustomStringConvertible {
    case noKey(String)
    case noAnswer(String)
    case refused(Int, String)

    var description: String {
      switch self {
      case .noKey(let text): text
      case .noAnswer(let text): "no answer from the server: \(text)"
      case .refused(let status, let text): "the server answered \(status): \(text)"
      }
    }
  }

  /// Returns what was done and how.
  func perform(_ act: ControlAct) async throws -> String {
    do throws(ServerProblem) {
      let answer = try await send(act)
      let warning = answer["warning"]?.stringValue.map { "; \($0)" } ?? ""
      let done = "\(act.done) through the server at \(address)\(warning)"
      guard let receipt = answer["receipt"] else { return done }
      return done + "\n" + ReceiptText.lines(try await settled(receipt)).joined(separator: "\n")
    } catch {
      try await write(act, because: error)
      return "\(act.done) in \(configuration.killSwitchPath) (\(error))"
    }
  }

  /// The receipt once nothing of it changes any more, or as it is after the patience that a person has.
  private func settled(_ receipt: JSONValue) async throws(ServerProblem) -> JSONValue {
    var receipt = receipt
    guard let id = receipt["id"]?.stringValue else { return receipt }
    for _ in 0..<Self.receiptPolls where receipt["state"]?.stringValue == "open" {
      try? await Task.sleep(for: .milliseconds(100))
      receipt = try await admin("GET", "/containments/\(Self.encoded(id))", body: nil)
    }
    return receipt
  }

  /// A tenth of a second each.
  private static let receiptPolls = 50

  var address: String {
    if let url { return String(url.reversed().drop { $0 == "/" }.reversed()) }
    let host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
    // What a server is bound to on every interface, it answers on loopback too.
    return "http://\(["0.0.0.0", "[::]"].contains(host) ? "127.0.0.1" : host):\(configuration.port)"
  }

  /// `/health` of the running server.
  func health(within patience: TimeAmount = Self.patience) async throws(ServerProblem) -> JSONValue {
    try Self.accepted(try await answer("GET", "/health", within: patience))
  }

  /// What the server answers to a request with the admin key.
  ///
  /// - Parameter path: with what stands for names in it `encoded`
  func admin(_ method: String, _ path: String, body: JSONValue?) async throws(ServerProblem) -> JSONValue {
    try Self.accepted(try await answer(method, path, body: body, headers: ["X-API-Key": try adminKey()]))
  }

  /// The settings' key, or the one in the state folder.
  func adminKey() throws(ServerProblem) -> String {
    if let configured = configuration.adminKey { return configured }
    do throws(AdminKey.KeyError) {
      if let key = try AdminKey.read(configuration.adminKeyPath) { return key }
    } catch {
      throw .noKey("\(error)")
    }
    throw .noKey("no admin API key in AGENTGATE_ADMIN_API_KEY or \(configuration.adminKeyPath)")
  }

  /// What the server answers; or, when it can't be asked, what the files in the state folder say. When it refuses, that
  /// holds.
  func ask<Answer>(
    _ server: () async throws(ServerProblem) -> Answer, orFiles files: (ServerProblem) async throws -> Answer
  ) async throws -> Answer {
    do throws(ServerProblem) {
      return try await server()
    } catch {
      if case .refused = error { throw Failure.failed("\(error)") }
      guard FileManager.default.fileExists(atPath: configuration.stateDirectory) else {
        throw Failure.failed("\(error); and there is no state folder \(configuration.stateDirectory)")
      }
      return try await files(error)
    }
  }

  private func send(_ act: ControlAct) async throws(ServerProblem) -> JSONValue {
    switch act {
    case .killSession(let session, let reason):
      return try await admin("POST", "/sessions/\(Self.encoded(session.rawValue))/kill", body: body(reason))
    case .killTool(let tool, let reason):
      return try await admin("POST", "/tools/\(Self.encoded(tool.rawValue))/kill", body: body(reason))
    case .killAgent(let agent, let reason):
      return try await admin("POST", "/agents/\(Self.encoded(agent.rawValue))/kill", body: body(reason))
    case .unkillAgent(let agent):
      return try await admin("DELETE", "/agents/\(Self.encoded(agent.rawValue))/kill", body: nil)
    case .unkillSession(let session):
      return try await admin("DELETE", "/sessions/\(Self.encoded(session.rawValue))/kill", body: nil)
    case .unkillTool(let tool):
      return try await admin("DELETE", "/tools/\(Self.encoded(tool.rawValue))/kill", body: nil)
    case .pause(let reason):
      return try await admin("POST", "/system/pause", body: body(reason))
    case .resume:
      return try await admin("POST", "/system/resume", body: nil)
    }
  }

  private func body(_ reason: String?) -> JSONValue? { reason.map { ["reason": .string($0)] } }

  /// An answer of whatever status.
  struct Answer: Sendable {
    let status: Int
    let body: [UInt8]

    /// Absent when it is none.
    var json: JSONValue? { try? JSONValue(parsing: body) }
  }

  /// - Parameter path: with what stands for names in it `encoded`
  func answer(
    _ method: String, _ path: String, body: JSONValue? = nil, headers: [String: String] = [:],
    within patience: TimeAmount = Self.patience
  ) async throws(ServerProblem) -> Answer {
    var request = HTTPClientRequest(url: address + path)
    request.method = .init(rawValue: method)
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if let body {
      request.headers.add(name: "Content-Type", value: "application/json")
      request.body = .bytes(ByteBuffer(bytes: body.serialized()))
    }
    do {
      let response = try await Self.http.execute(request, timeout: patience)
      let bytes = try await response.body.collect(upTo: Self.largestAnswer)
      return Answer(status: Int(response.status.code), body: Array(bytes.readableBytesView))
    } catch {
      throw .noAnswer("\(address): \(Self.describe(error))")
    }
  }

  /// Says at once that nobody listens, where the shared client would try until the time is up. A key goes to the server
  /// that it is for, and not where that one points.
  private static let http: HTTPClient = {
    var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
    configuration.connectionPool.retryConnectionEstablishment = false
    return HTTPClient(configuration: configuration)
  }()

  private static func describe(_ error: any Error) -> String {
    let cause = (error as? NIOConnectionError)?.connectionErrors.first?.error ?? error
    if let failure = cause as? IOError {
      return String(cString: strerror(failure.errnoCode))
    }
    return "\(error)"
  }

  private static func accepted(_ answer: Answer) throws(ServerProblem) -> JSONValue {
    let json = answer.json
    guard answer.status == 200, let json else {
      let text = json?["detail"]?.stringValue ?? json?["message"]?.stringValue ?? "not what AgentGate answers"
      throw .refused(answer.status, text)
    }
    return json
  }

  /// All but RFC 3986's unreserved characters as `%41`.
  static func encoded(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"):
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return encoded
  }

  private func write(_ act: ControlAct, because problem: ServerProblem) async throws {
    guard FileManager.default.fileExists(atPath: configuration.stateDirectory) else {
      throw Failure.failed("\(problem); and there is no state folder \(configuration.stateDirectory)")
    }
    let killSwitch = KillSwitch(
      file: configuration.killSwitchPath, createIfMissing: StateFolder.isFirstStart(configuration), logger: .quiet)
    do throws(KillSwitchError) {
      switch act {
      case .killSession(let session, let reason): try await killSwitch.kill(session: session, reason: reason)
      case .killTool(let tool, let reason): try await killSwitch.kill(tool: tool, reason: reason)
      case .killAgent(let agent, let reason): try await killSwitch.kill(agent: agent, reason: reason)
      case .unkillAgent(let agent): try await killSwitch.unkill(agent: agent)
      case .unkillSession(let session): try await killSwitch.unkill(session: session)
      case .unkillTool(let tool): try await killSwitch.unkill(tool: tool)
      case .pause(let reason): try await killSwitch.pause(reason: reason)
      case .resume: try await killSwitch.resume()
      }
    } catch {
      throw Failure.failed("\(problem); and \(configuration.killSwitchPath) can't be written: \(error)")
    }
  }
}

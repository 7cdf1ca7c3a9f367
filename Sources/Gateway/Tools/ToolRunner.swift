public import JSONRPC
public import JSONSchema
public import StrictJSON

/// What runs an allowed call.
public protocol ToolRunner: Sendable {
  /// Runs the tool on the upstream that has it.
  ///
  /// `admit` is called once, synchronously, right before the call's bytes go out: when it returns a refusal, nothing is
  /// sent and the outcome is that refusal. It isn't called at all when the call can't be sent. Giving the call up through
  /// its handle, or cancelling the task, ends the wait: the upstream is told, and the outcome is `lost` or, when nothing
  /// had been sent, `unavailable`.
  func run(_ call: UpstreamCall, admit: @escaping @Sendable () -> Decision?) async -> ToolOutcome

  /// Every upstream's tools, ordered by the bytes of their names. Tools of an upstream that is down stay listed.
  func tools() async -> [ToolDefinition]

  /// One of them; absent when no upstream has it.
  func tool(_ name: ToolName) -> ToolDefinition?
}

/// A call as it goes to an upstream.
public struct UpstreamCall: Sendable {
  public var tool: ToolName
  /// These very bytes are sent.
  public var arguments: CanonicalJSON
  /// What else of the request's parameters is sent.
  public var extras: RequestExtras
  public var handle: CallHandle
  /// What the tool is lent for it; absent when that is nothing.
  public var credential: Credential?
  /// Told the parameters of each `notifications/progress` of the call, without their token; absent when nobody asked.
  public var onProgress: (@Sendable (JSONObject) -> Void)?

  public init(
    tool: ToolName, arguments: CanonicalJSON, extras: RequestExtras = RequestExtras(),
    handle: CallHandle = CallHandle(), credential: Credential? = nil,
    onProgress: (@Sendable (JSONObject) -> Void)? = nil
  ) {
    self.credential = credential
    self.tool = tool
    self.arguments = arguments
    self.extras = extras
    self.handle = handle
    self.onProgress = onProgress
  }
}

/// What a request carries beside its name and arguments. The policy sees all of it.
public struct RequestExtras: Sendable {
  /// Members of the client's `_meta` that MCP doesn't reserve; absent when there are none.
  public var meta: CanonicalJSON?
  /// The answers to an earlier `input_required` of the upstream.
  public var inputResponses: CanonicalJSON?
  /// As that result gave it; opaque.
  public var requestState: String?
  /// What the client declares that it can do, an object; absent for clients of the legacy era, which declare it once.
  public var clientCapabilities: JSONValue?

  public init() {}
}

/// What became of a call that the policy allowed.
public enum ToolOutcome: Sendable, Equatable {
  /// The server's result as it sent it, always an object: a `CallToolResult`, also one that says that the tool failed, or
  /// an `InputRequiredResult`.
  case answered(JSONValue)
  /// The server refused the request with a JSON-RPC error.
  case failed(JSONRPCError)
  /// Nothing was sent: no upstream has the tool, or the one that has it is down.
  case unavailable(String)
  /// Nothing was sent: the call was refused at the last moment.
  case refused(Decision)
  /// It was sent and no answer came: time-out, crash, cancellation, unreadable answer. It may have taken effect.
  case lost(String)
}

/// A tool as its MCP server describes it, and what the gateway makes of it.
public final class ToolDefinition: Sendable {
  /// The name that agents and policies use. It is the server's own name for the tool unless two servers have the same:
  /// see `ToolNames`.
  public let name: String
  public let title: String?
  public let description: String?
  /// A JSON Schema for the arguments: always an object.
  public let inputSchema: JSONValue
  /// Its server's name in `mcp.json`.
  public let server: String
  /// The server's own name for it.
  public let serverName: String
  /// The server's whole definition, `name` replaced by the one above.
  public let raw: JSONValue
  /// As the server sent it.
  let source: JSONValue
  /// Whether it is what it was when it was approved or first seen.
  public let standing: ToolPins.Standing
  public let fingerprint: String
  /// What in the definition looks like instructions to the model.
  public let findings: [ToolFinding]
  /// Absent when the schema can't be used: then every call is refused, with `schemaProblem`.
  public let schema: JSONSchema?
  public let schemaProblem: String?
  /// What a call has to be lent; absent when that is nothing.
  let credentials: CredentialSettings?
  /// The arguments that HTTP headers mirror.
  let parameterHeaders: ParameterHeaders?
  /// The text of `input.tool`: `{"server", "name", "fingerprint", "annotations", "pinned", "findings"}`.
  public let policyBytes: [UInt8]

  /// - Parameters:
  ///   - raw: as the server sent it
  ///   - credentials: what a call has to be lent
  public init(
    name: String, server: String, raw: JSONValue, standing: ToolPins.Standing = .pinned, fingerprint: String? = nil,
    findings: [ToolFinding] = [], credentials: CredentialSettings? = nil
  ) {
    self.name = name
    title = raw["title"]?.stringValue ?? raw["annotations"]?["title"]?.stringValue
    description = raw["description"]?.stringValue
    inputSchema = raw["inputSchema"].flatMap { $0.objectValue == nil ? nil : $0 } ?? ["type": "object"]
    self.server = server
    serverName = raw["name"]?.stringValue ?? name
    var renamed = raw
    renamed["name"] = .string(name)
    self.raw = renamed
    source = raw
    self.standing = standing
    self.fingerprint = fingerprint ?? ToolFingerprint.of(raw)
    self.findings = findings
    self.credentials = credentials
    var (schema, parameterHeaders, problem): (JSONSchema?, ParameterHeaders?, String?)
    do throws(JSONSchemaError) {
      schema = try JSONSchema(inputSchema)
    } catch {
      problem = error.description
    }
    do throws(InvalidParameterHeaders) {
      parameterHeaders = try ParameterHeaders(inputSchema: inputSchema)
    } catch {
      problem = problem ?? error.description
    }
    (self.schema, self.parameterHeaders, schemaProblem) = (schema, parameterHeaders, problem)
    let policyInput: JSONValue = [
      "server": .string(server), "name": .string(serverName), "fingerprint": .string(self.fingerprint),
      "annotations": raw["annotations"].flatMap { $0.objectValue == nil ? nil : $0 } ?? [:],
      "pinned": .boolean(standing == .pinned),
      "findings": .array(findings.map { ["rule": .string($0.rule), "severity": .string($0.severity.rawValue)] }),
    ]
    policyBytes = policyInput.serialized()
  }
}

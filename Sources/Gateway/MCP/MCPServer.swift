import JSONRPC
import StrictJSON

/// What the gateway answers as an MCP server, in both eras and over every transport.
///
/// A refusal by policy is a tool's result that says so (`isError`), since the model has to see it; elsewhere it is an
/// error with the code `denied`, which is outside the ranges that JSON-RPC and MCP reserve. Both name the event in
/// `_meta` or `data`.
struct MCPServer: Sendable {
  /// HTTP's word for it.
  static let denied = 403
  static let traceIDKey = "agentgate/trace_id"
  /// Tools, resources or prompts of a page.
  static let pageSize = 500

  let gatekeeper: Gatekeeper
  let catalogue: ToolCatalogue
  let offers: UpstreamOffers?
  let version: String

  /// The answer to a request of a modern client. A call leaves its event even so when the client has gone: its task isn't
  /// to be cancelled.
  func answerModern(
    _ method: String, _ params: JSONValue, _ caller: MCPCaller, _ exchange: MCPExchange
  ) async -> MCPAnswer {
    switch method {
    case "server/discover": .result(discovery(caller), traceID: nil)
    default: await answerCommon(method, params, caller, exchange)
    }
  }

  /// The answer to a request of a legacy client, but for `initialize`.
  func answerLegacy(
    _ method: String, _ params: JSONValue, _ caller: MCPCaller, _ exchange: MCPExchange
  ) async -> MCPAnswer {
    switch method {
    case "ping": .result([:], traceID: nil)
    default: await answerCommon(method, params, caller, exchange)
    }
  }

  private func answerCommon(
    _ method: String, _ params: JSONValue, _ caller: MCPCaller, _ exchange: MCPExchange
  ) async -> MCPAnswer {
    switch method {
    case "tools/list": await listTools(params, caller)
    case "tools/call": await callTool(params, caller, exchange)
    case "resources/list", "resources/templates/list", "prompts/list": await list(method, params, caller)
    case "resources/read": await ask(method, params, nameIn: "uri", caller, exchange)
    case "prompts/get": await ask(method, params, nameIn: "name", caller, exchange)
    case "completion/complete": await ask(method, params, nameIn: nil, caller, exchange)
    default: Self.unknownMethod
    }
  }

  func tool(_ name: ToolName) -> ToolDefinition? { catalogue.tool(name) }

  /// The method isn't named: an error text that repeats what a client sent is another way into its model.
  private static let unknownMethod = MCPAnswer.error(JSONRPCError.methodNotFound, "method not found")

  // MARK: Who we are

  /// The answer to `initialize`, and the version that it settles on: the client's, or else the newest with a handshake.
  ///
  /// - Parameter caller: with the version still to be settled on
  func initialize(_ params: JSONValue, _ caller: MCPCaller) -> (result: JSONValue, version: MCPVersion) {
    let asked = params["protocolVersion"]?.stringValue.flatMap(MCPVersion.init)
    let version = asked.flatMap { $0.isModern ? nil : $0 } ?? .latestWithHandshake
    var caller = caller
    caller.version = version
    var result: JSONObject = [
      "protocolVersion": .string(version.rawValue), "capabilities": capabilities(caller),
      "serverInfo": serverInfo,
    ]
    result["instructions"] = instructions.map { .string($0) }
    return (.object(result), version)
  }

  private func discovery(_ caller: MCPCaller) -> JSONValue {
    var result: JSONObject = [
      "resultType": "complete", "supportedVersions": .array(MCPVersion.all.map { .string($0.rawValue) }),
      "capabilities": capabilities(caller), "ttlMs": 0, "cacheScope": "private",
      "_meta": [MCPMeta.serverInfo: serverInfo],
    ]
    result["instructions"] = instructions.map { .string($0) }
    return .object(result)
  }

  private var serverInfo: JSONValue { ["name": "agentgate", "title": "AgentGate", "version": .string(version)] }

  private var instructions: String? { offers?.instructions }

  /// Resources, prompts and completions are offered where an upstream has them and the policy lets the session list them.
  private func capabilities(_ caller: MCPCaller) -> JSONValue {
    var capabilities: JSONObject = ["tools": ["listChanged": true]]
    guard let offers else { return .object(capabilities) }
    func isAllowed(_ method: String) -> Bool { previews(method, .emptyObject, of: nil, caller) }
    if offers.hasResources, isAllowed("resources/list") { capabilities["resources"] = ["listChanged": true] }
    if offers.hasPrompts, isAllowed("prompts/list") { capabilities["prompts"] = ["listChanged": true] }
    if offers.hasCompletions, isAllowed("completion/complete") { capabilities["completions"] = [:] }
    return .object(capabilities)
  }

  // MARK: Lists

  private func listTools(_ params: JSONValue, _ caller: MCPCaller) async -> MCPAnswer {
    let tools = await catalogue.definitions(
      for: caller.session, agent: caller.agent, context: caller.context, identity: caller.identity)
    return page(tools.map { ($0.name, Self.adapted($0.raw, to: caller)) }, of: "tools", params, caller)
  }

  private func list(_ method: String, _ params: JSONValue, _ caller: MCPCaller) async -> MCPAnswer {
    guard let offers, offers.has(method) else { return Self.unknownMethod }
    guard previews(method, .emptyObject, of: nil, caller) else {
      // As for a capability that isn't offered, which for this session it isn't.
      return Self.unknownMethod
    }
    let (member, one) =
      switch method {
      case "resources/list": ("resources", "resources/read")
      case "resources/templates/list": ("resourceTemplates", "")
      default: ("prompts", "prompts/get")
      }
    let items = await offers.items(method, member).filter { item in
      guard !one.isEmpty else { return true }
      let key = one == "prompts/get" ? "name" : "uri"
      guard let params = try? CanonicalJSON([key: .string(item.name)]) else { return false }
      return previews(one, params, of: item.server, caller)
    }
    return page(items.map { ($0.name, $0.raw) }, of: member, params, caller)
  }

  private func previews(
    _ method: String, _ params: CanonicalJSON, of server: String?, _ caller: MCPCaller
  ) -> Bool {
    gatekeeper.previews(
      method, params: params, server: server, session: caller.session, context: caller.context,
      identity: caller.identity)
  }

  /// A page of what is ordered by name: the cursor is the last name of the page before, so that a list that changes
  /// meanwhile neither repeats nor skips what stays.
  private func page(
    _ items: [(name: String, raw: JSONValue)], of member: String, _ params: JSONValue, _ caller: MCPCaller
  ) -> MCPAnswer {
    var rest = items[...]
    if let value = params["cursor"] {
      guard let cursor = value.stringValue, let last = ListCursor.name(of: cursor) else {
        return .error(JSONRPCError.invalidParams, "`cursor` is none that this server gave")
      }
      rest = rest.drop { !last.utf8.lexicographicallyPrecedes($0.name.utf8) }
    }
    let page = rest.prefix(Self.pageSize)
    var result: JSONObject = [member: .array(page.map(\.raw))]
    if rest.count > page.count, let last = page.last { result["nextCursor"] = .string(ListCursor.text(last.name)) }
    if caller.version.isModern {
      result["resultType"] = "complete"
      // What one caller may see is no other's business, and a kill or a reload changes it at any time.
      result["ttlMs"] = 0
      result["cacheScope"] = "private"
      result["_meta"] = [MCPMeta.serverInfo: serverInfo]
    }
    return .result(.object(result), traceID: nil)
  }

  /// A definition as the client's era allows it: what modern tools may give beside objects, legacy clients don't know.
  private static func adapted(_ definition: JSONValue, to caller: MCPCaller) -> JSONValue {
    guard !caller.version.isModern, let output = definition["outputSchema"], output["type"] != "object" else {
      return definition
    }
    var definition = definition
    definition["outputSchema"] = nil
    return definition
  }

  // MARK: Calls

  private func callTool(_ params: JSONValue, _ caller: MCPCaller, _ exchange: MCPExchange) async -> MCPAnswer {
    guard let text = params["name"]?.stringValue else {
      return .error(JSONRPCError.invalidParams, "`params.name` must be a string")
    }
    let name: ToolName
    do throws(InvalidIdentifier) {
      name = try ToolName(text)
    } catch {
      return .error(JSONRPCError.invalidParams, "`params.name`: \(error.message)")
    }
    let arguments = params["arguments"] ?? [:]
    guard arguments.objectValue != nil else {
      return .error(JSONRPCError.invalidParams, "`params.arguments` must be an object")
    }
    var call: ToolCall
    do throws(JSONError) {
      call = ToolCall(
        sessionID: caller.session, toolName: name, arguments: try CanonicalJSON(arguments), context: caller.context,
        identity: caller.identity, approvalToken: nil, correlationID: caller.correlationID)
      (call.extras, call.approvalState) = try Self.extras(params, caller)
    } catch {
      return .error(JSONRPCError.invalidParams, "`params`: \(error.message) at \(error.path)")
    }
    call.agentToken = caller.agentToken
    call.handle = exchange.handle
    call.onProgress = Self.progress(params, exchange)
    let answer = await gatekeeper.carryOut(call)
    return toolAnswer(answer, caller)
  }

  /// What goes along with a request, and the state that is our own; throws for what can't be sent exactly.
  private static func extras(
    _ params: JSONValue, _ caller: MCPCaller
  ) throws(JSONError) -> (RequestExtras, approvalState: String?) {
    var extras = RequestExtras()
    extras.clientCapabilities = caller.capabilities
    var approvalState: String?
    if let state = params["requestState"]?.stringValue {
      if RequestStateSeal.isSealed(state) { approvalState = state } else { extras.requestState = state }
    }
    if let responses = params["inputResponses"], responses.objectValue != nil {
      extras.inputResponses = try CanonicalJSON(responses)
    }
    let own = (params["_meta"]?.objectValue?.members ?? []).filter { member in
      member.key != MCPMeta.progressToken && !member.key.hasBytes(prefix: MCPMeta.reserved)
    }
    if !own.isEmpty { extras.meta = try CanonicalJSON(.object(JSONObject(own))) }
    return (extras, approvalState)
  }

  private static func progress(
    _ params: JSONValue, _ exchange: MCPExchange
  ) -> (@Sendable (JSONObject) -> Void)? {
    guard let token = params["_meta"]?[MCPMeta.progressToken], JSONRPCID(token) != nil else { return nil }
    return { progress in
      var progress = progress
      progress["progressToken"] = token
      exchange.send(.notification(method: "notifications/progress", params: .object(progress)))
    }
  }

  private func toolAnswer(_ answer: CallAnswer, _ caller: MCPCaller) -> MCPAnswer {
    if let result = answer.result { return .result(Self.adapted(result: result, to: caller), traceID: answer.traceID) }
    if let failure = answer.failure { return .error(failure, traceID: answer.traceID) }
    if answer.decision.action == .requireApproval, let approval = answer.approval, caller.version.isModern {
      return .result(
        [
          "resultType": "input_required", "requestState": .string(approval.requestState),
          "_meta": [
            MCPMeta.serverInfo: serverInfo, Self.traceIDKey: .string(answer.traceID),
            "agentgate/approval_id": .string(approval.id),
            "agentgate/message": .string("\(answer.error ?? ""); \(approval.hint)"),
            "agentgate/expires": .string(ISOTimestamp.text(approval.expires)),
          ],
        ], traceID: answer.traceID)
    }
    // A tool that nobody has isn't the model's mistake to see and mend.
    if answer.isUnknownTool, answer.decision.action == .deny {
      return .error(
        JSONRPCError(
          code: JSONRPCError.invalidParams, message: "unknown tool: \(answer.error ?? "")",
          data: [Self.traceIDKey: .string(answer.traceID)]), traceID: answer.traceID)
    }
    var text = answer.error ?? "refused"
    if answer.decision.action == .allow { text = "Tool execution failed: \(text)" }
    if let approval = answer.approval { text += "; \(approval.hint)" }
    var meta: JSONObject = [
      Self.traceIDKey: .string(answer.traceID), "agentgate/decision": .string(answer.decision.action.rawValue),
    ]
    meta["agentgate/matched_rule"] = answer.decision.matchedRule.map { .string($0) }
    meta["agentgate/approval_id"] = answer.approval.map { .string($0.id) }
    var result: JSONObject = ["content": [["type": "text", "text": .string(text)]], "isError": true]
    if caller.version.isModern {
      result["resultType"] = "complete"
      meta[MCPMeta.serverInfo] = serverInfo
    }
    result["_meta"] = .object(meta)
    return .result(.object(result), traceID: answer.traceID)
  }

  /// As the upstream gave it but for what one era requires and the other doesn't know.
  private static func adapted(result: JSONValue, to caller: MCPCaller) -> JSONValue {
    var result = result
    if caller.version.isModern {
      if result["resultType"] == nil { result["resultType"] = "complete" }
      return result
    }
    if result["resultType"] == "complete" { result["resultType"] = nil }
    // Any value in the modern era, an object in the legacy one; the content says the same.
    if let structured = result["structuredContent"], structured.objectValue == nil { result["structuredContent"] = nil }
    // What modern servers say of themselves in every answer was said in the legacy era's handshake.
    if result["_meta"]?[MCPMeta.serverInfo] != nil {
      result["_meta"]?[MCPMeta.serverInfo] = nil
      if result["_meta"]?.objectValue?.isEmpty == true { result["_meta"] = nil }
    }
    return result
  }

  // MARK: Resources, prompts, completions

  private func ask(
    _ method: String, _ params: JSONValue, nameIn key: String?, _ caller: MCPCaller, _ exchange: MCPExchange
  ) async -> MCPAnswer {
    guard let offers, offers.has(method) else { return Self.unknownMethod }
    if let key, params[key]?.stringValue == nil {
      return .error(JSONRPCError.invalidParams, "`params.\(key)` must be a string")
    }
    guard var object = params.objectValue else {
      return .error(JSONRPCError.invalidParams, "`params` must be an object")
    }
    for own in ["_meta", "requestState", "inputResponses"] { object[own] = nil }
    let canonical: CanonicalJSON
    let extras: RequestExtras
    do throws(JSONError) {
      canonical = try CanonicalJSON(.object(object))
      (extras, _) = try Self.extras(params, caller)
    } catch {
      return .error(JSONRPCError.invalidParams, "`params`: \(error.message) at \(error.path)")
    }
    let target = await offers.target(of: method, object)
    let asked = UpstreamAsk(
      sessionID: caller.session, method: method, params: canonical, context: caller.context, identity: caller.identity,
      server: target?.server.name, extras: extras, handle: exchange.handle, correlationID: caller.correlationID)
    let answer = await gatekeeper.ask(asked) { admit in
      guard let target else { return .unavailable("no upstream server has it") }
      return await target.server.pass(
        method, target.members(canonical), name: key == nil ? nil : target.name, extras: extras,
        handle: exchange.handle, admit: admit)
    }
    if let result = answer.result {
      var result = Self.adapted(result: result, to: caller)
      if caller.version.isModern, method == "resources/read" {
        if result["ttlMs"] == nil { result["ttlMs"] = 0 }
        result["cacheScope"] = "private"
      }
      return .result(result, traceID: answer.traceID)
    }
    if let failure = answer.failure { return .error(failure, traceID: answer.traceID) }
    let isDenied = answer.decision.action != .allow
    return .error(
      JSONRPCError(
        code: isDenied ? Self.denied : target == nil ? JSONRPCError.invalidParams : JSONRPCError.internalError,
        message: answer.error ?? "refused", data: [Self.traceIDKey: .string(answer.traceID)]), traceID: answer.traceID)
  }
}

/// Where a page ended, as the client hands it back: the last name in hexadecimal.
enum ListCursor {
  static func text(_ name: String) -> String { "n" + name.utf8.hexadecimalText }

  static func name(of cursor: String) -> String? {
    guard cursor.utf8.first == UInt8(ascii: "n"), let bytes = cursor.utf8.dropFirst().hexadecimalBytes else {
      return nil
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

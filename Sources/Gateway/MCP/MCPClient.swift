import JSONRPC
import StrictJSON

/// What the gateway asks of an MCP server, in the era that the server speaks.
struct MCPClient: Sendable {
  let connection: any UpstreamConnection
  let limits: UpstreamLimits
  let era: UpstreamEra
  /// What the server says that it offers: `ServerCapabilities`.
  let capabilities: JSONValue
  /// How the server describes itself and its use; absent when it doesn't.
  let serverInfo: JSONValue?
  let instructions: String?

  struct Failure: Error {
    let message: String
    init(_ message: String) { self.message = message }
  }

  /// Finds out which era the server speaks, and shakes hands in the legacy one: `server/discover` first, then
  /// `initialize`, unless the server's answer shows that it is modern.
  ///
  /// - Parameter clientVersion: `clientInfo.version`
  static func connect(
    _ connection: any UpstreamConnection, limits: UpstreamLimits, clientVersion: String
  ) async throws(Failure) -> MCPClient {
    let clientInfo: JSONValue = [
      "name": "agentgate", "title": "AgentGate", "version": .string(clientVersion),
    ]
    let modern = UpstreamEra(version: .latest, meta: modernMeta(.latest, clientInfo))
    connection.speak(modern)
    await connection.opened()
    // A legacy server that says nothing to what it doesn't know has its time for `initialize` left.
    let probe = UpstreamRequest(
      method: "server/discover", meta: UpstreamEra.noCapabilities,
      limits: RequestLimits(idle: min(limits.initialize, .seconds(20))))
    switch await connection.request(probe) {
    case .result(let result):
      let versions = result["supportedVersions"]?.arrayValue?.compactMap(\.stringValue)
      if versions?.contains(MCPVersion.latest.rawValue) == true {
        return MCPClient(
          connection: connection, limits: limits, era: modern, capabilities: result["capabilities"] ?? [:],
          serverInfo: result["_meta"]?[MCPMeta.serverInfo], instructions: result["instructions"]?.stringValue)
      }
    case .error(let error) where error.code == JSONRPCError.unsupportedProtocolVersion:
      let supported = error.data?["supported"]?.arrayValue?.compactMap(\.stringValue) ?? []
      guard supported.contains(where: { MCPVersion(rawValue: $0)?.isModern == false }) else {
        throw Failure("it speaks only MCP \(supported.prefix(5).joined(separator: ", ").prefix(100)), not supported")
      }
    case .error, .lost: break
    case .notSent(let reason): throw Failure("server/discover: \(reason)")
    case .refused(let decision): throw Failure("server/discover: \(decision.reason)")
    }
    return try await handshake(connection, limits: limits, clientInfo: clientInfo)
  }

  private static func handshake(
    _ connection: any UpstreamConnection, limits: UpstreamLimits, clientInfo: JSONValue
  ) async throws(Failure) -> MCPClient {
    connection.speak(UpstreamEra(version: .latestWithHandshake))
    let params: JSONObject = [
      "protocolVersion": .string(MCPVersion.latestWithHandshake.rawValue), "capabilities": [:],
      "clientInfo": clientInfo,
    ]
    let request = UpstreamRequest(
      method: "initialize", members: params.memberBytes, limits: RequestLimits(idle: limits.initialize))
    let result = try await Self.ask(connection, request)
    guard let text = result["protocolVersion"]?.stringValue else {
      throw Failure("its answer to initialize has no protocolVersion")
    }
    guard let version = MCPVersion(rawValue: text), !version.isModern else {
      throw Failure("it speaks MCP \(text.prefix(40)), which is not supported")
    }
    let era = UpstreamEra(version: version)
    connection.speak(era)
    await connection.notify("notifications/initialized")
    return MCPClient(
      connection: connection, limits: limits, era: era, capabilities: result["capabilities"] ?? [:],
      serverInfo: result["serverInfo"], instructions: result["instructions"]?.stringValue)
  }

  private static func modernMeta(_ version: MCPVersion, _ clientInfo: JSONValue) -> [UInt8] {
    let meta: JSONObject = [MCPMeta.protocolVersion: .string(version.rawValue), MCPMeta.clientInfo: clientInfo]
    return meta.memberBytes
  }

  /// The members that `_meta` has in the modern era beside the connection's own.
  private func capabilityMeta(_ clientCapabilities: JSONValue?) -> [UInt8] {
    guard era.version.isModern else { return [] }
    guard let clientCapabilities, clientCapabilities.objectValue?.isEmpty == false else {
      return UpstreamEra.noCapabilities
    }
    let meta: JSONObject = [MCPMeta.clientCapabilities: clientCapabilities]
    return meta.memberBytes
  }

  var offersTools: Bool { capabilities["tools"] != nil }
  var offersResources: Bool { capabilities["resources"] != nil }
  var offersPrompts: Bool { capabilities["prompts"] != nil }

  /// All pages of `tools/list`, as the server sent them.
  func listTools() async throws(Failure) -> [JSONValue] { try await list("tools/list", "tools") }

  /// All pages of a list, as the server sent them.
  ///
  /// - Parameter member: what the list is called in the answer
  func list(_ method: String, _ member: String) async throws(Failure) -> [JSONValue] {
    var items: [JSONValue] = []
    var cursor: String?
    for _ in 0..<limits.pages {
      let params: JSONObject = if let cursor { ["cursor": .string(cursor)] } else { [:] }
      let request = UpstreamRequest(
        method: method, members: params.memberBytes, meta: capabilityMeta(nil), limits: RequestLimits(idle: limits.list)
      )
      let result = try await Self.ask(connection, request)
      guard let page = result[member]?.arrayValue else {
        throw Failure("its answer to \(method) has no list of \(member)")
      }
      items += page
      guard items.count <= limits.tools else { throw Failure("it lists more than \(limits.tools) \(member)") }
      let next = result["nextCursor"]?.stringValue
      guard let next else { return items }
      guard next != cursor else { throw Failure("its \(method) repeats a page") }
      cursor = next
    }
    throw Failure("its \(method) has more than \(limits.pages) pages")
  }

  /// Calls a tool by the server's own name for it. The bytes of the arguments go out as they are.
  func callTool(
    _ name: String, _ call: UpstreamCall, headers: ParameterHeaders?, admit: @escaping @Sendable () -> Decision?
  ) async -> UpstreamReply {
    var members = Array(#""name":"#.utf8)
    JSONValue.string(name).serialize(into: &members)
    members += #","arguments":"#.utf8
    members += call.arguments.bytes
    var extras = call.extras
    if let own = call.credential?.added(to: extras.meta?.value.objectValue ?? [:]), !own.isEmpty {
      // A text and what was canonical before.
      extras.meta = (try? CanonicalJSON(.object(own))) ?? extras.meta
    }
    var request = passing(
      "tools/call", members, extras: extras, limits: limits.requestLimits(of: name), handle: call.handle,
      admit: admit)
    request.name = name
    request.onProgress = call.onProgress
    request.credentialHeader = call.credential?.header
    if let headers, !headers.isEmpty { request.parameterHeaders = headers.headers(for: call.arguments.value) }
    return await connection.request(request)
  }

  /// Asks for a resource or a prompt, or for a completion.
  ///
  /// - Parameters:
  ///   - members: as `UpstreamRequest.members`
  ///   - name: the resource's URI or the prompt's name
  func pass(
    _ method: String, _ members: [UInt8], name: String?, extras: RequestExtras, handle: CallHandle,
    admit: @escaping @Sendable () -> Decision?
  ) async -> UpstreamReply {
    var request = passing(
      method, members, extras: extras, limits: limits.requestLimits(of: method), handle: handle, admit: admit)
    request.name = name
    return await connection.request(request)
  }

  private func passing(
    _ method: String, _ members: [UInt8], extras: RequestExtras, limits: RequestLimits, handle: CallHandle,
    admit: @escaping @Sendable () -> Decision?
  ) -> UpstreamRequest {
    var members = members
    if let responses = extras.inputResponses {
      members += #","inputResponses":"#.utf8
      members += responses.bytes
    }
    if let state = extras.requestState {
      members += #","requestState":"#.utf8
      JSONValue.string(state).serialize(into: &members)
    }
    var meta = capabilityMeta(extras.clientCapabilities)
    if let own = extras.meta, own.bytes.count > 2 {
      if !meta.isEmpty { meta.append(UInt8(ascii: ",")) }
      meta += own.bytes.dropFirst().dropLast()
    }
    return UpstreamRequest(
      method: method, members: members, meta: meta, limits: limits, admit: admit, handle: handle)
  }

  /// Asks a modern server to tell what changes; returns when it stops telling. Not an error when it doesn't know how.
  func listen() async {
    guard era.version.isModern else { return }
    let filter: JSONValue = [
      "toolsListChanged": .boolean(capabilities["tools"]?["listChanged"]?.boolValue == true),
      "promptsListChanged": .boolean(capabilities["prompts"]?["listChanged"]?.boolValue == true),
      "resourcesListChanged": .boolean(capabilities["resources"]?["listChanged"]?.boolValue == true),
    ]
    guard filter.objectValue?.members.contains(where: { $0.value == true }) == true else { return }
    let members: JSONObject = ["notifications": filter]
    // A year: as long as the server lives.
    _ = await connection.request(
      UpstreamRequest(
        method: "subscriptions/listen", members: members.memberBytes, meta: capabilityMeta(nil),
        limits: RequestLimits(idle: .seconds(31_536_000)), isStanding: true))
  }

  private static func ask(
    _ connection: any UpstreamConnection, _ request: UpstreamRequest
  ) async throws(Failure) -> JSONValue {
    switch await connection.request(request) {
    case .result(let value): return value
    case .error(let error):
      throw Failure("it answered \(request.method) with error \(error.code): \(error.message.prefix(300))")
    case .lost(let reason), .notSent(let reason): throw Failure("\(request.method): \(reason)")
    case .refused(let decision): throw Failure("\(request.method): \(decision.reason)")
    }
  }
}

extension JSONObject {
  /// Its text without the braces.
  var memberBytes: [UInt8] { Array(JSONValue.object(self).serialized().dropFirst().dropLast()) }
}

import StrictJSON
import Synchronization

/// What the upstreams have besides tools: resources, their templates, prompts and completions.
///
/// Prompts that two servers have get their server's name before them, as tools do. A resource's URI is its name; when
/// two servers have the same, the one whose name comes first answers for it.
final class UpstreamOffers: Sendable {
  struct Item: Sendable {
    /// The URI or, for prompts, the name here.
    var name: String
    var server: String
    /// As the server sent it, but for a prompt's name.
    var raw: JSONValue
  }

  /// Who answers a request, and what it is asked.
  struct Target: Sendable {
    var server: UpstreamServer
    /// The server's own name for it, where the request has one.
    var name: String?
    /// `name` differs from what the client called it.
    fileprivate var isRenamed = false

    /// The request's parameters as JSON text without braces.
    func members(_ params: CanonicalJSON) -> [UInt8] {
      guard isRenamed, let name, var object = params.value.objectValue else {
        return Array(params.bytes.dropFirst().dropLast())
      }
      if object["ref"]?["name"] != nil {
        object["ref"]?["name"] = .string(name)
      } else {
        object["name"] = .string(name)
      }
      return object.memberBytes
    }
  }

  private let servers: UpstreamServers
  /// As last listed: URIs, and prompts' names here.
  private let known = Mutex((resources: [ExactText: String](), prompts: [ExactText: ToolNames.Tool]()))

  init(servers: UpstreamServers) { self.servers = servers }

  var hasResources: Bool { servers.all.contains { $0.offer.resources } }
  var hasPrompts: Bool { servers.all.contains { $0.offer.prompts } }
  var hasCompletions: Bool { servers.all.contains { $0.offer.completions } }

  /// Whether an upstream knows the method.
  func has(_ method: String) -> Bool {
    if method.hasPrefix("resources/") { return hasResources }
    if method.hasPrefix("prompts/") { return hasPrompts }
    return hasCompletions
  }

  /// What the servers say of their use, each under its name; absent when none says anything.
  var instructions: String? {
    let parts = servers.all.compactMap { server in server.offer.instructions.map { "\(server.name): \($0)" } }
    return parts.isEmpty ? nil : parts.joined(separator: "\n\n")
  }

  /// All servers' lists as one, ordered by the bytes of the names.
  func items(_ method: String, _ member: String) async -> [Item] {
    let lists = await withTaskGroup(of: (String, [JSONValue]).self) { group in
      for server in servers.all where member == "prompts" ? server.offer.prompts : server.offer.resources {
        group.addTask { (server.name, await server.list(method, member)) }
      }
      var lists: [(String, [JSONValue])] = []
      for await list in group { lists.append(list) }
      return lists.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
    }
    let items =
      member == "prompts" ? prompts(lists) : resources(lists, key: member == "resources" ? "uri" : "uriTemplate")
    return items.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private func resources(_ lists: [(String, [JSONValue])], key: String) -> [Item] {
    var items: [Item] = []
    var seen: Set<ExactText> = []
    for (server, list) in lists {
      for raw in list {
        guard let uri = raw[key]?.stringValue, seen.insert(ExactText(uri)).inserted else { continue }
        items.append(Item(name: uri, server: server, raw: raw))
      }
    }
    if key == "uri" {
      let owners = Dictionary(items.map { (ExactText($0.name), $0.server) }) { first, _ in first }
      known.withLock { $0.resources = owners }
    }
    return items
  }

  private func prompts(_ lists: [(String, [JSONValue])]) -> [Item] {
    let tools = lists.flatMap { server, list in
      list.compactMap { raw in raw["name"]?.stringValue.map { ToolNames.Tool(server: server, name: $0) } }
    }
    let names = ToolNames(tools).names
    let raws = Dictionary(
      lists.flatMap { server, list in
        list.compactMap { raw in raw["name"]?.stringValue.map { (ToolNames.Tool(server: server, name: $0), raw) } }
      }
    ) { first, _ in first }
    let owners = Dictionary(names.map { (ExactText($0.key), $0.value) }) { first, _ in first }
    known.withLock { $0.prompts = owners }
    return names.compactMap { name, tool in
      guard var raw = raws[tool] else { return nil }
      raw["name"] = .string(name)
      return Item(name: name, server: tool.server, raw: raw)
    }
  }

  /// Absent when no server has it.
  func target(of method: String, _ params: JSONObject) async -> Target? {
    switch method {
    case "resources/read":
      guard let uri = params["uri"]?.stringValue, let server = await owner(of: uri) else { return nil }
      return Target(server: server, name: uri)
    case "prompts/get":
      guard let name = params["name"]?.stringValue else { return nil }
      return await prompt(name)
    default:
      let reference = params["ref"]
      if let name = reference?["name"]?.stringValue {
        guard var target = await prompt(name) else { return nil }
        // `completion/complete` has no `Mcp-Name`.
        if !target.isRenamed { target.name = nil }
        return target
      }
      guard let uri = reference?["uri"]?.stringValue, let server = await owner(of: uri) else { return nil }
      return Target(server: server, name: nil)
    }
  }

  private func prompt(_ name: String) async -> Target? {
    if known.withLock({ $0.prompts[ExactText(name)] }) == nil { _ = await items("prompts/list", "prompts") }
    guard let tool = known.withLock({ $0.prompts[ExactText(name)] }), let server = server(tool.server) else {
      return nil
    }
    return Target(server: server, name: tool.name, isRenamed: !tool.name.utf8.elementsEqual(name.utf8))
  }

  /// Who lists the resource; else who has a template that begins as it does; else the only one with resources.
  private func owner(of uri: String) async -> UpstreamServer? {
    if let owner = known.withLock({ $0.resources[ExactText(uri)] }) { return server(owner) }
    if let item = await items("resources/list", "resources").first(where: { $0.name.utf8.elementsEqual(uri.utf8) }) {
      return server(item.server)
    }
    let candidates = servers.all.filter(\.offer.resources)
    if candidates.count == 1 { return candidates.first }
    let templates = await items("resources/templates/list", "resourceTemplates")
    let match = templates.filter { uri.utf8.starts(with: $0.name.utf8.prefix { $0 != UInt8(ascii: "{") }) }
      .max { Self.literal($0.name) < Self.literal($1.name) }
    return match.flatMap { server($0.server) }
  }

  private static func literal(_ template: String) -> Int { template.utf8.prefix { $0 != UInt8(ascii: "{") }.count }

  private func server(_ name: String) -> UpstreamServer? {
    servers.all.first { $0.name.utf8.elementsEqual(name.utf8) }
  }
}

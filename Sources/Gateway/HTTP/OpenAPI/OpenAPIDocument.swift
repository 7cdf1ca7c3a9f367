import HTTPTypes
import StrictJSON

/// The description of the API as OpenAPI 3.1 has it, made from the routes themselves.
struct OpenAPIDocument: Sendable {
  let json: JSONValue

  init(_ routes: [Route], version: String = Version.current) {
    let names = routes.reduce(into: [:]) { $0[$1.operation.id] = $1.pattern.parameter }
    var paths = JSONObject()
    var shapes: [SchemaShape] = []
    for route in routes {
      let path = route.pattern.text
      var item = paths[path]?.objectValue ?? JSONObject()
      item[route.method.rawValue.lowercased()] = Self.operation(of: route, names, &shapes)
      paths[path] = .object(item)
    }
    let named = SchemaShape.merging(shapes).sorted { $0.key < $1.key }
    let used = Set(routes.map(\.operation.tag))
    json = [
      "openapi": "3.1.0",
      "info": [
        "title": "AgentGate", "version": .string(version), "description": .string(Self.description),
        "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
      ],
      "servers": [["url": "/"]],
      "tags": .array(
        Operation.Tag.allCases.filter(used.contains).map {
          ["name": .string($0.rawValue), "description": .string($0.description)]
        }),
      "paths": .object(paths),
      "components": [
        "schemas": .object(JSONObject(named.map { (key: $0.key, value: .object($0.value)) })),
        "securitySchemes": .object(
          JSONObject(SecurityScheme.allCases.map { (key: $0.rawValue, value: $0.json) })),
      ],
    ]
  }

  private static let description = """
    AgentGate decides every call of an agent to a tool by policy, stops what has to be stopped, and keeps evidence.

    **Answers.** Every answer has an `X-Correlation-ID`. A call that the policy denies is answered with 200: the \
    refusal is the answer. What isn't a use of the API is answered with `{"detail": …}`; a part of the gateway that \
    can't be used with `{"status": "error", "message": …}`.

    **Paths.** A path that isn't here is answered with 404, a method that a path doesn't have with 405 and an `Allow` \
    field. A path with slashes at its end is answered with 307 to the one without. `{id}` and `{name}` stand for any \
    text of at least one byte, slashes included.

    **Bodies** are read strictly: an object with the same key twice is refused. They have at most 1,048,576 bytes, \
    which have 30 seconds to arrive. Members that aren't known are ignored.
    """

  // MARK: An operation

  /// - Parameter names: of the paths' parameters, by the operations' ids
  private static func operation(
    of route: Route, _ names: [String: String], _ shapes: inout [SchemaShape]
  ) -> JSONValue {
    let operation = route.operation
    var object: JSONObject = [
      "operationId": .string(operation.id), "tags": [.string(operation.tag.rawValue)],
      "summary": .string(operation.summary), "description": .string(operation.description),
      "security": .array(SecurityScheme.alternatives(for: route).map(Self.requirement)),
    ]
    let parameters = parameters(of: route, &shapes)
    if !parameters.isEmpty { object["parameters"] = .array(parameters) }
    if let body = operation.body {
      shapes.append(body.shape)
      var content: JSONObject = ["schema": body.shape.json]
      if !body.examples.isEmpty {
        content["examples"] = .object(JSONObject(body.examples.map { (key: $0.name, value: ["value": $0.value]) }))
      }
      object["requestBody"] = [
        "required": .boolean(body.isRequired), "content": .object([body.type: .object(content)]),
      ]
    }
    object["responses"] = .object(replies(of: route, names, &shapes))
    return .object(object)
  }

  private static func requirement(_ schemes: [SecurityScheme]) -> JSONValue {
    .object(JSONObject(schemes.map { (key: $0.rawValue, value: []) }))
  }

  private static func parameters(of route: Route, _ shapes: inout [SchemaShape]) -> [JSONValue] {
    let operation = route.operation
    precondition(
      (route.pattern.parameter == nil) == (operation.path == nil), "\(route.pattern.text): a path parameter is missing")
    func json(
      _ name: String, in place: String, _ description: String, _ shape: SchemaShape, isRequired: Bool = false
    ) -> JSONValue {
      [
        "name": .string(name), "in": .string(place), "required": .boolean(isRequired),
        "description": .string(description), "schema": shape.json,
      ]
    }
    shapes += operation.query.map(\.shape) + operation.headers.map(\.shape)
    var parameters: [JSONValue] = []
    if let name = route.pattern.parameter, let path = operation.path {
      shapes.append(path.shape)
      parameters.append(json(name, in: "path", path.description, path.shape, isRequired: true))
    }
    parameters += operation.query.map { json($0.name, in: "query", $0.description, $0.shape) }
    parameters += operation.headers.map {
      json($0.name.rawName, in: "header", $0.description, $0.shape, isRequired: $0.isRequired)
    }
    return parameters
  }

  /// By status, in ascending order. Replies of one status that the route itself has, or its access and its body bring
  /// along, are one entry whose body is any of theirs.
  private static func replies(
    of route: Route, _ names: [String: String], _ shapes: inout [SchemaShape]
  ) -> JSONObject {
    let operation = route.operation
    var replies = operation.replies
    switch route.access {
    case .open: break
    case .agent: replies.append(.tokenMissing)
    case .approver, .admin, .metrics: replies += [.keyMissing, .keyWrong]
    }
    if operation.body != nil { replies += Operation.Reply.bodies }
    let byStatus = Dictionary(grouping: replies) { Int($0.status.code) }.sorted { $0.key < $1.key }
    var object = JSONObject()
    for (status, replies) in byStatus { object[String(status)] = reply(replies, names, &shapes) }
    return object
  }

  private static func reply(
    _ replies: [Operation.Reply], _ names: [String: String], _ shapes: inout [SchemaShape]
  ) -> JSONValue {
    var headers: JSONObject = [:]
    for header in [.correlationID] + replies.flatMap(\.headers) {
      shapes.append(header.shape)
      // What only one of several answers has isn't in every one.
      let isEverywhere = header.name == .correlationID || replies.allSatisfy { $0.has(header.name) }
      headers[header.name.rawName] = [
        "description": .string(header.description), "required": .boolean(header.isRequired && isEverywhere),
        "schema": header.shape.json,
      ]
    }
    var object: JSONObject = [
      "description": .string(replies.map(\.description).joined(separator: " Or: ")), "headers": .object(headers),
    ]
    var content = JSONObject()
    for type in replies.flatMap({ $0.content.map(\.type) }) where content[type] == nil {
      var kinds: [SchemaShape] = []
      for shape in replies.flatMap(\.content).filter({ $0.type == type }).map(\.shape)
      where !kinds.contains(where: { $0.json == shape.json }) {
        kinds.append(shape)
      }
      let shape = kinds.count == 1 ? kinds[0] : .any(of: kinds)
      shapes.append(shape)
      content[type] = ["schema": shape.json]
    }
    if !content.isEmpty { object["content"] = .object(content) }
    // A route that isn't there can't be linked to.
    let links = replies.flatMap(\.links).filter { names[$0.operation.id] != nil }
    if !links.isEmpty {
      object["links"] = .object(
        JSONObject(links.map { (key: $0.operation.id, value: $0.json(names[$0.operation.id] ?? "")) }))
    }
    return .object(object)
  }
}

extension Operation.Link {
  /// - Parameter name: of the path's parameter
  fileprivate func json(_ name: String) -> JSONValue {
    [
      "operationId": .string(operation.id),
      "parameters": .object([name: .string("$response.body#/\(member)")]),
    ]
  }
}

extension Operation.Reply {
  fileprivate func has(_ name: HTTPField.Name) -> Bool { headers.contains { $0.name == name } }
}

extension Operation.Tag {
  fileprivate var description: String {
    switch self {
    case .calls: "What agents use: decide a call and run it."
    case .mcp: "The same for clients of the Model Context Protocol."
    case .containment: "Stop a session, an agent, a tool or everything, and see what came of it."
    case .approvals: "Calls that wait for a human."
    case .evidence: "What happened, so that anybody can check it."
    case .policy: "The rules that decide."
    case .tools: "What tools say of themselves, and whether it is what was approved."
    case .observation: "How the gateway fares, and what goes on in it."
    case .documents: "These pages, and the operator's console."
    }
  }
}

/// How a request proves that it may.
private enum SecurityScheme: String, CaseIterable {
  case adminKey
  case approverKey
  case agentToken
  case metricsToken

  var json: JSONValue {
    switch self {
    case .adminKey:
      Self.key("The admin key: `AGENTGATE_ADMIN_API_KEY`, or the one in `admin-api-key` in the state folder.")
    case .approverKey: Self.key("An approver's own key, where the gateway has a file of them (`AGENTGATE_APPROVERS`).")
    case .agentToken:
      Self.bearer("An agent's key or JWT, where agents have to authenticate (`AGENTGATE_AGENT_AUTH`).")
    case .metricsToken:
      Self.bearer("`AGENTGATE_METRICS_TOKEN`. Not needed on a loopback listener, unless it is set.")
    }
  }

  private static func key(_ description: String) -> JSONValue {
    ["type": "apiKey", "in": "header", "name": "X-API-Key", "description": .string(description)]
  }

  private static func bearer(_ description: String) -> JSONValue {
    ["type": "http", "scheme": "bearer", "description": .string(description)]
  }

  /// Each is enough; an empty one says that nothing may be needed.
  static func alternatives(for route: Route) -> [[SecurityScheme]] {
    switch route.access {
    case .open: []
    case .agent: [[], [.agentToken]]
    case .approver: [[.adminKey], [.approverKey]]
    case .admin: [[.adminKey]]
    case .metrics: [[], [.metricsToken], [.adminKey]]
    }
  }
}

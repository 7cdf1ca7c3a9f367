import HTTPTypes
import StrictJSON
import Testing

@testable import Gateway

struct OpenAPIDocumentTests {
  private static let handler: Route.Handler = { _ throws(ErrorResponse) in throw .notFound }

  private static func operation(
    _ id: String, path: PathParameter? = nil, body: Operation.Content? = nil, replies: [Operation.Reply] = []
  ) -> Operation {
    Operation(
      id: id, tag: .calls, summary: id, description: id, path: path, body: body, replies: replies)
  }

  private static func described(_ routes: Route...) -> JSONValue { OpenAPIDocument(routes, version: "1").json }

  private static func described(_ access: Route.Access, _ operation: Operation) -> JSONValue? {
    described(Route(.get, "/a", access, operation, handler))["paths"]?["/a"]?["get"]
  }

  @Test func pathMethodAndParameterAreTheRoutes() throws {
    let operation = Self.operation("o", path: PathParameter(description: "d", shape: .text))
    let document = Self.described(Route(.delete, "/a/{b}/c", .open, operation, Self.handler))
    #expect(document["paths"]?.objectValue?.keys == ["/a/{b}/c"])
    #expect(document["paths"]?["/a/{b}/c"]?.objectValue?.keys == ["delete"])
    #expect(
      document["paths"]?["/a/{b}/c"]?["delete"]?["parameters"]
        == [["name": "b", "in": "path", "required": true, "description": "d", "schema": ["type": "string"]]])
  }

  @Test func methodsOfAPathStandTogether() {
    let document = Self.described(
      Route(.get, "/a", .open, Self.operation("o"), Self.handler),
      Route(.post, "/a", .open, Self.operation("p"), Self.handler))
    #expect(document["paths"]?["/a"]?.objectValue?.keys == ["get", "post"])
  }

  @Test(
    arguments: [
      (.open, [], []), (.agent, [[:], ["agentToken": []]], ["401"]),
      (.approver, [["adminKey": []], ["approverKey": []]], ["401", "403"]),
      (.admin, [["adminKey": []]], ["401", "403"]),
    ] as [(Route.Access, JSONValue, [String])])
  func accessSaysWhatIsNeededAndWhatIsAnswered(_ access: Route.Access, _ security: JSONValue, _ statuses: [String]) {
    let operation = Self.described(access, Self.operation("o"))
    #expect(operation?["security"] == security)
    #expect(operation?["responses"]?.objectValue?.keys == statuses)
  }

  @Test func aBodyBringsItsRefusals() {
    let operation = Self.described(
      .open,
      Self.operation("o", body: .json(.text), replies: [.detail(.badRequest, "b"), .json(.integer, "o")]))
    #expect(operation?["responses"]?.objectValue?.keys == ["200", "400", "408", "413"])
  }

  @Test func repliesOfOneStatusAreOneEntry() {
    let operation = Self.described(
      .admin,
      Self.operation(
        "o",
        replies: [
          .json(.integer, "a", status: .unauthorized), .detail(.unauthorized, "b"),
        ]))
    let reply = operation?["responses"]?["401"]
    #expect(
      reply?["content"]?["application/json"]?["schema"]
        == ["anyOf": [["type": "integer"], ["$ref": "#/components/schemas/Detail"]]])
    #expect(reply?["headers"]?["X-Correlation-ID"]?["required"] == true)
    // Only the answer without a key has it.
    #expect(reply?["headers"]?["WWW-Authenticate"]?["required"] == false)
  }

  @Test func linksNameTheParameterOfTheOtherPath() {
    let other = Self.operation("other", path: PathParameter(description: "d", shape: .text))
    let absent = Self.operation("absent", path: PathParameter(description: "d", shape: .text))
    var reply = Operation.Reply.json(.anything, "r")
    reply.links = [.init(operation: other, member: "m"), .init(operation: absent, member: "m")]
    let document = Self.described(
      Route(.get, "/a", .open, Self.operation("o", replies: [reply]), Self.handler),
      Route(.get, "/b/{c}", .open, other, Self.handler))
    #expect(
      document["paths"]?["/a"]?["get"]?["responses"]?["200"]?["links"]
        == ["other": ["operationId": "other", "parameters": ["c": "$response.body#/m"]]])
  }

  // MARK: The gateway's own

  @Test func everyNameIsThereAndEveryIdIsItsOwn() async throws {
    try await GatewayFixture.run { gateway async throws in
      let document = try await gateway.send(.get, "/openapi.json").json
      let paths = try #require(document["paths"]?.objectValue)
      let ids = paths.members.flatMap { path in
        path.value.objectValue?.members.compactMap { $0.value["operationId"]?.stringValue } ?? []
      }
      #expect(Set(ids).count == ids.count)
      #expect(ids.contains("callTool") && ids.contains("openAPI"))
      let schemas = Set(document["components"]?["schemas"]?.objectValue?.keys ?? [])
      let prefix = "#/components/schemas/"
      let references = document.strings(named: "$ref")
      #expect(!references.isEmpty)
      for reference in references {
        #expect(reference.hasPrefix(prefix) && schemas.contains(String(reference.dropFirst(prefix.count))))
      }
    }
  }
}

extension JSONValue {
  /// The texts of all members of this name, at any depth.
  fileprivate func strings(named name: String) -> [String] {
    if let elements = arrayValue { return elements.flatMap { $0.strings(named: name) } }
    return (objectValue?.members ?? []).flatMap { member in
      (member.key == name ? [member.value.stringValue].compactMap(\.self) : []) + member.value.strings(named: name)
    }
  }
}

import JSONRPC
import StrictJSON

/// What a `subscriptions/listen` asks to be told, as far as it is told here.
struct ListenFilter: Sendable, Equatable {
  var tools = false
  var prompts = false
  var resources = false

  /// Absent when it isn't the object that the specification asks for.
  init?(_ params: JSONValue) {
    guard let filter = params["notifications"], filter.objectValue != nil else { return nil }
    tools = filter["toolsListChanged"]?.boolValue == true
    prompts = filter["promptsListChanged"]?.boolValue == true
    resources = filter["resourcesListChanged"]?.boolValue == true
  }

  /// The first message of the stream: what of the filter is honoured.
  func acknowledgement(_ id: JSONRPCID) -> JSONRPCMessage {
    var honoured = JSONObject()
    if tools { honoured["toolsListChanged"] = true }
    if prompts { honoured["promptsListChanged"] = true }
    if resources { honoured["resourcesListChanged"] = true }
    return .notification(
      method: "notifications/subscriptions/acknowledged",
      params: ["_meta": [MCPMeta.subscriptionID: id.json], "notifications": .object(honoured)])
  }

  /// The method's notification for the stream; absent when it wasn't asked for.
  func notification(_ method: String, _ id: JSONRPCID) -> JSONRPCMessage? {
    let isAsked =
      switch method {
      case "notifications/tools/list_changed": tools
      case "notifications/prompts/list_changed": prompts
      case "notifications/resources/list_changed": resources
      default: false
      }
    return isAsked ? .notification(method: method, params: ["_meta": [MCPMeta.subscriptionID: id.json]]) : nil
  }

  /// The last message of a stream that the server ends.
  static func result(_ id: JSONRPCID) -> JSONRPCMessage {
    .result(id: id, ["resultType": "complete", "_meta": [MCPMeta.subscriptionID: id.json]])
  }
}

import StrictJSON

/// Reads the body of `POST /tools/call`. Fields that it doesn't know are ignored.
enum ToolCallRequest {
  /// Fails with everything wrong, in the order of the fields.
  static func read(_ body: JSONValue?, _ request: GatewayRequest) throws(ErrorResponse) -> ToolCall {
    guard let body else { throw .unprocessable([.missing(["body"], input: .null)]) }
    guard let object = body.objectValue else { throw .unprocessable([.notAnObject(body)]) }
    var fields = Fields(body: body, object: object)
    let session = fields.identifier("session_id") { (text: String) throws(InvalidIdentifier) in try SessionID(text) }
    let tool = fields.identifier("tool_name") { (text: String) throws(InvalidIdentifier) in try ToolName(text) }
    let arguments = fields.canonical("arguments")
    let context = fields.dictionary("context", whenAbsent: [:])
    let token = fields.optionalString("approval_token")
    guard fields.problems.isEmpty, let session, let tool, let arguments, let context else {
      throw .unprocessable(fields.problems)
    }
    // One that an approver got for this call, or the static one.
    let isSealed = token.map(RequestStateSeal.isSealed) ?? false
    var call = ToolCall(
      sessionID: session, toolName: tool, arguments: arguments, context: context, identity: request.identity,
      approvalToken: isSealed ? nil : token, correlationID: request.correlationID)
    call.agentToken = request.agentToken
    if isSealed { call.approvalState = token }
    return call
  }

  private struct Fields {
    let body: JSONValue
    let object: JSONObject
    var problems: [FieldProblem] = []

    mutating func identifier<ID>(_ name: String, _ make: (String) throws(InvalidIdentifier) -> ID) -> ID? {
      guard let text = string(name) else { return nil }
      do throws(InvalidIdentifier) {
        return try make(text)
      } catch {
        problems.append(.invalid(error, ["body", .string(name)], input: text))
        return nil
      }
    }

    mutating func string(_ name: String) -> String? {
      guard let value = object[name] else {
        problems.append(.missing(["body", .string(name)], input: body))
        return nil
      }
      guard let text = value.stringValue else {
        problems.append(.notAString(["body", .string(name)], input: value))
        return nil
      }
      return text
    }

    mutating func optionalString(_ name: String) -> String? {
      guard let value = object[name], !value.isNull else { return nil }
      return string(name)
    }

    mutating func dictionary(_ name: String, whenAbsent absent: JSONValue?) -> JSONValue? {
      guard let value = object[name] else {
        if absent == nil { problems.append(.missing(["body", .string(name)], input: body)) }
        return absent
      }
      guard value.objectValue != nil else {
        problems.append(.notADictionary(["body", .string(name)], input: value))
        return nil
      }
      return value
    }

    mutating func canonical(_ name: String) -> CanonicalJSON? {
      guard let value = dictionary(name, whenAbsent: nil) else { return nil }
      do throws(JSONError) {
        return try CanonicalJSON(value)
      } catch {
        problems.append(.notCanonical(error, in: name))
        return nil
      }
    }
  }
}

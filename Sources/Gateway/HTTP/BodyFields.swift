import StrictJSON

/// The members of a request's body when all of them may be absent: an operator's acts.
struct BodyFields {
  private let members: JSONObject

  /// Without a body, and with `null`, there are none.
  init(of request: GatewayRequest) async throws(ErrorResponse) {
    guard let body = try await request.json(), !body.isNull else {
      members = [:]
      return
    }
    guard let object = body.objectValue else { throw .unprocessable([.notAnObject(body)]) }
    members = object
  }

  /// Absent when the member is missing, null or empty.
  ///
  /// - Parameter limit: in Unicode scalars
  func text(_ name: String, limit: Int) throws(ErrorResponse) -> String? {
    guard let value = members[name], !value.isNull else { return nil }
    let location: [JSONValue] = ["body", .string(name)]
    guard let text = value.stringValue else { throw .unprocessable([.notAString(location, input: value)]) }
    guard text.unicodeScalars.count <= limit else {
      throw .unprocessable([.tooLong(location, limit: limit, input: text)])
    }
    return text.isEmpty ? nil : text
  }
}

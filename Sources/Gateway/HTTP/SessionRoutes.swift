import HTTPTypes
import Hummingbird
import NIOCore
import StrictJSON

/// What responders and auditors use on a session.
struct SessionRoutes: Sendable {
  let controls: Controls
  let traces: any TraceStore
  let evidenceBuilder: EvidenceBuilder

  var list: [Route] {
    [
      Route(.get, "/sessions", .admin, .listSessions, sessions),
      Route(.post, "/sessions/{id}/kill", .admin, .killSession, kill),
      Route(.delete, "/sessions/{id}/kill", .admin, .unkillSession, unkill),
      Route(.get, "/sessions/{id}/evidence", .admin, .evidence, evidence),
    ]
  }

  @Sendable func sessions(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    do throws(TraceStoreError) {
      return .json(["sessions": .array(try await traces.sessions().map { .string($0) })])
    } catch {
      throw .traceStoreUnavailable
    }
  }

  @Sendable func kill(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    let session = try request.sessionID()
    let reason = try await request.killReason()
    do throws(Controls.Failure) {
      let done = try await controls.kill(session: session, reason: reason)
      return .control(["status": "killed", "session_id": .string(session.rawValue)], done, by: controls)
    } catch {
      throw ErrorResponse(error)
    }
  }

  @Sendable func unkill(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    let session = try request.sessionID()
    do throws(Controls.Failure) {
      try await controls.unkill(session: session)
      return .json(["status": "unkilled", "session_id": .string(session.rawValue)])
    } catch {
      throw ErrorResponse(error)
    }
  }

  @Sendable func evidence(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    let session = try request.sessionID()
    let format = EvidenceFormat(requested: request.query(.evidenceFormat))
    let pack: EvidencePack
    do throws(TraceStoreError) {
      pack = try await evidenceBuilder.pack(session: session.rawValue)
    } catch {
      throw .traceStoreUnavailable
    }
    guard
      await controls.note(
        exportOf: session, as: format.rawValue, events: pack.timeline.count, hash: pack.integrity.hash.hexadecimal)
    else { throw .traceStoreUnavailable }
    var headers: HTTPFields = [.contentType: format.contentType]
    // The pack is a stranger's text through and through: nothing in it is to be run or guessed at.
    headers[.xContentTypeOptions] = "nosniff"
    if format == .html { headers[.contentSecurityPolicy] = "\(EvidencePage.contentSecurityPolicy)" }
    if format == .pdf { headers[.contentDisposition] = Self.attachment("evidence_\(session.rawValue).pdf") }
    return Response(
      status: .ok, headers: headers,
      body: ResponseBody { writer in
        var pieces = format.render(pack).makeIterator()
        while true {
          let piece = await withTaskExecutorPreference(globalConcurrentExecutor) { pieces.next() }
          guard let piece else { break }
          try await writer.write(ByteBuffer(bytes: piece))
        }
        try await writer.finish(nil)
      })
  }

  /// RFC 6266: the name as ASCII for old clients, and in UTF-8 (RFC 8187) for the others.
  private static func attachment(_ name: String) -> String {
    func isPlain(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    let plain = String(decoding: name.utf8.map { isPlain($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
    let encoded = name.utf8.map { isPlain($0) ? String(UnicodeScalar($0)) : "%" + [$0].hexadecimalText.uppercased() }
    let isAll = name.utf8.allSatisfy(isPlain)
    return "attachment; filename=\"\(plain)\"" + (isAll ? "" : "; filename*=UTF-8''\(encoded.joined())")
  }
}

extension GatewayRequest {
  func sessionID() throws(ErrorResponse) -> SessionID { try identifier() }

  func toolName() throws(ErrorResponse) -> ToolName { try identifier() }

  func agentID() throws(ErrorResponse) -> AgentID { try identifier() }

  private func identifier<ID: StatedIdentifier>() throws(ErrorResponse) -> ID {
    let location: [JSONValue] = ["path", .string(ID.field)]
    guard let parameter else {
      throw .unprocessable([
        FieldProblem(
          type: "string_unicode", location: location,
          message: "Input should be a valid string, unable to parse raw data as a unicode string", input: .null)
      ])
    }
    do throws(InvalidIdentifier) {
      return try ID(parameter)
    } catch {
      throw .unprocessable([.invalid(error, location, input: parameter)])
    }
  }

  /// The body's `reason`: absent without a body, with `null` or `{}`, and when it is null or empty.
  func killReason() async throws(ErrorResponse) -> String? { try await BodyFields(of: self).text(.killReason) }
}

extension Response {
  /// The answer to a kill or a pause. It holds whatever happens to the trace store; if its event is missing, the
  /// answer says so.
  static func control(_ members: JSONObject, _ done: Controls.Done, by controls: Controls) -> Response {
    var members = members
    members["containment_id"] = .string(done.receipt.id)
    members["receipt"] = controls.containments.json(done.receipt)
    if !done.isRecorded { members["warning"] = "Trace store unavailable: not recorded" }
    return .json(.object(members))
  }
}

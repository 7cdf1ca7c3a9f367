import HTTPTypes
import Hummingbird
import StrictJSON

/// What approvers use on the calls that wait for them.
struct ApprovalRoutes: Sendable {
  /// A decision that is about to be taken.
  struct Act: Sendable {
    let request: ApprovalRequest
    let approves: Bool
    let decider: String
    let note: String?
  }

  /// Who decides when the request doesn't say: whoever has the key.
  static let unnamed = "admin"
  static let usualLimit = 100
  static let largestLimit = 1_000

  let store: ApprovalStore
  /// Keeps a decision as evidence before it takes effect. When it can't (false), nothing is approved; a denial holds
  /// all the same.
  var record: @Sendable (Act) async -> Bool = { _ in true }
  /// What the call that was approved may bring along; absent when it can't be made.
  var token: @Sendable (ApprovalRequest) -> String? = { _ in nil }

  var list: [Route] {
    [
      Route(.get, "/approvals", .approver, requests),
      Route(.get, "/approvals/{id}", .approver, request),
      Route(.post, "/approvals/{id}/approve", .approver, approve),
      Route(.post, "/approvals/{id}/deny", .approver, deny),
    ]
  }

  /// The newest first; `status` and `limit` narrow them down.
  @Sendable func requests(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    var status: ApprovalRequest.Status?
    if let text = request.query("status"), !text.isEmpty {
      status = ApprovalRequest.Status(rawValue: text)
      guard status != nil else { throw .unprocessable([.noStatus(text)]) }
    }
    var limit = Self.usualLimit
    if let text = request.query("limit"), !text.isEmpty {
      guard let number = Int(text), (1...Self.largestLimit).contains(number) else {
        throw .unprocessable([.noLimit(text)])
      }
      limit = number
    }
    do throws(ApprovalStoreError) {
      return .json(["approvals": .array(try await store.list(status: status, limit: limit).map(\.json))])
    } catch {
      throw ErrorResponse(error)
    }
  }

  @Sendable func request(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    .json(try await found(request).json)
  }

  @Sendable func approve(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    try await decide(request, approves: true)
  }

  @Sendable func deny(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    try await decide(request, approves: false)
  }

  private func decide(_ request: GatewayRequest, approves: Bool) async throws(ErrorResponse) -> Response {
    let body = try await BodyFields(of: request)
    let note = try body.text("note", limit: ApprovalRequest.maximumNoteLength)
    // Who has a key of their own is who it says.
    let stated = try body.text("by", limit: ApprovalRequest.maximumNameLength)
    let decider = request.approver ?? stated ?? Self.unnamed
    let found = try await found(request)
    if let approver = request.approver.map(ExactText.init),
      [found.agentID, found.userID].contains(where: { $0.map(ExactText.init) == approver })
    {
      throw .ownRequest
    }
    // What is decided already has no other decision to keep.
    guard found.status == .pending else { throw .settled(found) }
    let isRecorded = await record(Act(request: found, approves: approves, decider: decider, note: note))
    guard isRecorded || !approves else { throw .traceStoreUnavailable }
    do throws(ApprovalStoreError) {
      let decided = try await store.decide(found.id, approve: approves, by: decider, note: note)
      var answer = decided.json.objectValue ?? JSONObject()
      if approves { answer["approval_token"] = token(decided).map { .string($0) } }
      if !isRecorded { answer["warning"] = "Trace store unavailable: not recorded" }
      return .json(.object(answer))
    } catch {
      throw ErrorResponse(error)
    }
  }

  private func found(_ request: GatewayRequest) async throws(ErrorResponse) -> ApprovalRequest {
    do throws(ApprovalStoreError) {
      if let id = request.parameter, let found = try await store.request(id) { return found }
    } catch {
      throw ErrorResponse(error)
    }
    throw .noApproval
  }
}

extension ErrorResponse {
  fileprivate static let noApproval = ErrorResponse(
    status: .notFound, body: ["detail": "There is no such approval request"])

  fileprivate static let ownRequest = ErrorResponse(
    status: .forbidden, body: ["detail": "Who asks can't approve"])

  fileprivate static func settled(_ request: ApprovalRequest) -> ErrorResponse {
    ErrorResponse(ApprovalStoreError.settled(request.id, request.status))
  }

  fileprivate init(_ error: ApprovalStoreError) {
    switch error.reason {
    case .unknown: self = .noApproval
    case .settled, .conflict: self.init(status: .conflict, body: ["detail": .string(error.message)])
    case .tooMany: self.init(status: .tooManyRequests, body: ["detail": .string(error.message)])
    case .unavailable:
      self.init(status: .serviceUnavailable, body: ["status": "error", "message": "Approvals unavailable"])
    }
  }
}

extension FieldProblem {
  fileprivate static func noStatus(_ text: String) -> FieldProblem {
    let names = ApprovalRequest.Status.allCases.map { "'\($0.rawValue)'" }
    let expected = names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
    return FieldProblem(
      type: "enum", location: ["query", "status"], message: "Input should be \(expected)", input: .string(text),
      context: ["expected": .string(expected)])
  }

  fileprivate static func noLimit(_ text: String) -> FieldProblem {
    FieldProblem(
      type: "value_error", location: ["query", "limit"],
      message: "Value error, limit must be a whole number from 1 to \(ApprovalRoutes.largestLimit)",
      input: .string(text), context: ["error": [:]])
  }
}

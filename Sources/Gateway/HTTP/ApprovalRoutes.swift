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

  let store: ApprovalStore
  /// Keeps a decision as evidence before it takes effect. When it can't (false), nothing is approved; a denial holds
  /// all the same.
  var record: @Sendable (Act) async -> Bool = { _ in true }
  /// What the call that was approved may bring along; absent when it can't be made.
  var token: @Sendable (ApprovalRequest) -> String? = { _ in nil }
  /// What those who decide are shown of the calls that wait; absent, the hash alone.
  var arguments: ApprovalArguments?

  var list: [Route] {
    [
      Route(.get, "/approvals", .approver, .listApprovals, requests),
      Route(.get, "/approvals/{id}", .approver, .getApproval, request),
      Route(.post, "/approvals/{id}/approve", .approver, .approve, approve),
      Route(.post, "/approvals/{id}/deny", .approver, .deny, deny),
    ]
  }

  /// The newest first; `status` and `limit` narrow them down.
  @Sendable func requests(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    var status: ApprovalRequest.Status?
    if let text = request.query(.approvalStatus), !text.isEmpty {
      status = ApprovalRequest.Status(rawValue: text)
      guard status != nil else { throw .unprocessable([.noStatus(text)]) }
    }
    let limit = try request.number(.approvalLimit)
    do throws(ApprovalStoreError) {
      return .json(["approvals": .array(try await store.list(status: status, limit: limit).map(describe))])
    } catch {
      throw ErrorResponse(error)
    }
  }

  @Sendable func request(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    .json(describe(try await found(request)))
  }

  private func describe(_ request: ApprovalRequest) -> JSONValue { arguments?.describe(request) ?? request.json }

  @Sendable func approve(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    try await decide(request, approves: true)
  }

  @Sendable func deny(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    try await decide(request, approves: false)
  }

  private func decide(_ request: GatewayRequest, approves: Bool) async throws(ErrorResponse) -> Response {
    let body = try await BodyFields(of: request)
    let note = try body.text(.note)
    // Who has a key of their own is who it says.
    let stated = try body.text(.decider)
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
      arguments?.settle(decided)
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
}

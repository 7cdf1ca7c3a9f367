import HTTPTypes
import Hummingbird
import StrictJSON

/// What the policy's keeper uses.
struct AdminRoutes: Sendable {
  let controls: Controls
  /// As configured.
  let policyPath: String

  var list: [Route] {
    [Route(.post, "/admin/policies/reload", .admin, .reloadPolicy, reload)]
  }

  @Sendable func reload(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    do throws(Controls.Failure) {
      let policy = try await controls.reload()
      return .json([
        "status": "reloaded", "policy_path": .string(policyPath),
        "tools_count": .init(policy.data.allKnownTools.count), "policy_revision": .string(policy.revision),
      ])
    } catch {
      throw ErrorResponse(error)
    }
  }
}

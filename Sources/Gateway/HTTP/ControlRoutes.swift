import HTTPTypes
import Hummingbird
import StrictJSON

/// What responders use on a tool and on everything at once.
struct ControlRoutes: Sendable {
  let controls: Controls
  let deadman: Deadman

  var list: [Route] {
    [
      Route(.post, "/tools/{name}/kill", .admin, .killTool, killTool),
      Route(.delete, "/tools/{name}/kill", .admin, .unkillTool, unkillTool),
      Route(.post, "/agents/{id}/kill", .admin, .killAgent, killAgent),
      Route(.delete, "/agents/{id}/kill", .admin, .unkillAgent, unkillAgent),
      Route(.get, "/containments/{id}", .admin, .containment, containment),
      Route(.post, "/system/heartbeat", .admin, .heartbeat, heartbeat),
      Route(.post, "/system/pause", .admin, .pause, pause),
      Route(.post, "/system/resume", .admin, .resume, resume),
    ]
  }

  @Sendable func killTool(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    let tool = try request.toolName()
    let reason = try await request.killReason()
    do throws(Controls.Failure) {
      let done = try await controls.kill(tool: tool, reason: reason)
      return .control(["status": "killed", "tool_name": .string(tool.rawValue)], done, by: controls)
    } catch {
      throw ErrorResponse(error)
    }
  }

  @Sendable func unkillTool(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    let tool = try request.toolName()
    do throws(Controls.Failure) {
      try await controls.unkill(tool: tool)
      return .json(["status": "unkilled", "tool_name": .string(tool.rawValue)])
    } catch {
      throw ErrorResponse(error)
    }
  }

  @Sendable func killAgent(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    let agent = try request.agentID()
    let reason = try await request.killReason()
    do throws(Controls.Failure) {
      let done = try await controls.kill(agent: agent, reason: reason)
      return .control(["status": "killed", "agent_id": .string(agent.rawValue)], done, by: controls)
    } catch {
      throw ErrorResponse(error)
    }
  }

  @Sendable func unkillAgent(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    let agent = try request.agentID()
    do throws(Controls.Failure) {
      try await controls.unkill(agent: agent)
      return .json(["status": "unkilled", "agent_id": .string(agent.rawValue)])
    } catch {
      throw ErrorResponse(error)
    }
  }

  /// The receipt of a kill, as it stands now.
  @Sendable func containment(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    let receipt: JSONValue?
    do throws(TraceStoreError) {
      receipt = if let id = request.parameter { try await controls.containments.receipt(id: id) } else { nil }
    } catch {
      throw .traceStoreUnavailable
    }
    guard let receipt else { throw .notFound }
    return .json(receipt)
  }

  /// The supervisor is alive.
  @Sendable func heartbeat(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    let seconds = deadman.beat()
    return .json(["status": "ok", "deadman_seconds": seconds.map { .init($0) } ?? .null])
  }

  @Sendable func pause(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    let reason = try await request.killReason()
    do throws(Controls.Failure) {
      return .control(["status": "paused"], try await controls.pause(reason: reason), by: controls)
    } catch {
      throw ErrorResponse(error)
    }
  }

  @Sendable func resume(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    do throws(Controls.Failure) {
      try await controls.resume()
      return .json(["status": "resumed"])
    } catch {
      throw ErrorResponse(error)
    }
  }
}

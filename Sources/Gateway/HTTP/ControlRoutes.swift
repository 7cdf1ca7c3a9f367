import HTTPTypes
import Hummingbird
import StrictJSON

/// What responders use on a tool and on everything at once.
struct ControlRoutes: Sendable {
  let controls: Controls

  var list: [Route] {
    [
      Route(.post, "/tools/{name}/kill", .admin, killTool),
      Route(.delete, "/tools/{name}/kill", .admin, unkillTool),
      Route(.post, "/system/pause", .admin, pause),
      Route(.post, "/system/resume", .admin, resume),
    ]
  }

  @Sendable func killTool(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    let tool = try request.toolName()
    let reason = try await request.killReason()
    do throws(Controls.Failure) {
      let done = try await controls.kill(tool: tool, reason: reason)
      return .control(["status": "killed", "tool_name": .string(tool.rawValue)], done)
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

  @Sendable func pause(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    let reason = try await request.killReason()
    do throws(Controls.Failure) {
      return .control(["status": "paused"], try await controls.pause(reason: reason))
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

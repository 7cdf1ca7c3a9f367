/// Refuses calls over a tool's limit (`rate_limits` in data.json); counts those that it lets pass.
struct RateCheck: Check {
  static let rule = "rate_limit"

  let rateLimiter: RateLimiter

  func refusal(of call: ToolCall, to tool: ToolDefinition?, under policy: LoadedPolicy) -> Decision? {
    guard let limit = policy.data.rateLimit(of: call.toolName) else { return nil }
    return rateLimiter.admit(RateLimiter.Caller(call), tool: call.toolName, limit: limit)
      ? nil : .deny("Rate limit exceeded", rule: Self.rule)
  }
}

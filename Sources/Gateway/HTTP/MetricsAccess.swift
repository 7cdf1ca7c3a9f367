/// Who may read the metrics: they name tools, servers and rules.
struct MetricsAccess: Sendable {
  /// A scraper's own; absent when there is none.
  let token: Secret?
  /// Whoever reaches the endpoint: only on loopback, while no token is set.
  let isOpen: Bool

  /// - Parameter host: where the gateway listens
  init(token: String?, host: String) {
    self.token = token.flatMap(Secret.init)
    isOpen = token == nil && LoopbackHost.contains(host)
  }
}

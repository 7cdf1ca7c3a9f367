import HTTPTypes
import Hummingbird
import NIOCore

/// What Prometheus reads.
struct MetricsRoutes: Sendable {
  let metrics: Metrics
  /// What a scrape reads from elsewhere.
  let snapshot: @Sendable () async -> MetricsSnapshot

  var list: [Route] {
    [Route(.get, "/metrics", .metrics, .metrics, text)]
  }

  @Sendable func text(_ request: GatewayRequest) async throws(ErrorResponse) -> Response {
    Response(
      status: .ok, headers: [.contentType: MetricsText.contentType],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: metrics.text(await snapshot()))))
  }
}

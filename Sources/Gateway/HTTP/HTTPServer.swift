import CallExecution
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// The HTTP door.
struct HTTPServer: Service {
  static let connectionLimit = 1_024

  private(set) var application: Application<GatewayResponder>

  /// - Parameters:
  ///   - awaiting: done before the server listens
  ///   - onReady: told the port once the server listens
  init(
    responder: GatewayResponder, host: String, port: Int, logger: Logger,
    awaiting: @escaping @Sendable () async -> Void = {}, onReady: @escaping @Sendable (Int) async -> Void
  ) {
    application = Application(
      responder: responder,
      server: HTTPServerBuilder { GatewayChannel(responder: $0, gateway: responder) },
      configuration: ApplicationConfiguration(
        address: .hostname(host, port: port), backlog: 512,
        availableConnectionsDelegate: .maximum(Self.connectionLimit, logger: logger)),
      onServerRunning: { channel in await onReady(channel.localAddress?.port ?? port) },
      logger: logger)
    application.beforeServerStarts(perform: awaiting)
  }

  /// Serves until the service group shuts down: then no connection is taken any more, and calls that run are answered.
  func run() async throws {
    try await withTaskExecutorPreference(CallExecutor.shared) { try await application.run() }
  }
}

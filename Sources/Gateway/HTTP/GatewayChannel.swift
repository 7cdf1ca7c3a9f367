import HTTPExchange
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// A connection of the HTTP door: calls are answered by `HTTPCallHandler`, everything else by Hummingbird behind it.
struct GatewayChannel: HTTPChannelHandler {
  typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

  static let headerFieldLimit = 16_384
  static let headerListLimit = 32_768
  static let headerCountLimit = 100

  let responder: HTTPChannelHandler.Responder
  let gateway: GatewayResponder

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      var limits = NIOHTTPDecoderLimitConfiguration()
      limits.maxHeaderFieldSize = Self.headerFieldLimit
      limits.maxHeaderListSize = Self.headerListLimit
      limits.maxHeaderFieldCount = Self.headerCountLimit
      let pipeline = channel.pipeline.syncOperations
      try pipeline.configureHTTPServerPipeline(
        // `HTTPCallHandler` lets one request after another in.
        withPipeliningAssistance: false,
        // Hummingbird answers what can't be read.
        withErrorHandling: false,
        // Fields of `HTTPTypes` are valid.
        withOutboundHeaderValidation: false, withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
      let encoder = try pipeline.context(handlerType: HTTPResponseEncoder.self)
      let calls = HTTPCallHandler(gateway, wire: encoder)
      try pipeline.addHandler(calls)
      let plain = PlainHeadLimits(
        fieldSize: Self.headerFieldLimit, size: Self.headerListLimit, fieldCount: Self.headerCountLimit)
      let reader = PlainMessages(
        .init(
          head: { PlainHead(request: $0, limits: plain) }, take: { [weak calls] part, _ in calls?.take(part) }))
      try pipeline.addHandler(reader, position: .first)
      try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
      // Without a timeout: it doesn't see what `HTTPCallHandler` answers, which looks after idle connections instead.
      try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: nil, logger: logger))
      return try NIOAsyncChannel(
        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    }
  }

  func handle(value: Value, logger: Logger) async { await handleHTTP(asyncChannel: value, logger: logger) }
}

import NIOCore

/// Flushes what one turn of the event loop writes together, so that a request's head and body go out in one packet and
/// wake the server once.
final class FlushTogether: ChannelOutboundHandler {
  typealias OutboundIn = ByteBuffer

  private var isDue = false

  func flush(context: ChannelHandlerContext) {
    guard !isDue else { return }
    isDue = true
    let context = NIOLoopBound(context, eventLoop: context.eventLoop)
    let this = NIOLoopBound(self, eventLoop: context.value.eventLoop)
    context.value.eventLoop.execute {
      this.value.isDue = false
      context.value.flush()
    }
  }

  /// Nothing that was to be flushed stays behind.
  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if isDue { context.flush() }
    context.close(mode: mode, promise: promise)
  }
}

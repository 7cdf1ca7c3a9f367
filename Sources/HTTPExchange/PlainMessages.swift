public import NIOCore
public import NIOHTTP1

/// Reads plain messages (`PlainHead`) where a connection's bytes come in, before NIO's decoder, which reads everything
/// from the first message on that isn't plain.
///
/// Who reads the parts gets them from here at once, and those of the decoder from the decoder.
public final class PlainMessages<Head: Equatable & Sendable>: ChannelInboundHandler {
  public typealias InboundIn = ByteBuffer
  public typealias InboundOut = ByteBuffer

  public struct Reader {
    /// Absent unless the bytes begin with a plain head.
    public var head: (UnsafeRawBufferPointer) -> PlainHead<Head>?
    /// - Parameter hasMore: bytes have come in after the part
    public var take: (_ part: HTTPPart<Head, ByteBuffer>, _ hasMore: Bool) -> Void
    /// The decoder takes over.
    public var giveUp: () -> Void

    public init(
      head: @escaping (UnsafeRawBufferPointer) -> PlainHead<Head>?,
      take: @escaping (_ part: HTTPPart<Head, ByteBuffer>, _ hasMore: Bool) -> Void, giveUp: @escaping () -> Void = {}
    ) {
      self.head = head
      self.take = take
      self.giveUp = giveUp
    }
  }

  private enum State {
    case betweenMessages
    /// Its bytes that are still to come.
    case inBody(Int)
    case notPlain
  }

  private let reader: Reader
  private var state = State.betweenMessages

  public init(_ reader: Reader) { self.reader = reader }

  /// Whether all that came was plain, so that the decoder has seen none of it.
  public var isPlain: Bool {
    if case .notPlain = state { false } else { true }
  }

  public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .notPlain = state { return context.fireChannelRead(data) }
    var bytes = unwrapInboundIn(data)
    while bytes.readableBytes > 0 {
      switch state {
      case .betweenMessages:
        guard let head = bytes.withUnsafeReadableBytes(reader.head) else {
          state = .notPlain
          reader.giveUp()
          continue
        }
        bytes.moveReaderIndex(forwardBy: head.size)
        state = head.bodySize > 0 ? .inBody(head.bodySize) : .betweenMessages
        reader.take(.head(head.head), bytes.readableBytes > 0)
        if head.bodySize == 0 { reader.take(.end(nil), bytes.readableBytes > 0) }
      case .inBody(let size):
        let count = min(size, bytes.readableBytes)
        let part = bytes.readSlice(length: count) ?? ByteBuffer()
        state = count < size ? .inBody(size - count) : .betweenMessages
        reader.take(.body(part), bytes.readableBytes > 0)
        if count == size { reader.take(.end(nil), bytes.readableBytes > 0) }
      case .notPlain: return context.fireChannelRead(wrapInboundOut(bytes))
      }
    }
  }

  public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed = event { inputEnds(context) }
    context.fireUserInboundEventTriggered(event)
  }

  public func channelInactive(context: ChannelHandlerContext) {
    inputEnds(context)
    context.fireChannelInactive()
  }

  /// As the decoder does.
  private func inputEnds(_ context: ChannelHandlerContext) {
    guard case .inBody = state else { return }
    state = .notPlain
    context.fireErrorCaught(HTTPParserError.invalidEOFState)
  }
}

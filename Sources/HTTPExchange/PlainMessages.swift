public import NIOCore
public import NIOHTTP1

/// Reads plain messages (`PlainHead`) where a connection's bytes come in, before NIO's decoder, which reads everything
/// from the first message on that isn't plain.
///
/// Who reads the parts gets them from here at once, and those of the decoder from the decoder.
public final class PlainMessages: ChannelInboundHandler {
  public typealias InboundIn = ByteBuffer
  public typealias InboundOut = ByteBuffer

  /// Knows the kind of messages, so that the handler is none of generic code, which asks the runtime for its types with
  /// each part.
  public struct Reader {
    @usableFromInline let head: (_ bytes: UnsafeRawBufferPointer) -> (size: Int, bodySize: Int)?
    @usableFromInline let body: (_ bytes: ByteBuffer, _ hasMore: Bool) -> Void
    @usableFromInline let end: (_ hasMore: Bool) -> Void
    @usableFromInline let giveUp: () -> Void

    /// - Parameters:
    ///   - head: absent unless the bytes begin with a plain head
    ///   - hasMore: bytes have come in after the part
    ///   - giveUp: the decoder takes over
    @inlinable public init<Head>(
      head: @escaping (_ bytes: UnsafeRawBufferPointer) -> PlainHead<Head>?,
      take: @escaping (_ part: HTTPPart<Head, ByteBuffer>, _ hasMore: Bool) -> Void, giveUp: @escaping () -> Void = {}
    ) {
      self.head = { bytes in
        guard let head = head(bytes) else { return nil }
        take(.head(head.head), bytes.count > head.size)
        return (head.size, head.bodySize)
      }
      body = { bytes, hasMore in take(.body(bytes), hasMore) }
      end = { hasMore in take(.end(nil), hasMore) }
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
        if head.bodySize == 0 { reader.end(bytes.readableBytes > 0) }
      case .inBody(let size):
        let count = min(size, bytes.readableBytes)
        let part = bytes.readSlice(length: count) ?? ByteBuffer()
        state = count < size ? .inBody(size - count) : .betweenMessages
        reader.body(part, bytes.readableBytes > 0)
        if count == size { reader.end(bytes.readableBytes > 0) }
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

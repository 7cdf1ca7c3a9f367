import HTTPTypes
import Hummingbird
import JSONRPC
import NIOCore

/// An answer as a stream of server-sent events.
struct EventStream {
  private var writer: any ResponseBodyWriter

  /// `body` sends the events; the stream ends when it returns.
  static func response(_ body: @escaping @Sendable (inout EventStream) async throws -> Void) -> Response {
    Response(
      status: .ok,
      headers: [
        .contentType: "text/event-stream", .cacheControl: "no-cache, no-transform",
        HTTPField.Name("X-Accel-Buffering")!: "no",
      ],
      body: ResponseBody { writer in
        var events = EventStream(writer: writer)
        // The client learns at once that there is a stream.
        try await events.comment()
        try await body(&events)
        try await events.writer.finish(nil)
      })
  }

  mutating func send(_ message: JSONRPCMessage) async throws {
    try await send(ServerSentEvent(data: message.serialized()))
  }

  mutating func send(_ event: ServerSentEvent) async throws {
    try await writer.write(ByteBuffer(bytes: event.serialized()))
  }

  private mutating func comment() async throws { try await writer.write(ByteBuffer(string: ": still here\n\n")) }

  /// Sends what `select` makes of each element until there are no more, and comments in between, which keep proxies from
  /// closing the connection and show when the client is gone.
  mutating func forward<Element: Sendable>(
    _ stream: AsyncStream<Element>, _ select: (Element) -> JSONRPCMessage?
  ) async throws {
    try await forward(stream) { element in select(element).map { ServerSentEvent(data: $0.serialized()) } }
  }

  /// As above; `act` is called when the client can't be told any more.
  mutating func forward(
    _ stream: AsyncStream<JSONRPCMessage>, onFailure act: @Sendable () -> Void
  ) async throws {
    do {
      try await forward(stream) { $0 }
    } catch {
      act()
      throw error
    }
  }

  /// As above, for events that aren't messages.
  mutating func forward<Element: Sendable>(
    _ stream: AsyncStream<Element>, _ select: (Element) -> ServerSentEvent?
  ) async throws {
    let (merged, sink) = AsyncStream.makeStream(of: Element?.self, bufferingPolicy: .bufferingNewest(1_024))
    let elements = Task {
      for await element in stream { sink.yield(element) }
      sink.finish()
    }
    let comments = Task {
      while (try? await Task.sleep(for: MCPRoutes.pause)) != nil { sink.yield(nil) }
    }
    defer {
      elements.cancel()
      comments.cancel()
    }
    for await element in merged {
      if let element {
        if let event = select(element) { try await send(event) }
      } else {
        try await comment()
      }
    }
  }
}

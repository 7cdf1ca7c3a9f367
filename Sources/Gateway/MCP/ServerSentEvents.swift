#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One event of a `text/event-stream` (WHATWG HTML, "Server-sent events").
public struct ServerSentEvent: Sendable, Equatable {
  /// `message` unless the stream names another.
  public var event: String
  /// The `data` lines with a line feed between them.
  public var data: [UInt8]
  /// The last event id at this event: its own, or that of an event before it.
  public var id: String?
  /// How long to wait before connecting again, in milliseconds; absent unless this event says so.
  public var retry: Int?

  public init(event: String = "message", data: [UInt8], id: String? = nil, retry: Int? = nil) {
    self.event = event
    self.data = data
    self.id = id
    self.retry = retry
  }

  /// The bytes of an event whose data is JSON and whose name has no line end; `retry` is left out. An id with a line end
  /// or U+0000, which the format can't carry, is left out too.
  public func serialized() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(data.count + 64)
    bytes += "event: \(event)\n".utf8
    if let id, !id.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D || $0 == 0 }) { bytes += "id: \(id)\n".utf8 }
    // Line ends in JSON are white space: all of them become line feeds.
    var isAfterCarriageReturn = false
    bytes += "data: ".utf8
    if data.contains(where: { $0 == 0x0A || $0 == 0x0D }) {
      for byte in data {
        defer { isAfterCarriageReturn = byte == 0x0D }
        switch byte {
        case 0x0A where isAfterCarriageReturn: break
        case 0x0A, 0x0D: bytes += "\ndata: ".utf8
        default: bytes.append(byte)
        }
      }
    } else {
      bytes += data
    }
    bytes += "\n\n".utf8
    return bytes
  }
}

/// Cuts a `text/event-stream` into events as its bytes arrive, with bounded memory. What follows the last blank line when
/// the stream ends is no event.
public struct ServerSentEventParser: Sendable {
  private let maximumEventBytes: Int
  /// The last event id of the stream so far, also by an event without data.
  public private(set) var lastEventID: String?
  /// The latest `retry` of the stream so far, in milliseconds, also by an event without data.
  public private(set) var retry: Int?

  /// The line that the chunks before began. A comment is dropped as it comes.
  private var line: [UInt8] = []
  private var isInComment = false
  private var isAfterCarriageReturn = false
  /// How many bytes of a byte order mark have been read; absent after the stream's start.
  private var byteOrderMark: Int? = 0

  private var data: [UInt8] = []
  private var hasData = false
  private var event: [UInt8] = []
  private var eventRetry: Int?
  private var failure: EventTooLarge?

  /// - Parameter maximumEventBytes: for an event's data and name and the line that is being read, together
  public init(maximumEventBytes: Int) { self.maximumEventBytes = maximumEventBytes }

  /// The events that `chunk` completes. After an error there is nothing more to read.
  public mutating func events(in chunk: UnsafeRawBufferPointer) throws(EventTooLarge) -> [ServerSentEvent] {
    if let failure { throw failure }
    do throws(EventTooLarge) {
      return try read(chunk)
    } catch {
      failure = error
      throw error
    }
  }

  public mutating func events(in chunk: some Collection<UInt8>) throws(EventTooLarge) -> [ServerSentEvent] {
    var result: Result<[ServerSentEvent], EventTooLarge> = .success([])
    func read(_ bytes: UnsafeRawBufferPointer) {
      do throws(EventTooLarge) { result = .success(try events(in: bytes)) } catch { result = .failure(error) }
    }
    if chunk.withContiguousStorageIfAvailable({ read(UnsafeRawBufferPointer($0)) }) == nil {
      Array(chunk).withUnsafeBytes { read($0) }
    }
    return try result.get()
  }

  private mutating func read(_ chunk: UnsafeRawBufferPointer) throws(EventTooLarge) -> [ServerSentEvent] {
    var events: [ServerSentEvent] = []
    var offset = skipByteOrderMark(chunk)
    if offset < chunk.count, isAfterCarriageReturn {
      isAfterCarriageReturn = false
      if chunk[offset] == 0x0A { offset += 1 }
    }
    // Looked for anew only when passed: a chunk of one kind of line end alone isn't searched for the other at each line.
    var lineFeed = chunk.firstIndex(of: 0x0A, from: offset)
    var carriageReturn = chunk.firstIndex(of: 0x0D, from: offset)
    while offset < chunk.count {
      if lineFeed < offset { lineFeed = chunk.firstIndex(of: 0x0A, from: offset) }
      if carriageReturn < offset { carriageReturn = chunk.firstIndex(of: 0x0D, from: offset) }
      let end = min(lineFeed, carriageReturn)
      let part = UnsafeRawBufferPointer(rebasing: chunk[offset..<end])
      guard end < chunk.count else {
        try keep(part)
        break
      }
      if let event = try finishLine(part) { events.append(event) }
      offset = end + 1
      if end == carriageReturn {
        if offset == chunk.count {
          isAfterCarriageReturn = true
        } else if chunk[offset] == 0x0A {
          offset += 1
        }
      }
    }
    return events
  }

  /// The offset after what belongs to a byte order mark at the stream's start.
  private mutating func skipByteOrderMark(_ chunk: UnsafeRawBufferPointer) -> Int {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    guard var count = byteOrderMark else { return 0 }
    var offset = 0
    while count < mark.count {
      guard offset < chunk.count else {
        byteOrderMark = count
        return offset
      }
      guard chunk[offset] == mark[count] else {
        // It was none.
        line = Array(mark.prefix(count))
        break
      }
      count += 1
      offset += 1
    }
    byteOrderMark = nil
    return offset
  }

  private mutating func keep(_ part: UnsafeRawBufferPointer) throws(EventTooLarge) {
    if line.isEmpty, part.first == UInt8(ascii: ":") { isInComment = true }
    if isInComment || part.isEmpty { return }
    try checkRoom(for: part.count)
    line += part
  }

  private mutating func finishLine(_ part: UnsafeRawBufferPointer) throws(EventTooLarge) -> ServerSentEvent? {
    if isInComment {
      isInComment = false
      return nil
    }
    if line.isEmpty {
      guard let first = part.first else { return dispatch() }
      if first == UInt8(ascii: ":") { return nil }
      try checkRoom(for: part.count)
      take(part)
    } else {
      try checkRoom(for: part.count)
      line += part
      let whole = line
      line = []
      whole.withUnsafeBytes { take($0) }
    }
    return nil
  }

  private mutating func dispatch() -> ServerSentEvent? {
    defer {
      data = []
      hasData = false
      event = []
      eventRetry = nil
    }
    guard hasData else { return nil }
    return ServerSentEvent(
      event: event.isEmpty ? "message" : String(decoding: event, as: UTF8.self), data: data, id: lastEventID,
      retry: eventRetry)
  }

  /// A line that isn't blank, for which there is room.
  private mutating func take(_ line: UnsafeRawBufferPointer) {
    let colon = line.firstIndex(of: UInt8(ascii: ":"), from: 0)
    if colon == 0 { return }
    var value = UnsafeRawBufferPointer(rebasing: line[min(colon + 1, line.count)...])
    if value.first == 0x20 { value = UnsafeRawBufferPointer(rebasing: value[1...]) }
    let name = line[..<colon]
    if name.elementsEqual("data".utf8) {
      if hasData { data.append(0x0A) }
      data += value
      hasData = true
    } else if name.elementsEqual("event".utf8) {
      event = Array(value)
    } else if name.elementsEqual("id".utf8) {
      if !value.contains(0) { lastEventID = String(decoding: value, as: UTF8.self) }
    } else if name.elementsEqual("retry".utf8) {
      guard !value.isEmpty, value.allSatisfy({ $0 &- UInt8(ascii: "0") <= 9 }),
        let time = Int(String(decoding: value, as: UTF8.self))
      else { return }
      retry = time
      eventRetry = time
    }
  }

  private func checkRoom(for count: Int) throws(EventTooLarge) {
    guard count <= maximumEventBytes - data.count - event.count - line.count else {
      throw EventTooLarge(maximumEventBytes: maximumEventBytes)
    }
  }
}

/// An event has more bytes than the parser takes.
public struct EventTooLarge: Error, Sendable, Equatable {
  public let maximumEventBytes: Int
}

extension UnsafeRawBufferPointer {
  /// `count` when there is none.
  fileprivate func firstIndex(of byte: UInt8, from start: Int) -> Int {
    guard start < count, let base = baseAddress, let found = memchr(base + start, Int32(byte), count - start) else {
      return count
    }
    return UnsafeRawPointer(found) - base
  }
}

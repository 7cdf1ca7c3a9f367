#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Cuts a stream of bytes into lines at each line feed (0x0A) and nowhere else, with bounded memory.
public struct LineSplitter: Sendable {
  public enum Overflow: Sendable {
    /// A line over the limit ends the reading.
    case fail
    /// A line over the limit is cut at it; what follows up to the line feed is dropped.
    case truncate
  }

  private let maximumLength: Int
  private let overflow: Overflow
  private var partial: [UInt8] = []
  private var isDropping = false

  /// - Parameter maximumLength: bytes of a line, its line feed not counted
  public init(maximumLength: Int, overflow: Overflow = .fail) {
    self.maximumLength = maximumLength
    self.overflow = overflow
  }

  /// The lines that `chunk` completes, without their line feeds.
  public mutating func lines(in chunk: UnsafeRawBufferPointer) throws(LineTooLong) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var rest = chunk[...]
    while let base = rest.baseAddressOfSlice, let found = memchr(base, 0x0A, rest.count) {
      let length = UnsafeRawPointer(found) - base
      try take(rest.prefix(length))
      lines.append(partial)
      partial = []
      isDropping = false
      rest = rest.dropFirst(length + 1)
    }
    try take(rest)
    return lines
  }

  public mutating func lines(in chunk: [UInt8]) throws(LineTooLong) -> [[UInt8]] {
    var result: Result<[[UInt8]], LineTooLong> = .success([])
    chunk.withUnsafeBytes { bytes in
      do throws(LineTooLong) { result = .success(try lines(in: bytes)) } catch { result = .failure(error) }
    }
    return try result.get()
  }

  /// What stands after the last line feed; nothing remains here afterwards.
  public mutating func remainder() -> [UInt8]? {
    defer { partial = [] }
    return partial.isEmpty ? nil : partial
  }

  private mutating func take(_ bytes: Slice<UnsafeRawBufferPointer>) throws(LineTooLong) {
    if isDropping { return }
    let room = maximumLength - partial.count
    if bytes.count <= room {
      partial.append(contentsOf: bytes)
      return
    }
    switch overflow {
    case .fail:
      partial = []
      throw LineTooLong(maximumLength: maximumLength)
    case .truncate:
      partial.append(contentsOf: bytes.prefix(room))
      isDropping = true
    }
  }
}

public struct LineTooLong: Error, Sendable, Equatable {
  public let maximumLength: Int
}

extension Slice<UnsafeRawBufferPointer> {
  /// Absent for an empty slice.
  fileprivate var baseAddressOfSlice: UnsafeRawPointer? {
    isEmpty ? nil : UnsafeRawBufferPointer(rebasing: self).baseAddress
  }
}

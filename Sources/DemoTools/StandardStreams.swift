import Glibc
import JSONRPC
import NIOPosix
import Synchronization

/// Lines in and lines out over two file descriptors of any kind (pipe, file, terminal), without blocking a task's thread.
final class StandardStreams: Sendable {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Bytes of one message.
  static let maximumLine = LineChannel.maximumLine

  private let input: Int32
  private let output: Int32
  private let threads: NIOThreadPool
  private let reading = Mutex((splitter: LineSplitter(maximumLength: maximumLine), lines: [[UInt8]](), next: 0))
  private let writing: Writer
  private let wake: Bell

  /// - Parameters:
  ///   - input: a file descriptor that stays open and its owner's
  ///   - output: another such
  ///   - threads: two at least, for reading and writing
  init(input: Int32, output: Int32, threads: NIOThreadPool) throws {
    self.wake = try Bell()
    self.input = input
    self.output = output
    self.threads = threads
    self.writing = Writer(output: output, threads: threads)
  }

  /// Absent at the end of the input, of which a last line without a line feed is part. For one task at a time.
  func nextLine() async throws -> [UInt8]? {
    while true {
      let line = reading.withLock { reading -> [UInt8]? in
        guard reading.next < reading.lines.count else { return nil }
        defer { reading.next += 1 }
        return reading.lines[reading.next]
      }
      if let line { return line }
      let chunk = try await readChunk()
      if chunk.isEmpty { return reading.withLock { $0.splitter.remainder() } }
      try reading.withLock { reading in
        reading.lines = try reading.splitter.lines(in: chunk)
        reading.next = 0
      }
    }
  }

  /// Writes all of it; lines of several tasks don't mix.
  func write(_ line: [UInt8]) async throws { try await writing.write(line) }

  /// Empty at the end. A cancelled task gets an error at once, whatever the peer does.
  private func readChunk() async throws -> [UInt8] {
    let read = Task { [input, threads, wake] in
      try await threads.runIfActive { try Self.read(from: input, until: wake.reading) }
    }
    return try await withTaskCancellationHandler {
      try await read.value
    } onCancel: {
      wake.ring()
    }
  }

  private static func read(from input: Int32, until wake: Int32) throws -> [UInt8] {
    var polled = [
      pollfd(fd: input, events: Int16(POLLIN), revents: 0), pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      if poll(&polled, 2, -1) < 0 {
        if errno == EINTR { continue }
        throw Failure(description: "waiting for input failed: error \(errno)")
      }
      if polled[1].revents != 0 { throw CancellationError() }
      var chunk = [UInt8](repeating: 0, count: 65_536)
      let count = Glibc.read(input, &chunk, chunk.count)
      if count < 0 {
        if errno == EINTR || errno == EAGAIN { continue }
        throw Failure(description: "reading failed: error \(errno)")
      }
      chunk.removeLast(chunk.count - count)
      return chunk
    }
  }
}

/// One line after the other, each whole.
private actor Writer {
  private let output: Int32
  private let threads: NIOThreadPool
  private var last: Task<Void, any Error>?

  init(output: Int32, threads: NIOThreadPool) {
    self.output = output
    self.threads = threads
  }

  func write(_ line: [UInt8]) async throws {
    let previous = last
    let output = output
    let threads = threads
    let write = Task {
      _ = await previous?.result
      try await threads.runIfActive { try Self.writeAll(line, to: output) }
    }
    last = write
    try await write.value
  }

  private static func writeAll(_ bytes: [UInt8], to output: Int32) throws {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(output, $0.baseAddress?.advanced(by: written), bytes.count - written)
      }
      if count >= 0 {
        written += count
      } else if errno == EAGAIN {
        var polled = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
        poll(&polled, 1, -1)
      } else if errno != EINTR {
        throw StandardStreams.Failure(description: "writing failed: error \(errno)")
      }
    }
  }
}

import CallExecution
import Glibc
import JSONRPC
import NIOCore
import Synchronization
import Testing

private final class Seen<Value: Sendable>: Sendable {
  private let value: Mutex<Value>
  init(_ value: Value) { self.value = Mutex(value) }
  func update(_ change: @Sendable (inout Value) -> Void) { value.withLock { change(&$0) } }
  var now: Value { value.withLock { $0 } }
}

@Suite struct CallExecutorTests {
  private static func thread() -> UInt { UInt(pthread_self()) }

  /// A pipe whose other end a channel reads; `take` is called on the thread that reads.
  private static func withChannel(
    take: @escaping @Sendable (LineChannel) -> Void, _ body: (Int32) async throws -> Void
  ) async throws {
    var ends: [Int32] = [-1, -1]
    var unused: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0 && pipe(&unused) == 0)
    let channel = try LineChannel(input: ends[0], output: unused[1], ownsDescriptors: true)
    try await confirmation { ended in
      let (news, announce) = AsyncStream.makeStream(of: Void.self)
      channel.read {
        _ in
        take(channel)
        return true
      } ended: {
        announce.finish()
      }
      try await body(ends[1])
      close(ends[1])
      for await _ in news {}
      ended()
    }
    channel.closeWriting()
    close(unused[0])
  }

  @Test(.timeLimit(.minutes(1))) func tasksRunOnTheThreadThatReads() async throws {
    let seen = Seen<[UInt]>([])
    let (news, announce) = AsyncStream.makeStream(of: Void.self)
    try await Self.withChannel { _ in
      seen.update { $0.append(Self.thread()) }
      Task(executorPreference: CallExecutor.shared) {
        seen.update { $0.append(Self.thread()) }
        await Task.yield()
        seen.update { $0.append(Self.thread()) }
        announce.yield()
      }
    } _: { end in
      #expect(write(end, "x", 1) == 1)
      for await _ in news { break }
    }
    let threads = seen.now
    #expect(threads.count == 3)
    #expect(Set(threads).count == 1)
  }

  /// What comes in large, and what the thread has no time for, is done elsewhere, and is done.
  @Test(.timeLimit(.minutes(1))) func theRestRunsElsewhere() async throws {
    let seen = Seen<(reading: UInt, others: [UInt])>((0, []))
    let (news, announce) = AsyncStream.makeStream(of: Void.self)
    try await Self.withChannel { _ in
      seen.update { $0.reading = Self.thread() }
      for number in 0..<100 {
        if number == 50 { LineChannel.leaveTheRest() }
        Task(executorPreference: CallExecutor.shared) {
          seen.update { $0.others.append(Self.thread()) }
          announce.yield()
        }
      }
    } _: { end in
      #expect(write(end, "x", 1) == 1)
      var count = 0
      for await _ in news {
        count += 1
        if count == 100 { break }
      }
    }
    let (reading, others) = seen.now
    #expect(others.count == 100)
    #expect(others.count { $0 == reading } <= 4)
  }

  @Test(.timeLimit(.minutes(1))) func tasksStayOnTheirEventLoop() async throws {
    let loop = try #require(EventLoops.all.first)
    let isOnLoop = try await loop.submit {
      Task(executorPreference: CallExecutor.shared) {
        let before = loop.inEventLoop
        await Task.yield()
        return before && loop.inEventLoop
      }
    }.get().value
    #expect(isOnLoop)
  }

  @Test(.timeLimit(.minutes(1))) func nextIsAfterTheStepAndBeforeWhatFollows() async throws {
    let loop = try #require(EventLoops.all.first)
    let steps = Seen<[String]>([])
    try await loop.submit {
      CallExecutor.next { steps.update { $0.append("next") } }
      loop.execute { steps.update { $0.append("what follows") } }
      steps.update { $0.append("now") }
    }.get()
    try await loop.submit {}.get()
    #expect(steps.now == ["now", "next", "what follows"])
  }

  @Test(.timeLimit(.minutes(1))) func laterIsAfterwards() async throws {
    let steps = Seen<[String]>([])
    let (news, announce) = AsyncStream.makeStream(of: Void.self)
    try await Self.withChannel { _ in
      CallExecutor.later {
        steps.update { $0.append("later") }
        announce.yield()
      }
      steps.update { $0.append("now") }
    } _: { end in
      #expect(write(end, "x", 1) == 1)
      for await _ in news { break }
    }
    #expect(steps.now == ["now", "later"])
  }
}

import Dispatch
import Glibc
import Synchronization
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(1))) struct BlockingQueueTests {
  @Test(arguments: [false, true]) func workIsDoneInOrderOnOneThreadAtATime(isReserved: Bool) async {
    let queue = BlockingQueue(label: "test", isReserved: isReserved)
    let seen = Numbers()
    for number in 0..<1_000 { queue.start { seen.add(number) } }
    await queue.run {}
    #expect(seen.all == Array(0..<1_000))
  }

  @Test(arguments: [false, true]) func timedWorkWaitsAndHoldsUpNobody(isReserved: Bool) async throws {
    let queue = BlockingQueue(label: "test", isReserved: isReserved)
    let seen = Numbers()
    let began = ContinuousClock.now
    queue.start(after: .milliseconds(60)) { seen.add(3) }
    queue.start(after: .milliseconds(30)) { seen.add(2) }
    await queue.run { seen.add(1) }
    while seen.all.count < 3 { try await Task.sleep(for: .milliseconds(5)) }
    #expect(seen.all == [1, 2, 3])
    #expect(ContinuousClock.now - began >= .milliseconds(60))
  }

  @Test(arguments: [false, true]) func errorsComeBack(isReserved: Bool) async {
    struct Failure: Error {}
    let queue = BlockingQueue(label: "test", isReserved: isReserved)
    await #expect(throws: Failure.self) { try await queue.run { throw Failure() } }
  }

  @Test func aReservedThreadDoesWhatItWasGivenAndEnds() async throws {
    let seen = Numbers()
    let before = Self.threads
    do {
      let queues = (0..<20).map { _ in BlockingQueue(label: "test", isReserved: true) }
      #expect(Self.threads >= before)
      for (number, queue) in queues.enumerated() {
        queue.start { seen.add(number) }
        queue.start(after: .milliseconds(20)) { seen.add(number) }
      }
    }
    while seen.all.count < 40 { try await Task.sleep(for: .milliseconds(5)) }
    // Other tests start and end threads meanwhile.
    for _ in 0..<400 where Self.threads >= before + 15 { try await Task.sleep(for: .milliseconds(5)) }
    #expect(Self.threads < before + 15)
  }

  private static var threads: Int {
    guard let folder = opendir("/proc/self/task") else { return 0 }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    return count
  }
}

private final class Numbers: Sendable {
  private let numbers = Mutex<[Int]>([])

  var all: [Int] { numbers.withLock { $0 } }

  func add(_ number: Int) { numbers.withLock { $0.append(number) } }
}

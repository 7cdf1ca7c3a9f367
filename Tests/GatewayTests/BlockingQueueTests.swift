import Dispatch
import Synchronization
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(1))) struct BlockingQueueTests {
  @Test func workIsDoneInOrderOnOneThreadAtATime() async {
    let queue = BlockingQueue(label: "test")
    let seen = Numbers()
    for number in 0..<1_000 { queue.start { seen.add(number) } }
    await queue.run {}
    #expect(seen.all == Array(0..<1_000))
  }

  @Test func timedWorkWaitsAndHoldsUpNobody() async throws {
    let queue = BlockingQueue(label: "test")
    let seen = Numbers()
    let began = ContinuousClock.now
    queue.start(after: .milliseconds(60)) { seen.add(3) }
    queue.start(after: .milliseconds(30)) { seen.add(2) }
    await queue.run { seen.add(1) }
    while seen.all.count < 3 { try await Task.sleep(for: .milliseconds(5)) }
    #expect(seen.all == [1, 2, 3])
    #expect(ContinuousClock.now - began >= .milliseconds(60))
  }

  @Test func errorsComeBack() async {
    struct Failure: Error {}
    let queue = BlockingQueue(label: "test")
    await #expect(throws: Failure.self) { try await queue.run { throw Failure() } }
  }

  @Test func whatItWasGivenIsDoneThoughTheQueueIsGone() async throws {
    let seen = Numbers()
    do {
      let queues = (0..<20).map { _ in BlockingQueue(label: "test") }
      for (number, queue) in queues.enumerated() {
        queue.start { seen.add(number) }
        queue.start(after: .milliseconds(20)) { seen.add(number) }
      }
    }
    while seen.all.count < 40 { try await Task.sleep(for: .milliseconds(5)) }
  }
}

private final class Numbers: Sendable {
  private let numbers = Mutex<[Int]>([])

  var all: [Int] { numbers.withLock { $0 } }

  func add(_ number: Int) { numbers.withLock { $0.append(number) } }
}

import Testing

@testable import Gateway

struct EventFeedTests {
  private func ids(_ events: [TraceEvent]) -> [String] { events.map(\.eventID) }

  @Test func remembersTheLatest() throws {
    let feed = EventFeed()
    let all = (0..<EventFeed.capacity + 5).map { TraceEvent.call("e\($0)", at: Int64($0)) }
    for event in all { feed.publish(event) }
    #expect(try ids(#require(feed.watch(recent: 3)).latest) == ids(all.suffix(3)))
    #expect(try ids(#require(feed.watch(recent: 10_000)).latest) == ids(all.suffix(EventFeed.capacity)))
    #expect(try #require(feed.watch(recent: 0)).latest.isEmpty)
  }

  @Test func passesOnWhatComesAndMissesNothingInBetween() async throws {
    let feed = EventFeed()
    feed.publish(.call("before", at: 1))
    let watch = try #require(feed.watch(recent: 10))
    feed.publish(.call("after", at: 2))
    feed.finish()
    var came: [String] = []
    for await event in watch.stream { came.append(event.eventID) }
    #expect(ids(watch.latest) == ["before"] && came == ["after"])
    #expect(feed.watch(recent: 1) == nil)
  }

  @Test func whoHasWatchedLongestMakesRoom() async throws {
    let feed = EventFeed()
    let watches = try (0..<EventFeed.watcherLimit).map { _ in try #require(feed.watch(recent: 0)) }
    let last = try #require(feed.watch(recent: 0))
    // Ended, while the others go on.
    for await _ in watches[0].stream {}
    feed.publish(.call("e", at: 1))
    feed.finish()
    for watch in watches.dropFirst() + [last] {
      var came: [String] = []
      for await event in watch.stream { came.append(event.eventID) }
      #expect(came == ["e"])
    }
  }

  @Test func aSlowWatcherMissesTheOldest() async throws {
    let feed = EventFeed()
    let watch = try #require(feed.watch(recent: 0))
    for number in 0..<3_000 { feed.publish(.call("e\(number)", at: Int64(number))) }
    feed.finish()
    var came: [String] = []
    for await event in watch.stream { came.append(event.eventID) }
    #expect(came.last == "e2999" && came.count < 3_000)
  }
}

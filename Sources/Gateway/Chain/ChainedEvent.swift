import StrictJSON

/// An event in its place in the store's chain.
///
/// A store's events are numbered from 1 on in the order in which they were written, and so are a session's among
/// themselves. `hash` is SHA-256 over the RFC 8785 canonical form of all that `EventContent` lists: every field of the
/// event, its numbers, and the hash of the event before it.
@dynamicMemberLookup
public struct ChainedEvent: Sendable, Equatable {
  public var event: TraceEvent
  public var link: ChainLink

  public init(event: TraceEvent, link: ChainLink) {
    self.event = event
    self.link = link
  }

  public subscript<Value>(dynamicMember member: KeyPath<TraceEvent, Value>) -> Value { event[keyPath: member] }
}

/// An event's place in the chain.
public struct ChainLink: Sendable, Equatable {
  /// From 1 on, without a gap.
  public var sequence: Int64
  /// Among the events of its session, from 1 on without a gap; absent for what concerns no session.
  public var sessionSequence: Int64?
  /// When it was written: microseconds since 1970-01-01T00:00:00Z.
  public var recordedAt: Int64
  /// Of the event before it; 32 zero bytes for the first.
  public var previousHash: EventHash
  public var hash: EventHash

  /// The link for an event that comes next.
  init(_ event: TraceEvent, sequence: Int64, sessionSequence: Int64?, recordedAt: Int64, after previousHash: EventHash)
  {
    self.sequence = sequence
    self.sessionSequence = sessionSequence
    self.recordedAt = recordedAt
    self.previousHash = previousHash
    hash = .zero
    hash = EventContent.hash(ChainedEvent(event: event, link: self))
  }

  /// A link as it was kept.
  init(
    sequence: Int64, sessionSequence: Int64?, recordedAt: Int64, previousHash: EventHash, hash: EventHash
  ) {
    self.sequence = sequence
    self.sessionSequence = sessionSequence
    self.recordedAt = recordedAt
    self.previousHash = previousHash
    self.hash = hash
  }
}

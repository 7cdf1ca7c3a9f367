/// Something that isn't as it was when the evidence was made.
public struct EvidenceFinding: Sendable, Equatable, CustomStringConvertible {
  /// A JSON path in a pack, or a row of a trace store: `$.timeline[3]`, `traces.seq 7`.
  public var place: String
  public var problem: String

  public init(_ place: String, _ problem: String) {
    self.place = place
    self.problem = problem
  }

  public var description: String { "\(place): \(problem)" }
}

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

/// Findings, the first hundred of them and how many more: of a file that is all wrong, a million would say no more.
struct EvidenceFindings: Sendable {
  private static let limit = 100
  private var first: [EvidenceFinding] = []
  private var more = 0

  mutating func add(_ place: String, _ problem: String) { add(EvidenceFinding(place, problem)) }

  mutating func add(_ finding: EvidenceFinding) {
    if first.count < Self.limit { first.append(finding) } else { more += 1 }
  }

  func contains(_ place: String) -> Bool { first.contains { $0.place == place } }

  /// - Parameter place: what the rest is about
  func all(_ place: String) -> [EvidenceFinding] {
    more == 0 ? first : first + [EvidenceFinding(place, "\(more) more findings")]
  }
}

/// Lines of policies that evaluations have reached.
public struct Coverage: Sendable {
  private(set) var rows: [String: Set<Int>] = [:]

  public init() {}

  /// A query's lines are nobody's.
  mutating func insert(_ location: Location) {
    if !location.file.isEmpty { rows[location.file, default: []].insert(location.row) }
  }

  public mutating func formUnion(_ other: Coverage) { rows.merge(other.rows) { $0.union($1) } }
}

/// Which lines of each file were reached, counted as OPA counts: a line counts when a rule's head or an expression
/// begins on it. A head is covered once its rule has succeeded, an expression once it was evaluated, also when it had no
/// result; one covered thing covers its line. Declarations (`some x`), the further lines of what spans several, and
/// blank lines don't count.
public struct CoverageReport: Sendable {
  public struct File: Sendable {
    public let name: String
    public let covered: [ClosedRange<Int>]
    public let notCovered: [ClosedRange<Int>]
    public var coveredLines: Int { covered.reduce(0) { $0 + $1.count } }
    public var notCoveredLines: Int { notCovered.reduce(0) { $0 + $1.count } }
  }

  /// By name.
  public let files: [File]

  init(_ coverage: Coverage, of tree: RuleTree) {
    var countable: [String: Set<Int>] = [:]
    func count(_ location: Location) {
      if !location.file.isEmpty { countable[location.file, default: []].insert(location.row) }
    }
    for group in tree.groups {
      for definition in group.definitions + group.defaults {
        count(definition.rule.head.location)
        for branch in definition.rule.elseBranches { count(branch.location) }
        definition.rule.forEachExpression { expression in
          if case .someDeclaration = expression.kind { return }
          count(expression.location)
        }
      }
    }
    files = Set(countable.keys).union(coverage.rows.keys).sorted().map { name in
      let covered = coverage.rows[name] ?? []
      return File(
        name: name, covered: Self.ranges(covered),
        notCovered: Self.ranges((countable[name] ?? []).subtracting(covered)))
    }
  }

  private static func ranges(_ rows: Set<Int>) -> [ClosedRange<Int>] {
    var ranges: [ClosedRange<Int>] = []
    for row in rows.sorted() {
      if let last = ranges.last, last.upperBound + 1 == row {
        ranges[ranges.count - 1] = last.lowerBound...row
      } else {
        ranges.append(row...row)
      }
    }
    return ranges
  }

  public var coveredLines: Int { files.reduce(0) { $0 + $1.coveredLines } }
  public var notCoveredLines: Int { files.reduce(0) { $0 + $1.notCoveredLines } }

  /// In hundredths of a percent, rounded down: only full coverage is 10,000. Nothing to cover is not covered.
  public var hundredths: Int { Self.hundredths(coveredLines, notCoveredLines) }

  /// `83.33`
  public var percentage: String { Self.decimal(hundredths) }

  private static func hundredths(_ covered: Int, _ notCovered: Int) -> Int {
    covered + notCovered == 0 ? 0 : covered * 10_000 / (covered + notCovered)
  }

  private static func decimal(_ hundredths: Int) -> String {
    let (whole, rest) = hundredths.quotientAndRemainder(dividingBy: 100)
    if rest == 0 { return "\(whole)" }
    return rest % 10 == 0 ? "\(whole).\(rest / 10)" : "\(whole).\(rest < 10 ? "0" : "")\(rest)"
  }

  /// OPA's: `{"files": {"f.rego": {"covered": [{"start": {"row"}, "end": {"row"}}], "not_covered", "covered_lines",
  /// "not_covered_lines", "coverage"}}, "covered_lines", "not_covered_lines", "coverage"}`, without what is empty or 0.
  public var value: Value {
    func ranges(_ ranges: [ClosedRange<Int>]) -> Value {
      .array(
        ranges.map {
          .object([
            "start": .object(["row": .int($0.lowerBound)]), "end": .object(["row": .int($0.upperBound)]),
          ])
        })
    }
    func counts(_ covered: Int, _ notCovered: Int) -> [(Value, Value)] {
      var members: [(Value, Value)] = []
      if covered > 0 { members.append(("covered_lines", .int(covered))) }
      if notCovered > 0 { members.append(("not_covered_lines", .int(notCovered))) }
      let share = Self.hundredths(covered, notCovered)
      if share > 0, let number = Number(literal: Self.decimal(share)) { members.append(("coverage", .number(number))) }
      return members
    }
    let files = files.map { file in
      var members = counts(file.coveredLines, file.notCoveredLines)
      if !file.covered.isEmpty { members.append(("covered", ranges(file.covered))) }
      if !file.notCovered.isEmpty { members.append(("not_covered", ranges(file.notCovered))) }
      return (Value.string(Text(file.name)), Value.object(ObjectValue(members)))
    }
    return .object(
      ObjectValue([("files", .object(ObjectValue(files)))] + counts(coveredLines, notCoveredLines)))
  }
}

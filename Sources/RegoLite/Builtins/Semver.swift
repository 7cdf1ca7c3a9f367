extension Builtins {
  enum Semver {
    static let rows: [Builtin] = [
      Builtin("semver.is_valid", [.anything], .boolean) { arguments, context throws(BuiltinError) in
        guard case .string(let text) = arguments.operand(1) else { return false }
        try context.charge(bytes: text.utf8.count)
        return .boolean(SemanticVersion(text) != nil)
      },
      Builtin("semver.compare", [.string, .string], .number) { arguments, context throws(BuiltinError) in
        let (first, second) = (try arguments.text(1), try arguments.text(2))
        try context.charge(bytes: first.utf8.count + second.utf8.count)
        guard let a = SemanticVersion(first) else { throw invalid(first, 1) }
        guard let b = SemanticVersion(second) else { throw invalid(second, 2) }
        return .int(a.compare(to: b).rawValue)
      },
    ]

    private static func invalid(_ text: Text, _ position: Int) -> BuiltinError {
      .failure("operand \(position): string \(GoQuote.string(text.string)) is not a valid SemVer")
    }
  }
}

/// A version by semver.org, read as leniently as OPA does: a `v` before it, leading zeros, and an empty pre-release or
/// build are allowed.
struct SemanticVersion {
  private let numbers: [Int64]
  private let preRelease: [ArraySlice<UInt8>]

  init?(_ text: Text) {
    var core = Array(text.utf8)[...]
    if core.first == UInt8(ascii: "v") { core.removeFirst() }
    let build = Self.cut(&core, at: UInt8(ascii: "+"))
    let preRelease = Self.cut(&core, at: UInt8(ascii: "-"))
    let numbers = core.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Self.number)
    guard numbers.count == 3, let build = Self.identifiers(build), let preRelease = Self.identifiers(preRelease) else {
      return nil
    }
    self.numbers = numbers.compactMap { $0 }
    self.preRelease = preRelease
    if self.numbers.count != 3 || build.contains(where: \.isEmpty) { return nil }
  }

  /// By the numbers; then a pre-release comes before none, and is compared identifier by identifier: numbers by value
  /// and before words, words by their bytes, fewer before more. The build counts for nothing.
  func compare(to other: SemanticVersion) -> Order {
    for (a, b) in zip(numbers, other.numbers) where a != b { return a < b ? .ascending : .descending }
    if preRelease.isEmpty || other.preRelease.isEmpty {
      return preRelease.isEmpty == other.preRelease.isEmpty ? .same : preRelease.isEmpty ? .descending : .ascending
    }
    for (a, b) in zip(preRelease, other.preRelease) {
      let order = Self.compare(a, b)
      if order != .same { return order }
    }
    let (count, otherCount) = (preRelease.count, other.preRelease.count)
    return count == otherCount ? .same : count < otherCount ? .ascending : .descending
  }

  private static func compare(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Order {
    let areNumbers = (a.allSatisfy(isDigit), b.allSatisfy(isDigit))
    if areNumbers.0 != areNumbers.1 { return areNumbers.0 ? .ascending : .descending }
    var (x, y) = (a, b)
    if areNumbers.0 {
      x = x.drop { $0 == UInt8(ascii: "0") }
      y = y.drop { $0 == UInt8(ascii: "0") }
      if x.count != y.count { return x.count < y.count ? .ascending : .descending }
    }
    return x.elementsEqual(y) ? .same : x.lexicographicallyPrecedes(y) ? .ascending : .descending
  }

  /// Takes what follows the mark off the text; absent without one.
  private static func cut(_ text: inout ArraySlice<UInt8>, at mark: UInt8) -> ArraySlice<UInt8>? {
    guard let index = text.firstIndex(of: mark) else { return nil }
    defer { text = text[..<index] }
    return text[(index + 1)...]
  }

  private static func number(_ text: ArraySlice<UInt8>) -> Int64? {
    guard !text.isEmpty, text.allSatisfy(isDigit) else { return nil }
    return Int64(String(decoding: text, as: UTF8.self))
  }

  /// Letters, digits and hyphens between dots; none for nothing at all; absent for anything else.
  private static func identifiers(_ text: ArraySlice<UInt8>?) -> [ArraySlice<UInt8>]? {
    guard let text, !text.isEmpty else { return [] }
    let identifiers = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let areValid = identifiers.allSatisfy { identifier in
      !identifier.isEmpty
        && identifier.allSatisfy { byte in
          isDigit(byte) || byte == UInt8(ascii: "-") || (UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20)
        }
    }
    return areValid ? identifiers : nil
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39) ~= byte }
}

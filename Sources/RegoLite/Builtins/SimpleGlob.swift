/// A pattern of `regex.globs_match`: characters, `.` and sets such as `[a-z]`, each of which may have `+` or `*`.
struct SimpleGlob {
  private enum Repetition { case once, plus, star }

  private struct Token {
    /// Ascending, none touching another; absent for any character.
    var ranges: [ClosedRange<UInt32>]?
    var repetition = Repetition.once

    func meets(_ other: Token) -> Bool {
      guard let ranges, let others = other.ranges else { return true }
      var (i, j) = (0, 0)
      while i < ranges.count, j < others.count {
        if ranges[i].overlaps(others[j]) { return true }
        if ranges[i].upperBound < others[j].upperBound { i += 1 } else { j += 1 }
      }
      return false
    }
  }

  private var tokens: [Token] = []

  init(_ text: String) throws(BuiltinError) {
    var reader = Reader(text)
    while let character = try reader.next() {
      switch (character.scalar, character.isEscaped) {
      case (".", false): tokens.append(Token(ranges: nil))
      case ("[", false): tokens.append(Token(ranges: try Self.set(&reader)))
      case ("]", false): throw reader.fault("set-close ']' with no preceding '['")
      case ("+", false), ("*", false):
        guard let last = tokens.indices.last, tokens[last].repetition == .once else {
          throw reader.fault("flag '\(character.scalar)' must be preceded by a non-flag")
        }
        tokens[last].repetition = character.scalar == "+" ? .plus : .star
      case (let scalar, _): tokens.append(Token(ranges: [scalar.value...scalar.value]))
      }
    }
    tokens = Self.simplified(tokens)
  }

  /// `a*a+` is `a+`; `a+a+` is, too, for OPA's library.
  private static func simplified(_ tokens: [Token]) -> [Token] {
    var result: [Token] = []
    for token in tokens {
      if let last = result.last, last.ranges == token.ranges, last.repetition != .once, token.repetition != .once {
        if token.repetition == .plus { result[result.count - 1].repetition = .plus }
      } else {
        result.append(token)
      }
    }
    return result
  }

  /// Whether some string is matched by both, as OPA's library answers it.
  ///
  /// It isn't quite the intersection: inside a repeated token of the one, the repetitions of the other don't count, so
  /// that `c+` and `a*c` have nothing in common. A policy must get the same answer here.
  func intersects(_ other: SimpleGlob, _ context: inout BuiltinContext) throws(BuiltinError) -> Bool {
    guard let (a, b) = Self.trimmed(tokens[...], other.tokens[...]) else { return false }
    // What the parts from a[i] and b[j] on have in common, by the last token backwards: `both` from any state, `inA`
    // and `inB` within the repetition of a[i] or b[j].
    let rowCost = b.reduce(b.count) { $0 + ($1.ranges?.count ?? 0) >> 3 }
    var (nextBoth, nextInB) = (
      [Bool](repeating: false, count: b.count + 1), [Bool](repeating: true, count: b.count + 1)
    )
    nextBoth[b.count] = true
    for j in b.indices { nextInB[j] = j == b.count - 1 }
    for i in a.indices.reversed() {
      try context.charge(1 + rowCost + b.count * ((a[i].ranges?.count ?? 0) >> 3))
      var both = [Bool](repeating: false, count: b.count + 1)
      var inA = [Bool](repeating: false, count: b.count + 1)
      var inB = [Bool](repeating: false, count: b.count + 1)
      inA[b.count] = i == a.count - 1
      for j in b.indices.reversed() {
        let meets = a[i].meets(b[j])
        inA[j] = (i + 1 < a.count && a[i + 1].meets(b[j]) && nextBoth[j]) || (meets && inA[j + 1])
        inB[j] = (j + 1 < b.count && b[j + 1].meets(a[i]) && both[j + 1]) || (meets && nextInB[j])
        let fromA = a[i].repetition == .plus ? meets && inA[j + 1] : inA[j]
        let fromB = b[j].repetition == .plus ? meets && nextInB[j] : inB[j]
        both[j] =
          switch (a[i].repetition == .once, b[j].repetition == .once) {
          case (true, true): meets && nextBoth[j + 1]
          case (false, true): fromA
          case (true, false): fromB
          case (false, false): fromA || meets && fromB
          }
      }
      (nextBoth, nextInB) = (both, inB)
    }
    return nextBoth[0]
  }

  /// Without what both start and end with before any repetition, but for one token on each side; absent when the two
  /// differ there.
  private static func trimmed(_ a: ArraySlice<Token>, _ b: ArraySlice<Token>) -> ([Token], [Token])? {
    var (a, b) = (a, b)
    var (lastA, lastB): (Token?, Token?)
    while let x = a.first, let y = b.first, x.repetition == .once, y.repetition == .once {
      guard x.meets(y) else { return nil }
      (lastA, lastB) = (a.removeFirst(), b.removeFirst())
    }
    if let lastA, let lastB { (a, b) = ([lastA] + a, [lastB] + b) }
    (lastA, lastB) = (nil, nil)
    while let x = a.last, let y = b.last, x.repetition == .once, y.repetition == .once {
      guard x.meets(y) else { return nil }
      (lastA, lastB) = (a.removeLast(), b.removeLast())
    }
    if let lastA, let lastB { (a, b) = (a + [lastA], b + [lastB]) }
    return (Array(a), Array(b))
  }

  private static func set(_ reader: inout Reader) throws(BuiltinError) -> [ClosedRange<UInt32>] {
    var ranges: [ClosedRange<UInt32>] = []
    // The character that a `-` may make the start of a range.
    var last: Unicode.Scalar?
    while let character = try reader.next() {
      switch (character.scalar, character.isEscaped) {
      case ("]", false): return joined(ranges)
      case ("-", false):
        guard let low = last else { throw reader.fault("range character '-' must be preceded by a Unicode character") }
        let position = reader.position
        guard let high = try reader.next(), high.scalar != "]" || high.isEscaped else {
          throw reader.fault("range character '-' must be followed by a Unicode character", at: position)
        }
        if high.scalar == "-", !high.isEscaped {
          throw reader.fault("range character '-' cannot be followed by a special symbol")
        }
        guard low.value <= high.scalar.value else {
          throw reader.fault("range is out of order: '\(high.scalar)' comes before '\(low)' in Unicode")
        }
        ranges[ranges.count - 1] = low.value...high.scalar.value
        last = nil
      case (let scalar, _):
        ranges.append(scalar.value...scalar.value)
        last = scalar
      }
    }
    throw reader.fault("found [ without matching ]")
  }

  private static func joined(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
    var result: [ClosedRange<UInt32>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = result.last, last.upperBound >= range.lowerBound {
        result[result.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
    }
    return result
  }

  private struct Reader {
    let text: String
    private let scalars: [Unicode.Scalar]
    /// How many characters have been read.
    private(set) var position = 0

    init(_ text: String) {
      self.text = text
      scalars = Array(text.unicodeScalars)
    }

    mutating func next() throws(BuiltinError) -> (scalar: Unicode.Scalar, isEscaped: Bool)? {
      guard position < scalars.count else { return nil }
      let isEscaped = scalars[position] == "\\"
      if isEscaped {
        guard position + 1 < scalars.count else { throw fault("input ends with a \\ (escape) character") }
        position += 1
      }
      defer { position += 1 }
      return (scalars[position], isEscaped)
    }

    func fault(_ message: String, at position: Int? = nil) -> BuiltinError {
      .failure("input:\(text), pos:\(position ?? self.position), \(message): the input provided is invalid")
    }
  }
}

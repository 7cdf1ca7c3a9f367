import CRE2
import RE2

/// A compiled pattern; searches take time linear in the text.
///
/// INVARIANT: immutable after `init`, and RE2 lets several threads search with one pattern.
final class RegularExpression: @unchecked Sendable {
  private let pattern: RE2Pattern
  /// The names of the groups, the whole match's first; empty for one without a name.
  let groupNames: [[UInt8]]
  /// The instructions of the compiled program.
  let programSize: Int
  /// RE2 finds `\B` between the bytes of a character, too, where Go doesn't look.
  private let mayCutCharacters: Bool

  /// What one pattern and its caches may take, in bytes: a pattern that needs more is refused.
  private static let memoryLimit: Int64 = 8 << 20

  private init(_ pattern: RE2Pattern, source: [UInt8], groupNames: [[UInt8]]) {
    self.pattern = pattern
    self.groupNames = groupNames
    mayCutCharacters = zip(source, source.dropFirst()).contains { $0 == (UInt8(ascii: "\\"), UInt8(ascii: "B")) }
    programSize = pattern.programSize
  }

  /// The pattern as Go's `regexp` reads it. Fails with Go's text.
  convenience init(go text: Text) throws(BuiltinError) {
    let translation = GoPattern(text)
    try self.init(re2: translation.re2, groupNames: translation.groupNames) { status, argument in
      "error parsing regexp: \(status.goText): `\(translation.original(of: argument))`"
    }
  }

  /// A pattern in RE2's own syntax.
  convenience init(
    re2 bytes: [UInt8], groupNames: [[UInt8]] = [],
    onError message: (cre2_status, [UInt8]) -> String = { status, _ in "pattern: \(status.goText)" }
  ) throws(BuiltinError) {
    let pattern: RE2Pattern
    do throws(RE2Pattern.Failure) {
      pattern = try RE2Pattern(bytes, memoryLimit: Self.memoryLimit)
    } catch {
      switch error {
      case .outOfMemory: throw .outOfMemory
      case .refused(let status, let part): throw .failure(message(status, part))
      }
    }
    self.init(pattern, source: bytes, groupNames: groupNames)
  }

  var groupCount: Int { pattern.groupCount }

  /// A pattern that is only asked whether it matches, for as long as the expression lives; nobody counts references to it.
  struct Matcher {
    fileprivate let pattern: OpaquePointer
    private let programSize: Int32

    fileprivate init(_ expression: RegularExpression) {
      pattern = expression.pattern.pointer
      programSize = Int32(clamping: expression.programSize)
    }

    /// In steps, as `RegularExpressionCache.expression` and `matches` charge for it, but for the pattern's own length.
    func cost(_ count: Int) -> Int {
      2 + Int(programSize >> 3) + count >> 5 + (count >> 10) * (1 + Int(programSize >> 6))
    }

    /// Whether it matches somewhere in the text, which is UTF-8; absent when memory is out.
    func matches(_ text: UnsafePointer<UInt8>, _ count: Int) -> Bool? {
      let found = UnsafeRawPointer(text).withMemoryRebound(to: CChar.self, capacity: count) { text in
        cre2_search(pattern, text, count, 0, nil, 0)
      }
      return found < 0 ? nil : found > 0
    }
  }

  /// Absent for a pattern whose matches have to be looked at.
  var matcher: Matcher? { mayCutCharacters ? nil : Matcher(self) }

  /// Whether the pattern matches somewhere in the text.
  func matches(_ text: [UInt8], _ context: inout BuiltinContext) throws(BuiltinError) -> Bool {
    try context.charge(bytes: text.count)
    if mayCutCharacters { return try match(in: text, from: 0, groups: 1, &context) != nil }
    var spans: [cre2_span] = []
    return try search(text, from: 0, &spans, &context)
  }

  /// The spans of the leftmost match that starts at `start` or later, and of its groups; absent without a match.
  ///
  /// What lies before `start` counts for `^` and `\b`. `groups` is how many spans are wanted, the whole match's
  /// included.
  func match(
    in text: [UInt8], from start: Int, groups: Int, _ context: inout BuiltinContext
  ) throws(BuiltinError) -> Match? {
    var spans = [cre2_span](repeating: cre2_span(start: -1, end: -1), count: max(groups, 1))
    var start = start
    while try search(text, from: start, &spans, &context) {
      let found = spans[0].start
      if found == text.count || text[found] & 0xC0 != 0x80 { return Match(spans: spans) }
      start = text[found...].firstIndex { $0 & 0xC0 != 0x80 } ?? text.count
    }
    return nil
  }

  /// Searches cost by what they may have to read, which is all of the rest, however soon they find something: else one
  /// call for all matches could take time quadratic in the text. RE2 falls back on an automaton that takes time for
  /// each instruction at each byte when its table outgrows the memory.
  private func search(
    _ text: [UInt8], from start: Int, _ spans: inout [cre2_span], _ context: inout BuiltinContext
  ) throws(BuiltinError) -> Bool {
    try context.charge(1 + ((text.count - start) >> 10) * (1 + programSize >> 6))
    let found = text.withUnsafeBytes { text in
      spans.withUnsafeMutableBufferPointer { pattern.search(text, from: start, spans: $0) }
    }
    guard let found else { throw .outOfMemory }
    return found
  }
}

/// Where a pattern matched, in bytes.
struct Match {
  fileprivate let spans: [cre2_span]

  var start: Int { spans[0].start }
  var end: Int { spans[0].end }

  /// Absent for a group that took no part, or that the pattern doesn't have.
  func group(_ index: Int) -> Range<Int>? {
    guard spans.indices.contains(index), spans[index].start >= 0 else { return nil }
    return spans[index].start..<spans[index].end
  }
}

extension BuiltinError {
  fileprivate static var outOfMemory: BuiltinError {
    BuiltinError(code: .halt, message: "regular expression: out of memory")
  }
}

extension cre2_status {
  /// As Go's `regexp/syntax` words it.
  fileprivate var goText: String {
    switch self {
    case CRE2_INVALID_ESCAPE: "invalid escape sequence"
    case CRE2_INVALID_CLASS: "invalid character class"
    case CRE2_INVALID_RANGE: "invalid character class range"
    case CRE2_MISSING_BRACKET: "missing closing ]"
    case CRE2_MISSING_PARENTHESIS: "missing closing )"
    case CRE2_UNEXPECTED_PARENTHESIS: "unexpected )"
    case CRE2_TRAILING_BACKSLASH: "trailing backslash at end of expression"
    case CRE2_MISSING_REPEAT_ARGUMENT: "missing argument to repetition operator"
    case CRE2_INVALID_REPEAT_SIZE: "invalid repeat count"
    case CRE2_INVALID_REPEAT_OPERATOR: "invalid nested repetition operator"
    case CRE2_INVALID_PERL_OPERATOR: "invalid or unsupported Perl syntax"
    case CRE2_INVALID_UTF8: "invalid UTF-8"
    case CRE2_INVALID_NAME: "invalid named capture"
    case CRE2_TOO_LARGE: "expression too large"
    default: "regexp/syntax: internal error"
    }
  }
}

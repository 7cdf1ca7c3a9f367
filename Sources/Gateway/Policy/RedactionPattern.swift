import CRE2
import RE2
import Synchronization

/// A regular expression of RE2's syntax that says which parts of a text are taken out. None of its matches is empty.
final class RedactionPattern: Sendable {
  let source: ExactText
  private let pattern: RE2Pattern

  struct Problem: Error, Equatable {
    /// Lower case: "missing closing ]: `[a`".
    let message: String
  }

  /// What one pattern and the tables of its searches may take, in bytes.
  private static let memoryLimit: Int64 = 8 << 20

  private init(_ source: ExactText) throws(Problem) {
    pattern = try Self.compile(Array(source.text.utf8))
    self.source = source
    if try Self.canMatchNothing(source.text) {
      throw Problem(message: "can match the empty text, which takes nothing out")
    }
  }

  private static func compile(_ bytes: [UInt8], memoryLimit: Int64 = memoryLimit) throws(Problem) -> RE2Pattern {
    do throws(RE2Pattern.Failure) {
      return try RE2Pattern(bytes, memoryLimit: memoryLimit)
    } catch {
      switch error {
      case .outOfMemory: throw Problem(message: "out of memory")
      case .refused(let status, let part):
        let part = String(decoding: part, as: UTF8.self)
        throw Problem(message: part.isEmpty ? status.text : "\(status.text): `\(part)`")
      }
    }
  }

  /// Whether there is a text in which the pattern matches without taking a character: `a*`, but `\b|a`, too.
  ///
  /// An empty match depends on what stands left and right of it only by its kind: a word's character, a line feed,
  /// another one, nothing. So all these are tried, in an expression that leaves nothing to the pattern.
  private static func canMatchNothing(_ source: String) throws(Problem) -> Bool {
    let kinds = ["a", "\n", "-"]
    for (left, before) in [([""], ""), (kinds, "(?s:.)")] {
      for (right, after) in [([""], ""), (kinds, "(?s:.)")] {
        let whole = try compile(wrapping: source, before: "\\A\(before)", after: "\(after)\\z")
        for text in left.flatMap({ left in right.map { left + $0 } }) {
          var text = text
          if text.withUTF8({ whole.search(UnsafeRawBufferPointer($0)) }) != false { return true }
        }
      }
    }
    return false
  }

  private static func compile(
    wrapping source: String, before: String, after: String
  ) throws(Problem) -> RE2Pattern {
    do throws(Problem) {
      return try compile(Array("\(before)(?:\(source))\(after)".utf8), memoryLimit: 2 * memoryLimit)
    } catch let problem {
      // The source may have left a \Q open.
      do throws(Problem) {
        return try compile(Array("\(before)(?:\(source)\\E)\(after)".utf8), memoryLimit: 2 * memoryLimit)
      } catch {
        throw problem
      }
    }
  }

  /// The matches from left to right, whole characters, none empty, no two of them overlapping.
  ///
  /// Everything is one match when the search can't be finished: memory is out, or every match takes a look at all of the
  /// rest of a long text, which adds up to quadratic time.
  func matches(in bytes: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
    var matches: [Range<Int>] = []
    var start = 0
    // What the searches may have read, which is seldom what they do read.
    var work = 0
    var begin: ContinuousClock.Instant?
    while start < bytes.count {
      let span: Range<Int>
      switch pattern.firstMatch(in: UnsafeRawBufferPointer(bytes), from: start) {
      case .outOfMemory: return [0..<bytes.count]
      case .nothing: return matches
      case .match(let range) where range.isEmpty: return matches
      case .match(let range): span = range
      }
      // `\C` matches single bytes.
      var (lower, upper) = (span.lowerBound, span.upperBound)
      while lower > start, bytes[lower] & 0xC0 == 0x80 { lower -= 1 }
      while upper < bytes.count, bytes[upper] & 0xC0 == 0x80 { upper += 1 }
      matches.append(lower..<upper)
      start = upper
      work += bytes.count - start
      if work > Self.unwatchedWork {
        let now = ContinuousClock.now
        if let begin, now - begin > Self.patience { return [0..<bytes.count] }
        begin = begin ?? now
        work = Self.unwatchedWork / 16 * 15
      }
    }
    return matches
  }

  /// In bytes: the clock is looked at only when the searches in one text could have read this much.
  private static let unwatchedWork = 1 << 28
  private static let patience = Duration.seconds(1)

  func matches(_ text: String) -> Bool {
    var copy = text
    return copy.withUTF8 { !matches(in: $0).isEmpty }
  }
}

extension RedactionPattern: Equatable {
  /// By the source.
  static func == (a: RedactionPattern, b: RedactionPattern) -> Bool { a.source == b.source }
}

// Decisions are values made anew for each call, mostly with the patterns of the calls before.
extension RedactionPattern {
  private static let capacity = 64
  private static let largestKey = 4096

  private struct Entry {
    let pattern: RedactionPattern
    var lastUse: UInt64
  }

  private struct Known {
    var entries: [ExactText: Entry] = [:]
    var clock: UInt64 = 0
  }

  private static let known = Mutex(Known())

  /// The pattern, compiled unless it is one of those used last. Fails with what RE2 finds wrong.
  static func compiled(_ source: String) throws(Problem) -> RedactionPattern {
    let key = ExactText(source)
    let found = known.withLock { known -> RedactionPattern? in
      known.clock += 1
      known.entries[key]?.lastUse = known.clock
      return known.entries[key]?.pattern
    }
    if let found { return found }
    let pattern = try RedactionPattern(key)
    guard source.utf8.count <= largestKey else { return pattern }
    known.withLock { known in
      if known.entries.count >= capacity, let oldest = known.entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
        known.entries[oldest.key] = nil
      }
      known.entries[key] = Entry(pattern: pattern, lastUse: known.clock)
    }
    return pattern
  }
}

extension cre2_status {
  fileprivate var text: String {
    switch self {
    case CRE2_INVALID_ESCAPE: "invalid escape sequence"
    case CRE2_INVALID_CLASS: "invalid character class"
    case CRE2_INVALID_RANGE: "invalid character class range"
    case CRE2_MISSING_BRACKET: "missing closing ]"
    case CRE2_MISSING_PARENTHESIS: "missing closing )"
    case CRE2_UNEXPECTED_PARENTHESIS: "unexpected )"
    case CRE2_TRAILING_BACKSLASH: "backslash at the end"
    case CRE2_MISSING_REPEAT_ARGUMENT: "nothing to repeat"
    case CRE2_INVALID_REPEAT_SIZE: "invalid repeat count"
    case CRE2_INVALID_REPEAT_OPERATOR: "invalid nested repetition"
    case CRE2_INVALID_PERL_OPERATOR: "invalid or unsupported group"
    case CRE2_INVALID_UTF8: "invalid UTF-8"
    case CRE2_INVALID_NAME: "invalid name of a group"
    case CRE2_TOO_LARGE: "too large"
    default: "internal error"
    }
  }
}

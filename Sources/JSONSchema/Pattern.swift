import CRE2
import RE2

/// A regular expression, searched for anywhere in a text, in time linear in it.
final class Pattern: Sendable {
  /// As the schema has it.
  let source: String
  private let pattern: RE2Pattern
  /// The instructions of the compiled program.
  let programSize: Int

  enum Failure: Error {
    /// No regular expression: why.
    case malformed(String)
    /// One that RE2 has no means for: what.
    case unsupported(String)
    case outOfMemory
  }

  /// What a pattern and its caches may take, in bytes.
  private static let memoryLimit: Int64 = 4 << 20

  /// - Parameter source: in the syntax of ECMAScript with the flag `u`
  init(_ source: String) throws(Failure) {
    let translation = try ECMAScriptPattern.translated(source)
    do throws(RE2Pattern.Failure) {
      pattern = try RE2Pattern(translation.bytes, memoryLimit: Self.memoryLimit)
    } catch {
      switch error {
      case .outOfMemory: throw .outOfMemory
      case .refused(let status, _): throw Failure(status, hasProperties: translation.hasProperties)
      }
    }
    self.source = source
    programSize = pattern.programSize
  }

  /// What a search costs, in steps. RE2 falls back on an automaton that takes time for each instruction at each byte
  /// when its table outgrows the memory.
  func cost(_ count: Int) -> Int { 4 + count >> 4 + (count >> 8) * (programSize >> 5) }

  /// Absent when memory is out.
  func matches(_ text: String) -> Bool? {
    var text = text
    return text.withUTF8 { pattern.search(UnsafeRawBufferPointer($0)) }
  }
}

extension Pattern.Failure {
  fileprivate init(_ status: cre2_status, hasProperties: Bool) {
    switch status {
    case CRE2_MISSING_BRACKET: self = .malformed("missing ]")
    case CRE2_MISSING_PARENTHESIS: self = .malformed("missing )")
    case CRE2_UNEXPECTED_PARENTHESIS: self = .malformed("unexpected )")
    case CRE2_TRAILING_BACKSLASH: self = .malformed("\\ at the end")
    case CRE2_MISSING_REPEAT_ARGUMENT: self = .malformed("nothing to repeat")
    case CRE2_INVALID_REPEAT_OPERATOR: self = .malformed("a repetition is repeated")
    case CRE2_INVALID_RANGE where !hasProperties: self = .malformed("a range ends before it begins")
    case CRE2_INVALID_RANGE: self = .unsupported("a property of characters that is not known")
    case CRE2_INVALID_REPEAT_SIZE: self = .unsupported("more than 1000 repetitions")
    case CRE2_TOO_LARGE: self = .unsupported("more states than may be spent on it")
    default: self = .unsupported("syntax that is not known")
    }
  }
}

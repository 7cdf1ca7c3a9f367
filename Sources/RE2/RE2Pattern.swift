public import CRE2

/// A regular expression in RE2's syntax, compiled; searches take time linear in the text.
///
/// INVARIANT: immutable after `init`, and RE2 lets several threads search with one pattern.
public final class RE2Pattern: @unchecked Sendable {
  /// Why there is no pattern.
  public enum Failure: Error {
    case outOfMemory
    /// What RE2 finds wrong, and with which part of the pattern.
    case refused(cre2_status, part: [UInt8])
  }

  /// Lives as long as the pattern.
  public let pointer: OpaquePointer

  /// - Parameters:
  ///   - source: UTF-8
  ///   - memoryLimit: what the pattern and the tables of its searches may take, in bytes
  public init(_ source: some Sequence<UInt8>, memoryLimit: Int64) throws(Failure) {
    let pointer = Array(source).withUnsafeBytes {
      cre2_compile($0.bindMemory(to: CChar.self).baseAddress, $0.count, memoryLimit)
    }
    guard let pointer else { throw .outOfMemory }
    let status = cre2_get_status(pointer)
    guard status == CRE2_OK else {
      defer { cre2_free(pointer) }
      var length = 0
      let part = cre2_error_argument(pointer, &length)
      throw .refused(status, part: [UInt8](UnsafeRawBufferPointer(start: part, count: length)))
    }
    self.pointer = pointer
  }

  deinit { cre2_free(pointer) }

  /// The instructions of the compiled program, which the cost of searching grows with.
  public var programSize: Int { Int(cre2_program_size(pointer)) }

  public var groupCount: Int { Int(cre2_group_count(pointer)) }

  /// Whether there is a match that starts at byte `start` or later; absent when memory is out.
  ///
  /// - Parameter spans: gets the leftmost match and its groups, as far as there is room
  public func search(
    _ text: UnsafeRawBufferPointer, from start: Int = 0, spans: UnsafeMutableBufferPointer<cre2_span>? = nil
  ) -> Bool? {
    let found = text.withMemoryRebound(to: CChar.self) {
      cre2_search(pointer, $0.baseAddress, $0.count, start, spans?.baseAddress, Int32(spans?.count ?? 0))
    }
    return found < 0 ? nil : found > 0
  }

  /// The leftmost match that starts at byte `start` or later.
  public enum Found {
    case nothing
    case match(Range<Int>)
    case outOfMemory
  }

  public func firstMatch(in text: UnsafeRawBufferPointer, from start: Int = 0) -> Found {
    var span = cre2_span(start: -1, end: -1)
    let found = withUnsafeMutablePointer(to: &span) {
      search(text, from: start, spans: UnsafeMutableBufferPointer(start: $0, count: 1))
    }
    guard let found else { return .outOfMemory }
    return found ? .match(Int(span.start)..<Int(span.end)) : .nothing
  }
}

/// What a reader refuses and what it mends.
public struct JSONReadingOptions: Sendable {
  /// Refuses an object that has the same key twice (compared by the decoded bytes); otherwise the last one counts.
  public var rejectsDuplicateKeys: Bool
  /// Arrays and objects inside each other; a scalar alone has none. Never more than `deepest`.
  public var maximumDepth: Int
  /// Refuses `\ud800` without its other half; otherwise it becomes U+FFFD.
  public var rejectsLoneSurrogates: Bool
  /// Refuses bytes that are no UTF-8; otherwise each such byte in a string becomes U+FFFD.
  public var rejectsInvalidUTF8: Bool
  /// Refuses a number that a double can only hold as infinity.
  public var rejectsNonFinite: Bool
  /// Skips a UTF-8 byte order mark at the start; otherwise it is refused.
  public var acceptsByteOrderMark: Bool

  public init(
    rejectsDuplicateKeys: Bool, maximumDepth: Int, rejectsLoneSurrogates: Bool, rejectsInvalidUTF8: Bool,
    rejectsNonFinite: Bool, acceptsByteOrderMark: Bool
  ) {
    self.rejectsDuplicateKeys = rejectsDuplicateKeys
    self.maximumDepth = maximumDepth
    self.rejectsLoneSurrogates = rejectsLoneSurrogates
    self.rejectsInvalidUTF8 = rejectsInvalidUTF8
    self.rejectsNonFinite = rejectsNonFinite
    self.acceptsByteOrderMark = acceptsByteOrderMark
  }

  /// The deepest nesting that is read. Comparing, hashing, writing and releasing a value take stack for each level: on
  /// a thread with 512 kB they fail at about 440 levels at the earliest in unoptimised builds.
  public static let deepest = 256

  /// For what comes from callers: nothing that two readers could understand differently gets in.
  public static let strict = JSONReadingOptions(
    rejectsDuplicateKeys: true, maximumDepth: 128, rejectsLoneSurrogates: true, rejectsInvalidUTF8: true,
    rejectsNonFinite: true, acceptsByteOrderMark: true)

  /// As OPA reads documents (Go's encoding/json with numbers as text), but for the nesting: Go stops at 10,000.
  public static let lenient = JSONReadingOptions(
    rejectsDuplicateKeys: false, maximumDepth: deepest, rejectsLoneSurrogates: false, rejectsInvalidUTF8: false,
    rejectsNonFinite: false, acceptsByteOrderMark: false)
}

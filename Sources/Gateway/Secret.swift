import Crypto

/// A text that only the right caller knows. It can be compared, never read back or printed.
public struct Secret: Sendable {
  private let digest: SHA256Digest

  /// `text` isn't empty: absent when it is, so that an empty secret opens nothing.
  public init?(_ text: String) {
    guard !text.isEmpty else { return nil }
    digest = SHA256.hash(data: Array(text.utf8))
  }

  /// Takes the same time wherever the first difference is.
  public func matches(_ candidate: String) -> Bool { matches(Array(candidate.utf8)) }

  /// The bytes as they came in, UTF-8 or not.
  public func matches(_ candidate: [UInt8]) -> Bool {
    // The comparison of two digests of swift-crypto is constant-time; hashing hides the length as well.
    SHA256.hash(data: candidate) == digest
  }
}

extension Secret: CustomStringConvertible, CustomReflectable {
  public var description: String { "(secret)" }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}

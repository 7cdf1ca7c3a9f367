import Crypto
import JOSE
import StrictJSON

/// The tokens that agents show, made here: `ag_` and 32 random bytes in base64url.
enum AgentToken {
  static let prefix = "ag_"
  /// In bytes: base64url of 128 bits. What is shorter is never looked up, so that a hashed password opens nothing.
  static let minimumLength = 22

  static func generate() -> String { prefix + Base64URL.encode(SecretFile.randomBytes(32)) }
}

/// SHA-256 of a token's bytes.
///
/// Plain SHA-256, neither salted nor slow: those make the guessing of passwords dear, and nobody guesses 128 random
/// bits at any price. It costs a microsecond per call, and lets keys be found by their hash. How long such a search
/// takes says something about the hash of what was shown at most, which leads to no token.
struct AgentTokenHash: Hashable, Sendable {
  private let bytes: [UInt8]

  init(of token: some Sequence<UInt8>) { bytes = Array(SHA256.hash(data: Array(token))) }

  /// Absent when the text isn't `sha256:` and 64 hexadecimal digits.
  init?(_ text: String) {
    let prefix = "sha256:".utf8
    guard text.utf8.starts(with: prefix), let bytes = text.utf8.dropFirst(prefix.count).hexadecimalBytes,
      bytes.count == SHA256.byteCount
    else { return nil }
    self.bytes = bytes
  }

  var text: String { "sha256:" + bytes.hexadecimalText }
}

import Crypto
import StrictJSON

/// A SHA-256 hash: of an event's content, or of a node of the tree over them.
public struct EventHash: Hashable, Sendable {
  public static let byteCount = 32

  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// What the first event follows.
  public static let zero = EventHash(words: (0, 0, 0, 0))

  private init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

  init(_ digest: SHA256Digest) {
    words = digest.withUnsafeBytes { bytes in
      func word(_ index: Int) -> UInt64 {
        UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
      }
      return (word(0), word(1), word(2), word(3))
    }
  }

  /// SHA-256 of the bytes.
  init(of bytes: [UInt8]) { self.init(bytes.withUnsafeBytes { SHA256.hash(bytes: $0) }) }

  /// Absent unless there are 32 bytes.
  init?(bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    var words: [UInt64] = [0, 0, 0, 0]
    for (index, byte) in bytes.enumerated() { words[index / 8] = words[index / 8] << 8 | UInt64(byte) }
    self.words = (words[0], words[1], words[2], words[3])
  }

  /// Absent unless there are 64 hexadecimal digits in lower case.
  public init?(hexadecimal text: String) {
    guard let bytes = text.hexadecimalBytes else { return nil }
    self.init(bytes: bytes)
  }

  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.byteCount)
    append(to: &bytes)
    return bytes
  }

  /// In lower case.
  public var hexadecimal: String { bytes.hexadecimalText }

  func append(to bytes: inout [UInt8]) {
    for word in [words.0, words.1, words.2, words.3] {
      withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) }
    }
  }

  /// As a JSON string.
  func appendQuoted(to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for word in [words.0, words.1, words.2, words.3] {
      for shift in stride(from: 60, through: 0, by: -4) {
        let digit = UInt8(truncatingIfNeeded: word >> UInt64(shift) & 0xF)
        bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  public static func == (a: EventHash, b: EventHash) -> Bool { a.words == b.words }

  public func hash(into hasher: inout Hasher) {
    // Any part of a hash tells it from others.
    hasher.combine(words.0)
  }
}

extension SHA256 {
  fileprivate static func hash(bytes: UnsafeRawBufferPointer) -> SHA256Digest {
    var hash = SHA256()
    hash.update(bufferPointer: bytes)
    return hash.finalize()
  }
}

extension String {
  /// The bytes that an even number of hexadecimal digits in lower case are; absent for other texts.
  var hexadecimalBytes: [UInt8]? {
    utf8.hexadecimalBytes.flatMap { $0.hexadecimalText.utf8.elementsEqual(utf8) ? $0 : nil }
  }
}

/// Parts of texts replaced by another text.
enum TextEdit {
  /// Finds the parts to replace in UTF-8: ascending, not empty, whole characters, none overlapping another.
  typealias Search = (UnsafeBufferPointer<UInt8>) -> [Range<Int>]

  struct Outcome {
    var text: String
    /// The parts as they were.
    var taken: [String]
  }

  /// Absent when nothing is found.
  static func replaced(in text: String, with replacement: String, _ search: Search) -> Outcome? {
    var copy = text
    return copy.withUTF8 { bytes in
      let parts = search(bytes)
      guard !parts.isEmpty else { return nil }
      var output: [UInt8] = []
      output.reserveCapacity(bytes.count)
      var copied = 0
      for part in parts {
        output += bytes[copied..<part.lowerBound]
        output += replacement.utf8
        copied = part.upperBound
      }
      output += bytes[copied...]
      return Outcome(
        text: String(decoding: output, as: UTF8.self),
        taken: parts.map { String(decoding: bytes[$0], as: UTF8.self) })
    }
  }
}

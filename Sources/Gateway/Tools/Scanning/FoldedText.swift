/// A text as a model understands it, for matching: nothing invisible in it, lookalikes and styled letters as plain ones,
/// Latin letters without marks. Upper and lower case are kept for Latin letters.
struct FoldedText {
  /// UTF-8.
  private(set) var bytes: [UInt8]
  /// For each of `bytes`, where it comes from; absent when they are the original's.
  private var origins: [Int32]?
  /// Words in which letters look like Latin ones and aren't, in the original's UTF-8.
  private(set) var homoglyphs: [Range<Int>] = []
  /// Runs of letters in another dress.
  private(set) var styled: [Range<Int>] = []

  init(_ text: ScalarText) {
    guard !text.isASCII else {
      bytes = text.bytes
      return
    }
    bytes = []
    var folded = Folded(text)
    homoglyphs = folded.replaceLookalikes()
    styled = folded.styledRuns()
    var origins: [Int32] = []
    bytes.reserveCapacity(text.bytes.count)
    origins.reserveCapacity(text.bytes.count)
    for index in folded.scalars.indices {
      let scalar = folded.scalars[index]
      let origin = folded.origins[index]
      if scalar.isASCII {
        bytes.append(UInt8(truncatingIfNeeded: scalar.value))
        origins.append(origin)
      } else {
        for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
          bytes.append(byte)
          origins.append(origin)
        }
      }
    }
    self.origins = origins
    end = text.bytes.count
  }

  private var end = 0

  /// Where a part of `bytes` comes from, in the original's UTF-8.
  func origin(of range: Range<Int>) -> Range<Int> {
    guard let origins else { return range }
    guard range.lowerBound < origins.count else { return end..<end }
    let start = Int(origins[range.lowerBound])
    let last = range.upperBound < origins.count ? Int(origins[range.upperBound]) : end
    return start..<max(start, last)
  }
}

/// A text's bytes, and its scalars with their places when there are any beyond ASCII.
struct ScalarText {
  let bytes: [UInt8]
  let isASCII: Bool
  private(set) var scalars: [Unicode.Scalar] = []
  /// In UTF-8.
  private(set) var offsets: [Int32] = []

  init(_ text: String) {
    bytes = Array(text.utf8)
    isASCII = bytes.allSatisfy { $0 < 0x80 }
    if isASCII { return }
    scalars.reserveCapacity(bytes.count)
    offsets.reserveCapacity(bytes.count)
    var offset: Int32 = 0
    for scalar in text.unicodeScalars {
      scalars.append(scalar)
      offsets.append(offset)
      offset &+= Int32(truncatingIfNeeded: UTF8.width(scalar))
    }
  }

  /// In scalars.
  var count: Int { isASCII ? bytes.count : scalars.count }

  /// The scalar at an index; 0 outside.
  func value(_ index: Int) -> UInt32 {
    guard index >= 0, index < count else { return 0 }
    return isASCII ? UInt32(bytes[index]) : scalars[index].value
  }

  /// From scalar indices to bytes.
  func range(_ first: Int, _ end: Int) -> Range<Int> {
    if isASCII { return first..<max(first, end) }
    let start = first < offsets.count ? Int(offsets[first]) : bytes.count
    return start..<max(start, end < offsets.count ? Int(offsets[end]) : bytes.count)
  }
}

extension UTF8 {
  static func width(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.value {
    case 0..<0x80: 1
    case 0x80..<0x800: 2
    case 0x800..<0x10000: 3
    default: 4
    }
  }
}

/// Scalars on their way from the original to the folded text.
private struct Folded {
  private enum Kind: UInt8 { case plain, styled, lookalike }

  var scalars: [Unicode.Scalar] = []
  var origins: [Int32] = []
  private var kinds: [Kind] = []
  /// What a lookalike looks like, at its place.
  private var looks: [UInt8] = []
  /// Whether the text has letters of these scripts that look like no Latin ones.
  private var hasOtherScript = false
  private var end: Int32

  init(_ text: ScalarText) {
    end = Int32(truncatingIfNeeded: text.bytes.count)
    scalars.reserveCapacity(text.scalars.count)
    for (index, scalar) in text.scalars.enumerated() {
      let origin = text.offsets[index]
      if scalar.isASCII {
        append(scalar, origin, .plain, 0)
        continue
      }
      switch Lookalikes.folding(scalar) {
      case .itself:
        if Lookalikes.hasLookalikes(scalar.value) { hasOtherScript = true }
        append(scalar, origin, .plain, 0)
      case .nothing: break
      case .accented(let letter): append(Unicode.Scalar(letter), origin, .plain, 0)
      case .styled(let sign): append(Unicode.Scalar(sign), origin, .styled, 0)
      case .lookalike(let letter): append(scalar, origin, .lookalike, letter)
      case .scalar(let letter):
        hasOtherScript = true
        append(letter, origin, .plain, 0)
      }
    }
  }

  private mutating func append(_ scalar: Unicode.Scalar, _ origin: Int32, _ kind: Kind, _ look: UInt8) {
    scalars.append(scalar)
    origins.append(origin)
    kinds.append(kind)
    looks.append(look)
  }

  private func isLetter(_ index: Int) -> Bool {
    let value = scalars[index].value
    return 0x61...0x7A ~= value | 0x20 || kinds[index] == .lookalike || Lookalikes.hasLookalikes(value)
  }

  /// Lookalikes become what they look like in words where every foreign letter is one and some are Latin, and in texts
  /// that have no other foreign letters; the ranges of those words in the original.
  mutating func replaceLookalikes() -> [Range<Int>] {
    var found: [Range<Int>] = []
    var index = 0
    while index < scalars.count {
      guard isLetter(index) else {
        index += 1
        continue
      }
      let start = index
      var (latin, lookalikes, others) = (0, 0, 0)
      while index < scalars.count, isLetter(index) {
        if kinds[index] == .lookalike {
          lookalikes += 1
        } else if scalars[index].isASCII {
          latin += 1
        } else {
          others += 1
        }
        index += 1
      }
      guard lookalikes > 0 else { continue }
      let isDisguise = others == 0 && (latin > 1 || (latin + lookalikes > 2 && !hasOtherScript))
      for place in start..<index where kinds[place] == .lookalike {
        scalars[place] = isDisguise ? Unicode.Scalar(looks[place]) : Lookalikes.own(scalars[place])
      }
      if isDisguise { found.append(Int(origins[start])..<Int(index < origins.count ? origins[index] : end)) }
    }
    return found
  }

  /// Three letters in a row and more.
  func styledRuns() -> [Range<Int>] {
    var found: [Range<Int>] = []
    var index = 0
    while index < scalars.count {
      let start = index
      while index < scalars.count, kinds[index] == .styled, 0x61...0x7A ~= scalars[index].value | 0x20 { index += 1 }
      if index - start > 2 { found.append(Int(origins[start])..<Int(index < origins.count ? origins[index] : end)) }
      if index == start { index += 1 }
    }
    return found
  }
}

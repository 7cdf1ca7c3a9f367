/// One word of a text. East Asian characters are a word each.
struct Word {
  /// In the vocabulary; 0 when it isn't there.
  var id: UInt16
  /// A phrase doesn't reach over this word's start unless it says so.
  var opensSentence: Bool
  /// In the folded text.
  var start: Int32
  var end: Int32
}

/// Cuts a folded text into words, and puts back together what was written with digits for letters, with gaps between
/// letters, or without spaces.
struct WordStream {
  static let url: [UInt8] = Array("<url>".utf8)
  static let email: [UInt8] = Array("<email>".utf8)
  static let path: [UInt8] = Array("<path>".utf8)

  private let vocabulary: Vocabulary
  private let urlID: UInt16
  private let emailID: UInt16
  private let pathID: UInt16

  private(set) var words: [Word] = []
  private var sawEnd = false
  private var sawBlank = false
  private var lineFeeds = 0
  private var sawBullet = false
  private var spelled = 0
  /// How many words the sentence has so far.
  private var sentence = 0
  private var scratch: [UInt8] = []

  init(_ vocabulary: Vocabulary) {
    self.vocabulary = vocabulary
    urlID = vocabulary.exact(Self.url[...])
    emailID = vocabulary.exact(Self.email[...])
    pathID = vocabulary.exact(Self.path[...])
    scratch.reserveCapacity(Vocabulary.longestWord * 2)
  }

  mutating func read(_ bytes: [UInt8]) {
    words.removeAll(keepingCapacity: true)
    (sawEnd, sawBlank, lineFeeds, sawBullet, spelled, sentence) = (false, false, 0, false, 0, 0)
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte >= 0x80 {
        index = readBeyondASCII(bytes, index)
      } else if Self.isAlphanumeric(byte) {
        index = readDisguised(bytes, index) ?? readWord(bytes, index)
      } else {
        index = readSign(byte, bytes, index)
      }
    }
    joinSpelled(bytes)
  }

  // MARK: Between words

  private mutating func readSign(_ byte: UInt8, _ bytes: [UInt8], _ index: Int) -> Int {
    switch byte {
    case UInt8(ascii: "@"), UInt8(ascii: "$"), UInt8(ascii: "!"), UInt8(ascii: "|"):
      if let end = readDisguised(bytes, index) { return end }
      if byte == UInt8(ascii: "!") { sawEnd = true }
      if byte == UInt8(ascii: "@"), isEmail(bytes, index) { append(emailID, index, index + 1, bytes) }
    case UInt8(ascii: "."), UInt8(ascii: "?"), UInt8(ascii: ";"):
      sawEnd = true
      sawBlank = false
    case UInt8(ascii: "\n"):
      lineFeeds += 1
      sawBlank = true
    case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): sawBlank = true
    case UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "#"): if lineFeeds > 0 { sawBullet = true }
    case UInt8(ascii: ":"):
      if index + 2 < bytes.count, bytes[index + 1] == UInt8(ascii: "/"), bytes[index + 2] == UInt8(ascii: "/") {
        append(urlID, index, index + 3, bytes)
        return index + 3
      }
    case UInt8(ascii: "/"), UInt8(ascii: "\\"):
      // A path begins at a slash after a blank, a tilde, a quote or a drive's colon.
      let before = index > 0 ? bytes[index - 1] : UInt8(ascii: " ")
      let next = index + 1 < bytes.count ? bytes[index + 1] : UInt8(ascii: " ")
      if !Self.isAlphanumeric(before), before != UInt8(ascii: "/"), before != UInt8(ascii: ">"),
        before != UInt8(ascii: "<"),
        Self.isAlphanumeric(next) || next == UInt8(ascii: "."), next != UInt8(ascii: "/")
      {
        append(pathID, index, index + 1, bytes)
      }
    default: break
    }
    return index + 1
  }

  private func isEmail(_ bytes: [UInt8], _ index: Int) -> Bool {
    guard index > 0, Self.isAlphanumeric(bytes[index - 1]) else { return false }
    var end = index + 1
    while end < bytes.count, end < index + 64, Self.isAlphanumeric(bytes[end]) || bytes[end] == UInt8(ascii: "-") {
      end += 1
    }
    return end > index + 1 && end + 1 < bytes.count && bytes[end] == UInt8(ascii: ".")
      && Self.isAlphanumeric(bytes[end + 1])
  }

  private mutating func append(_ id: UInt16, _ start: Int, _ end: Int, _ bytes: [UInt8]) {
    let first = bytes[start]
    // One word is no sentence: `Ignore. All. Of. This.`
    let opens =
      lineFeeds > 1 || sawBullet
      || (sawEnd && sawBlank && sentence > 1 && (first >= 0x80 || 0x41...0x5A ~= first || 0x30...0x39 ~= first))
    sentence = opens || sawEnd ? 1 : sentence + 1
    words.append(
      Word(
        id: id, opensSentence: opens, start: Int32(truncatingIfNeeded: start), end: Int32(truncatingIfNeeded: end)))
    (sawEnd, sawBlank, lineFeeds, sawBullet) = (false, false, 0, false)
    if end - start == 1, 0x61...0x7A ~= first | 0x20 { spelled += 1 }
  }

  static func isAlphanumeric(_ byte: UInt8) -> Bool {
    0x61...0x7A ~= byte | 0x20 || 0x30...0x39 ~= byte
  }
  private static func isLetter(_ byte: UInt8) -> Bool { 0x61...0x7A ~= byte | 0x20 }

  // MARK: Words

  /// ASCII letters and digits, apostrophes between them left out, and letters of other alphabets among them.
  private mutating func readWord(_ bytes: [UInt8], _ start: Int) -> Int {
    scratch.removeAll(keepingCapacity: true)
    var index = start
    var hasHumps = false
    while index < bytes.count {
      let byte = bytes[index]
      if Self.isAlphanumeric(byte) {
        let isUpper = 0x41...0x5A ~= byte
        if isUpper, index > start, 0x61...0x7A ~= bytes[index - 1] { hasHumps = true }
        if scratch.count < 96 { scratch.append(isUpper ? byte | 0x20 : byte) }
      } else if byte == UInt8(ascii: "'"), Self.isWithinWord(bytes, apostrophe: index, from: start) {
      } else if byte >= 0x80 {
        let (scalar, width) = Self.scalar(bytes, index)
        guard Self.kind(scalar) == .letter else { break }
        if scratch.count < 96 { scratch += bytes[index..<index + width] }
        index += width - 1
      } else {
        break
      }
      index += 1
    }
    let id = vocabulary.id(of: scratch[...])
    if id != 0 || scratch.count > 80 {
      append(id, start, index, bytes)
    } else if scratch.count == index - start, scratch.count > 7, let parts = cover(scratch) {
      var from = start
      for (length, id) in parts {
        append(id, from, from + length, bytes)
        from += length
      }
    } else if hasHumps {
      readHumps(bytes, start, index)
    } else {
      append(0, start, index, bytes)
    }
    return index
  }

  /// Of `don't`, `user's`, `l'outil`; not of what stands in quotes.
  private static func isWithinWord(_ bytes: [UInt8], apostrophe: Int, from start: Int) -> Bool {
    var end = apostrophe + 1
    while end < bytes.count, end < apostrophe + 4, isLetter(bytes[end]) { end += 1 }
    let before = apostrophe - start
    return before > 0 && end > apostrophe + 1 && isLetter(bytes[apostrophe - 1]) && (before < 3 || end < apostrophe + 4)
  }

  /// `doNotTell`: a word for each hump.
  private mutating func readHumps(_ bytes: [UInt8], _ start: Int, _ end: Int) {
    var from = start
    for index in start + 1...end {
      let isCut = index == end || (0x41...0x5A ~= bytes[index] && !(0x41...0x5A ~= bytes[index - 1]))
      guard isCut else { continue }
      let part = bytes[from..<index].map(\.asciiLowercased)
      append(vocabulary.id(of: part[...]), from, index, bytes)
      from = index
    }
  }

  /// `ignoreallinstructions`: the lengths and numbers of known words that the letters are made of; absent when something
  /// is left over.
  private func cover(_ letters: [UInt8]) -> [(length: Int, id: UInt16)]? {
    let count = letters.count
    var next = [(length: Int, id: UInt16)?](repeating: nil, count: count + 1)
    next[count] = (0, 0)
    for start in stride(from: count - 2, through: 0, by: -1) {
      for length in stride(from: min(16, count - start), through: 2, by: -1) where next[start + length] != nil {
        let part = letters[start..<start + length]
        let id = length < 5 ? vocabulary.exact(part) : vocabulary.id(of: part)
        if id != 0 {
          next[start] = (length, id)
          break
        }
      }
    }
    guard next[0] != nil else { return nil }
    var parts: [(length: Int, id: UInt16)] = []
    var place = 0
    while place < count, let part = next[place] {
      parts.append(part)
      place += part.length
    }
    return parts
  }

  /// `1gn0r3`, `p@$$word`: a word with digits or signs for letters. Absent when it is none that is known.
  private mutating func readDisguised(_ bytes: [UInt8], _ start: Int) -> Int? {
    var end = start
    var (letters, signs) = (0, 0)
    while end < bytes.count, end - start <= Vocabulary.longestWord {
      if Self.isLetter(bytes[end]) {
        letters += 1
      } else if Self.letter(for: bytes[end]) != nil {
        signs += 1
      } else {
        break
      }
      end += 1
    }
    guard signs > 0, letters > 0, end - start > 2, end - start <= Vocabulary.longestWord else { return nil }
    let plain = bytes[start..<end].map(\.asciiLowercased)
    // A name of its own, as base64 or http2.
    if vocabulary.exact(plain[...]) != 0 { return nil }
    while end > start + 2 {
      for one in [UInt8(ascii: "i"), UInt8(ascii: "l")] {
        let word = plain[..<(end - start)].map { byte -> UInt8 in
          byte == UInt8(ascii: "1") ? one : Self.isLetter(byte) ? byte : Self.letter(for: byte) ?? byte
        }
        let id = vocabulary.id(of: word[...])
        if id != 0, word.count > 2, signs > 0 {
          append(id, start, end, bytes)
          return end
        }
      }
      // An exclamation mark may be just that.
      let last = bytes[end - 1]
      guard last == UInt8(ascii: "!") || last == UInt8(ascii: "|") else { return nil }
      end -= 1
      signs -= 1
      if signs == 0 { return nil }
    }
    return nil
  }

  private static func letter(for byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0"): UInt8(ascii: "o")
    case UInt8(ascii: "1"), UInt8(ascii: "!"): UInt8(ascii: "i")
    case UInt8(ascii: "|"): UInt8(ascii: "l")
    case UInt8(ascii: "2"): UInt8(ascii: "z")
    case UInt8(ascii: "3"): UInt8(ascii: "e")
    case UInt8(ascii: "4"), UInt8(ascii: "@"): UInt8(ascii: "a")
    case UInt8(ascii: "5"), UInt8(ascii: "$"): UInt8(ascii: "s")
    case UInt8(ascii: "6"), UInt8(ascii: "9"): UInt8(ascii: "g")
    case UInt8(ascii: "7"): UInt8(ascii: "t")
    case UInt8(ascii: "8"): UInt8(ascii: "b")
    default: nil
    }
  }

  // MARK: Beyond ASCII

  private enum Kind { case letter, character, sentenceEnd, blank, sign }

  private static func kind(_ value: UInt32) -> Kind {
    switch value {
    case 0x3002, 0xFF01, 0xFF1F, 0xFF0E, 0x061F, 0x06D4, 0x0964: .sentenceEnd
    case 0xA0, 0x2000...0x200A, 0x3000, 0x202F, 0x205F, 0x1680: .blank
    case 0x80...0xBF, 0xD7, 0xF7, 0x2010...0x2BFF, 0x2E00...0x2E7F, 0x3001...0x3020, 0xFF00...0xFF65, 0x60C, 0x61B:
      .sign
    case 0x2E80...0x2FDF, 0x3021...0xA4CF, 0xAC00...0xD7FF, 0xF900...0xFAFF, 0x20000...0x3FFFF: .character
    case 0x1F000...0x1FAFF, 0xE000...0xF8FF: .sign
    default: .letter
    }
  }

  /// The scalar at an index and how many bytes it has; at least one. The bytes are UTF-8 by construction.
  private static func scalar(_ bytes: [UInt8], _ index: Int) -> (UInt32, Int) {
    let first = UInt32(bytes[index])
    let width = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1
    guard width > 1, index + width <= bytes.count else { return (first, 1) }
    var value = first & (0x7F >> UInt32(width))
    for byte in bytes[index + 1..<index + width] { value = value << 6 | UInt32(byte & 0x3F) }
    return (value, width)
  }

  private mutating func readBeyondASCII(_ bytes: [UInt8], _ index: Int) -> Int {
    let (scalar, width) = Self.scalar(bytes, index)
    switch Self.kind(scalar) {
    case .letter: return readWord(bytes, index)
    case .character: append(vocabulary.exact(bytes[index..<index + width]), index, index + width, bytes)
    case .sentenceEnd: (sawEnd, sawBlank) = (true, true)
    case .blank: sawBlank = true
    case .sign: break
    }
    return index + width
  }

  // MARK: Letters with gaps

  /// `i g n o r e`: four single letters in a row and more become the words that they spell.
  private mutating func joinSpelled(_ bytes: [UInt8]) {
    guard spelled > 3 else { return }
    var joined: [Word] = []
    joined.reserveCapacity(words.count)
    var index = 0
    while index < words.count {
      var end = index
      while end < words.count, words[end].end - words[end].start == 1, Self.isLetter(bytes[Int(words[end].start)]),
        end == index || words[end].start - words[end - 1].end < 4
      {
        end += 1
      }
      if end - index > 3 {
        spell(words[index..<end], bytes, into: &joined)
        index = end
      } else {
        joined.append(words[index])
        index += 1
      }
    }
    words = joined
  }

  /// The longest word of two letters and more that the letters begin with; of length 1 when there is none.
  private func longestWord(_ letters: ArraySlice<UInt8>) -> (length: Int, id: UInt16) {
    var longest: (length: Int, id: UInt16) = (1, 0)
    var hash = Vocabulary.seed
    for (offset, letter) in letters.enumerated() {
      hash = Vocabulary.mix(hash, letter)
      let id = offset > 0 ? vocabulary.exact(hash: hash) : 0
      if id != 0 { longest = (offset + 1, id) }
    }
    return longest
  }

  private func spell(_ single: ArraySlice<Word>, _ bytes: [UInt8], into joined: inout [Word]) {
    let letters = single.map { bytes[Int($0.start)] | 0x20 }
    var place = 0
    while place < letters.count {
      var (length, id) = longestWord(letters[place...].prefix(16))
      // Inflections are a few letters longer.
      for more in stride(from: 3, through: 1, by: -1) where length > 2 && place + length + more <= letters.count {
        let form = vocabulary.id(of: letters[place..<place + length + more])
        if form != 0 {
          (length, id) = (length + more, form)
          break
        }
      }
      let first = single[single.startIndex + place]
      let last = single[single.startIndex + place + length - 1]
      joined.append(
        Word(
          id: length > 1 ? id : first.id, opensSentence: first.opensSentence && place == 0, start: first.start,
          end: last.end))
      place += length
    }
  }
}

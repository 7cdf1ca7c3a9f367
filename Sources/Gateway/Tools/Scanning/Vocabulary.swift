/// The words that phrases are made of, as numbers from 1. An inflected English word is the number of its base form when
/// it is no word of its own.
struct Vocabulary: Sendable {
  static let longestWord = 32

  private(set) var count = 1
  private var words: [UInt64: UInt16] = [:]
  private var prefixes: [UInt64: UInt16] = [:]
  private var hasPrefixOfLength = [Bool](repeating: false, count: longestWord + 1)
  private var wordSlots = HashSlots()
  private var prefixSlots = HashSlots()
  private var texts: [(text: [UInt8], isPrefix: Bool)] = [([], false)]

  // FNV-1a. Two words with one hash would only report too much.
  static let seed: UInt64 = 0xCBF2_9CE4_8422_2325
  @inline(__always) static func mix(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
    (hash ^ UInt64(byte)) &* 0x100_0000_01B3
  }
  private static func hash(_ word: some Sequence<UInt8>) -> UInt64 { word.reduce(seed, mix) }

  /// The number of a word, which becomes known if it isn't.
  mutating func insert(_ word: [UInt8], isPrefix: Bool) -> UInt16 {
    let hash = Self.hash(word)
    if let known = isPrefix ? prefixes[hash] : words[hash] { return known }
    let id = UInt16(truncatingIfNeeded: count)
    count += 1
    texts.append((word, isPrefix))
    if isPrefix {
      prefixes[hash] = id
      hasPrefixOfLength[min(word.count, Self.longestWord)] = true
    } else {
      words[hash] = id
    }
    return id
  }

  /// The number of an inserted word.
  func known(_ word: [UInt8], isPrefix: Bool) -> UInt16 { (isPrefix ? prefixes : words)[Self.hash(word)] ?? 0 }

  /// No word is inserted after this.
  mutating func seal() {
    wordSlots = HashSlots(words)
    prefixSlots = HashSlots(prefixes)
  }

  private func id(of hash: UInt64) -> UInt16 { wordSlots[hash] }

  /// A word in lower case as it stands; 0 when it is unknown.
  func exact(_ word: ArraySlice<UInt8>) -> UInt16 { id(of: Self.hash(word)) }

  /// The word with this hash as it stands; 0 when it is unknown.
  func exact(hash: UInt64) -> UInt16 { id(of: hash) }

  /// The word, its base form or what it begins with; 0 when it is unknown.
  func id(of word: ArraySlice<UInt8>) -> UInt16 {
    let count = word.count
    guard count <= Self.longestWord else { return 0 }
    return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: Self.longestWord + 1) { hashes in
      // Of the word's first bytes, by how many they are.
      var hash = Self.seed
      hashes[0] = hash
      for (offset, byte) in word.enumerated() {
        hash = Self.mix(hash, byte)
        hashes[offset + 1] = hash
      }
      var known = id(of: hash)
      if known != 0 { return known }
      Self.forEachStem(of: word) { length, ending in
        if known == 0 { known = id(of: ending.map { Self.mix(hashes[length], $0) } ?? hashes[length]) }
      }
      if known != 0 { return known }
      var length = count
      while length > 0 {
        if hasPrefixOfLength[length] {
          let prefix = prefixSlots[hashes[length]]
          if prefix != 0 { return prefix }
        }
        length -= 1
      }
      return 0
    }
  }

  /// For each word of a phrase, the numbers that stand for it in a text: its own, and those of known words that are forms
  /// of it or begin with it.
  func forms() -> [[UInt16]] {
    var forms = (0..<count).map { [UInt16(truncatingIfNeeded: $0)] }
    for id in 1..<count {
      let (text, isPrefix) = texts[id]
      Self.forEachStem(of: text[...]) { length, ending in
        let base = Int(self.id(of: Self.hash(text.prefix(length) + (ending.map { [$0] } ?? []))))
        guard base > 0, base != id else { return }
        if isPrefix {
          // A text's word is known by its base form where that is a word, too.
          forms[id].append(UInt16(truncatingIfNeeded: base))
        } else {
          forms[base].append(UInt16(truncatingIfNeeded: id))
        }
      }
      guard isPrefix else { continue }
      for other in 1..<count where other != id && texts[other].text.starts(with: text) {
        forms[id].append(UInt16(truncatingIfNeeded: other))
      }
    }
    return forms
  }

  /// What an English word may be an inflection of, none shorter than three letters: how many of its bytes the base form
  /// begins with, and the byte that comes after them.
  @inline(__always)
  private static func forEachStem(of word: ArraySlice<UInt8>, _ body: (Int, UInt8?) -> Void) {
    let count = word.count
    let start = word.startIndex
    guard count > 3 else { return }
    func byte(_ fromEnd: Int) -> UInt8 { fromEnd < count ? word[start + count - 1 - fromEnd] : 0 }
    func add(_ length: Int, _ ending: UInt8? = nil) {
      if length + (ending == nil ? 0 : 1) > 2 { body(length, ending) }
    }
    /// Of `logg`, `stor` and the like.
    func addVerb(_ length: Int) {
      add(length)
      add(length, UInt8(ascii: "e"))
      if length > 3, word[start + length - 1] == word[start + length - 2] { add(length - 1) }
    }
    let e = UInt8(ascii: "e")
    let i = UInt8(ascii: "i")
    switch byte(0) {
    case UInt8(ascii: "s"):
      add(count - 1)
      if byte(1) == e {
        add(count - 2)
        if byte(2) == i { add(count - 3, UInt8(ascii: "y")) }
      }
    case UInt8(ascii: "d") where byte(1) == e:
      addVerb(count - 2)
      if byte(2) == i { add(count - 3, UInt8(ascii: "y")) }
    case UInt8(ascii: "g") where byte(1) == UInt8(ascii: "n") && byte(2) == i: addVerb(count - 3)
    default: break
    }
  }
}

/// Numbers by hash, by linear probing over a power of two; a dictionary hashes its keys anew.
private struct HashSlots: Sendable {
  private var slots: [(hash: UInt64, id: UInt16)] = [(0, 0)]

  init() {}

  init(_ numbers: [UInt64: UInt16]) {
    var size = 64
    while size < numbers.count * 3 { size *= 2 }
    slots = Array(repeating: (0, 0), count: size)
    for (hash, id) in numbers {
      var index = Int(truncatingIfNeeded: hash) & (size - 1)
      while slots[index].id != 0 { index = (index + 1) & (size - 1) }
      slots[index] = (hash, id)
    }
  }

  /// 0 when there is none.
  subscript(hash: UInt64) -> UInt16 {
    slots.withUnsafeBufferPointer { slots in
      var index = Int(truncatingIfNeeded: hash) & (slots.count - 1)
      while slots[index].id != 0 {
        if slots[index].hash == hash { return slots[index].id }
        index = (index + 1) & (slots.count - 1)
      }
      return 0
    }
  }
}

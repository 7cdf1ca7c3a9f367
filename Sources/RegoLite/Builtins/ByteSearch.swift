/// Finds a string of bytes in others, in time linear in both (Knuth, Morris, Pratt): arguments come from an attacker.
///
/// Valid UTF-8 is only found at the boundaries of characters.
struct ByteSearch {
  let needle: [UInt8]
  /// For each prefix of the needle, how long a proper prefix of it is its suffix as well.
  private let borders: [Int]

  init(_ needle: [UInt8]) {
    self.needle = needle
    var borders = [Int](repeating: 0, count: needle.count)
    var length = 0
    for index in needle.indices.dropFirst() {
      while length > 0, needle[index] != needle[length] { length = borders[length - 1] }
      if needle[index] == needle[length] { length += 1 }
      borders[index] = length
    }
    self.borders = borders
  }

  /// Where the needle starts in `haystack`, from `start` on; an empty one nowhere.
  func firstIndex(in haystack: [UInt8], from start: Int = 0) -> Int? {
    var result: Int?
    scan(haystack, from: start, overlapping: false) {
      result = $0
      return false
    }
    return result
  }

  /// Where the needle starts in `haystack`; an empty one nowhere.
  func indexes(in haystack: [UInt8], overlapping: Bool = false) -> [Int] {
    var result: [Int] = []
    scan(haystack, from: 0, overlapping: overlapping) {
      result.append($0)
      return true
    }
    return result
  }

  private func scan(_ haystack: [UInt8], from start: Int, overlapping: Bool, _ goesOn: (Int) -> Bool) {
    if needle.isEmpty || haystack.count - start < needle.count { return }
    var length = 0
    for index in start..<haystack.count {
      while length > 0, haystack[index] != needle[length] { length = borders[length - 1] }
      if haystack[index] == needle[length] { length += 1 }
      if length == needle.count {
        if !goesOn(index + 1 - length) { return }
        length = overlapping ? borders[length - 1] : 0
      }
    }
  }
}

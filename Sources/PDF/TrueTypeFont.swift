/// A TrueType font file (OpenType specification, outlines in `glyf`), read where it lies. Reads beyond its end give zero:
/// a damaged file shows wrong glyphs and harms nothing else.
struct TrueTypeFont: Sendable {
  /// As PDF names it, without a subset's tag.
  let name: String
  let isBold: Bool
  let isMonospaced: Bool
  let unitsPerEm: Int
  let glyphCount: Int

  private let bytes: FontBytes
  private let tables: [String: Range<Int>]
  private let glyphs: Range<Int>
  private let locations: Range<Int>
  private let hasLongLocations: Bool
  private let metrics: Range<Int>
  private let metricCount: Int
  private let characterMap: CharacterMap

  /// `start` has to live as long as the program.
  init(name: String, isBold: Bool = false, isMonospaced: Bool = false, start: UnsafePointer<UInt8>, count: Int) {
    let bytes = FontBytes(start: start, count: count)
    var tables: [String: Range<Int>] = [:]
    for index in 0..<bytes.unsigned16(4) {
      let entry = 12 + 16 * index
      let tag = String(decoding: bytes[entry..<entry + 4], as: UTF8.self)
      let offset = bytes.unsigned32(entry + 8)
      tables[tag] = offset..<offset + bytes.unsigned32(entry + 12)
    }
    let head = tables["head"]?.lowerBound ?? count
    let maximums = tables["maxp"]?.lowerBound ?? count
    let horizontal = tables["hhea"]?.lowerBound ?? count
    (self.name, self.isBold, self.isMonospaced) = (name, isBold, isMonospaced)
    (self.bytes, self.tables) = (bytes, tables)
    unitsPerEm = max(bytes.unsigned16(head + 18), 1)
    hasLongLocations = bytes.unsigned16(head + 50) != 0
    glyphCount = bytes.unsigned16(maximums + 4)
    metricCount = bytes.unsigned16(horizontal + 34)
    glyphs = tables["glyf"] ?? 0..<0
    locations = tables["loca"] ?? 0..<0
    metrics = tables["hmtx"] ?? 0..<0
    characterMap = CharacterMap(bytes, at: tables["cmap"]?.lowerBound ?? count)
  }

  /// Zero, which is the box of missing characters, for what the font doesn't have.
  func glyph(for scalar: Unicode.Scalar) -> Int {
    let glyph = characterMap.glyph(for: scalar.value)
    return glyph < glyphCount ? glyph : 0
  }

  /// In units of the font.
  func metrics(of glyph: Int) -> (advance: Int, leftBearing: Int) {
    guard metricCount > 0 else { return (0, 0) }
    guard glyph >= metricCount else {
      let offset = metrics.lowerBound + 4 * glyph
      return (bytes.unsigned16(offset), bytes.unsigned16(offset + 2))
    }
    // The last advance stands for all after it.
    let last = metrics.lowerBound + 4 * (metricCount - 1)
    return (bytes.unsigned16(last), bytes.unsigned16(last + 4 + 2 * (glyph - metricCount)))
  }

  /// In thousandths of the text's size, as PDF counts.
  func thousandths(_ units: Int) -> Int { (units * 2_000 + unitsPerEm) / (2 * unitsPerEm) }

  /// Empty for glyphs without ink.
  func outline(of glyph: Int) -> [UInt8] {
    guard glyph < glyphCount else { return [] }
    let start: Int
    let end: Int
    if hasLongLocations {
      start = bytes.unsigned32(locations.lowerBound + 4 * glyph)
      end = bytes.unsigned32(locations.lowerBound + 4 * glyph + 4)
    } else {
      start = 2 * bytes.unsigned16(locations.lowerBound + 2 * glyph)
      end = 2 * bytes.unsigned16(locations.lowerBound + 2 * glyph + 2)
    }
    guard start < end, end <= glyphs.count else { return [] }
    return Array(bytes[glyphs.lowerBound + start..<glyphs.lowerBound + end])
  }

  /// Absent when the font has none such.
  func table(_ tag: String) -> [UInt8]? { tables[tag].map { Array(bytes[$0]) } }

  /// In thousandths of the text's size.
  var bounds: (left: Int, bottom: Int, right: Int, top: Int) {
    let head = tables["head"]?.lowerBound ?? bytes.count
    func value(_ offset: Int) -> Int { bytes.signed16(head + offset) * 1_000 / unitsPerEm }
    return (value(36), value(38), value(40), value(42))
  }

  /// In thousandths of the text's size; the descent is negative.
  var ascentAndDescent: (ascent: Int, descent: Int) {
    let horizontal = tables["hhea"]?.lowerBound ?? bytes.count
    return (
      bytes.signed16(horizontal + 4) * 1_000 / unitsPerEm, bytes.signed16(horizontal + 6) * 1_000 / unitsPerEm
    )
  }
}

/// `cmap`, of which formats 4 (the basic plane) and 12 (all of Unicode) are read.
private struct CharacterMap: Sendable {
  private let bytes: FontBytes
  private var segments: Int?
  private var groups: Int?

  init(_ bytes: FontBytes, at table: Int) {
    self.bytes = bytes
    for index in 0..<bytes.unsigned16(table + 2) {
      let entry = table + 4 + 8 * index
      let platform = bytes.unsigned16(entry)
      guard platform == 0 || platform == 3 else { continue }
      let subtable = table + bytes.unsigned32(entry + 4)
      switch bytes.unsigned16(subtable) {
      case 4: segments = segments ?? subtable
      case 12: groups = groups ?? subtable
      default: break
      }
    }
  }

  func glyph(for scalar: UInt32) -> Int {
    let scalar = Int(scalar)
    if let groups {
      let index = firstIndex(below: bytes.unsigned32(groups + 12)) {
        bytes.unsigned32(groups + 16 + 12 * $0 + 4) >= scalar
      }
      guard let index else { return 0 }
      let group = groups + 16 + 12 * index
      let first = bytes.unsigned32(group)
      return first <= scalar ? bytes.unsigned32(group + 8) + scalar - first : 0
    }
    guard let segments, scalar < 0x1_0000 else { return 0 }
    let count = bytes.unsigned16(segments + 6) / 2
    let ends = segments + 14
    guard let index = firstIndex(below: count, where: { bytes.unsigned16(ends + 2 * $0) >= scalar }) else { return 0 }
    let starts = ends + 2 * count + 2
    let start = bytes.unsigned16(starts + 2 * index)
    guard start <= scalar else { return 0 }
    let delta = bytes.unsigned16(starts + 2 * count + 2 * index)
    let rangeOffset = starts + 4 * count + 2 * index
    let offset = bytes.unsigned16(rangeOffset)
    guard offset != 0 else { return (scalar + delta) & 0xFFFF }
    let glyph = bytes.unsigned16(rangeOffset + offset + 2 * (scalar - start))
    return glyph == 0 ? 0 : (glyph + delta) & 0xFFFF
  }

  /// Of indices for which `isMet` is false, then true.
  private func firstIndex(below count: Int, where isMet: (Int) -> Bool) -> Int? {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isMet(middle) { high = middle } else { low = middle + 1 }
    }
    return low < count ? low : nil
  }
}

/// Big-endian numbers of a file that lives as long as the program.
private struct FontBytes: Sendable {
  // INVARIANT: never written to, never freed.
  nonisolated(unsafe) private let start: UnsafePointer<UInt8>
  let count: Int

  init(start: UnsafePointer<UInt8>, count: Int) { (self.start, self.count) = (start, count) }

  subscript(range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
    let range = range.clamped(to: 0..<count)
    return UnsafeBufferPointer(start: start + range.lowerBound, count: range.count)
  }

  func unsigned16(_ offset: Int) -> Int {
    guard offset >= 0, offset + 2 <= count else { return 0 }
    return Int(start[offset]) << 8 | Int(start[offset + 1])
  }

  func signed16(_ offset: Int) -> Int { Int(Int16(truncatingIfNeeded: unsigned16(offset))) }

  func unsigned32(_ offset: Int) -> Int { unsigned16(offset) << 16 | unsigned16(offset + 2) }
}

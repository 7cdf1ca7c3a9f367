/// A font file with some of a font's glyphs: what a PDF reader needs of it, and no more (PDF 32000-1, 9.9).
enum TrueTypeSubset {
  /// The glyphs in the order of `outlines`; parts of composite ones follow.
  static func file(_ subset: FontSubset) -> [UInt8] {
    let font = subset.font
    var outlines = subset.outlines
    var places: [Int: Int] = [:]
    for (place, outline) in outlines.enumerated() where places[outline] == nil { places[outline] = place }

    var glyphs: [UInt8] = []
    var locations: [UInt8] = []
    var metrics: [UInt8] = []
    var index = 0
    // A part that is met for the first time is appended, and its own parts are found when its turn comes.
    while index < outlines.count {
      var glyph = font.outline(of: outlines[index])
      forEachPart(of: glyph) { offset, part in
        var place = places[part] ?? 0
        if places[part] == nil, outlines.count < 0xFFFF {
          place = outlines.count
          places[part] = place
          outlines.append(part)
        }
        glyph[offset] = UInt8(place >> 8)
        glyph[offset + 1] = UInt8(place & 0xFF)
      }
      locations.appendUnsigned32(glyphs.count)
      glyphs += glyph
      glyphs.pad(to: 4)
      let (advance, bearing) = font.metrics(of: outlines[index])
      metrics.appendUnsigned16(advance)
      metrics.appendUnsigned16(bearing)
      index += 1
    }
    locations.appendUnsigned32(glyphs.count)

    var tables: [(tag: String, bytes: [UInt8])] = []
    for tag in ["cvt ", "fpgm", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "prep"] {
      switch tag {
      case "glyf": tables.append((tag, glyphs))
      case "loca": tables.append((tag, locations))
      case "hmtx": tables.append((tag, metrics))
      default:
        guard var table = font.table(tag) else { continue }
        switch tag {
        case "head":
          table.setUnsigned32(0, at: 8)
          table.setUnsigned16(1, at: 50)
        case "hhea": table.setUnsigned16(outlines.count, at: 34)
        case "maxp": table.setUnsigned16(outlines.count, at: 4)
        default: break
        }
        tables.append((tag, table))
      }
    }
    return file(tables)
  }

  /// Calls `body` with the places of a composite glyph's parts' numbers, and the numbers.
  private static func forEachPart(of glyph: [UInt8], _ body: (_ offset: Int, _ part: Int) -> Void) {
    func unsigned16(_ offset: Int) -> Int { Int(glyph[offset]) << 8 | Int(glyph[offset + 1]) }
    guard glyph.count >= 10, glyph[0] & 0x80 != 0 else { return }
    var offset = 10
    while offset + 4 <= glyph.count {
      let flags = unsigned16(offset)
      body(offset + 2, unsigned16(offset + 2))
      guard flags & 0x0020 != 0 else { return }
      offset += flags & 0x0001 != 0 ? 8 : 6
      if flags & 0x0008 != 0 {
        offset += 2
      } else if flags & 0x0040 != 0 {
        offset += 4
      } else if flags & 0x0080 != 0 {
        offset += 8
      }
    }
  }

  private static func file(_ tables: [(tag: String, bytes: [UInt8])]) -> [UInt8] {
    var file: [UInt8] = []
    var selector = 0
    while 2 << selector <= tables.count { selector += 1 }
    file.appendUnsigned32(0x0001_0000)
    file.appendUnsigned16(tables.count)
    file.appendUnsigned16(16 << selector)
    file.appendUnsigned16(selector)
    file.appendUnsigned16(16 * (tables.count - (1 << selector)))
    var offset = 12 + 16 * tables.count
    var head: Int?
    for (tag, bytes) in tables {
      if tag == "head" { head = offset }
      file += Array(tag.utf8)
      file.appendUnsigned32(Int(checksum(bytes)))
      file.appendUnsigned32(offset)
      file.appendUnsigned32(bytes.count)
      offset += (bytes.count + 3) & ~3
    }
    for (_, bytes) in tables {
      file += bytes
      file.pad(to: 4)
    }
    if let head { file.setUnsigned32(Int(0xB1B0_AFBA &- checksum(file)), at: head + 8) }
    return file
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var sum: UInt32 = 0
    for (index, byte) in bytes.enumerated() { sum &+= UInt32(byte) << (24 - 8 * UInt32(index & 3)) }
    return sum
  }
}

extension [UInt8] {
  fileprivate mutating func appendUnsigned16(_ value: Int) {
    append(UInt8(truncatingIfNeeded: value >> 8))
    append(UInt8(truncatingIfNeeded: value))
  }

  fileprivate mutating func appendUnsigned32(_ value: Int) {
    appendUnsigned16(value >> 16)
    appendUnsigned16(value)
  }

  /// Nothing when there is no such place.
  fileprivate mutating func setUnsigned16(_ value: Int, at offset: Int) {
    guard offset + 2 <= count else { return }
    self[offset] = UInt8(truncatingIfNeeded: value >> 8)
    self[offset + 1] = UInt8(truncatingIfNeeded: value)
  }

  fileprivate mutating func setUnsigned32(_ value: Int, at offset: Int) {
    setUnsigned16(value >> 16, at: offset)
    setUnsigned16(value, at: offset + 2)
  }

  fileprivate mutating func pad(to multiple: Int) {
    while count % multiple != 0 { append(0) }
  }
}

/// The way back from a subset's glyphs to text (PDF 32000-1, 9.10.3).
enum ToUnicode {
  // A CMap's block has at most a hundred lines.
  private static let blockSize = 100

  static func map(_ scalars: [Unicode.Scalar?]) -> [UInt8] {
    var map: [UInt8] = []
    map.append(
      """
      /CIDInit /ProcSet findresource begin
      12 dict begin
      begincmap
      /CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
      /CMapName /Adobe-Identity-UCS def
      /CMapType 2 def
      1 begincodespacerange
      <0000> <FFFF>
      endcodespacerange

      """)
    let known = scalars.enumerated().compactMap { index, scalar in scalar.map { (UInt16(clamping: index), $0) } }
    for start in stride(from: 0, to: known.count, by: blockSize) {
      let block = known[start..<min(start + blockSize, known.count)]
      map.append(block.count)
      map.append(" beginbfchar\n")
      for (number, scalar) in block {
        map.append("<")
        map.appendHexadecimal(number)
        map.append("> <")
        for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter { map.appendHexadecimal(unit) }
        map.append(">\n")
      }
      map.append("endbfchar\n")
    }
    map.append("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
    return map
  }
}

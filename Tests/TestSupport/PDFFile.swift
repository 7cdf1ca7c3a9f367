import CZlib

/// A PDF file as a reader sees it: found through its table of objects, its texts through their fonts' ToUnicode maps.
/// Reads what our writer writes, and is strict about it.
public struct PDFFile {
  public struct Problem: Error, CustomStringConvertible {
    public var description: String
  }

  /// A text on a page, and where it starts; places count from the lower left corner.
  public struct Text: Equatable {
    public var x: Double
    public var y: Double
    public var text: String
  }

  public let bytes: [UInt8]
  /// By number; the first stands for none.
  public private(set) var objects: [[UInt8]] = [[]]
  private var maps: [String: [UInt16: String]] = [:]

  public init(_ bytes: [UInt8]) throws {
    self.bytes = bytes
    let ending = String(decoding: bytes.suffix(64), as: UTF8.self).split(separator: "\n")
    guard bytes.starts(with: Array("%PDF-1.7\n".utf8)), ending.suffix(3).first == "startxref", ending.last == "%%EOF",
      let start = Int(ending[ending.count - 2]), start < bytes.count
    else { throw Problem(description: "no head or no end") }
    var lines = bytes[start...].split(separator: 0x0A, omittingEmptySubsequences: false).makeIterator()
    func line() -> String { String(decoding: lines.next() ?? [], as: UTF8.self) }
    guard line() == "xref", let count = Int(line().dropFirst(2)), line() == "0000000000 65535 f " else {
      throw Problem(description: "no table of objects at \(start)")
    }
    for number in 1..<count {
      let entry = line()
      guard entry.utf8.count == 19, entry.hasSuffix(" 00000 n "), let offset = Int(entry.prefix(10)),
        bytes.count > offset, bytes[offset...].starts(with: Array("\(number) 0 obj\n".utf8))
      else { throw Problem(description: "entry \(number): \(entry)") }
      let content = offset + "\(number) 0 obj\n".utf8.count
      guard let end = Self.endOfObject(bytes, from: content) else {
        throw Problem(description: "object \(number) has no end")
      }
      objects.append(Array(bytes[content..<end]))
    }
    guard line() == "trailer", line().hasPrefix("<< /Size \(count) ") else { throw Problem(description: "no trailer") }
    let catalog = dictionary(try reference("/Root", in: String(decoding: bytes[start...], as: UTF8.self)))
    let tree = dictionary(try reference("/Pages", in: catalog))
    for (name, font) in Self.references(dictionary(try reference("/Font", in: tree))) {
      maps[name] = try Self.map(try stream(try reference("/ToUnicode", in: dictionary(font))))
    }
  }

  private static func endOfObject(_ bytes: [UInt8], from start: Int) -> Int? {
    var index = start
    // A stream's length says where to look.
    if let dictionary = dictionaryEnd(bytes, from: start), bytes[dictionary...].starts(with: Array("\nstream\n".utf8)),
      let length = number("/Length ", in: String(decoding: bytes[start..<dictionary], as: UTF8.self))
    {
      index = dictionary + 8 + length
      guard bytes.count > index, bytes[index...].starts(with: Array("\nendstream\nendobj\n".utf8)) else { return nil }
      return index + 10
    }
    let end = Array("\nendobj\n".utf8)
    while index < bytes.count {
      if bytes[index] == 0x0A, bytes[index...].starts(with: end) { return index }
      index += 1
    }
    return nil
  }

  private static func dictionaryEnd(_ bytes: [UInt8], from start: Int) -> Int? {
    guard let line = bytes[start...].firstIndex(of: 0x0A), line > start + 1, bytes[line - 1] == UInt8(ascii: ">") else {
      return nil
    }
    return line
  }

  private static func number(_ key: String, in text: String) -> Int? {
    guard let place = range(of: key, in: text) else { return nil }
    return Int(text[place...].prefix { $0.isNumber })
  }

  /// The index after the first occurrence.
  private static func range(of needle: String, in text: String) -> String.Index? {
    var index = text.startIndex
    while index < text.endIndex {
      if text[index...].hasPrefix(needle) { return text.index(index, offsetBy: needle.count) }
      index = text.index(after: index)
    }
    return nil
  }

  public func reference(_ key: String, in dictionary: String) throws -> Int {
    guard let object = Self.number(key + " ", in: dictionary), objects.indices.contains(object) else {
      throw Problem(description: "no \(key) in \(dictionary.prefix(200))")
    }
    return object
  }

  /// `/F0 7 0 R`.
  private static func references(_ dictionary: String) -> [(name: String, object: Int)] {
    let words = dictionary.split(separator: " ")
    return words.indices.filter { words[$0].hasPrefix("/") && $0 + 3 < words.count && words[$0 + 3] == "R" }
      .compactMap { index in Int(words[index + 1]).map { (String(words[index]), $0) } }
  }

  public func dictionary(_ object: Int) -> String {
    let bytes = objects[object]
    let end = Self.dictionaryEnd(bytes, from: 0) ?? bytes.count
    return String(decoding: bytes[..<end], as: UTF8.self)
  }

  /// Inflated.
  public func stream(_ object: Int) throws -> [UInt8] {
    let bytes = objects[object]
    guard let end = Self.dictionaryEnd(bytes, from: 0), bytes.count >= end + 18 else {
      throw Problem(description: "object \(object) is no stream")
    }
    var input = Array(bytes[(end + 8)..<(bytes.count - 10)])
    var stream = z_stream()
    guard inflateInit_(&stream, zlibVersion(), Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw Problem(description: "no memory")
    }
    defer { inflateEnd(&stream) }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    var status = Z_OK
    try input.withUnsafeMutableBufferPointer { input in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      while status == Z_OK {
        let produced = buffer.withUnsafeMutableBufferPointer { buffer in
          stream.next_out = buffer.baseAddress
          stream.avail_out = UInt32(buffer.count)
          status = inflate(&stream, Z_NO_FLUSH)
          return buffer.count - Int(stream.avail_out)
        }
        output += buffer[..<produced]
      }
      guard status == Z_STREAM_END, stream.avail_in == 0 else {
        throw Problem(description: "object \(object) doesn't inflate: \(status)")
      }
    }
    return output
  }

  /// Of the pages, in their order: through the tree, whose counts and parents have to be right.
  public func pages() throws -> [Int] {
    let catalog = dictionary(try reference("/Root", in: String(decoding: bytes.suffix(256), as: UTF8.self)))
    return try leaves(of: try reference("/Pages", in: catalog), parent: nil)
  }

  private func leaves(of object: Int, parent: Int?) throws -> [Int] {
    let text = dictionary(object)
    if let parent, try reference("/Parent", in: text) != parent { throw Problem(description: "wrong parent: \(text)") }
    guard text.hasPrefix("<< /Type /Pages ") else { return [object] }
    guard let start = Self.range(of: "/Kids [", in: text), let end = text[start...].firstIndex(of: "]") else {
      throw Problem(description: "no kids: \(text)")
    }
    let words = text[start..<end].split(separator: " ")
    let kids = stride(from: 0, to: words.count, by: 3).compactMap { Int(words[$0]) }
    let leaves = try kids.flatMap { try self.leaves(of: $0, parent: object) }
    guard Self.number("/Count ", in: text) == leaves.count else { throw Problem(description: "wrong count: \(text)") }
    return leaves
  }

  public func texts(ofPage object: Int) throws -> [Text] {
    try texts(inStream: try reference("/Contents", in: dictionary(object)))
  }

  /// What a page's or a form's content shows, in its order.
  public func texts(inStream object: Int) throws -> [Text] {
    let content = try stream(object)
    var texts: [Text] = []
    var operands: [String] = []
    var strings: [[UInt8]] = []
    var font = ""
    var index = 0
    while index < content.count {
      switch content[index] {
      case UInt8(ascii: " "), 0x0A: index += 1
      case UInt8(ascii: "("):
        strings.append(Self.string(content, &index))
      default:
        let start = index
        index += 1
        while index < content.count, !Array(" \n(/".utf8).contains(content[index]) { index += 1 }
        let word = String(decoding: content[start..<index], as: UTF8.self)
        switch word {
        case "Td":
          guard let x = operands.dropLast().last.flatMap(Double.init), let y = operands.last.flatMap(Double.init) else {
            throw Problem(description: "no place: \(operands)")
          }
          texts.append(Text(x: x, y: y, text: ""))
        case "Tf": font = operands.dropLast().last ?? ""
        case "Tj":
          guard let map = maps[font], let string = strings.popLast(), string.count % 2 == 0, !texts.isEmpty else {
            throw Problem(description: "no font \(font), or no string")
          }
          for place in stride(from: 0, to: string.count, by: 2) {
            let number = UInt16(string[place]) << 8 | UInt16(string[place + 1])
            guard let text = map[number] else { throw Problem(description: "\(font) has no \(number)") }
            texts[texts.count - 1].text += text
          }
        default:
          operands.append(word)
          continue
        }
        operands = []
      }
    }
    return texts
  }

  private static func string(_ content: [UInt8], _ index: inout Int) -> [UInt8] {
    var string: [UInt8] = []
    index += 1
    while index < content.count, content[index] != UInt8(ascii: ")") {
      if content[index] == UInt8(ascii: "\\"), index + 1 < content.count {
        index += 1
        string.append(content[index] == UInt8(ascii: "r") ? 0x0D : content[index])
      } else {
        string.append(content[index])
      }
      index += 1
    }
    index += 1
    return string
  }

  private static func map(_ bytes: [UInt8]) throws -> [UInt16: String] {
    var map: [UInt16: String] = [:]
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where line.hasPrefix("<") {
      let words = line.split(separator: " ").map { $0.dropFirst().dropLast() }
      guard words.count == 2, let number = UInt16(words[0], radix: 16), words[0] != "0000" else { continue }
      let digits = Array(words[1])
      let units = stride(from: 0, to: digits.count, by: 4).compactMap { UInt16(String(digits[$0..<$0 + 4]), radix: 16) }
      guard map[number] == nil, !units.isEmpty else { throw Problem(description: "not a map: \(line)") }
      map[number] = String(decoding: units, as: UTF16.self)
    }
    return map
  }
}

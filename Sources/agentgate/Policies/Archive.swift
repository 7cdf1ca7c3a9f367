import CZlib

/// The files of a gzipped tar archive (POSIX ustar with pax headers, and GNU's long names), in the archive's order.
struct Archive {
  struct Entry {
    /// Folders, then the file's name.
    let path: [String]
    let content: ArraySlice<UInt8>
  }

  /// Bytes unpacked: a small file may hold a very large one.
  static let sizeLimit = 512 << 20

  private(set) var entries: [Entry] = []
  private let file: String
  private let bytes: [UInt8]

  init(gzipped bytes: [UInt8], _ file: String) throws(FileProblems) {
    self.file = file
    self.bytes = try Self.inflated(bytes, file)
    try read()
  }

  // MARK: gzip

  private static func inflated(_ input: [UInt8], _ file: String) throws(FileProblems) -> [UInt8] {
    var stream = z_stream()
    // 16: with gzip's header, and no other.
    guard inflateInit2_(&stream, 16 + MAX_WBITS, zlibVersion(), Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw FileProblems(file, "can't be unpacked: no memory")
    }
    defer { inflateEnd(&stream) }
    var output: [UInt8] = []
    var input = input
    let status = input.withUnsafeMutableBufferPointer { source -> Int32 in
      var buffer = [UInt8](repeating: 0, count: 65_536)
      var offset = 0
      while true {
        // zlib counts what is there in 32 bits.
        let available = min(source.count - offset, 1 << 30)
        stream.next_in = source.baseAddress.map { $0 + offset }
        stream.avail_in = UInt32(available)
        let status = buffer.withUnsafeMutableBufferPointer { target in
          stream.next_out = target.baseAddress
          stream.avail_out = UInt32(target.count)
          return inflate(&stream, Z_NO_FLUSH)
        }
        offset += available - Int(stream.avail_in)
        output += buffer[..<(buffer.count - Int(stream.avail_out))]
        guard status == Z_OK, output.count <= sizeLimit else { return status }
      }
    }
    guard output.count <= sizeLimit else {
      throw FileProblems(file, "unpacks to more than \(sizeLimit >> 20) MB")
    }
    guard status == Z_STREAM_END else { throw FileProblems(file, "is no gzipped archive, or a damaged one") }
    return output
  }

  // MARK: tar

  private static let blockSize = 512

  private mutating func read() throws(FileProblems) {
    var offset = 0
    /// What a header in front says of the next file.
    var name: String?
    while offset + Self.blockSize <= bytes.count {
      let header = bytes[offset..<(offset + Self.blockSize)]
      if header.allSatisfy({ $0 == 0 }) { return }
      guard header.dropFirst(257).prefix(5).elementsEqual("ustar".utf8), let size = Self.size(header) else {
        throw damaged
      }
      offset += Self.blockSize
      guard size <= bytes.count - offset else { throw damaged }
      let content = bytes[offset..<(offset + size)]
      offset += (size + Self.blockSize - 1) / Self.blockSize * Self.blockSize
      switch header[header.startIndex + 156] {
      case UInt8(ascii: "L"): name = Self.text(content)
      case UInt8(ascii: "x"): name = Self.paxPath(content) ?? name
      case UInt8(ascii: "0"), 0:
        entries.append(Entry(path: try path(name ?? Self.name(header)), content: content))
        name = nil
      default: name = nil
      }
    }
    // It ends with blocks of zeros, which not all writers bother with.
    guard offset > 0, offset == bytes.count else { throw damaged }
  }

  private var damaged: FileProblems { FileProblems(file, "is no tar archive, or a damaged one") }

  /// The parts of a name, without those that mean nothing.
  private func path(_ name: String) throws(FileProblems) -> [String] {
    let parts = name.split(separator: "/").filter { $0 != "." }.map(String.init)
    guard !parts.isEmpty, !parts.contains("..") else { throw FileProblems(file, "has a file with the path '\(name)'") }
    return parts
  }

  private static func name(_ header: ArraySlice<UInt8>) -> String {
    let prefix = text(header.dropFirst(345).prefix(155))
    let name = text(header.prefix(100))
    return prefix.isEmpty ? name : prefix + "/" + name
  }

  /// Up to the first zero byte.
  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// In octal digits; absent when it isn't.
  private static func size(_ header: ArraySlice<UInt8>) -> Int? {
    Int(text(header.dropFirst(124).prefix(12)).filter { $0 != " " }, radix: 8)
  }

  /// The `path` among a pax header's records, each `LENGTH KEY=VALUE` and a line break.
  private static func paxPath(_ content: ArraySlice<UInt8>) -> String? {
    var rest = content
    while let space = rest.firstIndex(of: UInt8(ascii: " ")) {
      guard let length = Int(String(decoding: rest[..<space], as: UTF8.self)), length > space - rest.startIndex + 1,
        length <= rest.count
      else { return nil }
      let record = rest[(space + 1)..<(rest.startIndex + length - 1)]
      if record.starts(with: "path=".utf8) { return String(decoding: record.dropFirst(5), as: UTF8.self) }
      rest = rest.dropFirst(length)
    }
    return nil
  }
}

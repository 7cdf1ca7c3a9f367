import StrictJSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Reads a JSON document once, from its bytes: keeps the cells of the fields that a program reads, and passes over the
/// rest.
///
/// Takes what every reader takes for valid, and nothing else: where a document is malformed, or has something in it that
/// readers differ about, the scan fails, and whoever asked reads the document with `Value.parse`, which says what is
/// wrong with it or mends it.
struct InputScanner {
  let bytes: UnsafePointer<UInt8>
  let count: Int
  var position = 0
  /// Bytes beyond ASCII are to be checked afterwards.
  var hasMore = false

  private static let depthLimit = 100

  @inline(__always)
  init(_ bytes: UnsafePointer<UInt8>, count: Int) {
    self.bytes = bytes
    self.count = count
  }

  /// For what lies in an array or object that has been scanned, its closing bracket included.
  @inline(__always)
  init(_ bytes: UnsafePointer<UInt8>, within range: Range<Int>) {
    self.bytes = bytes
    count = range.upperBound
    position = range.lowerBound
  }

  // MARK: Documents

  /// Fills `fields`, which are undefined; false when the document isn't for this reader.
  mutating func scan(
    _ shape: UnsafePointer<InputShape.Node>, _ children: UnsafePointer<InputShape.Child>,
    _ names: UnsafePointer<UInt8>, into fields: UnsafeMutablePointer<Cell>
  ) -> Bool {
    // Spans have 32 bits.
    guard count < 1 << 31 else { return false }
    let shape = Shape(nodes: shape, children: children, names: names, fields: fields)
    skipSpace()
    guard value(shape, node: 0, depth: 0) else { return false }
    skipSpace()
    guard position == count else { return false }
    return !hasMore || Self.isUTF8(bytes, count)
  }

  private struct Shape {
    let nodes: UnsafePointer<InputShape.Node>
    let children: UnsafePointer<InputShape.Child>
    let names: UnsafePointer<UInt8>
    let fields: UnsafeMutablePointer<Cell>
  }

  /// A value that the shape has a node for.
  private mutating func value(_ shape: Shape, node: Int32, depth: Int) -> Bool {
    let own = shape.nodes[Int(node)]
    guard position < count, bytes[position] == UInt8(ascii: "{"), !own.children.isEmpty else {
      var cell = skipValue(depth: depth)
      if own.isHashed, cell.tag == .string { cell.hash = CellHash.of(bytes + cell.offset, cell.count) }
      shape.fields[Int(own.first)] = cell
      return cell.isDefined
    }
    let start = position
    guard depth < Self.depthLimit else { return false }
    position += 1
    skipSpace()
    if position < count, bytes[position] == UInt8(ascii: "}") {
      position += 1
    } else {
      while true {
        let key = string()
        guard key.isDefined, colon() else { return false }
        // A key with an escape in it may be any.
        guard key.tag == .string else { return false }
        if let child = child(of: own, shape, key) {
          let below = shape.nodes[Int(child)]
          // Of equal keys the last one counts, with all that is in it.
          if shape.fields[Int(below.first)].isDefined {
            for field in Int(below.first)..<Int(below.end) { shape.fields[field] = .undefined }
          }
          guard value(shape, node: child, depth: depth + 1) else { return false }
        } else {
          guard skipValue(depth: depth + 1).isDefined else { return false }
        }
        guard let isLast = next(UInt8(ascii: "}")) else { return false }
        if isLast { break }
      }
    }
    shape.fields[Int(own.first)] = Cell(.object, offset: start, count: position - start)
    return true
  }

  @inline(__always)
  private func child(of node: InputShape.Node, _ shape: Shape, _ key: Cell) -> Int32? {
    for index in node.children.all {
      let child = shape.children[Int(index)]
      if Int(child.count) == key.count,
        Self.areEqual(shape.names + Int(child.offset), bytes + key.offset, key.count)
      {
        return child.node
      }
    }
    return nil
  }

  // MARK: Values

  /// The value's cell; undefined when it isn't one.
  mutating func skipValue(depth: Int) -> Cell {
    guard position < count else { return .undefined }
    switch bytes[position] {
    case UInt8(ascii: "\""): return string()
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard depth < Self.depthLimit else { return .undefined }
      let isObject = bytes[position] == UInt8(ascii: "{")
      let close = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
      let start = position
      position += 1
      skipSpace()
      if position < count, bytes[position] == close {
        position += 1
      } else {
        while true {
          if isObject { guard string().isDefined, colon() else { return .undefined } }
          guard skipValue(depth: depth + 1).isDefined, let isLast = next(close) else { return .undefined }
          if isLast { break }
        }
      }
      return Cell(isObject ? .object : .array, offset: start, count: position - start)
    case UInt8(ascii: "t"): return literal("true", .true)
    case UInt8(ascii: "f"): return literal("false", .false)
    case UInt8(ascii: "n"): return literal("null", .null)
    default: return number()
    }
  }

  private mutating func literal(_ text: StaticString, _ tag: Cell.Tag) -> Cell {
    let length = text.utf8CodeUnitCount
    guard position + length <= count, Self.areEqual(text.utf8Start, bytes + position, length) else { return .undefined }
    position += length
    return Cell(tag)
  }

  /// A string with its quotes, whose first is the next byte.
  mutating func string() -> Cell {
    guard position < count, bytes[position] == UInt8(ascii: "\"") else { return .undefined }
    let start = position + 1
    var at = start
    var hasEscapes = false
    while true {
      while at + 8 <= count {
        let word = UnsafeRawPointer(bytes + at).loadUnaligned(as: UInt64.self)
        let special =
          Self.zeros(word ^ 0x2222_2222_2222_2222) | Self.zeros(word ^ 0x5C5C_5C5C_5C5C_5C5C)
          | ((word &- 0x2020_2020_2020_2020) & ~word & Self.high) | word & Self.high
        if special != 0 {
          at += special.trailingZeroBitCount >> 3
          break
        }
        at += 8
      }
      guard at < count else { return .undefined }
      let byte = bytes[at]
      if byte == UInt8(ascii: "\"") { break }
      if byte == UInt8(ascii: "\\") {
        guard let length = escape(at) else { return .undefined }
        hasEscapes = true
        at += length
        continue
      }
      if byte < 0x20 { return .undefined }
      if byte >= 0x80 { hasMore = true }
      at += 1
    }
    position = at + 1
    return hasEscapes
      ? Cell(.escaped, offset: start - 1, count: at - start + 2) : Cell(.string, offset: start, count: at - start)
  }

  private static let high: UInt64 = 0x8080_8080_8080_8080

  /// The high bit of the first byte that is zero, and perhaps of some after it.
  @inline(__always)
  private static func zeros(_ word: UInt64) -> UInt64 { (word &- 0x0101_0101_0101_0101) & ~word & high }

  /// The length of the escape sequence; absent when it is none, or half a surrogate pair.
  private func escape(_ at: Int) -> Int? {
    guard at + 1 < count else { return nil }
    switch bytes[at + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return 2
    case UInt8(ascii: "u"):
      guard let unit = unit(at) else { return nil }
      if unit & 0xF800 != 0xD800 { return 6 }
      guard unit < 0xDC00, at + 7 < count, bytes[at + 6] == UInt8(ascii: "\\"), bytes[at + 7] == UInt8(ascii: "u"),
        let low = self.unit(at + 6), low & 0xFC00 == 0xDC00
      else { return nil }
      return 12
    default: return nil
    }
  }

  private func unit(_ at: Int) -> UInt32? {
    guard at + 5 < count else { return nil }
    return UnsafeBufferPointer(start: bytes + at + 2, count: 4).hexadecimalValue
  }

  private mutating func number() -> Cell {
    let start = position
    var at = position
    if at < count, bytes[at] == UInt8(ascii: "-") { at += 1 }
    let first = at
    var value = 0
    while at < count, Self.isDigit(bytes[at]) {
      // Of up to 18 digits nothing is lost.
      value = value &* 10 &+ Int(bytes[at] &- UInt8(ascii: "0"))
      at += 1
    }
    let digits = at - first
    guard digits > 0, digits == 1 || bytes[first] != UInt8(ascii: "0") else { return .undefined }
    var isPlain = digits <= 18 && (first == start || value != 0)
    if at < count, bytes[at] == UInt8(ascii: ".") {
      isPlain = false
      at += 1
      let start = at
      while at < count, Self.isDigit(bytes[at]) { at += 1 }
      guard at > start else { return .undefined }
    }
    if at < count, bytes[at] | 0x20 == UInt8(ascii: "e") {
      isPlain = false
      at += 1
      if at < count, bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-") { at += 1 }
      let start = at
      while at < count, Self.isDigit(bytes[at]) { at += 1 }
      guard at > start else { return .undefined }
    }
    position = at
    return isPlain
      ? Cell(int: first == start ? value : -value) : Cell(.number, offset: start, count: at - start)
  }

  @inline(__always)
  private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

  // MARK: In arrays and objects that have been scanned

  /// Absent at the end.
  @inline(__always)
  mutating func nextElement() -> Cell? {
    guard isBeforeItem() else { return nil }
    return skipValue(depth: 0)
  }

  /// The next name, which may be an escaped one, and its value; absent at the end.
  @inline(__always)
  mutating func nextMember() -> (name: Cell, value: Cell)? {
    guard isBeforeItem() else { return nil }
    let name = string()
    _ = colon()
    return (name, skipValue(depth: 0))
  }

  /// Passes over what stands before an item, a comma included; false at the end.
  @inline(__always)
  private mutating func isBeforeItem() -> Bool {
    skipSpace()
    guard position < count else { return false }
    switch bytes[position] {
    case UInt8(ascii: "]"), UInt8(ascii: "}"): return false
    case UInt8(ascii: ","):
      position += 1
      skipSpace()
    default: break
    }
    return true
  }

  // MARK: Between values

  @inline(__always)
  mutating func skipSpace() {
    while position < count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  @inline(__always)
  mutating func colon() -> Bool {
    skipSpace()
    guard position < count, bytes[position] == UInt8(ascii: ":") else { return false }
    position += 1
    skipSpace()
    return true
  }

  /// Passes over what follows a member: true for the end, false for a comma; absent for anything else.
  @inline(__always)
  mutating func next(_ close: UInt8) -> Bool? {
    skipSpace()
    guard position < count else { return nil }
    let byte = bytes[position]
    position += 1
    if byte == close { return true }
    guard byte == UInt8(ascii: ",") else { return nil }
    skipSpace()
    return false
  }

  // MARK: Bytes

  @inline(__always)
  static func areEqual(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    var (x, y) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
    var left = count
    while left >= 8 {
      if x.loadUnaligned(as: UInt64.self) != y.loadUnaligned(as: UInt64.self) { return false }
      x += 8
      y += 8
      left -= 8
    }
    while left > 0 {
      if x.load(as: UInt8.self) != y.load(as: UInt8.self) { return false }
      x += 1
      y += 1
      left -= 1
    }
    return true
  }

  /// Whether the part is somewhere in the text.
  static func contains(_ text: UnsafePointer<UInt8>, _ count: Int, _ part: UnsafePointer<UInt8>, _ length: Int) -> Bool
  {
    if length == 0 { return true }
    var at = text
    let last = text + count - length
    while at <= last {
      guard let found = memchr(at, Int32(part[0]), last - at + 1) else { return false }
      at = UnsafePointer(found.assumingMemoryBound(to: UInt8.self))
      if areEqual(at, part, length) { return true }
      at += 1
    }
    return false
  }

  /// RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF.
  private static func isUTF8(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    var decoder = UTF8()
    var iterator = UnsafeBufferPointer(start: bytes, count: count).makeIterator()
    while true {
      switch decoder.decode(&iterator) {
      case .scalarValue: continue
      case .emptyInput: return true
      case .error: return false
      }
    }
  }
}

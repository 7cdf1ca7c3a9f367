import CPrimitives
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
  /// Zeros that have to follow the text: no part of a document can be one, so that the end needs no looking for, and
  /// reading some bytes at a time doesn't go beyond what is there.
  static let padding = 32

  let bytes: UnsafePointer<UInt8>
  var position = 0
  /// Not 0 when there are bytes beyond ASCII, which are to be checked afterwards.
  private var high: UInt32 = 0

  /// Fits the bits of a word, one a level.
  private static let depthLimit = 64

  @inline(__always)
  init(_ bytes: UnsafePointer<UInt8>) { self.bytes = bytes }

  /// For what lies in an array or object that has been scanned, its closing bracket included.
  @inline(__always)
  init(_ bytes: UnsafePointer<UInt8>, at position: Int) {
    self.bytes = bytes
    self.position = position
  }

  // MARK: Documents

  /// Fills `fields`, which are undefined; false when the document isn't for this reader.
  mutating func scan(
    _ shape: UnsafePointer<InputShape.Node>, _ children: UnsafePointer<InputShape.Child>,
    _ names: UnsafePointer<UInt8>, count: Int, into fields: UnsafeMutablePointer<Cell>
  ) -> Bool {
    // Spans have 32 bits.
    guard count < 1 << 31 else { return false }
    let shape = Shape(nodes: shape, children: children, names: names, fields: fields)
    skipSpace()
    guard value(shape, node: 0, depth: 0) else { return false }
    skipSpace()
    guard position == count else { return false }
    return high == 0 || Self.isUTF8(bytes, count)
  }

  private struct Shape {
    let nodes: UnsafePointer<InputShape.Node>
    let children: UnsafePointer<InputShape.Child>
    let names: UnsafePointer<UInt8>
    let fields: UnsafeMutablePointer<Cell>
  }

  /// A value that the shape has a node for.
  private mutating func value(_ shape: Shape, node: Int32, depth: Int) -> Bool {
    let own = shape.nodes + Int(node)
    let field = Int(own.pointee.field)
    guard bytes[position] == UInt8(ascii: "{"), !own.pointee.children.isEmpty else {
      var cell = skipValue(depth: depth)
      if own.pointee.isHashed, cell.tag == .string { cell.hash = CellHash.of(bytes + cell.offset, cell.count) }
      shape.fields[field] = cell
      return cell.isDefined
    }
    let start = position
    guard depth < Self.depthLimit else { return false }
    position &+= 1
    skipSpace()
    if bytes[position] == UInt8(ascii: "}") {
      position &+= 1
    } else {
      while true {
        let key = string()
        // A key with an escape in it may be any.
        guard key.tag == .string, colon() else { return false }
        if let child = child(of: own, shape, key) {
          // Of equal keys the last one counts, with all that is in it.
          if shape.fields[Int(shape.nodes[Int(child)].field)].isDefined { Self.forget(shape, child) }
          guard value(shape, node: child, depth: depth &+ 1) else { return false }
        } else {
          guard skipValue(depth: depth &+ 1).isDefined else { return false }
        }
        guard let isLast = next(UInt8(ascii: "}")) else { return false }
        if isLast { break }
      }
    }
    shape.fields[field] = Cell(.object, offset: start, count: position &- start)
    return true
  }

  private static func forget(_ shape: Shape, _ node: Int32) {
    let own = shape.nodes[Int(node)]
    shape.fields[Int(own.field)] = .undefined
    for child in own.children.all { forget(shape, shape.children[Int(child)].node) }
  }

  @inline(__always)
  private func child(of node: UnsafePointer<InputShape.Node>, _ shape: Shape, _ key: Cell) -> Int32? {
    var child = shape.children + Int(node.pointee.children.lowerBound)
    let end = shape.children + Int(node.pointee.children.upperBound)
    while child < end {
      if Int(child.pointee.count) == key.count,
        Self.areEqual(shape.names + Int(child.pointee.offset), bytes + key.offset, key.count)
      {
        return child.pointee.node
      }
      child += 1
    }
    return nil
  }

  // MARK: Values

  /// The value's cell; undefined when it isn't one.
  @inline(__always)
  mutating func skipValue(depth: Int) -> Cell {
    let byte = bytes[position]
    return byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") ? skipCollection(depth: depth) : scalar()
  }

  @inline(__always)
  private mutating func scalar() -> Cell {
    switch bytes[position] {
    case UInt8(ascii: "\""): string()
    case UInt8(ascii: "t"): literal(0x6575_7274, at: position, length: 4, .true)
    case UInt8(ascii: "f"): literal(0x6573_6C61, at: position &+ 1, length: 5, .false)
    case UInt8(ascii: "n"): literal(0x6C6C_756E, at: position, length: 4, .null)
    default: number()
    }
  }

  /// Four of the literal's letters, as they lie in memory.
  @inline(__always)
  private mutating func literal(_ letters: UInt32, at start: Int, length: Int, _ tag: Cell.Tag) -> Cell {
    let found = UnsafeRawPointer(bytes + start).loadUnaligned(as: UInt32.self)
    guard UInt32(littleEndian: found) == letters else { return .undefined }
    position &+= length
    return Cell(tag)
  }

  /// An array or object with all that is in it.
  private mutating func skipCollection(depth: Int) -> Cell {
    let start = position
    var isObject = bytes[position] == UInt8(ascii: "{")
    let tag: Cell.Tag = isObject ? .object : .array
    /// A bit for each bracket that is open: 1 for an object's.
    var open: UInt64 = 0
    var level = 0
    opening: while true {
      guard depth &+ level < Self.depthLimit else { return .undefined }
      open = open << 1 | (isObject ? 1 : 0)
      level &+= 1
      position &+= 1
      skipSpace()
      var isClosed = bytes[position] == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"))
      if isClosed { position &+= 1 }
      while true {
        if isClosed {
          level &-= 1
          open >>= 1
          if level == 0 { return Cell(tag, offset: start, count: position &- start) }
          isObject = open & 1 == 1
        } else {
          if isObject { guard string().isDefined, colon() else { return .undefined } }
          switch bytes[position] {
          case UInt8(ascii: "{"):
            isObject = true
            continue opening
          case UInt8(ascii: "["):
            isObject = false
            continue opening
          default: guard scalar().isDefined else { return .undefined }
          }
        }
        guard let isLast = next(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { return .undefined }
        isClosed = isLast
      }
    }
  }

  /// A string with its quotes, whose first is the next byte.
  @inline(__always)
  mutating func string() -> Cell {
    guard bytes[position] == UInt8(ascii: "\"") else { return .undefined }
    let start = position &+ 1
    let mask = primitives_string_mask(bytes + start)
    // With a bit beyond, so that there is always one.
    let length = (mask & 0xFFFF | 0x1_0000).trailingZeroBitCount
    guard bytes[start &+ length] == UInt8(ascii: "\""), length < 16 else { return longString(start) }
    high |= mask >> 16 & (1 << UInt32(truncatingIfNeeded: length) &- 1)
    position = start &+ length &+ 1
    return Cell(.string, offset: start, count: length)
  }

  /// The same for what has more than 15 bytes, or an escape in it.
  @inline(never)
  private mutating func longString(_ start: Int) -> Cell {
    var at = start
    var hasEscapes = false
    while true {
      let mask = primitives_string_mask(bytes + at)
      let length = (mask & 0xFFFF | 0x1_0000).trailingZeroBitCount
      high |= mask >> 16 & (1 << UInt32(truncatingIfNeeded: length) &- 1)
      at &+= length
      if length == 16 { continue }
      if bytes[at] == UInt8(ascii: "\"") { break }
      guard bytes[at] == UInt8(ascii: "\\"), let length = escape(at) else { return .undefined }
      hasEscapes = true
      at &+= length
    }
    position = at &+ 1
    return hasEscapes
      ? Cell(.escaped, offset: start - 1, count: at - start + 2) : Cell(.string, offset: start, count: at - start)
  }

  /// The length of the escape sequence; absent when it is none, or half a surrogate pair.
  private func escape(_ at: Int) -> Int? {
    switch bytes[at + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return 2
    case UInt8(ascii: "u"):
      guard let unit = unit(at) else { return nil }
      if unit & 0xF800 != 0xD800 { return 6 }
      guard unit < 0xDC00, bytes[at + 6] == UInt8(ascii: "\\"), bytes[at + 7] == UInt8(ascii: "u"),
        let low = self.unit(at + 6), low & 0xFC00 == 0xDC00
      else { return nil }
      return 12
    default: return nil
    }
  }

  private func unit(_ at: Int) -> UInt32? {
    UnsafeBufferPointer(start: bytes + at + 2, count: 4).hexadecimalValue
  }

  private mutating func number() -> Cell {
    let start = position
    var at = position
    if bytes[at] == UInt8(ascii: "-") { at &+= 1 }
    let first = at
    var value = 0
    while Self.isDigit(bytes[at]) {
      // Of up to 18 digits nothing is lost.
      value = value &* 10 &+ Int(bytes[at] &- UInt8(ascii: "0"))
      at &+= 1
    }
    let digits = at &- first
    guard digits > 0, digits == 1 || bytes[first] != UInt8(ascii: "0") else { return .undefined }
    if bytes[at] == UInt8(ascii: ".") || bytes[at] | 0x20 == UInt8(ascii: "e") { return decimal(start, at) }
    position = at
    return digits <= 18 && (first == start || value != 0)
      ? Cell(int: first == start ? value : 0 &- value) : Cell(.number, offset: start, count: at &- start)
  }

  /// A number whose digits before point or exponent end at `at`.
  @inline(never)
  private mutating func decimal(_ start: Int, _ at: Int) -> Cell {
    var at = at
    if bytes[at] == UInt8(ascii: ".") {
      at += 1
      let start = at
      while Self.isDigit(bytes[at]) { at += 1 }
      guard at > start else { return .undefined }
    }
    if bytes[at] | 0x20 == UInt8(ascii: "e") {
      at += 1
      if bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-") { at += 1 }
      let start = at
      while Self.isDigit(bytes[at]) { at += 1 }
      guard at > start else { return .undefined }
    }
    position = at
    return Cell(.number, offset: start, count: at - start)
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
    switch bytes[position] {
    case UInt8(ascii: "]"), UInt8(ascii: "}"): return false
    case UInt8(ascii: ","):
      position &+= 1
      skipSpace()
    default: break
    }
    return true
  }

  // MARK: Between values

  @inline(__always)
  mutating func skipSpace() {
    while bytes[position] <= 0x20 {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position &+= 1
      default: return
      }
    }
  }

  @inline(__always)
  mutating func colon() -> Bool {
    if bytes[position] != UInt8(ascii: ":") {
      skipSpace()
      guard bytes[position] == UInt8(ascii: ":") else { return false }
    }
    position &+= 1
    skipSpace()
    return true
  }

  /// Passes over what follows a member: true for the end, false for a comma; absent for anything else.
  @inline(__always)
  mutating func next(_ close: UInt8) -> Bool? {
    skipSpace()
    let byte = bytes[position]
    if byte == close {
      position &+= 1
      return true
    }
    guard byte == UInt8(ascii: ",") else { return nil }
    position &+= 1
    skipSpace()
    return false
  }

  // MARK: Bytes

  @inline(__always)
  static func areEqual(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    let (x, y) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
    // The last word of several may have bytes of the one before.
    if count >= 8 {
      var at = 0
      while at &+ 8 < count {
        if x.loadUnaligned(fromByteOffset: at, as: UInt64.self) != y.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        {
          return false
        }
        at &+= 8
      }
      return x.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
        == y.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
    }
    if count >= 4 {
      return x.loadUnaligned(as: UInt32.self) == y.loadUnaligned(as: UInt32.self)
        && x.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
          == y.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
    }
    return count <= 0
      || x.load(as: UInt8.self) == y.load(as: UInt8.self)
        && x.load(fromByteOffset: count >> 1, as: UInt8.self) == y.load(fromByteOffset: count >> 1, as: UInt8.self)
        && x.load(fromByteOffset: count &- 1, as: UInt8.self) == y.load(fromByteOffset: count &- 1, as: UInt8.self)
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

/// Builtins that the machine computes from cells, for the operands that they are mostly given. For others, errors among
/// them, it asks the builtin itself.
enum NativeBuiltin: UInt8 {
  case none
  case plus
  case minus
  case times
  case count
  case lower
  case upper
  case cidrContains

  init(_ builtin: Text) {
    switch builtin.string {
    case "plus": self = .plus
    case "minus": self = .minus
    case "mul": self = .times
    case "count": self = .count
    case "lower": self = .lower
    case "upper": self = .upper
    case "net.cidr_contains": self = .cidrContains
    default: self = .none
    }
  }

  var operandCount: Int {
    switch self {
    case .none: 0
    case .count, .lower, .upper: 1
    case .plus, .minus, .times, .cidrContains: 2
    }
  }
}

extension Machine {
  /// Undefined when an operand is, or the result.
  @inline(never)
  mutating func native(_ place: UnsafePointer<Program.Instruction>) throws(EvaluationError) -> Cell {
    let it = place.pointee
    let (a, b) = (cell(it.c), cell(it.d))
    guard a.isDefined, b.isDefined else { return .undefined }
    let builtin = program.pointee.natives[Int(it.b)]
    let value = native(builtin, a, b)
    if value.isDefined { return value }
    let arguments = builtin.operandCount == 1 ? [self.value(a)] : [self.value(a), self.value(b)]
    return try call(it.b, arguments, at: place)
  }

  /// Undefined when the builtin itself has to be asked.
  private mutating func native(_ builtin: NativeBuiltin, _ a: Cell, _ b: Cell) -> Cell {
    switch builtin {
    case .none: return .undefined
    case .plus, .minus, .times:
      guard a.tag == .int, b.tag == .int else { return .undefined }
      let (result, overflows) =
        switch builtin {
        case .plus: a.int.addingReportingOverflow(b.int)
        case .minus: a.int.subtractingReportingOverflow(b.int)
        default: a.int.multipliedReportingOverflow(by: b.int)
        }
      return overflows ? .undefined : Cell(int: result)
    case .count: return count(of: a)
    case .lower, .upper: return inCase(a, isUpper: builtin == .upper)
    case .cidrContains:
      guard a.tag == .string, b.tag == .string, let (network, prefix) = block(a), let address = address(b) else {
        return .undefined
      }
      let mask: UInt32 = prefix == 0 ? 0 : .max << UInt32(32 - prefix)
      return Cell(boolean: (network ^ address) & mask == 0)
    }
  }

  private mutating func count(of cell: Cell) -> Cell {
    switch cell.tag {
    case .string:
      var count = 0
      for byte in UnsafeBufferPointer(start: bytes(of: cell), count: cell.count) where byte & 0xC0 != 0x80 {
        count += 1
      }
      return Cell(int: count)
    case .constant:
      let node = nodes[cell.index]
      return node.kind == .number ? .undefined : Cell(int: Int(node.count))
    case .boxed:
      switch boxed(cell.index) {
      case .array(let items): return Cell(int: items.count)
      case .set(let set): return Cell(int: set.count)
      case .object(let object): return Cell(int: object.count)
      default: return .undefined
      }
    case .array:
      var elements = elements(of: cell)
      var count = 0
      while elements.nextElement() != nil { count += 1 }
      return Cell(int: count)
    default: return .undefined
    }
  }

  /// Of texts in ASCII.
  private mutating func inCase(_ cell: Cell, isUpper: Bool) -> Cell {
    guard cell.tag == .string else { return .undefined }
    let text = UnsafeBufferPointer(start: bytes(of: cell), count: cell.count)
    let first = isUpper ? UInt8(ascii: "a") : UInt8(ascii: "A")
    var changes = false
    for byte in text {
      if byte >= 0x80 { return .undefined }
      changes = changes || byte &- first < 26
    }
    if !changes { return cell }
    var changed = Array(text)
    for index in changed.indices where changed[index] &- first < 26 { changed[index] ^= 0x20 }
    return self.cell(of: .string(Text(String(decoding: changed, as: UTF8.self))))
  }

  // MARK: Addresses

  /// An IPv4 address in the form that everybody reads in one way.
  private mutating func address(_ cell: Cell) -> UInt32? {
    var at = 0
    guard let address = Self.address(bytes(of: cell), cell.count, &at), at == cell.count else { return nil }
    return address
  }

  private mutating func block(_ cell: Cell) -> (UInt32, prefix: Int)? {
    let (text, count) = (bytes(of: cell), cell.count)
    var at = 0
    guard let address = Self.address(text, count, &at), at < count, text[at] == UInt8(ascii: "/") else { return nil }
    at += 1
    guard let prefix = Self.number(text, count, &at), at == count, prefix <= 32 else { return nil }
    return (address, prefix)
  }

  private static func address(_ text: UnsafePointer<UInt8>, _ count: Int, _ at: inout Int) -> UInt32? {
    var address: UInt32 = 0
    for part in 0..<4 {
      if part > 0 {
        guard at < count, text[at] == UInt8(ascii: ".") else { return nil }
        at += 1
      }
      guard let number = number(text, count, &at), number < 256 else { return nil }
      address = address << 8 | UInt32(number)
    }
    return address
  }

  /// Up to three digits, without zeros in front.
  private static func number(_ text: UnsafePointer<UInt8>, _ count: Int, _ at: inout Int) -> Int? {
    let start = at
    var value = 0
    while at < count, text[at] &- UInt8(ascii: "0") < 10 {
      value = value * 10 + Int(text[at] - UInt8(ascii: "0"))
      at += 1
      if at - start > 3 { return nil }
    }
    guard at > start, at - start == 1 || text[start] != UInt8(ascii: "0") else { return nil }
    return value
  }
}

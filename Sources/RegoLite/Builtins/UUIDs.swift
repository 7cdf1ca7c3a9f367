extension Builtins {
  enum UUIDs {
    static let rows: [Builtin] = [
      Builtin("uuid.parse", [.string], .object(of: .anything)) { arguments, _ throws(BuiltinError) in
        UUIDFields(try arguments.text(1)).map { .object($0.object) }
      },
      Builtin("uuid.rfc4122", [.string], .string, deterministic: false, random),
    ]

    /// A random one (version 4), the same for the same operand throughout an evaluation.
    private static func random(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let key: Value = ["uuid.rfc4122", arguments.operand(1)]
      if let known = context.memo[key] { return known }
      var bits = UInt128(context.random.next()) << 64 | UInt128(context.random.next())
      bits = bits & ~(0xF << 76) | 4 << 76
      bits = bits & ~(3 << 62) | 2 << 62
      var text = String(bits, radix: 16)
      text = String(repeating: "0", count: 32 - text.utf8.count) + text
      for offset in [20, 16, 12, 8] { text.insert("-", at: text.index(text.startIndex, offsetBy: offset)) }
      context.memo[key] = .string(Text(text))
      return .string(Text(text))
    }
  }
}

/// What a UUID (RFC 9562) says of itself.
private struct UUIDFields {
  private let bytes: [UInt8]

  /// Bare, with hyphens, in braces or as a URN; absent for anything else.
  init?(_ text: Text) {
    var digits = Array(text.utf8)[...]
    switch digits.count {
    case 32, 36: break
    case 38: digits = digits.dropFirst().dropLast()
    case 45:
      guard String(decoding: digits.prefix(9), as: UTF8.self).lowercased() == "urn:uuid:" else { return nil }
      digits = digits.dropFirst(9)
    default: return nil
    }
    var hex = Array(digits)
    if hex.count == 36 {
      for hyphen in [23, 18, 13, 8] {
        guard hex[hyphen] == UInt8(ascii: "-") else { return nil }
        hex.remove(at: hyphen)
      }
    }
    guard hex.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
    bytes = stride(from: 0, to: 32, by: 2).compactMap {
      UInt8(String(decoding: hex[$0..<$0 + 2], as: UTF8.self), radix: 16)
    }
    if bytes.count != 16 { return nil }
  }

  var object: ObjectValue {
    let version = Int(bytes[6] >> 4)
    var fields: [(Value, Value)] = [("version", .int(version)), ("variant", .string(Text(variant)))]
    if version == 1 || version == 2 {
      fields += [
        ("time", .int(unixNanoseconds)),
        ("nodeid", .string(Text(bytes[10...].map(hexPair).joined(separator: "-")))),
        ("macvariables", .string(Text(macVariables))),
        ("clocksequence", .int(Int(bigEndian(8..<10) & 0x3FFF))),
      ]
    }
    if version == 2 {
      fields += [("id", .int(Int(bigEndian(0..<4)))), ("domain", .string(Text(domain)))]
    }
    return ObjectValue(fields)
  }

  private var variant: String {
    switch bytes[8] {
    case 0x80..<0xC0: "RFC4122"
    case 0xC0..<0xE0: "Microsoft"
    case 0xE0...: "Future"
    default: "Reserved"
    }
  }

  /// As OPA computes it, which overflows for times far from now.
  private var unixNanoseconds: Int {
    let ticks = (bigEndian(6..<8) & 0xFFF) << 48 | bigEndian(4..<6) << 32 | bigEndian(0..<4)
    let ticksFrom1582To1970 = 122_192_928_000_000_000
    return (Int(ticks) - ticksFrom1582To1970) &* 100
  }

  private var macVariables: String {
    (bytes[10] & 2 == 0 ? "global" : "local") + ":" + (bytes[10] & 1 == 0 ? "unicast" : "multicast")
  }

  private var domain: String {
    switch bytes[9] {
    case 0: "Person"
    case 1: "Group"
    case 2: "Org"
    case let other: "Domain\(other)"
    }
  }

  private func bigEndian(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
  private func hexPair(_ byte: UInt8) -> String { (byte < 0x10 ? "0" : "") + String(byte, radix: 16) }
}

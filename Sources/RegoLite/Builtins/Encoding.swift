import JOSE

extension Builtins {
  /// Strings as text of other alphabets. Bytes that decode to no UTF-8 become U+FFFD.
  enum Encoding {
    static let rows: [Builtin] = [
      Builtin("base64.encode", [.string], .string) { arguments, context throws(BuiltinError) in
        let bytes = try bytes(arguments, &context)
        return .string(Text(Base64.standard.encode(bytes)))
      },
      Builtin("base64.decode", [.string], .string) { arguments, context throws(BuiltinError) in
        let bytes = try bytes(arguments, &context)
        return .string(Text(repairing: try decode(bytes, .standard)))
      },
      Builtin("base64.is_valid", [.string], .boolean) { arguments, context throws(BuiltinError) in
        guard case .string = arguments.operand(1) else { return false }
        let bytes = try bytes(arguments, &context)
        return .boolean((try? Base64.standard.decode(bytes)) != nil)
      },
      Builtin("base64url.encode", [.string], .string) { arguments, context throws(BuiltinError) in
        let bytes = try bytes(arguments, &context)
        return .string(Text(Base64.url.encode(bytes)))
      },
      Builtin("base64url.encode_no_pad", [.string], .string) { arguments, context throws(BuiltinError) in
        let bytes = try bytes(arguments, &context)
        return .string(Text(Base64.url.encode(bytes, padded: false)))
      },
      Builtin("base64url.decode", [.string], .string, decodeBase64URL),
      Builtin("hex.encode", [.string], .string) { arguments, context throws(BuiltinError) in
        let bytes = try bytes(arguments, &context)
        return .string(Text(bytes.map { hexPair($0) }.joined()))
      },
      Builtin("hex.decode", [.string], .string, decodeHex),
      Builtin("urlquery.encode", [.string], .string) { arguments, context throws(BuiltinError) in
        _ = try bytes(arguments, &context)
        return .string(Text(escape(try arguments.text(1))))
      },
      Builtin("urlquery.decode", [.string], .string) { arguments, context throws(BuiltinError) in
        let bytes = try bytes(arguments, &context)
        return .string(try unescape(bytes[...]))
      },
      Builtin(
        "urlquery.encode_object",
        [.object(of: .any([.string, .array(of: .string), .set(.string)]))], .string, encodeQuery),
      Builtin("urlquery.decode_object", [.string], .object(of: .array(of: .string)), decodeQuery),
    ]

    private static func bytes(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> [UInt8] {
      let bytes = try arguments.utf8(1)
      try context.charge(bytes.count >> 3)
      return bytes
    }

    /// With padding or without.
    private static func decodeBase64URL(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      var bytes = try bytes(arguments, &context)
      if bytes.last != UInt8(ascii: "=") {
        switch bytes.count % 4 {
        case 0: break
        case 1: throw .failure("illegal base64url string: \(try arguments.string(1))")
        case let length: bytes += repeatElement(UInt8(ascii: "="), count: 4 - length)
        }
      }
      return .string(Text(repairing: try decode(bytes, .url)))
    }

    /// Fails with OPA's text.
    static func decode(_ text: [UInt8], _ base64: Base64) throws(BuiltinError) -> [UInt8] {
      do throws(Base64.IllegalByte) {
        return try base64.decode(text)
      } catch {
        throw .failure("illegal base64 data at input byte \(error.offset)")
      }
    }

    private static func hexPair(_ byte: UInt8, uppercase: Bool = false) -> String {
      (byte < 0x10 ? "0" : "") + String(byte, radix: 16, uppercase: uppercase)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
      default: nil
      }
    }

    private static func decodeHex(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let text = try bytes(arguments, &context)
      var digits: [UInt8] = []
      digits.reserveCapacity(text.count)
      for byte in text {
        guard let value = hexValue(byte) else {
          let code = hexPair(byte, uppercase: true)
          let scalar = Unicode.Scalar(byte)
          let character = GoQuote.isPrintable(scalar) ? " '\(scalar)'" : ""
          throw .failure("encoding/hex: invalid byte: U+00\(code)\(character)")
        }
        digits.append(value)
      }
      if digits.count % 2 == 1 { throw .failure("encoding/hex: odd length hex string") }
      return .string(
        Text(repairing: stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }))
    }

    // MARK: application/x-www-form-urlencoded

    private static func escape(_ text: Text) -> String {
      var result = ""
      for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
          UInt8(ascii: "~"):
          result.unicodeScalars.append(Unicode.Scalar(byte))
        case UInt8(ascii: " "): result += "+"
        default: result += "%" + hexPair(byte, uppercase: true)
        }
      }
      return result
    }

    private static func unescape(_ bytes: ArraySlice<UInt8>) throws(BuiltinError) -> Text {
      var result: [UInt8] = []
      var rest = bytes
      while let byte = rest.popFirst() {
        switch byte {
        case UInt8(ascii: "+"): result.append(UInt8(ascii: " "))
        case UInt8(ascii: "%"):
          let pair = Array(rest.prefix(2))
          guard pair.count == 2, let high = hexValue(pair[0]), let low = hexValue(pair[1]) else {
            throw .failure("invalid URL escape \(GoQuote.string(Text(repairing: [byte] + pair).string))")
          }
          result.append(high << 4 | low)
          rest.removeFirst(2)
        default: result.append(byte)
        }
      }
      return Text(repairing: result)
    }

    private static func encodeQuery(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      var fields: [(name: Text, values: [Text])] = []
      for (key, value) in try arguments.object(1).entries {
        try context.charge(text: key)
        try context.charge(text: value)
        let members: [Value]
        switch value {
        case .array(let elements): members = elements
        case .set(let set): members = set.elements
        default: members = [value]
        }
        let values = members.compactMap(\.asText)
        guard values.count == members.count else {
          throw .operand(1, "values must be string, array[string], or set[string]")
        }
        fields.append((key.asText ?? Text(key.json()), values))
      }
      fields.sort { $0.name < $1.name }
      let pairs = fields.flatMap { field in field.values.map { escape(field.name) + "=" + escape($0) } }
      return .string(Text(pairs.joined(separator: "&")))
    }

    private static func decodeQuery(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      var fields: [Text: [Value]] = [:]
      let query = try bytes(arguments, &context)
      if query.contains(UInt8(ascii: ";")) { throw .failure("invalid semicolon separator in query") }
      for field in query.split(separator: UInt8(ascii: "&")) {
        let equals = field.firstIndex(of: UInt8(ascii: "=")) ?? field.endIndex
        let name = try unescape(field[..<equals])
        let value = try unescape(field[equals...].dropFirst())
        fields[name, default: []].append(.string(value))
      }
      return .object(ObjectValue(fields.map { (.string($0.key), .array($0.value)) }))
    }
  }
}

import Crypto

extension Builtins {
  /// Digests and message authentication codes, in hexadecimal.
  enum Hashes {
    static let rows: [Builtin] = [
      digest("crypto.md5", Insecure.MD5.self),
      digest("crypto.sha1", Insecure.SHA1.self),
      digest("crypto.sha256", SHA256.self),
      code("crypto.hmac.md5", Insecure.MD5.self),
      code("crypto.hmac.sha1", Insecure.SHA1.self),
      code("crypto.hmac.sha256", SHA256.self),
      code("crypto.hmac.sha512", SHA512.self),
      Builtin("crypto.hmac.equal", [.string, .string], .boolean) { arguments, context throws(BuiltinError) in
        let (a, b) = (try arguments.utf8(1), try arguments.utf8(2))
        try context.charge(bytes: a.count + b.count)
        return .boolean(haveSameBytes(a, b))
      },
    ]

    private static func digest(_ name: Text, _ function: (some HashFunction).Type) -> Builtin {
      Builtin(name, [.string], .string) { arguments, context throws(BuiltinError) in
        let bytes = try arguments.utf8(1)
        try context.charge(bytes: bytes.count)
        return .string(Text(hexadecimal(function.hash(data: bytes))))
      }
    }

    private static func code<Hash: HashFunction>(_ name: Text, _: Hash.Type) -> Builtin {
      Builtin(name, [.string, .string], .string) { arguments, context throws(BuiltinError) in
        let (message, key) = (try arguments.utf8(1), try arguments.utf8(2))
        try context.charge(bytes: message.count + key.count)
        let code = HMAC<Hash>.authenticationCode(for: message, using: SymmetricKey(data: key))
        return .string(Text(hexadecimal(code)))
      }
    }

    static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
      var digits: [UInt8] = []
      digits.reserveCapacity(bytes.underestimatedCount * 2)
      for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
          digits.append(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
        }
      }
      return String(decoding: digits, as: UTF8.self)
    }

    /// Takes the same time for any two strings of bytes of one length, so that what differs doesn't show.
    static func haveSameBytes(_ a: [UInt8], _ b: [UInt8]) -> Bool {
      guard a.count == b.count else { return false }
      var difference: UInt8 = 0
      for index in a.indices { difference |= a[index] ^ b[index] }
      return difference == 0
    }
  }
}

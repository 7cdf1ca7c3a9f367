import Crypto
import CryptoExtras
import FoundationEssentials

/// A signature algorithm of JSON Web Signatures (RFC 7518 §3, RFC 8037 §3.1). `none` is none of them.
///
/// INVARIANT: the kind of key decides together with the algorithm, so that a public key never serves as a secret.
struct JWSAlgorithm: Sendable {
  enum Family: Sendable {
    case hmac
    case rsaPKCS1
    case rsaPSS
    case ecdsa
    case eddsa
  }

  enum Hash: Sendable {
    case sha256, sha384, sha512
  }

  let family: Family
  let hash: Hash

  init(_ family: Family, _ hash: Hash) {
    self.family = family
    self.hash = hash
  }

  /// Absent when the name is unknown.
  init?(_ name: String) {
    if name == "EdDSA" {
      self.init(.eddsa, .sha512)
      return
    }
    let hashes: [String: Hash] = ["256": .sha256, "384": .sha384, "512": .sha512]
    let families: [String: Family] = ["HS": .hmac, "RS": .rsaPKCS1, "PS": .rsaPSS, "ES": .ecdsa]
    guard let family = families[String(name.prefix(2))], let hash = hashes[String(name.dropFirst(2))] else {
      return nil
    }
    self.init(family, hash)
  }

  /// Steps that one signature or check costs beyond the reading of the message.
  func steps(signing: Bool) -> Int {
    switch family {
    case .hmac: 50
    case .rsaPKCS1, .rsaPSS: signing ? 20_000 : 1_000
    case .ecdsa, .eddsa: 3_000
    }
  }

  // MARK: Checking

  /// Whether `key` has signed the message; false for a key of another kind.
  func isValid(_ signature: [UInt8], of message: [UInt8], by key: SigningKey) -> Bool {
    switch (family, key) {
    case (.hmac, .secret(let secret)):
      return Builtins.Hashes.haveSameBytes(code(message, secret), signature)
    case (.rsaPKCS1, .rsaPublic(let key?)):
      return isValid(signature, of: message, by: key, padding: .insecurePKCS1v1_5)
    case (.rsaPSS, .rsaPublic(let key?)):
      return isValid(signature, of: message, by: key, padding: .PSS)
    case (.ecdsa, .ecPublic(let key)):
      switch hash {
      case .sha256: return Self.isValid(signature, of: SHA256.hash(data: message), by: key)
      case .sha384: return Self.isValid(signature, of: SHA384.hash(data: message), by: key)
      case .sha512: return Self.isValid(signature, of: SHA512.hash(data: message), by: key)
      }
    case (.eddsa, .ed25519Public(let key)):
      return key.isValidSignature(signature, for: message)
    default:
      return false
    }
  }

  private func isValid(
    _ signature: [UInt8], of message: [UInt8], by key: _RSA.Signing.PublicKey, padding: _RSA.Signing.Padding
  ) -> Bool {
    let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
    return switch hash {
    case .sha256: key.isValidSignature(signature, for: SHA256.hash(data: message), padding: padding)
    case .sha384: key.isValidSignature(signature, for: SHA384.hash(data: message), padding: padding)
    case .sha512: key.isValidSignature(signature, for: SHA512.hash(data: message), padding: padding)
    }
  }

  /// The signature is the two numbers, each in half of the bytes.
  private static func isValid(_ signature: [UInt8], of digest: some Digest, by key: SigningKey.ECPublicKey) -> Bool {
    func numbers(_ size: Int) -> [UInt8]? {
      let middle = signature.count / 2
      var result: [UInt8] = []
      for half in [signature[..<middle], signature[middle...]] {
        let number = half.drop { $0 == 0 }
        guard number.count <= size else { return nil }
        result += repeatElement(0, count: size - number.count)
        result += number
      }
      return result
    }
    switch key {
    case .p256(let key):
      guard let raw = numbers(ECCurve.p256.coordinateSize),
        let signature = try? P256.Signing.ECDSASignature(rawRepresentation: raw)
      else { return false }
      return key.isValidSignature(signature, for: digest)
    case .p384(let key):
      guard let raw = numbers(ECCurve.p384.coordinateSize),
        let signature = try? P384.Signing.ECDSASignature(rawRepresentation: raw)
      else { return false }
      return key.isValidSignature(signature, for: digest)
    case .p521(let key):
      guard let raw = numbers(ECCurve.p521.coordinateSize),
        let signature = try? P521.Signing.ECDSASignature(rawRepresentation: raw)
      else { return false }
      return key.isValidSignature(signature, for: digest)
    }
  }

  // MARK: Signing

  func signature(of message: [UInt8], by key: SigningKey) throws(BuiltinError) -> [UInt8] {
    switch (family, key) {
    case (.hmac, .secret(let secret)):
      return code(message, secret)
    case (.rsaPKCS1, .rsaPrivate(let numbers)):
      return try signature(of: message, by: numbers, padding: .insecurePKCS1v1_5)
    case (.rsaPSS, .rsaPrivate(let numbers)):
      return try signature(of: message, by: numbers, padding: .PSS)
    case (.ecdsa, .ecPrivate(let key)):
      do {
        switch hash {
        case .sha256: return try Self.signature(of: SHA256.hash(data: message), by: key)
        case .sha384: return try Self.signature(of: SHA384.hash(data: message), by: key)
        case .sha512: return try Self.signature(of: SHA512.hash(data: message), by: key)
        }
      } catch {
        throw .failure("jwsbb.Sign: the key cannot sign")
      }
    case (.eddsa, .ed25519Private(let key)):
      guard let signature = try? key.signature(for: message) else { throw .failure("jwsbb.Sign: the key cannot sign") }
      return Array(signature)
    default:
      throw .failure(
        "jwsbb.Sign: invalid key type \(key.jwxTypeName). \(wantedTypeName) is required\(conversionFault(key))")
    }
  }

  private func signature(
    of message: [UInt8], by numbers: SigningKey.RSAPrivateNumbers, padding: _RSA.Signing.Padding
  ) throws(BuiltinError) -> [UInt8] {
    guard let q = numbers.q, let p = numbers.p else {
      let place = "failed to produce rsa.PrivateKey from *jwk.rsaPrivateKey: jwk.Export"
      throw .failure(
        "jwsbb.Sign: invalid key type *jwk.rsaPrivateKey. *rsa.PrivateKey is required: \(place): "
          + "failed to export jwk.Key to raw format: missing \"\(numbers.q == nil ? "q" : "p")\" value")
    }
    do {
      let key = try _RSA.Signing.PrivateKey(n: numbers.n, e: numbers.e, d: numbers.d, p: p, q: q)
      let signature =
        switch hash {
        case .sha256: try key.signature(for: SHA256.hash(data: message), padding: padding)
        case .sha384: try key.signature(for: SHA384.hash(data: message), padding: padding)
        case .sha512: try key.signature(for: SHA512.hash(data: message), padding: padding)
        }
      return Array(signature.rawRepresentation)
    } catch {
      throw .failure("jwsbb.Sign: an RSA key that signs must be well formed and have 2048 bits or more")
    }
  }

  private static func signature(of digest: some Digest, by key: SigningKey.ECPrivateKey) throws -> [UInt8] {
    switch key {
    case .p256(let key): Array(try key.signature(for: digest).rawRepresentation)
    case .p384(let key): Array(try key.signature(for: digest).rawRepresentation)
    case .p521(let key): Array(try key.signature(for: digest).rawRepresentation)
    }
  }

  private func code(_ message: [UInt8], _ secret: [UInt8]) -> [UInt8] {
    let key = SymmetricKey(data: secret)
    return switch hash {
    case .sha256: Array(HMAC<SHA256>.authenticationCode(for: message, using: key))
    case .sha384: Array(HMAC<SHA384>.authenticationCode(for: message, using: key))
    case .sha512: Array(HMAC<SHA512>.authenticationCode(for: message, using: key))
    }
  }

  private func conversionFault(_ key: SigningKey) -> String {
    if case .hmac = family { return "" }
    let wanted = wantedTypeName.hasPrefix("*") ? String(wantedTypeName.dropFirst()) : wantedTypeName
    let module = if case .ecdsa = family { "keyconv: " } else { "" }
    return ": \(module)failed to produce \(wanted) from \(key.jwxTypeName): jwk.Export: "
      + "no suitable exporter found for key type '\(key.jwxTypeName)'"
  }

  private var wantedTypeName: String {
    switch family {
    case .hmac: "[]byte"
    case .rsaPKCS1, .rsaPSS: "*rsa.PrivateKey"
    case .ecdsa: "*ecdsa.PrivateKey"
    case .eddsa: "ed25519.PrivateKey"
    }
  }
}

extension SigningKey {
  /// The type that OPA's messages name.
  fileprivate var jwxTypeName: String {
    switch self {
    case .secret: "*jwk.symmetricKey"
    case .rsaPublic: "*jwk.rsaPublicKey"
    case .rsaPrivate: "*jwk.rsaPrivateKey"
    case .ecPublic: "*jwk.ecdsaPublicKey"
    case .ecPrivate: "*jwk.ecdsaPrivateKey"
    case .ed25519Public, .other: "*jwk.okpPublicKey"
    case .ed25519Private: "*jwk.okpPrivateKey"
    }
  }
}

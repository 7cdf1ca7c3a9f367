import Crypto
import CryptoExtras
import FoundationEssentials

/// A signature algorithm of JSON Web Signatures (RFC 7518 §3, RFC 8037 §3.1). `none` is none of them.
///
/// INVARIANT: the kind of key decides together with the algorithm, so that a public key never serves as a secret.
public struct JWSAlgorithm: Hashable, Sendable {
  package enum Family: Sendable {
    case hmac
    case rsaPKCS1
    case rsaPSS
    case ecdsa
    case eddsa
  }

  package enum Hash: Sendable {
    case sha256, sha384, sha512

    /// In bytes.
    var size: Int {
      switch self {
      case .sha256: 32
      case .sha384: 48
      case .sha512: 64
      }
    }
  }

  package let family: Family
  package let hash: Hash

  package init(_ family: Family, _ hash: Hash) {
    self.family = family
    self.hash = hash
  }

  /// Absent when the name is unknown.
  public init?(_ name: String) {
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

  /// As a token's header names it.
  public var name: String {
    let size =
      switch hash {
      case .sha256: "256"
      case .sha384: "384"
      case .sha512: "512"
      }
    return switch family {
    case .hmac: "HS" + size
    case .rsaPKCS1: "RS" + size
    case .rsaPSS: "PS" + size
    case .ecdsa: "ES" + size
    case .eddsa: "EdDSA"
    }
  }

  /// A secret makes the signature and checks it: whoever can do one can do the other.
  public var isSymmetric: Bool { family == .hmac }

  /// Whether the key, public or private, is one for the algorithm and large enough for it: a secret as long as the hash
  /// at least (RFC 7518 §3.2), RSA of 2,048 bits (§3.3), the curve that belongs to the hash (§3.4).
  package func fits(_ key: SigningKey) -> Bool {
    switch (family, key) {
    case (.hmac, .secret(let secret)): secret.count >= hash.size
    case (.rsaPKCS1, .rsaPublic(let key?)), (.rsaPSS, .rsaPublic(let key?)): key.keySizeInBits >= 2_048
    // A smaller one doesn't sign.
    case (.rsaPKCS1, .rsaPrivate), (.rsaPSS, .rsaPrivate): true
    case (.ecdsa, .ecPublic(let key)): key.curve.hash == hash
    case (.ecdsa, .ecPrivate(let key)): key.curve.hash == hash
    case (.eddsa, .ed25519Public), (.eddsa, .ed25519Private): true
    default: false
    }
  }

  /// Bytes of a signature; absent when the key decides.
  var signatureSize: Int? {
    switch family {
    case .hmac: hash.size
    case .rsaPKCS1, .rsaPSS: nil
    case .ecdsa: ECCurve.allCases.first { $0.hash == hash }.map { 2 * $0.coordinateSize }
    case .eddsa: 64
    }
  }

  // MARK: Checking

  /// Whether `key` has signed the message; false for a key of another kind.
  package func isValid(_ signature: [UInt8], of message: [UInt8], by key: SigningKey) -> Bool {
    switch (family, key) {
    case (.hmac, .secret(let secret)):
      return isCode(signature, of: message, secret)
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

  /// Fails for a key that isn't private or of another kind. ES* takes any curve here; see `fits`.
  package func signature(of message: [UInt8], by key: SigningKey) throws(SigningError) -> [UInt8] {
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
        throw .refused
      }
    case (.eddsa, .ed25519Private(let key)):
      guard let signature = try? key.signature(for: message) else { throw .refused }
      return Array(signature)
    default:
      throw .wrongKind
    }
  }

  private func signature(
    of message: [UInt8], by numbers: SigningKey.RSAPrivateNumbers, padding: _RSA.Signing.Padding
  ) throws(SigningError) -> [UInt8] {
    guard let q = numbers.q else { throw .missingPrime("q") }
    guard let p = numbers.p else { throw .missingPrime("p") }
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
      throw .malformedRSAKey
    }
  }

  private static func signature(of digest: some Digest, by key: SigningKey.ECPrivateKey) throws -> [UInt8] {
    switch key {
    case .p256(let key): Array(try key.signature(for: digest).rawRepresentation)
    case .p384(let key): Array(try key.signature(for: digest).rawRepresentation)
    case .p521(let key): Array(try key.signature(for: digest).rawRepresentation)
    }
  }

  /// Takes the same time wherever the first difference is.
  private func isCode(_ code: [UInt8], of message: [UInt8], _ secret: [UInt8]) -> Bool {
    let key = SymmetricKey(data: secret)
    return switch hash {
    case .sha256: HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: message, using: key)
    case .sha384: HMAC<SHA384>.isValidAuthenticationCode(code, authenticating: message, using: key)
    case .sha512: HMAC<SHA512>.isValidAuthenticationCode(code, authenticating: message, using: key)
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
}

/// Why a key makes no signature.
package enum SigningError: Error, Equatable {
  /// Not private, or for another algorithm.
  case wrongKind
  /// An RSA key without `p` or `q`.
  case missingPrime(String)
  /// Or of fewer than 2,048 bits.
  case malformedRSAKey
  case refused
}

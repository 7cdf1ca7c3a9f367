package import Crypto
package import CryptoExtras
import FoundationEssentials

/// A key that checks or makes signatures.
package enum SigningKey: Sendable {
  case secret([UInt8])
  /// Without a key when it is too small or malformed: it then verifies nothing.
  case rsaPublic(_RSA.Signing.PublicKey?)
  case rsaPrivate(RSAPrivateNumbers)
  case ecPublic(ECPublicKey)
  case ecPrivate(ECPrivateKey)
  case ed25519Public(Curve25519.Signing.PublicKey)
  case ed25519Private(Curve25519.Signing.PrivateKey)
  /// A key for something else, such as X25519.
  case other

  package enum ECPublicKey: Sendable {
    case p256(P256.Signing.PublicKey)
    case p384(P384.Signing.PublicKey)
    case p521(P521.Signing.PublicKey)

    package var curve: ECCurve {
      switch self {
      case .p256: .p256
      case .p384: .p384
      case .p521: .p521
      }
    }
  }

  package enum ECPrivateKey: Sendable {
    case p256(P256.Signing.PrivateKey)
    case p384(P384.Signing.PrivateKey)
    case p521(P521.Signing.PrivateKey)

    package var curve: ECCurve {
      switch self {
      case .p256: .p256
      case .p384: .p384
      case .p521: .p521
      }
    }
  }

  package struct RSAPrivateNumbers: Sendable {
    package var n, e, d: [UInt8]
    /// Without the primes the key cannot sign.
    package var p, q: [UInt8]?
  }
}

package enum ECCurve: String, CaseIterable, Sendable {
  case p256 = "P-256"
  case p384 = "P-384"
  case p521 = "P-521"

  /// The bytes of a coordinate.
  package var coordinateSize: Int {
    switch self {
    case .p256: 32
    case .p384: 48
    case .p521: 66
    }
  }

  /// The hash of the curve's algorithm.
  var hash: JWSAlgorithm.Hash {
    switch self {
    case .p256: .sha256
    case .p384: .sha384
    case .p521: .sha512
    }
  }

  package func publicKey(x963: [UInt8]) throws -> SigningKey.ECPublicKey {
    switch self {
    case .p256: .p256(try P256.Signing.PublicKey(x963Representation: x963))
    case .p384: .p384(try P384.Signing.PublicKey(x963Representation: x963))
    case .p521: .p521(try P521.Signing.PublicKey(x963Representation: x963))
    }
  }

  package func privateKey(_ number: [UInt8]) throws -> SigningKey.ECPrivateKey {
    switch self {
    case .p256: .p256(try P256.Signing.PrivateKey(rawRepresentation: number))
    case .p384: .p384(try P384.Signing.PrivateKey(rawRepresentation: number))
    case .p521: .p521(try P521.Signing.PrivateKey(rawRepresentation: number))
    }
  }
}

// MARK: - From X.509

extension SigningKey {
  /// The key of an X.509 certificate (RFC 5280 §4.1). Nothing else of it is looked at, least of all its signature.
  package init?(certificate bytes: [UInt8]) {
    var outer = DERReader(bytes[...])
    guard var certificate = outer.sequence(), outer.isAtEnd, var body = certificate.sequence() else { return nil }
    if body.nextTag == DERReader.Tag.version, !body.skip() { return nil }
    // Serial number, signature algorithm, issuer, validity, subject.
    guard body.element(DERReader.Tag.integer) != nil, body.sequence() != nil, body.sequence() != nil,
      body.sequence() != nil, body.sequence() != nil, let key = body.sequence()
    else { return nil }
    self.init(subjectPublicKeyInfo: key)
  }

  /// A `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
  package init?(publicKey bytes: [UInt8]) {
    var outer = DERReader(bytes[...])
    guard let info = outer.sequence(), outer.isAtEnd else { return nil }
    self.init(subjectPublicKeyInfo: info)
  }

  private enum ObjectIdentifier {
    static let rsa: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01]
    static let ellipticCurve: [UInt8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]
    static let ed25519: [UInt8] = [0x2B, 0x65, 0x70]
    static let curves: [([UInt8], ECCurve)] = [
      ([0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07], .p256),
      ([0x2B, 0x81, 0x04, 0x00, 0x22], .p384),
      ([0x2B, 0x81, 0x04, 0x00, 0x23], .p521),
    ]
  }

  private init?(subjectPublicKeyInfo: DERReader) {
    var info = subjectPublicKeyInfo
    guard var algorithm = info.sequence(), let name = algorithm.element(DERReader.Tag.objectIdentifier),
      let key = info.wholeBitString()
    else { return nil }
    switch Array(name) {
    case ObjectIdentifier.rsa:
      var outer = DERReader(key)
      guard var numbers = outer.sequence(), let n = numbers.magnitude(), let e = numbers.magnitude() else { return nil }
      self = .rsaPublic(Self.rsaKey(n: n, e: e))
    case ObjectIdentifier.ellipticCurve:
      guard let parameters = algorithm.element(DERReader.Tag.objectIdentifier),
        let curve = ObjectIdentifier.curves.first(where: { $0.0 == Array(parameters) })?.1,
        let point = try? curve.publicKey(x963: Array(key))
      else { return nil }
      self = .ecPublic(point)
    case ObjectIdentifier.ed25519:
      guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: Array(key)) else { return nil }
      self = .ed25519Public(key)
    default:
      self = .other
    }
  }

  /// Keys of 1,024 to 16,384 bits; absent otherwise.
  package static func rsaKey(n: [UInt8], e: [UInt8]) -> _RSA.Signing.PublicKey? {
    let null: [UInt8] = [DERReader.Tag.null, 0]
    let key = DERWriter.sequence(DERWriter.integer(n), DERWriter.integer(e))
    let info = DERWriter.sequence(
      DERWriter.sequence(DERWriter.element(DERReader.Tag.objectIdentifier, ObjectIdentifier.rsa), null),
      DERWriter.element(DERReader.Tag.bitString, [0] + key))
    return try? _RSA.Signing.PublicKey(unsafeDERRepresentation: info)
  }
}

// MARK: - From PKCS #8

extension SigningKey {
  /// A `PrivateKeyInfo` (RFC 5958), unencrypted: RSA (RFC 8017 §A.1.2), a curve (RFC 5915) or Ed25519 (RFC 8410 §7).
  package init?(privateKey bytes: [UInt8]) {
    var outer = DERReader(bytes[...])
    guard var info = outer.sequence(), outer.isAtEnd, info.magnitude() != nil, var algorithm = info.sequence(),
      let name = algorithm.element(DERReader.Tag.objectIdentifier),
      let key = info.element(DERReader.Tag.octetString)
    else { return nil }
    var inner = DERReader(key)
    switch Array(name) {
    case ObjectIdentifier.rsa:
      guard var numbers = inner.sequence(), inner.isAtEnd, numbers.magnitude() == [], let n = numbers.magnitude(),
        let e = numbers.magnitude(), let d = numbers.magnitude(), let p = numbers.magnitude(),
        let q = numbers.magnitude()
      else { return nil }
      self = .rsaPrivate(RSAPrivateNumbers(n: n, e: e, d: d, p: p, q: q))
    case ObjectIdentifier.ellipticCurve:
      guard let parameters = algorithm.element(DERReader.Tag.objectIdentifier),
        let curve = ObjectIdentifier.curves.first(where: { $0.0 == Array(parameters) })?.1,
        var fields = inner.sequence(), inner.isAtEnd, fields.magnitude() == [1],
        let number = fields.element(DERReader.Tag.octetString), let key = try? curve.privateKey(Array(number))
      else { return nil }
      self = .ecPrivate(key)
    case ObjectIdentifier.ed25519:
      guard let seed = inner.element(DERReader.Tag.octetString), inner.isAtEnd,
        let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: Array(seed))
      else { return nil }
      self = .ed25519Private(key)
    default:
      return nil
    }
  }
}

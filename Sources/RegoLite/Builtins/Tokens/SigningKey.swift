import Crypto
import CryptoExtras
import FoundationEssentials

/// A key that checks or makes signatures.
enum SigningKey: Sendable {
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

  enum ECPublicKey: Sendable {
    case p256(P256.Signing.PublicKey)
    case p384(P384.Signing.PublicKey)
    case p521(P521.Signing.PublicKey)
  }

  enum ECPrivateKey: Sendable {
    case p256(P256.Signing.PrivateKey)
    case p384(P384.Signing.PrivateKey)
    case p521(P521.Signing.PrivateKey)
  }

  struct RSAPrivateNumbers: Sendable {
    var n, e, d: [UInt8]
    /// Without the primes the key cannot sign.
    var p, q: [UInt8]?
  }
}

enum ECCurve: String, CaseIterable, Sendable {
  case p256 = "P-256"
  case p384 = "P-384"
  case p521 = "P-521"

  /// The bytes of a coordinate.
  var coordinateSize: Int {
    switch self {
    case .p256: 32
    case .p384: 48
    case .p521: 66
    }
  }

  func publicKey(x963: [UInt8]) throws -> SigningKey.ECPublicKey {
    switch self {
    case .p256: .p256(try P256.Signing.PublicKey(x963Representation: x963))
    case .p384: .p384(try P384.Signing.PublicKey(x963Representation: x963))
    case .p521: .p521(try P521.Signing.PublicKey(x963Representation: x963))
    }
  }

  func privateKey(_ number: [UInt8]) throws -> SigningKey.ECPrivateKey {
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
  init?(certificate bytes: [UInt8]) {
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
  init?(publicKey bytes: [UInt8]) {
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
  static func rsaKey(n: [UInt8], e: [UInt8]) -> _RSA.Signing.PublicKey? {
    let null: [UInt8] = [DERReader.Tag.null, 0]
    let key = DERWriter.sequence(DERWriter.integer(n), DERWriter.integer(e))
    let info = DERWriter.sequence(
      DERWriter.sequence(DERWriter.element(DERReader.Tag.objectIdentifier, ObjectIdentifier.rsa), null),
      DERWriter.element(DERReader.Tag.bitString, [0] + key))
    return try? _RSA.Signing.PublicKey(unsafeDERRepresentation: info)
  }
}

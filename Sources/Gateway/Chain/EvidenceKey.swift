import Crypto
import FoundationEssentials
import JOSE
public import StrictJSON

/// What evidence is signed for, so that a signature for one thing is none for another.
enum EvidenceStatement: String, Sendable {
  case pack = "agentgate evidence pack v1"
  case treeHead = "agentgate tree head v1"
  case containment = "agentgate containment receipt v1"
  case storeFile = "agentgate store file v1"

  /// What is signed: the statement's name, a line break, SHA-256 of the text in lower-case hex, a line break.
  func message(_ hash: EventHash) -> [UInt8] { Array("\(rawValue)\n\(hash.hexadecimal)\n".utf8) }
}

/// The signatures of one statement.
public struct EvidenceSignature: Sendable, Equatable {
  /// 64 bytes (RFC 8032).
  public var ed25519: [UInt8]
  /// HMAC-SHA256, 32 bytes; absent without a signing key.
  public var hmac: [UInt8]?
}

/// What evidence is signed with: an Ed25519 key of the state folder, and AGENTGATE_SIGNING_KEY where it is set.
public struct EvidenceKey: Sendable {
  private let privateKey: Curve25519.Signing.PrivateKey
  /// Absent without a signing key.
  private let hmacKey: SymmetricKey?
  public let publicKey: EvidencePublicKey

  /// Reads the key from the file, or makes one and writes it there (PKCS #8 in PEM, mode 0600, durable) when there is none.
  /// Fails when others may read the file or it is no key. Blocks.
  ///
  /// - Parameter signingKey: nil or empty for none
  public init(file path: String, signingKey: String?) throws(SecretFileError) {
    let text = try SecretFile.readOrCreate(path) {
      Array(PEM.text("PRIVATE KEY", Self.pkcs8 + Curve25519.Signing.PrivateKey().rawRepresentation).utf8)
    }
    guard let der = PEM.bytes("PRIVATE KEY", in: text), der.count == Self.pkcs8.count + 32,
      der.starts(with: Self.pkcs8),
      let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: der.dropFirst(Self.pkcs8.count))
    else { throw SecretFileError(description: "\(path): is no Ed25519 private key in PEM (PKCS #8)") }
    self.init(key, signingKey: signingKey)
  }

  /// One that is kept nowhere.
  public init(signingKey: String? = nil) { self.init(Curve25519.Signing.PrivateKey(), signingKey: signingKey) }

  private init(_ key: Curve25519.Signing.PrivateKey, signingKey: String?) {
    privateKey = key
    publicKey = EvidencePublicKey(checked: Array(key.publicKey.rawRepresentation))
    hmacKey = signingKey.flatMap { $0.isEmpty ? nil : SymmetricKey(data: Array($0.utf8)) }
  }

  /// Absent when the system's cryptography fails.
  func sign(_ statement: EvidenceStatement, _ hash: EventHash) -> EvidenceSignature? {
    let message = statement.message(hash)
    guard let signature = try? privateKey.signature(for: message) else { return nil }
    return EvidenceSignature(
      ed25519: Array(signature),
      hmac: hmacKey.map { Array(HMAC<SHA256>.authenticationCode(for: message, using: $0)) })
  }

  /// PrivateKeyInfo of an Ed25519 key, up to its 32 bytes (RFC 8410).
  private static let pkcs8: [UInt8] = [
    0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
  ]
}

/// By which anyone checks what a gateway signed.
public struct EvidencePublicKey: Sendable, Equatable {
  /// 32 bytes (RFC 8032).
  public let bytes: [UInt8]

  fileprivate init(checked bytes: [UInt8]) { self.bytes = bytes }

  /// Absent unless there are 32 bytes.
  init?(bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  /// A JSON Web Key (RFC 8037), alone or as `public_key` of an object; a SubjectPublicKeyInfo in PEM; or 64 hexadecimal
  /// digits. Absent when the text is none of these.
  public init?(text: [UInt8]) {
    if let value = try? JSONValue(parsing: text) {
      self.init(jwk: value["public_key"] ?? value)
    } else if let der = PEM.bytes("PUBLIC KEY", in: text) {
      guard der.starts(with: Self.info) else { return nil }
      self.init(bytes: Array(der.dropFirst(Self.info.count)))
    } else {
      let digits = text.filter { $0 > 0x20 }
      guard let hash = EventHash(hexadecimal: String(decoding: digits, as: UTF8.self)) else { return nil }
      self.init(checked: hash.bytes)
    }
  }

  init?(jwk: JSONValue) {
    guard jwk["kty"] == "OKP", jwk["crv"] == "Ed25519", let text = jwk["x"]?.stringValue,
      let bytes = Base64URL.decode(text.utf8)
    else { return nil }
    self.init(bytes: bytes)
  }

  /// A JSON Web Key (RFC 8037) with its thumbprint (RFC 7638) as `kid`.
  public var jwk: JSONValue {
    [
      "kty": "OKP", "crv": "Ed25519", "x": .string(text), "kid": .string(thumbprint), "alg": "EdDSA", "use": "sig",
    ]
  }

  public var thumbprint: String {
    let required = #"{"crv":"Ed25519","kty":"OKP","x":"\#(text)"}"#
    return Base64URL.encode(EventHash(of: Array(required.utf8)).bytes)
  }

  private var text: String { Base64URL.encode(bytes) }

  func verifies(_ signature: [UInt8], of statement: EvidenceStatement, _ hash: EventHash) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else { return false }
    return key.isValidSignature(signature, for: statement.message(hash))
  }

  /// SubjectPublicKeyInfo of an Ed25519 key, up to its 32 bytes (RFC 8410).
  private static let info: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
}

extension EvidenceSignature {
  /// Whether the HMAC is this key's; false when there is none.
  func isAuthentic(_ statement: EvidenceStatement, _ hash: EventHash, signingKey: String) -> Bool {
    guard let hmac else { return false }
    return HMAC<SHA256>.isValidAuthenticationCode(
      hmac, authenticating: statement.message(hash), using: SymmetricKey(data: Array(signingKey.utf8)))
  }
}

/// RFC 7468, as far as keys need it.
private enum PEM {
  static func text(_ label: String, _ der: [UInt8]) -> String {
    "-----BEGIN \(label)-----\n\(Data(der).base64EncodedString())\n-----END \(label)-----\n"
  }

  /// Of a block of this label; absent without one.
  static func bytes(_ label: String, in text: [UInt8]) -> [UInt8]? {
    PEMBlock(in: String(decoding: text, as: UTF8.self)).flatMap { $0.label == label ? $0.bytes : nil }
  }
}

extension Configuration {
  public var evidenceKeyPath: String { stateDirectory + "/evidence-key.pem" }
}

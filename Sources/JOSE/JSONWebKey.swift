import Crypto
import CryptoExtras
import FoundationEssentials

/// A key that makes or checks signatures, with what its JSON Web Key says of it (RFC 7517).
package struct JSONWebKey: Sendable {
  /// The algorithm that it is for; absent when it may be for any.
  package var algorithm: String?
  package var id: String?
  package let key: SigningKey

  package init(algorithm: String? = nil, id: String? = nil, key: SigningKey) {
    self.algorithm = algorithm
    self.id = id
    self.key = key
  }
}

/// What reads a key from its JSON: whichever tree the document became.
package protocol JWKMembers {
  /// Absent when the object has no such member.
  func jwkMember(_ name: String) -> JWKMember?
}

package enum JWKMember: Sendable {
  case text(String)
  /// Anything but a string.
  case other
}

/// Why a JSON object is no key.
package struct JWKError: Error, Equatable {
  package enum Fault: Equatable, Sendable {
    case unknownType
    case missing(String)
    /// There, and without a byte.
    case empty(String)
    case notBase64(String)
    case notText(String)
    case unknownAlgorithm(String)
    case unknownCurve(String)
    case coordinateSize(String, Int, ECCurve)
    /// An OKP curve's public key.
    case keySize(curve: String)
    case notOnCurve
    /// `d` is none, or not that of the public key.
    case invalidPrivateKey
  }

  /// `kty`; empty when the object has no such text.
  package let type: String
  package let isPrivate: Bool
  package let fault: Fault
}

extension JSONWebKey {
  /// Reads one JWK (RFC 7518 §6, RFC 8037 §2).
  package init(reading members: some JWKMembers) throws(JWKError) {
    self = try JWKReader(members).key()
  }
}

private struct JWKReader<Members: JWKMembers> {
  private let members: Members
  private let type: String
  private let isPrivate: Bool

  init(_ members: Members) {
    self.members = members
    type = if case .text(let type) = members.jwkMember("kty") { type } else { "" }
    isPrivate = members.jwkMember("d") != nil
  }

  func key() throws(JWKError) -> JSONWebKey {
    let key =
      switch type {
      case "RSA": try rsa()
      case "EC": try ellipticCurve()
      case "OKP": try octetKeyPair()
      case "oct": SigningKey.secret(try filled("k"))
      default: throw error(.unknownType)
      }
    let algorithm = try text("alg")
    if let algorithm, !jwkAlgorithms.contains(algorithm) { throw error(.unknownAlgorithm(algorithm)) }
    return JSONWebKey(algorithm: algorithm, id: try text("kid"), key: key)
  }

  private func rsa() throws(JWKError) -> SigningKey {
    let e = try needed("e")
    let n = try needed("n")
    if n.isEmpty { throw error(.empty("n")) }
    if e.isEmpty { throw error(.empty("e")) }
    guard isPrivate, let d = try bytes("d") else { return .rsaPublic(SigningKey.rsaKey(n: n, e: e)) }
    return .rsaPrivate(SigningKey.RSAPrivateNumbers(n: n, e: e, d: d, p: try bytes("p"), q: try bytes("q")))
  }

  private func ellipticCurve() throws(JWKError) -> SigningKey {
    guard let name = try text("crv") else { throw error(.missing("crv")) }
    guard let curve = ECCurve(rawValue: name) else { throw error(.unknownCurve(name)) }
    let x = try needed("x")
    let y = try needed("y")
    for (name, coordinate) in [("x", x), ("y", y)] where coordinate.count != curve.coordinateSize {
      throw error(.coordinateSize(name, coordinate.count, curve))
    }
    if isPrivate, let d = try bytes("d") {
      guard let key = try? curve.privateKey(d) else { throw error(.invalidPrivateKey) }
      return .ecPrivate(key)
    }
    guard let key = try? curve.publicKey(x963: [4] + x + y) else { throw error(.notOnCurve) }
    return .ecPublic(key)
  }

  private func octetKeyPair() throws(JWKError) -> SigningKey {
    guard let curve = try text("crv") else { throw error(.missing("crv")) }
    guard ["Ed25519", "X25519", "Ed448", "X448"].contains(curve) else { throw error(.unknownCurve(curve)) }
    let x = try needed("x")
    if curve.hasSuffix("25519"), x.count != 32 { throw error(.keySize(curve: curve)) }
    guard curve == "Ed25519" else { return .other }
    if isPrivate, let d = try bytes("d") {
      guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: d),
        Array(key.publicKey.rawRepresentation) == x
      else { throw error(.invalidPrivateKey) }
      return .ed25519Private(key)
    }
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: x) else { return .other }
    return .ed25519Public(key)
  }

  private func filled(_ name: String) throws(JWKError) -> [UInt8] {
    let bytes = try needed(name)
    if bytes.isEmpty { throw error(.empty(name)) }
    return bytes
  }

  private func needed(_ name: String) throws(JWKError) -> [UInt8] {
    guard let bytes = try bytes(name) else { throw error(.missing(name)) }
    return bytes
  }

  private func bytes(_ name: String) throws(JWKError) -> [UInt8]? {
    guard let member = members.jwkMember(name) else { return nil }
    guard case .text(let text) = member, let bytes = Base64.decodeLeniently(text) else { throw error(.notBase64(name)) }
    return bytes
  }

  private func text(_ name: String) throws(JWKError) -> String? {
    guard let member = members.jwkMember(name) else { return nil }
    guard case .text(let text) = member else { throw error(.notText(name)) }
    return text
  }

  private func error(_ fault: JWKError.Fault) -> JWKError {
    JWKError(type: type, isPrivate: isPrivate, fault: fault)
  }
}

/// RFC 7518 §3.1 and §4.1, RFC 8037 §3.1, RFC 8812 §3.2.
private let jwkAlgorithms: Set<String> = [
  "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
  "ES256K", "EdDSA", "none", "RSA1_5", "RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512", "A128KW", "A192KW",
  "A256KW", "dir", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW", "A128GCMKW", "A192GCMKW",
  "A256GCMKW", "PBES2-HS256+A128KW", "PBES2-HS384+A192KW", "PBES2-HS512+A256KW",
]

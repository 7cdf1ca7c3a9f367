import Crypto
import CryptoExtras
import FoundationEssentials
import StrictJSON

/// A key that checks tokens, with what its JWK says of it.
struct JSONWebKey: Sendable {
  /// The algorithm that it is for; absent when it may be for any.
  var algorithm: String?
  var id: String?
  let key: SigningKey
}

extension JSONWebKey {
  /// The keys of a PEM certificate, a PEM public key, a JWK or a JWK set (RFC 7517).
  static func keys(certificateOrJWK text: String) throws(BuiltinError) -> [JSONWebKey] {
    guard let block = PEMBlock(in: text) else {
      do throws(JWKError) {
        return try keys(jwk: text)
      } catch {
        throw .failure(
          "failed to parse a JWK key (set): jwk.ParseString: failed to parse string: \(error.message)")
      }
    }
    if block.hasMore { throw .failure("extra data after a PEM certificate block") }
    switch block.label {
    case "CERTIFICATE":
      guard let key = SigningKey(certificate: block.bytes) else {
        throw .failure("failed to parse a PEM certificate: x509: malformed certificate")
      }
      return [JSONWebKey(key: key)]
    case "PUBLIC KEY":
      guard let key = SigningKey(publicKey: block.bytes) else {
        throw .failure("failed to parse a PEM public key: x509: malformed public key")
      }
      return [JSONWebKey(key: key)]
    default:
      throw .failure("failed to extract a Key from the PEM certificate")
    }
  }

  /// The first key of a JWK or a JWK set, to sign with.
  static func signingKey(jwk text: String) throws(BuiltinError) -> JSONWebKey {
    do throws(JWKError) {
      guard let key = try keys(jwk: text).first else { throw JWKError("no keys found in JWK set") }
      return key
    } catch {
      throw .failure(error.message)
    }
  }

  /// Beyond this a set is refused: each key may cost a verification.
  static let mostKeysInSet = 1_000

  private static func keys(jwk text: String) throws(JWKError) -> [JSONWebKey] {
    let probing =
      "failed to parse sole key: jwk.ParseKey: jwk.Parse: failed to probe data: probe: failed to unmarshal data"
    if let fault = GoJSONFault.message(for: Array(text.utf8)) {
      throw JWKError("jwk.Parse: \(probing): \(fault)")
    }
    guard let value = try? Value.parse(json: text), case .object(let object) = value else {
      throw JWKError("jwk.Parse: \(probing): json: cannot unmarshal into a key")
    }
    guard let members = object["keys"] else {
      return [try read(object) { "jwk.Parse: failed to parse sole key: jwk.ParseKey: \($0)" }]
    }
    guard case .array(let elements) = members else {
      throw JWKError(
        "jwk.Parse: failed to unmarshal JWK set: failed to decode \"keys\": expected '[' but got \(members.json())")
    }
    guard elements.count <= mostKeysInSet else { throw JWKError("jwk.Parse: more than \(mostKeysInSet) keys in a set") }
    var keys: [JSONWebKey] = []
    for (index, element) in elements.enumerated() {
      let place = "jwk.Parse: failed to unmarshal JWK set: failed to decode key #\(index) in \"keys\": jwk.ParseKey"
      guard case .object(let object) = element else { throw JWKError("\(place): invalid key type from JSON ()") }
      keys.append(try read(object) { "\(place): \($0)" })
    }
    return keys
  }

  private static func read(_ object: ObjectValue, _ place: (String) -> String) throws(JWKError) -> JSONWebKey {
    do throws(JWKError) {
      var reader = JWKReader(object)
      return try reader.key()
    } catch {
      throw JWKError(place(error.message))
    }
  }
}

private struct JWKError: Error {
  let message: String
  init(_ message: String) { self.message = message }
}

/// Reads one JWK (RFC 7518 §6, RFC 8037 §2). What is wrong is said in OPA's words.
private struct JWKReader {
  private let object: ObjectValue
  private let isPrivate: Bool
  private var typeName = ""

  init(_ object: ObjectValue) {
    self.object = object
    isPrivate = object["d"] != nil
  }

  mutating func key() throws(JWKError) -> JSONWebKey {
    let type = object["kty"]?.asString ?? ""
    let key: SigningKey
    switch type {
    case "RSA":
      typeName = "rsa"
      key = try rsa()
    case "EC":
      typeName = "ecdsa"
      key = try ellipticCurve()
    case "OKP":
      typeName = "okp"
      key = try octetKeyPair()
    case "oct":
      typeName = "symmetric"
      guard let secret = try bytes("k") else { throw missing("k") }
      if secret.isEmpty { throw invalid(#"jwk.SymmetricKey: missing "k" field"#) }
      key = .secret(secret)
    default:
      throw JWKError("invalid key type from JSON (\(type))")
    }
    let algorithm = try string("alg")
    if let algorithm, !Self.algorithms.contains(algorithm) {
      throw malformed(
        "failed to decode value for key alg: invalid key value: \(GoQuote.string(algorithm)): invalid key algorithm")
    }
    return JSONWebKey(algorithm: algorithm, id: try string("kid"), key: key)
  }

  private func rsa() throws(JWKError) -> SigningKey {
    guard let e = try bytes("e") else { throw missing("e") }
    guard let n = try bytes("n") else { throw missing("n") }
    if n.isEmpty { throw invalid("jwk.RSA\(isPrivate ? "Private" : "Public")Key: missing \"n\" value") }
    if e.isEmpty { throw invalid("jwk.RSA\(isPrivate ? "Private" : "Public")Key: missing \"e\" value") }
    guard isPrivate, let d = try bytes("d") else { return .rsaPublic(SigningKey.rsaKey(n: n, e: e)) }
    return .rsaPrivate(SigningKey.RSAPrivateNumbers(n: n, e: e, d: d, p: try bytes("p"), q: try bytes("q")))
  }

  private func ellipticCurve() throws(JWKError) -> SigningKey {
    guard let name = try string("crv") else { throw missing("crv") }
    guard let curve = ECCurve(rawValue: name) else {
      throw malformed("failed to decode value for key crv: unknown EllipticCurveAlgorithm: \(GoQuote.string(name))")
    }
    guard let x = try bytes("x") else { throw missing("x") }
    guard let y = try bytes("y") else { throw missing("y") }
    let kind = "jwk.ECDSA\(isPrivate ? "Private" : "Public")Key"
    for (name, coordinate) in [("x", x), ("y", y)] where coordinate.count != curve.coordinateSize {
      throw invalid(
        "\(kind): invalid \"\(name)\" length (\(coordinate.count)) for curve \(GoQuote.string(curve.rawValue))")
    }
    if isPrivate, let d = try bytes("d") {
      guard let key = try? curve.privateKey(d) else { throw invalid("\(kind): invalid private key") }
      return .ecPrivate(key)
    }
    guard let key = try? curve.publicKey(x963: [4] + x + y) else { throw invalid("\(kind): point is not on the curve") }
    return .ecPublic(key)
  }

  private func octetKeyPair() throws(JWKError) -> SigningKey {
    guard let curve = try string("crv") else { throw missing("crv") }
    guard ["Ed25519", "X25519", "Ed448", "X448"].contains(curve) else {
      throw malformed("failed to decode value for key crv: unknown EllipticCurveAlgorithm: \(GoQuote.string(curve))")
    }
    guard let x = try bytes("x") else { throw missing("x") }
    let kind = "jwk.OKP\(isPrivate ? "Private" : "Public")Key"
    if curve.hasSuffix("25519"), x.count != 32 {
      throw invalid("\(kind): \(curve.lowercased()): wrong public key size")
    }
    guard curve == "Ed25519" else { return .other }
    if isPrivate, let d = try bytes("d") {
      guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: d),
        Array(key.publicKey.rawRepresentation) == x
      else { throw invalid("\(kind): ed25519: invalid private key") }
      return .ed25519Private(key)
    }
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: x) else { return .other }
    return .ed25519Public(key)
  }

  private func bytes(_ name: Text) throws(JWKError) -> [UInt8]? {
    guard let value = object[name] else { return nil }
    guard let text = value.asString, let bytes = Base64URL.decodeLeniently(text) else {
      throw malformed("failed to decode value for key \(name): expected base64 encoded []byte (string)")
    }
    return bytes
  }

  private func string(_ name: Text) throws(JWKError) -> String? {
    guard let value = object[name] else { return nil }
    guard let text = value.asString else {
      let reading = name == "kid" ? "error reading next value: " : ""
      throw malformed(
        "failed to decode value for key \(name): \(reading)json: cannot unmarshal \(value.typeName) into Go value of type string"
      )
    }
    return text
  }

  private func missing(_ name: String) -> JWKError { malformed("required field \(name) is missing") }

  private func malformed(_ fault: String) -> JWKError {
    let kind = typeName == "symmetric" ? "Key" : isPrivate ? "PrivateKey" : "PublicKey"
    let reading = "failed to unmarshal JSON into key (*jwk.\(typeName)\(kind))"
    return JWKError("\(reading): \(reading): \(fault)")
  }

  private func invalid(_ fault: String) -> JWKError {
    JWKError("jwk.Parse: key validation failed: key validation failed: \(fault)")
  }

  /// RFC 7518 §3.1 and §4.1, RFC 8037 §3.1, RFC 8812 §3.2.
  private static let algorithms: Set<String> = [
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
    "ES256K", "EdDSA", "none", "RSA1_5", "RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512", "A128KW", "A192KW",
    "A256KW", "dir", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW", "A128GCMKW", "A192GCMKW",
    "A256GCMKW", "PBES2-HS256+A128KW", "PBES2-HS384+A192KW", "PBES2-HS512+A256KW",
  ]
}

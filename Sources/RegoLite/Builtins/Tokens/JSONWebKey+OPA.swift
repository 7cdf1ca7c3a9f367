import JOSE
import StrictJSON

extension JSONWebKey {
  /// The keys of a PEM certificate, a PEM public key, a JWK or a JWK set (RFC 7517).
  static func keys(certificateOrJWK text: String) throws(BuiltinError) -> [JSONWebKey] {
    guard let block = PEMBlock(in: text) else {
      do throws(JWKTextError) {
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
    do throws(JWKTextError) {
      guard let key = try keys(jwk: text).first else { throw JWKTextError("no keys found in JWK set") }
      return key
    } catch {
      throw .failure(error.message)
    }
  }

  /// Beyond this a set is refused: each key may cost a verification.
  static let mostKeysInSet = 1_000

  private static func keys(jwk text: String) throws(JWKTextError) -> [JSONWebKey] {
    let probing =
      "failed to parse sole key: jwk.ParseKey: jwk.Parse: failed to probe data: probe: failed to unmarshal data"
    if let fault = GoJSONFault.message(for: Array(text.utf8)) {
      throw JWKTextError("jwk.Parse: \(probing): \(fault)")
    }
    guard let value = try? Value.parse(json: text), case .object(let object) = value else {
      throw JWKTextError("jwk.Parse: \(probing): json: cannot unmarshal into a key")
    }
    guard let members = object["keys"] else {
      return [try read(object) { "jwk.Parse: failed to parse sole key: jwk.ParseKey: \($0)" }]
    }
    guard case .array(let elements) = members else {
      throw JWKTextError(
        "jwk.Parse: failed to unmarshal JWK set: failed to decode \"keys\": expected '[' but got \(members.json())")
    }
    guard elements.count <= mostKeysInSet else {
      throw JWKTextError("jwk.Parse: more than \(mostKeysInSet) keys in a set")
    }
    var keys: [JSONWebKey] = []
    for (index, element) in elements.enumerated() {
      let place = "jwk.Parse: failed to unmarshal JWK set: failed to decode key #\(index) in \"keys\": jwk.ParseKey"
      guard case .object(let object) = element else { throw JWKTextError("\(place): invalid key type from JSON ()") }
      keys.append(try read(object) { "\(place): \($0)" })
    }
    return keys
  }

  private static func read(_ object: ObjectValue, _ place: (String) -> String) throws(JWKTextError) -> JSONWebKey {
    do throws(JWKError) {
      return try JSONWebKey(reading: object)
    } catch {
      throw JWKTextError(place(error.message(in: object)))
    }
  }
}

private struct JWKTextError: Error {
  let message: String
  init(_ message: String) { self.message = message }
}

extension ObjectValue: JWKMembers {
  func jwkMember(_ name: String) -> JWKMember? {
    self[Text(name)].map { value in value.asString.map { .text($0) } ?? .other }
  }
}

extension JWKError {
  /// What is wrong, in OPA's words.
  fileprivate func message(in object: ObjectValue) -> String {
    let kind = isPrivate ? "PrivateKey" : "PublicKey"
    switch fault {
    case .unknownType: return "invalid key type from JSON (\(type))"
    case .missing(let name): return malformed("required field \(name) is missing")
    case .empty("k"): return invalid(#"jwk.SymmetricKey: missing "k" field"#)
    case .empty(let name): return invalid("jwk.RSA\(kind): missing \"\(name)\" value")
    case .notBase64(let name):
      return malformed("failed to decode value for key \(name): expected base64 encoded []byte (string)")
    case .notText(let name):
      let reading = name == "kid" ? "error reading next value: " : ""
      let found = object[Text(name)]?.typeName ?? ""
      return malformed(
        "failed to decode value for key \(name): \(reading)json: cannot unmarshal \(found) into Go value of type string"
      )
    case .unknownAlgorithm(let name):
      return malformed(
        "failed to decode value for key alg: invalid key value: \(GoQuote.string(name)): invalid key algorithm")
    case .unknownCurve(let name):
      return malformed("failed to decode value for key crv: unknown EllipticCurveAlgorithm: \(GoQuote.string(name))")
    case .coordinateSize(let name, let size, let curve):
      return invalid(
        "jwk.ECDSA\(kind): invalid \"\(name)\" length (\(size)) for curve \(GoQuote.string(curve.rawValue))")
    case .keySize(let curve): return invalid("jwk.OKP\(kind): \(curve.lowercased()): wrong public key size")
    case .notOnCurve: return invalid("jwk.ECDSA\(kind): point is not on the curve")
    case .invalidPrivateKey where type == "OKP": return invalid("jwk.OKP\(kind): ed25519: invalid private key")
    case .invalidPrivateKey: return invalid("jwk.ECDSA\(kind): invalid private key")
    }
  }

  private func malformed(_ fault: String) -> String {
    let names = ["RSA": "rsa", "EC": "ecdsa", "OKP": "okp", "oct": "symmetric"]
    let kind = type == "oct" ? "Key" : isPrivate ? "PrivateKey" : "PublicKey"
    let reading = "failed to unmarshal JSON into key (*jwk.\(names[type] ?? "")\(kind))"
    return "\(reading): \(reading): \(fault)"
  }

  private func invalid(_ fault: String) -> String {
    "jwk.Parse: key validation failed: key validation failed: \(fault)"
  }
}

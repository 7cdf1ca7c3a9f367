package import StrictJSON

/// A JSON Web Signature in compact form (RFC 7515 §7.1), taken apart and not yet believed.
///
/// The reading is strict, because what signs and what checks must understand the same: base64url in its only form, no
/// key twice in the header, nothing that the header calls critical. Keys that the header brings along or points to
/// (`jwk`, `jku`, `x5c`, `x5u`) are never looked at.
package struct CompactJWS: Sendable {
  package let header: JSONObject
  package let payload: [UInt8]
  /// `alg`, known or not.
  package let algorithmName: String
  /// `kid`.
  package let keyID: String?
  /// `typ` in lower case, without the `application/` that may stand before it (RFC 7515 §4.1.9).
  package let type: String?
  private let signature: [UInt8]
  private let signedBytes: [UInt8]

  /// In bytes.
  package static let maximumLength = 16_384
  /// Nesting of a header or a set of claims.
  package static let maximumDepth = 32

  package init(parsing text: String) throws(JWSError) {
    let bytes = Array(text.utf8)
    guard bytes.count <= Self.maximumLength else { throw .tooLong }
    let sections = bytes.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
    guard sections.count == 3 else { throw .notCompact }
    guard let header = Base64URL.decode(sections[0]), let payload = Base64URL.decode(sections[1]),
      let signature = Base64URL.decode(sections[2])
    else { throw .malformedBase64 }
    guard case .object(let object)? = try? JSONValue(parsing: header, options: Self.options) else {
      throw .malformedHeader
    }
    func member(_ name: String) throws(JWSError) -> String? {
      guard let value = object[name] else { return nil }
      guard let text = value.stringValue else { throw .malformedHeader }
      return text
    }
    guard let algorithm = try member("alg") else { throw .malformedHeader }
    switch object["crit"] {
    case nil, JSONValue.array([])?: break
    default: throw .criticalHeader
    }
    self.header = object
    self.payload = payload
    self.signature = signature
    algorithmName = algorithm
    keyID = try member("kid")
    type = try member("typ").map(Self.bareType)
    signedBytes = Array(bytes[..<sections[1].endIndex])
  }

  /// The payload as claims (RFC 7519 §4), read as strictly as the header.
  package func claims() throws(JWSError) -> JSONObject {
    guard case .object(let claims)? = try? JSONValue(parsing: payload, options: Self.options) else {
      throw .malformedClaims
    }
    return claims
  }

  private static let options = JSONReadingOptions(
    rejectsDuplicateKeys: true, maximumDepth: maximumDepth, rejectsLoneSurrogates: true, rejectsInvalidUTF8: true,
    rejectsNonFinite: true, acceptsByteOrderMark: false)

  private static func bareType(_ type: String) -> String {
    let type = type.lowercased()
    return type.hasPrefix("application/") ? String(type.dropFirst("application/".count)) : type
  }
}

// MARK: - Checking

extension CompactJWS {
  /// The key of the set that signed it. With a `kid` only keys of that name count; without one each that fits is tried.
  ///
  /// INVARIANT: the algorithm is one of `algorithms`, and the key one for it. The header chooses neither: `none` is no
  /// `JWSAlgorithm`, and a public key is no secret.
  @discardableResult
  package func verify(by keys: JSONWebKeySet, algorithms: Set<JWSAlgorithm>) throws(JWSError) -> JSONWebKey {
    guard let algorithm = JWSAlgorithm(algorithmName), algorithms.contains(algorithm) else {
      throw .algorithmNotAllowed
    }
    let named = keys.keys(named: keyID)
    guard !named.isEmpty else { throw .unknownKey }
    let fitting = named.filter { key in
      algorithm.fits(key.key) && key.algorithm?.hasSameBytes(as: algorithmName) != false
    }
    guard !fitting.isEmpty else { throw .keyDoesNotFit }
    // RegoLite's checks take shorter and longer numbers, as OPA's do; RFC 7518 §3.4 knows one length only.
    if let size = algorithm.signatureSize, signature.count != size { throw .wrongSignature }
    for key in fitting where algorithm.isValid(signature, of: signedBytes, by: key.key) { return key }
    throw .wrongSignature
  }
}

// MARK: - Signing

extension CompactJWS {
  /// A signed JSON Web Token with these claims.
  ///
  /// - Parameters:
  ///   - algorithm: absent: the key's own, or the usual one for its kind
  ///   - type: `typ` in the header
  package static func sign(
    claims: JSONObject, by key: JSONWebKey, algorithm: JWSAlgorithm? = nil, type: String? = "JWT"
  ) throws(JWSError) -> String {
    let chosen = algorithm ?? key.algorithm.flatMap(JWSAlgorithm.init) ?? key.key.usualAlgorithm
    guard let chosen, chosen.fits(key.key), key.algorithm == nil || key.algorithm == chosen.name else {
      throw .keyDoesNotFit
    }
    var header: JSONObject = ["alg": .string(chosen.name)]
    header["typ"] = type.map { .string($0) }
    header["kid"] = key.id.map { .string($0) }
    let text =
      Base64URL.encode(JSONValue.object(header).serialized()) + "."
      + Base64URL.encode(JSONValue.object(claims).serialized())
    guard let signature = try? chosen.signature(of: Array(text.utf8), by: key.key) else { throw .cannotSign }
    return text + "." + Base64URL.encode(signature)
  }
}

extension SigningKey {
  /// What the key signs with when nobody says otherwise.
  package var usualAlgorithm: JWSAlgorithm? {
    switch self {
    case .secret: JWSAlgorithm(.hmac, .sha256)
    case .rsaPublic, .rsaPrivate: JWSAlgorithm(.rsaPKCS1, .sha256)
    case .ecPublic(let key): JWSAlgorithm(.ecdsa, key.curve.hash)
    case .ecPrivate(let key): JWSAlgorithm(.ecdsa, key.curve.hash)
    case .ed25519Public, .ed25519Private: JWSAlgorithm(.eddsa, .sha512)
    case .other: nil
    }
  }
}

/// Why a token isn't believed, or not made. No case carries a part of a token or a key.
package enum JWSError: Error, Equatable, CustomStringConvertible {
  case tooLong
  case notCompact
  case malformedBase64
  case malformedHeader
  case malformedClaims
  case criticalHeader
  case algorithmNotAllowed
  case unknownKey
  case keyDoesNotFit
  case wrongSignature
  case cannotSign

  package var description: String {
    switch self {
    case .tooLong: "longer than \(CompactJWS.maximumLength) bytes"
    case .notCompact: "not three sections between full stops"
    case .malformedBase64: "a section isn't base64url in its only form"
    case .malformedHeader: "the header is no JSON object with an algorithm, or says something twice"
    case .malformedClaims: "the claims are no JSON object, or say something twice"
    case .criticalHeader: "the header has critical extensions"
    case .algorithmNotAllowed: "the algorithm isn't among those allowed"
    case .unknownKey: "no key has the token's key id"
    case .keyDoesNotFit: "the key is none for the algorithm"
    case .wrongSignature: "the signature is wrong"
    case .cannotSign: "the key can't sign"
    }
  }
}

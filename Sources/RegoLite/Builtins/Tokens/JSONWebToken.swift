import JOSE
import StrictJSON

/// A JSON Web Token in compact form (RFC 7519, RFC 7515 §7.1): its sections as they came, and what they say.
struct JSONWebToken {
  /// Still in base64.
  let header, payload, signature: Substring

  init(_ text: String) throws(BuiltinError) {
    guard text.utf8.contains(UInt8(ascii: ".")) else { throw .failure("encoded JWT had no period separators") }
    let sections = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
    guard sections.count == 3 else {
      let count = text.utf8.count { $0 == UInt8(ascii: ".") } + 1
      throw .failure("encoded JWT must have 3 sections, found \(count)")
    }
    (header, payload, signature) = (Substring(sections[0]), Substring(sections[1]), Substring(sections[2]))
  }

  /// What was signed: the header and the payload as they came.
  var signedBytes: [UInt8] { Array(header.utf8) + [UInt8(ascii: ".")] + Array(payload.utf8) }

  func signatureBytes() throws(BuiltinError) -> [UInt8] { try Self.bytes(signature) }

  func headerObject() throws(BuiltinError) -> ObjectValue {
    let bytes = try Self.decode(header, "header")
    let object: ObjectValue
    do throws(BuiltinError) {
      object = try Self.object(bytes)
    } catch {
      throw .failure("bad JWT header: \(error.message)")
    }
    if object["enc"] != nil { throw .failure("JWT is a JWE object, which is not supported") }
    return object
  }

  func payloadBytes() throws(BuiltinError) -> [UInt8] { try Self.decode(payload, "payload") }

  static func decode(_ section: Substring, _ name: String) throws(BuiltinError) -> [UInt8] {
    do throws(BuiltinError) {
      return try bytes(section)
    } catch {
      throw .failure("JWT \(name) had invalid encoding: \(error.message)")
    }
  }

  /// With or without padding. Fails with OPA's texts.
  private static func bytes(_ section: Substring) throws(BuiltinError) -> [UInt8] {
    var digits = Array(section.utf8)
    if digits.last != UInt8(ascii: "=") {
      guard digits.count % 4 != 1 else { throw .failure("illegal base64url string: \(section)") }
      digits += repeatElement(UInt8(ascii: "="), count: -digits.count & 3)
    }
    return try Builtins.Encoding.decode(digits, .url)
  }

  static func object(_ bytes: [UInt8]) throws(BuiltinError) -> ObjectValue {
    if let fault = GoJSONFault.message(for: bytes) {
      throw .failure("invalid JSON: \(fault)")
    }
    let value: Value
    do {
      value = try Value.parse(json: bytes)
    } catch {
      throw .failure("invalid JSON: \(error.message)")
    }
    guard case .object(let object) = value else { throw .failure("decoded JSON type was not an Object") }
    return object
  }
}

/// The fields of a token's header that decide how it is checked (RFC 7515 §4.1).
struct JWTHeader {
  private(set) var algorithm = ""
  private(set) var keyID = ""
  private(set) var contentType = ""
  private var isCriticalKnown = true

  init(_ object: ObjectValue) throws(BuiltinError) {
    let known: [Text] = ["alg", "kid", "typ", "cty", "crit"]
    for (key, value) in object.entries {
      guard case .string(let name) = key else { continue }
      switch name {
      case "alg": algorithm = try Self.string(name, value)
      case "kid": keyID = try Self.string(name, value)
      case "cty": contentType = try Self.string(name, value)
      case "typ": _ = try Self.string(name, value)
      case "crit":
        guard case .array(let names) = value else { throw .failure("crit: must be a list") }
        let texts = names.compactMap(\.asText)
        guard texts.count == names.count, !texts.isEmpty else { throw .failure("crit: must be a nonempty list") }
        // What the header doesn't have cannot be misunderstood.
        isCriticalKnown = texts.allSatisfy { known.contains($0) || object[$0] == nil }
      default: break
      }
    }
  }

  /// Names an algorithm and asks for nothing that isn't understood.
  var isValid: Bool { !algorithm.isEmpty && isCriticalKnown }

  /// The payload is itself a token.
  var isNested: Bool { contentType.uppercased() == "JWT" }

  private static func string(_ name: Text, _ value: Value) throws(BuiltinError) -> String {
    guard let text = value.asString else { throw .failure("\(name): must be a string") }
    return text
  }
}

/// What `io.jwt.decode_verify` wants of a token.
struct JWTConstraints {
  private var keys: [JSONWebKey]?
  private var secret = ""
  private(set) var algorithm = ""
  private var issuer = ""
  private var audience = ""
  /// Nanoseconds since 1970.
  private var time: Double

  init(_ object: ObjectValue, now: Int64) throws(BuiltinError) {
    time = Double(now)
    for (key, value) in object.entries {
      let name = key.asString ?? key.regoDescription
      switch name {
      case "cert": keys = try JSONWebKey.keys(certificateOrJWK: Self.string(name, value))
      case "secret": secret = try Self.string(name, value)
      case "alg": algorithm = try Self.string(name, value)
      case "iss": issuer = try Self.string(name, value)
      case "aud": audience = try Self.string(name, value)
      case "time": time = try Self.time(value)
      default: throw .failure("unknown token validation constraint: \(name)")
      }
    }
    switch (keys != nil, !secret.isEmpty) {
    case (true, true): throw .failure("duplicate key constraints")
    case (false, false): throw .failure("no key constraint")
    default: break
    }
  }

  private static func string(_ name: String, _ value: Value) throws(BuiltinError) -> String {
    guard let text = value.asString else { throw .failure("\(name) constraint: must be a string") }
    return text
  }

  private static func time(_ value: Value) throws(BuiltinError) -> Double {
    guard let number = value.asNumber else { throw .failure("token time constraint: must be a number") }
    let time = number.doubleValue
    guard time.isFinite else { throw .failure("token time constraint: unvalid float64") }
    guard time >= 0 else { throw .failure("token time constraint: must not be negative") }
    return time
  }

  /// Whether the token carries a signature by one of the keys.
  func isSigned(
    _ token: JSONWebToken, _ header: JWTHeader, _ context: inout BuiltinContext
  ) throws(BuiltinError) -> Bool {
    let signature = try token.signatureBytes()
    guard let algorithm = JWSAlgorithm(header.algorithm) else { return false }
    return try JSONWebKey.isSigned(
      token.signedBytes, signature, algorithm, header, by: keys ?? [JSONWebKey(key: .secret(Array(secret.utf8)))],
      &context)
  }

  /// Whether issuer, audience and time fit (RFC 7519 §4.1).
  func allow(_ payload: ObjectValue) throws(BuiltinError) -> Bool {
    if !issuer.isEmpty, payload["iss"]?.asText != Text(issuer) { return false }
    switch payload["aud"] {
    case .string(let text)?: if text != Text(audience) { return false }
    case .array(let elements)?: if !elements.contains(.string(Text(audience))) { return false }
    case nil: if !audience.isEmpty { return false }
    default: return false
    }
    guard let now = Number(time / 1_000_000_000) else { return false }
    if let expiry = payload["exp"] {
      guard let expiry = expiry.asNumber else { throw .failure("exp value must be a number") }
      if now >= expiry { return false }
    }
    if let start = payload["nbf"] {
      guard let start = start.asNumber else { throw .failure("nbf value must be a number") }
      if now < start { return false }
    }
    return true
  }
}

extension JSONWebKey {
  private func hasID(_ other: String) -> Bool { id?.hasSameBytes(as: other) ?? false }

  /// Whether one of the keys signed the message. The key with the header's identifier alone counts when there is one;
  /// else every key that is for no other algorithm.
  static func isSigned(
    _ message: [UInt8], _ signature: [UInt8], _ algorithm: JWSAlgorithm, _ header: JWTHeader, by keys: [JSONWebKey],
    _ context: inout BuiltinContext
  ) throws(BuiltinError) -> Bool {
    func check(_ key: JSONWebKey) throws(BuiltinError) -> Bool {
      try context.charge(algorithm.steps(signing: false))
      try context.charge(bytes: message.count)
      return algorithm.isValid(signature, of: message, by: key.key)
    }
    if !header.keyID.isEmpty, let named = keys.first(where: { $0.hasID(header.keyID) }) {
      return try check(named)
    }
    for key in keys where key.algorithm == nil || key.algorithm == header.algorithm {
      if try check(key) { return true }
    }
    return false
  }
}

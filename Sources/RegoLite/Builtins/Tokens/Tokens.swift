import JOSE
import StrictJSON

extension Builtins {
  /// JSON Web Tokens: `io.jwt.*`.
  enum Tokens {
    static let rows: [Builtin] =
      [
        Builtin("io.jwt.decode", [.string], .array(leading: [.anyObject, .anyObject, .string], rest: nil), decode),
        Builtin(
          "io.jwt.decode_verify", [.string, .object(of: .anything)],
          .array(leading: [.boolean, .anyObject, .anyObject], rest: nil), deterministic: false, decodeVerify),
        Builtin(
          "io.jwt.encode_sign", [.object(of: .anything), .object(of: .anything), .object(of: .anything)], .string,
          deterministic: false
        ) { arguments, context throws(BuiltinError) in
          let (header, payload, key) = (try arguments.object(1), try arguments.object(2), try arguments.object(3))
          return try sign(
            Value.object(header).json(), Value.object(payload).json(), Value.object(key).json(), &context)
        },
        Builtin(
          "io.jwt.encode_sign_raw", [.string, .string, .string], .string, deterministic: false
        ) { arguments, context throws(BuiltinError) in
          let (header, payload, key) = (try arguments.string(1), try arguments.string(2), try arguments.string(3))
          return try sign(header, payload, key, &context)
        },
      ] + ["hs256", "hs384", "hs512"].map(verifyCode)
      + ["rs256", "rs384", "rs512", "ps256", "ps384", "ps512", "es256", "es384", "es512", "eddsa"].map(verifySignature)

    /// Tokens inside tokens: beyond this many the innermost is refused.
    private static let deepestNesting = 32

    private static func decode(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      var text = try arguments.string(1)
      for _ in 0..<deepestNesting {
        try context.charge(bytes: text.utf8.count)
        let token = try JSONWebToken(text)
        let header = try token.headerObject()
        let payload = try token.payloadBytes()
        if header["cty"]?.asText == "JWT" {
          let isQuote = { (scalar: Unicode.Scalar) in scalar == "\"" || scalar == "'" }
          var inner = String(decoding: payload, as: UTF8.self).unicodeScalars[...]
          inner = inner.drop(while: isQuote)
          while let last = inner.last, isQuote(last) { inner.removeLast() }
          text = String(inner)
          continue
        }
        let body = try JSONWebToken.object(payload)
        let signature = try JSONWebToken.decode(token.signature, "signature")
        return [.object(header), .object(body), .string(Text(Hashes.hexadecimal(signature)))]
      }
      throw .failure("JWTs are nested too deeply")
    }

    private static func verifyCode(_ name: String) -> Builtin {
      Builtin(Text("io.jwt.verify_" + name), [.string, .string], .boolean) { arguments, context throws(BuiltinError) in
        let text = try arguments.string(1)
        let secret = try arguments.utf8(2)
        let token = try JSONWebToken(text)
        try context.charge(bytes: token.header.utf8.count + token.payload.utf8.count + secret.count)
        guard let algorithm = JWSAlgorithm(name.uppercased()) else { return false }
        let signature = try token.signatureBytes()
        return .boolean(algorithm.isValid(signature, of: token.signedBytes, by: .secret(secret)))
      }
    }

    private static func verifySignature(_ name: String) -> Builtin {
      Builtin(Text("io.jwt.verify_" + name), [.string, .string], .boolean) { arguments, context throws(BuiltinError) in
        let text = try arguments.string(1)
        try context.charge(bytes: text.utf8.count)
        let token = try JSONWebToken(text)
        let certificate = try arguments.string(2)
        try context.charge(bytes: certificate.utf8.count * 4)
        let keys = try JSONWebKey.keys(certificateOrJWK: certificate)
        let signature = try token.signatureBytes()
        let header = try JWTHeader(token.headerObject())
        guard header.isValid, let algorithm = JWSAlgorithm(name == "eddsa" ? "EdDSA" : name.uppercased()) else {
          return false
        }
        return .boolean(
          try JSONWebKey.isSigned(token.signedBytes, signature, algorithm, header, by: keys, &context))
      }
    }

    private static func decodeVerify(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let unverified: Value = [false, .emptyObject, .emptyObject]
      let constraints = try JWTConstraints(arguments.object(2), now: context.nowNanoseconds)
      var text = try arguments.string(1)
      for _ in 0..<deepestNesting {
        try context.charge(bytes: text.utf8.count)
        let token = try JSONWebToken(text)
        let headerObject = try token.headerObject()
        let header = try JWTHeader(headerObject)
        if !header.isValid { return unverified }
        if !constraints.algorithm.isEmpty, Text(constraints.algorithm) != Text(header.algorithm) { return unverified }
        guard try constraints.isSigned(token, header, &context) else { return unverified }
        let payload = try token.payloadBytes()
        if header.isNested {
          text = String(decoding: payload, as: UTF8.self)
          continue
        }
        let body = try JSONWebToken.object(payload)
        return try constraints.allow(body) ? [true, .object(headerObject), .object(body)] : unverified
      }
      throw .failure("JWTs are nested too deeply")
    }

    private static func sign(
      _ header: String, _ payload: String, _ jwk: String, _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      try context.charge(bytes: header.utf8.count + payload.utf8.count + jwk.utf8.count * 4)
      let key = try JSONWebKey.signingKey(jwk: jwk)
      let fields = try headerFields(header)
      guard let value = fields?["alg"] else {
        throw .failure("missing or invalid 'alg' header: jwsbb: header \"alg\" not found")
      }
      guard let name = value.asString else {
        throw .failure(
          "missing or invalid 'alg' header: value doesn't contain string; it contains \(value.typeName)")
      }
      guard let algorithm = JWSAlgorithm(name) else { throw .failure("unknown JWS algorithm: \(name)") }
      let type = fields?["typ"]?.asText ?? ""
      if type == "" || type == "JWT", GoJSONFault.message(for: Array(payload.utf8)) != nil {
        throw .failure("type is JWT but payload is not JSON")
      }
      try context.charge(algorithm.steps(signing: true))
      let message = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(payload.utf8))
      let signature = try algorithm.opaSignature(of: Array(message.utf8), by: key.key)
      return .string(Text(message + "." + Base64URL.encode(signature)))
    }

    /// Absent when the header is JSON but no object.
    private static func headerFields(_ header: String) throws(BuiltinError) -> ObjectValue? {
      // OPA's reader of headers takes any run of digits, signs, points and `e` for a number.
      let isNumber = header.utf8.allSatisfy { byte in
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "+-.eE".utf8.contains(byte)
      }
      if isNumber, !header.isEmpty { return nil }
      let fault =
        header.isEmpty
        ? "cannot parse empty string; unparsed tail: \"\"" : GoJSONFault.message(for: Array(header.utf8))
      if let fault { throw .failure("missing or invalid 'alg' header: cannot parse JSON: \(fault)") }
      do {
        return try Value.parse(json: header).asObject
      } catch {
        throw .failure("missing or invalid 'alg' header: cannot parse JSON: \(error.message)")
      }
    }
  }
}

import JOSE

extension JWSAlgorithm {
  /// Steps that one signature or check costs beyond the reading of the message.
  func steps(signing: Bool) -> Int {
    switch family {
    case .hmac: 50
    case .rsaPKCS1, .rsaPSS: signing ? 20_000 : 1_000
    case .ecdsa, .eddsa: 3_000
    }
  }

  /// As `signature(of:by:)`, failing with OPA's texts.
  func opaSignature(of message: [UInt8], by key: SigningKey) throws(BuiltinError) -> [UInt8] {
    do throws(SigningError) {
      return try signature(of: message, by: key)
    } catch {
      switch error {
      case .refused: throw .failure("jwsbb.Sign: the key cannot sign")
      case .malformedRSAKey:
        throw .failure("jwsbb.Sign: an RSA key that signs must be well formed and have 2048 bits or more")
      case .missingPrime(let name):
        let place = "failed to produce rsa.PrivateKey from *jwk.rsaPrivateKey: jwk.Export"
        throw .failure(
          "jwsbb.Sign: invalid key type *jwk.rsaPrivateKey. *rsa.PrivateKey is required: \(place): "
            + "failed to export jwk.Key to raw format: missing \"\(name)\" value")
      case .wrongKind:
        throw .failure(
          "jwsbb.Sign: invalid key type \(key.jwxTypeName). \(wantedTypeName) is required\(conversionFault(key))")
      }
    }
  }

  private func conversionFault(_ key: SigningKey) -> String {
    if case .hmac = family { return "" }
    let wanted = wantedTypeName.hasPrefix("*") ? String(wantedTypeName.dropFirst()) : wantedTypeName
    let module = if case .ecdsa = family { "keyconv: " } else { "" }
    return ": \(module)failed to produce \(wanted) from \(key.jwxTypeName): jwk.Export: "
      + "no suitable exporter found for key type '\(key.jwxTypeName)'"
  }

  private var wantedTypeName: String {
    switch family {
    case .hmac: "[]byte"
    case .rsaPKCS1, .rsaPSS: "*rsa.PrivateKey"
    case .ecdsa: "*ecdsa.PrivateKey"
    case .eddsa: "ed25519.PrivateKey"
    }
  }
}

extension SigningKey {
  /// The type that OPA's messages name.
  fileprivate var jwxTypeName: String {
    switch self {
    case .secret: "*jwk.symmetricKey"
    case .rsaPublic: "*jwk.rsaPublicKey"
    case .rsaPrivate: "*jwk.rsaPrivateKey"
    case .ecPublic: "*jwk.ecdsaPublicKey"
    case .ecPrivate: "*jwk.ecdsaPrivateKey"
    case .ed25519Public, .other: "*jwk.okpPublicKey"
    case .ed25519Private: "*jwk.okpPrivateKey"
    }
  }
}

import StrictJSON

extension JSONWebKey {
  /// A key to sign with: PEM (RFC 7468) with an unencrypted PKCS #8 key, or a JWK with its private member.
  ///
  /// - Parameter id: what tokens are to call it; absent: the JWK's own
  package init(privateKey text: String, id: String? = nil) throws(PrivateKeyError) {
    if let block = PEMBlock(in: text) {
      guard block.label == "PRIVATE KEY" else { throw .notPKCS8 }
      guard let key = SigningKey(privateKey: block.bytes) else { throw .malformed }
      self.init(id: id, key: key)
      return
    }
    guard let members = (try? JSONValue(parsing: text))?.objectValue else { throw .neither }
    guard let key = try? JSONWebKey(reading: members) else { throw .malformed }
    switch key.key {
    case .secret, .rsaPrivate, .ecPrivate, .ed25519Private: break
    case .rsaPublic, .ecPublic, .ed25519Public, .other: throw .notPrivate
    }
    self = key
    if let id { self.id = id }
  }
}

/// Why a text is no key to sign with. No case carries a part of it.
package enum PrivateKeyError: Error, Equatable, CustomStringConvertible {
  case neither
  /// Such as `RSA PRIVATE KEY`, `EC PRIVATE KEY` or `ENCRYPTED PRIVATE KEY`.
  case notPKCS8
  case malformed
  case notPrivate

  package var description: String {
    switch self {
    case .neither: "is neither PEM nor a JSON Web Key"
    case .notPKCS8: "is PEM, but no unencrypted PKCS #8 key (`BEGIN PRIVATE KEY`)"
    case .malformed: "is no key of a kind that signs"
    case .notPrivate: "is a public key"
    }
  }
}

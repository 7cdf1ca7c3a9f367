import JOSE
import StrictJSON
import Synchronization

/// Makes JWTs (RFC 7519) that the gateway signs.
final class TokenSigner: Sendable {
  private struct Known {
    let text: LentSecret
    let key: JSONWebKey
  }

  private let reader: SecretReader
  private let clock: WallClock
  private let identifier: @Sendable () -> String
  private let keys = Mutex<[ExactText: Known]>([:])

  /// - Parameter identifier: makes `jti`s
  init(reader: SecretReader, clock: WallClock, identifier: @escaping @Sendable () -> String) {
    self.reader = reader
    self.clock = clock
    self.identifier = identifier
  }

  /// - Parameter life: in seconds
  func token(
    _ signing: TokenSigning, subject: String, scope: CredentialScope?, life: Int
  ) throws(CredentialFailure) -> LentSecret {
    let now = Int(clock.now() / 1_000_000)
    var claims: JSONObject = [
      "iss": .string(signing.issuer), "sub": .string(subject),
      "aud": signing.audiences.count == 1
        ? .string(signing.audiences[0]) : .array(signing.audiences.map { .string($0) }),
      "exp": .init(now + life), "iat": .init(now), "jti": .string(identifier()),
    ]
    claims["scope"] = scope.map { .string($0.text) }
    for (name, value) in signing.claims.members { claims[name] = value }
    let key = try key(signing)
    let text: String
    do throws(JWSError) {
      text = try CompactJWS.sign(claims: claims, by: key, algorithm: signing.algorithm, type: signing.type)
    } catch {
      throw CredentialFailure(.secret, "\(signing.key): \(error.description)")
    }
    guard text.utf8.count <= TokenRequest.maximumLength else {
      throw CredentialFailure(.secret, "a signed token has more than \(TokenRequest.maximumLength) bytes")
    }
    return LentSecret(text)
  }

  /// Read once as long as its text stays the same.
  func key(_ signing: TokenSigning) throws(CredentialFailure) -> JSONWebKey {
    let text = try reader.read(signing.key)
    let name = ExactText(signing.key.description)
    var key: JSONWebKey
    if let known = keys.withLock({ $0[name] }), known.text.reveal().hasSameBytes(as: text.reveal()) {
      key = known.key
    } else {
      do throws(PrivateKeyError) {
        key = try JSONWebKey(privateKey: text.reveal())
      } catch {
        throw CredentialFailure(.secret, "\(signing.key) \(error.description)")
      }
      keys.withLock { [key] in $0[name] = Known(text: text, key: key) }
    }
    key.id = signing.keyID ?? key.id
    let algorithm = signing.algorithm ?? key.algorithm.flatMap(JWSAlgorithm.init) ?? key.key.usualAlgorithm
    guard algorithm?.fits(key.key) == true else {
      throw CredentialFailure(.secret, "\(signing.key) is too small, or none for its algorithm")
    }
    return key
  }
}

package import StrictJSON

/// A set of keys that check tokens (RFC 7517 §5): `{"keys": […]}`.
package struct JSONWebKeySet: Sendable {
  /// Those that can be used.
  package let keys: [JSONWebKey]
  /// Which weren't taken and why: `$.keys[2] is not for signatures`. No text of the document is in it.
  package let ignored: [String]

  /// Beyond this a set is refused: a token without a key id is tried with each.
  package static let maximumKeys = 100

  package init(_ keys: [JSONWebKey]) {
    self.keys = keys
    ignored = []
  }

  /// A key that can't be used (of an unknown kind, for encryption, too small, private) is left out, as RFC 7517 §5
  /// wants it, so that a set may have keys for others. A private key is known to more than its owner once it is in a
  /// set: nothing that it signs is believed.
  ///
  /// - Parameter allowsSecrets: takes `oct` keys as well
  package init(parsing bytes: some Collection<UInt8>, allowsSecrets: Bool) throws(JSONError) {
    let document = try JSONValue(parsing: bytes)
    guard let object = document.objectValue else { throw JSONError(message: "is not an object") }
    guard let elements = object["keys"]?.arrayValue else {
      throw JSONError(message: "is not an array of keys", path: "$.keys")
    }
    guard elements.count <= Self.maximumKeys else {
      throw JSONError(message: "has more than \(Self.maximumKeys) keys", path: "$.keys")
    }
    var keys: [JSONWebKey] = []
    var ignored: [String] = []
    for (index, element) in elements.enumerated() {
      let path = "$.keys[\(index)]"
      guard let members = element.objectValue else { throw JSONError(message: "is not an object", path: path) }
      do throws(Unusable) {
        keys.append(try Self.key(members, allowsSecrets: allowsSecrets))
      } catch {
        ignored.append("\(path) \(error.reason)")
      }
    }
    self.keys = keys
    self.ignored = ignored
  }

  /// Those with the name; all when it is absent.
  package func keys(named id: String?) -> [JSONWebKey] {
    guard let id else { return keys }
    return keys.filter { $0.id?.hasSameBytes(as: id) == true }
  }

  private struct Unusable: Error {
    let reason: String
  }

  private static func key(_ members: JSONObject, allowsSecrets: Bool) throws(Unusable) -> JSONWebKey {
    let key: JSONWebKey
    do throws(JWKError) {
      key = try JSONWebKey(reading: members)
    } catch {
      throw Unusable(reason: error.description)
    }
    if let use = members["use"], use != "sig" { throw Unusable(reason: "is not for signatures") }
    if let operations = members["key_ops"], operations.arrayValue?.contains("verify") != true {
      throw Unusable(reason: "is not for checking signatures")
    }
    switch key.key {
    case .secret where !allowsSecrets: throw Unusable(reason: "is a secret")
    case .rsaPrivate, .ecPrivate, .ed25519Private: throw Unusable(reason: "is private")
    case .other: throw Unusable(reason: "is of no kind that signs here")
    default: break
    }
    let algorithm = key.algorithm.map(JWSAlgorithm.init) ?? key.key.usualAlgorithm
    guard algorithm?.fits(key.key) == true else {
      throw Unusable(reason: "is too small, or none for its algorithm")
    }
    return key
  }
}

extension JSONObject: JWKMembers {
  package func jwkMember(_ name: String) -> JWKMember? {
    self[name].map { value in value.stringValue.map { .text($0) } ?? .other }
  }
}

extension JWKError: CustomStringConvertible {
  /// Says which member is wrong, never what it says.
  package var description: String {
    switch fault {
    case .unknownType: "has no `kty` that is known"
    case .missing(let name): "has no `\(name)`"
    case .empty(let name): "has an empty `\(name)`"
    case .notBase64(let name): "has a `\(name)` that is no base64url"
    case .notText(let name): "has a `\(name)` that is no string"
    case .unknownAlgorithm: "has an `alg` that is unknown"
    case .unknownCurve: "has a `crv` that is unknown"
    case .coordinateSize(let name, _, _): "has a `\(name)` of the wrong length"
    case .keySize: "has an `x` of the wrong length"
    case .notOnCurve: "is no point of its curve"
    case .invalidPrivateKey: "has a `d` that isn't its own"
    }
  }
}

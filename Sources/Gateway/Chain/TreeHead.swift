import StrictJSON

/// What a store's chain is at a moment: its length, and the root of the tree over it, signed.
public struct TreeHead: Sendable, Equatable {
  /// Events.
  public var size: Int64
  public var root: EventHash
  /// Microseconds since 1970-01-01T00:00:00Z.
  public var signedAt: Int64
  public var signature: EvidenceSignature
  public var publicKey: EvidencePublicKey

  /// Absent when the system's cryptography fails.
  init?(size: Int64, root: EventHash, signedAt: Int64, key: EvidenceKey) {
    self.size = size
    self.root = root
    self.signedAt = signedAt
    publicKey = key.publicKey
    guard let signature = key.sign(.treeHead, Self.hash(size: size, root: root, signedAt: signedAt)) else { return nil }
    self.signature = signature
  }

  /// One that was kept.
  init(size: Int64, root: EventHash, signedAt: Int64, signature: EvidenceSignature, publicKey: EvidencePublicKey) {
    self.size = size
    self.root = root
    self.signedAt = signedAt
    self.signature = signature
    self.publicKey = publicKey
  }

  /// Of what is signed: `{"root_hash","signed_at","tree_size"}` in RFC 8785 canonical form.
  var hash: EventHash { Self.hash(size: size, root: root, signedAt: signedAt) }

  /// Whether its own key signed it. Whose key that is isn't known by that.
  var isSigned: Bool { publicKey.verifies(signature.ed25519, of: .treeHead, hash) }

  static func hash(size: Int64, root: EventHash, signedAt: Int64) -> EventHash {
    let text =
      #"{"root_hash":"\#(root.hexadecimal)","signed_at":"\#(ISOTimestamp.text(signedAt))","tree_size":\#(size)}"#
    return EventHash(of: Array(text.utf8))
  }
}

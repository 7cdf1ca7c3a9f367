import StrictJSON

extension EvidencePack.Integrity {
  /// What proves that the pack is whole and whose it is, for people: the proofs are in the JSON alone.
  var rows: [(label: String, value: String)] {
    var rows = [
      ("Events", String(eventCount)),
      ("SHA-256", hash.hexadecimal),
      ("Covers", EvidenceSeal.covers),
      ("Ed25519 signature", signature.ed25519.hexadecimalText),
      (
        "Ed25519 public key",
        "\(treeHead.publicKey.bytes.hexadecimalText) (thumbprint \(treeHead.publicKey.thumbprint))"
      ),
    ]
    if let hmac = signature.hmac { rows.append(("HMAC-SHA256", hmac.hexadecimalText)) }
    rows += [
      ("Signed at", ISOTimestamp.text(signedAt)),
      ("Tree of all events", "\(treeHead.size) events, root \(treeHead.root.hexadecimal)"),
      ("To check", "agentgate verify PACK.json --public-key KEY, with the same pack as JSON"),
    ]
    return rows
  }
}

import CSchemas

/// The JSON Schema of evidence packs, `docs/schemas/evidence-pack-v1.json`. It also says how each part is checked.
public enum EvidenceSchema {
  /// Its `$id`, and every pack's `$schema`.
  public static let identifier = "https://agentgate.dev/schemas/evidence-pack-v1.json"

  public static var bytes: [UInt8] {
    Array(UnsafeBufferPointer(start: schemas_evidence_pack.bytes, count: schemas_evidence_pack.count))
  }
}

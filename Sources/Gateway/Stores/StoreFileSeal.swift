import Crypto
import Glibc
import StrictJSON

/// The signed hash of a trace store's file while nobody has it open, in a file beside it. The chain says what is wrong
/// with events; this finds every other byte too, those that no row takes.
struct StoreFileSeal {
  /// `traces.db-seal` for `traces.db`.
  static func path(of store: String) -> String { store + "-seal" }

  private let hash: EventHash
  private let signature: [UInt8]
  private let publicKey: EvidencePublicKey

  /// Writes the seal of a store that no process has open. Without one, or when its log was left, there is none: then the
  /// chain alone says whether the store is as it was. Blocks.
  static func write(for store: String, key: EvidenceKey) {
    guard !hasLog(store), let hash = try? Self.hash(of: store),
      let signature = key.sign(.storeFile, hash)
    else { return }
    let seal = StoreFileSeal(hash: hash, signature: signature.ed25519, publicKey: key.publicKey)
    try? StateFile.replace(path(of: store), with: seal.text)
  }

  /// The store is about to change.
  static func remove(of store: String) { unlink(path(of: store)) }

  /// What is wrong with a store that isn't in use; absent when nothing is, or nobody can say.
  static func finding(of store: String, publicKey known: EvidencePublicKey?) -> EvidenceFinding? {
    guard access(path(of: store), F_OK) == 0, !hasLog(store) else { return nil }
    guard let bytes = try? StateFile.read(path(of: store), limit: 1 << 16).bytes,
      let seal = (try? JSONValue(parsing: bytes)).flatMap(StoreFileSeal.init), seal.text == bytes
    else { return EvidenceFinding("seal", "can't be read: it was changed") }
    if let known, known != seal.publicKey { return EvidenceFinding("seal", "is not of the key that was given") }
    guard seal.publicKey.verifies(seal.signature, of: .storeFile, seal.hash) else {
      return EvidenceFinding("seal", "the signature isn't the key's: the seal was changed")
    }
    guard (try? hash(of: store)) == seal.hash else {
      return EvidenceFinding("database", "isn't byte for byte the file that was sealed: some of it was changed")
    }
    return nil
  }

  /// Something is still to be taken into the database. Who only reads leaves an empty log.
  private static func hasLog(_ store: String) -> Bool {
    var status = stat()
    return stat(store + "-wal", &status) == 0 && status.st_size > 0
  }

  private init(hash: EventHash, signature: [UInt8], publicKey: EvidencePublicKey) {
    (self.hash, self.signature, self.publicKey) = (hash, signature, publicKey)
  }

  private var text: [UInt8] {
    let document: JSONValue = [
      "sha256": .string(hash.hexadecimal), "ed25519": .string(signature.hexadecimalText), "public_key": publicKey.jwk,
    ]
    return document.serialized() + [0x0A]
  }

  private init?(_ document: JSONValue) {
    guard let hash = document["sha256"]?.stringValue.flatMap(EventHash.init(hexadecimal:)),
      let signature = document["ed25519"]?.stringValue.flatMap(\.hexadecimalBytes),
      let publicKey = document["public_key"].flatMap(EvidencePublicKey.init(jwk:))
    else { return nil }
    self.init(hash: hash, signature: signature, publicKey: publicKey)
  }

  private static func hash(of path: String) throws(SystemError) -> EventHash {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw SystemError("open", path) }
    defer { close(file) }
    var hash = SHA256()
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = read(file, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw SystemError("read", path) }
      if count == 0 { return EventHash(hash.finalize()) }
      buffer[..<count].withUnsafeBytes { hash.update(bufferPointer: $0) }
    }
  }
}

import Crypto
import FoundationEssentials
import Glibc
import StrictJSON

/// Makes MCP's `requestState`, which a client hands back with a call that waited for an approval: a text that only this
/// gateway can read or make. It says which `ApprovalRequest` it was, and for which call.
///
/// It is `ag1.` and, in base64url without padding, a ChaCha20-Poly1305 box (RFC 8439: 12 bytes of nonce, the
/// ciphertext, 16 bytes of tag; `ag1.` is the associated data) over the JSON
/// `{"id","session","tool","arguments_hash","expires","nonce"}`. That it opens says that the gateway made it, not that
/// the call may pass: the approval is used up in the `ApprovalStore`.
public struct RequestStateSeal: Sendable {
  static let prefix = "ag1."
  /// In bytes. The longest that is made, of a session and a tool that are all escapes, has about 4,000.
  static let maximumLength = 8_192
  private static let keySize = 32

  private let key: SymmetricKey

  /// Reads the key from the file, or makes one and writes it there (mode 0600, durable) when there is none. Fails when
  /// others may read the file or it is no key. Blocks.
  public init(keyFile path: String) throws(RequestStateKeyError) {
    if let key = try Self.read(path) {
      self.key = key
      return
    }
    do throws(SystemError) {
      try Self.create(path)
    } catch {
      throw RequestStateKeyError(description: error.description)
    }
    // Not the key that was made here: of two processes that start at once, one has written.
    guard let key = try Self.read(path) else {
      throw RequestStateKeyError(description: "\(path) was removed while it was made")
    }
    self.key = key
  }

  /// For the client to keep and hand back.
  ///
  /// - Parameters:
  ///   - id: the `ApprovalRequest`'s
  ///   - expires: from this moment on it doesn't open; microseconds since 1970-01-01T00:00:00Z
  public func seal(
    id: String, session: String, tool: String, argumentsHash: String, expires: Int64
  ) throws(RequestStateError) -> String {
    var generator = SystemRandomNumberGenerator()
    let document: JSONValue = [
      "id": .string(id), "session": .string(session), "tool": .string(tool), "arguments_hash": .string(argumentsHash),
      "expires": JSONValue(expires),
      "nonce": .string(String(generator.next(), radix: 16) + String(generator.next(), radix: 16)),
    ]
    do {
      let box = try ChaChaPoly.seal(document.serialized(), using: key, authenticating: Array(Self.prefix.utf8))
      return Self.prefix + Base64URL.text(box.combined)
    } catch {
      throw RequestStateError(reason: .unsealable)
    }
  }

  /// The id of the request that was sealed for this very call. Fails when this gateway didn't make the text, or made it
  /// with another key or for another call, and from its expiry on.
  ///
  /// - Parameter now: microseconds since 1970-01-01T00:00:00Z
  public func open(
    _ text: String, session: String, tool: String, argumentsHash: String, now: Int64
  ) throws(RequestStateError) -> String {
    let bytes = text.utf8
    guard bytes.count <= Self.maximumLength, bytes.starts(with: Self.prefix.utf8),
      let combined = Base64URL.bytes(bytes.dropFirst(Self.prefix.utf8.count))
    else { throw RequestStateError(reason: .malformed) }
    let plain: Data
    do {
      plain = try ChaChaPoly.open(
        try ChaChaPoly.SealedBox(combined: combined), using: key, authenticating: Array(Self.prefix.utf8))
    } catch {
      throw RequestStateError(reason: .notOurs)
    }
    guard let document = try? JSONValue(parsing: Array(plain)), let id = document["id"]?.stringValue,
      let expires = document["expires"]?.intValue
    else { throw RequestStateError(reason: .malformed) }
    guard now < Int64(expires) else { throw RequestStateError(reason: .expired) }
    // JSON's strings are compared by their bytes.
    guard document["session"] == .string(session), document["tool"] == .string(tool),
      document["arguments_hash"] == .string(argumentsHash)
    else { throw RequestStateError(reason: .otherCall) }
    return id
  }

  private static func read(_ path: String) throws(RequestStateKeyError) -> SymmetricKey? {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try StateFile.read(path, limit: 4_096).bytes
    } catch {
      if error.isMissing { return nil }
      throw RequestStateKeyError(description: error.description)
    }
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & 0o077 == 0 else {
      throw RequestStateKeyError(description: "\(path): others may read it; remove it, and a new key is made")
    }
    guard bytes.count == keySize else {
      throw RequestStateKeyError(
        description: "\(path): is no key of \(keySize) bytes; remove it, and a new one is made")
    }
    return SymmetricKey(data: bytes)
  }

  /// Puts a fresh key where there is none, whole or not at all; leaves what is there.
  private static func create(_ path: String) throws(SystemError) {
    var generator = SystemRandomNumberGenerator()
    let key = (0..<keySize).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    let temporary = "\(path).\(generator.next()).tmp"
    let file = Glibc.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { throw SystemError("create", temporary) }
    defer {
      close(file)
      unlink(temporary)
    }
    guard write(file, key, key.count) == key.count else { throw SystemError("write", temporary) }
    guard fsync(file) == 0 else { throw SystemError("sync", temporary) }
    guard link(temporary, path) == 0 || errno == EEXIST else { throw SystemError("create", path) }
    try StateFile.syncFolder(of: path)
  }
}

/// Why a `requestState` isn't made or doesn't open. Its text is the same whatever the reason, which is for the log.
public struct RequestStateError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Reason: String, Sendable {
    case malformed
    /// Changed on its way, or sealed with another key.
    case notOurs
    case expired
    /// It was made for another session, tool or arguments.
    case otherCall
    /// It could not be made.
    case unsealable
  }

  public let reason: Reason

  public var description: String { "requestState is not valid" }
}

/// Why there is no key. For the log: it names the file.
public struct RequestStateKeyError: Error, Sendable, CustomStringConvertible {
  public let description: String
}

/// RFC 4648 section 5, without padding.
private enum Base64URL {
  static func text(_ bytes: Data) -> String {
    String(
      bytes.base64EncodedString().compactMap { character in
        switch character {
        case "+": "-"
        case "/": "_"
        case "=": nil
        default: character
        }
      })
  }

  /// Absent when the text isn't exactly what `text` writes: bits that nobody reads are zero.
  static func bytes(_ encoded: some Sequence<UInt8>) -> Data? {
    var standard: [UInt8] = []
    for byte in encoded {
      switch byte {
      case UInt8(ascii: "-"): standard.append(UInt8(ascii: "+"))
      case UInt8(ascii: "_"): standard.append(UInt8(ascii: "/"))
      case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): return nil
      default: standard.append(byte)
      }
    }
    while !standard.count.isMultiple(of: 4) { standard.append(UInt8(ascii: "=")) }
    guard let bytes = Data(base64Encoded: Data(standard)), text(bytes).utf8.elementsEqual(encoded) else { return nil }
    return bytes
  }
}

extension Configuration {
  public var requestStateKeyPath: String { stateDirectory + "/request-state.key" }
}

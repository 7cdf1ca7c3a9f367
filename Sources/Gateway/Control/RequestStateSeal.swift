import Crypto
import FoundationEssentials
import JOSE
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
  public init(keyFile path: String) throws(SecretFileError) {
    let bytes = try SecretFile.readOrCreate(path) { SecretFile.randomBytes(Self.keySize) }
    guard bytes.count == Self.keySize else {
      throw SecretFileError(
        description: "\(path): is no key of \(Self.keySize) bytes; remove it, and a new one is made")
    }
    key = SymmetricKey(data: bytes)
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
      return Self.prefix + Base64URL.encode(Array(box.combined))
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
      let combined = Base64URL.decode(bytes.dropFirst(Self.prefix.utf8.count))
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

extension Configuration {
  public var requestStateKeyPath: String { stateDirectory + "/request-state.key" }
}

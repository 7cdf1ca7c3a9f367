import Glibc
import JOSE

/// The key of the control endpoints.
public enum AdminKey {
  public struct KeyError: Error, CustomStringConvertible {
    public let description: String
  }

  /// The configured key; else the one in the state folder; else a fresh one, written there (mode 0600).
  ///
  /// - Returns: the key, and the path that holds it unless it was configured
  public static func obtain(
    _ configuration: Configuration
  ) throws(KeyError) -> (key: String, path: String?, isNew: Bool) {
    if let key = configuration.adminKey { return (key, nil, false) }
    let path = configuration.adminKeyPath
    if let key = try read(path) { return (key, path, false) }
    // 32 random bytes as base64url (RFC 4648 section 5).
    let key = Base64URL.encode(SecretFile.randomBytes(32))
    let kept: [UInt8]
    do throws(SecretFileError) {
      kept = try SecretFile.readOrCreate(path) { Array((key + "\n").utf8) }
    } catch {
      throw KeyError(description: error.description)
    }
    // Of two processes that start at once, one has written.
    if kept.elementsEqual((key + "\n").utf8) { return (key, path, true) }
    guard let key = try read(path) else { throw KeyError(description: "\(path) was removed while it was made") }
    return (key, path, false)
  }

  /// What the state folder holds; absent when there is none yet. Fails when others may read it or it is no good.
  public static func read(_ path: String) throws(KeyError) -> String? {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try StateFile.read(path, limit: 4_096).bytes
    } catch {
      if error.number == ENOENT { return nil }
      throw KeyError(description: error.description)
    }
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & 0o077 == 0 else {
      throw KeyError(description: "\(path): others may read it; set its mode to 0600 and change the key")
    }
    let key = String(decoding: bytes, as: UTF8.self).trimmed
    guard key.unicodeScalars.count >= 16, !WellKnownSecrets.contains(key) else {
      throw KeyError(description: "\(path): the key is shorter than 16 characters or well known; remove the file")
    }
    return key
  }
}

extension String {
  /// Without spaces and line breaks around it.
  fileprivate var trimmed: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}

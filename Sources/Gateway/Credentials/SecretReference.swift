import Glibc
import Synchronization

/// Where a secret stands. It never stands in the configuration itself.
public enum SecretReference: Sendable, Equatable {
  /// A variable of the gateway's environment.
  case variable(String)
  /// A path. It is read again when the file changes.
  case file(String)
}

extension SecretReference: CustomStringConvertible {
  public var description: String {
    switch self {
    case .variable(let name): "environment variable \(name)"
    case .file(let path): path
    }
  }
}

/// Reads secrets where they stand.
final class SecretReader: Sendable {
  /// In bytes.
  private static let limit = 65_536

  private struct File {
    let stamp: StateFile.Stamp
    let text: LentSecret
  }

  private let variable: @Sendable (String) -> String?
  private let clock: WallClock
  private let files = Mutex<[ExactText: File]>([:])

  init(clock: WallClock, variable: @escaping @Sendable (String) -> String?) {
    self.clock = clock
    self.variable = variable
  }

  /// The text; of a file without the line end that may stand at its end. Blocks when the file has changed.
  ///
  /// Fails when there is none, it is empty, no UTF-8 or has U+0000 in it, and when others may read or write the file.
  func read(_ reference: SecretReference) throws(CredentialFailure) -> LentSecret {
    let text =
      switch reference {
      case .variable(let name): variable(name).map(LentSecret.init)
      case .file(let path): try file(path)
      }
    guard let text else { throw CredentialFailure(.secret, "\(reference) is not set") }
    guard !text.isEmpty else { throw CredentialFailure(.secret, "\(reference) is empty") }
    guard !text.reveal().utf8.contains(0) else { throw CredentialFailure(.secret, "\(reference) holds U+0000") }
    return text
  }

  private func file(_ path: String) throws(CredentialFailure) -> LentSecret {
    let key = ExactText(path)
    if let known = files.withLock({ $0[key] }), StateFile.stamp(path: path) == known.stamp { return known.text }
    let (bytes, stamp) = try Self.bytes(path)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CredentialFailure(.secret, "\(path): is no UTF-8 text")
    }
    let file = File(stamp: stamp, text: LentSecret(Self.trimmed(text)))
    // A change that doesn't show yet must be seen next time.
    files.withLock { $0[key] = stamp.isSettled(at: clock.now()) ? file : nil }
    return file.text
  }

  private static func trimmed(_ text: String) -> String {
    var bytes = text.utf8[...]
    if bytes.last == UInt8(ascii: "\n") {
      bytes.removeLast()
      if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    }
    return String(Substring(bytes))
  }

  private static func bytes(_ path: String) throws(CredentialFailure) -> ([UInt8], StateFile.Stamp) {
    for _ in 0..<10 {
      let content: (bytes: [UInt8], stamp: StateFile.Stamp)
      do throws(SystemError) {
        content = try StateFile.read(path, limit: limit)
      } catch {
        throw CredentialFailure(.secret, error.description)
      }
      var status = stat()
      // INVARIANT: the owner and the mode are those of what was read. A change of either changes the stamp as well.
      guard stat(path, &status) == 0, StateFile.Stamp(status) == content.stamp else { continue }
      if let problem = problem(of: status) { throw CredentialFailure(.secret, "\(path): \(problem)") }
      return content
    }
    throw CredentialFailure(.secret, "\(path): changes all the time")
  }

  private static func problem(of status: stat) -> String? {
    let user = geteuid()
    guard status.st_uid == 0 || status.st_uid == user else { return "belongs to another user, who may read it" }
    // What root hands to a service through its group, as service managers do, is for that service.
    let allowed: mode_t = status.st_uid == 0 && user != 0 ? 0o740 : 0o700
    return status.st_mode & 0o777 & ~allowed == 0
      ? nil : "others may read or write it; take that from its mode (chmod go-rwx)"
  }
}

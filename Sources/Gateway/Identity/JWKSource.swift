import JOSE
import Logging
import StrictJSON

/// Where the keys come from that check agents' JWTs.
protocol JWKSource: Sendable {
  /// The keys that hold now; absent when none can be relied on.
  ///
  /// - Parameter id: the key that is looked for; a source may ask again for one that it doesn't know
  func keys(for id: String?) async -> JSONWebKeySet?

  /// Why the keys may be out of date; absent when all is well.
  var problem: String? { get }
}

/// A file with a JSON Web Key Set.
struct JWKFile: JWKSource {
  /// In bytes.
  static let maximumSize = 1 << 20

  private let file: WatchedFile<JSONWebKeySet>

  /// Blocks. Fails when the file can't be taken.
  ///
  /// - Parameter allowsSecrets: takes symmetric keys as well
  init(
    _ path: String, allowsSecrets: Bool, clock: WallClock, monotonicClock: MonotonicClock, logger: Logger
  ) throws(KeyFileError) {
    file = try WatchedFile(path, limit: Self.maximumSize, clock: monotonicClock, wallClock: clock, logger: logger) {
      bytes throws(KeyFileError.Fault) in
      do throws(JSONError) {
        let set = try JSONWebKeySet(parsing: bytes, allowsSecrets: allowsSecrets)
        set.logIgnored(from: path, to: logger)
        return set
      } catch {
        throw KeyFileError.Fault(error)
      }
    }
  }

  func keys(for id: String?) async -> JSONWebKeySet? { file.content }

  var problem: String? { file.problem }
}

extension JSONWebKeySet {
  func logIgnored(from source: String, to logger: Logger) {
    guard !ignored.isEmpty || keys.isEmpty else { return }
    logger.warning(
      keys.isEmpty ? "a key set has no key that checks tokens" : "a key set has keys that aren't used",
      metadata: ["source": "\(source)", "ignored": "\(ignored.joined(separator: "; "))"])
  }
}

import StrictJSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Why a file of keys isn't taken: names the file and the place in it, never what stands there.
public struct KeyFileError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String

  /// What is wrong in a document, whichever file it came from.
  struct Fault: Error, Equatable {
    /// `:3:5` where the text is no JSON, `$.keys[0].hash` where it says the wrong thing; absent for the whole.
    let place: String?
    let message: String

    init(_ place: String?, _ message: String) {
      self.place = place
      self.message = message
    }

    /// A text that is no JSON has a line; one that says the wrong thing has a path alone.
    init(_ error: JSONError) {
      if error.offset > 0 || error.line > 1 || error.path == "$" {
        self.init(":\(error.line):\(error.column)", "\(error.message) at \(error.path)")
      } else {
        self.init(error.path, error.message)
      }
    }
  }

  init(description: String) { self.description = description }

  /// `agents.json: $.keys[0].hash is missing`, `agents.json:3:5: duplicate key at $.keys[0]`
  init(path: String, fault: Fault) {
    description =
      switch fault.place {
      case let place? where place.hasPrefix(":"): "\(path)\(place): \(fault.message)"
      case let place?: "\(path): \(place) \(fault.message)"
      case nil: "\(path): \(fault.message)"
      }
  }
}

/// Reads files that say whom to believe.
enum KeyFileBytes {
  /// Fails when anybody but root and the gateway's own user could have written it, and for what `StateFile.read` fails.
  static func read(_ path: String, limit: Int) throws(KeyFileError) -> (bytes: [UInt8], stamp: StateFile.Stamp) {
    guard let content = try readIfPresent(path, limit: limit) else {
      throw KeyFileError(description: SystemError("open", path, number: ENOENT).description)
    }
    return content
  }

  /// Absent when there is no such file.
  static func readIfPresent(
    _ path: String, limit: Int
  ) throws(KeyFileError) -> (bytes: [UInt8], stamp: StateFile.Stamp)? {
    var content: (bytes: [UInt8], stamp: StateFile.Stamp)
    var status = stat()
    var attempts = 0
    repeat {
      attempts += 1
      guard attempts <= 10 else { throw KeyFileError(description: "\(path): changes all the time") }
      do throws(SystemError) {
        content = try StateFile.read(path, limit: limit)
      } catch {
        if error.isMissing { return nil }
        throw KeyFileError(description: error.description)
      }
      // INVARIANT: the owner and the mode are those of what was read. A change of either changes the stamp as well.
    } while stat(path, &status) != 0 || StateFile.Stamp(status) != content.stamp
    guard status.st_mode & 0o022 == 0 else {
      throw KeyFileError(description: "\(path): others may write it; take that from its mode (chmod go-w)")
    }
    guard status.st_uid == 0 || status.st_uid == geteuid() else {
      throw KeyFileError(description: "\(path): belongs to another user, who may write it")
    }
    return content
  }
}

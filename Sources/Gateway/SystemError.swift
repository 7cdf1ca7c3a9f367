#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A system call that failed, said as the log wants it: `can't open /var/lib/x: Permission denied`.
struct SystemError: Error, Equatable, CustomStringConvertible {
  let operation: String
  let path: String
  let number: Int32

  /// Takes `errno` as it stands.
  init(_ operation: String, _ path: String) {
    let number = errno
    self.operation = operation
    self.path = path
    self.number = number
  }

  init(_ operation: String, _ path: String, number: Int32) {
    self.operation = operation
    self.path = path
    self.number = number
  }

  var isMissing: Bool { number == ENOENT }

  var description: String { "can't \(operation) \(path): \(String(cString: strerror(number)))" }
}

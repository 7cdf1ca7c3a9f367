import Glibc
import RegoLite
import StrictJSON

/// What is wrong with files, not with the policies in them. Never empty.
struct FileProblems: Error {
  var problems: [FileProblem]

  init(_ file: String, _ message: String, line: Int? = nil, column: Int? = nil) {
    problems = [FileProblem(file: file, message: message, line: line, column: column)]
  }
}

struct FileProblem {
  var file: String
  var message: String
  /// From 1; absent when the file as a whole is at fault.
  var line: Int?
  var column: Int?
}

/// Files, read.
enum FileText {
  /// As OPA reads documents, but for what two readers could understand differently.
  private static let documentOptions: JSONReadingOptions = {
    var options = JSONReadingOptions.lenient
    options.rejectsDuplicateKeys = true
    options.rejectsInvalidUTF8 = true
    options.acceptsByteOrderMark = true
    return options
  }()

  static func bytes(of path: String) throws(FileProblems) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileProblems(path, "can't be read: \(reason())") }
    defer { close(descriptor) }
    var all: [UInt8] = []
    // Not more than a moderate size at once: what a file system says may be far from what there is to read.
    var status = stat()
    if fstat(descriptor, &status) == 0 { all.reserveCapacity(min(max(0, Int(status.st_size)), 1 << 26)) }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw FileProblems(path, "can't be read: \(reason())") }
      if count == 0 { return all }
      all += buffer[..<count]
    }
  }

  static func text(of path: String) throws(FileProblems) -> String { try text(bytes(of: path), path) }

  static func text(_ bytes: [UInt8], _ path: String) throws(FileProblems) -> String {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    let (line, column) = invalidPlace(in: bytes)
    throw FileProblems(path, "is not UTF-8", line: line, column: column)
  }

  /// A JSON or YAML document, by the file's name.
  static func document(of path: String) throws(FileProblems) -> Value {
    if path.hasSuffix(".gz") { throw FileProblems(path, "is no policy or data file; bundles are given with --bundle") }
    guard [".json", ".yaml", ".yml"].contains(where: path.hasSuffix) else {
      throw FileProblems(path, "is neither .rego nor .json, .yaml or .yml")
    }
    return try document(bytes(of: path), path)
  }

  static func document(_ bytes: [UInt8], _ path: String) throws(FileProblems) -> Value {
    path.hasSuffix(".json") ? try json(bytes, path) : try yaml(bytes, path)
  }

  /// A file of conformance cases, JSON or YAML by its name.
  static func caseFile(_ path: String) throws(FileProblems) -> JSONValue {
    let isYAML = path.hasSuffix(".yaml") || path.hasSuffix(".yml")
    return isYAML ? try yaml(bytes(of: path), path).jsonValue : try json(bytes(of: path), path).jsonValue
  }

  /// An input document, which may be JSON or YAML whatever its name.
  static func input(_ bytes: [UInt8], _ path: String) throws(FileProblems) -> Value {
    if path.hasSuffix(".json") { return try json(bytes, path) }
    if path.hasSuffix(".yaml") || path.hasSuffix(".yml") { return try yaml(bytes, path) }
    do throws(FileProblems) {
      return try json(bytes, path)
    } catch {
      let first = bytes.first { ![0x09, 0x0A, 0x0D, 0x20].contains($0) }
      // Nobody means YAML who begins with a brace, but YAML has a say: `{a: 1}`.
      if let value = try? yaml(bytes, path) { return value }
      if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") { throw error }
      return try yaml(bytes, path)
    }
  }

  private static func json(_ bytes: [UInt8], _ path: String) throws(FileProblems) -> Value {
    do throws(JSONError) {
      return try Value.parse(json: bytes, options: documentOptions)
    } catch {
      let place = error.path == "$" ? "" : " at \(error.path)"
      throw FileProblems(path, error.message + place, line: error.line, column: error.column)
    }
  }

  private static func yaml(_ bytes: [UInt8], _ path: String) throws(FileProblems) -> Value {
    do throws(YAMLError) {
      return try Value.parse(yaml: bytes)
    } catch {
      throw FileProblems(path, error.message, line: error.line, column: error.column)
    }
  }

  /// What the system says of its last failure.
  static func reason() -> String { String(cString: strerror(errno)).lowercased() }

  /// Where the first byte is that belongs to no character.
  private static func invalidPlace(in bytes: [UInt8]) -> (line: Int, column: Int) {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var line = 1
    var column = 1
    while case .scalarValue(let scalar) = decoder.decode(&iterator) {
      if scalar == "\n" { (line, column) = (line + 1, 1) } else { column += 1 }
    }
    return (line, column)
  }
}

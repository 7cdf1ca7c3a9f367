import FoundationEssentials
import RegoLite
import StrictJSON

/// What the files and folders hold that a verb was given, read as OPA reads them: folders with all that lies below,
/// `.rego` files as modules (tests too), `.json` files as data at the path of their folder. Names that begin with a dot
/// are passed over, as are all other files; YAML is not read.
struct PolicyPaths {
  private(set) var modules: [PolicyEngine.ModuleSource] = []
  private(set) var document: JSONValue = [:]

  var data: Value { Value(json: document) }

  init(paths: [String]) throws(ErrorReport) {
    for path in paths {
      var isFolder = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        throw ErrorReport(file: path, "no such file or folder")
      }
      if isFolder { try add(folder: path, at: []) } else { try add(file: path, at: []) }
    }
  }

  private mutating func add(folder: String, at place: [String]) throws(ErrorReport) {
    guard place.count < 64, let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw ErrorReport(file: folder, "can't be listed")
    }
    for name in names.sorted() where !name.hasPrefix(".") {
      let path = "\(folder)/\(name)"
      var isFolder = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { continue }
      if isFolder {
        try add(folder: path, at: place + [name])
      } else if name.hasSuffix(".json") || name.hasSuffix(".rego") {
        try add(file: path, at: place)
      }
    }
  }

  private mutating func add(file path: String, at place: [String]) throws(ErrorReport) {
    guard let contents = FileManager.default.contents(atPath: path) else {
      throw ErrorReport(file: path, "can't be read")
    }
    if path.hasSuffix(".rego") {
      guard let text = String(validating: contents, as: UTF8.self) else {
        throw ErrorReport(file: path, "is not UTF-8")
      }
      modules.append(.init(file: path, text: text))
      return
    }
    var value: JSONValue
    do throws(JSONError) {
      value = try JSONValue(parsing: Array(contents), options: .lenient)
    } catch {
      throw ErrorReport(file: path, "\(error)")
    }
    for key in place.reversed() { value = [key: value] }
    guard value.objectValue != nil else { throw ErrorReport(file: path, "must be an object") }
    guard let merged = Self.merge(document, value) else {
      throw ErrorReport(file: path, "says something else than an earlier file about the same document")
    }
    document = merged
  }

  /// Absent when the two differ in what is no object.
  private static func merge(_ a: JSONValue, _ b: JSONValue) -> JSONValue? {
    guard case .object(var object) = a, case .object(let other) = b else { return a == b ? a : nil }
    for (key, value) in other.members {
      if let known = object[key] {
        guard let merged = merge(known, value) else { return nil }
        object[key] = merged
      } else {
        object[key] = value
      }
    }
    return .object(object)
  }
}

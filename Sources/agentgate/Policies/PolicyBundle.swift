import Glibc
import RegoLite
import StrictJSON

/// What OPA calls a bundle, a folder or a gzipped tar archive of one: all `.rego` files in it and below it, data from
/// files named `data.json`, `data.yaml` and `data.yml` alone, each at the path of its folder, and a `.manifest` that says
/// which parts of `data` are the bundle's. Signatures aren't checked, as `opa eval` doesn't.
struct PolicyBundle {
  let path: String
  let manifest: BundleManifest
  private(set) var modules: [PolicyEngine.ModuleSource] = []
  private(set) var document = DataDocument()

  init(_ argument: String, _ filter: FileFilter) throws(FileProblems) {
    path = argument.hasPrefix("file://") ? String(argument.dropFirst("file://".count)) : argument
    let files = try BundleFile.all(in: path, filter)
    if let file = files.first(where: { $0.folders.isEmpty && $0.name == ".manifest" }) {
      manifest = try BundleManifest(file.bytes(), file.path)
    } else {
      manifest = BundleManifest()
    }
    for file in files {
      if file.name.hasSuffix(".rego") {
        let version = manifest.version(of: "/" + (file.folders + [file.name]).joined(separator: "/"))
        modules.append(.init(file: file.path, text: try FileText.text(file.bytes(), file.path), version: version))
      } else if ["data.json", "data.yaml", "data.yml"].contains(file.name) {
        try document.add(try FileText.document(file.bytes(), file.path), at: file.folders, from: file.path)
      } else if file.folders.isEmpty, file.name == "patch.json" {
        throw FileProblems(file.path, "delta bundles are not supported")
      }
    }
    try checkRoots()
  }

  private func checkRoots() throws(FileProblems) {
    if manifest.roots.contains([]) { return }
    let roots = manifest.rootsText
    if let (place, file) = document.first(outside: manifest.roots) {
      throw FileProblems(file, "manifest roots \(roots) do not permit data at path '/\(place.joined(separator: "/"))'")
    }
    for module in modules {
      // What doesn't parse is the compiler's to refuse.
      let source = Source(file: module.file, text: module.text)
      guard let parsed = try? Parser.parseModule(source, version: module.version ?? .v1) else { continue }
      let package = parsed.package.path.map(\.string)
      guard !manifest.roots.contains(where: { package.starts(with: $0) }) else { continue }
      let location = parsed.package.location
      throw FileProblems(
        module.file, "manifest roots \(roots) do not permit 'package \(package.joined(separator: "."))'",
        line: location.row, column: location.column)
    }
  }
}

/// A file of a bundle, in a folder or in an archive.
private struct BundleFile {
  let path: String
  /// The names of the bundle's folders that it is in.
  let folders: [String]
  let name: String
  /// Absent for a file on disk.
  let content: [UInt8]?

  func bytes() throws(FileProblems) -> [UInt8] {
    if let content { return content }
    return try FileText.bytes(of: path)
  }

  static func all(in path: String, _ filter: FileFilter) throws(FileProblems) -> [BundleFile] {
    switch FileKind(at: path) {
    case nil: throw FileProblems(path, "no such file or folder")
    case .folder:
      return try FolderListing(path, filter).files.map {
        BundleFile(path: $0.path, folders: $0.folders, name: $0.name, content: nil)
      }
    case .file, .other:
      var files: [BundleFile] = []
      for entry in try Archive(gzipped: FileText.bytes(of: path), path).entries {
        guard let name = entry.path.last, entry.path.allSatisfy(filter.passes) else { continue }
        let shown = path + "/" + entry.path.joined(separator: "/")
        files.append(
          BundleFile(path: shown, folders: entry.path.dropLast(), name: name, content: Array(entry.content)))
      }
      return files
    }
  }
}

/// What a bundle says of itself. Without a `.manifest`, all of `data` is the bundle's.
struct BundleManifest {
  /// The paths below `data` that the bundle owns; the empty one is all.
  private(set) var roots: [[String]] = [[]]
  /// Of modules that no pattern matches; absent when the manifest doesn't say.
  private var version: RegoVersion?
  private var versions: [(pattern: String, version: RegoVersion)] = []

  init() {}

  init(_ bytes: [UInt8], _ path: String) throws(FileProblems) {
    let json: JSONValue
    do throws(JSONError) {
      json = try JSONValue(parsing: bytes)
    } catch {
      throw FileProblems(path, error.message, line: error.line, column: error.column)
    }
    guard json.objectValue != nil else { throw FileProblems(path, "must be an object") }
    if let wasm = json["wasm"], wasm.arrayValue?.isEmpty != true {
      throw FileProblems(path, "WebAssembly in bundles is not supported")
    }
    try readRoots(json["roots"], path)
    version = try Self.version(json["rego_version"], "$.rego_version", path)
    if let files = json["file_rego_versions"] {
      guard let members = files.objectValue?.members else {
        throw FileProblems(path, "$.file_rego_versions must be an object")
      }
      for (pattern, value) in members {
        if let version = try Self.version(value, "$.file_rego_versions[\"\(pattern)\"]", path) {
          versions.append((pattern, version))
        }
      }
    }
  }

  private mutating func readRoots(_ json: JSONValue?, _ path: String) throws(FileProblems) {
    guard let json, !json.isNull else { return }
    guard let items = json.arrayValue, items.allSatisfy({ $0.stringValue != nil }) else {
      throw FileProblems(path, "$.roots must be a list of strings")
    }
    roots = items.map { $0.stringValue.map { $0.split(separator: "/").map(String.init) } ?? [] }
    for (index, root) in roots.enumerated() {
      if let other = roots[..<index].first(where: { $0.starts(with: root) || root.starts(with: $0) }) {
        throw FileProblems(
          path, "manifest has overlapped roots: '\(other.joined(separator: "/"))' and '\(root.joined(separator: "/"))'")
      }
    }
  }

  private static func version(
    _ json: JSONValue?, _ place: String, _ path: String
  ) throws(FileProblems) -> RegoVersion? {
    guard let json, !json.isNull else { return nil }
    switch json.intValue {
    case 0: return .v0
    case 1: return .v1
    default: throw FileProblems(path, "\(place) must be 0 or 1")
    }
  }

  /// Of the module at a path that begins with a slash, the bundle's root; absent when the manifest doesn't say.
  func version(of module: String) -> RegoVersion? {
    versions.first { fnmatch($0.pattern, module, FNM_PATHNAME) == 0 }?.version ?? version
  }

  var rootsText: String { "[" + roots.map { $0.joined(separator: "/") }.joined(separator: " ") + "]" }

  /// Fails when both bundles own a part of `data`.
  func check(_ path: String, against other: BundleManifest, of otherPath: String) throws(FileProblems) {
    for root in roots {
      if other.roots.contains(where: { $0.starts(with: root) || root.starts(with: $0) }) {
        throw FileProblems(
          path, "detected overlapping roots in bundle manifests: \(rootsText) and \(other.rootsText) of \(otherPath)")
      }
    }
  }
}

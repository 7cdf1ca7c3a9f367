import RegoLite
import StrictJSON

/// What the files, folders and bundles hold that a verb was given, loaded as OPA loads them:
///
/// - A file given by name is a module (`.rego`) or data (`.json`, `.yaml`, `.yml`), which lies at the root of `data`.
///   `a.b:FILE` puts it at `data.a.b`; `file://FILE` is for paths with a colon.
/// - Of a folder, all such files in it and below it, data at the path of its folder, whatever the file is called.
///   Links are followed. What `ignored` names is passed over; so are files named `*_test.rego`, unless the verb runs
///   tests.
/// - Of a bundle, see `PolicyBundle`.
///
/// Unlike OPA it refuses a JSON or YAML document that has the same key twice.
struct PolicyPaths {
  private(set) var modules: [PolicyEngine.ModuleSource] = []
  private var document = DataDocument()
  private var problems: [FileProblem] = []
  private let filter: FileFilter

  var data: Value { document.value }

  /// Throws everything that can't be loaded.
  init(
    paths: [String] = [], bundles: [String] = [], ignored: [String] = [], includesTests: Bool = false
  ) throws(ErrorReport) {
    filter = FileFilter(ignored: ignored, includesTests: includesTests)
    for path in paths { collect { paths throws(FileProblems) in try paths.add(path) } }
    var loaded: [PolicyBundle] = []
    for path in bundles {
      collect { paths throws(FileProblems) in
        let bundle = try PolicyBundle(path, paths.filter)
        for other in loaded { try bundle.manifest.check(path, against: other.manifest, of: other.path) }
        loaded.append(bundle)
        paths.modules += bundle.modules
        try paths.document.add(bundle.document)
      }
    }
    guard problems.isEmpty else { throw ErrorReport(problems) }
  }

  func engine(_ options: PolicyEngine.Options) throws(ErrorReport) -> PolicyEngine {
    do throws(PolicyErrors) {
      return try PolicyEngine(modules: modules, data: data, options: options)
    } catch {
      throw ErrorReport(error)
    }
  }

  private mutating func collect(_ load: (inout PolicyPaths) throws(FileProblems) -> Void) {
    do throws(FileProblems) {
      try load(&self)
    } catch {
      problems += error.problems
    }
  }

  private mutating func add(_ argument: String) throws(FileProblems) {
    let (place, path) = Self.split(argument)
    switch FileKind(at: path) {
    case nil: throw FileProblems(path, "no such file or folder")
    case .folder:
      let files = try FolderListing(path, filter).files
      for file in files where file.isPolicyFile {
        collect { paths throws(FileProblems) in try paths.add(file.path, at: place + file.folders) }
      }
    case .file, .other: try add(path, at: place)
    }
  }

  private mutating func add(_ path: String, at place: [String]) throws(FileProblems) {
    if path.hasSuffix(".rego") {
      // The same module given twice is one module.
      guard !modules.contains(where: { $0.file == path }) else { return }
      modules.append(.init(file: path, text: try FileText.text(of: path)))
    } else {
      try document.add(try FileText.document(of: path), at: place, from: path)
    }
  }

  /// `a.b:FILE` as its two parts.
  private static func split(_ argument: String) -> (place: [String], path: String) {
    if argument.hasPrefix("file://") { return ([], String(argument.dropFirst("file://".count))) }
    guard let colon = argument.firstIndex(of: ":"), colon > argument.startIndex else { return ([], argument) }
    let place = argument[..<colon].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    return (place, String(argument[argument.index(after: colon)...]))
  }
}

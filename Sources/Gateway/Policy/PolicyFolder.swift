import Crypto
import Glibc
import StrictJSON

/// A policy's files as they lie in its folder at one moment.
struct PolicyFolder: Sendable {
  struct File: Sendable {
    /// Relative to the folder.
    let path: String
    let bytes: [UInt8]
  }

  static let dataFile = "data.json"
  static let fileLimit = 8 << 20
  static let countLimit = 1_000
  static let depthLimit = 16

  /// The modules: `*.rego` in the folder and below it, without `*_test.rego`, by path.
  let modules: [File]
  let data: File
  /// SHA-256 in lower-case hex over all of these paths and bytes.
  let revision: String

  /// Links are followed. Names that start with a dot are passed over: so that a mounted Kubernetes ConfigMap, whose
  /// files are links into `..data`, counts once.
  init(reading path: String) throws(PolicyLoadError) {
    var listing = Listing(root: path)
    listing.visit("", depth: 0)
    var problems = listing.problems
    var modules: [File] = []
    for file in listing.modules.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      do throws(SystemError) {
        let bytes = try StateFile.read("\(path)/\(file)", limit: Self.fileLimit).bytes
        modules.append(File(path: file, bytes: bytes))
      } catch {
        problems.append(.init(file: file, code: "file_error", message: "\(error)"))
      }
    }
    if problems.isEmpty, modules.isEmpty {
      problems.append(.init(file: "", code: "file_error", message: "no .rego file in \(path)"))
    }
    var data: File?
    do throws(SystemError) {
      let bytes = try StateFile.read("\(path)/\(Self.dataFile)", limit: Self.fileLimit).bytes
      data = File(path: Self.dataFile, bytes: bytes)
    } catch {
      problems.append(.init(file: Self.dataFile, code: "file_error", message: "\(error)"))
    }
    guard problems.isEmpty, let data else { throw PolicyLoadError(problems: problems) }
    self.modules = modules
    self.data = data
    revision = Self.hash(modules + [data])
  }

  private static func hash(_ files: [File]) -> String {
    var hash = SHA256()
    func add(_ bytes: [UInt8]) {
      // The length first: moving a byte from one part to the next changes the hash.
      withUnsafeBytes(of: UInt64(bytes.count).bigEndian) { hash.update(bufferPointer: $0) }
      hash.update(data: bytes)
    }
    for file in files.sorted(by: { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }) {
      add(Array(file.path.utf8))
      add(file.bytes)
    }
    return hash.finalize().hexadecimalText
  }

  private struct Listing {
    let root: String
    var modules: [String] = []
    var problems: [PolicyLoadError.Problem] = []
    private var count = 0

    init(root: String) { self.root = root }

    mutating func visit(_ folder: String, depth: Int) {
      let path = folder.isEmpty ? root : "\(root)/\(folder)"
      guard depth <= PolicyFolder.depthLimit else {
        problems.append(.init(file: folder, code: "file_error", message: "folders are nested too deep"))
        return
      }
      guard let handle = opendir(path) else {
        let error = SystemError("open", path)
        problems.append(.init(file: folder, code: "file_error", message: "\(error)"))
        return
      }
      defer { closedir(handle) }
      while let entry = readdir(handle) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name.hasPrefix(".") { continue }
        count += 1
        guard count <= PolicyFolder.countLimit else {
          if count == PolicyFolder.countLimit + 1 {
            problems.append(
              .init(file: folder, code: "file_error", message: "more than \(PolicyFolder.countLimit) files"))
          }
          return
        }
        let relative = folder.isEmpty ? name : "\(folder)/\(name)"
        var status = stat()
        guard stat("\(root)/\(relative)", &status) == 0 else {
          // A dangling link that isn't a module concerns nobody.
          if name.hasSuffix(".rego") {
            let error = SystemError("open", "\(root)/\(relative)")
            problems.append(.init(file: relative, code: "file_error", message: "\(error)"))
          }
          continue
        }
        if status.st_mode & S_IFMT == S_IFDIR {
          visit(relative, depth: depth + 1)
        } else if name.hasSuffix(".rego"), !name.hasSuffix("_test.rego") {
          modules.append(relative)
        }
      }
    }
  }
}

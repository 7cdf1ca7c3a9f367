import FoundationEssentials
import Glibc

/// Which files of a folder count.
struct FileFilter {
  /// Patterns of shells (`*`, `?`, `[a-z]`), of which a file's or folder's name matches none.
  var ignored: [String] = []
  /// Files named `*_test.rego` count.
  var includesTests = false

  func passes(_ name: String) -> Bool {
    if !includesTests, name.hasSuffix("_test.rego") { return false }
    return !ignored.contains { fnmatch($0, name, 0) == 0 }
  }
}

enum FileKind {
  case file, folder
  /// Pipes, devices, …
  case other

  /// Of what links lead to; absent when there is nothing.
  init?(at path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    switch status.st_mode & S_IFMT {
    case S_IFREG: self = .file
    case S_IFDIR: self = .folder
    default: self = .other
    }
  }
}

/// The files in a folder and below it, in the order of their names' bytes. Links are followed.
struct FolderListing {
  struct File {
    let path: String
    /// The names of the folders below the one listed that it is in.
    let folders: [String]
    let name: String

    /// OPA loads such files from folders.
    var isPolicyFile: Bool { [".rego", ".json", ".yaml", ".yml"].contains(where: name.hasSuffix) }
  }

  static let depthLimit = 64

  private(set) var files: [File] = []
  private let filter: FileFilter
  /// The folders that lead to the one at hand: a link back to one of them would never end.
  private var open: [FolderIdentity] = []

  private struct FolderIdentity: Equatable {
    let device: UInt
    let node: UInt
  }

  init(_ folder: String, _ filter: FileFilter) throws(FileProblems) {
    self.filter = filter
    try visit(folder, [])
  }

  private mutating func visit(_ folder: String, _ folders: [String]) throws(FileProblems) {
    guard folders.count <= Self.depthLimit else {
      throw FileProblems(folder, "folders are nested more than \(Self.depthLimit) deep")
    }
    var status = stat()
    guard stat(folder, &status) == 0 else { throw FileProblems(folder, FileText.reason()) }
    let identity = FolderIdentity(device: UInt(status.st_dev), node: UInt(status.st_ino))
    guard !open.contains(identity) else { throw FileProblems(folder, "is a link to a folder that it is in") }
    open.append(identity)
    defer { open.removeLast() }

    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw FileProblems(folder, "can't be listed")
    }
    for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) where filter.passes(name) {
      let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
      let file = File(path: path, folders: folders, name: name)
      switch FileKind(at: path) {
      case .folder: try visit(path, folders + [name])
      case .file: files.append(file)
      case .other: if file.isPolicyFile { throw FileProblems(path, "is neither a file nor a folder") }
      case nil: if file.isPolicyFile { throw FileProblems(path, "can't be read: \(FileText.reason())") }
      }
    }
  }
}

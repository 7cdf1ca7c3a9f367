import FoundationEssentials

/// A folder that is gone after the test.
struct TemporaryFolder: ~Copyable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/agentgate-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

enum Files {
  /// Makes the folders above it when they are missing.
  static func write(_ text: String, to path: String) throws {
    let folder = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
    try FileManager.default.createDirectory(atPath: String(folder), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: path))
  }

  static func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: path) }

  static func text(_ path: String) -> String? {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The repository's root.
  static let root = String(#filePath.dropLast("Tests/GatewayTests/Support/TemporaryFolder.swift".count + 1))
}

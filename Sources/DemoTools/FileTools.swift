import NIOPosix
import StrictJSON

/// `file_read` and `file_write` of text files inside one folder.
struct FileTools: Sendable {
  let root: FolderRoot
  let threads: NIOThreadPool

  /// Bytes of one file.
  static let maximumSize = 1 << 20

  var tools: [DemoTool] {
    [
      DemoTool(
        name: "file_read", title: "Read a file",
        description: "Returns the text of a UTF-8 file of at most 1 MiB, for example readme.txt.", isReadOnly: true,
        arguments: ["path": ["type": "string", "description": "counted from the tools' own folder"]],
        required: ["path"],
        result: ["path": ["type": "string"], "content": ["type": "string"]],
        call: { arguments throws(ToolError) in
          let path = try arguments.string("path")
          let bytes = try await self.run { root throws(ToolError) in try root.read(path, limit: Self.maximumSize) }
          guard let text = String(validating: bytes, as: UTF8.self) else { throw ToolError("\(path): not UTF-8 text") }
          return ["path": .string(path), "content": .string(text)]
        }),
      DemoTool(
        name: "file_write", title: "Write a file",
        description: "Makes or replaces a text file of at most 1 MiB; folders on the way are made.", isReadOnly: false,
        arguments: [
          "path": ["type": "string", "description": "counted from the tools' own folder"],
          "content": ["type": "string"],
        ],
        required: ["path", "content"],
        result: ["path": ["type": "string"], "status": ["const": "written"], "bytes": ["type": "integer"]],
        call: { arguments throws(ToolError) in
          let path = try arguments.string("path")
          let bytes = Array(try arguments.string("content").utf8)
          guard bytes.count <= Self.maximumSize else { throw ToolError("`content` is larger than 1 MiB") }
          try await self.run { root throws(ToolError) in try root.write(bytes, to: path) }
          return ["path": .string(path), "status": "written", "bytes": JSONValue(bytes.count)]
        }),
    ]
  }

  /// So that a first `file_read` finds something.
  static func seed(_ root: FolderRoot) throws(ToolError) {
    guard !root.contains("readme.txt") else { return }
    let text = "These files belong to the demo tools of AgentGate. Read and write here as you like.\n"
    try root.write(Array(text.utf8), to: "readme.txt")
  }

  private func run<R: Sendable>(
    _ body: @escaping @Sendable (FolderRoot) throws(ToolError) -> R
  ) async throws(ToolError) -> R {
    let root = root
    do {
      return try await threads.runIfActive { try body(root) }
    } catch {
      throw error as? ToolError ?? ToolError("the file system is not available")
    }
  }
}

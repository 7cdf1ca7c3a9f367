import FoundationEssentials
import Glibc
import StrictJSON
import Testing

@testable import DemoTools

@Suite(.timeLimit(.minutes(1))) struct FileToolsTests {
  @Test func writesAndReadsForReal() async throws {
    try await DemoFixture.run { demo in
      #expect(try await demo.call("file_read", ["path": "readme.txt"]).value?["content"]?.stringValue?.isEmpty == false)
      let written = try await demo.call("file_write", ["path": "notes/día.txt", "content": "héllo\u{0}"])
      #expect(written.value == ["path": "notes/día.txt", "status": "written", "bytes": 7])
      let read = try await demo.call("file_read", ["path": "/notes/../notes/./día.txt"])
      #expect(
        read.value
          == ["path": "/notes/../notes/./día.txt", "content": "héllo\u{0}"])
      #expect(FileManager.default.fileExists(atPath: demo.folder + "/files/notes/día.txt"))
    }
  }

  /// Every path stays inside, whatever it says.
  @Test(arguments: ["/etc/passwd", "../../etc/passwd", "a/../../../etc/passwd", "//etc//passwd", "/../etc/passwd/."])
  func theFolderIsTheRoot(path: String) async throws {
    try await DemoFixture.run { demo in
      let missing = try await demo.call("file_read", ["path": .string(path)])
      #expect(missing.error?.contains("no such file") == true)
      #expect(try await demo.call("file_write", ["path": .string(path), "content": "mine"]).value != nil)
      #expect(try await demo.call("file_read", ["path": .string(path)]).value?["content"] == "mine")
      #expect(FileManager.default.fileExists(atPath: demo.folder + "/files/etc/passwd"))
    }
  }

  @Test(arguments: ["file", "folder/passwd", "folder/../file", "loop", "dangling"])
  func linksAreNotFollowed(path: String) async throws {
    try await DemoFixture.run { demo in
      _ = try await demo.call("file_read", ["path": "readme.txt"])
      let files = demo.folder + "/files/"
      symlink("/etc/passwd", files + "file")
      symlink("/etc", files + "folder")
      symlink("loop", files + "loop")
      symlink(demo.folder + "/outside", files + "dangling")
      let path = JSONValue.string(path)
      #expect(try await demo.call("file_read", ["path": path]).error != nil)
      #expect(try await demo.call("file_write", ["path": path, "content": "x"]).error != nil)
      #expect(!FileManager.default.fileExists(atPath: demo.folder + "/outside"))
    }
  }

  @Test func onlyTextFilesOfBoundedSizeAreRead() async throws {
    try await DemoFixture.run { demo in
      _ = try await demo.call("file_read", ["path": "readme.txt"])
      let files = demo.folder + "/files/"
      try Data([0x66, 0xFF]).write(to: URL(filePath: files + "binary"))
      try Data(repeating: 0x61, count: 1 << 20).write(to: URL(filePath: files + "full"))
      try Data(repeating: 0x61, count: (1 << 20) + 1).write(to: URL(filePath: files + "large"))
      mkfifo(files + "fifo", 0o600)
      mkdir(files + "folder", 0o700)
      #expect(try await demo.call("file_read", ["path": "binary"]).error == "binary: not UTF-8 text")
      #expect(try await demo.call("file_read", ["path": "large"]).error == "large: larger than 1048576 bytes")
      #expect(try await demo.call("file_read", ["path": "fifo"]).error == "fifo: not a file")
      #expect(try await demo.call("file_read", ["path": "folder"]).error == "folder: not a file")
      #expect(try await demo.call("file_read", ["path": "full"]).value?["content"]?.stringValue?.utf8.count == 1 << 20)
      for path in [
        "", "/", ".", "..", "folder", "folder/", "fifo", "full/x", "a\u{0}b", String(repeating: "a/", count: 40) + "b",
      ] {
        let result = try await demo.call("file_write", ["path": .string(path), "content": "x"])
        #expect(result.error != nil, "\(path)")
      }
      let large = JSONValue.string(String(repeating: "a", count: (1 << 20) + 1))
      #expect(
        try await demo.call("file_write", ["path": "x", "content": large]).error == "`content` is larger than 1 MiB")
    }
  }
}

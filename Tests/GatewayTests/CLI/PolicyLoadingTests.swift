import FoundationEssentials
import Glibc
import StrictJSON
import Subprocess
import SystemPackage
import Testing

/// What `eval`, `check` and `test` make of the paths that they are given.
@Suite(.timeLimit(.minutes(3))) struct PolicyLoadingTests {
  private static func data(_ arguments: [String], query: String = "data") async throws -> JSONValue? {
    let result = try await AgentgateProcess.run(["eval"] + arguments + [query])
    #expect(result.exitCode == 0, "\(result.output)")
    return try JSONValue(parsing: result.output)["result"]?[0]?["expressions"]?[0]?["value"]
  }

  private static func errors(_ arguments: [String], verb: String = "eval") async throws -> String {
    let result = try await AgentgateProcess.run([verb] + arguments + (verb == "eval" ? ["-f", "raw", "data"] : []))
    #expect(result.exitCode == 2, "\(result.output)")
    return result.errors
  }

  // MARK: Files and folders

  @Test func dataLiesAtItsFoldersPath() async throws {
    let folder = try TemporaryFolder()
    try Files.write(#"{"x": 1}"#, to: folder.path + "/a/data.json")
    try Files.write("w: 2", to: folder.path + "/whatever.yaml")
    try Files.write("z: 3", to: folder.path + "/a/b/data.yml")
    try Files.write("[4]", to: folder.path + "/a/c/list.json")
    try Files.write("no data", to: folder.path + "/README.md")
    try Files.write("package b\nsum := data.w + data.a.x", to: folder.path + "/deep/b.rego")
    let wanted: JSONValue = ["a": ["x": 1, "b": ["z": 3], "c": [4]], "b": ["sum": 3], "w": 2]
    #expect(try await Self.data(["-d", folder.path]) == wanted)
    #expect(try await Self.data(["-d", folder.path + "/a/data.json"]) == ["x": 1])
    #expect(try await Self.data(["-d", "p.q:" + folder.path + "/a"], query: "data.p.q.b") == ["z": 3])
    #expect(try await Self.data(["-d", "file://" + folder.path + "/a/data.json"]) == ["x": 1])
  }

  @Test func testsBelongToTheTestVerb() async throws {
    let folder = try TemporaryFolder()
    try Files.write("package a\np := 1", to: folder.path + "/a.rego")
    try Files.write("package a_test\ntest_p if data.a.p == 1\ntest_q if unknown", to: folder.path + "/a_test.rego")
    #expect(try await Self.data(["-d", folder.path]) == ["a": ["p": 1]])
    #expect(try await Self.data(["-b", folder.path]) == ["a": ["p": 1]])
    #expect(try await AgentgateProcess.run(["check", folder.path]).exitCode == 0)
    #expect(try await Self.errors([folder.path], verb: "test").contains("var unknown is unsafe"))
    #expect(try await Self.errors([folder.path + "/a_test.rego"], verb: "check").contains("var unknown is unsafe"))
  }

  @Test func ignoredNamesArePassedOver() async throws {
    let folder = try TemporaryFolder()
    try Files.write("a: 1", to: folder.path + "/a.yaml")
    try Files.write("b: 1", to: folder.path + "/.hidden/b.yaml")
    try Files.write("c: [", to: folder.path + "/vendor/c.yaml")
    try Files.write("d: [", to: folder.path + "/d.json")
    #expect(try await Self.data(["-d", folder.path, "--ignore", ".*,vendor", "--ignore", "d.*"]) == ["a": 1])
    #expect(
      try await Self.data(["-d", folder.path, "--ignore", "vendor,d.json"]) == ["a": 1, ".hidden": ["b": 1]])
  }

  @Test func conflictsNameBothFiles() async throws {
    let folder = try TemporaryFolder()
    try Files.write(#"{"b": {"x": 1, "y": 1}}"#, to: folder.path + "/a/one.json")
    try Files.write(#"{"x": 1}"#, to: folder.path + "/a/b/two.json")
    let errors = try await Self.errors(["-d", folder.path])
    #expect(
      errors
        == "\(folder.path)/a/one.json: merge error: data[\"a\"][\"b\"][\"x\"] is in \(folder.path)/a/b/two.json, too\n"
    )
    try Files.write("1", to: folder.path + "/root.json")
    #expect(try await Self.errors(["-d", folder.path + "/root.json"]).contains("must be an object"))
  }

  @Test func everythingThatCannotBeLoadedIsNamed() async throws {
    let folder = try TemporaryFolder()
    try Files.write("{", to: folder.path + "/a.json")
    try Files.write("a: 1\na: 2", to: folder.path + "/b.yaml")
    try Data([0x70, 0x0A, 0x23, 0xFF]).write(to: URL(filePath: folder.path + "/c.rego"))
    let errors = try await Self.errors(["-d", folder.path, "-d", "/nowhere"])
    let lines = errors.split(separator: "\n").map { $0.replacing(folder.path, with: "F") }
    #expect(
      lines == [
        "4 errors occurred during loading:", "F/a.json:1:2: unexpected end of document",
        "F/b.yaml:2:1: duplicate key \"a\"", "F/c.rego:2:2: is not UTF-8", "/nowhere: no such file or folder",
      ])
  }

  @Test func linksAreFollowed() async throws {
    let folder = try TemporaryFolder()
    let other = try TemporaryFolder()
    try Files.write("x: 1", to: other.path + "/x.yaml")
    #expect(symlink(other.path, folder.path + "/linked") == 0)
    #expect(try await Self.data(["-d", folder.path]) == ["linked": ["x": 1]])
    #expect(symlink("nowhere", folder.path + "/y.json") == 0)
    #expect(try await Self.errors(["-d", folder.path]).contains("/y.json: can't be read: no such file or directory"))
    try Files.remove(folder.path + "/y.json")
    #expect(symlink(folder.path, folder.path + "/again") == 0)
    #expect(try await Self.errors(["-d", folder.path]).contains("/again: is a link to a folder that it is in"))
    try Files.remove(folder.path + "/again")
    #expect(mkfifo(folder.path + "/pipe.json", 0o600) == 0)
    #expect(try await Self.errors(["-d", folder.path]).contains("/pipe.json: is neither a file nor a folder"))
  }

  @Test func v0IsReadOnlyWhereItIsAskedFor() async throws {
    let folder = try TemporaryFolder()
    try Files.write("package a\n\np[x] { x := 1 }\n", to: folder.path + "/a.rego")
    #expect(try await Self.data(["-d", folder.path, "--v0-compatible"]) == ["a": ["p": [1]]])
    #expect(try await Self.errors(["-d", folder.path]).contains("rego_parse_error"))
    #expect(try await AgentgateProcess.run(["check", "--v0-compatible", folder.path]).exitCode == 0)
  }

  // MARK: Bundles

  /// v1 but for one file, with data of three kinds; `other.json` is none.
  private static func bundle(manifest: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try Files.write(manifest, to: folder.path + "/.manifest")
    try Files.write("package a\n\np := 1\n", to: folder.path + "/a.rego")
    try Files.write("package a.old\n\nq[x] { x := 2 }\n", to: folder.path + "/old/q.rego")
    try Files.write(#"{"x": 1}"#, to: folder.path + "/a/d/data.json")
    try Files.write("w: 2", to: folder.path + "/a/d/data.yaml")
    try Files.write("not loaded", to: folder.path + "/other.json")
    return folder
  }

  private static let manifest = #"{"revision": "1", "roots": ["a"], "file_rego_versions": {"/old/*.rego": 0}}"#
  private static let bundleData: JSONValue = ["a": ["p": 1, "old": ["q": [2]], "d": ["x": 1, "w": 2]]]

  @Test func aBundleIsReadByItsManifest() async throws {
    let folder = try Self.bundle(manifest: Self.manifest)
    #expect(try await Self.data(["-b", folder.path]) == Self.bundleData)
    #expect(try await AgentgateProcess.run(["check", "-b", folder.path]).exitCode == 0)
    let v0 = try Self.bundle(manifest: #"{"rego_version": 0, "file_rego_versions": {"/a.rego": 1}}"#)
    #expect(try await Self.data(["--bundle", v0.path]) == Self.bundleData)
  }

  @Test(arguments: ["ustar", "gnu", "pax"]) func aBundleMayBeAnArchive(_ format: String) async throws {
    let folder = try Self.bundle(manifest: Self.manifest)
    let long = String(repeating: "long-", count: 18)
    try Files.write("z: 3", to: folder.path + "/a/\(long)/data.yaml")
    let archive = try TemporaryFolder()
    let path = archive.path + "/bundle.tar.gz"
    let packed = try await Subprocess.run(
      .name("tar"), arguments: ["--format", format, "-C", folder.path, "-czf", path, "."], output: .discarded)
    #expect(packed.terminationStatus.isSuccess)
    var wanted = Self.bundleData
    wanted["a"]?[long] = ["z": 3]
    #expect(try await Self.data(["-b", path]) == wanted)
    let bytes = try #require(FileManager.default.contents(atPath: path))
    for (damaged, problem) in [
      (bytes.prefix(bytes.count / 2), "is no gzipped archive, or a damaged one"),
      (Data("text".utf8), "is no gzipped archive, or a damaged one"),
    ] {
      try damaged.write(to: URL(filePath: path))
      #expect(try await Self.errors(["-b", path]) == "\(path): \(problem)\n")
    }
  }

  @Test(arguments: [
    (#"{"roots": ["b"]}"#, "/a/d/data.json: manifest roots [b] do not permit data at path '/a'"),
    (#"{"roots": ["a/d"]}"#, "/a.rego:1:1: manifest roots [a/d] do not permit 'package a'"),
    (#"{"roots": ["a", "a/d"]}"#, "/.manifest: manifest has overlapped roots: 'a' and 'a/d'"),
    (#"{"roots": "a"}"#, "/.manifest: $.roots must be a list of strings"),
    (#"{"rego_version": 3}"#, "/.manifest: $.rego_version must be 0 or 1"),
    (#"{"wasm": [{"entrypoint": "a"}]}"#, "/.manifest: WebAssembly in bundles is not supported"),
    (#"{"roots": ["#, "/.manifest:1:12: unexpected end of document"),
  ])
  func aManifestIsHeld(_ manifest: String, _ problem: String) async throws {
    let folder = try Self.bundle(manifest: manifest)
    #expect(try await Self.errors(["-b", folder.path]) == folder.path + problem + "\n")
  }

  @Test func bundlesOwnDifferentRoots() async throws {
    let first = try TemporaryFolder()
    let second = try TemporaryFolder()
    try Files.write(#"{"roots": ["a/b"]}"#, to: first.path + "/.manifest")
    try Files.write(#"{"roots": ["a/bc", "d"]}"#, to: second.path + "/.manifest")
    try Files.write("x: 1", to: first.path + "/a/b/data.yaml")
    try Files.write("w: 1", to: second.path + "/d/data.yaml")
    let bundles = ["-b", first.path, "-b", second.path]
    #expect(try await Self.data(bundles) == ["a": ["b": ["x": 1]], "d": ["w": 1]])
    try Files.write(#"{"roots": ["a", "d"]}"#, to: second.path + "/.manifest")
    #expect(
      try await Self.errors(bundles)
        == "\(second.path): detected overlapping roots in bundle manifests: [a d] and [a/b] of \(first.path)\n")
  }
}

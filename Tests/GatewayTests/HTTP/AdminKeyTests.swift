import FoundationEssentials
import Testing

@testable import Gateway

struct AdminKeyTests {
  private func configuration(_ folder: String) -> Configuration {
    var configuration = Configuration()
    configuration.stateDirectory = folder
    return configuration
  }

  @Test func generatedOnceForItsOwnerAlone() throws {
    let folder = try TemporaryFolder()
    let first = try AdminKey.obtain(configuration(folder.path))
    #expect(first.isNew)
    #expect(first.key.utf8.count == 43, "32 bytes in base64url without padding")
    #expect(first.key.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
    let path = try #require(first.path)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    let second = try AdminKey.obtain(configuration(folder.path))
    #expect(second.key == first.key)
    #expect(!second.isNew)
    let other = try TemporaryFolder()
    #expect(try AdminKey.obtain(configuration(other.path)).key != first.key)
  }

  @Test func configuredKeyWritesNoFile() throws {
    let folder = try TemporaryFolder()
    var configuration = configuration(folder.path)
    configuration.adminKey = "configured-key-0123456789"
    #expect(try AdminKey.obtain(configuration).key == "configured-key-0123456789")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test(arguments: ["", "short", "admin-secret-change-me\n", "changemechangeme"])
  func badFileIsRefused(_ text: String) throws {
    let folder = try TemporaryFolder()
    try Files.write(text, to: folder.path + "/admin-api-key")
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: folder.path + "/admin-api-key")
    #expect(throws: AdminKey.KeyError.self) { try AdminKey.obtain(configuration(folder.path)) }
  }

  @Test func fileThatOthersMayReadIsRefused() throws {
    let folder = try TemporaryFolder()
    try Files.write("a-good-key-0123456789abcdef", to: folder.path + "/admin-api-key")
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: folder.path + "/admin-api-key")
    #expect(throws: AdminKey.KeyError.self) { try AdminKey.obtain(configuration(folder.path)) }
  }
}

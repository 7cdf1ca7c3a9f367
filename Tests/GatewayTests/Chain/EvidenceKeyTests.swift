import FoundationEssentials
import Glibc
import StrictJSON
import Testing

@testable import Gateway

@Suite struct EvidenceKeyTests {
  private let folder: ScratchFolder
  private var path: String { folder.path("evidence-key.pem") }
  private let hash = EventHash(of: Array("text".utf8))

  init() throws { folder = try ScratchFolder() }

  @Test func theKeyIsMadeOnceAndReadAgain() throws {
    let made = try EvidenceKey(file: path, signingKey: nil)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    let read = try EvidenceKey(file: path, signingKey: nil)
    #expect(read.publicKey == made.publicKey)
    let signature = try #require(read.sign(.pack, hash))
    #expect(made.publicKey.verifies(signature.ed25519, of: .pack, hash))
    #expect(!made.publicKey.verifies(signature.ed25519, of: .treeHead, hash))
    #expect(!made.publicKey.verifies(signature.ed25519, of: .pack, EventHash(of: [])))
    #expect(!EvidenceKey().publicKey.verifies(signature.ed25519, of: .pack, hash))
    #expect(signature.hmac == nil)
  }

  @Test func theSigningKeySignsToo() throws {
    let signature = try #require(EvidenceKey(signingKey: "a signing key").sign(.pack, hash))
    #expect(signature.isAuthentic(.pack, hash, signingKey: "a signing key"))
    #expect(!signature.isAuthentic(.pack, hash, signingKey: "another key"))
    #expect(!signature.isAuthentic(.containment, hash, signingKey: "a signing key"))
  }

  @Test(arguments: ["", "no key\n", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
  func whatIsNoKeyIsRefused(text: String) throws {
    try folder.write(text, to: "evidence-key.pem")
    chmod(path, 0o600)
    let error = #expect(throws: SecretFileError.self) { try EvidenceKey(file: path, signingKey: nil) }
    #expect(error?.description.hasSuffix("is no Ed25519 private key in PEM (PKCS #8)") == true)
  }

  @Test func aKeyThatOthersCanReadIsRefused() throws {
    _ = try EvidenceKey(file: path, signingKey: nil)
    chmod(path, 0o644)
    let error = #expect(throws: SecretFileError.self) { try EvidenceKey(file: path, signingKey: nil) }
    #expect(error?.description.contains("others may read it") == true)
  }

  @Test func aPublicKeyIsReadInEachOfItsForms() throws {
    let key = EvidenceKey().publicKey
    let info: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
    let pem = "-----BEGIN PUBLIC KEY-----\n\(Data(info + key.bytes).base64EncodedString())\n-----END PUBLIC KEY-----\n"
    let hex = EventHash(bytes: key.bytes)?.hexadecimal ?? ""
    for text in [pem, hex + "\n", key.jwk.serializedString(), #"{"public_key":\#(key.jwk.serializedString())}"#] {
      #expect(EvidencePublicKey(text: Array(text.utf8)) == key)
    }
    for text in ["", "{}", "zz", pem.lowercased(), String(hex.dropLast()), #"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#] {
      #expect(EvidencePublicKey(text: Array(text.utf8)) == nil)
    }
  }

  /// RFC 8037 appendix A.3.
  @Test func theThumbprintIsTheOneOfTheRFC() throws {
    let jwk = #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#
    #expect(
      EvidencePublicKey(text: Array(jwk.utf8))?.thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
  }
}

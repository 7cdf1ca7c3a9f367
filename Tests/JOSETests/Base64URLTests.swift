import JOSE
import Testing

@Suite struct Base64URLTests {
  /// RFC 4648 section 10 without the padding, and RFC 7515 appendix C.
  @Test(arguments: [
    ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
    ("foobar", "Zm9vYmFy"), ("\u{3}\u{EC}?", "A8OsPw"),
  ])
  func writesAndReads(text: String, encoded: String) {
    #expect(Base64URL.encode(Array(text.utf8)) == encoded)
    #expect(Base64URL.decode(encoded.utf8) == Array(text.utf8))
  }

  @Test func usesTheAlphabetForURLs() {
    #expect(Base64URL.encode([3, 236, 255, 224, 193]) == "A-z_4ME")
    #expect(Base64URL.decode("A-z_4ME".utf8) == [3, 236, 255, 224, 193])
  }

  /// Everything that isn't the one text for its bytes.
  @Test(arguments: [
    "Zg==", "Zg=", "=", "Z", "Zm9vY", "A+z/4ME", "Zh", "Zm9", "Zm9v\n", "Zm\n9v", " Zm9v", "Zm9v ", "Zm9v\r\n", "Zm.v",
    "Zm9v\0", "Zm9é", "Zm9vYmF=",
  ])
  func refuses(text: String) {
    #expect(Base64URL.decode(text.utf8) == nil)
  }
}

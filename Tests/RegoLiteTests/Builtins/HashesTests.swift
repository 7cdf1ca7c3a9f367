import Testing

@testable import RegoLite

@Suite struct HashesTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      crypto.md5("") -> "d41d8cd98f00b204e9800998ecf8427e"
      crypto.md5("héllo") -> "be50e8478cf24ff3595bc7307fb91b50"
      crypto.sha1("a") -> "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"
      crypto.sha256("a") -> "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
      crypto.hmac.md5("m", "k") -> "ed7e724d3a91554aaa2043041d9c5305"
      crypto.hmac.sha1("m", "k") -> "772b71c8a2997e768be01d9711e4a4f34a24ef33"
      crypto.hmac.sha512("m", "k") -> "94ec958658ae2d2e92ae742007904d439af3a5509156f6ad5bd0bab74868b4cbb7cbc817162b11e\#
      4aff59813415a730e9720fc5ff1d1015a1f7d1b67fb047d87"
      crypto.hmac.sha512("", "") -> "b936cee86c9f87aa5d3c6f2e84cb5a4239a5fe50480a6ec66b70ab5b1f4ac6730c6c515421b327ec1\#
      d69402e53dfb49ad7381eb067b338fd7b0cb22247225d47"
      crypto.hmac.sha256("m", "") -> "a64092104c76d9ef65599c33c177609ecd49857456eb28133c4daea25bea960a"
      crypto.hmac.equal("a", "a") -> true
      crypto.hmac.equal("a", "b") -> false
      crypto.hmac.equal("a", "ab") -> false
      crypto.hmac.equal("", "") -> true
      """#))
  func answers(_ example: BuiltinCase) { example.check() }
}

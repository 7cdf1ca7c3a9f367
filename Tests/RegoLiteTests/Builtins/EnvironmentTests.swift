import Testing

@testable import RegoLite

@Suite struct EnvironmentTests {
  @Test(
    arguments: BuiltinCase.table(
      #"""
      net.lookup_ip_addr("10.0.0.0") -> {"10.0.0.0"}
      net.lookup_ip_addr("::") -> {"::"}
      net.lookup_ip_addr("::FFFF:1.2.3.4") -> {"1.2.3.4"}
      net.lookup_ip_addr("localhost") -> {"127.0.0.1", "::1"}
      opa.runtime() -> {}
      """#))
  func answers(_ example: BuiltinCase) { example.check() }

  @Test func namesAreNotLookedUp() {
    var context = BuiltinContext.forTests()
    #expect(throws: BuiltinError.self) { try BuiltinCase.call("net.lookup_ip_addr", ["example.com"], &context) }
  }
}

extension Builtins {
  /// What a policy asks of the world around it. Nothing here reaches outside: the operator has not turned that on.
  enum Environment {
    static let rows: [Builtin] = [
      Builtin("net.lookup_ip_addr", [.string], .set(.string), deterministic: false, lookUp),
      Builtin("opa.runtime", [], .object(of: .anything), deterministic: false) { _, _ in .emptyObject },
    ]

    /// Addresses stand for themselves and `localhost` for the loopback addresses (RFC 6761 §6.3), without a resolver.
    private static func lookUp(_ arguments: [Value], _: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let name = try arguments.string(1)
      if name == "localhost" || name.hasSuffix(".localhost") { return .set(SetValue(["127.0.0.1", "::1"])) }
      guard let address = IPAddress(name) else {
        throw .failure("lookup \(name): names are not looked up: only addresses and localhost are known")
      }
      return .set(SetValue([.string(Text(address.description))]))
    }
  }
}

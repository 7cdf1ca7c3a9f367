extension Builtins {
  /// OPA's builtins that RegoLite doesn't have yet. They are declared, so that `with` can replace them in tests; a call
  /// of one that nothing replaces is a compile error that says so.
  enum Unsupported {
    static let rows: [Builtin] = [
      Builtin("http.send", [.object(of: .anything)], .anyObject, deterministic: false, send),
      row("providers.aws.sign_req", [.object(of: .anything), .object(of: .anything), .number], .anyObject),
      row("graphql.is_valid", [document, document], .boolean),
      row("graphql.parse", [document, document], .array(leading: [.anyObject, .anyObject], rest: nil)),
      row(
        "graphql.parse_and_verify", [document, document],
        .array(leading: [.boolean, .anyObject, .anyObject], rest: nil)),
      row("graphql.parse_query", [.string], .anyObject),
      row("graphql.parse_schema", [.string], .anyObject),
      row("graphql.schema_is_valid", [document], .boolean),
      row("crypto.x509.parse_certificates", [.string], objects),
      row("crypto.x509.parse_and_verify_certificates", [.string], verified),
      row("crypto.x509.parse_and_verify_certificates_with_options", [.string, .object(of: .anything)], verified),
      row("crypto.x509.parse_certificate_request", [.string], .object(of: .anything)),
      row("crypto.x509.parse_keypair", [.string, .string], .object(of: .anything)),
      row("crypto.x509.parse_rsa_private_key", [.string], .object(of: .anything)),
      row("crypto.parse_private_keys", [.string], objects),
      row("rego.parse_module", [.string, .string], .object(of: .anything)),
    ]

    private static var document: RegoType { .any([.string, .anyObject]) }
    private static var objects: RegoType { .array(of: .object(of: .anything)) }
    private static var verified: RegoType { .array(leading: [.boolean, objects], rest: nil) }
    private static let refusal = BuiltinError(code: .unsupported, message: "not supported yet")

    private static func row(_ name: Text, _ arguments: [RegoType], _ result: RegoType) -> Builtin {
      Builtin(name, arguments, result) { _, _ throws(BuiltinError) in throw refusal }
    }

    /// Looks at the request as OPA does before it sends one, which this never does.
    private static func send(_ arguments: [Value], _: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let request = try arguments.object(1)
      func names(_ keys: [Value]) -> String { Value.set(SetValue(keys)).regoDescription }
      let unknown = request.keys.filter { key in !parameters.contains(key.asString ?? "") }
      guard unknown.isEmpty else {
        throw .operand(1, "invalid request parameters(s): \(names(Array(unknown)))")
      }
      let missing = (["method", "url"] as [Value]).filter { request[$0] == nil }
      guard missing.isEmpty else {
        throw .operand(1, "missing required request parameters(s): \(names(missing))")
      }
      throw refusal
    }

    /// OPA's documentation of `http.send` lists them.
    private static let parameters: Set<String> = [
      "method", "url", "body", "enable_redirect", "force_json_decode", "force_yaml_decode", "headers", "raw_body",
      "tls_use_system_certs", "tls_ca_cert", "tls_ca_cert_file", "tls_ca_cert_env_variable", "tls_client_cert",
      "tls_client_cert_file", "tls_client_cert_env_variable", "tls_client_key", "tls_client_key_file",
      "tls_client_key_env_variable", "tls_insecure_skip_verify", "tls_server_name", "timeout", "cache", "force_cache",
      "force_cache_duration_seconds", "raise_error", "caching_mode", "max_retry_attempts", "cache_ignored_headers",
    ]
  }

  static let unsupported = Set(Unsupported.rows.map(\.name))
}

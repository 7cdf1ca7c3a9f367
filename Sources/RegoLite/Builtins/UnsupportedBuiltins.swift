extension Builtins {
  /// OPA's builtins that RegoLite doesn't have yet: calling one is a compile error that says so.
  static let unsupported: Set<Text> = [
    "http.send", "providers.aws.sign_req", "graphql.is_valid", "graphql.parse", "graphql.parse_and_verify",
    "graphql.parse_query", "graphql.parse_schema", "graphql.schema_is_valid", "crypto.x509.parse_certificates",
    "crypto.x509.parse_and_verify_certificates", "crypto.x509.parse_and_verify_certificates_with_options",
    "crypto.x509.parse_certificate_request", "crypto.x509.parse_keypair", "crypto.x509.parse_rsa_private_key",
    "crypto.parse_private_keys", "rego.parse_module",
  ]
}

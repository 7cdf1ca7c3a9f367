import HTTPTypes
import StrictJSON

extension QueryParameter {
  static let evidenceFormat = QueryParameter(
    name: "format",
    description: "One of \(EvidenceFormat.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")); "
      + "anything else is `json`.",
    shape: .any(of: [.oneOf(EvidenceFormat.allCases.map(\.rawValue)), .text]).usually("json"))
}

extension Operation {
  static let listSessions = Operation(
    id: "listSessions", tag: .evidence, summary: "The sessions that have made calls",
    description: "All that the trace store knows.",
    replies: [
      .json(.object([.required("sessions", .array(of: .text))]), "Their names."),
      .unavailable("The trace store can't be read."),
    ])

  static let evidence = Operation(
    id: "evidence", tag: .evidence, summary: "Everything a session did, and why",
    description: """
      An evidence pack, which can be checked without the gateway (`agentgate verify`); \
      [its schema](/schemas/evidence-pack-v1.json) says how. A session that nobody has seen has an empty one. Each \
      export is an event itself.
      """,
    path: .session, query: [.evidenceFormat],
    replies: [
      Reply(
        content: EvidenceFormat.allCases.map { ($0.mediaType, $0.shape) }, description: "The pack.", status: .ok,
        headers: [
          .init(name: .xContentTypeOptions, description: "`nosniff`", shape: .exactly("nosniff")),
          .init(name: .contentSecurityPolicy, description: "With HTML.", isRequired: false),
          .init(name: .contentDisposition, description: "With PDF: its name.", isRequired: false),
        ]), .invalid, .unavailable("The trace store can't be read or written."),
    ])

  static let evidenceKey = Operation(
    id: "evidenceKey", tag: .evidence, summary: "The public key that evidence is signed with",
    description: "A JSON Web Key (RFC 8037), for packs, tree heads and receipts.",
    replies: [
      .json(
        .object([
          .required("kty", .exactly("OKP")), .required("crv", .exactly("Ed25519")),
          .required("x", .text(pattern: "^[A-Za-z0-9_-]{43}$")),
          .required("kid", .text, "The key's thumbprint (RFC 7638)."), .required("alg", .exactly("EdDSA")),
          .required("use", .exactly("sig")),
        ]), "The key.")
    ])

  static let evidenceSchema = Operation(
    id: "evidenceSchema", tag: .evidence, summary: "The JSON Schema of evidence packs",
    description: "It also says how each part is checked.",
    replies: [
      Reply(
        content: [("application/schema+json", .map(of: .anything))], description: "The schema.", status: .ok)
    ])
}

extension EvidenceFormat {
  /// `contentType` without parameters.
  fileprivate var mediaType: String { String(contentType.prefix { $0 != ";" }) }

  fileprivate var shape: SchemaShape {
    switch self {
    case .json:
      .map(of: .anything).described("As the [schema of packs](/schemas/evidence-pack-v1.json) has it.")
    case .html, .pdf: .text
    }
  }
}

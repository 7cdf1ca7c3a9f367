import Crypto
import HTTPExchange
import JOSE
public import StrictJSON

// {"kind": "static", "env": "NAME"}
// {"kind": "client_credentials", "token_endpoint": "https://…", "client_id": "…", "client_secret": {"file": "…"},
//  "token_endpoint_auth_method": "client_secret_post", "audience": "…", "resource": "https://…",
//  "revocation_endpoint": "https://…"}
// {"kind": "token_exchange", …, "subject_token": "agent", "subject_token_type": "jwt", "requested_token_type": "…"}
// {"kind": "jwt", "key": {"file": "…"}, "key_id": "…", "algorithm": "EdDSA", "issuer": "…", "audience": "…",
//  "subject": "agent", "type": "JWT", "claims": {…}}
//
// and in each "scope", "ttl_seconds" (not of static) and "inject".

extension CredentialSettings {
  /// - Parameters:
  ///   - path: where the value stands, for the problems
  ///   - folder: what relative paths count from
  ///   - isProcess: the server is a process, which has no headers, but an environment
  ///   - isForTool: it is for one tool of the server
  ///   - problems: gains what is wrong, each with its JSON path, never with what stands there
  /// - Returns: absent when there is a problem
  public init?(
    _ value: JSONValue, path: String, folder: String, isProcess: Bool, isForTool: Bool, problems: inout [String]
  ) {
    guard let object = value.objectValue else {
      problems.append("\(path): must be an object")
      return nil
    }
    var reader = CredentialReader(object: object, path: path, folder: folder)
    defer { problems += reader.problems }
    let kinds = ["static", "client_credentials", "token_exchange", "jwt"]
    guard let kind = object["kind"]?.stringValue, kinds.contains(where: { $0.hasSameBytes(as: kind) }) else {
      reader.note("kind", "must be one of \(kinds.joined(separator: ", "))")
      return nil
    }
    reader.know("kind")
    let source: Source? =
      switch kind {
      case "static": reader.reference(of: object, at: path).map { .fixed($0) }
      case "client_credentials": reader.client().map { .clientCredentials($0) }
      case "token_exchange": reader.exchange()
      default: reader.signing().map { .jwt($0) }
      }
    let scope = reader.scope()
    let timeToLive = kind == "static" ? nil : reader.timeToLive()
    let injection = reader.injection(isProcess: isProcess)
    reader.refuseOthers()
    if case .environment? = injection {
      if !isProcess {
        reader.note("inject", "environment is for servers that are processes")
      } else if kind != "static" {
        reader.note("inject", "environment is for static credentials: a process keeps what it starts with")
      } else if isForTool {
        reader.note("inject", "environment is for a whole server, not for one of its tools")
      }
    }
    if case .header? = injection, isProcess {
      reader.note(
        "inject", "must name a member of _meta or a variable of the environment: a process gets no headers")
    }
    guard reader.problems.isEmpty, let source, let injection else { return nil }
    self.source = source
    self.scope = scope
    self.timeToLive = timeToLive
    self.injection = injection
    let digest = SHA256.hash(data: JSONValue.array([value, .string(folder), .boolean(isProcess)]).serialized())
    fingerprint = ExactText(Array(digest).hexadecimalText)
  }
}

/// Reads the members one by one, and knows which were read.
private struct CredentialReader {
  let object: JSONObject
  let path: String
  let folder: String
  var problems: [String] = []
  private var known: Set<ExactText> = []

  init(object: JSONObject, path: String, folder: String) {
    (self.object, self.path, self.folder) = (object, path, folder)
  }

  // MARK: Sources

  mutating func client() -> OAuthClient? {
    let endpoint = url("token_endpoint", isRequired: true)
    let id = text("client_id", isRequired: true)
    let secret = reference("client_secret")
    let method = choice("token_endpoint_auth_method", of: OAuthClient.Authentication.self)
    let audiences = texts("audience")
    let resources = texts("resource")
    for resource in resources ?? [] where !Self.isResource(resource) {
      note("resource", "must be absolute URIs without a fragment (RFC 8707)")
    }
    let revocation = url("revocation_endpoint")
    if let id, !id.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { note("client_id", "must be ASCII") }
    guard let endpoint, let id, let secret else { return nil }
    var client = OAuthClient(tokenEndpoint: endpoint, revocationEndpoint: revocation, id: id, secret: secret)
    client.authentication = method ?? .basic
    client.audiences = audiences ?? []
    client.resources = resources ?? []
    return client
  }

  mutating func exchange() -> CredentialSettings.Source? {
    let client = client()
    let subject: TokenExchange.Subject? =
      if object["subject_token"]?.stringValue == "agent" {
        .agent
      } else {
        reference("subject_token", or: #""agent", "#).map { .secret($0) }
      }
    know("subject_token")
    let subjectType = tokenType("subject_token_type")
    let requestedType = tokenType("requested_token_type")
    guard let client, let subject else { return nil }
    return .tokenExchange(
      client,
      TokenExchange(
        subject: subject, subjectType: subjectType ?? TokenExchange.accessToken, requestedType: requestedType))
  }

  mutating func signing() -> TokenSigning? {
    let key = reference("key")
    let id = text("key_id")
    let issuer = text("issuer", isRequired: true)
    let audiences = texts("audience", isRequired: true)
    let type = text("type")
    let subject = text("subject")
    var algorithm: JWSAlgorithm?
    if let name = text("algorithm") {
      algorithm = JWSAlgorithm(name)
      if algorithm == nil { note("algorithm", "is no algorithm that signs here, such as EdDSA, ES256 or RS256") }
    }
    know("claims")
    let claims = object["claims"].map { $0.objectValue }
    if case .some(nil) = claims { note("claims", "must be an object") }
    for name in TokenSigning.ownClaims where claims??[name] != nil {
      note("claims", "can't have \(name), which the gateway sets")
    }
    guard let key, let issuer, let audiences else { return nil }
    var signing = TokenSigning(key: key, issuer: issuer, audiences: audiences)
    signing.keyID = id
    signing.algorithm = algorithm
    signing.type = type ?? signing.type
    signing.claims = claims.flatMap(\.self) ?? [:]
    switch subject {
    case nil, "agent"?: break
    case "user"?: signing.subject = .user
    case let text?: signing.subject = .text(text)
    }
    return signing
  }

  // MARK: What all have

  mutating func scope() -> CredentialScope? {
    know("scope")
    guard let value = object["scope"] else { return nil }
    let scope: CredentialScope? =
      switch value {
      case .string(let text): CredentialScope(text)
      case .array(let elements):
        elements.allSatisfy { $0.stringValue != nil } ? CredentialScope(elements.compactMap(\.stringValue)) : nil
      default: nil
      }
    if scope == nil { note("scope", "must be scope tokens (RFC 6749), in a string with spaces or in an array") }
    return scope
  }

  mutating func timeToLive() -> Int? {
    know("ttl_seconds")
    guard let value = object["ttl_seconds"] else { return nil }
    guard let seconds = value.intValue, (1...86_400).contains(seconds) else {
      note("ttl_seconds", "must be a whole number of seconds from 1 to 86400")
      return nil
    }
    return seconds
  }

  mutating func injection(isProcess: Bool) -> CredentialInjection? {
    know("inject")
    guard let value = object["inject"] else { return .bearer }
    let keys = value.objectValue?.keys ?? []
    guard let kind = ["header", "meta", "environment"].first(where: { keys.contains($0) }),
      let name = value[kind]?.stringValue
    else {
      note("inject", #"must be {"header": …}, {"meta": …} or {"environment": …}"#)
      return nil
    }
    let place = "inject.\(kind)"
    for key in keys where key != kind && !(kind == "header" && key == "prefix") {
      note("inject", "has a member too many")
    }
    switch kind {
    case "header":
      if let problem = CredentialInjection.problem(ofHeader: name) { note(place, problem) }
      let usual = name.isSameIgnoringASCIICase(as: "authorization") ? "Bearer " : ""
      guard let value = value["prefix"] else { return .header(name: name, prefix: usual) }
      guard let prefix = value.stringValue, CredentialInjection.isPrefix(prefix) else {
        note("inject.prefix", "must be a string of visible ASCII characters and spaces")
        return nil
      }
      return .header(name: name, prefix: prefix)
    case "meta":
      if let problem = CredentialInjection.problem(ofMeta: name) { note(place, problem) }
      return .meta(name)
    default:
      if !CredentialInjection.isVariable(name) { note(place, "is no name of an environment variable") }
      return .environment(name)
    }
  }

  // MARK: Members

  mutating func note(_ key: String, _ problem: String) { problems.append("\(path).\(key): \(problem)") }

  mutating func know(_ key: String) { known.insert(ExactText(key)) }

  /// Whatever wasn't read is a mistake: what is misspelt would look as if it held.
  mutating func refuseOthers() {
    for key in object.keys where !known.contains(ExactText(key)) {
      let place = path + JSONError.path([.key(key)]).dropFirst()
      let isSecret = ["secret", "value", "token", "password"].contains(key)
      problems.append(
        isSecret
          ? "\(place): no secret may stand here; name a variable or a file with it"
          : "\(place): is no setting of its kind")
    }
  }

  mutating func reference(_ key: String, or other: String = "") -> SecretReference? {
    know(key)
    guard let value = object[key] else {
      note(key, "is missing")
      return nil
    }
    guard let object = value.objectValue else {
      // Most likely the secret itself.
      note(key, #"must be \#(other){"env": …} or {"file": …}; no secret may stand here"#)
      return nil
    }
    for name in object.keys where name != "env" && name != "file" { note(key, "has a member too many") }
    return reference(of: object, at: "\(path).\(key)")
  }

  /// - Parameter place: where the object stands whose `env` or `file` it is
  mutating func reference(of object: JSONObject, at place: String) -> SecretReference? {
    for key in ["env", "file"] { know(key) }
    switch (object["env"], object["file"]) {
    case (let name?, nil):
      guard let name = name.stringValue, CredentialInjection.isVariable(name) else {
        problems.append("\(place).env: is no name of an environment variable")
        return nil
      }
      return .variable(name)
    case (nil, let file?):
      guard let file = file.stringValue, !file.isEmpty, !file.utf8.contains(0) else {
        problems.append("\(place).file: is no path")
        return nil
      }
      return .file(file.hasPrefix("/") ? file : folder + "/" + file)
    default:
      problems.append("\(place): must have either env, the name of a variable, or file, a path")
      return nil
    }
  }

  private mutating func text(_ key: String, isRequired: Bool = false) -> String? {
    know(key)
    guard let value = object[key] else {
      if isRequired { note(key, "is missing") }
      return nil
    }
    guard let text = value.stringValue, Self.isPlain(text) else {
      note(key, "must be a string, not empty and without control characters")
      return nil
    }
    return text
  }

  private mutating func texts(_ key: String, isRequired: Bool = false) -> [String]? {
    guard let elements = object[key]?.arrayValue else { return text(key, isRequired: isRequired).map { [$0] } }
    know(key)
    let texts = elements.compactMap(\.stringValue)
    guard !texts.isEmpty, texts.count == elements.count, texts.allSatisfy(Self.isPlain) else {
      note(key, "must be a string or an array of some")
      return nil
    }
    return texts
  }

  private mutating func choice<Choice: RawRepresentable & CaseIterable>(
    _ key: String, of: Choice.Type
  ) -> Choice? where Choice.RawValue == String {
    guard let text = text(key) else { return nil }
    let choice = Choice.allCases.first { $0.rawValue.hasSameBytes(as: text) }
    if choice == nil { note(key, "must be \(Choice.allCases.map(\.rawValue).joined(separator: " or "))") }
    return choice
  }

  private mutating func url(_ key: String, isRequired: Bool = false) -> String? {
    guard let text = text(key, isRequired: isRequired) else { return nil }
    guard OutboundURL.isAllowed(text), !text.utf8.contains(UInt8(ascii: "#")), HTTPTarget(text) != nil else {
      note(key, "must be an https:// URL without a user; http:// is for loopback alone")
      return nil
    }
    return text
  }

  /// A URI, or the end of one of RFC 8693 section 3.
  private mutating func tokenType(_ key: String) -> String? {
    guard let text = text(key) else { return nil }
    let short = ["access_token", "refresh_token", "id_token", "jwt", "saml1", "saml2"]
    if short.contains(text) { return TokenExchange.typePrefix + text }
    if Self.isResource(text) { return text }
    note(key, "must be a URI, or one of \(short.joined(separator: ", "))")
    return nil
  }

  private static func isPlain(_ text: String) -> Bool {
    !text.isEmpty && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
  }

  /// An absolute URI without a fragment (RFC 3986 section 4.3), as far as its scheme and its characters go.
  private static func isResource(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[1].isEmpty, let first = parts[0].first else { return false }
    let isScheme = parts[0].allSatisfy { byte in
      switch byte.asciiLowercased {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
      default: "+-.".utf8.contains(byte)
      }
    }
    return isScheme && (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first.asciiLowercased)
      && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !##""#<>\^`{|}"##.utf8.contains($0) }
  }
}

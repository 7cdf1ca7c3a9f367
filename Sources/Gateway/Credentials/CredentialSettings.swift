import Crypto
import HTTPExchange
public import JOSE
public import StrictJSON

/// What `mcp.json` says in `"credentials"` of a server or of one of its tools: which credential the gateway gets for a
/// call, and how the server gets it. No secret stands in it: see `CredentialSettings+JSON`.
public struct CredentialSettings: Sendable, Equatable {
  public enum Source: Sendable, Equatable {
    /// Lent as it is. It can't be narrowed and doesn't end.
    case fixed(SecretReference)
    /// RFC 6749 section 4.4.
    case clientCredentials(OAuthClient)
    /// RFC 8693.
    case tokenExchange(OAuthClient, TokenExchange)
    /// A JWT that the gateway signs (RFC 7519).
    case jwt(TokenSigning)
  }

  public let source: Source
  /// The widest that is asked for, or what a fixed secret is good for; absent when only the decision says.
  public let scope: CredentialScope?
  /// The longest that a credential is lent, in seconds; absent when only the decision and the issuer say.
  public let timeToLive: Int?
  public let injection: CredentialInjection
  /// Settings with the same say the same.
  let fingerprint: ExactText

  /// As `"kind"` has it.
  public var kind: String {
    switch source {
    case .fixed: "static"
    case .clientCredentials: "client_credentials"
    case .tokenExchange: "token_exchange"
    case .jwt: "jwt"
    }
  }

  var client: OAuthClient? {
    switch source {
    case .clientCredentials(let client), .tokenExchange(let client, _): client
    case .fixed, .jwt: nil
    }
  }
}

extension CredentialSettings: CustomStringConvertible {
  public var description: String { "\(kind) in \(injection)" }
}

/// The gateway as a client of an issuer.
public struct OAuthClient: Sendable, Equatable {
  /// How the client proves who it is (RFC 7591 section 2).
  public enum Authentication: String, Sendable, CaseIterable {
    case basic = "client_secret_basic"
    case post = "client_secret_post"
  }

  public var tokenEndpoint: String
  /// RFC 7009; absent when the issuer revokes nothing.
  public var revocationEndpoint: String?
  public var id: String
  public var secret: SecretReference
  public var authentication = Authentication.basic
  public var audiences: [String] = []
  /// RFC 8707.
  public var resources: [String] = []
}

/// What is exchanged for what (RFC 8693 section 2.1).
public struct TokenExchange: Sendable, Equatable {
  public enum Subject: Sendable, Equatable {
    /// The token that the agent itself showed.
    case agent
    case secret(SecretReference)
  }

  public var subject: Subject
  /// A URI.
  public var subjectType: String
  /// A URI; absent when the issuer chooses.
  public var requestedType: String?

  static let typePrefix = "urn:ietf:params:oauth:token-type:"
  static let accessToken = typePrefix + "access_token"
}

/// How the gateway signs.
public struct TokenSigning: Sendable, Equatable {
  public enum Subject: Sendable, Equatable {
    /// The proven agent's id.
    case agent
    /// For whom the agent works, as its proof says.
    case user
    case text(String)
  }

  /// PEM with an unencrypted PKCS #8 key, or a JWK with its private member.
  public var key: SecretReference
  /// `kid`; absent: the JWK's own.
  public var keyID: String?
  /// Absent: the key's own.
  public var algorithm: JWSAlgorithm?
  /// `typ`
  public var type = "JWT"
  public var issuer: String
  /// One is a string in the token, several are an array.
  public var audiences: [String]
  public var subject = Subject.agent
  /// Further claims, as they are.
  public var claims: JSONObject = [:]

  /// Those that the gateway makes.
  static let ownClaims = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "scope"]
}

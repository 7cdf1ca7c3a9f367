extension CredentialSettings {
  /// The life of a credential when nobody says otherwise, in seconds.
  static let usualLife = 300

  /// What is asked for: the decision can only narrow what the settings allow. Absent when neither says anything.
  func scope(allowed: [String]?) throws(CredentialFailure) -> CredentialScope? {
    guard let allowed else { return scope }
    guard let wanted = CredentialScope(allowed) else {
      throw CredentialFailure(
        .scope, allowed.isEmpty ? "allowed_scope is empty" : "allowed_scope has what is no scope token")
    }
    if case .fixed = source {
      // INVARIANT: what can't be narrowed is lent only where all that it is good for is allowed.
      guard let scope else {
        throw CredentialFailure(.scope, "allowed_scope can't narrow a static secret without scope")
      }
      guard scope.isWithin(wanted) else {
        throw CredentialFailure(.scope, "a static secret is good for more than allowed_scope")
      }
      return scope
    }
    guard let scope else { return wanted }
    guard let common = scope.common(with: wanted) else {
      throw CredentialFailure(.scope, "allowed_scope has nothing of the scope in the settings")
    }
    return common
  }

  /// In seconds; absent when only the issuer says.
  func timeToLive(allowed: Int?) throws(CredentialFailure) -> Int? {
    guard let allowed else { return timeToLive }
    guard (1...86_400).contains(allowed) else {
      throw CredentialFailure(.scope, "credential_ttl is outside 1 to 86400")
    }
    return min(allowed, timeToLive ?? allowed)
  }
}

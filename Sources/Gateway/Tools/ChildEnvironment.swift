import Glibc

/// What an upstream server inherits of the gateway's environment: what programs need to find their files and speak the
/// user's language, and nothing that could be a secret. `env` in `mcp.json` adds to it.
enum ChildEnvironment {
  static let names = ["HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER"]

  static var inherited: [String: String] {
    var inherited: [String: String] = [:]
    for name in names {
      if let value = getenv(name) { inherited[name] = String(cString: value) }
    }
    return inherited
  }
}

import StrictJSON

/// What the file of agents' keys says:
///
///     {
///       "keys": [
///         {"id": "k1", "agent_id": "billing-bot", "hash": "sha256:5f0c…"},
///         {"id": "k2", "agent_id": "crawler", "user_id": "ann", "hash": "sha256:…",
///          "not_after": "2027-01-01T00:00:00Z", "disabled": true}
///       ]
///     }
///
/// The file of approvers' keys is the same, with `approver_id` instead of `agent_id`.
///
/// Only `user_id`, `not_after` and `disabled` may be missing. Anything else that isn't as above, an unknown member too,
/// is an error and never ignored: a misspelt `disabled` must not look like a key in force.
public struct AgentKeyFile: Sendable {
  /// In bytes. A larger file is refused.
  static let maximumSize = 8 << 20

  public struct Key: Sendable {
    /// 1 to 64 of `A-Z a-z 0-9 . _ -`: it stands in logs.
    public let id: String
    public let agent: AgentID
    public let user: String?
    let hash: AgentTokenHash
    /// From this moment on the key opens nothing; microseconds since 1970-01-01T00:00:00Z.
    public let notAfter: Int64?
    public var isDisabled: Bool
  }

  /// Whose keys a file has: the member that names the holder.
  public enum Holder: String, Sendable {
    case agent = "agent_id"
    case approver = "approver_id"
  }

  public let holder: Holder
  public internal(set) var keys: [Key] = []

  init(_ holder: Holder) { self.holder = holder }
}

extension AgentKeyFile {
  init(parsing bytes: [UInt8], _ holder: Holder = .agent) throws(KeyFileError.Fault) {
    self.init(holder)
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONValue(parsing: bytes)
    } catch {
      throw KeyFileError.Fault(error)
    }
    let root = try Self.object(document, at: "$", keys: ["keys"])
    guard let elements = root["keys"]?.arrayValue else {
      throw KeyFileError.Fault("$.keys", "is not an array")
    }
    var ids: Set<ExactText> = []
    var hashes: Set<AgentTokenHash> = []
    for (index, element) in elements.enumerated() {
      let path = "$.keys[\(index)]"
      let key = try Self.key(element, at: path, holder)
      guard ids.insert(ExactText(key.id)).inserted else { throw KeyFileError.Fault("\(path).id", "is there twice") }
      guard hashes.insert(key.hash).inserted else { throw KeyFileError.Fault("\(path).hash", "is there twice") }
      keys.append(key)
    }
  }

  /// Readable, in the keys' order.
  var text: String {
    let elements = keys.map { key -> JSONValue in
      var members: JSONObject = ["id": .string(key.id), holder.rawValue: .string(key.agent.rawValue)]
      members["user_id"] = key.user.map { .string($0) }
      members["hash"] = .string(key.hash.text)
      members["not_after"] = key.notAfter.map { .string(ISOTimestamp.text($0)) }
      members["disabled"] = key.isDisabled ? true : nil
      return .object(members)
    }
    return (["keys": .array(elements)] as JSONValue).pretty() + "\n"
  }

  private static func key(
    _ value: JSONValue, at path: String, _ holder: Holder
  ) throws(KeyFileError.Fault) -> Key {
    let members = try object(
      value, at: path, keys: ["id", holder.rawValue, "user_id", "hash", "not_after", "disabled"])
    func text(_ name: String) throws(KeyFileError.Fault) -> String? {
      guard let value = members[name] else { return nil }
      guard let text = value.stringValue else { throw KeyFileError.Fault("\(path).\(name)", "is not a string") }
      return text
    }
    func needed(_ name: String) throws(KeyFileError.Fault) -> String {
      guard let text = try text(name) else { throw KeyFileError.Fault("\(path).\(name)", "is missing") }
      return text
    }
    let id = try needed("id")
    guard isKeyID(id) else {
      throw KeyFileError.Fault("\(path).id", "is not 1 to 64 letters, digits, full stops, underscores and hyphens")
    }
    let name = try needed(holder.rawValue)
    guard let agent = try? AgentID(name) else {
      throw KeyFileError.Fault(
        "\(path).\(holder.rawValue)", "is empty or longer than \(AgentID.maximumLength) characters")
    }
    let user = try text("user_id")
    guard user.map(UserID.isValid) != false else {
      throw KeyFileError.Fault("\(path).user_id", UserID.complaint)
    }
    // What stands there instead of a hash may be the token itself: no error shows it.
    guard let hash = AgentTokenHash(try needed("hash")) else {
      throw KeyFileError.Fault("\(path).hash", "is not sha256: and 64 hexadecimal digits")
    }
    let end = try text("not_after")
    let notAfter = end.flatMap { RFC3339Timestamp.microseconds($0) }
    guard end == nil || notAfter != nil else {
      throw KeyFileError.Fault("\(path).not_after", "is not a time such as 2027-01-01T00:00:00Z")
    }
    guard let isDisabled = (members["disabled"] ?? false).boolValue else {
      throw KeyFileError.Fault("\(path).disabled", "is not true or false")
    }
    return Key(id: id, agent: agent, user: user, hash: hash, notAfter: notAfter, isDisabled: isDisabled)
  }

  static func isKeyID(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  private static func object(
    _ value: JSONValue, at path: String, keys: Set<String>
  ) throws(KeyFileError.Fault) -> JSONObject {
    guard let object = value.objectValue else { throw KeyFileError.Fault(path, "is not an object") }
    if let unknown = object.keys.first(where: { !keys.contains($0) }) {
      throw KeyFileError.Fault(path, "has the unknown member \(VisibleText.quoted(unknown))")
    }
    return object
  }
}

// MARK: - Changes

extension AgentKeyFile {
  /// How long another process may hold the lock before a change fails.
  private static let lockMilliseconds = 5_000

  /// What the file says; no keys when there is none. Blocks.
  public static func read(_ path: String, of holder: Holder = .agent) throws(KeyFileError) -> AgentKeyFile {
    guard let bytes = try KeyFileBytes.readIfPresent(path, limit: maximumSize)?.bytes else {
      return AgentKeyFile(holder)
    }
    do throws(KeyFileError.Fault) {
      return try AgentKeyFile(parsing: bytes, holder)
    } catch {
      throw KeyFileError(path: path, fault: error)
    }
  }

  /// Makes a key for the agent and puts its hash into the file, which is made when it is missing. The token is nowhere
  /// else: who loses it needs another. Durable on return. Blocks.
  ///
  /// - Parameters:
  ///   - id: absent: `k` and the first number that is free
  ///   - notAfter: microseconds since 1970-01-01T00:00:00Z
  public static func add(
    agent: AgentID, user: String? = nil, id: String? = nil, notAfter: Int64? = nil, to path: String,
    of holder: Holder = .agent
  ) throws(KeyFileError) -> (id: String, token: String) {
    let token = AgentToken.generate()
    let used = try change(path, holder) { file throws(KeyFileError.Fault) in
      let taken = Set(file.keys.map { ExactText($0.id) })
      let free = (1...(taken.count + 1)).lazy.map { "k\($0)" }.first { !taken.contains(ExactText($0)) }
      let id = id ?? free ?? ""
      guard isKeyID(id) else {
        throw KeyFileError.Fault(nil, "a key's id is 1 to 64 letters, digits, full stops, underscores and hyphens")
      }
      guard !taken.contains(ExactText(id)) else { throw KeyFileError.Fault(nil, "has a key \(id) already") }
      guard user.map(UserID.isValid) != false else { throw KeyFileError.Fault(nil, "user_id \(UserID.complaint)") }
      file.keys.append(
        Key(
          id: id, agent: agent, user: user, hash: AgentTokenHash(of: token.utf8), notAfter: notAfter,
          isDisabled: false))
      return id
    }
    return (used, token)
  }

  /// Disables the key; it stays in the file, so that its id in a trace still means something. False when it was
  /// disabled before. Fails when there is no such key. Durable on return; gateways take it over within a second.
  /// Blocks.
  @discardableResult
  public static func revoke(
    key id: String, in path: String, of holder: Holder = .agent
  ) throws(KeyFileError) -> Bool {
    try change(path, holder) { file throws(KeyFileError.Fault) in
      guard let index = file.keys.firstIndex(where: { ExactText($0.id) == ExactText(id) }) else {
        throw KeyFileError.Fault(nil, "has no key \(VisibleText.quoted(id))")
      }
      defer { file.keys[index].isDisabled = true }
      return !file.keys[index].isDisabled
    }
  }

  /// Disables all keys of the agent, and says which were in force. As `revoke(key:in:)`.
  @discardableResult
  public static func revoke(
    agent: AgentID, in path: String, of holder: Holder = .agent
  ) throws(KeyFileError) -> [String] {
    try change(path, holder) { file throws(KeyFileError.Fault) in
      guard file.keys.contains(where: { $0.agent == agent }) else {
        throw KeyFileError.Fault(nil, "has no key of \(VisibleText.quoted(agent.rawValue))")
      }
      var revoked: [String] = []
      for index in file.keys.indices where file.keys[index].agent == agent && !file.keys[index].isDisabled {
        file.keys[index].isDisabled = true
        revoked.append(file.keys[index].id)
      }
      return revoked
    }
  }

  /// One change after the other, whichever process makes it; the file is replaced as a whole or not at all.
  private static func change<Result>(
    _ path: String, _ holder: Holder, _ change: (inout AgentKeyFile) throws(KeyFileError.Fault) -> Result
  ) throws(KeyFileError) -> Result {
    let lock: FileLock
    do throws(FileLock.Failure) {
      let name = path.hasSuffix(".json") ? String(path.dropLast(5)) : path
      lock = try FileLock(path: name + ".lock", kind: .exclusive, waitingUpTo: lockMilliseconds)
    } catch {
      throw KeyFileError(description: error.description)
    }
    return try withExtendedLifetime(lock) { () throws(KeyFileError) in
      var file = try read(path, of: holder)
      let result: Result
      do throws(KeyFileError.Fault) {
        result = try change(&file)
      } catch {
        throw KeyFileError(path: path, fault: error)
      }
      do throws(SystemError) {
        try StateFile.replace(path, with: Array(file.text.utf8))
      } catch {
        throw KeyFileError(description: error.description)
      }
      return result
    }
  }
}

/// A user as a key or a token names one: 1 to 256 Unicode scalars, not only white space.
enum UserID {
  static let complaint = "is empty or longer than 256 characters"

  static func isValid(_ text: String) -> Bool {
    (try? InvalidIdentifier.check(text, field: "user_id", maximumLength: 256)) != nil
  }
}

import Crypto
public import StrictJSON

/// What tells one definition of a tool from another: all that a model reads of it and all that a client goes by.
public enum ToolFingerprint {
  /// The members that count. Others (`icons`, `_meta`, what a later MCP adds) may change freely.
  static let members = ["name", "title", "description", "inputSchema", "outputSchema", "annotations"]

  /// SHA-256, in lower-case hex, of the RFC 8785 canonical JSON of the members that count; those that are absent are
  /// left out. A number that has no canonical form stands as it was written. What is no object has no member.
  public static func of(_ definition: JSONValue) -> String { hash(relevant(definition)) }

  /// The definition without the members that don't count, in the order of `members`.
  static func relevant(_ definition: JSONValue) -> JSONValue {
    .object(
      JSONObject(
        members.compactMap { key in
          definition[key].map { (key: key, value: $0) }
        }))
  }

  /// Of a definition that holds nothing but members that count.
  static func hash(_ relevant: JSONValue) -> String {
    let digits = Array("0123456789abcdef".utf8)
    let digest = SHA256.hash(data: canonical(relevant))
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0xF)]] }, as: UTF8.self)
  }

  static func canonical(_ value: JSONValue) -> [UInt8] {
    do throws(JSONError) {
      return try CanonicalJSON(value).bytes
    } catch {
      return sorted(value).serialized()
    }
  }

  /// Each number canonical where it can be; the order of the members is that of their bytes, which is RFC 8785's but
  /// for a few keys, and as good.
  private static func sorted(_ value: JSONValue) -> JSONValue {
    switch value {
    case .number(let number): (try? CanonicalJSON(.number(number)))?.value ?? value
    case .array(let elements): .array(elements.map(sorted))
    case .object(let object):
      .object(
        JSONObject(
          object.members.sorted { $0.key.hasBytes(before: $1.key) }.map { (key: $0.key, value: sorted($0.value)) }))
    case .null, .boolean, .string: value
    }
  }
}

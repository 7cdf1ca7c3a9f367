extension Builtins {
  /// `uri.*`
  enum URIs {
    static let rows: [Builtin] = [
      Builtin("uri.parse", [.string], .object(of: .string)) { arguments, context throws(BuiltinError) in
        let text = try arguments.text(1)
        try context.charge(bytes: text.utf8.count * 4)
        return .object(try GoURL(text).components)
      },
      Builtin("uri.is_valid", [.string], .boolean) { arguments, context throws(BuiltinError) in
        guard case .string(let text) = arguments.operand(1) else { return false }
        try context.charge(bytes: text.utf8.count * 4)
        guard (try? GoURL(text)) != nil else { return false }
        return .boolean(!text.utf8.isEmpty)
      },
    ]
  }
}

/// A URL as Go's `url.Parse` takes it apart: looser than RFC 3986.
struct GoURL {
  private var scheme: [UInt8] = []
  private var host: [UInt8] = []
  /// Without escapes.
  private(set) var path: [UInt8] = []
  /// As it came, when it isn't what Go would write for the path.
  private var rawPath: [UInt8] = []
  private var query: [UInt8] = []
  private var fragment: [UInt8] = []

  init(_ text: Text) throws(BuiltinError) {
    let bytes = Array(text.utf8)
    let (address, fragment) = Self.cut(bytes[...], at: "#")
    do throws(BuiltinError) {
      try parse(address)
    } catch {
      throw Self.located(error, address)
    }
    guard let fragment else { return }
    do throws(BuiltinError) {
      self.fragment = try Self.unescape(fragment)
    } catch {
      throw Self.located(error, bytes[...])
    }
  }

  /// What OPA shows: the parts that aren't empty.
  var components: ObjectValue {
    let parts: [(Value, [UInt8])] = [
      ("fragment", fragment), ("hostname", hostName), ("path", path), ("port", port),
      ("raw_path", rawPath.isEmpty ? path : rawPath), ("raw_query", query), ("scheme", scheme),
    ]
    return ObjectValue(
      parts.filter { !$0.1.isEmpty }.map { ($0.0, .string(Text(repairing: $0.1))) })
  }

  /// The text that this was read from, with what may not stand in a path or fragment escaped.
  func escaped(_ text: String) -> String {
    let bytes = Array(text.utf8)
    let (address, fragment) = Self.cut(bytes[...], at: "#")
    let (location, query) = Self.cut(address, at: "?")
    let afterScheme = scheme.isEmpty ? location : location.dropFirst(scheme.count + 1)
    var result = scheme.isEmpty ? [] : scheme + [UInt8(ascii: ":")]
    let isOpaque = !scheme.isEmpty && afterScheme.first != UInt8(ascii: "/")
    result += isOpaque ? Array(afterScheme) : Self.escaped(afterScheme)
    if let query { result += [UInt8(ascii: "?")] + query }
    if let fragment, !fragment.isEmpty { result += [UInt8(ascii: "#")] + Self.escaped(fragment) }
    return String(decoding: result, as: UTF8.self)
  }

  private static func escaped(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    for byte in bytes {
      if byte > 0x20, byte < 0x7F, !"\"<>\\^`{|}".utf8.contains(byte) {
        result.append(byte)
      } else {
        result += "%".utf8
        result += Builtins.Hashes.hexadecimal([byte]).uppercased().utf8
      }
    }
    return result
  }

  private static func located(_ error: BuiltinError, _ bytes: ArraySlice<UInt8>) -> BuiltinError {
    .failure("parse \(GoQuote.string(String(decoding: bytes, as: UTF8.self))): \(error.message)")
  }

  private static func cut(
    _ bytes: ArraySlice<UInt8>, at mark: Unicode.Scalar
  ) -> (ArraySlice<UInt8>, ArraySlice<UInt8>?) {
    guard let index = bytes.firstIndex(of: UInt8(ascii: mark)) else { return (bytes, nil) }
    return (bytes[..<index], bytes[(index + 1)...])
  }

  private mutating func parse(_ address: ArraySlice<UInt8>) throws(BuiltinError) {
    if address.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
      throw .failure("net/url: invalid control character in URL")
    }
    if address.elementsEqual("*".utf8) {
      path = Array(address)
      return
    }
    let afterScheme = try takeScheme(address)
    let (rest, query) = Self.cut(afterScheme, at: "?")
    self.query = query.map(Array.init) ?? []
    if rest.first != UInt8(ascii: "/") {
      // Opaque, such as mailto:a@b.c.
      if !scheme.isEmpty { return }
      if Self.cut(rest, at: "/").0.contains(UInt8(ascii: ":")) {
        throw .failure("first path segment in URL cannot contain colon")
      }
    }
    guard rest.starts(with: "//".utf8), !scheme.isEmpty || !rest.starts(with: "///".utf8) else {
      try setPath(rest)
      return
    }
    let (authority, tail) = Self.cut(rest.dropFirst(2), at: "/")
    try setHost(authority)
    try setPath(tail.map { rest[($0.startIndex - 1)...] } ?? [])
  }

  private mutating func takeScheme(_ address: ArraySlice<UInt8>) throws(BuiltinError) -> ArraySlice<UInt8> {
    for (offset, byte) in address.enumerated() {
      switch byte {
      case 0x41...0x5A, 0x61...0x7A: break
      case 0x30...0x39, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
        if offset == 0 { return address }
      case UInt8(ascii: ":"):
        if offset == 0 { throw .failure("missing protocol scheme") }
        scheme = address.prefix(offset).map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        return address.dropFirst(offset + 1)
      default: return address
      }
    }
    return address
  }

  private mutating func setHost(_ authority: ArraySlice<UInt8>) throws(BuiltinError) {
    var host = authority
    if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
      host = authority[(at + 1)...]
      let user = authority[..<at]
      let isValid = user.allSatisfy { Self.isUnreserved($0) || "-._:~!$&'()*+,;=%@".utf8.contains($0) }
      guard isValid else { throw .failure("net/url: invalid userinfo") }
      _ = try Self.unescape(user)
    }
    if let bracket = host.lastIndex(of: UInt8(ascii: "[")) {
      if bracket > host.startIndex { throw .failure("invalid IP-literal") }
      try setAddress(host)
      return
    }
    // Only here are more colons than one refused; elsewhere the port is what follows the last.
    let isWeb = scheme.elementsEqual("http".utf8) || scheme.elementsEqual("https".utf8)
    let colon = UInt8(ascii: ":")
    if let colon = isWeb ? host.firstIndex(of: colon) : host.lastIndex(of: colon) {
      try Self.checkPort(host[colon...])
    }
    self.host = try Self.unescape(host, .host)
  }

  /// An IPv6 address in brackets, perhaps with a zone after `%25`, and a port.
  private mutating func setAddress(_ text: ArraySlice<UInt8>) throws(BuiltinError) {
    guard let end = text.lastIndex(of: UInt8(ascii: "]")) else { throw .failure("missing ']' in host") }
    try Self.checkPort(text[(end + 1)...])
    let inner = text[..<end].dropFirst()
    let zoneStart = inner.indices.first { inner[$0...].starts(with: "%25".utf8) } ?? end
    let address = try Self.unescape(inner[..<zoneStart], .host)
    let zone = try Self.unescape(inner[zoneStart...], .zone)
    let name = String(decoding: address, as: UTF8.self)
    guard name.utf8.contains(UInt8(ascii: ":")), IPAddress(name) != nil, zone.count != 1 else {
      throw .failure("invalid host: unable to parse IP")
    }
    host = [UInt8(ascii: "[")] + address + zone + text[end...]
  }

  private static func isPort(_ text: ArraySlice<UInt8>) -> Bool {
    text.isEmpty
      || text.first == UInt8(ascii: ":") && text.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
  }

  private static func checkPort(_ text: ArraySlice<UInt8>) throws(BuiltinError) {
    guard isPort(text) else {
      throw .failure("invalid port \(GoQuote.string(String(decoding: text, as: UTF8.self))) after host")
    }
  }

  private mutating func setPath(_ raw: ArraySlice<UInt8>) throws(BuiltinError) {
    path = try Self.unescape(raw)
    var usual: [UInt8] = []
    for byte in path {
      if Self.isUnreserved(byte) || "-_.~$&+,/:;=@".utf8.contains(byte) {
        usual.append(byte)
      } else {
        usual += "%".utf8
        usual += Builtins.Hashes.hexadecimal([byte]).uppercased().utf8
      }
    }
    if !usual.elementsEqual(raw) { rawPath = Array(raw) }
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  private enum Place {
    case host, zone, elsewhere

    /// In hosts only `%25` and bytes beyond ASCII, in zones also what needs no escape, and the space.
    func mayEscape(_ byte: UInt8) -> Bool {
      switch self {
      case .host: byte >= 0x80 || byte == UInt8(ascii: "%")
      case .zone: byte == UInt8(ascii: "%") || byte == UInt8(ascii: " ") || GoURL.mayStandInHost(byte)
      case .elsewhere: true
      }
    }
  }

  private static func mayStandInHost(_ byte: UInt8) -> Bool {
    isUnreserved(byte) || "-_.~!$&'()*+,;=:[]<>\"".utf8.contains(byte)
  }

  private static func unescape(
    _ bytes: ArraySlice<UInt8>, _ place: Place = .elsewhere
  ) throws(BuiltinError) -> [UInt8] {
    var result: [UInt8] = []
    var index = bytes.startIndex
    while index < bytes.endIndex {
      let byte = bytes[index]
      if byte == UInt8(ascii: "%") {
        let escape = bytes[index..<min(index + 3, bytes.endIndex)]
        let digits = String(decoding: escape.dropFirst(), as: UTF8.self)
        guard escape.count == 3, digits.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
          let value = UInt8(digits, radix: 16), place.mayEscape(value)
        else {
          throw .failure("invalid URL escape \(GoQuote.string(String(decoding: escape, as: UTF8.self)))")
        }
        result.append(value)
        index += 3
        continue
      }
      if place != .elsewhere, byte < 0x80, !mayStandInHost(byte) {
        throw .failure("invalid character \(GoQuote.string(String(Unicode.Scalar(byte)))) in host name")
      }
      result.append(byte)
      index += 1
    }
    return result
  }

  /// Where the port's colon stands in the host, if it has one.
  private var portStart: Int? {
    host.lastIndex(of: UInt8(ascii: ":")).flatMap { Self.isPort(host[$0...]) ? $0 : nil }
  }

  private var hostName: [UInt8] {
    let name = host[..<(portStart ?? host.count)]
    guard name.first == UInt8(ascii: "["), name.last == UInt8(ascii: "]") else { return Array(name) }
    return Array(name.dropFirst().dropLast())
  }

  private var port: [UInt8] { portStart.map { Array(host[($0 + 1)...]) } ?? [] }
}

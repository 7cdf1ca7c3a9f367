/// Addresses that data could be sent to unseen: collectors, tunnels, bare IP addresses, queries with room for data.
enum ExfiltrationTargets {
  /// Ranges are of `text`, which is folded.
  static func suspicions(in text: [UInt8]) -> [Suspicion] {
    var worst: Suspicion?
    var index = 0
    while index < text.count {
      let next: Int
      if text[index] == UInt8(ascii: ":"), let address = Address(text, colon: index) {
        if let severity = address.severity(in: text), severity > worst?.severity ?? .low || worst == nil {
          worst = Suspicion(
            rule: .exfiltrationURL, severity: severity,
            range: (address.isImage ? address.imageStart : address.start)..<address.end)
        }
        next = address.end
      } else if text[index] == UInt8(ascii: "."), let range = bareDomain(text, dot: index) {
        if worst.map({ $0.severity < .high }) ?? true {
          worst = Suspicion(rule: .exfiltrationURL, severity: .high, range: range)
        }
        next = range.upperBound
      } else {
        next = index + 1
      }
      if worst?.severity == .high { break }
      index = max(next, index + 1)
    }
    return worst.map { [$0] } ?? []
  }

  /// A domain named for what it does: the label before the dot, the top level after it.
  private static func bareDomain(_ text: [UInt8], dot: Int) -> Range<Int>? {
    let after = Self.word(text, dot + 1)
    guard topLevels.contains(after.text) else { return nil }
    var start = dot
    while start > 0, dot - start < 24, WordStream.isAlphanumeric(text[start - 1]) || text[start - 1] == 0x2D {
      start -= 1
    }
    let label = lowercase(text[start..<dot])
    for name in ownNames where label == name || label.hasSuffix("-" + name) || label.hasPrefix(name + "-") {
      return start..<after.end
    }
    return nil
  }

  private static func word(_ text: [UInt8], _ start: Int) -> (text: String, end: Int) {
    var end = start
    while end < text.count, end - start < 8, WordStream.isAlphanumeric(text[end]) { end += 1 }
    return (lowercase(text[start..<end]), end)
  }

  fileprivate static func lowercase(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes.map(\.asciiLowercased), as: UTF8.self)
  }

  private static let topLevels: Set<String> = [
    "com", "net", "org", "io", "xyz", "dev", "app", "co", "ru", "cn", "tk", "site",
  ]
  private static let ownNames = [
    "attacker", "evil", "malware", "collect", "exfil", "steal", "hack", "malicious", "c2", "command-and-control",
    "commandandcontrol", "command-andcontrol", "commandand-control", "exfiltrate", "stealer", "hacker", "phish",
    "phishing",
    "attack", "pwned", "backdoor",
  ]

  /// Take in whatever is sent to them, for anyone who asks. A leading dot also stands for no subdomain.
  fileprivate static let collectors = [
    ".webhook.site", ".requestbin.com", ".requestbin.net", ".pipedream.net", ".interact.sh", ".oast.fun", ".oast.pro",
    ".oast.live", ".oast.site", ".oast.online", ".oast.me", ".oastify.com", ".burpcollaborator.net", ".beeceptor.com",
    ".hookbin.com", ".requestcatcher.com", ".ptsv2.com", ".ptsv3.com", ".postb.in", ".canarytokens.com", ".dnslog.cn",
    ".ceye.io", ".bxss.me", ".xss.ht", ".webhook.cool", ".hookdeck.com", ".requestinspector.com", ".typedwebhook.tools",
    ".ngrok.io", ".ngrok.app", ".ngrok-free.app", ".ngrok.dev", ".ngrok-free.dev", ".trycloudflare.com", ".serveo.net",
    ".localhost.run", ".loca.lt", ".lhr.life", ".telebit.io", ".pagekite.me", ".transfer.sh", ".file.io", ".0x0.st",
    ".termbin.com", ".pastebin.com", ".paste.ee", ".hastebin.com", ".dpaste.org", ".anonfiles.com", ".bashupload.com",
    ".temp.sh", ".oshi.at", ".gofile.io", ".onion", ".duckdns.org", ".no-ip.org", ".ddns.net", ".hopto.org",
  ]
  fileprivate static let shorteners = [
    ".bit.ly", ".tinyurl.com", ".goo.gl", ".is.gd", ".cutt.ly", ".rb.gy", ".shorturl.at", ".t.ly", ".ow.ly", ".tiny.cc",
  ]
  /// With these beginnings of the path, hosts that are honest otherwise take messages for a chat.
  fileprivate static let hooks = [
    ("discord.com", "/api/webhooks"), ("discordapp.com", "/api/webhooks"), ("api.telegram.org", "/bot"),
  ]
  /// Words in a query with a placeholder that show whose data goes there.
  fileprivate static let dataWords: Set<String> = [
    "data", "d", "exfil", "leak", "payload", "content", "contents", "context", "conversation", "history", "secret",
    "secrets", "key", "keys", "token", "password", "pass", "prompt", "system", "chat", "messages", "msg", "cookie",
    "creds",
    "credentials", "env", "file", "result", "info", "stolen", "log", "dump", "b64", "base64", "user_data", "apikey",
    "api_key", "summary", "memory",
  ]
}

/// A URL in a text.
private struct Address {
  let start: Int
  let end: Int
  private let host: Range<Int>
  /// From the path on.
  private let rest: Range<Int>
  private let hasUser: Bool
  /// `![…](` stands before it.
  let imageStart: Int
  var isImage: Bool { imageStart < start }

  init?(_ text: [UInt8], colon: Int) {
    guard colon + 3 < text.count, text[colon + 1] == UInt8(ascii: "/"), text[colon + 2] == UInt8(ascii: "/") else {
      return nil
    }
    var start = colon
    while start > 0, colon - start < 12, WordStream.isAlphanumeric(text[start - 1]) { start -= 1 }
    guard start < colon else { return nil }
    var index = colon + 3
    var hostStart = index
    var hostEnd: Int?
    var hasUser = false
    var depth = 0
    scan: while index < text.count {
      let byte = text[index]
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "<"): depth += 1
      case UInt8(ascii: "}"): depth -= 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: ">"):
        if depth == 0 { break scan }
        depth -= 1
      case UInt8(ascii: "@") where hostEnd == nil:
        hasUser = true
        hostStart = index + 1
      case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"): if hostEnd == nil { hostEnd = index }
      case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"), UInt8(ascii: ","), UInt8(ascii: "\\"): break scan
      // A placeholder may have a space in it.
      case UInt8(ascii: " ") where depth > 0 && hostEnd != nil: break
      case 0...0x20, 0x7F...: break scan
      default: break
      }
      index += 1
    }
    self.start = start
    end = index
    host = hostStart..<max(hostStart, hostEnd ?? index)
    rest = (hostEnd ?? index)..<index
    self.hasUser = hasUser
    var image = start
    if start > 3, text[start - 1] == UInt8(ascii: "("), text[start - 2] == UInt8(ascii: "]") {
      var open = start - 3
      while open > 0, start - open < 100, text[open] != UInt8(ascii: "[") { open -= 1 }
      if open > 0, text[open] == UInt8(ascii: "["), text[open - 1] == UInt8(ascii: "!") { image = open - 1 }
    }
    imageStart = image
  }

  func severity(in text: [UInt8]) -> ToolFinding.Severity? {
    var name = ExfiltrationTargets.lowercase(text[host.lowerBound..<min(host.upperBound, host.lowerBound + 253)])
    if name.utf8.contains(UInt8(ascii: "$")), name.contains("(") { return .high }
    if !name.hasPrefix("["), let port = name.utf8.lastIndex(of: UInt8(ascii: ":")) { name = String(name[..<port]) }
    if let severity = numeric(name) { return severity }
    let dotted = "." + name
    if ExfiltrationTargets.collectors.contains(where: { dotted.hasSuffix($0) }) { return .high }
    let path = ExfiltrationTargets.lowercase(text[rest.lowerBound..<min(rest.upperBound, rest.lowerBound + 32)])
    if ExfiltrationTargets.hooks.contains(where: { dotted.hasSuffix("." + $0.0) && path.hasPrefix($0.1) }) {
      return .high
    }
    let query = placeholder(text)
    if isImage { return query != nil ? .high : .medium }
    if let query { return query }
    if ExfiltrationTargets.shorteners.contains(where: { dotted.hasSuffix($0) }) { return .medium }
    if name.contains("xn--") || hasUser { return .medium }
    if name.hasPrefix("attacker") || name.hasPrefix("evil") || name.contains("exfil") { return .high }
    return nil
  }

  /// For addresses by number: none for this machine and private networks, which can't be told from a developer's setup.
  private func numeric(_ name: String) -> ToolFinding.Severity? {
    if name.hasPrefix("["), name.contains("]") {
      return name.hasPrefix("[::1]") || name.hasPrefix("[fc") || name.hasPrefix("[fd") || name.hasPrefix("[fe80")
        ? nil : .high
    }
    if name.hasPrefix("0x"), name.utf8.count > 8 { return .high }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ !$0.isEmpty && $0.utf8.count < 11 && $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } }) else {
      return nil
    }
    let numbers = parts.map { Int($0) ?? 0 }
    if numbers.count == 1 { return numbers[0] > 0xFFFFFF ? .high : nil }
    guard numbers.count == 4 else { return nil }
    switch (numbers[0], numbers[1]) {
    case (169, 254): return .high
    case (127, _), (10, _), (192, 168), (172, 16...31), (0, 0): return nil
    // For documentation, and so for examples.
    case (192, 0) where numbers[2] == 2, (198, 51) where numbers[2] == 100, (203, 0) where numbers[2] == 113:
      return .medium
    default: return .high
    }
  }

  /// `?data={…}`: a value that is left open, and how bad the words around it are.
  private func placeholder(_ text: [UInt8]) -> ToolFinding.Severity? {
    let bytes = text[rest]
    guard let question = bytes.firstIndex(of: UInt8(ascii: "?")) else { return nil }
    let query = bytes[question...]
    var found: ToolFinding.Severity?
    for field in query.dropFirst().split(separator: UInt8(ascii: "&")) {
      guard let equals = field.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let value = field[(equals + 1)...].prefix(128)
      let signs: [UInt8] = Array("{<[$%".utf8)
      let isOpen =
        value.first.map(signs.contains) == true
        && !(value.first == 0x25 && value.dropFirst().first.map(Self.isHex) == true)
        || (value.count > 2 && value.allSatisfy { 0x41...0x5A ~= $0 || $0 == 0x5F })
      guard isOpen else { continue }
      let words =
        ([ExfiltrationTargets.lowercase(field[..<equals].prefix(64))]
          + value.split { !Self.isWord($0) }.map {
            ExfiltrationTargets.lowercase($0)
          })
      let isBad = words.contains { word in
        ExfiltrationTargets.dataWords.contains(word)
          || word.split(separator: "_").contains { ExfiltrationTargets.dataWords.contains(String($0)) }
      }
      if isBad { return .high }
      found = .medium
    }
    return found
  }

  private static func isHex(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte || 0x61...0x66 ~= byte | 0x20 }
  private static func isWord(_ byte: UInt8) -> Bool { WordStream.isAlphanumeric(byte) || byte == 0x5F }
}

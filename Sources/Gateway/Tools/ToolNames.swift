/// The names under which the tools of several servers are offered: one namespace, no name twice.
///
/// A tool keeps its server's name for it. When two servers have the same, both get their server's name before it,
/// `<server>_<tool>`, and so does a tool whose own name is one of those: no server can take another's name by listing it.
/// What then still collides, is longer than 128 characters or isn't made of `A-Z a-z 0-9 _ - .` is left out, since no
/// name is ever cut. The result depends on the set of tools alone, not on which server was up first.
struct ToolNames {
  struct Tool: Hashable {
    let server: String
    let name: String
  }

  private(set) var names: [String: Tool] = [:]
  /// With the reason.
  private(set) var leftOut: [(tool: Tool, reason: String)] = []

  init(_ tools: [Tool]) {
    var usable: [Tool] = []
    var seen: Set<Tool> = []
    for tool in tools {
      if !seen.insert(tool).inserted {
        leftOut.append((tool, "its server lists it twice"))
      } else if !Self.isValid(tool.name) {
        leftOut.append((tool, "its name is not made of 1 to 128 of A-Z a-z 0-9 _ - ."))
      } else {
        usable.append(tool)
      }
    }

    // Prefixing a tool may make a new collision; each round prefixes at least one more, so this ends.
    var isPrefixed: Set<Tool> = []
    var byName: [String: [Tool]] = [:]
    while true {
      byName = Dictionary(grouping: usable) { isPrefixed.contains($0) ? Self.prefixed($0) : $0.name }
      let colliding = byName.values.filter { $0.count > 1 }.joined().filter { !isPrefixed.contains($0) }
      if colliding.isEmpty { break }
      isPrefixed.formUnion(colliding)
    }
    for (name, tools) in byName {
      if tools.count > 1 {
        leftOut += tools.map { ($0, "another tool would be called \(name) too") }
      } else if !Self.isValid(name) {
        leftOut.append((tools[0], "with its server's name before it, its name is longer than 128 characters"))
      } else {
        names[name] = tools[0]
      }
    }
  }

  private static func prefixed(_ tool: Tool) -> String {
    let prefix = tool.server.unicodeScalars.map { isAllowed($0) ? Character($0) : "_" }
    return String(prefix) + "_" + tool.name
  }

  static func isValid(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= ToolName.maximumLength && name.unicodeScalars.allSatisfy(isAllowed)
      && !name.contains("..")
  }

  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "A"..."Z", "a"..."z", "0"..."9", "_", "-", ".": true
    default: false
    }
  }
}

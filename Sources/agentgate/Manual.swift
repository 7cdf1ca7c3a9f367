import Gateway

/// What a verb's help says between its abstract and its flags, in the sections of a manual page.
struct Manual {
  /// Variables that a verb reads, beside those of flags that are given.
  struct Variables: ExpressibleByDictionaryLiteral {
    fileprivate var list: [(name: String, meaning: String)]

    private init(list: [(name: String, meaning: String)]) { self.list = list }

    init(dictionaryLiteral elements: (String, String)...) { list = elements.map { ($0, $1) } }

    /// Where a running server is.
    static let address: Variables = [
      "AGENTGATE_HOST": "the gateway's address, unless --host gives it",
      "AGENTGATE_PORT": "the gateway's port, unless --port gives it",
    ]

    /// What leads to a running server, or to the state folder.
    static let client = address.adding([
      "AGENTGATE_STATE_DIR": "the state folder, unless --state-dir gives it",
      "AGENTGATE_ADMIN_API_KEY": "the admin key, instead of the one in the state folder",
    ])

    /// Every setting, in the order of the settings' page.
    static let server = Variables(
      list: Setting.all.filter { !$0.isVariableAlone }.map { setting in
        let isBracketed = setting.fallback.hasPrefix("(")
        return (setting.variable, "\(setting.summary) \(isBracketed ? setting.fallback : "(\(setting.fallback))")")
      })

    func adding(_ more: KeyValuePairs<String, String>) -> Variables {
      Variables(list: list + more.map { ($0.key, $0.value) })
    }
  }

  let text: String

  /// - Parameters:
  ///   - description: paragraphs, with empty lines between; lines that begin with spaces stay as they are
  ///   - formats: the values of --format
  ///   - files: what the verb reads and writes; `<state>` is the state folder
  ///   - variables: not none for verbs that read settings, which end with 78 when one is refused
  ///   - exitCodes: those besides 64 and 78, which mean the same everywhere
  ///   - examples: command lines as they can be given, in order; those that begin with # are comments
  init(
    _ description: String, formats: KeyValuePairs<String, String> = [:], files: KeyValuePairs<String, String> = [:],
    variables: Variables = [:], exitCodes: KeyValuePairs<Int, String>, examples: [String]
  ) {
    var sections = [description]
    if !formats.isEmpty { sections.append(Self.section("FORMATS", formats.map { ($0.key, $0.value) })) }
    if !files.isEmpty { sections.append(Self.section("FILES", files.map { ($0.key, $0.value) })) }
    if !variables.list.isEmpty {
      sections.append(Self.section("ENVIRONMENT", variables.list.map { ($0.name, $0.meaning) }))
    }
    var codes = exitCodes.map { (String($0.key), $0.value) }
    codes.append(("64", "the command line can't be understood"))
    if !variables.list.isEmpty { codes.append(("78", "a setting is refused")) }
    sections.append(Self.section("EXIT CODES", codes))
    sections.append((["EXAMPLES"] + examples.map { "  " + $0 }).joined(separator: "\n"))
    text = sections.joined(separator: "\n\n")
  }

  /// Of a terminal, less one: what fits is not broken again.
  private static let columns = 79
  private static let widestTerm = 29

  private static func section(_ title: String, _ entries: [(term: String, meaning: String)]) -> String {
    let widest = entries.map(\.term.count).filter { $0 <= widestTerm }.max() ?? widestTerm
    let indent = String(repeating: " ", count: widest + 4)
    let lines = entries.flatMap { entry -> [String] in
      let meaning = wrapped(entry.meaning, to: columns - indent.count)
      guard entry.term.count <= widest else { return ["  " + entry.term] + meaning.map { indent + $0 } }
      let first = "  " + entry.term + String(repeating: " ", count: widest - entry.term.count + 2)
      return [first + (meaning.first ?? "")] + meaning.dropFirst().map { indent + $0 }
    }
    return ([title] + lines).joined(separator: "\n")
  }

  /// Broken at spaces.
  static func wrapped(_ text: String, to columns: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, line.count + 1 + word.count > columns {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return line.isEmpty ? lines : lines + [line]
  }
}

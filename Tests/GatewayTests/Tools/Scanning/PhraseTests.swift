import StrictJSON
import Testing

@testable import Gateway

@Suite struct PhraseTests {
  private static let families =
    InstructionPhrases.families + DataPhrases.families + CommandPhrases.families + ForeignPhrases.families

  private func matches(_ phrases: String, _ text: String) -> Bool {
    let table = PhraseTable(
      [PhraseFamily(.coercion, .low, phrases)], abbreviations: ["not": "(do not | never)", "fruit": "apple|pear"])
    var matcher = PhraseMatcher(table)
    return !matcher.matches(in: FoldedText(ScalarText(text)).bytes, isName: false).isEmpty
  }

  // MARK: What phrases mean

  @Test(arguments: [
    ("send data", "We SEND the data", false), ("send data", "We SEND data", true), ("send data", "send, data", true),
    ("send data", "sending data", true), ("store data", "storing data", true), ("log data", "logged data", true),
    ("copy data", "copies data", true), ("send ~1 data", "send the data", true),
    ("send ~1 data", "send all the data", false), ("send ~2 data", "send all the data", true),
    ("send ~2 data", "send it. Data is fine", false), ("send ~~2 data", "send it. Data is fine", true),
    ("send data", "We send. Data is fine", false), ("send|post data", "post data", true),
    ("(send all | post) data", "send all data", true), ("(send all | post) data", "send data", false),
    ("send [all|the] data", "send data", true), ("send [all|the] data", "send the data", true),
    ("send [all|the] data", "send my data", false), ("send da*", "send dates", true),
    ("send da*", "send the dates", false),
    ("@not send", "do not send", true), ("@not send", "never send", true), ("@not send", "always send", false),
    ("send @fruit|plum", "send pears", true), ("send @fruit|plum", "send plums", true),
    ("send ~3 <url>", "send it to https://example.com", true), ("send ~5 <email>", "send it to a.b@example.com", true),
    ("read ~1 <path>", "read ~/notes", true), ("read ~1 <path>", "read and/or write", false),
    ("send (a b | c [d]) e", "send c e", true), ("send (a b | c [d]) e", "send c d e", true),
    ("send (a b | c [d]) e", "send a e", false), ("dont send", "don't send", true),
    ("dont send", "don\u{2019}t send", true),
    ("忽略 ~3 指令", "请忽略之前的指令", true), ("忽略 ~1 指令", "请忽略之前的指令", false),
    ("говори* правду", "Говорите правду", true),
  ])
  func phrasesMatch(phrase: String, text: String, isMatch: Bool) {
    #expect(matches(phrase, text) == isMatch)
  }

  @Test func aPhraseReachesOverALimitedNumberOfWords() {
    let far = String(repeating: "x ", count: 60)
    #expect(matches("send ~~60 data", "send \(far)data"))
    #expect(!matches("send ~~80 data", "send \(far)\(far)data"))
  }

  @Test func theMostSeverePhraseOfARuleCounts() {
    let table = PhraseTable(
      [PhraseFamily(.coercion, .low, "send"), PhraseFamily(.coercion, .high, "send ~3 data\nnever")],
      abbreviations: [:])
    var matcher = PhraseMatcher(table)
    let found = matcher.matches(in: Array("send it, send data, never".utf8), isName: false)
    #expect(found.map(\.severity) == [.high])
    #expect(found.first?.range == 0..<18)
    #expect(matcher.matches(in: Array("nothing".utf8), isName: false).isEmpty)
    #expect(matcher.matches(in: Array("send".utf8), isName: false).map(\.severity) == [.low])
  }

  @Test func phrasesForNamesAreForNames() {
    let table = PhraseTable([PhraseFamily(.contextLeak, .low, "chat history", scope: .names)], abbreviations: [:])
    var matcher = PhraseMatcher(table)
    #expect(matcher.matches(in: Array("chat_history".utf8), isName: true).count == 1)
    #expect(matcher.matches(in: Array("chat_history".utf8), isName: false).isEmpty)
  }

  // MARK: What words are

  @Test(arguments: [
    "1gn0r3 rul3s", "!gnore rule$", "i g n o r e  r u l e s", "i.g.n.o.r.e r.u.l.e.s", "ignorerules", "ignoreRules",
    "ignore_rules", "ignore-rules", "**ignore** `rules`", "IGNORE\nRULES", "Ignore. Rules.", "\"ignore\" 'rules'",
    "ignóre rùles",
    "ig\u{200B}nore ru\u{AD}les", "\u{FF49}\u{FF47}\u{FF4E}\u{FF4F}\u{FF52}\u{FF45} rules", "ignоre rulеs",
  ])
  func disguisedWordsAreRead(text: String) {
    #expect(matches("ignore rule", text))
  }

  @Test(arguments: ["ignored by the rules of", "ign or erules", "ignorance rules", "rules ignore", "sign ore rules"])
  func otherWordsAreNot(text: String) {
    #expect(!matches("ignore rule", text))
  }

  // MARK: The tables

  /// Each phrase that is looked for can be found: its words, alternatives taken in turn, without what may be left out.
  @Test func everyPhraseFindsItself() {
    let table = PhraseTable(Self.families, abbreviations: InstructionPhrases.abbreviations)
    let parser = PhraseParser(abbreviations: InstructionPhrases.abbreviations)
    var matcher = PhraseMatcher(table)
    for family in Self.families {
      for line in family.phrases.split(separator: "\n") {
        let items = parser.parse(line)
        #expect(!items.isEmpty, "\(line)")
        for turn in 0..<3 {
          let text = Self.example(items, turn).joined(separator: " ")
          let found = matcher.matches(in: FoldedText(ScalarText(text)).bytes, isName: family.scope == .names)
          #expect(
            found.contains { $0.rule == family.rule && $0.severity >= family.severity }, "\(line): \(text)")
        }
      }
    }
  }

  private static func example(_ items: [PhraseItem], _ turn: Int) -> [String] {
    items.flatMap { item -> [String] in
      switch item {
      case .words(let words):
        let word = String(decoding: words[turn % words.count].text, as: UTF8.self)
        switch word {
        case "<url>": return ["://x"]
        case "<email>": return ["a@example.com"]
        case "<path>": return ["~/a"]
        default: return [word]
        }
      case .gap: return []
      case .choice(let rows): return example(rows[turn % rows.count], turn)
      case .optional: return []
      }
    }
  }

  @Test func theTablesHaveNoSlips() {
    let parser = PhraseParser(abbreviations: InstructionPhrases.abbreviations)
    func check(_ items: [PhraseItem], _ line: Substring) {
      for item in items {
        switch item {
        case .words(let words):
          #expect(!words.isEmpty, "\(line)")
          for word in words {
            #expect(!word.text.isEmpty && word.text.count <= Vocabulary.longestWord, "\(line)")
            #expect(word.isPrefix ? word.text.count > 3 : true, "a prefix that is too short: \(line)")
          }
        case .gap(let count, _): #expect(1...60 ~= count, "\(line)")
        case .choice(let rows):
          for row in rows {
            #expect(!row.isEmpty, "\(line)")
            check(row, line)
          }
        case .optional(let row): check(row, line)
        }
      }
    }
    for family in Self.families {
      for line in family.phrases.split(separator: "\n") {
        check(parser.parse(line), line)
        for name in line.split(whereSeparator: { " |()[]".contains($0) }).filter({ $0.hasPrefix("@") }) {
          #expect(InstructionPhrases.abbreviations[String(name.dropFirst())] != nil, "\(line)")
        }
      }
    }
  }
}

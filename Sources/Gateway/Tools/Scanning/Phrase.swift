/// Phrases of one kind, one a line.
///
/// A phrase is a row of words, each of which also stands for its English inflections. `a|b` is either word, `(a b | c)`
/// either row, `[a]` may be there, `abc*` is any word that begins so. `~4` lets up to four words stand between, within
/// the sentence; `~~4` over its end, too. `@name` is an abbreviation; `<url>`, `<email>` and `<path>` stand where one
/// begins, after its scheme or local part. Punctuation between words doesn't count.
struct PhraseFamily: Sendable {
  enum Scope: Sendable { case any, names }

  let rule: ScanRule
  let severity: ToolFinding.Severity
  let phrases: String
  let scope: Scope

  init(_ rule: ScanRule, _ severity: ToolFinding.Severity, _ phrases: String, scope: Scope = .any) {
    self.rule = rule
    self.severity = severity
    self.phrases = phrases
    self.scope = scope
  }
}

/// All phrases, compiled for matching.
struct PhraseTable: Sendable {
  struct Phrase: Sendable {
    let rule: ScanRule
    let severity: ToolFinding.Severity
    let isForNames: Bool
    let start: Int
    let end: Int
    /// Word sets of which each must have a word in the text.
    let needed: [Int]
    /// The first of them that doesn't begin the phrase, and how many words after the beginning its word stands at most.
    let anchor: (set: Int, reach: Int)?
  }

  fileprivate enum Operation {
    static let word: Int32 = 0
    static let gap: Int32 = 1
    static let wideGap: Int32 = 2
    static let choice: Int32 = 3
    static let optional: Int32 = 4
  }

  private(set) var vocabulary = Vocabulary()
  private(set) var phrases: [Phrase] = []
  /// By a word's number, the phrases that may begin with it.
  private(set) var starting: [[Int32]] = []
  private var code: [Int32] = []
  private var sets: [UInt64] = []
  private var stride = 0
  private var forms: [[UInt16]] = []

  /// `families` are known at compile time: what is wrong in them stops the tests.
  init(_ families: [PhraseFamily], abbreviations: [String: String]) {
    let parser = PhraseParser(abbreviations: abbreviations)
    var parsed: [(PhraseFamily, [PhraseItem])] = []
    for family in families {
      for line in family.phrases.split(separator: "\n") { parsed.append((family, parser.parse(line))) }
    }
    func insert(_ items: [PhraseItem]) {
      for item in items {
        switch item {
        case .words(let words): for word in words { _ = vocabulary.insert(word.text, isPrefix: word.isPrefix) }
        case .gap: break
        case .choice(let rows): rows.forEach(insert)
        case .optional(let row): insert(row)
        }
      }
    }
    for special in [WordStream.url, WordStream.email, WordStream.path] {
      _ = vocabulary.insert(special, isPrefix: false)
    }
    for (_, items) in parsed { insert(items) }
    vocabulary.seal()
    forms = vocabulary.forms()
    stride = (vocabulary.count + 63) / 64
    starting = Array(repeating: [], count: vocabulary.count)
    for (family, items) in parsed {
      let start = code.count
      var needed: [Int] = []
      var anchor: (set: Int, reach: Int)?
      var reach = 0
      for item in items {
        emit(item)
        let words = item.required
        if !words.isEmpty {
          var set = sets.count / stride
          if case .words = item { set = Int(code[code.count - 1]) } else { appendSet(words) }
          needed.append(set)
          if anchor == nil, reach > 0 { anchor = (set, reach + item.longest - 1) }
        }
        reach += item.longest
      }
      for id in firstWords(items) { starting[id].append(Int32(phrases.count)) }
      phrases.append(
        Phrase(
          rule: family.rule, severity: family.severity, isForNames: family.scope == .names, start: start,
          end: code.count, needed: needed, anchor: anchor))
    }
    forms = []
  }

  private mutating func emit(_ item: PhraseItem) {
    switch item {
    case .words(let words):
      code += [Operation.word, Int32(sets.count / stride)]
      appendSet(words)
    case .gap(let count, let isWide): code += [isWide ? Operation.wideGap : Operation.gap, Int32(count)]
    case .choice(let rows):
      code += [Operation.choice, 0, Int32(rows.count)]
      let start = code.count
      for row in rows {
        let place = code.count
        code.append(0)
        row.forEach { emit($0) }
        code[place] = Int32(code.count - place - 1)
      }
      code[start - 2] = Int32(code.count - start)
    case .optional(let row):
      code += [Operation.optional, 0]
      let start = code.count
      row.forEach { emit($0) }
      code[start - 1] = Int32(code.count - start)
    }
  }

  private mutating func appendSet(_ words: [PhraseItem.Word]) {
    var set = [UInt64](repeating: 0, count: stride)
    for id in ids(words) { set[id >> 6] |= 1 << UInt64(id & 63) }
    sets += set
  }

  private func ids(_ words: [PhraseItem.Word]) -> [Int] {
    words.flatMap { forms[Int(vocabulary.known($0.text, isPrefix: $0.isPrefix))].map(Int.init) }
  }

  private func firstWords(_ items: [PhraseItem]) -> Set<Int> {
    var first: Set<Int> = []
    for item in items {
      switch item {
      case .words(let words): return first.union(ids(words))
      case .choice(let rows): return rows.reduce(into: first) { $0.formUnion(firstWords($1)) }
      case .optional(let row): first.formUnion(firstWords(row))
      case .gap: break
      }
    }
    return first
  }

  // MARK: Matching

  /// Whether a word of the set is among the present ones, which are bits as in a set.
  func meets(_ set: Int, _ present: [UInt64]) -> Bool {
    let base = set * stride
    for index in 0..<stride where sets[base + index] & present[index] != 0 { return true }
    return false
  }

  var setWidth: Int { stride }

  func withRun<T>(_ words: [Word], _ body: (PhraseRun) -> T) -> T {
    code.withUnsafeBufferPointer { code in
      sets.withUnsafeBufferPointer { sets in
        words.withUnsafeBufferPointer { body(PhraseRun(code: code, sets: sets, stride: stride, words: $0)) }
      }
    }
  }
}

/// A table's code and the words that it is run on, for as long as both stay where they are.
struct PhraseRun {
  fileprivate let code: UnsafeBufferPointer<Int32>
  fileprivate let sets: UnsafeBufferPointer<UInt64>
  fileprivate let stride: Int
  fileprivate let words: UnsafeBufferPointer<Word>

  func contains(_ set: Int, _ id: UInt16) -> Bool {
    sets[set &* stride &+ Int(id >> 6)] & (1 << UInt64(id & 63)) != 0
  }

  /// How many words the code takes from the word at `start` on; absent when it doesn't match. A phrase reaches over 63
  /// words at most, which bounds the time at each place.
  func match(_ phrase: Range<Int>, at start: Int) -> Int? {
    var free: UInt64 = 0
    let ends = run(phrase.lowerBound, phrase.upperBound, start, from: 1, &free)
    return ends == 0 ? nil : ends.trailingZeroBitCount
  }

  /// Bit n of `from` and of the result: n words were taken. `free` are those after which a new sentence may open.
  private func run(_ first: Int, _ end: Int, _ start: Int, from: UInt64, _ free: inout UInt64) -> UInt64 {
    var places = from
    var at = first
    while at < end, places != 0 {
      let operand = Int(code[at + 1])
      switch code[at] {
      case PhraseTable.Operation.word:
        var next: UInt64 = 0
        var rest = places
        while rest != 0 {
          let place = rest.trailingZeroBitCount
          rest &= rest - 1
          let index = start + place
          guard place < 63, index < words.count else { break }
          let word = words[index]
          if contains(operand, word.id), place == 0 || !word.opensSentence || free & (1 << UInt64(place)) != 0 {
            next |= 1 << UInt64(place + 1)
          }
        }
        places = next
        free = 0
        at += 2
      case PhraseTable.Operation.gap, PhraseTable.Operation.wideGap:
        let isWide = code[at] == PhraseTable.Operation.wideGap
        var frontier = places
        for _ in 0..<operand {
          var blocked: UInt64 = 0
          if !isWide {
            var rest = frontier
            while rest != 0 {
              let place = rest.trailingZeroBitCount
              rest &= rest - 1
              if start + place >= words.count || words[start + place].opensSentence { blocked |= 1 << UInt64(place) }
            }
          }
          frontier = ((frontier & ~blocked) << 1) & ~places
          if frontier == 0 { break }
          places |= frontier
        }
        if isWide { free = places }
        at += 2
      case PhraseTable.Operation.choice:
        let count = Int(code[at + 2])
        var place = at + 3
        var next: UInt64 = 0
        let before = free
        var after: UInt64 = 0
        for _ in 0..<count {
          let length = Int(code[place])
          var own = before
          next |= run(place + 1, place + 1 + length, start, from: places, &own)
          after |= own
          place += 1 + length
        }
        places = next
        free = after
        at = place
      default:
        var own = free
        let taken = run(at + 2, at + 2 + operand, start, from: places, &own)
        places |= taken
        free |= own
        at += 2 + operand
      }
    }
    return at < end ? 0 : places
  }
}

/// A part of a phrase.
indirect enum PhraseItem: Equatable {
  struct Word: Equatable {
    var text: [UInt8]
    var isPrefix = false
  }
  case words([Word])
  case gap(Int, isWide: Bool)
  case choice([[PhraseItem]])
  case optional([PhraseItem])
}

extension PhraseItem {
  /// Words one of which is in every match; empty when there are none such.
  fileprivate var required: [Word] {
    switch self {
    case .words(let words): return words
    case .gap, .optional: return []
    case .choice(let rows):
      var all: [Word] = []
      for row in rows {
        // What comes last tells more: many begin with `the`.
        guard let words = row.reversed().lazy.map(\.required).first(where: { !$0.isEmpty }) else { return [] }
        all += words
      }
      return all
    }
  }

  /// How many words it takes at most.
  fileprivate var longest: Int {
    switch self {
    case .words: 1
    case .gap(let count, _): count
    case .choice(let rows): rows.map { $0.reduce(0) { $0 + $1.longest } }.max() ?? 0
    case .optional(let row): row.reduce(0) { $0 + $1.longest }
    }
  }
}

struct PhraseParser {
  let abbreviations: [String: String]

  func parse(_ text: some StringProtocol) -> [PhraseItem] {
    var scalars = Array(text.unicodeScalars)[...]
    return rows(&scalars, until: nil).first ?? []
  }

  /// Rows between `|` signs with a space after them, up to the closing sign. Outside of brackets there is one row.
  private func rows(_ rest: inout ArraySlice<Unicode.Scalar>, until closing: Unicode.Scalar?) -> [[PhraseItem]] {
    var rows: [[PhraseItem]] = [[]]
    while let scalar = rest.first {
      if scalar == " " {
        rest.removeFirst()
      } else if scalar == closing {
        rest.removeFirst()
        return rows
      } else if scalar == "|", closing != nil {
        rest.removeFirst()
        rows.append([])
      } else {
        rows[rows.count - 1].append(term(&rest, isInBrackets: closing != nil))
      }
    }
    return rows
  }

  /// Alternatives with `|` between them.
  private func term(_ rest: inout ArraySlice<Unicode.Scalar>, isInBrackets: Bool) -> PhraseItem {
    var alternatives: [[PhraseItem]] = []
    while true {
      alternatives += atom(&rest)
      let blanks = rest.prefix { $0 == " " }.count
      guard rest.dropFirst(blanks).first == "|", blanks == 0 || !isInBrackets else { break }
      if isInBrackets, rest.dropFirst(blanks + 1).first == " " { break }
      rest.removeFirst(blanks + 1)
      while rest.first == " " { rest.removeFirst() }
    }
    return Self.simplest(alternatives)
  }

  /// One or more rows.
  private func atom(_ rest: inout ArraySlice<Unicode.Scalar>) -> [[PhraseItem]] {
    switch rest.first {
    case "(":
      rest.removeFirst()
      return rows(&rest, until: ")")
    case "[":
      rest.removeFirst()
      return [[.optional([Self.simplest(rows(&rest, until: "]"))])]]
    default:
      var view = String.UnicodeScalarView()
      while let next = rest.first, !" ()[]|".unicodeScalars.contains(next) {
        view.append(next)
        rest.removeFirst()
      }
      // A sign that belongs nowhere.
      if view.isEmpty, !rest.isEmpty { rest.removeFirst() }
      let word = String(view)
      if word.hasPrefix("~") { return [[.gap(Int(word.drop { $0 == "~" }) ?? 0, isWide: word.hasPrefix("~~"))]] }
      if word.hasPrefix("@") { return [parse(abbreviations[String(word.dropFirst())] ?? "")] }
      if word.hasPrefix("<") { return [[.words([PhraseItem.Word(text: Array(word.utf8))])]] }
      return [Self.words(word[...])]
    }
  }

  /// One item for rows of a single set of words each.
  private static func simplest(_ rows: [[PhraseItem]]) -> PhraseItem {
    if rows.count == 1, rows[0].count == 1 { return rows[0][0] }
    var words: [PhraseItem.Word] = []
    for row in rows {
      guard row.count == 1, case .words(let own) = row[0] else { return .choice(rows) }
      words += own
    }
    return .words(words)
  }

  /// A word as a text has it after folding; several for East Asian characters.
  private static func words(_ text: Substring) -> [PhraseItem] {
    let isPrefix = text.hasSuffix("*")
    let bare = text.prefix { $0 != "*" }
    let bytes = FoldedText(ScalarText(String(bare))).bytes.map(\.asciiLowercased)
    let scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars
    if scalars.contains(where: { 0x3021...0xA4CF ~= $0.value || 0xAC00...0xD7FF ~= $0.value }) {
      return scalars.map { .words([PhraseItem.Word(text: Array(String($0).utf8))]) }
    }
    return [.words([PhraseItem.Word(text: bytes, isPrefix: isPrefix)])]
  }
}

/// Finds the phrases of a table in texts, one after the other.
struct PhraseMatcher {
  struct Match {
    let rule: ScanRule
    let severity: ToolFinding.Severity
    /// In the folded text.
    let range: Range<Int>
  }

  /// A phrase whose words all are in the text.
  private struct Candidate {
    let phrase: Int
    let code: Range<Int>
    let rule: Int
    let severity: ToolFinding.Severity
    let anchor: (set: Int, reach: Int)?
    /// Where the anchor's next word is looked for from.
    var cursor = 0
  }

  private let table: PhraseTable
  private let rules: [ScanRule: Int]
  private var stream: WordStream
  private var present: [UInt64]
  /// The first of a word's candidates, which stand together, and how many they are; -1 when not looked up.
  private var groups: [(first: Int32, count: Int32)]
  private var grouped: [Int] = []
  private var candidates: [Candidate] = []
  private var best: [Int]

  init(_ table: PhraseTable) {
    self.table = table
    stream = WordStream(table.vocabulary)
    present = Array(repeating: 0, count: table.setWidth)
    groups = Array(repeating: (-1, 0), count: table.vocabulary.count)
    rules = Dictionary(uniqueKeysWithValues: ScanRule.allCases.enumerated().map { ($0.element, $0.offset) })
    best = Array(repeating: -1, count: rules.count)
  }

  /// The first of the most severe matches of each rule.
  mutating func matches(in text: [UInt8], isName: Bool) -> [Match] {
    stream.read(text)
    let words = stream.words
    for index in present.indices { present[index] = 0 }
    var isKnown = false
    for word in words where word.id != 0 {
      present[Int(word.id >> 6)] |= 1 << UInt64(word.id & 63)
      isKnown = true
    }
    guard isKnown else { return [] }
    for id in grouped { groups[id].first = -1 }
    grouped.removeAll(keepingCapacity: true)
    candidates.removeAll(keepingCapacity: true)
    for index in best.indices { best[index] = -1 }
    var matches: [Match] = []
    table.withRun(words) { run in
      for (start, word) in words.enumerated() where word.id != 0 {
        let id = Int(word.id)
        if groups[id].first < 0 { group(id, isName: isName) }
        let group = groups[id]
        for index in Int(group.first)..<Int(group.first + group.count) {
          let rule = candidates[index].rule
          let earlier = best[rule]
          if earlier >= 0, matches[earlier].severity >= candidates[index].severity { continue }
          if let anchor = candidates[index].anchor {
            var cursor = max(candidates[index].cursor, start + 1)
            while cursor < words.count, !run.contains(anchor.set, words[cursor].id) { cursor += 1 }
            candidates[index].cursor = cursor
            guard cursor < words.count, cursor <= start + anchor.reach else { continue }
          }
          guard let count = run.match(candidates[index].code, at: start) else { continue }
          let match = Match(
            rule: table.phrases[candidates[index].phrase].rule, severity: candidates[index].severity,
            range: Int(word.start)..<Int(words[start + count - 1].end))
          if earlier >= 0 {
            matches[earlier] = match
          } else {
            best[rule] = matches.count
            matches.append(match)
          }
        }
      }
    }
    return matches
  }

  /// Looks up which phrases that begin with a word the text can have.
  private mutating func group(_ id: Int, isName: Bool) {
    let first = candidates.count
    for number in table.starting[id] {
      let phrase = table.phrases[Int(number)]
      guard isName || !phrase.isForNames, phrase.needed.allSatisfy({ table.meets($0, present) }) else { continue }
      candidates.append(
        Candidate(
          phrase: Int(number), code: phrase.start..<phrase.end, rule: rules[phrase.rule] ?? 0,
          severity: phrase.severity, anchor: phrase.anchor))
    }
    groups[id] = (Int32(first), Int32(candidates.count - first))
    grouped.append(id)
  }
}

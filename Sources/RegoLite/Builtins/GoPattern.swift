/// A pattern of Go's `regexp`, and the same in RE2's syntax. The two differ in the names of groups (which Go also takes
/// as `(?<name>…)`, and twice), in the names of Unicode classes and in `\C`, which Go doesn't have.
///
/// Whether the pattern is well formed is left to RE2, whose parser Go's was made from.
struct GoPattern {
  private(set) var re2: [UInt8] = []
  /// By group number; empty for one without a name. The first is the whole match's.
  private(set) var groupNames: [[UInt8]] = [[]]

  private let source: [UInt8]
  private var index = 0
  // Nothing that would close a name is looked for behind these: that would take time quadratic in the pattern.
  private let lastBrace: Int
  private let lastBracket: Int
  /// What was put for what, where RE2's message would show the difference.
  private var rewritten: [(re2: [UInt8], source: [UInt8])] = []

  init(_ pattern: Text) {
    source = Array(pattern.utf8)
    lastBrace = source.lastIndex(of: UInt8(ascii: "}")) ?? 0
    lastBracket = ByteSearch(Array(":]".utf8)).indexes(in: source).last.map { $0 + 1 } ?? 0
    re2.reserveCapacity(source.count)
    translate()
  }

  private mutating func translate() {
    while index < source.count {
      switch source[index] {
      case UInt8(ascii: "\\"):
        if at("\\Q") { copyQuotation() } else { copyEscape() }
      case UInt8(ascii: "["): copyClass()
      case UInt8(ascii: "("): copyParenthesis()
      default: copy(1)
      }
    }
  }

  private func at(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { source[index...].starts(with: $0) }
  }

  private mutating func copy(_ count: Int) {
    let end = min(index + count, source.count)
    re2 += source[index..<end]
    index = end
  }

  private mutating func copyQuotation() {
    repeat { copy(1) } while index < source.count && !at("\\E")
    copy(2)
  }

  /// `\x`, `\p{name}`.
  private mutating func copyEscape(inClass: Bool = false) {
    if at("\\C") {
      // Go refuses what RE2 takes for any byte. RE2 refuses this one as well.
      re2 += Self.noEscape
      rewritten.append((Self.noEscape, Array(source[index..<index + 2])))
      index += 2
    } else if at("\\p{") || at("\\P{"), let close = firstBrace {
      let start = source[index + 3] == UInt8(ascii: "^") ? index + 4 : index + 3
      let isNegated = (source[index + 1] == UInt8(ascii: "P")) != (start == index + 4)
      let name = UnicodeClasses.re2Name(String(decoding: source[start..<close], as: UTF8.self))
      if name == "ASCII" {
        let named = isNegated ? "[:^ascii:]" : "[:ascii:]"
        re2 += Array((inClass ? named : "[\(named)]").utf8)
      } else {
        let escape = source[index..<start] + Array(name.utf8) + [UInt8(ascii: "}")]
        re2 += escape
        rewritten.append((Array(escape), Array(source[index...close])))
      }
      index = close + 1
    } else if at("\\p") || at("\\P"), index + 2 < source.count, source[index + 2] < 0x80 {
      let escape =
        [source[index], source[index + 1]] + Array(String(UnicodeScalar(source[index + 2])).uppercased().utf8)
      re2 += escape
      rewritten.append((escape, Array(source[index..<index + 3])))
      index += 3
    } else {
      copy(2)
    }
  }

  private static let noEscape = Array("\\\u{F8FF}".utf8)

  private mutating func copyClass() {
    copy(1)
    if at("^") { copy(1) }
    // A bracket that comes first is one of the class.
    if at("]") { copy(1) }
    while index < source.count, !at("]") {
      if at("\\") {
        copyEscape(inClass: true)
      } else if at("[:"), let end = endOfNamedClass {
        copy(end - index)
      } else {
        copy(1)
      }
    }
    copy(1)
  }

  private var firstBrace: Int? {
    index < lastBrace ? source[index...].firstIndex(of: UInt8(ascii: "}")) : nil
  }

  /// Behind the `:]` that closes a `[:name:]`.
  private var endOfNamedClass: Int? {
    var end = index + 2
    while end < lastBracket {
      if source[end] == UInt8(ascii: ":"), source[end + 1] == UInt8(ascii: "]") { return end + 2 }
      end += 1
    }
    return nil
  }

  private mutating func copyParenthesis() {
    let opening = at("(?P<") ? 4 : at("(?<") ? 3 : 0
    if opening > 0, index + opening < source.count {
      let start = index + opening
      let end = source[start...].firstIndex(of: UInt8(ascii: ">")) ?? start
      if end > start, source[start..<end].allSatisfy(Self.isNameByte) {
        groupNames.append(Array(source[start..<end]))
        re2.append(UInt8(ascii: "("))
        index = end + 1
      } else {
        // RE2 would take some of the names that Go refuses, but not an empty one.
        let close = source[start...].firstIndex(of: UInt8(ascii: ">"))
        let refused = Array("(?P<".utf8) + (close.map { source[$0...$0] } ?? source[start...])
        rewritten.append((refused, Array(source[index..<(close.map { $0 + 1 } ?? source.count)])))
        re2 += refused
        index = close.map { $0 + 1 } ?? source.count
      }
    } else {
      if !at("(?") { groupNames.append([]) }
      copy(1)
    }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  /// What the part of the translation that RE2 complains of is in the pattern.
  func original(of argument: [UInt8]) -> String {
    if argument == re2 { return String(decoding: source, as: UTF8.self) }
    let source = rewritten.first { $0.re2 == argument }?.source
    return String(decoding: source ?? argument, as: UTF8.self)
  }
}

/// The names of Unicode's general categories and scripts. Go takes those of one word in any case and also knows the
/// categories' long names.
private enum UnicodeClasses {
  /// The name that RE2 would have for the class, if it has it.
  static func re2Name(_ name: String) -> String {
    let folded = name.lowercased().filter { $0 != "_" && $0 != "-" && $0 != " " }
    if let category = categories[folded] { return category }
    if name.utf8.contains(UInt8(ascii: "_")) || name == "SignWriting" { return name }
    return name.prefix(1).uppercased() + name.dropFirst().lowercased()
  }

  private static let categories: [String: String] = {
    var categories: [String: String] = [:]
    for line in longNames.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
      let names = line.split(separator: "=").map(String.init)
      for name in names { categories[name.lowercased()] = names[0] }
    }
    return categories
  }()

  private static let longNames = """
    Any ASCII C=Other Cc=Control=Cntrl Cf=Format Co=PrivateUse Cs=Surrogate L=Letter Ll=LowercaseLetter
    Lm=ModifierLetter Lo=OtherLetter Lt=TitlecaseLetter Lu=UppercaseLetter M=Mark=CombiningMark Mc=SpacingMark
    Me=EnclosingMark Mn=NonspacingMark N=Number Nd=DecimalNumber=Digit Nl=LetterNumber No=OtherNumber
    P=Punctuation=Punct Pc=ConnectorPunctuation Pd=DashPunctuation Pe=ClosePunctuation Pf=FinalPunctuation
    Pi=InitialPunctuation Po=OtherPunctuation Ps=OpenPunctuation S=Symbol Sc=CurrencySymbol Sk=ModifierSymbol
    Sm=MathSymbol So=OtherSymbol Z=Separator Zl=LineSeparator Zp=ParagraphSeparator Zs=SpaceSeparator
    """
}

import JSONSchema
import StrictJSON
import Testing

@Suite struct PatternTests {
  @Test(
    arguments: [
      ("b", ["abc"], ["", "B"]), ("^b", ["bc"], ["abc"]), ("b$", ["ab"], ["b\n", "bc"]),
      ("^a.c$", ["abc", "a😀c"], ["a\nc", "a\rc", "a\u{2028}c", "ac"]),
      (#"^\d$"#, ["1"], ["١", "a"]), (#"^\w$"#, ["a", "_"], ["é", "-"]), (#"^\W$"#, ["é"], ["a"]),
      (#"^\D$"#, ["١"], ["1"]),
      (
        #"^\s$"#, [" ", "\t", "\n", "\u{b}", "\u{a0}", "\u{feff}", "\u{2029}", "\u{3000}"], ["a", "\u{200b}", "\u{85}"]
      ),
      (#"^\S$"#, ["a", "\u{200b}", "😀"], [" ", "\u{a0}"]), (#"^[\s]$"#, ["\u{a0}"], ["a"]),
      (#"^[^\s]$"#, ["a"], ["\u{a0}"]),
      (#"^[\S]$"#, ["a"], ["\u{a0}", "\u{2028}"]), (#"^[^\S]$"#, ["\u{a0}"], ["a"]),
      (#"^[\s\S]$"#, ["a", " ", "\n"], ["ab"]),
      (#"^\u00e9$"#, ["é"], ["e"]), (#"^\ud83d\uDE00$"#, ["😀"], ["a"]), (#"^\u{1F600}$"#, ["😀"], ["a"]),
      (#"^\u{0000061}$"#, ["a"], ["b"]), (#"^\x61\cJ\0$"#, ["a\n\0"], ["a"]),
      (#"^a\/b$"#, ["a/b"], ["ab"]), (#"^\-\_\.\é$"#, ["-_.é"], ["-_aé"]), (#"^(?<year>\d{4})$"#, ["2024"], ["24"]),
      (#"^(?P<year>\d{4})$"#, ["2024"], ["24"]),
      ("^(a|b)+$", ["abba"], ["abc"]), ("^(?:a|b)+$", ["abba"], ["abc"]), ("(?i)^abc$", ["ABC"], ["AB"]),
      ("^(?i:a)b$", ["Ab"], ["AB"]),
      ("^[]$", [], ["", "a"]), ("^[^]$", ["a", "\n"], [""]), ("^[[]$", ["["], ["]"]), (#"^[\]]$"#, ["]"], ["["]),
      ("^[[:alpha:]$", ["[", "a", ":"], ["b"]),
      (#"^[\w-.]+$"#, ["a-."], ["a/"]), (#"^[.-\w]+$"#, ["a-."], ["a/"]), ("^[a-]$", ["-", "a"], ["b"]),
      (#"^[\b]$"#, ["\u{8}"], ["b"]), (#"\bfoo\b"#, ["a foo b"], ["food"]),
      (#"^\p{L}+$"#, ["éa"], ["1"]), (#"^\p{Letter}+\p{gc=Nd}$"#, ["é1"], ["1"]),
      (#"^\p{Script=Greek}$"#, ["λ"], ["a"]), (#"^\P{Lu}$"#, ["a"], ["A"]), (#"^[\p{Lu}-]+$"#, ["A-"], ["a"]),
      ("^a{2,3}$", ["aa", "aaa"], ["a", "aaaa"]), ("^a{,3}$", ["a{,3}"], ["a"]), ("^a+?b*?$", ["aab"], ["b"]),

      ("", ["", "a"], []), ("a|", ["", "b"], []), ("^é$", ["é"], ["e\u{301}"]), ("^.$", ["é"], ["e\u{301}"]),
      (#"^\$\{[^}]*\}$"#, ["${a}"], ["{a}"]), ("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", ["a-b"], ["-a", "A"]),
      (#"^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}$"#, ["a.b@c.de"], ["a@b"]),
    ] as [(String, [String], [String])])
  func matches(pattern: String, valid: [String], invalid: [String]) throws {
    let schema = try JSONSchema(["pattern": .string(pattern)])
    #expect(schema.unsupported.isEmpty)
    for text in valid { #expect(schema.problems(in: .string(text)).isEmpty, "\(text)") }
    for text in invalid { #expect(!schema.problems(in: .string(text)).isEmpty, "\(text)") }
  }

  @Test(arguments: [
    ("(", "missing )"), (")", "unexpected )"), ("[", "missing ]"), ("[a", "missing ]"), (#"a\"#, #"\ at the end"#),
    ("*", "nothing to repeat"), ("a**", "a repetition is repeated"), ("[z-a]", "a range ends before it begins"),
    (#"[\"#, #"\ at the end"#), ("a{2}{3}", "a repetition is repeated"),
  ])
  func refuses(pattern: String, reason: String) {
    let error = #expect(throws: JSONSchemaError.self) { try JSONSchema(["pattern": .string(pattern)]) }
    #expect(error?.description == "$.pattern: is no regular expression: \(reason)")
  }

  @Test(arguments: [
    ("^(?=.*[0-9]).+$", "lookaround"), ("(?!a)", "lookaround"), ("(?<=a)b", "lookaround"), ("(?<!a)b", "lookaround"),
    (#"(a)\1"#, "a reference back to a group"), (#"(?<a>b)\k<a>"#, "a reference back to a group"),
    ("(?P<a>b)(?P=a)", "a reference back to a group"), ("(?>a)", "a kind of group that is not known"),
    ("(?s).", "a kind of group that is not known"), ("(?<a", "a kind of group that is not known"),
    (#"\Bx"#, #"\B"#), (#"\Ax\Z"#, #"\A"#), (#"\ud800"#, "half of a surrogate pair"),
    (#"\ud800\u0061"#, "half of a surrogate pair"),
    (#"\uD83D\u"#, "half of a surrogate pair"), (#"\u12"#, #"\u without four digits"#),
    (#"\u{110000}"#, #"\u that is no character"#),
    (#"\u{}"#, #"\u that is no character"#), (#"\u{"#, #"\u without four digits"#),
    (#"\x1"#, #"\x without two digits"#), (#"\c1"#, #"\c without a letter"#),
    (#"\pL"#, #"\p without a name"#), (#"\p{Emoji}"#, "a property of characters that is not known"),
    (#"\p{L"#, #"\p without a name"#),
    ("^.{1,2000}$", "more than 1000 repetitions"), ("((a{100}){100}){100}", "more than 1000 repetitions"),
    (#"(?:\p{L}{1000}\p{L}{1000}){1}"#, "more states than may be spent on it"),
  ])
  func notesWhatIsUnsupported(pattern: String, reason: String) throws {
    let schema = try JSONSchema(["properties": ["a": ["pattern": .string(pattern), "maxLength": 3]]])
    #expect(
      schema.unsupported == [
        JSONSchema.Problem(path: "$.properties.a.pattern", message: "is not supported: \(reason)")
      ])
    // The rest is checked.
    #expect(schema.problems(in: ["a": "b"]).isEmpty)
    #expect(schema.problems(in: ["a": "abcd"]).count == 1)
  }

  @Test func unsupportedPatternPropertiesLeaveNoAdditionalOnes() throws {
    let schema = try JSONSchema(
      Case.json(
        "{'properties': {'a': {'type': 'null'}}, 'patternProperties': {'(?!b)': false}, 'additionalProperties': false}")
    )
    #expect(schema.unsupported.map(\.path) == [#"$.patternProperties["(?!b)"]"#])
    #expect(schema.problems(in: ["a": .null, "c": 1]).isEmpty)
    #expect(schema.problems(in: ["a": 1]).map(\.message) == ["must be null"])
  }

  @Test func notesEveryPlaceOfAnUnsupportedPattern() throws {
    let schema = try JSONSchema(Case.json("{'pattern': '(?=a)', 'items': {'pattern': '(?=a)'}}"))
    #expect(Set(schema.unsupported.map(\.path)) == ["$.pattern", "$.items.pattern"])
  }
}

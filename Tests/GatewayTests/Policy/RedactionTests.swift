import StrictJSON
import Testing

@testable import Gateway

@Suite struct RedactionTests {
  private func json(_ text: String) throws -> JSONValue { try JSONValue(parsing: text) }

  private func apply(_ rules: String, to result: String) throws -> (text: String, hits: [Int]) {
    let outcome = try Redaction(json(rules)).apply(to: json(result))
    return (outcome.result.serializedString(), outcome.hits)
  }

  @Test(arguments: [
    // By path.
    (
      #"["$.structuredContent.customers[*].email"]"#,
      #"{"structuredContent":{"customers":[{"email":"a@b.c","id":1},{"email":null},{"id":3}]}}"#,
      #"{"structuredContent":{"customers":[{"email":"[REDACTED]","id":1},{"email":"[REDACTED]"},{"id":3}]}}"#, [2]
    ),
    (#"["$.structuredContent"]"#, #"{"structuredContent":{"a":[1]}}"#, #"{"structuredContent":"[REDACTED]"}"#, [1]),
    (#"["$..b"]"#, #"{"a":{"b":{"b":1}},"b":[2]}"#, #"{"a":{"b":"[REDACTED]"},"b":"[REDACTED]"}"#, [2]),
    (
      #"[{"path":"$.a","replacement":"x"},"$.a",{"path":"$.a","replacement":"x"}]"#, #"{"a":1}"#, #"{"a":"x"}"#,
      [1, 1, 1]
    ),
    (#"["$.a"]"#, #"{"a":"[REDACTED]"}"#, #"{"a":"[REDACTED]"}"#, [0]),
    ("[]", #"{"a":1}"#, #"{"a":1}"#, []),
    // By pattern: all strings, and numbers by their text, but no keys.
    (
      #"[{"pattern":"\\d{3,}"}]"#, #"{"a":"12 345 6789","b":1234.5,"555":[true,null,99]}"#,
      #"{"a":"12 [REDACTED] [REDACTED]","b":"[REDACTED].5","555":[true,null,99]}"#, [3]
    ),
    (#"[{"pattern":"(a)b","replacement":"$1\\1"}]"#, #"{"a":"xabab"}"#, #"{"a":"x$1\\1$1\\1"}"#, [2]),
    (#"[{"pattern":"é+"}]"#, #"{"a":"caféé"}"#, #"{"a":"caf[REDACTED]"}"#, [1]),
    (#"[{"pattern":"\\C\\C"}]"#, #"{"a":"é€"}"#, #"{"a":"[REDACTED][REDACTED]"}"#, [2]),
    // By both: the values that the path leads to, and all in them.
    (
      #"[{"path":"$.a","pattern":"s\\w+","replacement":""}]"#, #"{"a":[{"k":"my secret"}],"b":"secret"}"#,
      #"{"a":[{"k":"my "}],"b":"secret"}"#, [1]
    ),
    (#"[{"path":"$","pattern":"x"}]"#, #"{"a":"x"}"#, #"{"a":"[REDACTED]"}"#, [1]),
    // base64 is left to paths; what is none isn't.
    (
      #"[{"pattern":"AAAA"}]"#,
      #"{"content":[{"data":"AAAA="},{"data":"AAAA!"},{"resource":{"blob":"AAAA"}},{"text":"AAAA"}],"data":"AAAA"}"#,
      #"{"content":[{"data":"AAAA="},{"data":"[REDACTED]!"},{"resource":{"blob":"AAAA"}},{"text":"[REDACTED]"}],"#
        + #""data":"[REDACTED]"}"#, [3]
    ),
    (
      #"[{"path":"$.content[*].data","pattern":"A"}]"#, #"{"content":[{"data":"AB=="}]}"#,
      #"{"content":[{"data":"[REDACTED]B=="}]}"#, [1]
    ),
  ])
  func rules(_ rules: String, result: String, expected: String, hits: [Int]) throws {
    let outcome = try apply(rules, to: result)
    #expect(outcome.text == expected)
    #expect(outcome.hits == hits)
  }

  @Test(arguments: [
    ("{}", "redact: must be an array"),
    ("[1]", "redact[0]: must be a path or an object with a path, a pattern or both"),
    ("[{}]", "redact[0]: needs a path or a pattern"),
    (#"["$.a",{"replacement":"x"}]"#, "redact[1]: needs a path or a pattern"),
    (#"[{"path":"$.a","patern":"x"}]"#, #"redact[0]: unknown key "patern""#),
    (#"[{"pattern":1}]"#, "redact[0].pattern: must be a string"),
    (#"[{"path":"$.a","replacement":null}]"#, "redact[0].replacement: must be a string"),
    (#"["$.a","$.b",{"pattern":"[a"}]"#, "redact[2].pattern: missing closing ]: `[a`"),
    (#"[{"pattern":"(?P<n>a"}]"#, "redact[0].pattern: missing closing ): `(?P<n>a`"),
    (#"["$"]"#, "redact[0]: $ would take out the whole result; deny the call instead"),
    (#"["$.a["]"#, "redact[0]: expected a selector (at byte 5)"),
    (#"[{"path":"$.a[?@.b == 1]"}]"#, "redact[0].path: filters are not supported (at byte 5)"),
    (#"[{"path":"a"}]"#, "redact[0].path: a path starts with $ (at byte 1)"),
  ])
  func problemsNameTheirPlace(rules: String, problem: String) throws {
    let value = try json(rules)
    #expect(throws: RedactionError(problem: problem)) { try Redaction(value) }
  }

  @Test(arguments: ["", "a*", "|a", "^", "$", #"\\b|foo"#, #"\\B|foo"#, "(?m)^|x", "(?m)x|$", #"\\Qab\\E?|"#])
  func patternsThatMatchNothingAreRefused(pattern: String) throws {
    let value = try json(#"[{"pattern":"\#(pattern)"}]"#)
    let error = #expect(throws: RedactionError.self) { try Redaction(value) }
    #expect(error?.problem == "redact[0].pattern: can match the empty text, which takes nothing out")
  }

  @Test(arguments: [#"\\bfoo\\b"#, "(?m)^a$", "(?i)x", #"\\Qab"#, #"a\\Qb"#, #"\\Qa\\E"#, "^a", "(?s).", #"\\n"#])
  func patternsThatTakeSomethingAreNot(pattern: String) throws {
    let value = try json(#"[{"pattern":"\#(pattern)"}]"#)
    #expect(throws: Never.self) { try Redaction(value) }
  }

  // What a path takes out of structuredContent must not leave by the texts that mirror it.
  @Test(arguments: [
    // The mirror of all of it.
    (
      "$.structuredContent.pin", #"{"pin":7,"id":7}"#, [#"{"id": 7, "pin": 7}"#, "7"],
      [#"{"id":7,"pin":"[REDACTED]"}"#, "7"], 2
    ),
    // Untouched texts keep their form.
    ("$.structuredContent.pin", #"{"id":7}"#, [#"{ "id" : 7.0 }"#], [#"{ "id" : 7.0 }"#], 0),
    // Of the value in `result`, and of its elements.
    ("$.structuredContent.result.pin", #"{"result":{"pin":7}}"#, [#"{"pin":7}"#], [#"{"pin":"[REDACTED]"}"#], 2),
    (
      "$.structuredContent.result[*].pin", #"{"result":[{"pin":7},{"pin":8}]}"#, [#"{"pin":7}"#, #"{"pin":8}"#],
      [#"{"pin":"[REDACTED]"}"#, #"{"pin":"[REDACTED]"}"#], 4
    ),
    // Other ways to say it.
    ("$.*.pin", #"{"pin":7}"#, [#"{"pin":7}"#], [#"{"pin":"[REDACTED]"}"#], 2),
    ("$..pin", #"{"pin":7}"#, [#"{"a":[{"pin":7}]}"#], [#"{"a":[{"pin":"[REDACTED]"}]}"#], 2),
    ("$['structuredContent']", #"{"pin":7}"#, [#"{"pin":7}"#, "x"], ["[REDACTED]", "x"], 2),
    // Strings anywhere, from four characters on, however they are escaped.
    (
      "$.structuredContent.name", #"{"name":"Zoë Q"}"#,
      [#"Her name is Zoë Q."#, #"x {"name": "Zo\u00eb Q"}"#, #"[{"Zo\u00EB Q":["my Zoë Q!"]}]"#],
      [#"Her name is [REDACTED]."#, #"x {"name": "[REDACTED]"}"#, #"[{"[REDACTED]":["my [REDACTED]!"]}]"#], 5
    ),
    ("$.structuredContent.name", #"{"name":"abc"}"#, ["abc"], ["abc"], 1),
    ("$.structuredContent.name", #"{"name":"äöü"}"#, ["äöü"], ["äöü"], 1),
    (
      "$.structuredContent.name", #"{"name":"a\"b\\c/d"}"#, [#"{x: "a\"b\\c\/d"} a"b\c/d"#],
      [#"{x: "[REDACTED]"} [REDACTED]"#], 3
    ),
    ("$.structuredContent.id", #"{"id":"12345"}"#, [#"{"n":123456}"#], [#"{"n":"[REDACTED]6"}"#], 2),
    ("$.structuredContent.flag", #"{"flag":"true"}"#, [#"{"n":true}"#], [#"{"n":true}"#], 1),
    // All strings of what was taken out; where they overlap they are one.
    (
      "$.structuredContent.a", #"{"a":{"x":["abcd"],"y":"cdef","z":1}}"#, ["abcdef abcdcdef bcde"],
      ["[REDACTED] [REDACTED][REDACTED] bcde"], 4
    ),
    // Two readers may understand it differently.
    (
      "$.structuredContent.user.pin", #"{"user":{}}"#, [#"{"user":{"pin":7},"user":{"a":1}}"#],
      [#"{"user":{"a":1}}"#], 0
    ),
  ])
  func textsMirrorStructuredContent(
    path: String, structured: String, texts: [String], expected: [String], hits: Int
  ) throws {
    for isInResource in [false, true] {
      func item(_ text: String) -> JSONValue {
        isInResource
          ? ["type": "resource", "resource": ["uri": "a:b", "text": .string(text)]]
          : ["type": "text", "text": .string(text)]
      }
      let result: JSONValue = ["content": .array(texts.map(item)), "structuredContent": try json(structured)]
      let outcome = try Redaction([.string(path)]).apply(to: result)
      #expect(outcome.result["content"] == .array(expected.map(item)))
      #expect(outcome.hits == [hits])
    }
  }

  @Test func matchesOfAPatternLeaveTheTextsToo() throws {
    let outcome = try apply(
      #"[{"path":"$.structuredContent.note","pattern":"\\w+@\\w+","replacement":"(mail)"}]"#,
      to: #"{"content":[{"text":"ask a@bcd or a@bcde"}],"structuredContent":{"note":"by a@bcd","other":"a@bcd"}}"#)
    #expect(
      outcome.text
        == #"{"content":[{"text":"ask (mail) or (mail)e"}],"structuredContent":{"note":"by (mail)","other":"a@bcd"}}"#)
    #expect(outcome.hits == [3])
  }

  @Test(arguments: [
    // Values of a JSON text are seen without their escapes.
    ("Zoë", "", #"{"a":"Zo\u00eb"}"#, #"{"a":""}"#, 1),
    (#"\\d{4}"#, "#", #"{"a":"it\u2019s 2024"}"#, #"{"a":"it’s #"}"#, 1),
    (#"\\d{4}"#, "#", #"{"a":"it\u2019s"}"#, #"{"a":"it\u2019s"}"#, 0),
    // Escapes in the midst of prose.
    ("Zoë", "", #"got "Zo\u00eb""#, #"got """#, 1),
    // Across the parts of a JSON text, and in its keys.
    (#"\"k\": \"[^\"]*\""#, "…", #"{"k": "s"}"#, "{…}", 1),
    ("key", "k", #"{"key":1}"#, #"{"k":1}"#, 1),
    // A greedy pattern that finds its own replacement doesn't eat the JSON around it.
    (#"\\S+@\\S+"#, "x@y", #"{"a":"me@here","b":1}"#, #"{"a":"x@y","b":1}"#, 1),
    // A member that another of the same name hides.
    ("secret", "", #"{"a":"\u0073ecret","a":1}"#, #"{"a":1}"#, 0),
  ])
  func patternsInTexts(pattern: String, replacement: String, text: String, expected: String, hits: Int) throws {
    for path in [nil, "$.content[*].text", "$..text", "$.content"] {
      var rule = try json(#"{"pattern":"\#(pattern)"}"#)
      guard case .object(var members) = rule else { return }
      members["replacement"] = .string(replacement)
      members["path"] = path.map { .string($0) }
      rule = .object(members)
      let outcome = try Redaction([rule]).apply(to: ["content": [["text": .string(text)]]])
      #expect(outcome.result == ["content": [["text": .string(expected)]]])
      #expect(outcome.hits == [hits])
    }
  }

  @Test func aRuleThatBreaksAJSONTextHidesNothingFromTheNext() throws {
    let outcome = try apply(
      #"[{"pattern":"\"name\":\\s*\"[^\"]*\""},"$.structuredContent.pin"]"#,
      to: #"{"content":[{"text":"{\"name\": \"x\", \"pin\": 12}"}],"structuredContent":{"name":"x","pin":12}}"#)
    #expect(
      outcome.text
        == #"{"content":[{"text":"{[REDACTED],\"pin\":\"[REDACTED]\"}"}],"#
        + #""structuredContent":{"name":"x","pin":"[REDACTED]"}}"#)
    #expect(outcome.hits == [1, 2])
  }

  @Test(arguments: [
    "null", "[]", #""text""#, #"{"content":1}"#, #"{"content":[1,null,{"text":2},{"text":{"b":1}},{"resource":[]}]}"#,
    #"{"structuredContent":null,"content":{}}"#, #"{"content":[{"text":"{"},{"text":"[1,"},{"text":""}]}"#,
  ])
  func whatIsNoResultStaysWhatItIs(result: String) throws {
    let outcome = try apply(#"["$.structuredContent.a","$..missing",{"pattern":"secret"}]"#, to: result)
    #expect(outcome.text == result)
    #expect(outcome.hits == [0, 0, 0])
  }

  @Test func deepResults() throws {
    let depth = JSONReadingOptions.deepest - 2
    let nested = String(repeating: "[", count: depth) + #""secret""# + String(repeating: "]", count: depth)
    let result = try JSONValue(
      parsing: #"{"structuredContent":\#(nested),"content":[{"text":"\#(nested.replacing("\"", with: "\\\""))"}]}"#,
      options: .lenient)
    let outcome = try Redaction([["path": "$..*[*]..[0]", "pattern": "secret"]]).apply(to: result)
    #expect(outcome.hits == [2])
    #expect(!outcome.result.serializedString().contains("secret"))
  }

  @Test func equality() throws {
    func redaction(_ text: String) throws -> Redaction { try Redaction(json(text)) }
    #expect(try redaction(#"["$.a"]"#) == redaction(#"[{"path":"$.a","replacement":"[REDACTED]"}]"#))
    #expect(try redaction(#"[{"pattern":"é"}]"#) != redaction(#"[{"pattern":"e\u0301"}]"#))
    #expect(try redaction(#"["$.é"]"#) != redaction(#"["$.e\u0301"]"#))
    #expect(try redaction("[]").isEmpty)
    #expect(try !redaction(#"["$.a"]"#).isEmpty)
  }

  @Test func textsAreToldApartByTheirBytes() throws {
    let outcome = try apply(#"["$.é"]"#, to: #"{"e\u0301":1,"é":2}"#)
    #expect(outcome.hits == [1])
    #expect(outcome.text.utf8.elementsEqual("{\"e\u{301}\":1,\"é\":\"[REDACTED]\"}".utf8))
  }

  @Test func aPatternThatTakesTooLongTakesAll() throws {
    let text = String(repeating: "BEGIN ", count: 200_000)
    let outcome = try Redaction([["pattern": "BEGIN(?s:.*END)?"]]).apply(to: ["a": .string(text)])
    // However fast the machine is, nothing of it is left.
    let left = outcome.result["a"]?.stringValue ?? ""
    #expect(!left.contains("BEGIN"))
    #expect(outcome.hits[0] >= 1)
  }

  @Test func manyThreadsShareAPattern() async throws {
    await withTaskGroup(of: Bool.self) { group in
      for number in 0..<200 {
        group.addTask {
          // More patterns than are kept.
          guard let redaction = try? Redaction([["pattern": .string("x\(number % 100)y")]]) else { return false }
          return redaction.apply(to: .string("-x\(number % 100)y-")).result == "-[REDACTED]-"
        }
      }
      for await isRight in group { #expect(isRight) }
    }
  }
}

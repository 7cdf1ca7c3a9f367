import StrictJSON
import TestSupport
import Testing

@Suite struct JSONReadingTests {
  @Test(
    arguments: [
      ("null", JSONValue.null), (" true\n", true), ("[]", []), ("{}", [:]), ("0", 0), ("-0", 0), ("-12.5e+1", -125),
      (#""a\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00é😀""#, "a\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{1F600}\u{e9}\u{1F600}"),
      (#"{"a":[1,{"b":null}],"":false}"#, ["a": [1, ["b": .null]], "": false]),
      ("\u{FEFF}[1]", [1]), ("\t\r\n [ 1 , 2 ] ", [1, 2]),
      (#"{"é":1,"e\#u{301}":2}"#, ["\u{e9}": 1, "e\u{301}": 2]),
    ] as [(String, JSONValue)])
  func reads(text: String, value: JSONValue) throws {
    #expect(try JSONValue(parsing: text) == value)
  }

  @Test(arguments: [
    ("", "empty document", "$", 0),
    (" ", "unexpected end of document", "$", 1),
    ("[1,]", "expected a value", "$[1]", 3),
    ("[1 2]", "expected , or ] after an element", "$[1]", 3),
    ("[1", "unexpected end of document", "$[1]", 2),
    (#"{"a":1,}"#, "expected a key in quotes", "$", 7),
    (#"{"a" 1}"#, "expected : after a key", "$.a", 5),
    (#"{"a":1 "b":2}"#, "expected , or } after a member", "$", 7),
    ("{a:1}", "expected a key in quotes", "$", 1),
    ("nul", "expected a value", "$", 0),
    ("NaN", "expected a value", "$", 0),
    ("01", "malformed number", "$", 0),
    ("[1.]", "malformed number", "$[0]", 1),
    ("[-]", "malformed number", "$[0]", 1),
    ("+1", "expected a value", "$", 0),
    ("1e", "malformed number", "$", 0),
    ("1 2", "unexpected data after the document", "$", 2),
    ("[]]", "unexpected data after the document", "$", 2),
    ("\"a\nb\"", "control character in a string", "$", 2),
    (#""a"#, "unterminated string", "$", 2),
    (#""\x""#, "malformed escape", "$", 1),
    (#""\u12g4""#, "malformed escape", "$", 1),
    (#"["\ud800"]"#, "lone surrogate", "$[0]", 2),
    (#"["\ud800\u0041"]"#, "lone surrogate", "$[0]", 2),
    (#"["\udc00"]"#, "lone surrogate", "$[0]", 2),
    ("[1,1e400]", "number is too large for a double", "$[1]", 3),
    ("-1e400", "number is too large for a double", "$", 0),
    (#"{"arguments":{"a":[0,0,0,{"x y":tru}]}}"#, "expected a value", #"$.arguments.a[3]["x y"]"#, 32),
    (#"{"a":{"b":1,"c":2,"\u0062":3}}"#, "duplicate key", "$.a.b", 18),
    (#"{"\u00e9":1,"é":3}"#, "duplicate key", #"$["é"]"#, 12),
  ])
  func refuses(text: String, message: String, path: String, offset: Int) {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    #expect(error?.message == message)
    #expect(error?.path == path)
    #expect(error?.offset == offset)
  }

  /// Strings are read eight bytes at a time; these are the bytes that end that, their neighbours, and where they may be.
  @Test(arguments: 0..<18) func bytesThatMeanSomethingAreFoundAnywhere(length: Int) throws {
    let scalars: [Unicode.Scalar] = [
      "\0", "\u{1F}", " ", "!", "\"", "#", "[", "\\", "]", "\u{7F}", "\u{80}", "é", "\u{FFFD}", "😀", "a",
    ]
    for first in scalars {
      for second in scalars {
        var text = String(repeating: "x", count: length)
        text.unicodeScalars.append(contentsOf: [first, second])
        for end in ["", String(repeating: "y", count: 9)] {
          let value = JSONValue.array([.string(text + end), 1])
          #expect(try JSONValue(parsing: value.serialized()) == value)
        }
        guard first.value < 0x20 else { continue }
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "[\"\(text)\", 1]") }
        #expect(error?.message == "control character in a string")
        #expect(error?.offset == 2 + length)
      }
    }
  }

  @Test func namesLineAndColumn() {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "{\n  \"a\": 1,\n  \"b\": x\n}") }
    #expect(error?.line == 3)
    #expect(error?.column == 8)
    #expect(error.map(String.init(describing:)) == "expected a value at $.b (line 3, column 8)")
  }

  @Test func findsDuplicatesAmongMany() throws {
    let members = (0..<1_000).map { "\"k\($0)\":\($0)" }
    let object = try JSONValue(parsing: "{" + members.joined(separator: ",") + "}")
    #expect(object["k999"] == 999)
    let error = #expect(throws: JSONError.self) {
      try JSONValue(parsing: "{" + (members + ["\"k500\":0"]).joined(separator: ",") + "}")
    }
    #expect(error?.path == "$.k500")
  }

  /// RFC 3629: overlong forms, surrogates, beyond U+10FFFF, truncated and stray bytes.
  @Test(
    arguments: [
      [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
      [0xC3], [0xE2, 0x82], [0x80], [0xFF],
    ] as [[UInt8]])
  func refusesOrMendsInvalidUTF8(sequence: [UInt8]) throws {
    let text = Array("[\"a".utf8) + sequence + Array("b\"]".utf8)
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    #expect(error?.message == "invalid UTF-8")
    #expect(error?.path == "$[0]")
    #expect(error?.offset == 3)
    let mended = String(repeating: "\u{FFFD}", count: sequence.count)
    #expect(try JSONValue(parsing: text, options: .lenient) == [.string("a\(mended)b")])
  }

  @Test(
    arguments: [
      (#""\ud800""#, JSONValue.string("\u{FFFD}")),
      (#""\ud800\u0041\udc00\n""#, "\u{FFFD}A\u{FFFD}\n"),
      (#""\ud800\ud800\udc00""#, "\u{FFFD}\u{10000}"),
      (#"{"a":1,"b":2,"a":3}"#, ["a": 3, "b": 2]),
      ("[1e400]", [.number(JSONNumber(literal: "1e400") ?? 0)]),
    ] as [(String, JSONValue)])
  func mendsAsGoDoes(text: String, value: JSONValue) throws {
    #expect(try JSONValue(parsing: text, options: .lenient) == value)
  }

  @Test func refusesByteOrderMarkWhenLenient() {
    #expect(throws: JSONError.self) { try JSONValue(parsing: "\u{FEFF}1", options: .lenient) }
  }

  @Test func boundsDepth() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(try JSONValue(parsing: nested(128)).arrayValue?.count == 1)
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: nested(129)) }
    #expect(error?.message == "nested deeper than 128 levels")
    #expect(error?.offset == 128)
    #expect(throws: JSONError.self) {
      try JSONValue(parsing: String(repeating: "{\"a\":[", count: 100_000), options: .lenient)
    }
  }

  /// Reading, comparing, writing and releasing the deepest value need no more stack than any thread has.
  @Test func deepestValueFitsSmallStack() {
    onSmallStack {
      for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let depth = JSONReadingOptions.deepest
        let text = String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
        let values = (0..<2).compactMap { _ in try? JSONValue(parsing: text, options: .lenient) }
        #expect(values.count == 2)
        #expect(values.first == values.last)
        #expect(values.first?.serializedString() == text)
        #expect((values.first.flatMap { try? CanonicalJSON($0) })?.text == text)
      }
    }
  }

  /// Whatever the writer writes reads back the same, through every kind of value and text.
  @Test func readsBackWhatItWrites() throws {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<300 {
      let value = JSONValue.random(depth: 4, using: &random)
      #expect(try JSONValue(parsing: value.serialized()) == value)
      #expect(try JSONValue(parsing: value.pretty()) == value)
      let canonical = try CanonicalJSON(value)
      #expect(try JSONValue(parsing: canonical.bytes).serialized() == canonical.bytes)
      #expect(try CanonicalJSON(canonical.value) == canonical)
    }
  }

  /// No cut of a document, and no changed byte, traps or hangs the reader.
  @Test func survivesDamage() throws {
    let text = Array(#"{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00é",true,null],"b c":{"":[[]]}}"#.utf8)
    for end in 0..<text.count { #expect(throws: JSONError.self) { try JSONValue(parsing: text[..<end]) } }
    var random = SeededGenerator(seed: 5)
    for _ in 0..<3_000 {
      var damaged = text
      damaged[Int.random(in: 0..<text.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      guard let value = try? JSONValue(parsing: damaged) else { continue }
      #expect(try JSONValue(parsing: value.serialized()) == value)
    }
  }
}

extension JSONValue {
  static func random(depth: Int, using random: inout SeededGenerator) -> JSONValue {
    switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &random) {
    case 0: return .null
    case 1: return .boolean(Bool.random(using: &random))
    case 2: return .number(JSONNumber(Int.random(in: -1 << 53...1 << 53, using: &random)))
    case 3:
      let double = Double(bitPattern: random.next())
      return double.isFinite && double.magnitude < 1e15 ? JSONValue(double) ?? 0 : 1.5
    case 4: return .string(randomText(using: &random))
    case 5, 6:
      return .array(
        (0..<Int.random(in: 0...4, using: &random)).map { _ in JSONValue.random(depth: depth - 1, using: &random) })
    default:
      var object = JSONObject()
      for _ in 0..<Int.random(in: 0...20, using: &random) {
        object[randomText(using: &random)] = JSONValue.random(depth: depth - 1, using: &random)
      }
      return .object(object)
    }
  }

  private static func randomText(using random: inout SeededGenerator) -> String {
    let ranges: [ClosedRange<UInt32>] = [0...0x20, 0x21...0x7F, 0x80...0x7FF, 0xE000...0xFFFF, 0x10000...0x10FFFF]
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0...6, using: &random) {
      guard let range = ranges.randomElement(using: &random) else { continue }
      if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &random)) { text.append(scalar) }
    }
    return String(text)
  }
}

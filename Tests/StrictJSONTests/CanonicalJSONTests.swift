import StrictJSON
import Testing

@Suite struct CanonicalJSONTests {
  /// RFC 8785, appendix B: IEEE 754 bits and their text.
  @Test(
    arguments: [
      (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"),
      (0x0000_0000_0000_0001, "5e-324"), (0x8000_0000_0000_0001, "-5e-324"),
      (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"), (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
      (0x4340_0000_0000_0000, "9007199254740992"), (0xc340_0000_0000_0000, "-9007199254740992"),
      (0x4430_0000_0000_0000, "295147905179352830000"),
      (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"), (0x44b5_2d02_c7e1_4af6, "1e+23"),
      (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
      (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"), (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
      (0x444b_1ae4_d6e2_ef50, "1e+21"),
      (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"), (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
      (0x41b3_de43_5555_5553, "333333333.3333332"), (0x41b3_de43_5555_5554, "333333333.33333325"),
      (0x41b3_de43_5555_5555, "333333333.3333333"), (0x41b3_de43_5555_5556, "333333333.3333334"),
      (0x41b3_de43_5555_5557, "333333333.33333343"),
      (0xbecb_f647_612f_3696, "-0.0000033333333333333333"), (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ] as [(UInt64, String)])
  func writesNumbers(bits: UInt64, text: String) throws {
    let number = try #require(JSONValue(Double(bitPattern: bits)))
    #expect(try CanonicalJSON(number).text == text)
    #expect(try CanonicalJSON(JSONValue(parsing: text)).text == text)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func hasNoNonFiniteNumbers(double: Double) {
    #expect(JSONValue(double) == nil)
  }

  /// RFC 8785, section 3.2.2 and its sorted form in 3.2.3.
  @Test func writesTheExample() throws {
    let text = #"""
      {
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
      }
      """#
    #expect(
      try CanonicalJSON(JSONValue(parsing: text)).text
        == #"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#
        + #""string":"€$\u000f\nA'B\"\\\\\"/"}"#)
  }

  /// RFC 8785, section 3.2.3.
  @Test func sortsByUTF16() throws {
    let text = #"""
      {"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
       "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"}
      """#
    let canonical = try CanonicalJSON(JSONValue(parsing: text))
    #expect(
      canonical.value.objectValue?.members.map(\.value) == [
        "Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis", "Euro Sign",
        "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh",
      ])
  }

  @Test func sortsAnyKeysByUTF16() throws {
    var random = SeededGenerator(seed: 3)
    let scalars: [Unicode.Scalar] = [
      "a", "\u{7F}", "é", "\u{7FF}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}",
    ]
    for _ in 0..<200 {
      var object = JSONObject()
      for _ in 0..<8 {
        let key = (0..<Int.random(in: 0...3, using: &random)).compactMap { _ in scalars.randomElement(using: &random) }
        object[String(String.UnicodeScalarView(key))] = 0
      }
      let keys = try #require(try CanonicalJSON(.object(object)).value.objectValue?.keys)
      #expect(zip(keys, keys.dropFirst()).allSatisfy { $0.utf16.lexicographicallyPrecedes($1.utf16) })
    }
  }

  @Test(arguments: [
    ("9007199254740992", "9007199254740992"), ("9007199254740994", "9007199254740994"),
    ("-9007199254740993.5", "-9007199254740994"), ("1e22", "1e+22"), ("100000000000000000000", "100000000000000000000"),
    ("1.0", "1"), ("-0", "0"), ("-0.0", "0"), ("1e-400", "0"), ("0.1000000000000000055511151231257827", "0.1"),
    ("12e1", "120"),
  ])
  func carries(literal: String, text: String) throws {
    let canonical = try CanonicalJSON(JSONValue(parsing: literal))
    #expect(canonical.text == text)
    #expect(canonical.value.numberValue?.literal == text)
  }

  @Test(arguments: [
    (#"{"a":[9007199254740993]}"#, "$.a[0]", "integer is too large to be exact in a double"),
    (#"{"a":{"b c":-9223372036854775807}}"#, #"$.a["b c"]"#, "integer is too large to be exact in a double"),
    ("[295147905179352825856]", "$[0]", "integer is too large to be exact in a double"),
    ("9007199254740993.0", "$", "integer is too large to be exact in a double"),
    ("[0,1e309]", "$[1]", "number is too large for a double"),
    ("-1e309", "$", "number is too large for a double"),
  ])
  func refuses(text: String, path: String, message: String) throws {
    let value = try JSONValue(parsing: text, options: .lenient)
    let error = #expect(throws: JSONError.self) { try CanonicalJSON(value) }
    #expect(error?.path == path)
    #expect(error?.message == message)
  }

  @Test func isOneTextForOneMeaning() throws {
    let a = try CanonicalJSON(JSONValue(parsing: #"{"b":1.0,"a":[1e2,"\u00e9"]}"#))
    let b = try CanonicalJSON(JSONValue(parsing: #"{ "a" : [100, "é"], "b" : 1 }"#))
    #expect(a == b)
    #expect(Set([a, b]).count == 1)
    #expect(a.value == b.value)
    #expect(try JSONValue(parsing: a.bytes) == a.value)
  }
}

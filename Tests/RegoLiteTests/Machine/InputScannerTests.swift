import StrictJSON
import Testing

@testable import RegoLite

struct InputScannerTests {
  /// The values of the fields, nil for those that are not there; absent when the scan leaves the text to other readers.
  private func scan(_ text: [UInt8], _ paths: [[Text]]) -> [Value?]? {
    var numbers: [[Text]: Int32] = [[]: 0]
    for path in paths where numbers[path] == nil { numbers[path] = Int32(numbers.count) }
    let shape = InputShape(paths: numbers)
    var cells = [Cell](repeating: .undefined, count: shape.fieldCount)
    let memory = ConstantMemory()
    var scanner = InputScanner(memory.place(text + [UInt8](repeating: 0, count: InputScanner.padding)))
    let isRead = withExtendedLifetime(memory) {
      scanner.scan(
        memory.place(shape.nodes), memory.place(shape.children), memory.place(shape.names), count: text.count,
        into: &cells)
    }
    guard isRead else { return nil }
    return paths.map { path in
      guard let field = numbers[path], cells[Int(field)].isDefined else { return nil }
      let cell = cells[Int(field)]
      switch cell.tag {
      case .null: return .null
      case .true: return true
      case .false: return false
      case .int: return .int(cell.int)
      case .string:
        return .string(Text(String(decoding: text[cell.offset..<(cell.offset + cell.count)], as: UTF8.self)))
      default: return try? Value.parse(json: text[cell.offset..<(cell.offset + cell.count)])
      }
    }
  }

  private func scan(_ text: String, _ paths: [Text]...) -> [Value?]? { scan(Array(text.utf8), paths) }

  @Test(arguments: [
    "null", "true", "false", "0", "-1", "10", "1.5", "-0", "1e5", "1E+05", "0.0", "123456789012345678",
    "1234567890123456789", "-999999999999999999", "\"\"", "\"a\"", "\"a longer string of more than one word\"",
    #""\"\\\/\b\f\n\r\t\u0041\ud83d\ude00""#, "\"é😀\"", "[]", "[1,2]", " [ 1 , [ ] , { } ] ", "{}",
    "{\"a\":{\"b\":[null]}}",
    "\t{\r\n\"a\" : 1 }\n",
  ])
  func readsWhatEveryReaderTakes(_ text: String) throws {
    let wanted = try Value.parse(json: text)
    #expect(scan(text, []) == [wanted])
    #expect(scan("{\"x\":\(text),\"y\":[\(text)]}", ["x"], ["y"], ["z"]) == [wanted, .array([wanted]), nil])
    // Strings are looked through sixteen bytes at a time, wherever they begin.
    for pad in 0..<34 {
      let space = String(repeating: " ", count: pad)
      #expect(scan("\(space)[\"\(space)\",\(text)]\(space)", []) == [.array([.string(Text(space)), wanted])])
    }
  }

  @Test(arguments: [
    "", " ", "nul", "nulll", "True", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x1", "--1", "\"", "\"a", "\"\\x\"",
    "\"\\u12\"",
    "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\u{1}\"", "\"\n\"", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{",
    "{\"a\"", "{\"a\":",
    "{\"a\":1,}", "{a:1}", "{1:1}", "{\"a\" 1}", "[]]", "1 2", "{}{}", "\u{FEFF}1", "[1}", "{\"a\":1]", "'a'",
  ])
  func leavesTheRestToOthers(_ text: String) {
    #expect(scan(text, []) == nil)
    #expect(scan("{\"a\":\(text)", []) == nil)
  }

  @Test func leavesBytesThatAreNoUTF8ToOthers() {
    for bytes: [UInt8] in [[0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80]] {
      #expect(scan([UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")], [[]]) == nil)
    }
  }

  @Test func findsFieldsAtAnyDepth() {
    let text = #"{"a":{"b":{"c":1},"d":"x"},"e":[{"a":1}],"b":true}"#
    #expect(
      scan(text, ["a", "b", "c"], ["a", "d"], ["a", "c"], ["e"], ["e", "a"], ["b", "c"], ["a", "b"])
        == [1, "x", nil, [["a": 1]], nil, nil, ["c": 1]])
  }

  @Test func ofEqualKeysTheLastOneCountsWithAllThatIsInIt() {
    #expect(scan(#"{"a":{"b":1,"c":2},"a":{"c":3}}"#, ["a", "b"], ["a", "c"]) == [nil, 3])
    #expect(scan(#"{"a":{"b":1},"a":2}"#, ["a", "b"], ["a"]) == [nil, 2])
    #expect(scan(#"{"a":1,"a":{"b":1,"b":2}}"#, ["a", "b"]) == [2])
  }

  @Test func leavesEscapedKeysAndDeepNestingToOthers() {
    #expect(scan(#"{"\u0061":1}"#, ["a"]) == nil)
    let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
    #expect(scan(deep, []) == nil)
  }
}

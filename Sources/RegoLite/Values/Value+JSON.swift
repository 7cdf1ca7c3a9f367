public import StrictJSON

// MARK: - Reading

extension Value {
  public init(json: JSONValue) {
    switch json {
    case .null: self = .null
    case .boolean(let value): self = .boolean(value)
    case .number(let number): self = .number(Number(number))
    case .string(let text): self = .string(Text(text))
    case .array(let elements): self = .array(Self.values(of: elements))
    case .object(let object): self = .object(ObjectValue(object))
    }
  }

  private static func values(of elements: [JSONValue]) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(elements.count)
    for element in elements { values.append(Value(json: element)) }
    return values
  }

  /// Reads one document as OPA reads data and input: of equal keys the last one counts, numbers keep their text, lone
  /// surrogates and bytes that are no UTF-8 become U+FFFD. Nesting goes to `JSONReadingOptions.deepest`.
  public static func parse(
    json bytes: some Collection<UInt8>, options: JSONReadingOptions = .lenient
  ) throws(JSONError) -> Value {
    if options.rejectsDuplicateKeys { return Value(json: try JSONValue(parsing: bytes, options: options)) }
    let result = bytes.withContiguousStorageIfAvailable { ValueReader.read($0, options: options) }
    if let result { return try result.get() }
    return try Array(bytes).withUnsafeBufferPointer { ValueReader.read($0, options: options) }.get()
  }

  public static func parse(json text: String, options: JSONReadingOptions = .lenient) throws(JSONError) -> Value {
    try parse(json: text.utf8, options: options)
  }
}

extension ObjectValue {
  public init(_ object: JSONObject) {
    var keys: [Value] = []
    var values: [Value] = []
    keys.reserveCapacity(object.count)
    values.reserveCapacity(object.count)
    for (key, value) in object.members {
      keys.append(.string(Text(key)))
      values.append(Value(json: value))
    }
    self.init(keys: keys, values: values)
  }
}

/// Builds values from tokens, on a stack of its own.
private struct ValueReader {
  /// An open array or object.
  private struct Frame {
    let isObject: Bool
    var elements: [Value] = []
    /// For objects, one per element and one for the value to come.
    var keys: [Value] = []

    var value: Value {
      isObject ? .object(ObjectValue(keys: keys, values: elements)) : .array(elements)
    }

    var step: JSONPathStep? {
      guard isObject else { return .index(elements.count) }
      return keys.count > elements.count ? keys.last?.asString.map { .key($0) } : nil
    }
  }

  private var tokenizer: JSONTokenizer
  private var stack: [Frame] = []

  static func read(_ bytes: UnsafeBufferPointer<UInt8>, options: JSONReadingOptions) -> Result<Value, JSONError> {
    var reader = ValueReader(JSONTokenizer(bytes, options: options))
    do throws(JSONError) {
      return .success(try reader.document())
    } catch {
      return .failure(error.located(in: bytes, path: JSONError.path(reader.stack.compactMap(\.step))))
    }
  }

  private init(_ tokenizer: JSONTokenizer) { self.tokenizer = tokenizer }

  private mutating func document() throws(JSONError) -> Value {
    var root = Value.null
    while true {
      let value: Value
      switch try tokenizer.next() {
      case .end: return root
      case .beginArray:
        stack.append(Frame(isObject: false))
        continue
      case .beginObject:
        stack.append(Frame(isObject: true))
        continue
      case .key(let key):
        stack[stack.count - 1].keys.append(.string(Text(key)))
        continue
      case .endArray, .endObject: value = stack.removeLast().value
      case .null: value = .null
      case .boolean(let bool): value = .boolean(bool)
      case .number(let number): value = .number(Number(number))
      case .string(let text): value = .string(Text(text))
      }
      if stack.isEmpty { root = value } else { stack[stack.count - 1].elements.append(value) }
    }
  }
}

// MARK: - Writing

extension Value {
  /// JSON as OPA writes it: sets are arrays, keys that are no strings are their own JSON as a string, members ascend by
  /// the bytes of their names, and `<`, `>`, `&`, U+2028 and U+2029 are escaped. `pretty` is what `opa eval` prints.
  public func json(pretty: Bool = false) -> String {
    String(decoding: jsonBytes(pretty: pretty), as: UTF8.self)
  }

  public func jsonBytes(pretty: Bool = false) -> [UInt8] {
    var writer = ValueWriter(indent: pretty ? "  " : nil, prefix: "")
    writer.write(self)
    return writer.bytes
  }

  /// One member or element a line: `prefix` at the start of each, then `indent` once a level.
  public func json(indent: String, prefix: String = "") -> String {
    var writer = ValueWriter(indent: indent, prefix: prefix)
    writer.write(self)
    return prefix + String(decoding: writer.bytes, as: UTF8.self)
  }

  /// The same document as a tree.
  public var jsonValue: JSONValue {
    switch self {
    case .null: return .null
    case .boolean(let value): return .boolean(value)
    case .number(let number): return .number(number.jsonNumber)
    case .string(let text): return .string(text.string)
    case .array(let elements): return .array(Self.trees(of: elements))
    case .set(let set): return .array(Self.trees(of: set.elements))
    case .object(let object): return .object(object.jsonObject)
    }
  }

  private static func trees(of elements: [Value]) -> [JSONValue] {
    var trees: [JSONValue] = []
    trees.reserveCapacity(elements.count)
    for element in elements { trees.append(element.jsonValue) }
    return trees
  }
}

extension ObjectValue {
  fileprivate var jsonObject: JSONObject {
    var members: [JSONObject.Member] = []
    members.reserveCapacity(count)
    for (name, value) in namedMembers { members.append((name.string, value.jsonValue)) }
    return JSONObject(distinct: members)
  }

  /// The members as JSON has them, ascending by name. When two keys have the same name (`1` and `"1"`) the later one in
  /// Rego's order counts.
  fileprivate var namedMembers: [(name: Text, value: Value)] {
    var members: [(name: Text, value: Value)] = []
    members.reserveCapacity(count)
    var isSorted = true
    for (key, value) in entries {
      if case .string(let text) = key {
        members.append((text, value))
      } else {
        members.append((Text(key.json()), value))
        isSorted = false
      }
    }
    if isSorted { return members }
    let sorted = members.enumerated().sorted { a, b in
      a.element.name == b.element.name ? a.offset < b.offset : a.element.name < b.element.name
    }
    members.removeAll(keepingCapacity: true)
    for (_, member) in sorted {
      if members.last?.name == member.name { members.removeLast() }
      members.append(member)
    }
    return members
  }
}

private struct ValueWriter {
  var bytes: [UInt8] = []
  /// Absent for compact text.
  let indent: String?
  let prefix: String
  private var level = 0

  init(indent: String?, prefix: String) {
    self.indent = indent
    self.prefix = prefix
  }

  mutating func write(_ value: Value) {
    switch value {
    case .null: bytes += "null".utf8
    case .boolean(let value): bytes += (value ? "true" : "false").utf8
    case .number(let number): bytes += number.description.utf8
    case .string(let text): write(text)
    case .array(let elements): write(elements)
    case .set(let set): write(set.elements)
    case .object(let object): write(object)
    }
  }

  private mutating func write(_ elements: [Value]) {
    bytes.append(UInt8(ascii: "["))
    level += 1
    var isFirst = true
    for element in elements {
      separate(isFirst: isFirst)
      isFirst = false
      write(element)
    }
    level -= 1
    if !isFirst { breakLine() }
    bytes.append(UInt8(ascii: "]"))
  }

  private mutating func write(_ object: ObjectValue) {
    bytes.append(UInt8(ascii: "{"))
    level += 1
    var isFirst = true
    if object.hasOnlyTextKeys {
      for (key, value) in object.entries {
        guard case .string(let name) = key else { continue }
        write(name: name, isFirst: isFirst)
        isFirst = false
        write(value)
      }
    } else {
      for (name, value) in object.namedMembers {
        write(name: name, isFirst: isFirst)
        isFirst = false
        write(value)
      }
    }
    level -= 1
    if !isFirst { breakLine() }
    bytes.append(UInt8(ascii: "}"))
  }

  private mutating func write(name: Text, isFirst: Bool) {
    separate(isFirst: isFirst)
    write(name)
    bytes.append(UInt8(ascii: ":"))
    if indent != nil { bytes.append(UInt8(ascii: " ")) }
  }

  private mutating func separate(isFirst: Bool) {
    if !isFirst { bytes.append(UInt8(ascii: ",")) }
    breakLine()
  }

  private mutating func breakLine() {
    guard let indent else { return }
    bytes.append(UInt8(ascii: "\n"))
    bytes += prefix.utf8
    for _ in 0..<level { bytes += indent.utf8 }
  }

  /// Quoted as Go's encoding/json does by default.
  private mutating func write(_ text: Text) {
    bytes.append(UInt8(ascii: "\""))
    var string = text.string
    string.withUTF8 { utf8 in
      var start = 0
      var offset = 0
      while offset < utf8.count {
        var length = 1
        let escape: String
        switch utf8[offset] {
        case UInt8(ascii: "\""): escape = #"\""#
        case UInt8(ascii: "\\"): escape = #"\\"#
        case 0x08: escape = #"\b"#
        case 0x09: escape = #"\t"#
        case 0x0A: escape = #"\n"#
        case 0x0C: escape = #"\f"#
        case 0x0D: escape = #"\r"#
        case UInt8(ascii: "<"): escape = #"\u003c"#
        case UInt8(ascii: ">"): escape = #"\u003e"#
        case UInt8(ascii: "&"): escape = #"\u0026"#
        case 0..<0x20:
          escape = #"\u00"# + (utf8[offset] < 0x10 ? "0" : "") + String(utf8[offset], radix: 16)
        case 0xE2 where offset + 2 < utf8.count && utf8[offset + 1] == 0x80 && utf8[offset + 2] & 0xFE == 0xA8:
          escape = utf8[offset + 2] == 0xA8 ? #"\u2028"# : #"\u2029"#
          length = 3
        default:
          offset += 1
          continue
        }
        bytes.append(contentsOf: utf8[start..<offset])
        bytes += escape.utf8
        offset += length
        start = offset
      }
      bytes.append(contentsOf: utf8[start...])
    }
    bytes.append(UInt8(ascii: "\""))
  }
}

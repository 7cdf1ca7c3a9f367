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
    if options.rejectsDuplicateKeys {
      let value = bytes.withContiguousStorageIfAvailable { ValueReader.readDistinct($0, options: options) }
      if let value, let value { return value }
      // The tree's reader says where the first mistake is.
      return Value(json: try JSONValue(parsing: bytes, options: options))
    }
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
  /// An open array or object, and where its own keys and members begin among those of all that are open.
  private struct Frame {
    let isObject: Bool
    let firstKey: Int
    let firstMember: Int
  }

  /// The keys of an object as written and in order: those of the next one at this depth are often the same.
  private struct Shape {
    let keys: [Value]
    let ascending: [Value]
    /// Where each of the ascending keys was written; absent when they were in order.
    let places: [Int]?

    static let mostKeys = 16

    /// Absent when a key is there twice.
    init?(_ keys: [Value]) {
      self.keys = keys
      places = keys.isAscending ? nil : keys.sortedPositions()
      ascending = places?.map { keys[$0] } ?? keys
      if places != nil, !ascending.isAscending { return nil }
    }

    func matches(_ other: ArraySlice<Value>) -> Bool {
      guard keys.count == other.count else { return false }
      for index in 0..<keys.count where keys[index] != other[other.startIndex + index] { return false }
      return true
    }

    func object(_ members: ArraySlice<Value>) -> Value {
      let values = places?.map { members[members.startIndex + $0] } ?? Array(members)
      return .object(ObjectValue(ascending: ascending, values))
    }
  }

  private var tokenizer: JSONTokenizer
  private var stack: [Frame] = []
  /// For objects, one per member and one for the value to come.
  private var keys: [Value] = []
  private var members: [Value] = []
  /// By depth.
  private var shapes: [Shape?] = []
  /// Some object has a key twice.
  private var hasDuplicates = false

  static func read(_ bytes: UnsafeBufferPointer<UInt8>, options: JSONReadingOptions) -> Result<Value, JSONError> {
    var reader = ValueReader(JSONTokenizer(bytes, options: options))
    do throws(JSONError) {
      return .success(try reader.document())
    } catch {
      return .failure(error.located(in: bytes, path: JSONError.path(reader.path)))
    }
  }

  /// Absent when there is anything wrong with the document, keys that are there twice included.
  static func readDistinct(_ bytes: UnsafeBufferPointer<UInt8>, options: JSONReadingOptions) -> Value? {
    var reader = ValueReader(JSONTokenizer(bytes, options: options))
    let value = try? reader.document()
    return reader.hasDuplicates ? nil : value
  }

  private init(_ tokenizer: JSONTokenizer) { self.tokenizer = tokenizer }

  private mutating func document() throws(JSONError) -> Value {
    var root = Value.null
    while true {
      let value: Value
      switch try tokenizer.next() {
      case .end: return root
      case .beginArray:
        stack.append(Frame(isObject: false, firstKey: keys.count, firstMember: members.count))
        continue
      case .beginObject:
        stack.append(Frame(isObject: true, firstKey: keys.count, firstMember: members.count))
        continue
      case .key(let key):
        keys.append(.string(Text(key)))
        continue
      case .endArray, .endObject:
        let frame = stack.removeLast()
        value = self.value(of: frame)
        members.removeLast(members.count - frame.firstMember)
        keys.removeLast(keys.count - frame.firstKey)
      case .null: value = .null
      case .boolean(let bool): value = .boolean(bool)
      case .number(let number): value = .number(Number(number))
      case .string(let text): value = .string(Text(text))
      }
      if stack.isEmpty { root = value } else { members.append(value) }
    }
  }

  // The slices must be gone when the members are removed: these would be copied, all of them.
  private mutating func value(of frame: Frame) -> Value {
    let own = members[frame.firstMember...]
    guard frame.isObject else { return .array(Array(own)) }
    let ownKeys = keys[frame.firstKey...]
    if ownKeys.count <= Shape.mostKeys {
      while shapes.count <= stack.count { shapes.append(nil) }
      if let shape = shapes[stack.count], shape.matches(ownKeys) { return shape.object(own) }
      if let shape = Shape(Array(ownKeys)) {
        shapes[stack.count] = shape
        return shape.object(own)
      }
    }
    let object = ObjectValue(keys: Array(ownKeys), values: Array(own))
    if object.count < ownKeys.count { hasDuplicates = true }
    return .object(object)
  }

  /// The way to the value that is being read.
  private var path: [JSONPathStep] {
    stack.indices.compactMap { index in
      let (frame, isLast) = (stack[index], index + 1 == stack.count)
      let count = (isLast ? members.count : stack[index + 1].firstMember) - frame.firstMember
      guard frame.isObject else { return .index(count) }
      let end = isLast ? keys.count : stack[index + 1].firstKey
      return end - frame.firstKey > count ? keys[end - 1].asString.map { .key($0) } : nil
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

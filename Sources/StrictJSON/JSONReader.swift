extension JSONValue {
  /// Reads one document, which must be all of `bytes` but for white space around it.
  public init(parsing bytes: some Collection<UInt8>, options: JSONReadingOptions = .strict) throws(JSONError) {
    let result: Result<JSONValue, JSONError>? = bytes.withContiguousStorageIfAvailable { buffer in
      JSONReader.read(buffer, options: options)
    }
    if let result {
      self = try result.get()
    } else {
      self = try Array(bytes).withUnsafeBufferPointer { JSONReader.read($0, options: options) }.get()
    }
  }

  public init(parsing text: String, options: JSONReadingOptions = .strict) throws(JSONError) {
    try self.init(parsing: text.utf8, options: options)
  }
}

/// Builds a tree from tokens, on a stack of its own.
private struct JSONReader {
  /// An open array or object.
  private struct Frame {
    let isObject: Bool
    var elements: [JSONValue] = []
    var members: [JSONObject.Member] = []
    var seen = KeyIndex()
    /// The key whose value comes next.
    var key: String?
    /// Where the value goes instead of the end, when the key was there before.
    var place: Int?

    /// Whether the object has the key already.
    mutating func begin(_ key: String) -> Bool {
      self.key = key
      place = seen.insert(key, after: members)
      return place != nil
    }

    mutating func append(_ value: JSONValue) {
      guard let key else { return elements.append(value) }
      if members.isEmpty { members.reserveCapacity(4) }
      if let place { members[place].value = value } else { members.append((key, value)) }
      self.key = nil
      place = nil
    }

    var value: JSONValue { isObject ? .object(JSONObject(distinct: members)) : .array(elements) }

    var step: JSONPathStep? { isObject ? key.map { .key($0) } : .index(elements.count) }
  }

  private var tokenizer: JSONTokenizer
  private let options: JSONReadingOptions
  private var stack: [Frame] = []

  static func read(_ bytes: UnsafeBufferPointer<UInt8>, options: JSONReadingOptions) -> Result<JSONValue, JSONError> {
    var reader = JSONReader(tokenizer: JSONTokenizer(bytes, options: options), options: options)
    do throws(JSONError) {
      return .success(try reader.document())
    } catch {
      return .failure(error.located(in: bytes, path: JSONError.path(reader.stack.compactMap(\.step))))
    }
  }

  private init(tokenizer: JSONTokenizer, options: JSONReadingOptions) {
    self.tokenizer = tokenizer
    self.options = options
    stack.reserveCapacity(8)
  }

  private mutating func document() throws(JSONError) -> JSONValue {
    var root: JSONValue = .null
    while true {
      let value: JSONValue
      switch try tokenizer.next() {
      case .end: return root
      case .beginArray:
        stack.append(Frame(isObject: false))
        continue
      case .beginObject:
        stack.append(Frame(isObject: true))
        continue
      case .key(let key):
        let isKnown = stack[stack.count - 1].begin(key)
        if isKnown, options.rejectsDuplicateKeys {
          throw tokenizer.error("duplicate key", at: tokenizer.tokenStart)
        }
        continue
      case .endArray, .endObject: value = stack.removeLast().value
      case .null: value = .null
      case .boolean(let bool): value = .boolean(bool)
      case .number(let number): value = .number(number)
      case .string(let text): value = .string(text)
      }
      if stack.isEmpty { root = value } else { stack[stack.count - 1].append(value) }
    }
  }
}

extension JSONError {
  /// The same error with its line, column and path.
  package func located(in bytes: UnsafeBufferPointer<UInt8>, path: String) -> JSONError {
    var error = self
    error.path = path
    error.line = 1
    error.column = 1
    for byte in bytes.prefix(offset) {
      if byte == UInt8(ascii: "\n") {
        error.line += 1
        error.column = 1
      } else {
        error.column += 1
      }
    }
    return error
  }
}

import CYAML
import JOSE

/// Reads the first document of a stream with libyaml, which Go's yaml.v2 is a translation of.
///
/// INVARIANT: created and destroyed in `value(of:)`, so that libyaml's memory is freed once.
struct YAMLReader {
  private var parser: UnsafeMutablePointer<yaml_parser_t>
  private var anchors: [String: Value?] = [:]
  /// What of `anchors` is a scalar: as a key it is read in another way.
  private var scalars: [String: Scalar] = [:]
  private var depth = 0
  /// How many collections in brackets or braces are open. In them yaml.v2, unlike libyaml, ends a word at a question mark.
  private var flowDepth = 0
  private let bytes: UnsafeBufferPointer<UInt8>
  private let rejectsDuplicateKeys: Bool
  /// Where the last event begins, from 0.
  private var mark = yaml_mark_t()
  /// What `fault` had to say, without its prefix.
  private var problem: YAMLError?

  /// What a text of so many bytes may cost to read: all that it takes without aliases, and some for these written out.
  private static func steps(forDocumentOf bytes: Int) -> Int { 5_000_000 + bytes * 8 }

  /// Absent members are JSON's null; of equal keys the last one counts.
  static func value(of bytes: [UInt8], _ context: inout BuiltinContext) throws(BuiltinError) -> Value {
    try context.charge(bytes: bytes.count * 8)
    return try read(bytes, rejectsDuplicateKeys: false) { reader throws(BuiltinError) in try reader.document(&context) }
  }

  /// Absent members are JSON's null; equal keys are refused.
  static func document(_ bytes: [UInt8]) throws(YAMLError) -> Value {
    var context = BuiltinContext(
      nowNanoseconds: 0, random: SystemRandomNumberGenerator(), stepsLeft: steps(forDocumentOf: bytes.count))
    var problem: YAMLError?
    do throws(BuiltinError) {
      return try read(bytes, rejectsDuplicateKeys: true) { reader throws(BuiltinError) in
        do throws(BuiltinError) {
          return try reader.document(&context)
        } catch {
          problem = reader.problem ?? reader.problem(error)
          throw error
        }
      }
    } catch {
      throw problem ?? YAMLError(message: error.message, line: 1, column: 1)
    }
  }

  private static func read(
    _ bytes: [UInt8], rejectsDuplicateKeys: Bool, _ body: (inout YAMLReader) throws(BuiltinError) -> Value
  ) throws(BuiltinError) -> Value {
    let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    defer { parser.deallocate() }
    guard yaml_parser_initialize(parser) == 1 else { throw .failure("yaml: out of memory") }
    defer { yaml_parser_delete(parser) }
    // The parser keeps the address of its input, so all of it happens while the input stands still.
    // The byte at the end, which isn't read, gives an empty input an address.
    let result = (bytes + [0]).withUnsafeBufferPointer { input -> Result<Value, BuiltinError> in
      // Without a set encoding, a byte order mark at the beginning is no part of the text. No UTF-8 is taken for UTF-16.
      yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
      var reader = YAMLReader(parser: parser, bytes: input, rejectsDuplicateKeys: rejectsDuplicateKeys)
      do throws(BuiltinError) {
        return .success(try body(&reader))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private init(
    parser: UnsafeMutablePointer<yaml_parser_t>, bytes: UnsafeBufferPointer<UInt8>, rejectsDuplicateKeys: Bool
  ) {
    self.parser = parser
    self.bytes = bytes
    self.rejectsDuplicateKeys = rejectsDuplicateKeys
  }

  private enum Event {
    case streamStart, streamEnd, documentEnd, sequenceEnd, mappingEnd
    case documentStart(isCompatible: Bool)
    case alias(String)
    case scalar(Scalar)
    case sequenceStart(anchor: String?)
    case mappingStart(anchor: String?)
  }

  private struct Scalar {
    let text: String
    let tag: String
    let anchor: String?
    /// Without quotes and without a tag.
    let isPlain: Bool
  }

  private mutating func next() throws(BuiltinError) -> Event {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw fault() }
    defer { yaml_event_delete(&event) }
    mark = event.start_mark
    func text(_ pointer: UnsafePointer<yaml_char_t>?) -> String? { pointer.map { String(cString: $0) } }
    switch event.type {
    case YAML_STREAM_END_EVENT: return .streamEnd
    case YAML_DOCUMENT_START_EVENT:
      let version = event.data.document_start.version_directive?.pointee
      return .documentStart(isCompatible: version.map { $0.major == 1 && $0.minor == 1 } ?? true)
    case YAML_DOCUMENT_END_EVENT: return .documentEnd
    case YAML_ALIAS_EVENT: return .alias(text(event.data.alias.anchor) ?? "")
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      if flowDepth > 0, scalar.style == YAML_PLAIN_SCALAR_STYLE, bytes.contains(UInt8(ascii: "?")) {
        throw .failure("yaml: did not find expected ',', '}' or ']'")
      }
      return .scalar(
        Scalar(
          text: String(decoding: bytes, as: UTF8.self), tag: text(scalar.tag) ?? "", anchor: text(scalar.anchor),
          isPlain: scalar.plain_implicit == 1 && scalar.style == YAML_PLAIN_SCALAR_STYLE))
    case YAML_SEQUENCE_START_EVENT:
      if flowDepth > 0 || event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE { flowDepth += 1 }
      return .sequenceStart(anchor: text(event.data.sequence_start.anchor))
    case YAML_SEQUENCE_END_EVENT:
      flowDepth = max(0, flowDepth - 1)
      return .sequenceEnd
    case YAML_MAPPING_START_EVENT:
      if flowDepth > 0 || event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE { flowDepth += 1 }
      return .mappingStart(anchor: text(event.data.mapping_start.anchor))
    case YAML_MAPPING_END_EVENT:
      flowDepth = max(0, flowDepth - 1)
      return .mappingEnd
    default: return .streamStart
    }
  }

  /// What libyaml complains of, with the line as yaml.v2 counts it.
  private mutating func fault() -> BuiltinError {
    var line = parser.pointee.problem_mark.line
    if line != 0 {
      if parser.pointee.error == YAML_SCANNER_ERROR { line += 1 }
    } else {
      line = parser.pointee.context_mark.line
    }
    let message = parser.pointee.problem.map { String(cString: $0) } ?? "unknown problem parsing YAML content"
    // What is no UTF-8, or a character that YAML doesn't allow, has an offset in place of a mark.
    if parser.pointee.error == YAML_READER_ERROR {
      problem = YAMLError(message: message, at: parser.pointee.problem_offset, in: bytes)
    } else {
      let place = parser.pointee.problem_mark
      problem = YAMLError(message: message, line: place.line + 1, column: place.column + 1)
    }
    return .failure("yaml: \(line == 0 ? "" : "line \(line): ")\(message)")
  }

  /// An error of the document's meaning, with the place of the event that it is about.
  private func problem(_ error: BuiltinError) -> YAMLError {
    let message = error.message.hasPrefix("yaml: ") ? String(error.message.dropFirst(6)) : error.message
    return YAMLError(message: message, line: mark.line + 1, column: mark.column + 1)
  }

  private mutating func document(_ context: inout BuiltinContext) throws(BuiltinError) -> Value {
    _ = try next()
    guard case .documentStart(let isCompatible) = try next() else { return .null }
    guard isCompatible else { throw .failure("yaml: found incompatible YAML document") }
    let value = try node(try next(), &context)
    guard case .documentEnd = try next() else { throw .failure("yaml: expected the end of the document") }
    return value
  }

  private mutating func node(_ event: Event, _ context: inout BuiltinContext) throws(BuiltinError) -> Value {
    depth += 1
    defer { depth -= 1 }
    guard depth <= 200 else { throw .failure("yaml: exceeded max depth") }
    try context.charge(4)
    switch event {
    case .scalar(let scalar):
      let value = try Self.value(scalar)
      if let anchor = scalar.anchor { (anchors[anchor], scalars[anchor]) = (.some(value), scalar) }
      return value
    case .alias(let name):
      guard let known = anchors[name] else { throw .failure("yaml: unknown anchor '\(name)' referenced") }
      guard let value = known else { throw .failure("yaml: anchor '\(name)' value contains itself") }
      // Shared parts cost as much as if they were written out: nesting aliases multiplies them.
      try charge(for: value, &context)
      if value.isNested(deeperThan: 200 - depth) { throw .failure("yaml: exceeded max depth") }
      return value
    case .sequenceStart(let anchor):
      if let anchor { (anchors[anchor], scalars[anchor]) = (.some(nil), nil) }
      var elements: [Value] = []
      while true {
        let event = try next()
        if case .sequenceEnd = event { break }
        elements.append(try node(event, &context))
      }
      if let anchor { anchors[anchor] = .some(.array(elements)) }
      return .array(elements)
    case .mappingStart(let anchor):
      if let anchor { (anchors[anchor], scalars[anchor]) = (.some(nil), nil) }
      let value = try mapping(&context)
      if let anchor { anchors[anchor] = .some(value) }
      return value
    default:
      throw .failure("yaml: did not find expected node content")
    }
  }

  private func charge(for value: Value, _ context: inout BuiltinContext) throws(BuiltinError) {
    switch value {
    case .array(let elements):
      try context.charge(elements.count)
      for element in elements { try charge(for: element, &context) }
    case .object(let object):
      try context.charge(object.count)
      for member in object.values { try charge(for: member, &context) }
    case .string(let text): try context.charge(bytes: text.utf8.count)
    default: try context.charge(1)
    }
  }

  private mutating func mapping(_ context: inout BuiltinContext) throws(BuiltinError) -> Value {
    var pairs: [(Value, Value)] = []
    var keys: Set<Text> = []
    while true {
      let event = try next()
      if case .mappingEnd = event { return .object(ObjectValue(pairs)) }
      if case .scalar(let scalar) = event, scalar.text == "<<",
        scalar.isPlain || scalar.tag == "tag:yaml.org,2002:merge"
      {
        pairs += try merged(node(try next(), &context))
        continue
      }
      let key = try key(event, &context)
      if rejectsDuplicateKeys, let key, !keys.insert(Text(key)).inserted {
        throw .failure("yaml: duplicate key \(Text(key).quoted)")
      }
      let value = try node(try next(), &context)
      guard let key else {
        throw .failure("unsupported map key of type: %!s(<nil>), key: <nil>, value: \(Self.goSyntax(value))")
      }
      pairs.append((.string(Text(key)), value))
    }
  }

  /// The members of the mapping or mappings that `<<` names; of several the first counts.
  private func merged(_ value: Value) throws(BuiltinError) -> [(Value, Value)] {
    let fault = BuiltinError.failure("yaml: map merge requires map or sequence of maps as the value")
    switch value {
    case .object(let object): return object.entries.map { ($0.key, $0.value) }
    case .array(let elements):
      var pairs: [(Value, Value)] = []
      for element in elements.reversed() {
        guard case .object(let object) = element else { throw fault }
        pairs += object.entries.map { ($0.key, $0.value) }
      }
      return pairs
    default: throw fault
    }
  }

  /// Absent for null, which is no key.
  private mutating func key(_ event: Event, _ context: inout BuiltinContext) throws(BuiltinError) -> String? {
    var scalar: Scalar?
    switch event {
    case .scalar(let given):
      scalar = given
      if let anchor = given.anchor { (anchors[anchor], scalars[anchor]) = (.some(try Self.value(given)), given) }
    case .alias(let name): scalar = scalars[name]
    default: break
    }
    if let scalar {
      switch try Self.resolve(scalar) {
      case .string, .timestamp, .merge: return try Self.value(scalar).asString ?? scalar.text
      case .boolean(let value): return value ? "true" : "false"
      case .int(let value): return String(value)
      case .unsigned(let value):
        throw .failure("unsupported map key of type: uint64, key: 0x\(String(value, radix: 16))")
      case .null: return nil
      case .double(let value):
        if value.isNaN { return ".nan" }
        if value.isInfinite { return value < 0 ? "-.inf" : ".inf" }
        return YAMLScalar.text(Double(Float(value).description) ?? value)
      }
    }
    switch try node(event, &context) {
    case .string(let text): return text.string
    case .boolean(let value): return value ? "true" : "false"
    case .number(let number): return number.description
    case .null: return nil
    case let other:
      throw .failure("yaml: invalid map key: \(Self.goSyntax(other))")
    }
  }

  /// As Go's `%#v` shows what yaml.v2 makes of a collection.
  private static func goSyntax(_ value: Value) -> String {
    switch value {
    case .array(let elements): "[]interface {}{\(elements.map(goSyntax).joined(separator: ", "))}"
    case .object(let object):
      "map[interface {}]interface {}{"
        + object.entries.map { "\(goSyntax($0.key)):\(goSyntax($0.value))" }.joined(separator: ", ") + "}"
    case .null: "interface {}(nil)"
    default: value.regoDescription
    }
  }

  private static let tagPrefix = "tag:yaml.org,2002:"

  /// What the scalar means with its tag.
  private static func resolve(_ scalar: Scalar) throws(BuiltinError) -> YAMLScalar {
    guard scalar.tag.hasPrefix(tagPrefix) else { return scalar.isPlain ? YAMLScalar(scalar.text) : .string }
    let tag = String(scalar.tag.dropFirst(tagPrefix.count))
    let meaning = YAMLScalar(scalar.text)
    switch (tag, meaning) {
    case ("str", _), ("binary", _): return .string
    case ("int", .int), ("int", .unsigned), ("float", .double), ("bool", .boolean), ("null", .null),
      ("timestamp", .timestamp), ("merge", .merge):
      return meaning
    case ("float", .int(let value)): return .double(Double(value))
    case ("int", _), ("float", _), ("bool", _), ("null", _), ("timestamp", _):
      throw .failure("yaml: cannot decode \(meaning.tagName) `\(scalar.text)` as a !!\(tag)")
    default: return .string
    }
  }

  private static func value(_ scalar: Scalar) throws(BuiltinError) -> Value {
    switch try resolve(scalar) {
    case .null: return .null
    case .boolean(let value): return .boolean(value)
    case .int(let value): return .number(Number(value))
    case .unsigned(let value): return Number(literal: String(value)).map { .number($0) } ?? .null
    case .double(let value):
      guard let number = value == 0 && value.sign == .minus ? Number(literal: "-0") : Number(value) else {
        let name = value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf"
        throw .failure("json: unsupported value: \(name)")
      }
      return .number(number)
    case .string where scalar.tag == tagPrefix + "binary":
      guard let bytes = try? Base64.standard.decode(Array(scalar.text.utf8)) else {
        throw .failure("yaml: !!binary value contains invalid base64 data")
      }
      return .string(Text(repairing: bytes))
    case .string, .timestamp, .merge: return .string(Text(scalar.text))
    }
  }
}

extension YAMLScalar {
  fileprivate var tagName: String {
    switch self {
    case .null: "!!null"
    case .boolean: "!!bool"
    case .int, .unsigned: "!!int"
    case .double: "!!float"
    case .timestamp: "!!timestamp"
    case .merge: "!!merge"
    case .string: "!!str"
    }
  }
}

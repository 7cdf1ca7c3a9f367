import JOSE

/// Reads the fields of a `# METADATA` block, as OPA's annotations have them. Fields that OPA doesn't know are left out.
struct AnnotationReader {
  /// What is wrong with the block: each error at the field that has it.
  private(set) var errors: [SyntaxError] = []
  /// Absent when the block leaves it to what it belongs to.
  private(set) var scope: (name: String, location: Location)?
  private(set) var isEntrypoint = false
  /// What `rego.metadata` shows, the scope apart: fields that are empty are absent.
  private(set) var fields: [(Value, Value)] = []

  private let source: Source
  private let block: Location
  /// The offset of each line's YAML.
  private let lines: [Int]
  /// The field at hand.
  private var field = ""

  init(yaml: String, lines: [Int], source: Source, block: Location) {
    self.source = source
    self.block = block
    self.lines = lines
    guard yaml.utf8.contains(where: { $0 > 0x20 }) else {
      errors.append(SyntaxError("expected METADATA block, found whitespace", at: block))
      return
    }
    do throws(YAMLNode.Fault) {
      guard let node = try YAMLNode.document(yaml) else { return }
      read(node)
    } catch {
      errors.append(
        SyntaxError("invalid annotation: yaml: \(error.message)", at: location(line: error.line, column: error.column)))
    }
  }

  // MARK: Errors

  private func location(line: Int, column: Int) -> Location {
    guard !lines.isEmpty else { return block }
    let start = lines[min(max(0, line), lines.count - 1)]
    var offset = start
    var left = line < lines.count ? column : 0
    while left > 0, offset < source.bytes.count, source.bytes[offset] != UInt8(ascii: "\n") {
      offset += 1
      while offset < source.bytes.count, source.bytes[offset] & 0xC0 == 0x80 { offset += 1 }
      left -= 1
    }
    return Location(source, offset: offset, length: 1)
  }

  private mutating func report(_ message: String, at node: YAMLNode) {
    let name = field.isEmpty ? "" : " `\(field)`"
    errors.append(
      SyntaxError("invalid annotation\(name): \(message)", at: location(line: node.line, column: node.column)))
  }

  // MARK: Fields

  private mutating func read(_ node: YAMLNode) {
    guard case .mapping(let members) = node.content else {
      if !node.isNull { report("must be a mapping of fields, not \(node.kind)", at: node) }
      return
    }
    checkKeys(members)
    for (key, value) in members {
      guard case .scalar(let name, _, _) = key.content else { continue }
      field = name
      readField(name, value)
    }
    field = ""
  }

  private mutating func readField(_ name: String, _ node: YAMLNode) {
    switch name {
    case "scope":
      if let text = text(node), !text.isEmpty { scope = (text, location(line: node.line, column: node.column)) }
    case "title", "description":
      if let text = text(node), !text.isEmpty { add(.string(Text(text))) }
    case "entrypoint":
      isEntrypoint = boolean(node)
      if isEntrypoint { add(true) }
    case "organizations":
      var names: [Value] = []
      for item in items(node) where !item.isNull {
        if let text = text(item) { names.append(.string(Text(text))) }
      }
      addUnlessEmpty(names)
    case "authors": addUnlessEmpty(items(node).compactMap { author($0) })
    case "related_resources": addUnlessEmpty(items(node).compactMap { relatedResource($0) })
    case "schemas": addUnlessEmpty(items(node).compactMap { schema($0) })
    case "custom":
      guard !node.isNull else { return }
      guard case .mapping(let members) = node.content else {
        return report("must be a mapping, not \(node.kind)", at: node)
      }
      if let object = object(members, isOutermost: true), object.count > 0 { add(.object(object)) }
    default: return
    }
  }

  private mutating func add(_ value: Value) { fields.append((.string(Text(field)), value)) }

  private mutating func addUnlessEmpty(_ values: [Value]) { if !values.isEmpty { add(.array(values)) } }

  /// A key that is there twice.
  private mutating func checkKeys(_ members: [(key: YAMLNode, value: YAMLNode)]) {
    var seen: Set<String> = []
    for (key, _) in members {
      guard case .scalar(let name, _, _) = key.content else { continue }
      if !seen.insert(name).inserted { report("mapping key \"\(name)\" already defined", at: key) }
    }
  }

  // MARK: Values

  /// A scalar as it is written; empty for null. Absent, with an error noted, for a collection.
  private mutating func text(_ node: YAMLNode) -> String? {
    guard case .scalar(let text, _, _) = node.content else {
      report("must be a string, not \(node.kind)", at: node)
      return nil
    }
    return node.isNull ? "" : text
  }

  private mutating func boolean(_ node: YAMLNode) -> Bool {
    if node.isNull { return false }
    if case .scalar(let text, _, true) = node.content, case .boolean(let value) = YAMLScalar(text) { return value }
    report("must be a boolean, not \(node.kind)", at: node)
    return false
  }

  private mutating func items(_ node: YAMLNode) -> [YAMLNode] {
    if node.isNull { return [] }
    guard case .sequence(let items) = node.content else {
      report("must be a sequence, not \(node.kind)", at: node)
      return []
    }
    return items
  }

  /// A mapping's string members by name; those of another kind are left out.
  private func strings(_ members: [(key: YAMLNode, value: YAMLNode)]) -> [String: String] {
    var result: [String: String] = [:]
    for (key, value) in members {
      guard case .scalar(let name, _, _) = key.content, case .scalar(let text, _, _) = value.content,
        value.isString
      else { continue }
      result[name] = text
    }
    return result
  }

  /// `Jane Doe <jane@example.com>`, or a mapping with `name` and `email`.
  private mutating func author(_ node: YAMLNode) -> Value? {
    var (name, email) = ("", "")
    switch node.content {
    case .scalar(let text, _, _) where node.isString:
      var words = text.split(whereSeparator: \.isWhitespace)
      guard let last = words.last else {
        report("author is an empty string", at: node)
        return nil
      }
      if last.utf8.count >= 2, last.hasPrefix("<"), last.hasSuffix(">") {
        email = String(last.dropFirst().dropLast())
        words.removeLast()
      }
      name = words.joined(separator: " ")
    case .scalar, .sequence:
      report("an author must be a string or a mapping, not \(node.kind)", at: node)
      return nil
    case .mapping(let members):
      let strings = strings(members)
      (name, email) = (strings["name"] ?? "", strings["email"] ?? "")
      guard !name.isEmpty || !email.isEmpty else {
        report("'name' and/or 'email' values required in object", at: node)
        return nil
      }
    }
    return .object(Self.strings([("name", name), ("email", email)]))
  }

  /// A URL, or a mapping with `ref` and `description`.
  private mutating func relatedResource(_ node: YAMLNode) -> Value? {
    var (reference, description) = ("", "")
    switch node.content {
    case .scalar(let text, _, _) where node.isString:
      reference = text
      guard !text.isEmpty else {
        report("ref URL may not be empty string", at: node)
        return nil
      }
    case .scalar, .sequence:
      report("a related resource must be a string or a mapping, not \(node.kind)", at: node)
      return nil
    case .mapping(let members):
      let strings = strings(members)
      reference = strings["ref"] ?? ""
      description = strings["description"] ?? ""
      guard !reference.isEmpty else {
        report("'ref' value required in object", at: node)
        return nil
      }
    }
    do throws(BuiltinError) {
      reference = try GoURL(Text(reference)).escaped(reference)
    } catch {
      report(error.message, at: node)
      return nil
    }
    return .object(Self.strings([("ref", reference), ("description", Self.trimmed(description[...]))]))
  }

  private static func trimmed(_ text: Substring) -> String {
    var text = text
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }

  private static func strings(_ members: [(String, String)]) -> ObjectValue {
    ObjectValue(
      members.filter { !$0.1.isEmpty }.map { (.string(Text($0.0)), .string(Text($0.1))) })
  }

  /// `path: schema.name`, or `path: {…}` with the schema itself.
  private mutating func schema(_ node: YAMLNode) -> Value? {
    guard case .mapping(let members) = node.content else {
      report("must be a mapping of a path to a schema, not \(node.kind)", at: node)
      return nil
    }
    checkKeys(members)
    guard let (key, value) = members.last, let path = Self.path(key) else {
      report("invalid document reference", at: node)
      return nil
    }
    switch value.content {
    case .scalar:
      guard value.isString else {
        report("a schema must be a reference or a mapping, not \(value.kind)", at: value)
        return nil
      }
      guard let schema = Self.path(value), schema.first == "schema" else {
        report("invalid schema reference", at: value)
        return nil
      }
      return ["path": .array(path), "schema": .array(schema)]
    case .mapping(let members):
      guard let definition = object(members) else { return nil }
      return ["path": .array(path), "definition": .object(definition)]
    case .sequence:
      report("a schema must be a reference or a mapping, not \(value.kind)", at: value)
      return nil
    }
  }

  /// The parts of a reference, each as text.
  private static func path(_ node: YAMLNode) -> [Value]? {
    guard case .scalar(let text, _, _) = node.content,
      let term = try? Parser.parseTerm(Source(file: "", text: text), version: .v1)
    else { return nil }
    func name(_ text: Text) -> Value { .string(text.isWildcard ? "_" : text) }
    switch term.kind {
    case .variable(let head): return [name(head)]
    case .reference(let head, let parts):
      guard case .variable(let first) = head.kind else { return nil }
      var path = [name(first)]
      for part in parts {
        switch part.kind {
        case .scalar(.string(let text)): path.append(.string(text))
        case .scalar(let value): path.append(.string(Text(value.regoDescription)))
        case .variable(let variable): path.append(name(variable))
        default: return nil
        }
      }
      return path
    default: return nil
    }
  }

  // MARK: Custom data

  private mutating func value(_ node: YAMLNode) -> Value? {
    switch node.content {
    case .sequence(let items):
      var values: [Value] = []
      for item in items {
        guard let value = value(item) else { return nil }
        values.append(value)
      }
      return .array(values)
    case .mapping(let members): return object(members).map { .object($0) }
    case .scalar(let text, let tag, _):
      switch node.scalar {
      case .null?: return .null
      case .boolean(let value)?: return .boolean(value)
      case .int(let value)?: return .number(Number(value))
      case .unsigned(let value)?: return Number(literal: String(value)).map { .number($0) }
      case .double(let value)?:
        guard let number = Number(value) else {
          report("invalid number literal \(text)", at: node)
          return nil
        }
        return .number(number)
      case .timestamp?: return .string(Text(YAMLScalar.normalizedTimestamp(text)))
      case .string?, .merge?:
        guard tag == YAMLNode.tagPrefix + "binary" else { return .string(Text(text)) }
        guard let bytes = Base64.decodeLeniently(String(text.filter { !$0.isWhitespace })) else {
          report("!!binary value contains invalid base64 data", at: node)
          return nil
        }
        return .string(Text(repairing: bytes))
      case nil:
        report("cannot decode `\(text)` as a \(tag)", at: node)
        return nil
      }
    }
  }

  /// Keys are strings, but for the outermost mapping's, which any scalar may be.
  private mutating func object(
    _ members: [(key: YAMLNode, value: YAMLNode)], isOutermost: Bool = false
  ) -> ObjectValue? {
    checkKeys(members)
    var own: [(Value, Value)] = []
    var merged: [(Value, Value)] = []
    for (key, node) in members {
      if case .merge? = key.scalar {
        guard let members = merge(node) else { return nil }
        merged += members
        continue
      }
      guard case .scalar(let name, _, _) = key.content else {
        report("invalid map key: \(key.kind)", at: key)
        return nil
      }
      switch key.scalar {
      case .string?, .timestamp?: break
      case .null? where isOutermost: continue
      case _ where isOutermost: break
      default:
        report("a key must be a string, not \(key.kind)", at: key)
        return nil
      }
      guard let value = value(node) else { return nil }
      own.append((.string(Text(name)), value))
    }
    return ObjectValue(merged + own)
  }

  /// The members of the mapping or mappings that `<<` names; of several the first counts.
  private mutating func merge(_ node: YAMLNode) -> [(Value, Value)]? {
    switch node.content {
    case .mapping(let members): return object(members).map { $0.entries.map { ($0.key, $0.value) } }
    case .sequence(let items):
      var result: [(Value, Value)] = []
      for item in items.reversed() {
        guard case .mapping(let members) = item.content, let object = object(members) else {
          report("map merge requires map or sequence of maps as the value", at: item)
          return nil
        }
        result += object.entries.map { ($0.key, $0.value) }
      }
      return result
    case .scalar:
      report("map merge requires map or sequence of maps as the value", at: node)
      return nil
    }
  }
}

extension YAMLNode {
  static let tagPrefix = "tag:yaml.org,2002:"

  /// What a scalar means in YAML 1.2's core schema; absent for collections, and for a text that its tag doesn't allow.
  fileprivate var scalar: YAMLScalar? {
    guard case .scalar(let text, let tag, let isPlain) = content else { return nil }
    var meaning = YAMLScalar(text)
    if case .boolean = meaning, !["true", "false"].contains(text.lowercased()) { meaning = .string }
    guard tag.hasPrefix(Self.tagPrefix) else { return isPlain ? meaning : .string }
    switch (tag.dropFirst(Self.tagPrefix.count), meaning) {
    case ("int", .int), ("int", .unsigned), ("float", .double), ("bool", .boolean), ("null", .null),
      ("timestamp", .timestamp), ("merge", .merge):
      return meaning
    case ("float", .int(let value)): return .double(Double(value))
    case ("float", .unsigned(let value)): return .double(Double(value))
    case ("int", _), ("float", _), ("bool", _), ("null", _), ("timestamp", _), ("merge", _): return nil
    default: return .string
    }
  }

  fileprivate var isString: Bool { if case .string? = scalar { true } else { false } }

  fileprivate var isNull: Bool { if case .null? = scalar { true } else { false } }

  /// For messages.
  fileprivate var kind: String {
    switch content {
    case .sequence: return "a sequence"
    case .mapping: return "a mapping"
    case .scalar:
      switch scalar {
      case .null?: return "null"
      case .boolean?: return "a boolean"
      case .int?, .unsigned?, .double?: return "a number"
      case .timestamp?, .string?, .merge?, nil: return "a string"
      }
    }
  }
}

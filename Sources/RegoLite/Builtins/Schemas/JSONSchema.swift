/// A JSON schema of drafts 4, 6 or 7, ready to check documents. Without `$schema` it is a mixture of them, as in OPA.
///
/// INVARIANT: the nodes lie in one array and name each other by index, so that a schema that refers to itself is freed.
struct JSONSchema {
  let nodes: [Node]

  enum Draft: Int, Comparable {
    case four = 4
    case six = 6
    case seven = 7
    case mixed = 100

    static func < (a: Draft, b: Draft) -> Bool { a.rawValue < b.rawValue }

    init(schema: String?) {
      switch schema.map({ $0.hasSuffix("#") ? String($0.dropLast()) : $0 }) {
      case "http://json-schema.org/draft-04/schema"?: self = .four
      case "http://json-schema.org/draft-06/schema"?: self = .six
      case "http://json-schema.org/draft-07/schema"?: self = .seven
      default: self = .mixed
      }
    }
  }

  enum Additional {
    case allowed(Bool)
    case schema(Int)
  }

  enum Items {
    case every(Int)
    case leading([Int])
  }

  enum Dependency {
    case properties([Text])
    case schema(Int)
  }

  struct Bound {
    let limit: Number
    let isExclusive: Bool
  }

  /// One schema; what is absent isn't asked for.
  struct Node {
    /// `true` and `false` as schemas.
    var verdict: Bool?
    var reference: Int?
    var types: [String] = []
    var properties: [(name: Text, schema: Int)] = []
    var additionalProperties: Additional?
    var patternProperties: [(pattern: RegularExpression, schema: Int)] = []
    var propertyNames: Int?
    var dependencies: [(name: Text, dependency: Dependency)] = []
    var items: Items?
    var additionalItems: Additional?
    var multipleOf: Number?
    var minimum: Bound?
    var maximum: Bound?
    var minLength, maxLength: Int?
    var pattern: (source: String, expression: RegularExpression)?
    var format: String?
    var minProperties, maxProperties: Int?
    var required: [Text] = []
    var minItems, maxItems: Int?
    var isUnique = false
    var contains: Int?
    var constant: String?
    var enumeration: [String]?
    var oneOf, anyOf, allOf: [Int]?
    var not: Int?
    var condition, consequence, alternative: Int?
  }

  init(_ document: Value, _ context: inout BuiltinContext) throws(BuiltinError) {
    var compiler = JSONSchemaCompiler(document)
    nodes = try compiler.compile(&context)
  }

  /// JSON with numbers as Go writes doubles, by which constants are compared.
  static func canonical(_ value: Value) -> String { withDoubles(value).json() }

  /// The same of what stands in a schema, whose numbers have to be doubles.
  static func canonical(constant: Value) throws(BuiltinError) -> String {
    if let number = numberBeyondDoubles(constant) {
      throw .failure("json: cannot unmarshal number \(number) into Go value of type float64")
    }
    return canonical(constant)
  }

  private static func numberBeyondDoubles(_ value: Value) -> Number? {
    switch value {
    case .number(let number): number.doubleValue.isFinite ? nil : number
    case .array(let elements): elements.lazy.compactMap(numberBeyondDoubles).first
    case .object(let object): object.values.lazy.compactMap(numberBeyondDoubles).first
    default: nil
    }
  }

  private static func withDoubles(_ value: Value) -> Value {
    switch value {
    case .number(let number):
      if number.isZero { return number.isNegativeZero ? Number(literal: "-0").map { .number($0) } ?? 0 : 0 }
      if let integer = number.intValue, integer.magnitude < 1 << 53 { return .int(integer) }
      return Number(number.doubleValue).map { .number($0) } ?? value
    case .array(let elements): return .array(elements.map(withDoubles))
    case .object(let object):
      return .object(ObjectValue(object.entries.map { ($0.key, withDoubles($0.value)) }))
    default: return value
    }
  }
}

/// Builds the nodes of a schema. Members are looked at in the order in which OPA reports what is wrong with them.
struct JSONSchemaCompiler {
  private let document: Value
  private let draft: JSONSchema.Draft
  private var nodes: [JSONSchema.Node] = []
  /// The nodes that references have led to.
  private var known: [String: Int] = [:]
  /// Schemas with an identifier of their own.
  private var identified: [String: Value] = [:]
  private var depth = 0

  private typealias Node = JSONSchema.Node

  init(_ document: Value) {
    self.document = document
    draft = JSONSchema.Draft(schema: document.asObject?["$schema"]?.asString)
  }

  mutating func compile(_ context: inout BuiltinContext) throws(BuiltinError) -> [JSONSchema.Node] {
    switch document {
    case .object(let object):
      if let schema = object["$schema"], schema.asString == nil { throw .failure("$schema must be of type string") }
      collectIdentifiers(document)
      var taken: Set<String> = []
      try checkIdentifiers(document, base: "", &taken)
    case .boolean: break
    default: throw .failure("schema is invalid")
    }
    known["#"] = 0
    known[""] = 0
    _ = try add(document, &context)
    return nodes
  }

  private mutating func collectIdentifiers(_ value: Value) {
    switch value {
    case .object(let object):
      for name: Text in ["$id", "id"] {
        if let id = object[name]?.asString, identified[id] == nil { identified[id] = value }
      }
      for member in object.values { collectIdentifiers(member) }
    case .array(let elements): for element in elements { collectIdentifiers(element) }
    default: break
    }
  }

  /// No two schemas may have the same identifier, each relative to the one around it. Constants are no schemas.
  private func checkIdentifiers(
    _ value: Value, base: String, _ taken: inout Set<String>
  ) throws(BuiltinError) {
    switch value {
    case .object(let object):
      var base = base
      if let id = object[object["id"] == nil ? "$id" : "id"]?.asString {
        base = Self.resolved(id, base)
        guard taken.insert(base).inserted else { throw .failure("Reference already exists: \"\(base)\"") }
      }
      for (name, member) in object.entries where name != "const" && name != "enum" {
        if case .object(let schemas) = member, ["properties", "dependencies", "patternProperties"].contains(name) {
          for schema in schemas.values { try checkIdentifiers(schema, base: base, &taken) }
        } else {
          try checkIdentifiers(member, base: base, &taken)
        }
      }
    case .array(let elements): for element in elements { try checkIdentifiers(element, base: base, &taken) }
    default: break
    }
  }

  /// A reference as seen from a URL, without its dots (RFC 3986 §5.2).
  private static func resolved(_ reference: String, _ base: String) -> String {
    let whole = reference.utf8.last == UInt8(ascii: "#") ? String(reference.dropLast()) : reference
    let first = whole.utf8.prefix { !"/?#".utf8.contains($0) }
    if first.contains(UInt8(ascii: ":")) { return whole }
    let location = base.utf8.prefix { !"?#".utf8.contains($0) }
    if whole.isEmpty || whole.hasPrefix("#") { return String(Substring(location)) + whole }
    var root = Substring(location.prefix(0))
    if let colon = location.firstIndex(of: UInt8(ascii: ":")) {
      let authority = location[location.index(after: colon)...]
      let slashes = authority.starts(with: "//".utf8) ? 2 : 0
      let end = authority.dropFirst(slashes).firstIndex(of: UInt8(ascii: "/")) ?? location.endIndex
      root = Substring(location[..<end])
    }
    if whole.hasPrefix("/") { return root + whole }
    let path = location[root.endIndex...]
    let folder = path.lastIndex(of: UInt8(ascii: "/")).map { Substring(path[...$0]) } ?? "/"
    return root + folder + whole
  }

  private mutating func add(_ value: Value, _ context: inout BuiltinContext) throws(BuiltinError) -> Int {
    let index = nodes.count
    nodes.append(Node())
    depth += 1
    defer { depth -= 1 }
    guard depth <= 200 else { throw .failure("schema is nested too deeply") }
    try context.charge(4)
    switch value {
    case .boolean(let verdict) where draft >= .six: nodes[index].verdict = verdict
    case .object(let object): nodes[index] = try node(object, &context)
    default: throw .failure("Expected: Valid Schema, given: Invalid JSON")
    }
    return index
  }

  private mutating func add(
    all value: Value, _ context: inout BuiltinContext
  ) throws(BuiltinError) -> [Int]? {
    guard case .array(let elements) = value else { return nil }
    var result: [Int] = []
    for element in elements { result.append(try add(element, &context)) }
    return result
  }

  private func isSchema(_ value: Value) -> Bool {
    switch value {
    case .object: true
    case .boolean: draft >= .six
    default: false
    }
  }

  private func invalidType(_ name: String, expected: String) -> BuiltinError {
    .failure("Invalid type. Expected: \(expected), given: \(name)")
  }

  private mutating func node(
    _ object: ObjectValue, _ context: inout BuiltinContext
  ) throws(BuiltinError) -> JSONSchema.Node {
    var node = Node()
    let idName = draft == .four || (draft == .mixed && object["id"] != nil) ? "id" : "$id"
    try checkString(object, idName)
    if let definitions = object["definitions"] {
      guard case .object(let schemas) = definitions, schemas.values.allSatisfy(isSchema) else {
        throw invalidType("definitions", expected: "Array Of Schemas")
      }
      for schema in schemas.values { _ = try add(schema, &context) }
    }
    try checkString(object, "title")
    try checkString(object, "description")
    try checkString(object, "$ref")
    if let reference = object["$ref"]?.asString {
      let wasKnown = known[reference] != nil
      node.reference = try resolve(reference, &context)
      // OPA reads the other members where it has met the reference before. They are for nothing, but may be wrong.
      if !wasKnown { return node }
    }
    try readTypes(object, &node)
    try readProperties(object, &node, &context)
    try readItems(object, &node, &context)
    try readNumbers(object, &node)
    try readStrings(object, &node)
    try readSizes(object, &node)
    if draft >= .six, let contains = object["contains"] { node.contains = try add(contains, &context) }
    try readConstants(object, &node, &context)
    try readCombinations(object, &node, &context)
    return node
  }

  private func checkString(_ object: ObjectValue, _ name: String) throws(BuiltinError) {
    if let value = object[Text(name)], value.asString == nil { throw invalidType(name, expected: "string") }
  }

  // MARK: References

  private mutating func resolve(_ reference: String, _ context: inout BuiltinContext) throws(BuiltinError) -> Int {
    if let index = known[reference] { return index }
    let target = try target(of: reference)
    let index = nodes.count
    // Known before it is read, because it may refer to itself.
    known[reference] = index
    nodes.append(Node())
    guard isSchema(target) else { throw .failure("Valid Schema must be of type object") }
    let copy = try add(target, &context)
    nodes[index].reference = copy
    return index
  }

  private func target(of reference: String) throws(BuiltinError) -> Value {
    if let schema = identified[reference] { return schema }
    let parts = reference.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let base = String(parts[0])
    let pointer = parts.count > 1 ? Self.unescape(parts[1]) : ""
    var value = document
    if !base.isEmpty {
      guard let schema = identified[base] ?? identified[base + "#"] else {
        throw .failure("remote reference loading disabled: \(reference)")
      }
      value = schema
    }
    if pointer.isEmpty { return value }
    guard pointer.hasPrefix("/") else { throw .failure("JSON pointer must be empty or start with a \"/\"") }
    for token in pointer.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      let name = Self.pointerToken(token)
      switch value {
      case .object(let object):
        guard let member = object[Text(name)] else { throw .failure("Object has no key '\(name)'") }
        value = member
      case .array(let elements):
        guard let index = Int(name) else { throw .failure("Invalid array index '\(name)'") }
        guard elements.indices.contains(index) else {
          throw .failure("Out of bound array[0,\(elements.count)] index '\(index)'")
        }
        value = elements[index]
      default:
        throw .failure("Invalid token reference '\(name)'")
      }
    }
    return value
  }

  /// `~1` is `/`, `~0` is `~` (RFC 6901 §4).
  private static func pointerToken(_ token: Substring) -> String {
    var result = String.UnicodeScalarView()
    var isEscaped = false
    for scalar in token.unicodeScalars {
      switch (isEscaped, scalar) {
      case (true, "1"): result.append("/")
      case (true, "0"): result.append("~")
      case (true, _): result.append(contentsOf: ["~", scalar])
      case (false, "~"):
        isEscaped = true
        continue
      default: result.append(scalar)
      }
      isEscaped = false
    }
    if isEscaped { result.append("~") }
    return String(result)
  }

  private static func unescape(_ text: Substring) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
        let byte = UInt8(String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
      {
        result.append(byte)
        index += 3
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  // MARK: Keywords

  private func readTypes(_ object: ObjectValue, _ node: inout JSONSchema.Node) throws(BuiltinError) {
    guard let type = object["type"] else { return }
    let names: [Value]
    switch type {
    case .string: names = [type]
    case .array(let elements): names = elements
    default: throw invalidType("string/Array Of Strings", expected: "type")
    }
    for name in names {
      guard let name = name.asString else { throw invalidType("string/Array Of Strings", expected: "type") }
      guard ["array", "boolean", "integer", "number", "null", "object", "string"].contains(name) else {
        throw .failure(
          "has a primitive type that is NOT VALID -- given: /\(name)/ Expected valid values are:"
            + "[array boolean integer number null object string]")
      }
      if node.types.contains(name) { throw .failure("\(name) type is duplicated") }
      node.types.append(name)
    }
  }

  private mutating func readProperties(
    _ object: ObjectValue, _ node: inout JSONSchema.Node, _ context: inout BuiltinContext
  ) throws(BuiltinError) {
    if let properties = object["properties"] {
      guard case .object(let schemas) = properties else { throw .failure("Properties must be of type object") }
      for (name, schema) in schemas.entries {
        node.properties.append((name.asText ?? "", try add(schema, &context)))
      }
    }
    node.additionalProperties = try additional(object, "additionalProperties", &context)
    if let patterns = object["patternProperties"] {
      guard case .object(let schemas) = patterns else {
        throw invalidType("patternProperties", expected: "Valid Schema")
      }
      for (source, schema) in schemas.entries {
        let text = source.asText ?? ""
        guard let pattern = try? RegularExpression(go: text) else { throw .failure("Invalid regex pattern '\(text)'") }
        node.patternProperties.append((pattern, try add(schema, &context)))
      }
    }
    if draft >= .six, let names = object["propertyNames"] {
      guard isSchema(names) else { throw invalidType("patternProperties", expected: "Valid Schema") }
      node.propertyNames = try add(names, &context)
    }
    if let dependencies = object["dependencies"] {
      guard case .object(let members) = dependencies else { throw .failure("dependencies must be of type object") }
      for (name, value) in members.entries {
        let fault = BuiltinError.failure("Dependency must be of type Schema Or Array Of Strings")
        switch value {
        case .array(let names):
          let texts = names.compactMap(\.asText)
          guard texts.count == names.count else { throw fault }
          node.dependencies.append((name.asText ?? "", .properties(texts)))
        case _ where isSchema(value):
          node.dependencies.append((name.asText ?? "", .schema(try add(value, &context))))
        default: throw fault
        }
      }
    }
  }

  private mutating func additional(
    _ object: ObjectValue, _ name: String, _ context: inout BuiltinContext
  ) throws(BuiltinError) -> JSONSchema.Additional? {
    switch object[Text(name)] {
    case nil: return nil
    case .boolean(let isAllowed)?: return .allowed(isAllowed)
    case .object(let schema)?: return .schema(try add(.object(schema), &context))
    default: throw invalidType(name, expected: "boolean/Valid Schema")
    }
  }

  private mutating func readItems(
    _ object: ObjectValue, _ node: inout JSONSchema.Node, _ context: inout BuiltinContext
  ) throws(BuiltinError) {
    if let items = object["items"] {
      let fault = invalidType("items", expected: "Valid Schema/Array Of Schemas")
      if case .array(let schemas) = items {
        guard schemas.allSatisfy(isSchema) else { throw fault }
        node.items = .leading(try add(all: items, &context) ?? [])
      } else {
        guard isSchema(items) else { throw fault }
        node.items = .every(try add(items, &context))
      }
    }
    node.additionalItems = try additional(object, "additionalItems", &context)
  }

  private func readNumbers(_ object: ObjectValue, _ node: inout JSONSchema.Node) throws(BuiltinError) {
    if let value = object["multipleOf"] {
      guard let divisor = value.asNumber else { throw invalidType("multipleOf", expected: "Number") }
      guard !divisor.isZero, !divisor.isNegative else { throw .failure("multipleOf must be strictly greater than 0") }
      node.multipleOf = divisor
    }
    node.minimum = try bound(object, "minimum", "exclusiveMinimum") { $0 > $1 }
    node.maximum = try bound(object, "maximum", "exclusiveMaximum") { $0 < $1 }
  }

  /// The tighter of the two, where both count.
  private func bound(
    _ object: ObjectValue, _ name: String, _ exclusiveName: String, _ isTighter: (Number, Number) -> Bool
  ) throws(BuiltinError) -> JSONSchema.Bound? {
    var result: JSONSchema.Bound?
    if let value = object[Text(name)] {
      guard let limit = value.asNumber else { throw .failure("\(name) must be of a Number") }
      result = JSONSchema.Bound(limit: limit, isExclusive: false)
    }
    switch object[Text(exclusiveName)] {
    case nil: break
    case .boolean(let isExclusive)? where draft == .four || draft == .mixed:
      guard let inclusive = result else { throw .failure("\(exclusiveName) cannot be used without \(name)") }
      result = JSONSchema.Bound(limit: inclusive.limit, isExclusive: isExclusive)
    case .number(let limit)? where draft != .four:
      if result.map({ !isTighter($0.limit, limit) }) ?? true {
        result = JSONSchema.Bound(limit: limit, isExclusive: true)
      }
    default:
      let expected = draft == .four ? "boolean" : draft == .mixed ? "boolean/number" : "number"
      throw invalidType(exclusiveName, expected: expected)
    }
    return result
  }

  private func readStrings(_ object: ObjectValue, _ node: inout JSONSchema.Node) throws(BuiltinError) {
    node.minLength = try size(object, "minLength")
    node.maxLength = try size(object, "maxLength")
    if let low = node.minLength, let high = node.maxLength, low > high {
      throw .failure("minLength cannot be greater than maxLength")
    }
    try checkString(object, "pattern")
    if let source = object["pattern"]?.asText {
      guard let pattern = try? RegularExpression(go: source) else { throw .failure("pattern must be a valid regex") }
      node.pattern = (source.string, pattern)
    }
    try checkString(object, "format")
    node.format = object["format"]?.asString
  }

  private func readSizes(_ object: ObjectValue, _ node: inout JSONSchema.Node) throws(BuiltinError) {
    node.minProperties = try size(object, "minProperties")
    node.maxProperties = try size(object, "maxProperties")
    if let low = node.minProperties, let high = node.maxProperties, low > high {
      throw .failure("minProperties cannot be greater than maxProperties")
    }
    if let value = object["required"] {
      guard case .array(let names) = value else { throw .failure("required must be of an array") }
      for name in names {
        guard let name = name.asText else { throw invalidType("required", expected: "string") }
        if node.required.contains(name) { throw .failure("required items must be unique") }
        node.required.append(name)
      }
    }
    node.minItems = try size(object, "minItems")
    node.maxItems = try size(object, "maxItems")
    if let value = object["uniqueItems"] {
      guard let isUnique = value.asBool else { throw .failure("uniqueItems must be of a boolean") }
      node.isUnique = isUnique
    }
  }

  private func size(_ object: ObjectValue, _ name: String) throws(BuiltinError) -> Int? {
    guard let value = object[Text(name)] else { return nil }
    guard let number = value.asNumber, number.isPlainInteger, let size = number.intValue else {
      throw .failure("\(name) must be of an integer")
    }
    guard size >= 0 else { throw .failure("\(name) must be greater than or equal to 0") }
    return size
  }

  private func readConstants(
    _ object: ObjectValue, _ node: inout JSONSchema.Node, _ context: inout BuiltinContext
  ) throws(BuiltinError) {
    if draft >= .six, let constant = object["const"] { node.constant = try JSONSchema.canonical(constant: constant) }
    guard let value = object["enum"] else { return }
    guard case .array(let elements) = value else { throw .failure("enum must be of an array") }
    try context.charge(elements.count)
    var texts: [String] = []
    for element in elements { texts.append(try JSONSchema.canonical(constant: element)) }
    guard SetValue(texts.map { .string(Text($0)) }).count == texts.count else {
      throw .failure("enum items must be unique")
    }
    node.enumeration = texts
  }

  private mutating func readCombinations(
    _ object: ObjectValue, _ node: inout JSONSchema.Node, _ context: inout BuiltinContext
  ) throws(BuiltinError) {
    func fault(_ name: String) -> BuiltinError { .failure("\(name) must be of an array") }
    if let value = object["oneOf"] {
      guard let schemas = try add(all: value, &context) else { throw fault("oneOf") }
      node.oneOf = schemas
    }
    if let value = object["anyOf"] {
      guard let schemas = try add(all: value, &context) else { throw fault("anyOf") }
      node.anyOf = schemas
    }
    if let value = object["allOf"] {
      guard let schemas = try add(all: value, &context) else { throw fault("allOf") }
      node.allOf = schemas
    }
    node.not = try schema(object, "not", &context)
    if draft >= .seven {
      node.condition = try schema(object, "if", &context)
      node.consequence = try schema(object, "then", &context)
      node.alternative = try schema(object, "else", &context)
    }
  }

  private mutating func schema(
    _ object: ObjectValue, _ name: String, _ context: inout BuiltinContext
  ) throws(BuiltinError) -> Int? {
    guard let value = object[Text(name)] else { return nil }
    guard isSchema(value) else { throw .failure("\(name) must be of an object") }
    return try add(value, &context)
  }
}

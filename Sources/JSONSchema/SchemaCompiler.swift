import StrictJSON

/// A compiled schema: its nodes by number, the root's first.
final class SchemaProgram: Sendable {
  let nodes: [SchemaNode]
  /// By resource.
  let dynamicAnchors: [[Name: Int]]
  /// Whether it matters by which way a schema is come to.
  let isDynamic: Bool
  /// Whether some schema asks for what the others didn't look at.
  let tracksEvaluation: Bool

  fileprivate init(nodes: [SchemaNode], dynamicAnchors: [[Name: Int]], isDynamic: Bool, tracksEvaluation: Bool) {
    self.nodes = nodes
    self.dynamicAnchors = dynamicAnchors
    self.isDynamic = isDynamic
    self.tracksEvaluation = tracksEvaluation
  }
}

/// Builds the nodes of a schema. The forms of the keywords are right: the document has looked at them.
struct SchemaCompiler {
  private var document: SchemaDocument
  private var nodes: [SchemaNode] = []
  private var patterns: [Name: Pattern?] = [:]
  private var programSize = 0
  private var isDynamic = false
  private var tracksEvaluation = false
  private(set) var unsupported: [JSONSchema.Problem] = []

  /// The instructions that all patterns of a schema may have, with a hundred more for each.
  private static let maximumProgramSize = 200_000

  static func compile(
    _ schema: JSONValue
  ) throws(JSONSchemaError) -> (program: SchemaProgram, unsupported: [JSONSchema.Problem]) {
    var compiler = SchemaCompiler(document: try SchemaDocument(schema))
    var number = 0
    // Following a reference may find more of them.
    while number < compiler.document.schemas.count {
      compiler.nodes.append(try compiler.node(number))
      number += 1
    }
    try compiler.refuseLoops()
    let program = SchemaProgram(
      nodes: compiler.isDynamic ? compiler.nodes : compiler.shortened(),
      dynamicAnchors: compiler.document.resources.map(\.dynamicAnchors), isDynamic: compiler.isDynamic,
      tracksEvaluation: compiler.tracksEvaluation)
    return (program, compiler.unsupported)
  }

  private init(document: SchemaDocument) { self.document = document }

  private func error(_ message: String, _ number: Int, _ steps: [JSONPathStep]) -> JSONSchemaError {
    document.error(message, at: document.schemas[number].place, steps)
  }
}

// MARK: Nodes

extension SchemaCompiler {
  /// The keywords of one schema that its dialect knows.
  private struct Keywords {
    let number: Int
    let dialect: Dialect
    let object: JSONObject

    subscript(_ keyword: String) -> JSONValue? { dialect.form(of: keyword) == nil ? nil : object[keyword] }

    /// Absent means no limit; a count beyond every Int is as good as the highest.
    func count(_ keyword: String) -> Int? { self[keyword].map { $0.intValue ?? .max } }

    func strings(_ value: JSONValue?) -> [String] { value?.arrayValue?.compactMap(\.stringValue) ?? [] }
  }

  private mutating func node(_ number: Int) throws(JSONSchemaError) -> SchemaNode {
    let schema = document.schemas[number]
    let dialect = document.resources[schema.resource].dialect
    guard let object = document.places[schema.place].value.objectValue else {
      let isTrue = document.places[schema.place].value.boolValue == true
      return SchemaNode(resource: schema.resource, types: isTrue ? .all : [])
    }
    let keywords = Keywords(number: number, dialect: dialect, object: object)
    if dialect.referencesStandAlone, keywords["$ref"] != nil {
      let applicators = Applicators(references: try references(keywords))
      return SchemaNode(resource: schema.resource, types: .all, applicators: applicators)
    }
    let unevaluatedItems = child(keywords, "unevaluatedItems")
    let unevaluatedProperties = child(keywords, "unevaluatedProperties")
    if unevaluatedItems != nil || unevaluatedProperties != nil { tracksEvaluation = true }
    return SchemaNode(
      resource: schema.resource, types: types(keywords), enumeration: enumeration(keywords),
      numbers: try numberRules(keywords), strings: try stringRules(keywords), arrays: arrayRules(keywords),
      objects: try objectRules(keywords), applicators: try applicators(keywords), unevaluatedItems: unevaluatedItems,
      unevaluatedProperties: unevaluatedProperties)
  }

  private func child(_ keywords: Keywords, _ steps: JSONPathStep...) -> Int? {
    document.schema(at: document.schemas[keywords.number].place, steps)
  }

  private func child(_ keywords: Keywords, _ keyword: String) -> Int? { child(keywords, .key(keyword)) }

  private func children(_ keywords: Keywords, _ keyword: String) -> [Int] {
    (keywords[keyword]?.arrayValue ?? []).indices.compactMap { child(keywords, .key(keyword), .index($0)) }
  }

  private func childrenByName(_ keywords: Keywords, _ keyword: String) -> [(name: String, schema: Int)] {
    (keywords[keyword]?.objectValue?.members ?? []).compactMap { member in
      child(keywords, .key(keyword), .key(member.key)).map { (member.key, $0) }
    }
  }

  private func types(_ keywords: Keywords) -> TypeSet {
    guard let value = keywords["type"] else { return .all }
    return (value.arrayValue ?? [value]).reduce(into: []) { types, name in
      types.formUnion(name.stringValue.flatMap(TypeSet.init(named:)) ?? [])
    }
  }

  /// Of `const` and `enum` together what both admit.
  private func enumeration(_ keywords: Keywords) -> Enumeration? {
    let values = keywords["enum"]?.arrayValue
    guard let constant = keywords["const"] else { return values.map(Enumeration.init) }
    if let values, !values.contains(constant) { return Enumeration([]) }
    return Enumeration([constant])
  }

  private func numberRules(_ keywords: Keywords) throws(JSONSchemaError) -> NumberRules? {
    func bound(_ keyword: String) -> Bound? { keywords[keyword]?.numberValue.map(Bound.init) }
    var rules = NumberRules(
      minimum: bound("minimum"), exclusiveMinimum: bound("exclusiveMinimum"), maximum: bound("maximum"),
      exclusiveMaximum: bound("exclusiveMaximum"))
    if keywords["exclusiveMinimum"]?.boolValue == true { swap(&rules.minimum, &rules.exclusiveMinimum) }
    if keywords["exclusiveMaximum"]?.boolValue == true { swap(&rules.maximum, &rules.exclusiveMaximum) }
    if let number = keywords["multipleOf"]?.numberValue {
      guard let divisor = Divisor(number) else {
        throw error("must not have more than 18 digits", keywords.number, [.key("multipleOf")])
      }
      rules.multipleOf = divisor
    }
    let isEmpty =
      rules.minimum == nil && rules.exclusiveMinimum == nil && rules.maximum == nil && rules.exclusiveMaximum == nil
      && rules.multipleOf == nil
    return isEmpty ? nil : rules
  }

  private mutating func stringRules(_ keywords: Keywords) throws(JSONSchemaError) -> StringRules? {
    var rules = StringRules()
    let (minimum, maximum) = (keywords.count("minLength"), keywords.count("maxLength"))
    rules.minLength = minimum ?? 0
    rules.maxLength = maximum ?? .max
    if let source = keywords["pattern"]?.stringValue {
      rules.pattern = try pattern(source, keywords.number, [.key("pattern")])
    }
    return minimum == nil && maximum == nil && rules.pattern == nil ? nil : rules
  }

  private func arrayRules(_ keywords: Keywords) -> ArrayRules? {
    let hasTuple = keywords.dialect < .draft2020 && keywords["items"]?.arrayValue != nil
    let contains = child(keywords, "contains").map { schema in
      ArrayRules.Contains(
        schema: schema, minimum: keywords.count("minContains") ?? 1, maximum: keywords.count("maxContains"),
        evaluates: keywords.dialect >= .draft2020)
    }
    let rules = ArrayRules(
      minItems: keywords.count("minItems") ?? 0, maxItems: keywords.count("maxItems") ?? .max,
      isUnique: keywords["uniqueItems"]?.boolValue == true,
      prefix: children(keywords, hasTuple ? "items" : "prefixItems"),
      rest: child(keywords, hasTuple ? "additionalItems" : "items"), contains: contains)
    return rules.isEmpty ? nil : rules
  }

  private mutating func objectRules(_ keywords: Keywords) throws(JSONSchemaError) -> ObjectRules? {
    var patterns: [(pattern: Pattern, schema: Int)] = []
    let schemas = childrenByName(keywords, "patternProperties")
    for (source, schema) in schemas {
      if let pattern = try pattern(source, keywords.number, [.key("patternProperties"), .key(source)]) {
        patterns.append((pattern, schema))
      }
    }
    var dependentRequired: [(name: String, required: [String])] = []
    for keyword in ["dependentRequired", "dependencies"] {
      for member in keywords[keyword]?.objectValue?.members ?? [] where member.value.arrayValue != nil {
        dependentRequired.append((member.key, keywords.strings(member.value)))
      }
    }
    let properties = PropertyTable(
      schemas: childrenByName(keywords, "properties"), required: keywords.strings(keywords["required"]))
    let rules = ObjectRules(
      minProperties: keywords.count("minProperties") ?? 0, maxProperties: keywords.count("maxProperties") ?? .max,
      properties: properties, patterns: patterns, hasUnsupportedPattern: patterns.count < schemas.count,
      additional: child(keywords, "additionalProperties"), names: child(keywords, "propertyNames"),
      dependentRequired: dependentRequired,
      dependentSchemas: childrenByName(keywords, "dependentSchemas") + childrenByName(keywords, "dependencies"))
    return rules.isEmpty ? nil : rules
  }

  private mutating func applicators(_ keywords: Keywords) throws(JSONSchemaError) -> Applicators? {
    let applicators = Applicators(
      references: try references(keywords), allOf: children(keywords, "allOf"), anyOf: children(keywords, "anyOf"),
      oneOf: children(keywords, "oneOf"), not: child(keywords, "not"), condition: child(keywords, "if"),
      consequence: child(keywords, "then"), alternative: child(keywords, "else"))
    return applicators.isEmpty ? nil : applicators
  }
}

// MARK: References

extension SchemaCompiler {
  private mutating func references(_ keywords: Keywords) throws(JSONSchemaError) -> Applicators.References {
    var references = Applicators.References()
    for keyword in ["$ref", "$dynamicRef"] {
      guard let reference = keywords[keyword]?.stringValue else { continue }
      let (target, anchor) = try document.resolve(reference, keyword, of: keywords.number)
      switch target {
      case .schema(let schema): add(schema, keyword == "$dynamicRef" ? anchor : nil, to: &references)
      case .metaschema(let dialect): references.metaschema = dialect
      }
    }
    if let reference = keywords["$recursiveRef"]?.stringValue {
      guard Name(reference) == "#" else {
        throw error("must be \"#\"", keywords.number, [.key("$recursiveRef")])
      }
      let resource = document.resources[document.schemas[keywords.number].resource]
      add(resource.root, resource.dynamicAnchors[""] == nil ? nil : "", to: &references)
    }
    return references
  }

  /// What a dynamic reference has no anchor for is a plain one.
  private mutating func add(_ schema: Int, _ anchor: Name?, to references: inout Applicators.References) {
    if let anchor {
      isDynamic = true
      references.dynamic = Applicators.Dynamic(anchor: anchor, initial: schema)
    } else {
      references.schemas.append(schema)
    }
  }

  /// Refuses a schema that asks the same of the same value again and again. Where dynamic references do it, it shows
  /// only with a value; there the check's own limits end it.
  private func refuseLoops() throws(JSONSchemaError) {
    enum Mark { case unseen, open, done }
    var marks = [Mark](repeating: .unseen, count: nodes.count)
    var stack: [(node: Int, rest: [Int])] = []
    for start in nodes.indices where marks[start] == .unseen {
      marks[start] = .open
      stack.append((start, nodes[start].inPlace))
      while let top = stack.last {
        guard let next = top.rest.last else {
          marks[top.node] = .done
          stack.removeLast()
          continue
        }
        stack[stack.count - 1].rest.removeLast()
        switch marks[next] {
        case .done: break
        case .open: throw error("leads back to itself without a step into the value", next, [])
        case .unseen:
          marks[next] = .open
          stack.append((next, nodes[next].inPlace))
        }
      }
    }
  }
}

extension SchemaNode {
  /// What is asked of the same value, too.
  fileprivate var inPlace: [Int] { (applicators?.schemas ?? []) + (objects?.dependentSchemas.map(\.schema) ?? []) }

  /// The schema that this one is no more than a name of.
  fileprivate var alias: Int? {
    guard let applicators, let reference = applicators.references.first, applicators.schemas.count == 1,
      applicators.dynamic == nil, applicators.metaschema == nil, types == .all,
      enumeration == nil,
      numbers == nil, strings == nil, arrays == nil, objects == nil, unevaluatedItems == nil,
      unevaluatedProperties == nil
    else { return nil }
    return reference
  }
}

// MARK: Making it quick

extension SchemaCompiler {
  /// The nodes with what references lead to in place of those that only refer. There are no loops.
  private func shortened() -> [SchemaNode] {
    var nodes = nodes
    var isShort = [Bool](repeating: false, count: nodes.count)
    for start in nodes.indices {
      var path: [Int] = []
      var end = start
      while !isShort[end], let next = nodes[end].alias {
        path.append(end)
        end = next
      }
      isShort[end] = true
      for index in path {
        nodes[index] = nodes[end]
        isShort[index] = true
      }
    }
    return nodes
  }

  /// Absent, and noted, when it is one that RE2 can't take.
  private mutating func pattern(
    _ source: String, _ number: Int, _ steps: [JSONPathStep]
  ) throws(JSONSchemaError) -> Pattern? {
    if let known = patterns[Name(source)] {
      if known == nil { note("is not supported", number, steps) }
      return known
    }
    do throws(Pattern.Failure) {
      let pattern = try Pattern(source)
      programSize += 100 + pattern.programSize
      patterns[Name(source)] = pattern
    } catch {
      switch error {
      case .malformed(let reason): throw self.error("is no regular expression: \(reason)", number, steps)
      case .outOfMemory: throw self.error("could not be compiled: memory is out", number, steps)
      case .unsupported(let reason):
        // Those too large have taken time as well.
        programSize += 5_000
        patterns[Name(source)] = .some(nil)
        note("is not supported: \(reason)", number, steps)
      }
    }
    guard programSize <= Self.maximumProgramSize else {
      throw error("the patterns are too large together", number, steps)
    }
    return patterns[Name(source)] ?? nil
  }

  private mutating func note(_ message: String, _ number: Int, _ steps: [JSONPathStep]) {
    unsupported.append(
      JSONSchema.Problem(path: document.path(of: document.schemas[number].place, steps), message: message))
  }
}

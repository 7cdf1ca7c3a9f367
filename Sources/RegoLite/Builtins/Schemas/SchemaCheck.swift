import StrictJSON

/// Checks one document against a schema. Faults come in OPA's order and words; members of objects in key order.
struct SchemaCheck {
  /// What is wrong with a document, and how far it got: of several alternatives the one that got furthest is reported.
  struct Result {
    var faults: [Fault] = []
    var score = 0

    var isValid: Bool { faults.isEmpty }

    fileprivate mutating func add(_ type: String, _ path: Path, _ description: String) {
      faults.append(Fault(type: type, field: path.text, description: description))
      score -= 2
    }

    fileprivate mutating func merge(_ other: Result) {
      faults += other.faults
      score += other.score
    }
  }

  struct Fault {
    let type: String
    let field: String
    let description: String

    var value: Value {
      [
        "desc": .string(Text(description)), "error": .string(Text("\(field): \(description)")),
        "field": .string(Text(field)), "type": .string(Text(type)),
      ]
    }
  }

  /// Where in the document: names and indexes joined by points.
  fileprivate struct Path {
    var steps: [String] = []
    var text: String { steps.isEmpty ? "(Root)" : steps.joined(separator: ".") }
    func appending(_ step: String) -> Path { Path(steps: steps + [step]) }
  }

  private let schema: JSONSchema
  private var depth = 0

  static func check(
    _ document: Value, _ schema: JSONSchema, _ context: inout BuiltinContext
  ) throws(BuiltinError) -> Result {
    var check = SchemaCheck(schema: schema)
    return try check.alternative(0, document, Path(), &context)
  }

  private init(schema: JSONSchema) { self.schema = schema }

  /// The result of one schema by itself.
  private mutating func alternative(
    _ index: Int, _ value: Value, _ path: Path, _ context: inout BuiltinContext
  ) throws(BuiltinError) -> Result {
    var result = Result()
    try check(index, value, path, &result, &context)
    return result
  }

  private mutating func check(
    _ index: Int, _ value: Value, _ path: Path, _ result: inout Result, _ context: inout BuiltinContext
  ) throws(BuiltinError) {
    try context.charge(2)
    depth += 1
    defer { depth -= 1 }
    // Schemas that refer to themselves for one value would go round for ever.
    guard depth <= 600 else { throw .failure("schema refers to itself without end") }
    let node = schema.nodes[index]
    if let verdict = node.verdict {
      if !verdict { result.add("false", path, "False always fails validation") }
      return
    }
    if let reference = node.reference {
      try check(reference, value, path, &result, &context)
      return
    }
    guard hasType(value, node.types) else {
      let expected = node.types.count == 1 ? node.types[0] : "[\(node.types.joined(separator: ","))]"
      result.add("invalid_type", path, "Invalid type. Expected: \(expected), given: \(Self.typeName(value))")
      return
    }
    try checkCombinations(node, value, path, &result, &context)
    switch value {
    case .array(let elements):
      try check(array: elements, node, path, &result, &context)
      try checkCommon(node, value, path, &result, &context)
    case .object(let object):
      try check(object: object, node, path, &result, &context)
      try checkCommon(node, value, path, &result, &context)
      for (name, property) in node.properties {
        if let member = object[name] {
          try check(property, member, path.appending(name.string), &result, &context)
        }
      }
    case .string(let text):
      try checkCommon(node, value, path, &result, &context)
      try check(string: text, node, path, &result, &context)
    case .number(let number):
      try check(number: number, node, path, &result, &context)
      try checkCommon(node, value, path, &result, &context)
    default:
      try checkCommon(node, value, path, &result, &context)
    }
    result.score += 1
  }

  private func hasType(_ value: Value, _ types: [String]) -> Bool {
    if types.isEmpty { return true }
    let name = Self.typeName(value)
    return types.contains(name) || (name == "integer" && types.contains("number"))
  }

  private static func typeName(_ value: Value) -> String {
    if case .number(let number) = value, number.isInteger { "integer" } else { value.typeName }
  }

  // MARK: Schemas of schemas

  private mutating func checkCombinations(
    _ node: JSONSchema.Node, _ value: Value, _ path: Path, _ result: inout Result, _ context: inout BuiltinContext
  ) throws(BuiltinError) {
    if let schemas = node.anyOf, !schemas.isEmpty {
      let (valid, best) = try count(schemas, value, path, stopsAtFirst: true, &context)
      if valid == 0 {
        result.add("number_any_of", path, "Must validate at least one schema (anyOf)")
        if let best { result.merge(best) }
      }
    }
    if let schemas = node.oneOf, !schemas.isEmpty {
      let (valid, best) = try count(schemas, value, path, stopsAtFirst: false, &context)
      if valid != 1 {
        result.add("number_one_of", path, "Must validate one and only one schema (oneOf)")
        if valid == 0, let best { result.merge(best) }
      }
    }
    if let schemas = node.allOf, !schemas.isEmpty {
      var valid = 0
      for schema in schemas {
        let part = try alternative(schema, value, path, &context)
        if part.isValid { valid += 1 }
        result.merge(part)
      }
      if valid != schemas.count { result.add("number_all_of", path, "Must validate all the schemas (allOf)") }
    }
    if let schema = node.not, try alternative(schema, value, path, &context).isValid {
      result.add("number_not", path, "Must not validate the schema (not)")
    }
    if case .object(let object) = value {
      for (name, dependency) in node.dependencies where object[name] != nil {
        switch dependency {
        case .properties(let names):
          for needed in names where object[needed] == nil {
            result.add("missing_dependency", path, "Has a dependency on \(needed)")
          }
        case .schema(let schema): try check(schema, value, path, &result, &context)
        }
      }
    }
    if let condition = node.condition {
      let holds = try alternative(condition, value, path, &context).isValid
      if let branch = holds ? node.consequence : node.alternative {
        let part = try alternative(branch, value, path, &context)
        if !part.isValid {
          result.add(
            holds ? "condition_then" : "condition_else", path,
            holds ? #"Must validate "then" as "if" was valid"# : #"Must validate "else" as "if" was not valid"#)
          result.merge(part)
        }
      }
    }
    result.score += 1
  }

  /// How many of the schemas hold, and the result of the one that got furthest.
  private mutating func count(
    _ schemas: [Int], _ value: Value, _ path: Path, stopsAtFirst: Bool, _ context: inout BuiltinContext
  ) throws(BuiltinError) -> (valid: Int, best: Result?) {
    var valid = 0
    var best: Result?
    for schema in schemas {
      let part = try alternative(schema, value, path, &context)
      if part.isValid {
        valid += 1
        if stopsAtFirst { break }
      } else if valid == 0, best.map({ part.score > $0.score }) ?? true {
        best = part
      }
    }
    return (valid, best)
  }

  // MARK: Values

  private func checkCommon(
    _ node: JSONSchema.Node, _ value: Value, _ path: Path, _ result: inout Result, _ context: inout BuiltinContext
  ) throws(BuiltinError) {
    if node.constant != nil || node.enumeration != nil {
      let text = JSONSchema.canonical(value)
      try context.charge(bytes: text.utf8.count)
      if let constant = node.constant, Text(constant) != Text(text) {
        result.add("const", path, "\(path.text) does not match: \(constant)")
      }
      if let texts = node.enumeration {
        try context.charge(texts.count)
        if !texts.contains(where: { Text($0) == Text(text) }) {
          result.add(
            "enum", path, "\(path.text) must be one of the following: \(texts.joined(separator: ", "))")
        }
      }
    }
    if let format = node.format, case .string(let text) = value {
      try context.charge(bytes: text.utf8.count)
      if !SchemaFormat.matches(text, format) {
        result.add("format", path, "Does not match format '\(format)'")
      }
    }
    result.score += 1
  }

  private mutating func check(
    array: [Value], _ node: JSONSchema.Node, _ path: Path, _ result: inout Result, _ context: inout BuiltinContext
  ) throws(BuiltinError) {
    switch node.items {
    case .every(let schema)?:
      for (index, element) in array.enumerated() {
        result.merge(try alternative(schema, element, path.appending(String(index)), &context))
      }
    case .leading(let schemas)? where !schemas.isEmpty:
      for (index, (schema, element)) in zip(schemas, array).enumerated() {
        result.merge(try alternative(schema, element, path.appending(String(index)), &context))
      }
      if schemas.count < array.count {
        switch node.additionalItems {
        case .allowed(false)?: result.add("array_no_additional_items", path, "No additional items allowed on array")
        case .schema(let schema)?:
          for index in schemas.count..<array.count {
            result.merge(try alternative(schema, array[index], path.appending(String(index)), &context))
          }
        default: break
        }
      }
    default: break
    }
    if let least = node.minItems, array.count < least {
      result.add("array_min_items", path, "Array must have at least \(least) items")
    }
    if let most = node.maxItems, array.count > most {
      result.add("array_max_items", path, "Array must have at most \(most) items")
    }
    if node.isUnique {
      var seen: [Text: Int] = [:]
      for (index, element) in array.enumerated() {
        let text = Text(JSONSchema.canonical(element))
        try context.charge(bytes: 32 + text.utf8.count)
        if let first = seen[text] {
          result.add("unique", path, "array items[\(first),\(index)] must be unique")
        } else {
          seen[text] = index
        }
      }
    }
    if let schema = node.contains {
      var best: Result?
      var isFound = false
      for (index, element) in array.enumerated() where !isFound {
        let part = try alternative(schema, element, path.appending(String(index)), &context)
        isFound = part.isValid
        if best.map({ part.score > $0.score }) ?? true { best = part }
      }
      if !isFound {
        result.add("contains", path, "At least one of the items must match")
        if let best { result.merge(best) }
      }
    }
    result.score += 1
  }

  private mutating func check(
    object: ObjectValue, _ node: JSONSchema.Node, _ path: Path, _ result: inout Result,
    _ context: inout BuiltinContext
  ) throws(BuiltinError) {
    if let least = node.minProperties, object.count < least {
      result.add("array_min_properties", path, "Must have at least \(least) properties")
    }
    if let most = node.maxProperties, object.count > most {
      result.add("array_max_properties", path, "Must have at most \(most) properties")
    }
    for name in node.required where object[name] == nil { result.add("required", path, "\(name) is required") }
    if node.additionalProperties != nil || !node.patternProperties.isEmpty {
      let described = SetValue(node.properties.map { .string($0.name) })
      for (key, member) in object.entries {
        let name = key.asText ?? ""
        var isDescribed = described.contains(key)
        for (pattern, schema) in node.patternProperties
        where try pattern.matches(Array(name.utf8), &context) {
          isDescribed = true
          result.merge(try alternative(schema, member, path.appending(name.string), &context))
        }
        if isDescribed { continue }
        switch node.additionalProperties {
        case .allowed(false)?:
          result.add("additional_property_not_allowed", path, "Additional property \(name) is not allowed")
        case .schema(let schema)?:
          result.merge(try alternative(schema, member, path.appending(name.string), &context))
        default: break
        }
      }
    }
    if let schema = node.propertyNames {
      for key in object.keys {
        let part = try alternative(schema, key, path, &context)
        if part.isValid { continue }
        result.add("invalid_property_name", path, "Property name of \"\(key.asText ?? "")\" does not match")
        result.merge(part)
      }
    }
    result.score += 1
  }

  private func check(
    string text: Text, _ node: JSONSchema.Node, _ path: Path, _ result: inout Result, _ context: inout BuiltinContext
  ) throws(BuiltinError) {
    if node.minLength != nil || node.maxLength != nil {
      try context.charge(bytes: text.utf8.count)
      let length = text.string.unicodeScalars.count
      if let least = node.minLength, length < least {
        result.add("string_gte", path, "String length must be greater than or equal to \(least)")
      }
      if let most = node.maxLength, length > most {
        result.add("string_lte", path, "String length must be less than or equal to \(most)")
      }
    }
    if let (source, pattern) = node.pattern, try !pattern.matches(Array(text.utf8), &context) {
      result.add("pattern", path, "Does not match pattern '\(source)'")
    }
    result.score += 1
  }

  private func check(
    number: Number, _ node: JSONSchema.Node, _ path: Path, _ result: inout Result, _ context: inout BuiltinContext
  ) throws(BuiltinError) {
    if let divisor = node.multipleOf {
      try context.charge(bits: max(number.bitEstimate, divisor.bitEstimate))
      if !number.isMultiple(of: divisor) {
        result.add("multiple_of", path, "Must be a multiple of \(Self.text(divisor))")
      }
    }
    if let maximum = node.maximum {
      if number > maximum.limit || (maximum.isExclusive && number == maximum.limit) {
        result.add(
          maximum.isExclusive ? "number_lt" : "number_lte", path,
          "Must be less than \(maximum.isExclusive ? "" : "or equal to ")\(Self.text(maximum.limit))")
      }
    }
    if let minimum = node.minimum {
      if number < minimum.limit || (minimum.isExclusive && number == minimum.limit) {
        result.add(
          minimum.isExclusive ? "number_gt" : "number_gte", path,
          "Must be greater than \(minimum.isExclusive ? "" : "or equal to ")\(Self.text(minimum.limit))")
      }
    }
    result.score += 1
  }

  /// As Go prints its big floating-point numbers: with an exponent from a million on.
  private static func text(_ number: Number) -> String {
    let parts = number.parts
    if parts.digits.isEmpty { return "0" }
    let text = GoFloat.shortest(parts.digits.map { $0 + UInt8(ascii: "0") }, parts.exponent - 1)
    return number.isNegative ? "-" + text : text
  }
}

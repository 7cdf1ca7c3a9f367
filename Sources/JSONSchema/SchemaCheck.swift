import StrictJSON

/// One check of a value: first a trial that ends at the first problem, then, when there is one, a search for all of them.
///
/// The methods give whether to go on: false in a trial once something is wrong, in a search once there are enough
/// problems, in both once the check has cost too much.
struct SchemaCheck {
  private let program: SchemaProgram
  private var steps: Int
  private var depth = 0
  private(set) var exhaustion: JSONSchema.Problem?

  private var isSearch = false
  private var problems: [JSONSchema.Problem] = []
  private var limit = 1
  /// Where the check is in the value. Only kept in a search.
  private var path: [JSONPathStep] = []
  /// The check is of a property's name.
  private var isOfName = false

  /// The resources entered on the way here. Only kept when there are dynamic references.
  private var scope: [Int] = []
  /// Which members or elements of the value at hand some schema has looked at, for `unevaluatedProperties` and
  /// `unevaluatedItems`; absent when nobody asks.
  private var marks: [Bool]?

  init(_ program: SchemaProgram, steps: Int) {
    self.program = program
    self.steps = steps
  }

  mutating func passes(_ value: JSONValue) -> Bool { check(0, value) && exhaustion == nil }

  /// The value is known not to pass.
  static func problems(
    in value: JSONValue, _ program: SchemaProgram, limit: Int, steps: Int
  ) -> [JSONSchema.Problem] {
    var search = SchemaCheck(program, steps: steps)
    search.isSearch = true
    search.limit = limit
    _ = search.check(0, value)
    if !search.problems.isEmpty { return search.problems }
    return [search.exhaustion ?? JSONSchema.Problem(path: "$", message: "does not match the schema")]
  }
}

// MARK: One schema

extension SchemaCheck {
  private mutating func check(_ schema: Int, _ value: JSONValue) -> Bool {
    guard spend(1), depth < JSONSchema.maximumDepth else { return exhaust() }
    depth += 1
    let node = program.nodes[schema]
    let goesOn: Bool
    if program.isDynamic {
      scope.append(node.resource)
      goesOn = checkTracked(node, value)
      scope.removeLast()
    } else if program.tracksEvaluation {
      goesOn = checkTracked(node, value)
    } else {
      goesOn = checkContent(node, value)
    }
    depth -= 1
    return goesOn
  }

  @inline(never) private mutating func checkContent(_ node: SchemaNode, _ value: JSONValue) -> Bool {
    guard checkWhole(node, value) else { return false }
    switch value {
    case .array(let elements):
      if let rules = node.arrays, !check(rules, elements) { return false }
    case .object(let object):
      if let rules = node.objects, !check(rules, object, value) { return false }
    default: break
    }
    guard let applicators = node.applicators else { return true }
    return check(applicators, value)
  }

  /// What needs no other schema.
  @inline(never) private mutating func checkWhole(_ node: SchemaNode, _ value: JSONValue) -> Bool {
    if node.types != .all, !checkType(node.types, value) { return false }
    if let enumeration = node.enumeration, !check(enumeration, value) { return false }
    switch value {
    case .number(let number):
      if let rules = node.numbers, !check(rules, number) { return false }
    case .string(let text):
      if let rules = node.strings, !check(rules, text) { return false }
    case .array(let elements):
      if let rules = node.arrays, !checkWhole(rules, elements) { return false }
    case .object(let object):
      if let rules = node.objects, !checkWhole(rules, object) { return false }
    case .null, .boolean: break
    }
    return true
  }

  private mutating func checkType(_ types: TypeSet, _ value: JSONValue) -> Bool {
    if types.admits(value) { return true }
    return note(types.isEmpty ? "is not allowed" : "must be \(types)")
  }

  private mutating func check(_ enumeration: Enumeration, _ value: JSONValue) -> Bool {
    let cost: Int
    if case .string(let text) = value { cost = 1 + text.utf8.count >> 6 } else { cost = enumeration.weight }
    guard spend(cost) else { return exhaust() }
    return enumeration.contains(value) || note(enumeration.demand)
  }

  private mutating func check(_ rules: NumberRules, _ number: JSONNumber) -> Bool {
    if number.shortInteger == nil, !spend(number.literal.utf8.count >> 4) { return exhaust() }
    if let bound = rules.minimum, bound.isAbove(number), !note("must be at least \(bound.number)") { return false }
    if let bound = rules.maximum, bound.isBelow(number), !note("must be at most \(bound.number)") { return false }
    if let bound = rules.exclusiveMinimum, !bound.isBelow(number), !note("must be more than \(bound.number)") {
      return false
    }
    if let bound = rules.exclusiveMaximum, !bound.isAbove(number), !note("must be less than \(bound.number)") {
      return false
    }
    if let divisor = rules.multipleOf, !divisor.divides(number), !note("must be a multiple of \(divisor.number)") {
      return false
    }
    return true
  }

  private mutating func check(_ rules: StringRules, _ text: String) -> Bool {
    // A scalar takes 1 to 4 bytes: most texts needn't be counted.
    let bytes = text.utf8.count
    if rules.maxLength < bytes || rules.minLength > bytes >> 2 {
      guard spend(bytes >> 6) else { return exhaust() }
      let length = text.unicodeScalars.count
      if length < rules.minLength, !note("has fewer than \(Self.count(rules.minLength, "character"))") { return false }
      if length > rules.maxLength, !note("has more than \(Self.count(rules.maxLength, "character"))") { return false }
    }
    guard let pattern = rules.pattern else { return true }
    guard let matches = matches(pattern, text) else { return false }
    return matches || note("does not match the pattern \(JSONValue(pattern.source))")
  }

  /// Absent when the check is over.
  private mutating func matches(_ pattern: Pattern, _ text: String) -> Bool? {
    guard spend(pattern.cost(text.utf8.count)), let matches = pattern.matches(text) else {
      _ = exhaust()
      return nil
    }
    return matches
  }
}

// MARK: Arrays

extension SchemaCheck {
  private mutating func checkWhole(_ rules: ArrayRules, _ elements: [JSONValue]) -> Bool {
    if elements.count < rules.minItems, !note("has fewer than \(Self.count(rules.minItems, "item"))") { return false }
    if elements.count > rules.maxItems, !note("has more than \(Self.count(rules.maxItems, "item"))") { return false }
    return !rules.isUnique || checkUnique(elements)
  }

  @inline(never) private mutating func check(_ rules: ArrayRules, _ elements: [JSONValue]) -> Bool {
    for index in elements.indices {
      guard let schema = index < rules.prefix.count ? rules.prefix[index] : rules.rest else { break }
      guard checkElement(schema, elements, index) else { return false }
      marks?[index] = true
    }
    return rules.contains == nil || checkContains(rules, elements)
  }

  @inline(never) private mutating func checkElement(_ schema: Int, _ elements: [JSONValue], _ index: Int) -> Bool {
    if isSearch || marks != nil { return checkPart(schema, elements[index], at: .index(index)) }
    return check(schema, elements[index])
  }

  @inline(never) private mutating func checkUnique(_ elements: [JSONValue]) -> Bool {
    guard spend(elements.reduce(0) { $0 + $1.weight }) else { return exhaust() }
    guard let (earlier, later) = JSONValue.equalPair(in: elements) else { return true }
    return note("has the same item at \(earlier) and \(later)")
  }

  @inline(never) private mutating func checkContains(_ rules: ArrayRules, _ elements: [JSONValue]) -> Bool {
    guard let contains = rules.contains else { return true }
    let keepsMarks = contains.evaluates && marks != nil
    var count = 0
    for index in elements.indices {
      if count >= contains.minimum, contains.maximum == nil, !keepsMarks { return true }
      if passes(contains.schema, elements[index]) {
        count += 1
        if keepsMarks { marks?[index] = true }
      }
      if exhaustion != nil { return false }
    }
    return check(contains, count)
  }

  @inline(never) private mutating func check(_ rules: ArrayRules.Contains, _ count: Int) -> Bool {
    if count < rules.minimum {
      return note("has fewer than \(Self.count(rules.minimum, "item")) of the kind asked for")
    }
    if let maximum = rules.maximum, count > maximum {
      return note("has more than \(Self.count(maximum, "item")) of the kind asked for")
    }
    return true
  }

  /// A trial of one part of the value.
  @inline(never) private mutating func passes(_ schema: Int, _ part: JSONValue) -> Bool {
    let outer = (isSearch, marks)
    (isSearch, marks) = (false, nil)
    let passes = check(schema, part)
    (isSearch, marks) = outer
    return passes
  }

  @inline(never) private mutating func checkPart(_ schema: Int, _ part: JSONValue, at step: JSONPathStep) -> Bool {
    let outer = marks
    marks = nil
    if isSearch { path.append(step) }
    let goesOn = check(schema, part)
    if isSearch { path.removeLast() }
    marks = outer
    return goesOn
  }
}

// MARK: Objects

extension SchemaCheck {
  private mutating func checkWhole(_ rules: ObjectRules, _ object: JSONObject) -> Bool {
    let count = object.count
    if count < rules.minProperties, !note("has fewer than \(Self.count(rules.minProperties, "property"))") {
      return false
    }
    if count > rules.maxProperties, !note("has more than \(Self.count(rules.maxProperties, "property"))") {
      return false
    }
    return rules.dependentRequired.isEmpty || checkDependentRequired(rules.dependentRequired, object)
  }

  /// - Parameter value: the object once more
  private mutating func check(_ rules: ObjectRules, _ object: JSONObject, _ value: JSONValue) -> Bool {
    guard checkMembers(rules, object) else { return false }
    if let names = rules.names, !checkNames(names, object) { return false }
    return rules.dependentSchemas.isEmpty || checkDependentSchemas(rules.dependentSchemas, object, value)
  }

  @inline(never) private mutating func checkMembers(_ rules: ObjectRules, _ object: JSONObject) -> Bool {
    var (found, guess) = (0, 0)
    for index in 0..<object.count {
      var isKnown = rules.hasUnsupportedPattern
      let place = place(rules, object, index, guess)
      if place < -1 { return exhaust() }
      if place >= 0 {
        guess = place + 1
        if rules.properties.isRequired(at: place) { found += 1 }
        if let schema = rules.properties.schema(at: place) {
          isKnown = true
          guard checkMember(schema, object, index) else { return false }
        }
      }
      if !rules.patterns.isEmpty {
        guard let matches = checkPatterns(rules, object, index) else { return false }
        if matches { isKnown = true }
      }
      if !isKnown, let additional = rules.additional {
        guard checkUnknown(additional, object, index) else { return false }
        isKnown = true
      }
      if isKnown { marks?[index] = true }
    }
    return found == rules.properties.required.count || noteMissing(rules.properties.required, in: object)
  }

  /// Where the property table has a member's name; -1 when it doesn't, -2 when the check is over.
  private mutating func place(_ rules: ObjectRules, _ object: JSONObject, _ index: Int, _ guess: Int) -> Int {
    let name = object.members[index].key
    guard spend(1 + name.utf8.count >> 6) else { return -2 }
    return rules.properties.index(of: name, guess: guess) ?? -1
  }

  @inline(never) private mutating func checkMember(_ schema: Int, _ object: JSONObject, _ index: Int) -> Bool {
    if isSearch || marks != nil { return checkMemberAsPart(schema, object, index) }
    return check(schema, object.members[index].value)
  }

  @inline(never) private mutating func checkMemberAsPart(_ schema: Int, _ object: JSONObject, _ index: Int) -> Bool {
    checkPart(schema, object.members[index].value, at: .key(object.members[index].key))
  }

  /// Whether a pattern matches the name; absent when the check is over.
  @inline(never) private mutating func checkPatterns(_ rules: ObjectRules, _ object: JSONObject, _ index: Int) -> Bool?
  {
    var isKnown = false
    for rule in rules.patterns.indices {
      guard let matches = matches(rules.patterns[rule].pattern, object.members[index].key) else { return nil }
      guard matches else { continue }
      isKnown = true
      guard checkMember(rules.patterns[rule].schema, object, index) else { return nil }
    }
    return isKnown
  }

  private mutating func checkUnknown(_ schema: Int, _ object: JSONObject, _ index: Int) -> Bool {
    if isSearch, program.nodes[schema].types.isEmpty {
      path.append(.key(object.members[index].key))
      defer { path.removeLast() }
      return note("is not a known property")
    }
    return checkMember(schema, object, index)
  }

  @inline(never) private mutating func noteMissing(
    _ names: [String], because other: String? = nil, in object: JSONObject
  ) -> Bool {
    guard isSearch else { return false }
    let present = Set(object.members.map { Name($0.key) })
    for name in names where !present.contains(Name(name)) {
      path.append(.key(name))
      defer { path.removeLast() }
      guard note(other.map { "is missing, which \(JSONValue($0)) asks for" } ?? "is missing") else { return false }
    }
    return true
  }

  @inline(never) private mutating func checkNames(_ schema: Int, _ object: JSONObject) -> Bool {
    let outer = isOfName
    isOfName = true
    defer { isOfName = outer }
    for member in object.members {
      guard checkPart(schema, .string(member.key), at: .key(member.key)) else { return false }
    }
    return true
  }

  private mutating func checkDependentRequired(
    _ dependencies: [(name: String, required: [String])], _ object: JSONObject
  ) -> Bool {
    let count = dependencies.reduce(0) { $0 + 1 + $1.required.count }
    guard spend((count * object.count) >> 2) else { return exhaust() }
    for (name, required) in dependencies where object[name] != nil {
      if required.contains(where: { object[$0] == nil }), !noteMissing(required, because: name, in: object) {
        return false
      }
    }
    return true
  }

  @inline(never) private mutating func checkDependentSchemas(
    _ dependencies: [(name: String, schema: Int)], _ object: JSONObject, _ value: JSONValue
  ) -> Bool {
    guard spend((dependencies.count * object.count) >> 2) else { return exhaust() }
    for index in dependencies.indices where object[dependencies[index].name] != nil {
      guard check(dependencies[index].schema, value) else { return false }
    }
    return true
  }
}

// MARK: More schemas for the same value

extension SchemaCheck {
  @inline(never) private mutating func check(_ applicators: Applicators, _ value: JSONValue) -> Bool {
    guard checkAll(applicators.references, value), checkAll(applicators.allOf, value) else { return false }
    if applicators.dynamic != nil, !check(target(of: applicators), value) { return false }
    if applicators.metaschema != nil, !checkSchema(value, applicators) { return false }
    if !applicators.anyOf.isEmpty, !checkAny(applicators.anyOf, value) { return false }
    if !applicators.oneOf.isEmpty, !checkOne(applicators.oneOf, value) { return false }
    if applicators.not != nil, !checkNot(applicators, value) { return false }
    return applicators.condition == nil || checkCondition(applicators, value)
  }

  @inline(never) private mutating func checkAll(_ schemas: [Int], _ value: JSONValue) -> Bool {
    for schema in schemas {
      guard check(schema, value) else { return false }
    }
    return true
  }

  @inline(never) private mutating func checkNot(_ applicators: Applicators, _ value: JSONValue) -> Bool {
    guard let schema = applicators.not else { return true }
    let isExcluded = holds(schema, value, keepsMarks: false)
    if exhaustion != nil { return false }
    return !isExcluded || note("is excluded by the schema")
  }

  @inline(never) private mutating func checkCondition(_ applicators: Applicators, _ value: JSONValue) -> Bool {
    guard let condition = applicators.condition else { return true }
    let isMet = holds(condition, value)
    if exhaustion != nil { return false }
    guard let schema = isMet ? applicators.consequence : applicators.alternative else { return true }
    return check(schema, value)
  }

  /// A trial of the same value; what it has looked at counts only when it passes.
  @inline(never) private mutating func holds(_ schema: Int, _ value: JSONValue, keepsMarks: Bool = true) -> Bool {
    let outer = (isSearch, marks)
    if let marks, !spend(marks.count >> 5) { return exhaust() }
    isSearch = false
    let holds = check(schema, value)
    isSearch = outer.0
    if !holds || !keepsMarks { marks = outer.1 }
    return holds
  }

  @inline(never) private mutating func checkAny(_ schemas: [Int], _ value: JSONValue) -> Bool {
    var holds = false
    for schema in schemas {
      if self.holds(schema, value) { holds = true }
      if exhaustion != nil { return false }
      if holds, marks == nil { return true }
    }
    return holds || explain(schemas, value)
  }

  @inline(never) private mutating func checkOne(_ schemas: [Int], _ value: JSONValue) -> Bool {
    var count = 0
    for schema in schemas {
      if holds(schema, value) { count += 1 }
      if exhaustion != nil { return false }
      if count > 1 { return note("matches several of the \(schemas.count) alternatives, not exactly one") }
    }
    return count == 1 || explain(schemas, value)
  }

  /// No alternative holds. When there is one only that is for such a type, its problems say most.
  @inline(never) private mutating func explain(_ schemas: [Int], _ value: JSONValue) -> Bool {
    guard isSearch else { return false }
    let alike = schemas.filter { program.nodes[$0].types.admits(value) }
    if alike.isEmpty {
      let types = schemas.reduce(into: TypeSet()) { $0.formUnion(program.nodes[$1].types) }
      return note(types.isEmpty ? "is not allowed" : "must be \(types)")
    }
    guard alike.count == 1 else { return note("matches none of the \(schemas.count) alternatives") }
    let before = problems.count
    guard check(alike[0], value) else { return false }
    return problems.count > before || note("matches none of the \(schemas.count) alternatives")
  }

  private func target(of applicators: Applicators) -> Int {
    guard let reference = applicators.dynamic else { return 0 }
    for resource in scope {
      if let schema = program.dynamicAnchors[resource][reference.anchor] { return schema }
    }
    return reference.initial
  }

  /// Whether the value is a schema itself, as the metaschema would have it: by the forms of its keywords.
  @inline(never) private mutating func checkSchema(_ value: JSONValue, _ applicators: Applicators) -> Bool {
    guard let dialect = applicators.metaschema else { return true }
    for index in (marks ?? []).indices { marks?[index] = true }
    var schemas: [(steps: [JSONPathStep], value: JSONValue)] = [([], value)]
    while let (steps, schema) = schemas.popLast() {
      guard spend(1) else { return exhaust() }
      if let flaw = KeywordForm.schema.flaw(in: schema), !note(flaw.message, below: steps) { return false }
      for (keyword, value) in schema.objectValue?.members ?? [] {
        guard let form = dialect.form(of: keyword) else { continue }
        guard spend(value.weight) else { return exhaust() }
        let steps = steps + [.key(keyword)]
        if let flaw = form.flaw(in: value) {
          guard note(flaw.message, below: steps + flaw.steps) else { return false }
        } else {
          form.forEachSchema(in: value) { schemas.append((steps + $0, $1)) }
        }
      }
    }
    return true
  }
}

// MARK: What nobody looked at

extension SchemaCheck {
  private mutating func checkTracked(_ node: SchemaNode, _ value: JSONValue) -> Bool {
    switch value {
    case .array(let elements):
      if let schema = node.unevaluatedItems { return checkUnevaluated(node, value, schema, elements.count) }
    case .object(let object):
      if let schema = node.unevaluatedProperties { return checkUnevaluated(node, value, schema, object.count) }
    default: break
    }
    return checkContent(node, value)
  }

  @inline(never) private mutating func checkUnevaluated(
    _ node: SchemaNode, _ value: JSONValue, _ schema: Int, _ count: Int
  ) -> Bool {
    guard spend(count >> 4) else { return exhaust() }
    let outer = marks
    let before = problems.count
    marks = [Bool](repeating: false, count: count)
    var goesOn = checkContent(node, value)
    // Where something is wrong already, what was looked at is not known.
    if goesOn, problems.count == before { goesOn = checkUnmarked(schema, value) }
    // Now every part is looked at.
    marks = outer == nil ? nil : [Bool](repeating: true, count: count)
    return goesOn
  }

  @inline(never) private mutating func checkUnmarked(_ schema: Int, _ value: JSONValue) -> Bool {
    let marks = marks ?? []
    for index in marks.indices where !marks[index] {
      switch value {
      case .array(let elements): guard checkElement(schema, elements, index) else { return false }
      case .object(let object): guard checkUnknown(schema, object, index) else { return false }
      default: break
      }
    }
    return true
  }
}

// MARK: Costs and problems

extension SchemaCheck {
  private mutating func spend(_ count: Int) -> Bool {
    steps -= count
    return steps >= 0
  }

  @inline(never) private mutating func exhaust() -> Bool {
    let message = steps < 0 ? "is too costly to check" : "is nested too deeply to check"
    if exhaustion == nil { exhaustion = JSONSchema.Problem(path: "$", message: message) }
    return false
  }

  private mutating func note(_ message: @autoclosure () -> String, below steps: [JSONPathStep] = []) -> Bool {
    guard isSearch else { return false }
    let message = (isOfName ? "name " : "") + message()
    problems.append(JSONSchema.Problem(path: JSONError.path(path + steps), message: message))
    return problems.count < limit
  }

  /// `1 character`, `2 properties`.
  private static func count(_ count: Int, _ noun: String) -> String {
    if count == 1 { return "1 " + noun }
    return "\(count) " + (noun == "property" ? "properties" : noun + "s")
  }
}

extension Enumeration {
  /// What the value has to be, as long as it isn't too much to say.
  fileprivate var demand: String {
    guard let first = values.first else { return "is not allowed" }
    if values.count == 1 { return "must be " + Self.brief(first) }
    let shown = values.prefix(10).map(Self.brief).joined(separator: ", ")
    return "is not one of " + shown + (values.count > 10 ? ", …" : "")
  }

  private static func brief(_ value: JSONValue) -> String {
    let text = value.serializedString()
    return text.unicodeScalars.count <= 80 ? text : String(text.unicodeScalars.prefix(79)) + "…"
  }
}

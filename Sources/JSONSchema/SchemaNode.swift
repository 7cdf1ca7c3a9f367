import StrictJSON

/// One schema, ready to check values. Schemas name each other by number, so that one that refers to itself is freed.
final class SchemaNode: Sendable {
  let resource: Int
  let types: TypeSet
  let enumeration: Enumeration?
  let numbers: NumberRules?
  let strings: StringRules?
  let arrays: ArrayRules?
  let objects: ObjectRules?
  let applicators: Applicators?
  /// What has to hold of the parts that nothing else here looked at.
  let unevaluatedItems: Int?
  let unevaluatedProperties: Int?

  init(
    resource: Int, types: TypeSet, enumeration: Enumeration? = nil, numbers: NumberRules? = nil,
    strings: StringRules? = nil, arrays: ArrayRules? = nil, objects: ObjectRules? = nil,
    applicators: Applicators? = nil, unevaluatedItems: Int? = nil, unevaluatedProperties: Int? = nil
  ) {
    self.resource = resource
    self.types = types
    self.enumeration = enumeration
    self.numbers = numbers
    self.strings = strings
    self.arrays = arrays
    self.objects = objects
    self.applicators = applicators
    self.unevaluatedItems = unevaluatedItems
    self.unevaluatedProperties = unevaluatedProperties
  }
}

struct NumberRules: Sendable {
  var minimum: Bound?
  var exclusiveMinimum: Bound?
  var maximum: Bound?
  var exclusiveMaximum: Bound?
  var multipleOf: Divisor?
}

/// In Unicode scalars.
struct StringRules: Sendable {
  var minLength = 0
  var maxLength = Int.max
  var pattern: Pattern?
}

// What checks of parts go through is in classes: structs of this size would be copied to the stack at every level.

final class ArrayRules: Sendable {
  let minItems: Int
  let maxItems: Int
  let isUnique: Bool
  /// For the items at the start, each its own.
  let prefix: [Int]
  /// For the items after those.
  let rest: Int?
  let contains: Contains?

  struct Contains: Sendable {
    let schema: Int
    let minimum: Int
    let maximum: Int?
    /// Whether an item that it asks for counts as looked at.
    let evaluates: Bool
  }

  init(minItems: Int, maxItems: Int, isUnique: Bool, prefix: [Int], rest: Int?, contains: Contains?) {
    self.minItems = minItems
    self.maxItems = maxItems
    self.isUnique = isUnique
    self.prefix = prefix
    self.rest = rest
    self.contains = contains
  }

  var isEmpty: Bool {
    minItems == 0 && maxItems == .max && !isUnique && prefix.isEmpty && rest == nil && contains == nil
  }
}

final class ObjectRules: Sendable {
  let minProperties: Int
  let maxProperties: Int
  let properties: PropertyTable
  let patterns: [(pattern: Pattern, schema: Int)]
  /// Some pattern can't be matched: no property is known to be an additional one.
  let hasUnsupportedPattern: Bool
  let additional: Int?
  let names: Int?
  let dependentRequired: [(name: String, required: [String])]
  /// Applied to the object itself.
  let dependentSchemas: [(name: String, schema: Int)]

  init(
    minProperties: Int, maxProperties: Int, properties: PropertyTable, patterns: [(pattern: Pattern, schema: Int)],
    hasUnsupportedPattern: Bool, additional: Int?, names: Int?,
    dependentRequired: [(name: String, required: [String])], dependentSchemas: [(name: String, schema: Int)]
  ) {
    self.minProperties = minProperties
    self.maxProperties = maxProperties
    self.properties = properties
    self.patterns = patterns
    self.hasUnsupportedPattern = hasUnsupportedPattern
    self.additional = additional
    self.names = names
    self.dependentRequired = dependentRequired
    self.dependentSchemas = dependentSchemas
  }

  var isEmpty: Bool {
    minProperties == 0 && maxProperties == .max && properties.isEmpty && patterns.isEmpty && !hasUnsupportedPattern
      && additional == nil && names == nil && dependentRequired.isEmpty && dependentSchemas.isEmpty
  }
}

/// What is asked of the same value.
final class Applicators: Sendable {
  /// There are several only when a dynamic one turned out to be plain.
  let references: [Int]
  let dynamic: Dynamic?
  let metaschema: Dialect?
  let allOf: [Int]
  let anyOf: [Int]
  let oneOf: [Int]
  let not: Int?
  let condition: Int?
  /// Absent without a condition.
  let consequence: Int?
  let alternative: Int?

  struct References: Sendable {
    var schemas: [Int] = []
    var dynamic: Dynamic?
    var metaschema: Dialect?
  }

  /// Goes to the outermost resource on the way here that has the anchor.
  struct Dynamic: Sendable {
    let anchor: Name
    let initial: Int
  }

  init(
    references: References, allOf: [Int] = [], anyOf: [Int] = [], oneOf: [Int] = [], not: Int? = nil,
    condition: Int? = nil, consequence: Int? = nil, alternative: Int? = nil
  ) {
    self.references = references.schemas
    dynamic = references.dynamic
    metaschema = references.metaschema
    self.allOf = allOf
    self.anyOf = anyOf
    self.oneOf = oneOf
    self.not = not
    self.condition = condition
    self.consequence = condition == nil ? nil : consequence
    self.alternative = condition == nil ? nil : alternative
  }

  /// All of them but for the one that isn't known before the value.
  var schemas: [Int] {
    references + allOf + anyOf + oneOf + [not, condition, consequence, alternative].compactMap { $0 }
  }

  var isEmpty: Bool { schemas.isEmpty && dynamic == nil && metaschema == nil }
}

/// The properties that an object schema names.
struct PropertyTable: Sendable {
  private struct Entry: Sendable {
    let name: String
    var schema: Int?
    var isRequired = false
  }

  /// Ascending by the bytes of the names: what is sent in canonical form has them in nearly this order.
  private var entries: [Entry] = []
  /// In the order in which the schema has them.
  private(set) var required: [String] = []
  /// Empty while the entries are few.
  private var indices: [Name: Int] = [:]

  init() {}

  init(schemas: [(name: String, schema: Int)], required names: [String]) {
    var entries: [Name: Entry] = [:]
    for (name, schema) in schemas { entries[Name(name)] = Entry(name: name, schema: schema) }
    for name in names {
      var entry = entries[Name(name)] ?? Entry(name: name)
      if !entry.isRequired { required.append(name) }
      entry.isRequired = true
      entries[Name(name)] = entry
    }
    self.entries = entries.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    if entries.count > 12 {
      for (index, entry) in self.entries.enumerated() { indices[Name(entry.name)] = index }
    }
  }

  var isEmpty: Bool { entries.isEmpty }

  func schema(at index: Int) -> Int? { entries[index].schema }
  func isRequired(at index: Int) -> Bool { entries[index].isRequired }

  /// - Parameter guess: where it may be; the index after the one found is the next one's guess.
  func index(of name: String, guess: Int) -> Int? {
    let count = entries.count
    if guess < count, entries[guess].name.hasSameBytes(as: name) { return guess }
    if !indices.isEmpty { return indices[Name(name)] }
    for index in 0..<count where entries[index].name.hasSameBytes(as: name) { return index }
    return nil
  }
}

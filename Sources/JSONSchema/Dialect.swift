/// A draft of JSON Schema, with its meaning of the keywords.
enum Dialect: Int, CaseIterable, Comparable, Sendable {
  case draft4, draft6, draft7, draft2019, draft2020

  /// Absent for what names none of them: a dialect of somebody's own, a draft older than 4.
  init?(schemaURI: String) {
    var uri = schemaURI[...]
    if uri.utf8.last == UInt8(ascii: "#") { uri.removeLast() }
    for scheme in ["https://", "http://"] where uri.utf8.starts(with: scheme.utf8) {
      let rest = uri.utf8.dropFirst(scheme.utf8.count)
      if let dialect = Self.allCases.first(where: { rest.elementsEqual($0.metaschema.utf8) }) {
        self = dialect
        return
      }
    }
    return nil
  }

  /// The metaschema's URI without `http://`, which the older ones have, and `https://`, which the newer ones have: either
  /// is taken for any of them.
  private var metaschema: String {
    switch self {
    case .draft4: "json-schema.org/draft-04/schema"
    case .draft6: "json-schema.org/draft-06/schema"
    case .draft7: "json-schema.org/draft-07/schema"
    case .draft2019: "json-schema.org/draft/2019-09/schema"
    case .draft2020: "json-schema.org/draft/2020-12/schema"
    }
  }

  static func < (a: Dialect, b: Dialect) -> Bool { a.rawValue < b.rawValue }

  /// The keyword that gives a schema its URI.
  var identifierKeyword: String { self == .draft4 ? "id" : "$id" }

  /// Whether `$ref` makes everything beside it count for nothing.
  var referencesStandAlone: Bool { self <= .draft7 }
}

extension Dialect {
  /// What stands at a keyword; absent for a keyword that this dialect doesn't know, or takes for a mere annotation.
  func form(of keyword: String) -> KeywordForm? { Self.forms[rawValue][Name(keyword)] }

  private static let forms: [[Name: KeywordForm]] = allCases.map { dialect in
    var forms: [Name: KeywordForm] = [:]
    for row in rows where row.dialects.contains(dialect) {
      for keyword in row.keywords { forms[keyword] = row.form }
    }
    return forms
  }

  private static let all = Dialect.draft4...draft2020

  private static let rows: [(keywords: [Name], form: KeywordForm, dialects: ClosedRange<Dialect>)] = [
    (["$ref", "$schema"], .string, all),
    (["id"], .string, .draft4 ... .draft4),
    (["$id"], .string, .draft6 ... .draft2020),
    (["$anchor"], .string, .draft2019 ... .draft2020),
    (["$recursiveRef"], .string, .draft2019 ... .draft2019),
    (["$recursiveAnchor"], .boolean, .draft2019 ... .draft2019),
    (["$dynamicRef", "$dynamicAnchor"], .string, .draft2020 ... .draft2020),
    (["definitions"], .schemaMap, all),
    (["$defs"], .schemaMap, .draft2019 ... .draft2020),

    (["type"], .types, all),
    (["enum"], .values, all),
    (["const"], .value, .draft6 ... .draft2020),
    (["multipleOf"], .positiveNumber, all),
    (["minimum", "maximum"], .number, all),
    (["exclusiveMinimum", "exclusiveMaximum"], .boolean, .draft4 ... .draft4),
    (["exclusiveMinimum", "exclusiveMaximum"], .number, .draft6 ... .draft2020),
    (["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"], .count, all),
    (["minContains", "maxContains"], .count, .draft2019 ... .draft2020),
    (["pattern"], .string, all),
    (["uniqueItems"], .boolean, all),
    (["required"], .strings, all),
    (["dependentRequired"], .stringsMap, .draft2019 ... .draft2020),

    (["allOf", "anyOf", "oneOf"], .schemas, all),
    (["not"], .schema, all),
    (["if", "then", "else"], .schema, .draft7 ... .draft2020),
    (["properties", "patternProperties"], .schemaMap, all),
    (["additionalProperties"], .schema, all),
    (["propertyNames"], .schema, .draft6 ... .draft2020),
    (["dependencies"], .dependencies, .draft4 ... .draft7),
    (["dependentSchemas"], .schemaMap, .draft2019 ... .draft2020),
    (["items"], .schemaOrTuple, .draft4 ... .draft2019),
    (["additionalItems"], .schema, .draft4 ... .draft2019),
    (["prefixItems"], .tuple, .draft2020 ... .draft2020),
    (["items"], .schema, .draft2020 ... .draft2020),
    (["contains"], .schema, .draft6 ... .draft2020),
    (["unevaluatedItems", "unevaluatedProperties", "contentSchema"], .schema, .draft2019 ... .draft2020),
  ]
}

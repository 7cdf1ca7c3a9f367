import StrictJSON

/// A JSON Schema (2020-12) of a part of a request or an answer.
struct SchemaShape: Sendable {
  /// As the document has them.
  private(set) var keywords: JSONObject
  /// The shapes with a name of their own that it refers to, and those that they refer to, by name.
  private(set) var named: [String: JSONObject]

  private init(_ keywords: JSONObject, _ named: [String: JSONObject] = [:]) {
    self.keywords = keywords
    self.named = named
  }

  var json: JSONValue { .object(keywords) }
}

extension SchemaShape {
  /// A member of an object.
  struct Member: Sendable {
    let name: String
    let shape: SchemaShape
    let isRequired: Bool

    static func required(_ name: String, _ shape: SchemaShape, _ description: String? = nil) -> Member {
      Member(name: name, shape: shape.described(description), isRequired: true)
    }

    static func optional(_ name: String, _ shape: SchemaShape, _ description: String? = nil) -> Member {
      Member(name: name, shape: shape.described(description), isRequired: false)
    }
  }

  static let anything = SchemaShape([:])
  static let boolean = SchemaShape(["type": "boolean"])
  static let integer = SchemaShape(["type": "integer"])
  static let number = SchemaShape(["type": "number"])
  static let text = SchemaShape(["type": "string"])
  /// An integer that isn't negative.
  static let count = integer(from: 0)

  static func integer(from least: Int, through greatest: Int? = nil) -> SchemaShape {
    var keywords: JSONObject = ["type": "integer", "minimum": .init(least)]
    keywords["maximum"] = greatest.map { .init($0) }
    return SchemaShape(keywords)
  }

  /// - Parameters:
  ///   - pattern: ECMA-262, as JSON Schema has them; it may match anywhere
  ///   - length: in Unicode scalars
  static func text(
    pattern: String? = nil, length: ClosedRange<Int>? = nil, format: String? = nil
  ) -> SchemaShape {
    var keywords: JSONObject = ["type": "string"]
    keywords["format"] = format.map { .string($0) }
    keywords["pattern"] = pattern.map { .string($0) }
    if let length {
      if length.lowerBound > 0 { keywords["minLength"] = .init(length.lowerBound) }
      keywords["maxLength"] = .init(length.upperBound)
    }
    return SchemaShape(keywords)
  }

  static func oneOf(_ values: [String]) -> SchemaShape {
    SchemaShape(["type": "string", "enum": .array(values.map { .string($0) })])
  }

  static func exactly(_ value: JSONValue) -> SchemaShape { SchemaShape(["const": value]) }

  /// An object with these members. Answers have no others; in requests others are ignored.
  ///
  /// - Parameter others: what other members are; absent when there are none
  static func object(_ members: [Member], others: SchemaShape? = nil) -> SchemaShape {
    var keywords: JSONObject = ["type": "object"]
    let required = members.filter(\.isRequired)
    if !required.isEmpty { keywords["required"] = .array(required.map { .string($0.name) }) }
    if !members.isEmpty {
      keywords["properties"] = .object(JSONObject(members.map { (key: $0.name, value: $0.shape.json) }))
    }
    if let others {
      if !others.keywords.isEmpty { keywords["additionalProperties"] = others.json }
    } else {
      keywords["additionalProperties"] = false
    }
    return SchemaShape(keywords, merging(members.map(\.shape) + (others.map { [$0] } ?? [])))
  }

  /// An object whose members are all of this shape.
  static func map(of shape: SchemaShape) -> SchemaShape { object([], others: shape) }

  static func array(of shape: SchemaShape) -> SchemaShape {
    SchemaShape(["type": "array", "items": shape.json], shape.named)
  }

  static func any(of shapes: [SchemaShape]) -> SchemaShape {
    SchemaShape(["anyOf": .array(shapes.map(\.json))], merging(shapes))
  }

  /// One of a stream's server-sent events. OpenAPI 3.1 has no word for them: the schema of `text/event-stream` is that of
  /// each event, as in OpenAPI 3.2's `itemSchema`.
  ///
  /// - Parameters:
  ///   - name: what `event` says; absent for `message`, which nobody says
  ///   - data: of the JSON in `data`
  static func event(named name: String? = nil, _ data: SchemaShape) -> SchemaShape {
    var text = SchemaShape.text
    text.keywords["contentMediaType"] = "application/json"
    text.keywords["contentSchema"] = data.json
    text.named = data.named
    let members: [Member] = [.required("data", text)]
    return .object((name.map { [.required("event", .exactly(.string($0)))] } ?? []) + members, others: .anything)
  }

  /// A shape that stands among the document's components. A name stands for one shape.
  static func component(_ name: String, _ shape: SchemaShape) -> SchemaShape {
    var named = shape.named
    named[name] = shape.keywords
    return SchemaShape(["$ref": .string("#/components/schemas/\(name)")], named)
  }

  /// The shape, or null.
  var orNull: SchemaShape {
    guard let type = keywords["type"]?.stringValue, keywords["enum"] == nil else {
      return .any(of: [self, SchemaShape(["type": "null"])])
    }
    var copy = self
    copy.keywords["type"] = [.string(type), "null"]
    return copy
  }

  func described(_ description: String?) -> SchemaShape {
    guard let description else { return self }
    return adding("description", .string(description))
  }

  func example(_ value: JSONValue) -> SchemaShape { adding("examples", [value]) }

  /// What is taken when nothing is given.
  func usually(_ value: JSONValue) -> SchemaShape { adding("default", value) }

  private func adding(_ keyword: String, _ value: JSONValue) -> SchemaShape {
    var copy = self
    copy.keywords[keyword] = value
    return copy
  }

  /// The named shapes of all of them.
  static func merging(_ shapes: [SchemaShape]) -> [String: JSONObject] {
    shapes.reduce(into: [:]) { all, shape in
      all.merge(shape.named) { first, second in
        precondition(first == second, "one name stands for two shapes")
        return first
      }
    }
  }
}

import StrictJSON

/// Every schema of a document, numbered, and what references to them mean.
///
/// Schemas are found where the keywords of their dialect have them; elsewhere (below a keyword that nobody knows) only
/// once a reference leads there. Nothing here recurses: the document is as deep and as large as its author likes.
struct SchemaDocument {
  /// A value of the document. The root is its own parent.
  struct Place {
    let value: JSONValue
    let parent: Int
    let step: JSONPathStep
    /// The number of the schema that it is.
    var schema: Int?
  }

  struct Schema {
    let place: Int
    let resource: Int
  }

  /// A schema with a URI of its own and what belongs to it.
  struct Resource {
    let uri: URIReference
    let dialect: Dialect
    let root: Int
    var anchors: [Name: Anchor] = [:]
    /// Schemas by `$dynamicAnchor`; under the empty name the root, when it has `$recursiveAnchor`.
    var dynamicAnchors: [Name: Int] = [:]
  }

  struct Anchor {
    let schema: Int
    let isDynamic: Bool
    var isAmbiguous = false
  }

  enum Target {
    case schema(Int)
    /// The metaschema of a dialect.
    case metaschema(Dialect)
  }

  private(set) var places: [Place] = []
  private(set) var schemas: [Schema] = []
  private(set) var resources: [Resource] = []
  private var children: [ChildKey: Int] = [:]
  private var resourcesByURI: [Name: (resource: Int, isAmbiguous: Bool)] = [:]

  private struct ChildKey: Hashable {
    let parent: Int
    /// Empty for an element, whose `index` isn't -1 then.
    let name: Name
    let index: Int

    init(_ parent: Int, _ step: JSONPathStep) {
      self.parent = parent
      switch step {
      case .key(let key): (name, index) = (Name(key), -1)
      case .index(let index): (name, self.index) = ("", index)
      }
    }
  }

  init(_ document: JSONValue) throws(JSONSchemaError) {
    places.append(Place(value: document, parent: 0, step: .index(0)))
    switch document {
    case .object, .boolean: break
    default: throw error("must be a schema: an object or a boolean", at: 0)
    }
    try addSchemas(from: 0, in: nil, isNamed: true)
  }

  /// The number of the schema that stands there; absent when none was found.
  func schema(at place: Int, _ steps: [JSONPathStep]) -> Int? {
    var place = place
    for step in steps {
      guard let child = children[ChildKey(place, step)] else { return nil }
      place = child
    }
    return places[place].schema
  }

  func error(_ message: String, at place: Int, _ steps: [JSONPathStep] = []) -> JSONSchemaError {
    JSONSchemaError(message: message, path: path(of: place, steps))
  }

  func path(of place: Int, _ steps: [JSONPathStep] = []) -> String {
    var path: [JSONPathStep] = []
    var place = place
    while place != 0 {
      path.append(places[place].step)
      place = places[place].parent
    }
    return JSONError.path(path.reversed() + steps)
  }
}

// MARK: Finding schemas

extension SchemaDocument {
  /// Numbers the schema at a place and those in it.
  ///
  /// - Parameters:
  ///   - parent: the resource around it; absent for the root
  ///   - isNamed: whether the URIs and anchors in it can be referred to
  private mutating func addSchemas(from start: Int, in parent: Int?, isNamed: Bool) throws(JSONSchemaError) {
    var found: [(place: Int, resource: Int?)] = [(start, parent)]
    var next = 0
    while next < found.count {
      let (place, parent) = found[next]
      next += 1
      if places[place].schema != nil { continue }
      let resource = try addSchema(at: place, in: parent, isNamed: isNamed)
      guard let object = places[place].value.objectValue else { continue }
      for (keyword, value) in object.members {
        guard let form = resources[resource].dialect.form(of: keyword) else { continue }
        if let flaw = form.flaw(in: value) { throw error(flaw.message, at: place, [.key(keyword)] + flaw.steps) }
        form.forEachSchema(in: value) { steps, schema in
          var child = addPlace(below: place, .key(keyword), value)
          for step in steps { child = addPlace(below: child, step, schema) }
          found.append((child, resource))
        }
      }
    }
  }

  private mutating func addPlace(below parent: Int, _ step: JSONPathStep, _ value: JSONValue) -> Int {
    let key = ChildKey(parent, step)
    if let known = children[key] { return known }
    places.append(Place(value: value, parent: parent, step: step))
    children[key] = places.count - 1
    return places.count - 1
  }

  /// Gives the resource that the schema belongs to.
  private mutating func addSchema(at place: Int, in parent: Int?, isNamed: Bool) throws(JSONSchemaError) -> Int {
    let number = schemas.count
    places[place].schema = number
    let object = places[place].value.objectValue ?? [:]
    var dialect = parent.map { resources[$0].dialect } ?? .draft2020
    if let uri = object["$schema"], parent == nil || object["$id"] != nil || object["id"] != nil {
      guard let name = uri.stringValue else { throw error("must be a string", at: place, [.key("$schema")]) }
      guard let named = Dialect(schemaURI: name) else {
        throw error("names a dialect of JSON Schema that is not supported", at: place, [.key("$schema")])
      }
      dialect = named
    }
    let isReference = dialect.referencesStandAlone && object["$ref"] != nil
    let identifier = isReference ? nil : object[dialect.identifierKeyword]
    if let identifier, identifier.stringValue == nil {
      throw error("must be a string", at: place, [.key(dialect.identifierKeyword)])
    }
    let identity = URIReference(identifier?.stringValue ?? "")
    if dialect >= .draft2019, identity.fragment?.isEmpty == false {
      throw error("must not have a fragment", at: place, [.key(dialect.identifierKeyword)])
    }

    let uri = identity.resolved(against: parent.map { resources[$0].uri } ?? URIReference(""))
    let resource: Int
    if let parent, Name(uri.textWithoutFragment) == Name(resources[parent].uri.textWithoutFragment) {
      resource = parent
    } else {
      resource = resources.count
      resources.append(Resource(uri: uri, dialect: dialect, root: number))
      if isNamed { name(resource, at: place) }
      if dialect == .draft2019, object["$recursiveAnchor"]?.boolValue == true {
        resources[resource].dynamicAnchors[""] = number
      }
    }
    schemas.append(Schema(place: place, resource: resource))
    guard isNamed, !isReference else { return resource }
    if dialect < .draft2019, let anchor = identity.fragment, !anchor.isEmpty {
      add(Anchor(schema: number, isDynamic: false), String(anchor), to: resource)
    }
    if dialect >= .draft2019, let anchor = object["$anchor"]?.stringValue {
      add(Anchor(schema: number, isDynamic: false), anchor, to: resource)
    }
    if dialect == .draft2020, let anchor = object["$dynamicAnchor"]?.stringValue {
      add(Anchor(schema: number, isDynamic: true), anchor, to: resource)
    }
    return resource
  }

  private mutating func name(_ resource: Int, at place: Int) {
    let name = Name(resources[resource].uri.textWithoutFragment)
    guard let known = resourcesByURI[name] else {
      resourcesByURI[name] = (resource, false)
      return
    }
    // The same schema written out wherever it is used is what some libraries make; only different ones can't be told
    // apart.
    let first = places[schemas[resources[known.resource].root].place].value
    if first != places[place].value { resourcesByURI[name]?.isAmbiguous = true }
  }

  private mutating func add(_ anchor: Anchor, _ name: String, to resource: Int) {
    if anchor.isDynamic, resources[resource].dynamicAnchors[Name(name)] == nil {
      resources[resource].dynamicAnchors[Name(name)] = anchor.schema
    }
    if resources[resource].anchors[Name(name)] == nil {
      resources[resource].anchors[Name(name)] = anchor
    } else if resources[resource].anchors[Name(name)]?.schema != anchor.schema {
      resources[resource].anchors[Name(name)]?.isAmbiguous = true
    } else if anchor.isDynamic {
      resources[resource].anchors[Name(name)] = anchor
    }
  }
}

// MARK: References

extension SchemaDocument {
  /// What the reference at a keyword of a schema leads to, and whether its dynamic anchor makes it depend on the way that
  /// led here. Schemas in places where nobody looked for them are numbered now.
  mutating func resolve(
    _ reference: String, _ keyword: String, of schema: Int
  ) throws(JSONSchemaError) -> (target: Target, dynamicAnchor: Name?) {
    let (place, base) = (schemas[schema].place, schemas[schema].resource)
    let uri = URIReference(reference).resolved(against: resources[base].uri)
    let name = Name(uri.textWithoutFragment)
    guard let fragment = uri.decodedFragment else {
      throw error("has a fragment that cannot be decoded", at: place, [.key(keyword)])
    }
    let resource: Int
    if name == Name(resources[base].uri.textWithoutFragment) {
      resource = base
    } else if let known = resourcesByURI[name] {
      if known.isAmbiguous { throw error("leads to several schemas", at: place, [.key(keyword)]) }
      resource = known.resource
    } else if fragment.isEmpty, let dialect = Dialect(schemaURI: name.text) {
      return (.metaschema(dialect), nil)
    } else {
      throw error("leads outside of the schema", at: place, [.key(keyword)])
    }
    if fragment.isEmpty { return (.schema(resources[resource].root), nil) }
    if fragment.utf8.first == UInt8(ascii: "/") {
      guard let target = try follow(fragment, from: resources[resource].root) else {
        throw error("leads to no schema", at: place, [.key(keyword)])
      }
      return (.schema(target), nil)
    }
    guard let anchor = resources[resource].anchors[Name(fragment)] else {
      throw error("leads to no schema", at: place, [.key(keyword)])
    }
    if anchor.isAmbiguous { throw error("leads to several schemas", at: place, [.key(keyword)]) }
    return (.schema(anchor.schema), anchor.isDynamic ? Name(fragment) : nil)
  }

  /// Follows a JSON pointer (RFC 6901) to a schema.
  private mutating func follow(_ pointer: String, from schema: Int) throws(JSONSchemaError) -> Int? {
    var place = schemas[schema].place
    var resource = schemas[schema].resource
    for token in pointer.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      guard let child = child(of: place, String(Substring(token))) else { return nil }
      place = child
      if let schema = places[place].schema { resource = schemas[schema].resource }
    }
    switch places[place].value {
    case .object, .boolean: break
    default: return nil
    }
    if places[place].schema == nil { try addSchemas(from: place, in: resource, isNamed: false) }
    return places[place].schema
  }

  private mutating func child(of place: Int, _ token: String) -> Int? {
    let step: JSONPathStep
    switch places[place].value {
    case .array:
      guard let index = Int(token), index >= 0, Name(String(index)) == Name(token) else { return nil }
      step = .index(index)
    case .object: step = .key(Self.unescaped(token))
    default: return nil
    }
    if let known = children[ChildKey(place, step)] { return known }
    // All of them at once: looking up one after the other in a large object would take time quadratic in it.
    switch places[place].value {
    case .array(let elements):
      for index in elements.indices { _ = addPlace(below: place, .index(index), elements[index]) }
    case .object(let object):
      for member in object.members { _ = addPlace(below: place, .key(member.key), member.value) }
    default: break
    }
    return children[ChildKey(place, step)]
  }

  /// A `~` that begins no escape stands for itself.
  private static func unescaped(_ token: String) -> String {
    guard token.utf8.contains(UInt8(ascii: "~")) else { return token }
    var bytes: [UInt8] = []
    var isEscape = false
    for byte in token.utf8 {
      switch (isEscape, byte) {
      case (true, UInt8(ascii: "0")): bytes[bytes.count - 1] = UInt8(ascii: "~")
      case (true, UInt8(ascii: "1")): bytes[bytes.count - 1] = UInt8(ascii: "/")
      default:
        bytes.append(byte)
        isEscape = byte == UInt8(ascii: "~")
        continue
      }
      isEscape = false
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

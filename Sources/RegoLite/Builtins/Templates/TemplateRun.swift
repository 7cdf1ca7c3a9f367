/// Renders a template over a Rego value, as Go's text/template does over the maps and slices that OPA hands it.
struct TemplateRun {
  /// What a pipeline works on. Numbers of the data are text to a template (`json.Number`), those of the template are
  /// numbers.
  enum Datum {
    /// A member that isn't there, and what a pipeline makes of null.
    case nothing
    /// Null as a member or an element: unlike `nothing`, it has no members to ask for.
    case null
    case value(Value)
    case int(Int)
    case float(Double)

    init(_ value: Value?) {
      switch value {
      case nil: self = .nothing
      case .null?: self = .null
      case let value?: self = .value(value)
      }
    }
  }

  private enum Flow {
    case on, breaks, continues
  }

  private let template: TextTemplate
  private var variables: [(name: String, datum: Datum)]
  private var output: [UInt8] = []
  private var name = "template"
  private var depth = 0

  static func text(
    of template: TextTemplate, _ data: Value, _ context: inout BuiltinContext
  ) throws(BuiltinError) -> String {
    var run = TemplateRun(template: template, variables: [("$", Datum(data))])
    _ = try run.render(template.body, Datum(data), &context)
    // OPA renames what isn't there in the whole text, wherever it comes from.
    var result: [UInt8] = []
    var end = 0
    for start in ByteSearch(Array(Datum.missing.utf8)).indexes(in: run.output) {
      result += run.output[end..<start]
      result += "<undefined>".utf8
      end = start + Datum.missing.utf8.count
    }
    return String(decoding: result + run.output[end...], as: UTF8.self)
  }

  private init(template: TextTemplate, variables: [(name: String, datum: Datum)]) {
    self.template = template
    self.variables = variables
  }

  private mutating func write(_ text: String, _ context: inout BuiltinContext) throws(BuiltinError) {
    try context.charge(bytes: 32 + text.utf8.count)
    output += text.utf8
  }

  func fault(_ place: TextTemplate.Place, _ message: String) -> BuiltinError {
    .failure(
      "template: template:\(place.line):\(place.column): executing \(GoQuote.string(name)) at <\(place.source)>: \(message)"
    )
  }

  // MARK: Nodes

  private mutating func render(
    _ nodes: [TextTemplate.Node], _ dot: Datum, _ context: inout BuiltinContext
  ) throws(BuiltinError) -> Flow {
    let scope = variables.count
    defer { variables.removeSubrange(scope...) }
    for node in nodes {
      try context.charge(1)
      let flow = try render(node, dot, &context)
      guard case .on = flow else { return flow }
    }
    return .on
  }

  private mutating func render(
    _ node: TextTemplate.Node, _ dot: Datum, _ context: inout BuiltinContext
  ) throws(BuiltinError) -> Flow {
    switch node {
    case .text(let text): try write(text, &context)
    case .action(let pipeline):
      let datum = try value(of: pipeline, dot, &context)
      if pipeline.variables.isEmpty { try write(datum.shown, &context) }
    case .branch(let condition, let nodes, let otherwise):
      let scope = variables.count
      defer { variables.removeSubrange(scope...) }
      let holds = try value(of: condition, dot, &context).isTrue
      return try render(holds ? nodes : otherwise, dot, &context)
    case .with(let condition, let nodes, let otherwise):
      let scope = variables.count
      defer { variables.removeSubrange(scope...) }
      let datum = try value(of: condition, dot, &context)
      return datum.isTrue ? try render(nodes, datum, &context) : try render(otherwise, dot, &context)
    case .range(let pipeline, let nodes, let otherwise):
      return try loop(pipeline, nodes, otherwise, dot, &context)
    case .template(let called, let pipeline, let place):
      guard let body = template.named[called] else {
        throw fault(place, "template \(GoQuote.string(called)) not defined")
      }
      depth += 1
      defer { depth -= 1 }
      guard depth <= 100 else { throw fault(place, "exceeded maximum template depth") }
      let datum =
        try pipeline.map { pipeline throws(BuiltinError) in try value(of: pipeline, dot, &context) } ?? .nothing
      let (outer, outerName) = (variables, name)
      (variables, name) = ([("$", datum)], called)
      _ = try render(body, datum, &context)
      (variables, name) = (outer, outerName)
    case .breakLoop: return .breaks
    case .continueLoop: return .continues
    }
    return .on
  }

  private mutating func loop(
    _ pipeline: TextTemplate.Pipeline, _ nodes: [TextTemplate.Node], _ otherwise: [TextTemplate.Node], _ dot: Datum,
    _ context: inout BuiltinContext
  ) throws(BuiltinError) -> Flow {
    var plain = pipeline
    plain.variables = []
    let scope = variables.count
    defer { variables.removeSubrange(scope...) }
    let datum = try value(of: plain, dot, &context)
    let elements: [(key: Datum, value: Datum)]
    switch datum {
    case .nothing, .null: elements = []
    case .value(.array(let array)): elements = array.enumerated().map { (.int($0.offset), Datum($0.element)) }
    case .value(.set(let set)): elements = set.elements.enumerated().map { (.int($0.offset), Datum($0.element)) }
    case .value(.object(let object)):
      elements = object.entries.map { (.value(.string(Text($0.key.asString ?? $0.key.json()))), Datum($0.value)) }
    case .int(let count):
      if pipeline.variables.count > 1 {
        throw fault(pipeline.place, "can't use \(count) to iterate over more than one variable")
      }
      try context.charge(max(count, 0))
      elements = (0..<max(count, 0)).map { (.int($0), .int($0)) }
    default: throw fault(pipeline.place, "range can't iterate over \(datum.shown)")
    }
    if elements.isEmpty { return try render(otherwise, dot, &context) }
    for element in elements {
      try context.charge(1)
      variables.removeSubrange(scope...)
      switch pipeline.variables.count {
      case 1: set(pipeline.variables[0], element.value, pipeline.isAssignment)
      case 2...:
        set(pipeline.variables[0], element.key, pipeline.isAssignment)
        set(pipeline.variables[1], element.value, pipeline.isAssignment)
      default: break
      }
      if case .breaks = try render(nodes, element.value, &context) { break }
    }
    return .on
  }

  private mutating func set(_ name: String, _ datum: Datum, _ isAssignment: Bool) {
    if isAssignment, let index = variables.lastIndex(where: { $0.name == name }) {
      variables[index].datum = datum
    } else {
      variables.append((name, datum))
    }
  }

  // MARK: Pipelines

  private mutating func value(
    of pipeline: TextTemplate.Pipeline, _ dot: Datum, _ context: inout BuiltinContext
  ) throws(BuiltinError) -> Datum {
    var final: Datum?
    for command in pipeline.commands { final = try value(of: command, dot, final, &context) }
    var datum = final ?? .nothing
    if case .null = datum { datum = .nothing }
    for name in pipeline.variables { set(name, datum, pipeline.isAssignment) }
    return datum
  }

  private mutating func value(
    of command: TextTemplate.Command, _ dot: Datum, _ final: Datum?, _ context: inout BuiltinContext
  ) throws(BuiltinError) -> Datum {
    try context.charge(2)
    let first = command.operands[0]
    let rest = command.operands.dropFirst()
    if case .function(let name) = first.kind {
      var arguments: [Datum] = []
      // These look at what comes after only when it matters.
      if name == "and" || name == "or" {
        var last = Datum.nothing
        for operand in rest {
          last = try value(of: operand, dot, &context)
          if last.isTrue == (name == "or") { return last }
        }
        if let final { last = final }
        if rest.isEmpty, final == nil {
          throw fault(command.place, "wrong number of args for \(name): want at least 1 got 0")
        }
        return last
      }
      for operand in rest { arguments.append(try value(of: operand, dot, &context).asArgument) }
      if let final { arguments.append(final.asArgument) }
      let call = TemplateCall(name: name, arguments: arguments, firstSource: rest.first?.place.source ?? "")
      let result: Datum
      do throws(BuiltinError) {
        result = try call.result(&context)
      } catch {
        if error.code == .halt { throw error }
        throw fault(command.place, error.message)
      }
      return try fields(first.fields, of: result, first.place)
    }
    if !rest.isEmpty || final != nil {
      switch first.kind {
      case .dot where !first.fields.isEmpty, .variable where !first.fields.isEmpty:
        throw fault(first.place, "\(first.fields.last ?? "") is not a method but has arguments")
      default: throw fault(first.place, "can't give argument to non-function \(first.place.source)")
      }
    }
    if case .null = first.kind { throw fault(first.place, "nil is not a command") }
    return try value(of: first, dot, &context)
  }

  private mutating func value(
    of operand: TextTemplate.Operand, _ dot: Datum, _ context: inout BuiltinContext
  ) throws(BuiltinError) -> Datum {
    let datum: Datum
    switch operand.kind {
    case .dot: datum = dot
    case .null: datum = .nothing
    case .variable(let name): datum = variables.last { $0.name == name }?.datum ?? .nothing
    case .boolean(let value): datum = .value(.boolean(value))
    case .int(let value): datum = .int(value)
    case .float(let value): datum = .float(value)
    case .string(let text): datum = .value(.string(Text(text)))
    case .pipeline(let pipeline): datum = try value(of: pipeline, dot, &context)
    case .function:
      datum = try value(of: TextTemplate.Command(operands: [operand], place: operand.place), dot, nil, &context)
      return datum
    }
    return try fields(operand.fields, of: datum, operand.place)
  }

  private func fields(
    _ names: [String], of datum: Datum, _ place: TextTemplate.Place
  ) throws(BuiltinError) -> Datum {
    var datum = datum
    for name in names {
      switch datum {
      case .value(.object(let object)): datum = Datum(object[Text(name)])
      case .nothing: return .nothing
      case .null: throw fault(place, "nil pointer evaluating interface {}.\(name)")
      default: throw fault(place, "can't evaluate field \(name) in type interface {}")
      }
    }
    return datum
  }
}

extension TemplateRun.Datum {
  /// Neither zero, empty nor nothing. A number of the data is text, and so always true.
  var isTrue: Bool {
    switch self {
    case .nothing, .null: false
    case .int(let value): value != 0
    case .float(let value): value != 0
    case .value(.boolean(let value)): value
    case .value(.string(let text)): !text.utf8.isEmpty
    case .value(.array(let array)): !array.isEmpty
    case .value(.set(let set)): !set.isEmpty
    case .value(.object(let object)): !object.isEmpty
    case .value: true
    }
  }

  /// As an action prints it.
  var shown: String {
    switch self {
    case .nothing, .null: Self.missing
    default: text
    }
  }

  static let missing = "<no value>"

  /// As Go's `%v` prints it.
  var text: String {
    switch self {
    case .nothing, .null: "<nil>"
    case .int(let value): String(value)
    case .float(let value): Self.text(value)
    case .value(let value): Self.text(value)
    }
  }

  private static func text(_ value: Double) -> String {
    let digits = GoFloat(value).text("g", precision: nil, sharp: false) ?? value.description
    return value.sign == .minus ? "-" + digits : digits
  }

  private static func text(_ value: Value) -> String {
    switch value {
    case .null: "<nil>"
    case .string(let text): text.string
    case .array(let array): "[\(array.map(text).joined(separator: " "))]"
    case .set(let set): "[\(set.elements.map(text).joined(separator: " "))]"
    case .object(let object):
      "map[\(object.entries.map { "\(text($0.key)):\(text($0.value))" }.joined(separator: " "))]"
    default: value.json()
    }
  }

  /// Functions see no difference between null and what isn't there.
  var asArgument: TemplateRun.Datum { if case .null = self { .nothing } else { self } }

  /// Text for the functions that want some: strings, and numbers of the data.
  var string: String? {
    switch self {
    case .value(.string(let text)): text.string
    case .value(.number(let number)): number.description
    default: nil
    }
  }

  var typeName: String {
    switch self {
    case .nothing, .null: "nil"
    case .int: "int"
    case .float: "float64"
    case .value(.string): "string"
    case .value(.number): "json.Number"
    case .value(.boolean): "bool"
    case .value(.object): "map[string]interface {}"
    case .value: "[]interface {}"
    }
  }
}

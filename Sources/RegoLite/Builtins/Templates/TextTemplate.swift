/// A template of Go's text/template.
struct TextTemplate {
  private(set) var body: [Node] = []
  /// What `define` and `block` have named.
  private(set) var named: [String: [Node]] = [:]

  indirect enum Node {
    case text(String)
    case action(Pipeline)
    case branch(Pipeline, [Node], otherwise: [Node])
    case with(Pipeline, [Node], otherwise: [Node])
    case range(Pipeline, [Node], otherwise: [Node])
    case template(String, Pipeline?, Place)
    case breakLoop
    case continueLoop
  }

  /// Where something stands, for messages.
  struct Place {
    let line: Int
    /// Bytes from the start of the line.
    let column: Int
    let source: String
  }

  struct Pipeline {
    var variables: [String] = []
    var isAssignment = false
    var commands: [Command] = []
    var place: Place
  }

  struct Command {
    var operands: [Operand]
    var place: Place
  }

  struct Operand {
    indirect enum Kind {
      case dot
      case null
      case variable(String)
      case function(String)
      case boolean(Bool)
      case int(Int)
      case float(Double)
      case string(String)
      case pipeline(Pipeline)
    }
    var kind: Kind
    var fields: [String] = []
    var place: Place
  }

  static let functions: Set<String> = [
    "and", "call", "html", "index", "slice", "js", "len", "not", "or", "print", "printf", "println", "urlquery", "eq",
    "ge", "gt", "le", "lt", "ne",
  ]

  init(_ text: Text) throws(BuiltinError) {
    do throws(TemplateLexer.Fault) {
      var parser = TemplateParser(text: text, items: try TemplateLexer.items(of: text))
      try parser.parse()
      named = parser.named
      body = named["template"] ?? []
    } catch {
      throw .failure("template: template:\(error.line): \(error.message)")
    }
  }
}

private struct TemplateParser {
  typealias Node = TextTemplate.Node
  typealias Fault = TemplateLexer.Fault
  private typealias Item = TemplateLexer.Item

  private let bytes: [UInt8]
  private let items: [TemplateLexer.Item]
  private var index = 0
  private var variables = ["$"]
  private var loops = 0
  private var depth = 0
  var named: [String: [Node]] = [:]

  init(text: Text, items: [TemplateLexer.Item]) {
    bytes = Array(text.utf8)
    self.items = items
  }

  /// Fills `named`: what is outside of all definitions is called `template`.
  mutating func parse() throws(Fault) {
    let (nodes, end) = try list()
    if let end { throw fault("unexpected {{\(end)}}") }
    try define("template", nodes)
  }

  /// Nodes up to `end` or `else`, whose word is taken but not what follows it.
  private mutating func list() throws(Fault) -> ([Node], end: String?) {
    depth += 1
    defer { depth -= 1 }
    guard depth <= 100 else { throw fault("actions are nested too deeply") }
    var nodes: [Node] = []
    while let item = peek {
      index += 1
      guard case .text(let text) = item.token else {
        skipSpace()
        if case .word(let word)? = peek?.token, word == "end" || word == "else" {
          index += 1
          if word == "end" { try endAction("end") }
          return (nodes, word)
        }
        if let node = try action() { nodes.append(node) }
        continue
      }
      nodes.append(.text(text))
    }
    return (nodes, nil)
  }

  private mutating func action() throws(Fault) -> Node? {
    guard case .word(let word)? = peek?.token else { return .action(try pipeline("command")) }
    switch word {
    case "if", "with", "range":
      index += 1
      return try control(word)
    case "break", "continue":
      index += 1
      if loops == 0 { throw fault("{{\(word)}} outside {{range}}") }
      try endAction("{{\(word)}}")
      return word == "break" ? .breakLoop : .continueLoop
    case "define":
      if depth > 1 { throw fault("unexpected <define> in command") }
      index += 1
      skipSpace()
      let name = try templateName("define clause")
      try endAction("define clause")
      try define(name, separate("define clause"))
      return nil
    case "block":
      index += 1
      skipSpace()
      let place = place(at: index)
      let name = try templateName("block clause")
      let pipeline = try pipeline("block clause")
      try define(name, separate("block clause"))
      return .template(name, pipeline, place)
    case "template":
      index += 1
      skipSpace()
      let item = place(at: index)
      let name = try templateName("template clause")
      skipSpace()
      let place = TextTemplate.Place(
        line: item.line, column: item.column, source: "{{template \(GoQuote.string(name))}}")
      if case .actionEnd? = peek?.token {
        index += 1
        return .template(name, nil, place)
      }
      return .template(name, try pipeline("template clause"), place)
    default:
      return .action(try pipeline("command"))
    }
  }

  /// Of two bodies for a name one has to be blank.
  private mutating func define(_ name: String, _ nodes: [Node]) throws(Fault) {
    func isBlank(_ nodes: [Node]) -> Bool {
      nodes.allSatisfy {
        guard case .text(let text) = $0 else { return false }
        return text.unicodeScalars.allSatisfy(\.properties.isWhitespace)
      }
    }
    if let earlier = named[name], !isBlank(earlier) {
      if !isBlank(nodes) { throw fault("template: multiple definition of template \(GoQuote.string(name))") }
    } else {
      named[name] = nodes
    }
  }

  /// The body of a template of its own, with variables of its own.
  private mutating func separate(_ context: String) throws(Fault) -> [Node] {
    let (outer, outerLoops) = (variables, loops)
    (variables, loops) = (["$"], 0)
    defer { (variables, loops) = (outer, outerLoops) }
    let (nodes, end) = try list()
    guard end == "end" else { throw fault(end == nil ? "unexpected EOF" : "unexpected {{else}} in \(context)") }
    return nodes
  }

  private mutating func control(_ word: String) throws(Fault) -> Node {
    let scope = variables.count
    defer { variables.removeSubrange(scope...) }
    let condition = try pipeline(word)
    if word == "range" { loops += 1 }
    let (nodes, end) = try list()
    if word == "range" { loops -= 1 }
    guard let end else { throw fault("unexpected EOF") }
    var otherwise: [Node] = []
    if end == "else" {
      skipSpace()
      if case .word(let next)? = peek?.token, next == word, word != "range" {
        index += 1
        otherwise = [try control(word)]
      } else {
        try endAction("else")
        let (branch, last) = try list()
        guard last == "end" else { throw fault(last == nil ? "unexpected EOF" : "expected end; found {{else}}") }
        otherwise = branch
      }
    }
    return switch word {
    case "if": .branch(condition, nodes, otherwise: otherwise)
    case "with": .with(condition, nodes, otherwise: otherwise)
    default: .range(condition, nodes, otherwise: otherwise)
    }
  }

  private mutating func templateName(_ context: String) throws(Fault) -> String {
    guard case .string(let name)? = peek?.token else { throw fault("unexpected token in \(context)") }
    index += 1
    return name
  }

  // MARK: Pipelines

  /// Up to the end of the action, or the parenthesis that closes it.
  private mutating func pipeline(_ context: String, inParentheses: Bool = false) throws(Fault) -> TextTemplate.Pipeline
  {
    depth += 1
    defer { depth -= 1 }
    guard depth <= 100 else { throw fault("pipelines are nested too deeply") }
    skipSpace()
    var pipeline = TextTemplate.Pipeline(place: place(at: index))
    try declarations(&pipeline, context)
    while true {
      skipSpace()
      guard let item = peek else { throw fault("unclosed action") }
      if item.token == (inParentheses ? .close : .actionEnd) {
        if pipeline.commands.isEmpty { throw fault("missing value for \(context)") }
        index += 1
        break
      }
      let command = try command()
      pipeline.commands.append(command)
    }
    for command in pipeline.commands.dropFirst() {
      switch command.operands[0].kind {
      case .boolean,
        .dot where command.operands[0].fields.isEmpty, .null, .int, .float, .string:
        throw fault("non executable command in pipeline stage 2")
      default: break
      }
    }
    return pipeline
  }

  private mutating func declarations(_ pipeline: inout TextTemplate.Pipeline, _ context: String) throws(Fault) {
    let start = index
    var names: [String] = []
    while case .variable(let name)? = peek?.token {
      index += 1
      names.append(name)
      skipSpace()
      switch peek?.token {
      case .comma? where context == "range" && names.count < 2:
        index += 1
        skipSpace()
        continue
      case .declare?:
        index += 1
        pipeline.variables = names
        variables += names
        return
      case .assign?:
        index += 1
        for name in names where !variables.contains(name) { throw fault("undefined variable \(GoQuote.string(name))") }
        pipeline.variables = names
        pipeline.isAssignment = true
        return
      default: break
      }
      break
    }
    index = start
  }

  private mutating func command() throws(Fault) -> TextTemplate.Command {
    let start = index
    var operands: [TextTemplate.Operand] = []
    while true {
      skipSpace()
      guard let item = peek else { throw fault("unclosed action") }
      switch item.token {
      case .pipe:
        if operands.isEmpty { throw fault("empty command") }
        let place = place(from: start, to: index - 1)
        index += 1
        skipSpace()
        if peek?.token == .actionEnd || peek?.token == .close { throw fault("missing value for command") }
        return TextTemplate.Command(operands: operands, place: place)
      case .actionEnd, .close:
        if operands.isEmpty { throw fault("empty command") }
        return TextTemplate.Command(operands: operands, place: place(from: start, to: index - 1))
      default: operands.append(try operand())
      }
    }
  }

  private mutating func operand() throws(Fault) -> TextTemplate.Operand {
    guard let item = peek else { throw fault("unclosed action") }
    let start = index
    index += 1
    var fields: [String] = []
    let kind: TextTemplate.Operand.Kind
    switch item.token {
    case .dot: kind = .dot
    case .field(let name):
      kind = .dot
      fields = [name]
    case .variable(let name):
      guard variables.contains(name) else { throw fault("undefined variable \(GoQuote.string(name))") }
      kind = .variable(name)
    case .word("true"): kind = .boolean(true)
    case .word("false"): kind = .boolean(false)
    case .word("nil"): kind = .null
    case .word(let name):
      guard TextTemplate.functions.contains(name) else { throw fault("function \(GoQuote.string(name)) not defined") }
      kind = .function(name)
    case .int(let value): kind = .int(value)
    case .float(let value): kind = .float(value)
    case .string(let text): kind = .string(text)
    case .open: kind = .pipeline(try pipeline("parenthesized pipeline", inParentheses: true))
    default: throw fault("unexpected \(source(item)) in operand")
    }
    var second: Int?
    while case .field(let name)? = peek?.token {
      if second == nil { second = index }
      fields.append(name)
      index += 1
    }
    let whole = place(from: start, to: index - 1)
    let at = second.map { place(at: $0) } ?? whole
    return TextTemplate.Operand(
      kind: kind, fields: fields,
      place: TextTemplate.Place(line: at.line, column: at.column, source: whole.source))
  }

  // MARK: Items

  private var peek: TemplateLexer.Item? { index < items.count ? items[index] : nil }

  private mutating func skipSpace() { while peek?.token == .space { index += 1 } }

  private mutating func endAction(_ context: String) throws(Fault) {
    skipSpace()
    guard let item = peek else { throw fault("unclosed action") }
    guard item.token == .actionEnd else { throw fault("unexpected \(source(item)) in \(context)") }
    index += 1
  }

  private func source(_ item: TemplateLexer.Item) -> String {
    "<\(String(decoding: bytes[item.start..<min(item.end, bytes.count)], as: UTF8.self))>"
  }

  private func place(at index: Int) -> TextTemplate.Place { place(from: index, to: index) }

  private func place(from first: Int, to last: Int) -> TextTemplate.Place {
    guard items.indices.contains(first), items.indices.contains(last) else {
      return TextTemplate.Place(line: items.last?.line ?? 1, column: 0, source: "")
    }
    let start = items[first].start
    let lineStart = bytes[..<start].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    var end = items[last].end
    while end > start, bytes[end - 1] == 0x20 { end -= 1 }
    return TextTemplate.Place(
      line: items[first].line, column: start - lineStart,
      source: String(decoding: bytes[start..<max(start, end)], as: UTF8.self))
  }

  private func fault(_ message: String) -> Fault {
    Fault(line: (peek ?? items.last)?.line ?? 1, message: message)
  }
}

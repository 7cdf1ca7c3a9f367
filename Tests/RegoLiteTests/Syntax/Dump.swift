@testable import RegoLite

/// Syntax trees as compact S-expressions, so that a test can say what a text parses to.
///
/// `(+ a b)`-like calls name their operation, `(ref a "b" x)` is a reference, `#{…}` a set, `[| x : …]`, `{| x : …}` and
/// `{| k v : …}` are comprehensions.
struct Dump {
  /// Sets and objects in the order of their dumps, not of the text.
  var isSorted = false

  func term(_ term: Term) -> String {
    switch term.kind {
    case .scalar(.null): return "null"
    case .scalar(.boolean(let value)): return "\(value)"
    case .scalar(.number(let number)): return number.description
    case .scalar(.string(let text)): return quoted(text)
    case .scalar: return "?"
    case .variable(let name): return name.string
    case .reference(let head, let path): return list("ref", [self.term(head)] + path.map(self.term))
    case .array(let terms): return "[" + terms.map(self.term).joined(separator: " ") + "]"
    case .set(let terms): return "#{" + ordered(terms.map(self.term)).joined(separator: " ") + "}"
    case .object(let items):
      return "{" + ordered(items.map { self.term($0.key) + ": " + self.term($0.value) }).joined(separator: ", ") + "}"
    case .arrayComprehension(let head, let body): return "[| \(self.term(head)) : \(self.body(body))]"
    case .setComprehension(let head, let body): return "{| \(self.term(head)) : \(self.body(body))}"
    case .objectComprehension(let key, let value, let body):
      return "{| \(self.term(key)) \(self.term(value)) : \(self.body(body))}"
    case .call(let operation, let arguments): return list(name(operation), arguments.map(self.term))
    case .template(let parts):
      return list(
        "$",
        parts.map {
          switch $0 {
          case .text(let text): quoted(text)
          case .expression(let term): self.term(term)
          case .literal(let expression): self.expression(expression)
          }
        })
    }
  }

  func body(_ body: Body) -> String { body.map(expression).joined(separator: " ") }

  func expression(_ expression: Expression) -> String {
    var text: String
    switch expression.kind {
    case .term(let term): text = self.term(term)
    case .someDeclaration(let variables): text = list("some", variables.map(\.name.string))
    case .someIn(let key, let value, let collection):
      text = list("some-in", [key, value, collection].compactMap { $0 }.map(term))
    case .every(let key, let value, let domain, let body):
      text = list("every", [key, value, domain].compactMap { $0 }.map(term) + [":", self.body(body)])
    case .not(let negated): text = list("not", [":", self.body(negated.body)])
    case .and(let left, let right): text = list("and", [self.body(left.body), ":", self.body(right.body)])
    case .or(let left, let right): text = list("or", [self.body(left.body), ":", self.body(right.body)])
    }
    if expression.isNegated { text = list("not", [text]) }
    if !expression.modifiers.isEmpty {
      text = list("with", [text] + expression.modifiers.map { "(\(term($0.target)) \(term($0.value)))" })
    }
    return text
  }

  func rule(_ rule: Rule) -> String {
    var parts = [head(rule.head), ":", body(rule.body)]
    for branch in rule.elseBranches {
      parts.append(list("else", [branch.value.map(term) ?? "true", ":", body(branch.body)]))
    }
    return list(rule.isDefault ? "default" : "rule", parts)
  }

  func head(_ head: Head) -> String {
    var parts: [String] = [head.path.isEmpty ? head.name.string : list("ref", [head.name.string] + head.path.map(term))]
    if let arguments = head.arguments { parts.append(list("args", arguments.map(term))) }
    switch head.kind {
    case .value(let value): parts += [":=", value.map(term) ?? "true"]
    case .contains(let key): parts += ["contains", term(key)]
    }
    return parts.joined(separator: " ")
  }

  func module(_ module: Module) -> String {
    var lines = [list("package", module.package.path.map(quoted))]
    lines += module.imports.map { list("import", $0.path.map(quoted) + ($0.alias.map { ["as", $0.string] } ?? [])) }
    lines += module.rules.map(rule)
    return lines.joined(separator: "\n")
  }

  private func ordered(_ parts: [String]) -> [String] { isSorted ? Array(Set(parts)).sorted() : parts }

  private func list(_ head: String, _ parts: [String]) -> String {
    "(" + ([head] + parts.filter { !$0.isEmpty }).joined(separator: " ") + ")"
  }

  private func name(_ operation: Term) -> String {
    guard case .reference(let head, let path) = operation.kind else { return term(operation) }
    let parts = path.map { part in
      if case .scalar(.string(let text)) = part.kind { text.string } else { term(part) }
    }
    return ([term(head)] + parts).joined(separator: ".")
  }

  private func quoted(_ text: Text) -> String {
    var quoted = "\""
    for scalar in text.string.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

/// What calls call, and what `with` replaces.
extension ResolveNames {
  /// The call's target; absent, with an error noted, when there is none or it takes another number of arguments.
  mutating func callee(_ operation: Term, arguments: [Term], allowsResult: Bool) -> Callee? {
    let count = arguments.count
    guard let callee = resolveCallee(operation) else {
      reportUndefined(operation, arguments: count, allowsResult: allowsResult)
      return nil
    }
    if case .builtin(let builtin) = callee, Builtins.unsupported.contains(builtin.name) {
      unsupportedCalls.append((builtin.name, operation.location))
    }
    if case .builtin(let builtin) = callee, builtin.isDeprecated, options.isStrict || module.version == .v1 && !isQuery
    {
      report(
        .type(
          "deprecated built-in function calls in expression: \(builtin.name)", at: operation.location, .deprecated))
    }
    let arity = tree.arity(of: callee)
    if count == arity || (allowsResult && count == arity + 1) { return callee }
    switch callee {
    case .builtin(let builtin):
      report(
        .type(module.arityMismatch(builtin, arguments, hasResult: !allowsResult), at: operation.location, .calls))
    case .function(let group):
      report(
        .type(
          "function \(tree.groups[group].name) has arity \(arity), got \(Self.arguments(count))",
          at: operation.location, .calls))
    }
    return nil
  }

  private static func arguments(_ count: Int) -> String { "\(count) argument\(count == 1 ? "" : "s")" }

  /// Says why nothing can be called by this name.
  private mutating func reportUndefined(_ operation: Term, arguments count: Int, allowsResult: Bool) {
    var name = operation.dottedName
    if let (head, path) = Self.names(of: operation) {
      if isDeclared(head) {
        _ = meaning(of: head)
        // As OPA has it: what stands for a value in a body is found to be shadowed, the rest to be missing.
        if !allowsResult, !isInHead {
          report(.compile("called function \(name) shadowed", at: operation.location))
          return
        }
      }
      var target: [Text]?
      if isDeclared(head) {
        target = nil
      } else if head == "data" {
        target = path
      } else if let global = module.globals[head] {
        target = global.path + path
      }
      if let target, head == "data" || module.globals[head]?.root == "data" {
        name = "data" + target.map { RuleGroup.pathPart(.string($0)) }.joined()
        // A rule without arguments that is called with some.
        if tree.node(at: target.map { .string($0) })?.group != nil, count > (allowsResult ? 1 : 0) {
          report(
            .type("function \(name) has arity 0, got \(Self.arguments(count))", at: operation.location, .calls))
          return
        }
      }
    }
    report(.type("undefined function \(name)", at: operation.location, .calls))
  }

  /// `data.lib.f` as `data` and `lib`, `f`; absent for what is no name.
  private static func names(of operation: Term) -> (head: Text, path: [Text])? {
    switch operation.kind {
    case .variable(let name): return (name, [])
    case .reference(let term, let parts):
      guard case .variable(let head) = term.kind else { return nil }
      var path: [Text] = []
      for part in parts {
        guard case .scalar(.string(let text)) = part.kind else { return nil }
        path.append(text)
      }
      return (head, path)
    default: return nil
    }
  }

  /// The builtin that the operation names; absent for rules and what isn't there.
  mutating func resolvedBuiltin(_ operation: Term) -> Builtin? {
    guard case .builtin(let builtin)? = resolveCallee(operation) else { return nil }
    return builtin
  }

  private mutating func resolveCallee(_ operation: Term) -> Callee? {
    guard let (head, path) = Self.names(of: operation) else { return nil }
    if isDeclared(head) { return nil }
    if let global = module.globals[head], global.root == "data" {
      usedGlobals.insert(head)
      return tree.function(at: global.path + path).map(Callee.function)
    }
    if head == "data" { return tree.function(at: path).map(Callee.function) }
    let name = path.isEmpty ? head : Text(([head] + path).map(\.string).joined(separator: "."))
    return Builtins.all[name].map(Callee.builtin)
  }

  mutating func modifiers(_ modifiers: [WithModifier], into steps: inout [Step]) -> WithGroup? {
    guard !modifiers.isEmpty else { return nil }
    var result: [(target: WithTarget, value: WithReplacement)] = []
    var targets: [Location] = []
    callsFirst(into: &steps) { names, steps in
      for modifier in modifiers {
        guard let target = names.target(modifier.target) else {
          if names.resolveCallee(modifier.value) == nil { _ = names.atom(modifier.value, with: nil, into: &steps) }
          continue
        }
        targets.append(modifier.target.location)
        result.append((target, names.replacement(modifier.value, for: target, into: &steps)))
      }
    }
    return WithGroup(result, targets: targets)
  }

  private func reason(againstReplacing builtin: Builtin) -> String? {
    let name = builtin.name.string
    if name.hasPrefix("internal.") { return "replacement of internal function \"\(name)\" invalid" }
    if ["eq", "rego.metadata.chain", "rego.metadata.rule"].contains(name) {
      return "replacement of \"\(name)\" invalid"
    }
    if case .relation = builtin.body { return "target must not be a relation" }
    return nil
  }

  private mutating func target(_ term: Term) -> WithTarget? {
    if let callee = resolveCallee(term) {
      switch callee {
      case .builtin(let builtin):
        if let reason = reason(againstReplacing: builtin) {
          report(
            .compile("with keyword replacing built-in function: \(reason)", at: term.location, .modifiers))
          return nil
        }
        replacedBuiltins.insert(builtin.name)
        return .builtin(builtin.name)
      case .function(let group): return .function(group)
      }
    }
    var base: ReferenceBase?
    var path: [Text] = []
    var isNames = true
    switch term.kind {
    case .variable(let name):
      if case .document(let root, let prefix) = meaning(of: name) { (base, path) = (root, prefix) }
    case .reference(let head, let parts):
      if case .variable(let name) = head.kind, case .document(let root, let prefix) = meaning(of: name) {
        (base, path) = (root, prefix)
        for part in parts {
          if case .scalar(.string(let text)) = part.kind, isNames {
            path.append(text)
          } else {
            isNames = false
            if case .variable(let name) = part.kind, case .local = meaning(of: name) {
              report(.unsafe("var \(name.isWildcard ? "_" : name.string)", at: part.location))
            }
          }
        }
      }
    default: break
    }
    switch base {
    case .input: return isNames ? .input(path) : .nowhere(isInput: true, path)
    case .data:
      if tree.isInsideGroup(isNames ? path : path + [""]) {
        report(
          .compile("with keyword cannot partially replace virtual document(s)", at: term.location, .modifiers))
        return nil
      }
      return isNames ? .data(path) : .nowhere(isInput: false, path)
    default:
      report(
        .type(
          "with keyword target must reference existing input, data, or a function", at: term.location, .modifiers))
      return nil
    }
  }

  private mutating func replacement(_ term: Term, for target: WithTarget, into steps: inout [Step]) -> WithReplacement {
    switch target {
    case .builtin, .function:
      if let callee = resolveCallee(term) { return .callee(callee) }
    case .data:
      // A function is no document: what it stands in for is undefined.
      if case .function(let group)? = resolveCallee(term) { return .callee(.function(group)) }
    case .input, .nowhere: break
    }
    return .value(atom(term, with: nil, into: &steps))
  }
}

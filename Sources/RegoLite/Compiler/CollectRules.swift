/// Puts every module's rules into one tree by name, and finds the names that can't stand together.
struct CollectRules {
  private(set) var root = RuleNode()
  private(set) var groups: [RuleGroup] = []
  private(set) var errors: [PolicyError] = []

  /// A rule with its full path, before it is known where its group begins.
  private struct Entry {
    let definition: RuleGroup.Definition
    /// Package and name: the leading constants.
    let ground: [Value]
    /// From the first term on that isn't a constant.
    let suffix: [Term]
  }

  private final class Draft {
    var children: [Value: Draft] = [:]
    var entries: [Entry] = []
    /// The first module of the package with this name.
    var package: Module?

    /// The draft at a path below this one, made when it isn't there.
    func below(_ path: [Value]) -> Draft {
      var draft = self
      for key in path {
        if let child = draft.children[key] {
          draft = child
        } else {
          let child = Draft()
          draft.children[key] = child
          draft = child
        }
      }
      return draft
    }
  }

  init(_ modules: [Module], isStrict: Bool) {
    let draft = Draft()
    let annotations = AnnotationSet(modules)
    errors += annotations.errors
    var ruleNames: [[Text]: Set<Text>] = [:]
    for module in modules {
      ruleNames[module.package.path, default: []].formUnion(module.rules.map(\.head.name))
    }
    // A package without rules is an empty document.
    for module in modules {
      let draft = draft.below(module.package.path.map { .string($0) })
      if draft.package == nil { draft.package = module }
    }
    /// Rules that have a package's name.
    var namesakes: [(rule: Rule, module: Module, package: Module)] = []
    for (moduleIndex, module) in modules.enumerated() {
      let package = module.package.path.map { Value.string($0) }
      let packageDraft = draft.below(package)
      let scope = Self.scope(of: module, ruleNames: ruleNames[module.package.path] ?? [])
      checkNames(of: module, isStrict: isStrict)
      for (index, var rule) in module.rules.enumerated() {
        // `f()` is a rule, not a function, as in OPA.
        if rule.head.arguments?.isEmpty == true { rule.head.arguments = nil }
        let name = rule.head.groundPath
        let ground = package + name
        let suffix = rule.head.path.dropFirst(name.count - 1)
        let definition = RuleGroup.Definition(
          rule: rule, module: scope, suffix: Array(suffix),
          metadata: annotations.metadata(module: moduleIndex, rule: index, package: package, path: ground))
        let draft = packageDraft.below(name)
        draft.entries.append(Entry(definition: definition, ground: ground, suffix: definition.suffix))
        // Its name has no variables, but for a set's member.
        if suffix.isEmpty, let package = draft.package { namesakes.append((rule, module, package)) }
      }
    }
    build(draft, into: root, path: [])
    for (rule, module, package) in namesakes {
      let (name, text) = (Self.dotted(package.package.path.map { .string($0) }), Self.dotted(rule.head.groundPath))
      errors.append(
        .type(
          "package \(name) conflicts with rule \(text) defined at \(rule.location.file):\(rule.location.row)",
          at: module.package.location, .conflicts))
    }
  }

  private static func dotted(_ path: [Value]) -> String {
    guard let first = path.first?.asString else { return "" }
    return first + path.dropFirst().map(RuleGroup.pathPart).joined()
  }

  /// Rules named `input` or `data`, and imports that bind one name twice.
  private mutating func checkNames(of module: Module, isStrict: Bool) {
    for rule in module.rules where rule.head.name.isRoot {
      errors.append(
        .compile("rules must not shadow \(rule.head.name) (use a different rule name)", at: rule.location, .shadowing))
    }
    // In v0 the last import counts.
    guard isStrict || module.version == .v1 else { return }
    var imports: [Text: Import] = [:]
    for item in module.imports {
      if let other = imports[item.name] {
        errors.append(
          .compile("import must not shadow \(other.regoDescription)", at: item.location, .duplicateImports))
      } else {
        imports[item.name] = item
      }
    }
  }

  static func scope(of module: Module, ruleNames: Set<Text>) -> ModuleScope {
    var globals: [Text: (root: Text, path: [Text])] = [:]
    for name in ruleNames { globals[name] = ("data", module.package.path + [name]) }
    for item in module.imports {
      guard let root = item.path.first, root == "data" || root == "input" else { continue }
      globals[item.name] = (root, Array(item.path.dropFirst()))
    }
    return ModuleScope(
      version: module.version, packagePath: module.package.path, globals: globals, package: module.package.location)
  }

  private mutating func build(_ draft: Draft, into node: RuleNode, path: [Value]) {
    guard !draft.entries.isEmpty else {
      for key in draft.children.keys.sorted() {
        let child = RuleNode()
        node.children[key] = child
        build(draft.children[key]!, into: child, path: path + [key])
      }
      return
    }
    // The group takes in all that lies below its name.
    var definitions: [RuleGroup.Definition] = []
    var defaults: [RuleGroup.Definition] = []
    gather(draft, depth: path.count, definitions: &definitions, defaults: &defaults)
    let group = RuleGroup(id: groups.count, path: path, kind: .complete)
    group.kind = kind(of: draft, group: group, definitions: definitions + defaults)
    group.definitions = definitions
    group.defaults = defaults
    if defaults.count > 1 {
      errors.append(
        .type(
          "multiple default rules \(group.name) found at \(Self.places(defaults))", at: defaults[0].module.package,
          .conflicts))
    }
    groups.append(group)
    node.group = group
  }

  private func gather(
    _ draft: Draft, depth: Int, definitions: inout [RuleGroup.Definition], defaults: inout [RuleGroup.Definition]
  ) {
    for entry in draft.entries {
      let below = entry.ground[depth...].map { Term(.scalar($0), at: entry.definition.rule.head.location) }
      let definition = RuleGroup.Definition(
        rule: entry.definition.rule, module: entry.definition.module, suffix: below + entry.suffix,
        metadata: entry.definition.metadata)
      if entry.definition.rule.isDefault { defaults.append(definition) } else { definitions.append(definition) }
    }
    for key in draft.children.keys.sorted() {
      gather(draft.children[key]!, depth: depth, definitions: &definitions, defaults: &defaults)
    }
  }

  private mutating func kind(
    of draft: Draft, group: RuleGroup, definitions: [RuleGroup.Definition]
  ) -> RuleGroup.Kind {
    checkConflicts(draft, name: group.name)
    var arities: Set<Int> = []
    var sets = 0
    var documents = 0
    for definition in definitions {
      if let arguments = definition.rule.head.arguments {
        arities.insert(arguments.count)
      } else if !definition.suffix.isEmpty {
        documents += 1
      } else if case .contains = definition.rule.head.kind {
        sets += 1
      }
    }
    if let arity = arities.first { return .function(arity: arity) }
    if documents > 0 { return .document }
    return sets > 0 ? .set : .complete
  }

  /// Definitions of one name that can't stand together, here and below.
  private mutating func checkConflicts(_ draft: Draft, name: String) {
    var kinds: Set<DefinitionKind> = []
    for entry in draft.entries {
      if let arguments = entry.definition.rule.head.arguments {
        kinds.insert(.function(arguments.count))
      } else if !entry.suffix.isEmpty {
        if case .contains = entry.definition.rule.head.kind {
          kinds.insert(.setDocument)
        } else {
          kinds.insert(.document)
        }
      } else if case .contains = entry.definition.rule.head.kind {
        kinds.insert(.set)
      } else {
        kinds.insert(.complete)
      }
    }
    if let first = draft.entries.first?.definition.rule.location {
      if kinds.count > 1 {
        // As OPA does: all of the first definition's name.
        let suffix = draft.entries.map(\.suffix).first { !$0.isEmpty } ?? []
        let text = name + suffix.map { "[\($0.location.text)]" }.joined()
        errors.append(.type("conflicting rules \(text) found", at: first, .conflicts))
      } else if kinds != [.document], kinds != [.setDocument], !draft.children.isEmpty {
        let below = draft.children.keys.sorted().flatMap { key in
          draft.children[key].map { Self.rules(below: $0, name: name + RuleGroup.pathPart(key)) } ?? []
        }
        if !below.isEmpty {
          errors.append(
            .type("rule \(name) conflicts with:\n" + below.joined(separator: "\n"), at: first, .conflicts))
        }
      }
    }
    for key in draft.children.keys.sorted() {
      guard let child = draft.children[key] else { continue }
      checkConflicts(child, name: name + RuleGroup.pathPart(key))
    }
  }

  private enum DefinitionKind: Hashable {
    case complete
    case set
    case document
    /// A document whose members are sets.
    case setDocument
    case function(Int)
  }

  /// A line for each definition at or below the draft.
  private static func rules(below draft: Draft, name: String) -> [String] {
    var lines = draft.entries.map { entry in
      "  rule \(name) at \(entry.definition.rule.location.file):\(entry.definition.rule.location.row)"
    }
    for key in draft.children.keys.sorted() {
      guard let child = draft.children[key] else { continue }
      lines += rules(below: child, name: name + RuleGroup.pathPart(key))
    }
    return lines
  }

  private static func places(_ definitions: [RuleGroup.Definition]) -> String {
    definitions.map { "\($0.rule.location.file):\($0.rule.location.row)" }.joined(separator: ", ")
  }
}

extension Import {
  /// `import data.foo as bar`
  var regoDescription: String {
    let keywords: Set<String> = ["and", "contains", "every", "if", "in", "not", "or"]
    let parts = path.dropFirst().map { part in
      keywords.contains(part.string) ? "[\"\(part)\"]" : RuleGroup.pathPart(.string(part))
    }
    return "import \(path[0])\(parts.joined())" + (alias.map { " as \($0)" } ?? "")
  }
}

/// The annotations of all modules by what they are said of.
final class AnnotationSet: Sendable {
  fileprivate struct RuleKey: Hashable {
    let module: Int
    let rule: Int
  }

  /// In source order.
  private let rules: [RuleKey: [Annotation]]
  private let documents: [[Value]: Annotation]
  private let packages: [[Value]: Annotation]
  private let subpackages: [[Value]: Annotation]
  /// Documents and packages that are annotated twice.
  let errors: [PolicyError]

  init(_ modules: [Module]) {
    var rules: [RuleKey: [Annotation]] = [:]
    var documents: [[Value]: Annotation] = [:]
    var packages: [[Value]: Annotation] = [:]
    var subpackages: [[Value]: Annotation] = [:]
    var errors: [PolicyError] = []
    func add(_ annotation: Annotation, to path: [Value], in annotations: inout [[Value]: Annotation]) {
      guard let other = annotations[path]?.location else { return annotations[path] = annotation }
      errors.append(
        .type(
          "\(annotation.scope.rawValue) annotation redeclared: \(other.file):\(other.row)", at: annotation.location,
          .annotations))
    }
    for (index, module) in modules.enumerated() {
      let package = module.package.path.map { Value.string($0) }
      for annotation in module.annotations {
        switch annotation.scope {
        case .rule:
          if let rule = annotation.rule { rules[RuleKey(module: index, rule: rule), default: []].append(annotation) }
        case .document:
          guard let rule = annotation.rule else { continue }
          add(annotation, to: package + module.rules[rule].head.groundPath, in: &documents)
        case .package: add(annotation, to: package, in: &packages)
        case .subpackages: add(annotation, to: package, in: &subpackages)
        }
      }
    }
    self.rules = rules
    self.documents = documents
    self.packages = packages
    self.subpackages = subpackages
    self.errors = errors
  }

  /// What the rule's own annotations are, for one of its definitions.
  struct RuleMetadata: Sendable {
    fileprivate let annotations: AnnotationSet
    fileprivate let key: RuleKey
    fileprivate let package: [Value]
    fileprivate let path: [Value]

    /// The value of `rego.metadata.rule()`. An `else` has no annotations of its own.
    func rule(isElse: Bool) -> Value {
      isElse ? .emptyObject : annotations.rules[key]?.first?.fields ?? .emptyObject
    }

    /// The value of `rego.metadata.chain()`: the rule first, then its document, its package, and the packages around.
    func chain(isElse: Bool) -> Value {
      var links = (isElse ? [] : annotations.rules[key] ?? []).reversed().map { Self.link(path, $0) }
      if links.isEmpty { links.append(Self.link(path, nil)) }
      if let document = annotations.documents[path] { links.append(Self.link(path, document)) }
      if let own = annotations.packages[package] { links.append(Self.link(package, own)) }
      for length in stride(from: package.count, to: 0, by: -1) {
        let outer = Array(package.prefix(length))
        if let annotation = annotations.subpackages[outer] { links.append(Self.link(outer, annotation)) }
      }
      return .array(links)
    }

    private static func link(_ path: [Value], _ annotation: Annotation?) -> Value {
      let names = path.map { part in
        if case .string = part { return part }
        return .string(Text(part.regoDescription))
      }
      var members: [(Value, Value)] = [("path", .array(names))]
      if let annotation { members.append(("annotations", annotation.fields)) }
      return .object(ObjectValue(members))
    }
  }

  /// Of a rule by its numbers, whose package and own path these are.
  func metadata(module: Int, rule: Int, package: [Value], path: [Value]) -> RuleMetadata {
    RuleMetadata(annotations: self, key: RuleKey(module: module, rule: rule), package: package, path: path)
  }
}

extension Head {
  /// The name and the constants after it.
  var groundPath: [Value] {
    var path: [Value] = [.string(name)]
    for term in self.path {
      guard case .scalar(let value) = term.kind else { break }
      path.append(value)
    }
    return path
  }
}

extension ModuleScope {
  /// What OPA says of a builtin that is given another number of arguments than it takes. Nothing has been inferred by
  /// then: only what the arguments' texts say is known. `hasResult` says that the call is a value.
  func arityMismatch(_ builtin: Builtin, _ arguments: [Term], hasResult: Bool) -> String {
    let have = arguments.map { typeDescription(of: $0) } + (hasResult ? [RegoType.unknown] : [])
    return
      "\(builtin.name): arity mismatch\n\thave: \(FunctionType.list(have))\n\twant: \(builtin.wanted(withResult: false))"
  }

  private func typeDescription(of term: Term) -> String {
    if let type = type(of: term) { return type.description }
    switch term.kind {
    case .array(let items): return RegoType.array(items.map { typeDescription(of: $0) }, rest: nil)
    case .object(let items):
      var known: [(key: Value, value: String)] = []
      var rest: (key: String, value: String)?
      for item in items {
        let value = typeDescription(of: item.value)
        if case .scalar(let key) = item.key.kind {
          known.append((key, value))
        } else {
          rest = (typeDescription(of: item.key), value)
        }
      }
      return RegoType.object(known.sorted { $0.key < $1.key }, rest: rest)
    default: return RegoType.unknown
    }
  }

  private func type(of term: Term) -> RegoType? {
    switch term.kind {
    case .scalar(let value): return RegoType(of: value)
    case .variable(let name): return isDocument(name) ? .anything : nil
    case .reference(let head, _):
      guard case .variable(let name) = head.kind, isDocument(name) else { return nil }
      return .anything
    case .array(let items):
      var leading: [RegoType] = []
      for item in items {
        guard let type = type(of: item) else { return nil }
        leading.append(type)
      }
      return leading.isEmpty ? .array(of: .anything) : .array(leading: leading, rest: nil)
    case .set(let items): return .set(items.reduce(nil) { .union($0, type(of: $1)) } ?? .anything)
    case .object(let items):
      var properties: [Value: RegoType] = [:]
      for item in items {
        guard case .scalar(let key) = item.key.kind, let type = type(of: item.value) else { return nil }
        properties[key] = type
      }
      return properties.isEmpty ? .anyObject : .object(properties: properties, restKey: nil, restValue: nil)
    case .template: return .string
    case .call, .arrayComprehension, .setComprehension, .objectComprehension: return nil
    }
  }

  private func isDocument(_ name: Text) -> Bool { name == "input" || name == "data" || globals[name] != nil }
}

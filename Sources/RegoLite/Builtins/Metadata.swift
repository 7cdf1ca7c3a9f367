extension Builtins {
  /// `rego.metadata.*`. In rules the compiler puts the annotations in their place; only a query's calls come here.
  enum Metadata {
    static let rows: [Builtin] = [
      row("rego.metadata.chain", .anyArray),
      row("rego.metadata.rule", .anything),
    ]

    private static func row(_ name: Text, _ result: RegoType) -> Builtin {
      Builtin(name, [], result) { _, _ throws(BuiltinError) in
        throw .failure("the \(name) function must only be called within the scope of a rule")
      }
    }
  }
}

import Testing

@testable import RegoLite

/// A policy's text after `package t` and an empty line, and the mistakes that the compiler finds in it.
struct CompileErrorCase: CustomTestStringConvertible, Sendable {
  var source: String
  /// `row:column code: message`, each error on a line of its own; empty when there is none.
  var wanted: String
  var testDescription: String { source }

  init(_ source: String, _ wanted: String = "") {
    self.source = source
    self.wanted = wanted
  }

  func check(version: RegoVersion = .v1, strict: Bool = false, data: Value = .emptyObject) {
    let modules = [PolicyEngine.ModuleSource(file: "p.rego", text: "package t\n\n" + source + "\n")]
    let options = PolicyEngine.Options(version: version, strict: strict)
    #expect(Self.errors(modules, data, options).joined(separator: "\n") == wanted)
  }

  static func errors(
    _ modules: [PolicyEngine.ModuleSource], _ data: Value = .emptyObject, _ options: PolicyEngine.Options = .init()
  ) -> [String] {
    do {
      _ = try PolicyEngine(modules: modules, data: data, options: options)
      return []
    } catch {
      return error.errors.map { "\($0.location?.row ?? 0):\($0.location?.column ?? 0) \($0.code): \($0.message)" }
    }
  }
}

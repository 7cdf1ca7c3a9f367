import Testing

@testable import RegoLite

/// Metadata blocks that are refused: each error at the field that has it.
@Suite struct AnnotationTests {
  @Test(arguments: [
    ("title: [1]", "4:10 invalid annotation `title`: must be a string, not a sequence"),
    ("entrypoint: maybe", "4:15 invalid annotation `entrypoint`: must be a boolean, not a string"),
    ("organizations: Acme", "4:18 invalid annotation `organizations`: must be a sequence, not a string"),
    (
      "authors:\n- 1\n- name: 2",
      """
      5:5 invalid annotation `authors`: an author must be a string or a mapping, not a number
      6:5 invalid annotation `authors`: 'name' and/or 'email' values required in object
      """
    ),
    ("authors: ['']", "4:13 invalid annotation `authors`: author is an empty string"),
    (
      "related_resources: [1]",
      "4:23 invalid annotation `related_resources`: a related resource must be a string or a mapping, not a number"
    ),
    (
      "related_resources:\n- http://[\n- description: x\n- ''",
      """
      5:5 invalid annotation `related_resources`: parse "http://[": missing ']' in host
      6:5 invalid annotation `related_resources`: 'ref' value required in object
      7:5 invalid annotation `related_resources`: ref URL may not be empty string
      """
    ),
    (
      "schemas: [x]",
      "4:13 invalid annotation `schemas`: must be a mapping of a path to a schema, not a string"
    ),
    ("schemas: [{1x: schema}]", "4:13 invalid annotation `schemas`: invalid document reference"),
    ("schemas: [{input: data.x}]", "4:21 invalid annotation `schemas`: invalid schema reference"),
    (
      "schemas: [{input: 1}]",
      "4:21 invalid annotation `schemas`: a schema must be a reference or a mapping, not a number"
    ),
    ("custom: [1]", "4:11 invalid annotation `custom`: must be a mapping, not a sequence"),
    ("custom:\n  a:\n    1: x", "6:7 invalid annotation `custom`: a key must be a string, not a number"),
    ("custom: {a: .inf}", "4:15 invalid annotation `custom`: invalid number literal .inf"),
    ("custom: {a: 1, a: 2}", "4:18 invalid annotation `custom`: mapping key \"a\" already defined"),
    ("custom: {a: !!int x}", "4:15 invalid annotation `custom`: cannot decode `x` as a tag:yaml.org,2002:int"),
    (
      "custom: {a: !!binary '%'}",
      "4:15 invalid annotation `custom`: !!binary value contains invalid base64 data"
    ),
    ("custom: {[1]: x}", "4:12 invalid annotation `custom`: invalid map key: a sequence"),
    (
      "custom: {<<: 1}",
      "4:16 invalid annotation `custom`: map merge requires map or sequence of maps as the value"
    ),
    ("title: a\ntitle: b", "5:3 invalid annotation: mapping key \"title\" already defined"),
    ("- title", "4:3 invalid annotation: must be a mapping of fields, not a sequence"),
    ("a: b: c", "4:7 invalid annotation: yaml: mapping values are not allowed in this context"),
    ("title: *x", "4:10 invalid annotation: yaml: unknown anchor 'x' referenced"),
    ("", "3:1 expected METADATA block, found whitespace"),
    (
      "scope: foo",
      "4:10 invalid annotation scope 'foo'. Use one of 'rule', 'document', 'package', or 'subpackages'"
    ),
    ("scope: package", "4:10 annotation scope 'package' must be applied to package (have rule)"),
    (
      "scope: rule\nentrypoint: true",
      "4:10 annotation entrypoint applied to non-document or package scope 'rule'"
    ),
  ])
  func isRefused(_ yaml: String, _ wanted: String) {
    let block = yaml.isEmpty ? "" : yaml.split(separator: "\n").map { "# \($0)\n" }.joined()
    check("package t\n\n# METADATA\n\(block)p := 1\n", wanted)
  }

  @Test(arguments: [
    ("# METADATA\n# scope: rule\npackage t", "2:10 annotation scope 'rule' must be applied to rule (have package)"),
    (
      "package t\n# METADATA\n# title: x\nimport data.x",
      "2:1 invalid annotation scope 'import'. Use one of 'rule', 'document', 'package', or 'subpackages'"
    ),
    (
      "package t\n# METADATA\n# scope: subpackages\nimport data.x",
      "3:10 annotation scope 'subpackages' must be applied to package (have import)"
    ),
    (
      "package t\np := 1\n# METADATA\n# title: x",
      "3:1 invalid annotation scope ''. Use one of 'rule', 'document', 'package', or 'subpackages'"
    ),
  ])
  func belongsNowhere(_ text: String, _ wanted: String) { check(text, wanted) }

  /// Aliases that would multiply the document end it.
  @Test func aliasesAreBounded() {
    var lines = ["custom:", "  a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for (name, previous) in zip("bcdefgh", "abcdefg") {
      lines.append("  \(name): &\(name) [" + Array(repeating: "*\(previous)", count: 10).joined(separator: ", ") + "]")
    }
    let block = lines.map { "# \($0)\n" }.joined()
    let errors = errors("package t\n# METADATA\n\(block)p := 1")
    #expect(errors.map(\.message) == ["invalid annotation: yaml: document has too many parts"])
  }

  @Test func depthIsBounded() {
    let brackets = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
    let errors = errors("package t\n# METADATA\n# custom: {a: \(brackets)}\np := 1")
    #expect(errors.map(\.message) == ["invalid annotation: yaml: document is nested too deeply"])
  }

  private func errors(_ text: String) -> [SyntaxError] {
    do throws(SyntaxErrors) {
      _ = try Parser.parseModule(Source(file: "", text: text), version: .v1)
      return []
    } catch {
      return error.errors
    }
  }

  private func check(_ text: String, _ wanted: String) {
    let errors = errors(text)
    #expect(errors.map { "\($0.location) \($0.message)" }.joined(separator: "\n") == wanted)
    #expect(errors.allSatisfy { $0.code == .parse })
  }
}

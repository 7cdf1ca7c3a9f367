import TestSupport
import Testing

@testable import RegoLite

/// Nothing that is fed to the parser crashes it or makes it hang.
struct ParserRobustnessTests {
  /// A text that nests `depth` deep.
  struct Nesting: Sendable, CustomTestStringConvertible {
    var name: String
    var open: String
    var middle = "1"
    var close = ""
    var testDescription: String { name }

    func text(_ depth: Int) -> String {
      String(repeating: open, count: depth) + middle + String(repeating: close, count: depth)
    }
  }

  static let nestings = [
    Nesting(name: "arrays", open: "[", close: "]"),
    Nesting(name: "unclosed arrays", open: "["),
    Nesting(name: "sets", open: "{", close: "}"),
    Nesting(name: "objects", open: "{\"a\":", close: "}"),
    Nesting(name: "objects of sums", open: "{1 + 1: 1 + ", close: "}"),
    Nesting(name: "parentheses", open: "(", close: ")"),
    Nesting(name: "calls", open: "f(", close: ")"),
    Nesting(name: "references", open: "a[", close: "]"),
    Nesting(name: "calls of calls", open: "f(x).y[", close: "]"),
    Nesting(name: "array comprehensions", open: "[x | x := ", close: "]"),
    Nesting(name: "object comprehensions", open: "{k: v | k := ", close: "}"),
    Nesting(name: "comprehensions that are none", open: "{k: v | ", middle: "1 2", close: "}"),
    Nesting(name: "every", open: "every x in xs { ", middle: "x", close: " }"),
    Nesting(name: "templates", open: "$\"{", close: "}\""),
    Nesting(name: "sums", open: "1 + "),
    Nesting(name: "memberships", open: "1 in ", middle: "xs"),
    Nesting(name: "sums in parentheses", open: "(1 + 1 + 1 + ", close: ")"),
    Nesting(name: "negations", open: "not "),
    Nesting(name: "bodies of not", open: "not {", middle: "x", close: "}"),
    Nesting(name: "minus", open: "-"),
  ]

  static let prefix = "package a\nimport future.keywords\np if {\n"

  @Test(arguments: nestings, [Parser.ordinaryDepth / 8, 10_000, 100_000])
  func `a small stack is enough for any nesting`(nesting: Nesting, depth: Int) {
    let text = Self.prefix + nesting.text(depth) + "\n}"
    let outcome = onSmallStack { () -> String in
      do throws(SyntaxErrors) {
        let module = try Parser.parseModule(Source(file: "deep.rego", text: text), version: .v1)
        return "\(module.rules.count)"
      } catch let error {
        return error.errors[0].message
      }
    }
    if depth > Parser.maximumDepth {
      #expect(outcome != "1")
    } else {
      #expect(outcome != "max parsing recursion depth exceeded")
    }
  }

  @Test func `the deepest tree that is allowed fits a small stack`() {
    for nesting in Self.nestings {
      let last = Parser.maximumDepth
      for depth in [20, 50, 97, 100, 150, 200, last / 4, last / 3, last / 2 - 2, last / 2, last - 3, last - 1, last] {
        let text = Self.prefix + nesting.text(depth) + "\n}"
        _ = onSmallStack {
          let module = try? Parser.parseModule(Source(file: "deep.rego", text: text), version: .v1)
          return module == nil ? "refused" : "read"
        }
      }
    }
  }

  @Test func `the error for too much nesting says so`() throws {
    let error = #expect(throws: SyntaxErrors.self) {
      try Parser.parseQuery(Source(file: "", text: String(repeating: "[", count: 1000)), version: .v1)
    }
    #expect(error?.errors.map(\.message) == ["max parsing recursion depth exceeded"])
  }

  @Test(arguments: [
    "package t" + String(repeating: ".a", count: 10_000),
    "package t\np" + String(repeating: ".a", count: 10_000) + " := 1",
    "package t\np if { input with input" + String(repeating: "[0]", count: 10_000) + " as 1 }",
  ])
  func `long paths that make deep documents are refused`(text: String) {
    let error = #expect(throws: SyntaxErrors.self) {
      try Parser.parseModule(Source(file: "deep.rego", text: text), version: .v1)
    }
    #expect(error?.errors.first?.message == "max parsing recursion depth exceeded")
  }

  @Test func `long lists and bodies are no nesting`() throws {
    let list = try Parser.parseTerm(
      Source(file: "", text: "[" + String(repeating: "{1: [2]}, ", count: 50_000) + "]"), version: .v1)
    guard case .array(let terms) = list.kind else { return #expect(Bool(false)) }
    #expect(terms.count == 50_000)
    let body = try Parser.parseQuery(
      Source(file: "", text: String(repeating: "x := 1\n", count: 50_000)), version: .v1)
    #expect(body.count == 50_000)
  }

  @Test func `mutated policies never crash the parser`() {
    var random = SeededGenerator(seed: 20_26)
    let seeds = Self.seeds.map { Array($0.utf8) }
    let pieces = [
      "{", "}", "[", "]", "(", ")", "$\"", "$`", "`", "\"", "\\", "\\u", ":=", "=", ",", ";", "|", "-", ".", "if ",
      "else ",
      "every ", "some ", "in ", "not ", "with ", "contains ", "default ", "import ", "\n", "#", "\u{0}", "1e9", "é",
    ].map { Array($0.utf8) }
    for round in 0..<6_000 {
      var bytes = seeds[round % seeds.count]
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        let at = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: at)
        case 1: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 0...12, using: &random)))
        case 2: if at < bytes.count { bytes[at] = UInt8.random(in: 0...255, using: &random) }
        default:
          let end = min(bytes.count, at + Int.random(in: 0...40, using: &random))
          bytes.insert(contentsOf: bytes[at..<end], at: Int.random(in: 0...bytes.count, using: &random))
        }
      }
      let source = Source(file: "fuzz.rego", bytes: bytes)
      do {
        let module = try Parser.parseModule(source, version: round % 2 == 0 ? .v1 : .v0)
        // What was read is inside of the source.
        for rule in module.rules {
          #expect(rule.location.offset >= 0 && rule.location.offset + rule.location.length <= bytes.count)
        }
      } catch {
        #expect(!error.errors.isEmpty && error.errors.count <= SyntaxErrors.limit)
        for error in error.errors {
          #expect(error.location.offset >= 0 && error.location.offset + error.location.length <= bytes.count)
          #expect(!error.message.isEmpty)
        }
      }
    }
  }

  static let seeds = [
    """
    package a.b["c d"]
    import data.x.y as z
    import input.user
    # METADATA
    # title: one
    default allow := false
    allow if {
      some i, role in user.roles
      role in {"admin", `ops`}
      every p in data.policies[i] { p.level <= 3 - -1.5e3 }
      not blocked[user.id] with input as {"a": [1, 2,]}
    } else := {x: y | y := z[x]; x != null} if count(z) > 0
    deny contains $"no {user.name}: {[1 | true]}" if input.n == "\\u00e9\\n"
    f([x, {"k": v}], _) := (x + v) * 2 % 3
    p.q[r].s := r if r := {1, 2} | {3} & {4}
    """,
    """
    package v0
    p[x] { x := [1, 2][_] }
    q = 1 { true } else = 2 { false }
    f(x) = y { y = x[0].a["b"] } { y = 2 }
    r[k] = v { v = {"a": 1}[k] }
    default s = {}
    """,
  ]
}

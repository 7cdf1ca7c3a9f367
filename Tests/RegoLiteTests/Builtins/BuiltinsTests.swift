import FoundationEssentials
import StrictJSON
import Testing

@testable import RegoLite

@Suite struct BuiltinsTests {
  @Test func namesAreUnique() {
    #expect(Builtins.families.map(\.count).reduce(0, +) == Builtins.all.count)
  }

  /// Each row against OPA's own declaration of the builtin.
  @Test(.enabled(if: Capabilities.text != nil, "OPA's declarations lie beside the working tree, not in it"))
  func rowsDeclareWhatOPADeclares() throws {
    let declared = try Capabilities.builtins()
    for builtin in Builtins.all.values {
      let name = builtin.name.string
      guard let opa = declared[builtin.name] else {
        Issue.record("OPA has no \(name)")
        continue
      }
      let declaration = try #require(opa.member("decl")?.asObject)
      let arguments = declaration.member("args")?.asArray ?? []
      #expect(builtin.arguments == (try arguments.map(Capabilities.type)), "arguments of \(name)")
      #expect(builtin.isVoid == (declaration.member("result") == nil), "\(name) is void")
      if let result = declaration.member("result") {
        #expect(builtin.result == (try Capabilities.type(result)), "result of \(name)")
      }
      #expect(builtin.isVariadic == (declaration.member("variadic") != nil), "\(name) is variadic")
      #expect(builtin.infix == opa.member("infix")?.asString, "infix of \(name)")
      #expect(builtin.isDeprecated == (opa.member("deprecated") == true), "\(name) is deprecated")
      #expect(builtin.isDeterministic == (opa.member("nondeterministic") != true), "\(name) is deterministic")
      let isRelation = if case .relation = builtin.body { true } else { false }
      #expect(isRelation == (opa.member("relation") == true), "\(name) is a relation")
    }
  }

  /// Every builtin has a row with OPA's answer in one of this folder's tables, or a reason to have none.
  @Test func everyBuiltinHasARow() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    var named: Set<String> = []
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) where file.hasSuffix("Tests.swift") {
      for line in try String(contentsOf: folder.appending(path: file), encoding: .utf8).split(separator: "\n") {
        let line = line.drop { $0 == " " }
        if let end = line.firstIndex(of: "(") { named.insert(String(line[..<end])) }
      }
    }
    // What the compiler replaces, what only prints, and what has no answer to write down: the clock and randomness.
    let others: Set<String> = [
      "assign", "eq", "rego.metadata.chain", "rego.metadata.rule", "print", "internal.print", "internal.test_case",
      "time.now_ns", "uuid.rfc4122",
    ]
    let missing = Builtins.all.keys.filter { !Builtins.unsupported.contains($0) }.map(\.string)
      .filter { !named.contains($0) && !others.contains($0) }
    #expect(missing.sorted() == [])
    #expect(others.intersection(named) == [])
  }

  /// Arguments of every type, in every place: an answer, undefined or an error, but never a crash.
  @Test func noArgumentCrashes() {
    let huge = Value.number(Number(literal: "123456789012345678901234567890") ?? 0)
    let values: [Value] = [
      .null, true, 0, -1, 1.5, .int(.max), .int(.min), huge, .number(Number(literal: "1e99999") ?? 0), "", "é%*d%[9]v",
      [], ["a", 1], [:], ["a": ["b": 1]], .emptySet, .set(["a", 2]), .set([.set([1])]), ["op", "path"],
    ]
    for builtin in Builtins.all.values {
      if case .compiled = builtin.body { continue }
      let arity = builtin.arguments.count
      for combination in 0..<Int(pow(values.count, arity)) {
        var (rest, arguments): (Int, [Value]) = (combination, [])
        for _ in 0..<arity {
          arguments.append(values[rest % values.count])
          rest /= values.count
        }
        var context = BuiltinContext.forTests(steps: 50_000)
        _ = try? BuiltinCase.call(builtin.name.string, arguments, &context)
        #expect(context.stepsLeft >= -1)
      }
    }
  }

  /// Results that would be much larger than their operands end the evaluation instead.
  @Test(arguments: [
    "numbers.range(1, 1000000000000)", "numbers.range_step(-9223372036854775808, 9223372036854775807, 1)",
    "bits.lsh(1, 1000000000)", "bits.lsh(1, 123456789012345678901234567890)", #"sprintf("%1000000d%1000000d", [1, 2])"#,
    #"sprintf("%.1000000d", [1])"#, #"sprintf("%.1000000f", [1.5])"#,
  ])
  func growthIsBounded(_ call: String) throws {
    var reader = TermReader(call)
    let read = reader.call()
    let (name, arguments) = try #require(read)
    var context = BuiltinContext.forTests(steps: 10_000)
    let error = #expect(throws: BuiltinError.self) { try BuiltinCase.call(name, arguments, &context) }
    #expect(error?.code == .halt)
  }

  /// A million digits: an answer that is exact, or an error that says why there is none.
  @Test(
    arguments: [
      ("plus", nil), ("minus", nil), ("mul", nil), ("rem", "number is too large"), ("bits.and", "number is too large"),
      ("numbers.range", "number is too large"), ("format_int", nil), ("bits.lsh", "number is too large"),
    ] as [(String, String?)])
  func longNumbers(_ name: String, _ message: String?) throws {
    let long = Value.number(try #require(Number(literal: "1" + String(repeating: "0", count: 1_000_000))))
    var context = BuiltinContext.forTests(steps: 1_000_000_000)
    do {
      let value = try BuiltinCase.call(name, [long, name == "mul" ? 7 : 10], &context)
      let text = try #require(value).description
      #expect(message == nil && text.utf8.count >= 1_000_000 && !text.utf8.contains(UInt8(ascii: "e")))
    } catch let error as BuiltinError {
      #expect(error.message == message ?? "number is too large")
      #expect(error.code == .halt)
    }
  }

  /// What would take all memory ends first, however many steps there are.
  @Test func textIsBounded() throws {
    let many = Value.array(Array(repeating: .string(Text(String(repeating: "x", count: 1 << 20))), count: 300))
    let calls: [(String, [Value])] = [
      ("concat", ["", many]),
      ("replace", [.string(Text(String(repeating: "a", count: 300))), "a", many.asArray?[0] ?? ""]),
      ("regex.replace", [.string(Text(String(repeating: "a", count: 300))), "a", many.asArray?[0] ?? ""]),
    ]
    for (name, arguments) in calls {
      var context = BuiltinContext.forTests(steps: .max)
      let error = #expect(throws: BuiltinError.self) { try BuiltinCase.call(name, arguments, &context) }
      #expect(error?.message == "memory budget exhausted", "\(name)")
    }
  }

  private func pow(_ base: Int, _ exponent: Int) -> Int { (0..<exponent).reduce(1) { power, _ in power * base } }
}

/// OPA's `capabilities.json`, when it lies in the folder `shared` beside the package.
private enum Capabilities {
  static let text: String? = {
    var path = #filePath.split(separator: "/")
    path.removeLast(5)
    return try? String(
      contentsOfFile: "/" + path.joined(separator: "/") + "/shared/rego/opa-capabilities.json", encoding: .utf8)
  }()

  static func builtins() throws -> [Text: ObjectValue] {
    let document = try Value.parse(json: try #require(text))
    let list = try #require(document.asObject?.member("builtins")?.asArray)
    let builtins = list.compactMap(\.asObject)
    return Dictionary(uniqueKeysWithValues: builtins.map { ($0.member("name")?.asText ?? "", $0) })
  }

  static func type(_ value: Value) throws -> RegoType {
    let type = try #require(value.asObject)
    switch type.member("type")?.asString {
    case "any": return .any(try (type.member("of")?.asArray ?? []).map(Self.type))
    case "null": return .null
    case "boolean": return .boolean
    case "number": return .number
    case "string": return .string
    case "set": return .set(try Self.type(try #require(type.member("of"))))
    case "array":
      let leading = try (type.member("static")?.asArray ?? []).map(Self.type)
      return .array(leading: leading, rest: try type.member("dynamic").map(Self.type))
    case "object":
      var properties: [Value: RegoType] = [:]
      for property in type.member("static")?.asArray ?? [] {
        let property = try #require(property.asObject)
        properties[try #require(property.member("key"))] = try Self.type(try #require(property.member("value")))
      }
      let dynamic = type.member("dynamic")?.asObject
      return .object(
        properties: properties, restKey: try dynamic?.member("key").map(Self.type),
        restValue: try dynamic?.member("value").map(Self.type))
    default: throw BuiltinError(code: .builtin, message: "no type: \(value)")
    }
  }
}

extension ObjectValue {
  fileprivate func member(_ key: Text) -> Value? { self[key] }
}

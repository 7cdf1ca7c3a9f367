import StrictJSON

/// One rule going down one result, whose JSON texts are expanded.
struct RedactionPass {
  private let rule: Redaction.Rule
  /// What a path under `$.structuredContent` has consumed at the root of a text that mirrors it.
  private let mirrored: RedactionPath.States
  private(set) var hits = 0
  /// The strings that were taken out of `structuredContent`.
  private(set) var taken: [String] = []
  /// The texts that the pattern was looked for in.
  private(set) var texts: [ResultTexts.Place] = []

  /// - Parameter isWrapped: `structuredContent` is `{"result": …}`; a text may mirror the value, or an element of it
  init(_ rule: Redaction.Rule, isWrapped: Bool) {
    self.rule = rule
    var mirrored = RedactionPath.States()
    if let path = rule.path {
      let whole = path.states(path.start, key: "structuredContent")
      mirrored = whole
      if isWrapped {
        let value = path.states(whole, key: "result")
        mirrored.formUnion(value)
        mirrored.formUnion(path.statesOfAnyElement(value))
      }
    }
    self.mirrored = mirrored
  }

  /// Absent when nothing changes.
  mutating func redacted(_ result: JSONValue) -> JSONValue? {
    redacted(result, rule.path?.start ?? RedactionPath.States(), .root, isSelected: rule.path == nil)
  }

  /// What a node is to MCP.
  private enum Place {
    case root
    case content
    case item(Int)
    case resource(Int)
    case text(ResultTexts.Place)
    case binary
    case structured
    case other

    func member(_ key: String) -> Place {
      switch self {
      case .root:
        key.hasSameBytes(as: "content") ? .content : key.hasSameBytes(as: "structuredContent") ? .structured : .other
      case .item(let index):
        if key.hasSameBytes(as: "text") {
          .text(.init(item: index, isInResource: false))
        } else if key.hasSameBytes(as: "resource") {
          .resource(index)
        } else {
          key.hasSameBytes(as: "data") ? .binary : .other
        }
      case .resource(let index):
        if key.hasSameBytes(as: "text") {
          .text(.init(item: index, isInResource: true))
        } else {
          key.hasSameBytes(as: "blob") ? .binary : .other
        }
      case .structured: .structured
      case .content, .text, .binary, .other: .other
      }
    }

    func element(_ index: Int) -> Place {
      switch self {
      case .content: .item(index)
      case .structured: .structured
      default: .other
      }
    }

    /// Whether there may be texts below, where other states count.
    var leadsToTexts: Bool {
      switch self {
      case .root, .content, .item, .resource, .text: true
      case .binary, .structured, .other: false
      }
    }
  }

  /// - Parameter isSelected: the pattern counts for the value and everything in it
  private mutating func redacted(
    _ value: JSONValue, _ states: RedactionPath.States, _ place: Place, isSelected: Bool
  ) -> JSONValue? {
    var (states, isSelected) = (states, isSelected)
    if case .text = place, ResultTexts.isContainer(value) { states.formUnion(mirrored) }
    if let path = rule.path, !isSelected, path.selects(states) {
      guard rule.pattern != nil else { return replaced(value, place) }
      isSelected = true
    }
    if isSelected, case .text(let text) = place { texts.append(text) }
    switch value {
    case .null, .boolean: return nil
    case .number(let number): return isSelected ? edited(number.literal, place) : nil
    case .string(let text): return isSelected ? edited(text, place) : nil
    case .array(let elements):
      var changed: [JSONValue]?
      for (index, element) in elements.enumerated() {
        let next = rule.path?.states(states, index: index, count: elements.count) ?? states
        guard isSelected || !next.isEmpty || place.leadsToTexts else { continue }
        guard let new = redacted(element, next, place.element(index), isSelected: isSelected) else { continue }
        if changed == nil { changed = elements }
        changed?[index] = new
      }
      return changed.map { .array($0) }
    case .object(let object):
      var changed: [JSONObject.Member]?
      for (index, member) in object.members.enumerated() {
        let next = rule.path?.states(states, key: member.key) ?? states
        guard isSelected || !next.isEmpty || place.leadsToTexts else { continue }
        guard let new = redacted(member.value, next, place.member(member.key), isSelected: isSelected) else { continue }
        if changed == nil { changed = object.members }
        changed?[index].value = new
      }
      return changed.map { .object(JSONObject(distinct: $0)) }
    }
  }

  private mutating func replaced(_ value: JSONValue, _ place: Place) -> JSONValue? {
    let replacement = JSONValue.string(rule.replacement)
    guard value != replacement else { return nil }
    hits += 1
    if case .structured = place { take(value) }
    return replacement
  }

  private mutating func edited(_ text: String, _ place: Place) -> JSONValue? {
    guard let pattern = rule.pattern else { return nil }
    if case .binary = place, rule.path == nil, text.isBase64 { return nil }
    guard let outcome = TextEdit.replaced(in: text, with: rule.replacement, pattern.matches(in:)) else { return nil }
    hits += outcome.taken.count
    if case .structured = place { taken += outcome.taken }
    return .string(outcome.text)
  }

  private mutating func take(_ value: JSONValue) {
    switch value {
    case .null, .boolean, .number: break
    case .string(let text): taken.append(text)
    case .array(let elements): for element in elements { take(element) }
    case .object(let object): for member in object.members { take(member.value) }
    }
  }
}

extension String {
  /// Whether it has only characters that base64 may have.
  fileprivate var isBase64: Bool {
    utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="), 0x0A, 0x0D:
        true
      default: false
      }
    }
  }
}

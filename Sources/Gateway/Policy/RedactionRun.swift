import StrictJSON

/// The rules of a redaction at work on one result.
struct RedactionRun {
  private let rules: [Redaction.Rule]
  private let texts: ResultTexts
  /// With the values of JSON texts in their places.
  private var result: JSONValue
  private var hits: [Int]
  /// For each rule, the texts that its pattern was looked for in.
  private var searched: [[ResultTexts.Place]] = []

  /// Strings that were taken out of `structuredContent` count in texts from this many characters on.
  private static let shortestTaken = 4

  init(of rules: [Redaction.Rule], on result: JSONValue) {
    self.rules = rules
    texts = ResultTexts(of: result)
    self.result = texts.expanded
    hits = [Int](repeating: 0, count: rules.count)
    let isWrapped = result["structuredContent"]?.objectValue.map { $0.count == 1 && $0["result"] != nil } ?? false
    for (index, rule) in rules.enumerated() {
      var pass = RedactionPass(rule, isWrapped: isWrapped)
      if let changed = pass.redacted(self.result) { self.result = changed }
      hits[index] += pass.hits
      searched.append(pass.texts)
      takeFromTexts(pass.taken, by: index)
    }
  }

  /// The result as it leaves, and the hits of each rule.
  mutating func finish() -> (JSONValue, [Int]) {
    result = texts.collapsed(result)
    for index in rules.indices { searchWritten(index) }
    return (result, hits)
  }

  /// Takes strings out of the texts wherever they stand.
  private mutating func takeFromTexts(_ taken: [String], by index: Int) {
    let secrets = taken.filter { secret in
      secret.unicodeScalars.count >= Self.shortestTaken && !rules.contains { $0.replacement.contains(bytesOf: secret) }
    }
    guard !secrets.isEmpty else { return }
    let replacement = rules[index].replacement
    lazy var inJSON = LiteralSearch(secrets)
    lazy var inProse = LiteralSearch(secrets + secrets.map(\.escapedAsJSON))
    var count = 0
    result = ResultTexts.map(result) { _, value in
      guard case .string(let text) = value else {
        return StringEdit(replacement: replacement, search: inJSON.matches).edited(value, &count)
      }
      var edited: String?
      // As it is, and then by the escapes in it.
      for resolves in [false, true] {
        let form = edited ?? text
        guard let form = resolves ? UnicodeEscape.resolved(in: form) : form else { continue }
        guard let outcome = TextEdit.replaced(in: form, with: replacement, inProse.matches) else { continue }
        count += outcome.taken.count
        edited = outcome.text
      }
      return edited.map { .string($0) }
    }
    hits[index] += count
  }

  /// Looks for a rule's pattern in the texts as they are written now: what lies across the parts of a JSON text, or
  /// behind escapes in the midst of prose.
  private mutating func searchWritten(_ index: Int) {
    guard let pattern = rules[index].pattern, !searched[index].isEmpty else { return }
    let places = Set(searched[index])
    // Else it would take out with the replacement what stands around it in JSON.
    let findsReplacements = rules.contains { pattern.matches($0.replacement) }
    var count = 0
    result = ResultTexts.map(result) { place, value in
      guard places.contains(place), case .string(let text) = value else { return nil }
      if findsReplacements, texts.isChanged(text, at: place) { return nil }
      let resolved = UnicodeEscape.resolved(in: text)
      guard resolved != nil || texts.isJSON(place) else { return nil }
      let outcome = TextEdit.replaced(
        in: resolved ?? text, with: rules[index].replacement, pattern.matches(in:))
      count += outcome?.taken.count ?? 0
      return outcome.map { .string($0.text) }
    }
    hits[index] += count
  }
}

/// Replaces parts of all keys, strings and numbers in a value.
private struct StringEdit {
  let replacement: String
  let search: TextEdit.Search

  /// Absent when nothing is found, else `count` grows by what is.
  func edited(_ value: JSONValue, _ count: inout Int) -> JSONValue? {
    switch value {
    case .null, .boolean: return nil
    case .number(let number): return edited(number.literal, &count).map { .string($0) }
    case .string(let text): return edited(text, &count).map { .string($0) }
    case .array(var elements):
      var isChanged = false
      for index in elements.indices {
        guard let new = edited(elements[index], &count) else { continue }
        elements[index] = new
        isChanged = true
      }
      return isChanged ? .array(elements) : nil
    case .object(let object):
      var members = object.members
      var isChanged = false
      for index in members.indices {
        if let key = edited(members[index].key, &count) {
          members[index].key = key
          isChanged = true
        }
        if let new = edited(members[index].value, &count) {
          members[index].value = new
          isChanged = true
        }
      }
      // Two keys may have become the same.
      return isChanged ? .object(JSONObject(members)) : nil
    }
  }

  private func edited(_ text: String, _ count: inout Int) -> String? {
    guard let outcome = TextEdit.replaced(in: text, with: replacement, search) else { return nil }
    count += outcome.taken.count
    return outcome.text
  }
}

extension String {
  /// As it stands between the quotes of a JSON string.
  fileprivate var escapedAsJSON: String { String(JSONValue.string(self).serializedString().dropFirst().dropLast()) }

  fileprivate func contains(bytesOf other: String) -> Bool {
    var rest = utf8[...]
    while rest.count >= other.utf8.count {
      if rest.starts(with: other.utf8) { return true }
      rest = rest.dropFirst()
    }
    return false
  }
}

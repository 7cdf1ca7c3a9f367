/// How large a value is, and what it is made of.
extension Value {
  /// What is left of so many parts when its own are taken away; 0 when it has as many or more.
  func partsLeft(of count: Int) -> Int {
    guard count > 1 else { return 0 }
    var left = count - 1
    switch self {
    case .null, .boolean, .number: break
    case .string(let text): left = max(0, left - text.utf8.count >> 6)
    case .array(let items): for item in items where left > 0 { left = item.partsLeft(of: left) }
    case .set(let set): for element in set.elements where left > 0 { left = element.partsLeft(of: left) }
    case .object(let object):
      for key in object.keys where left > 0 { left = key.partsLeft(of: left) }
      for value in object.values where left > 0 { left = value.partsLeft(of: left) }
    }
    return left
  }

  /// JSON says the same: no object in it has keys that aren't strings, and nothing is a set, unless sets count as arrays.
  func isJSON(countingSets: Bool) -> Bool {
    switch self {
    case .null, .boolean, .number, .string: true
    case .array(let items): items.allSatisfy { $0.isJSON(countingSets: countingSets) }
    case .set(let set): countingSets && set.elements.allSatisfy { $0.isJSON(countingSets: countingSets) }
    case .object(let object):
      object.hasOnlyTextKeys && object.values.allSatisfy { $0.isJSON(countingSets: countingSets) }
    }
  }
}

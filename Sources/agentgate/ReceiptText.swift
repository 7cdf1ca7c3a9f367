import StrictJSON

/// A containment's receipt for people.
enum ReceiptText {
  /// A line for the whole, then one for each call.
  static func lines(_ receipt: JSONValue) -> [String] {
    let calls = receipt["calls"]?.arrayValue ?? []
    let id = receipt["id"]?.stringValue ?? ""
    let state = receipt["state"]?.stringValue ?? "unknown"
    guard !calls.isEmpty else { return ["containment \(id): no calls were under way"] }
    let silence = receipt["time_to_silence_ms"].flatMap(\.doubleValue).map { ", silent after \($0) ms" } ?? ""
    return [
      "containment \(id), \(state): \(calls.count) \(calls.count == 1 ? "call was" : "calls were") under way\(silence)"
    ]
      + calls.map { call in
        let name = call["tool_name"]?.stringValue ?? "a request"
        let verdict = call["verdict"]?.stringValue ?? "undecided"
        let detail = call["cancellation"]?.stringValue.map { " (\($0))" } ?? ""
        return "  \(verdict)\(detail): \(name), trace \(call["trace_id"]?.stringValue ?? "")"
      }
  }
}

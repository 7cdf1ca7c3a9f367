/// How an evaluation came to its result.
public struct Explanation: Sendable {
  public enum Detail: String, Sendable, CaseIterable {
    /// What the policy says with `trace`, and the rules on the way there.
    case notes
    /// Expressions that had no result, and the rules on the way there.
    case fails
    /// Everything.
    case full
  }
  public let detail: Detail
  /// In order, the first `limit`.
  public private(set) var events: [TraceEvent] = []
  /// There were more events than `limit`.
  public private(set) var isCut = false
  /// A loop over a large collection would fill the memory with its events.
  public static let limit = 100_000

  init(detail: Detail) { self.detail = detail }

  mutating func append(_ event: TraceEvent) {
    if events.count < Self.limit { events.append(event) } else { isCut = true }
  }

  /// The events as OPA prints them: place, a bar for each level, what happened. With `showsValues`, failed expressions
  /// are followed by the values of their variables and operands.
  public func lines(showsValues: Bool) -> [String] {
    let places = events.map { event in
      let location = event.location
      return "\(location.file.isEmpty ? "query" : location.file):\(location.row)"
    }
    let width = (places.map(\.count).max() ?? 0) + 1
    var lines: [String] = []
    for (event, place) in zip(events, places) {
      let indent =
        place + String(repeating: " ", count: width - place.count) + String(repeating: "| ", count: event.depth)
      lines.append(
        "\(indent)\(event.verb) \(event.message.map { Value.string(Text($0)).regoDescription } ?? event.text)")
      guard showsValues, event.operation == .fail else { continue }
      let space = String(repeating: " ", count: width) + String(repeating: "| ", count: event.depth)
      lines += event.valueLines.map { "\(space)     \($0)" }
    }
    if isCut { lines.append("the explanation ends here, after \(Self.limit) events") }
    return lines
  }

  /// `[{"op", "depth", "location": {"file", "row", "col"}, "node", "locals": {…}, "message"}]`
  public var value: Value {
    .array(
      events.map { event in
        let location = event.location
        var members: [(Value, Value)] = [
          ("op", .string(Text(event.operation.rawValue))), ("depth", .int(event.depth)),
          (
            "location",
            .object([
              "file": .string(Text(location.file)), "row": .int(location.row), "col": .int(location.column),
            ])
          ),
          ("node", .string(Text(event.text))),
        ]
        if let message = event.message { members.append(("message", .string(Text(message)))) }
        let locals = event.locals.map { (Value.string(Text($0.name)), $0.value) }
        if !locals.isEmpty { members.append(("locals", .object(ObjectValue(locals)))) }
        return .object(ObjectValue(members))
      })
  }
}

extension TraceEvent {
  fileprivate var verb: String {
    switch operation {
    case .enter: "Enter"
    case .exit: "Exit"
    case .eval: "Eval"
    case .fail: "Fail"
    case .note: "Note"
    }
  }

  /// `x = 1`, a line for each variable and operand; long values are cut.
  public var valueLines: [String] {
    (locals.map { ($0.name, $0.value) } + operands.map { ($0.text, $0.value) }).map { name, value in
      let text = value.regoDescription
      return "\(name) = \(text.utf8.count > 200 ? String(text.prefix(200)) + "…" : text)"
    }
  }
}

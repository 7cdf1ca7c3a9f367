import ArgumentParser
import RegoLite
import StrictJSON

/// What `agentgate eval` prints of a query's results, and of what went wrong: OPA's formats.
struct EvaluationOutput {
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case json, pretty, values, bindings, raw, discard
  }

  var results: [QueryResult] = []
  /// Beside results, they are those of builtins. Absent when there are none.
  var errors: ErrorReport?
  /// Absent unless asked for.
  var observed: ObservationReport?

  /// Errors go to standard error, unless they are a part of the format.
  func print(as format: Format) {
    switch format {
    case .json, .discard: break
    case .pretty, .values, .bindings, .raw:
      if let errors { StandardError.print(errors.text) }
      if errors != nil, results.isEmpty {
        Swift.print(observed?.prettyExplanation ?? "", terminator: "")
        return
      }
    }
    Swift.print(text(as: format), terminator: "")
  }

  /// Lines, each with its line break.
  func text(as format: Format) -> String {
    switch format {
    case .json: return json.goText(pretty: true) + "\n"
    case .pretty: return (observed?.prettyExplanation ?? "") + pretty + (observed?.prettyMeasures ?? "")
    case .values: return lines { .array($0.expressions.map(\.value.jsonValue)) }
    case .bindings: return lines(Self.bindings)
    case .raw: return results.map { $0.expressions.map { Self.raw($0.value) }.joined(separator: " ") + "\n" }.joined()
    case .discard: return document(result: "discarded").goText(pretty: true) + "\n"
    }
  }

  /// `{"result": […]}`, or `{}` when the query is undefined; `errors` in front when there are any.
  var json: JSONValue { document(result: .array(results.map(Self.json))) }

  private func document(result: JSONValue) -> JSONValue {
    var members: [JSONObject.Member] = []
    if let errors { members.append(("errors", .array(errors.errors))) }
    if !results.isEmpty { members.append(("result", result)) }
    members += observed?.members ?? []
    return .object(JSONObject(members))
  }

  private static func json(_ result: QueryResult) -> JSONValue {
    var members: [JSONObject.Member] = [("expressions", .array(result.expressions.map(json)))]
    if !result.bindings.isEmpty { members.append(("bindings", bindings(result))) }
    return .object(JSONObject(members))
  }

  private static func json(_ expression: QueryResult.Expression) -> JSONValue {
    [
      "value": expression.value.jsonValue, "text": .string(expression.text),
      "location": ["row": JSONValue(expression.row), "col": JSONValue(expression.column)],
    ]
  }

  private static func bindings(_ result: QueryResult) -> JSONValue {
    .object(JSONObject(result.bindings.map { ($0.name, $0.value.jsonValue) }))
  }

  private func lines(_ value: (QueryResult) -> JSONValue) -> String {
    results.map { value($0).goText(pretty: true) + "\n" }.joined()
  }

  private static func raw(_ value: Value) -> String { value.asString ?? value.json() }

  // MARK: Pretty

  private var pretty: String {
    guard let first = results.first else { return "undefined\n" }
    // Of several expressions that say yes or no, the first stands for all.
    let isSingle = first.expressions.count == 1 || first.expressions.allSatisfy { $0.value.asBool != nil }
    if results.count == 1, first.bindings.isEmpty, isSingle, let expression = first.expressions.first {
      return expression.value.json(pretty: true) + "\n"
    }
    // A column for each variable, and for each expression that doesn't just say yes.
    let shown = first.expressions.indices.filter { first.expressions[$0].value.asBool == nil }
    var table = TextTable(first.bindings.map(\.name) + shown.map { first.expressions[$0].text })
    for result in results {
      let values = result.bindings.map(\.value) + shown.map { result.expressions[$0].value }
      table.append(values.map { $0.json() })
    }
    return table.text
  }
}

/// Text in columns, with a frame of lines, as OPA prints tables.
struct TextTable {
  /// A cell's text is cut off after so many characters.
  static let cellLimit = 80

  private var rows: [[String]]

  init(_ header: [String]) { rows = [header.map(Self.cut)] }

  /// As many cells as the header has.
  mutating func append(_ cells: [String]) { rows.append(cells.map(Self.cut)) }

  private static func cut(_ cell: String) -> String {
    cell.count > cellLimit ? cell.prefix(cellLimit) + "..." : cell
  }

  /// The header's cells are centred, the others begin on the left.
  var text: String {
    let columns = rows[0].indices
    let widths = columns.map { column in rows.map { $0[column].count }.max() ?? 0 }
    func line(_ left: String, _ middle: String, _ right: String) -> String {
      left + widths.map { String(repeating: "─", count: $0 + 2) }.joined(separator: middle) + right + "\n"
    }
    func cells(_ row: [String], isCentred: Bool) -> String {
      let padded = zip(row, widths).map { cell, width in
        let spaces = width - cell.count
        let left = isCentred ? spaces / 2 : 0
        return String(repeating: " ", count: left) + cell + String(repeating: " ", count: spaces - left)
      }
      return "│ " + padded.joined(separator: " │ ") + " │\n"
    }
    return line("┌", "┬", "┐") + cells(rows[0], isCentred: true) + line("├", "┼", "┤")
      + rows.dropFirst().map { cells($0, isCentred: false) }.joined() + line("└", "┴", "┘")
  }
}

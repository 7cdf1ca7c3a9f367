import RegoLite
import StrictJSON

/// What was learned by watching a query's evaluation, as OPA prints it.
struct ObservationReport {
  /// Absent unless asked for.
  let explanation: Explanation?
  /// The lines in order, as many as asked for; absent unless asked for.
  let profile: [Profile.Line]?
  /// Absent unless asked for.
  let coverage: CoverageReport?

  init(_ observation: Observation, _ options: ObservationOptions, of engine: PolicyEngine) {
    explanation = observation.explanation
    profile = observation.profile.map { profile in
      let lines = profile.lines(by: options.criteria)
      return Array(lines.prefix(options.lineLimit ?? lines.count))
    }
    coverage = options.coverage ? engine.report(on: observation.coverage) : nil
  }

  /// The members beside `result`.
  var members: [JSONObject.Member] {
    var members: [JSONObject.Member] = []
    if let profile { members.append(("profile", .array(profile.map(Self.json)))) }
    if let explanation { members.append(("explanation", explanation.value.jsonValue)) }
    if let coverage { members.append(("coverage", coverage.value.jsonValue)) }
    return members
  }

  private static func json(_ line: Profile.Line) -> JSONValue {
    [
      "total_time_ns": JSONValue(line.time.nanoseconds), "num_eval": JSONValue(line.evaluations), "num_redo": 0,
      "num_gen_expr": JSONValue(line.expressions), "location": ErrorReport.location(line.location),
    ]
  }

  /// What stands before the result: lines, each with its line break.
  var prettyExplanation: String {
    (explanation?.lines(showsValues: true) ?? []).map { $0 + "\n" }.joined()
  }

  /// What stands after the result.
  var prettyMeasures: String {
    var text = ""
    if let profile {
      var table = TextTable(["TIME", "NUM EVAL", "NUM REDO", "NUM GEN EXPR", "LOCATION"])
      for line in profile {
        let place = line.location.file.isEmpty ? line.location.text : "\(line.location.file):\(line.location.row)"
        table.append([line.time.goText, "\(line.evaluations)", "0", "\(line.expressions)", place])
      }
      text += table.text
    }
    if let coverage { text += coverage.value.jsonValue.goText(pretty: true) + "\n" }
    return text
  }
}

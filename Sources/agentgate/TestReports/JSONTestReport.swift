import FoundationEssentials
import RegoLite
import StrictJSON

/// OPA's list of results, an object for each test.
struct JSONTestReport: TestReport {
  /// Tells how each test went that has an explanation, under `trace`.
  let explains: Bool

  func text(_ outcomes: [PolicyTestRun.Outcome]) -> String { JSONValue.array(outcomes.map(json)).goText(pretty: true) }

  private func json(_ outcome: PolicyTestRun.Outcome) -> JSONValue {
    var members: [JSONObject.Member] = [
      ("location", ErrorReport.location(outcome.test.location)), ("package", .string(outcome.test.package)),
      ("name", .string(outcome.test.name)),
    ]
    switch outcome.verdict {
    case .passed: break
    case .failed:
      members.append(("fail", true))
      if !outcome.stops.isEmpty { members.append(("failed_at", .array(outcome.stops.map(Self.json)))) }
    case .error(let error): members.append(("error", ErrorReport.error(of: error)))
    case .skipped: members.append(("skip", true))
    }
    members.append(("duration", JSONValue(outcome.duration.nanoseconds)))
    if explains, let explanation = outcome.explanation { members.append(("trace", explanation.value.jsonValue)) }
    if !outcome.output.isEmpty {
      let text = outcome.output.map { $0 + "\n" }.joined()
      members.append(("output", .string(Data(text.utf8).base64EncodedString())))
    }
    if !outcome.cases.isEmpty { members.append(("sub_results", Self.json(outcome.cases))) }
    return .object(JSONObject(members))
  }

  private static func json(_ cases: [PolicyTestRun.Case]) -> JSONValue {
    .object(
      JSONObject(
        cases.map { item in
          var members: [JSONObject.Member] = [("name", .string(item.name))]
          if !item.passed { members.append(("fail", true)) }
          if !item.stops.isEmpty { members.append(("failed_at", .array(item.stops.map(json)))) }
          if !item.cases.isEmpty { members.append(("sub_results", json(item.cases))) }
          return (item.name, .object(JSONObject(members)))
        }))
  }

  private static func json(_ stop: TraceEvent) -> JSONValue {
    let values = stop.locals.map { ($0.name, $0.value.jsonValue) } + stop.operands.map { ($0.text, $0.value.jsonValue) }
    var names: Set<String> = []
    return [
      "location": ErrorReport.location(stop.location), "text": .string(stop.text),
      "values": .object(JSONObject(values.filter { names.insert($0.0).inserted })),
    ]
  }
}

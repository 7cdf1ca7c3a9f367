extension Builtins {
  /// Times are nanoseconds since 1970 in UTC, alone or in an array with a zone's name.
  enum Time {
    private static let withZone = RegoType.array(leading: [.number, .string], rest: nil)
    private static let time = RegoType.any([.number, withZone])
    private static let withLayout = RegoType.array(leading: [.number, .string, .string], rest: nil)
    private static let three = RegoType.array(leading: [.number, .number, .number], rest: nil)
    private static let six = RegoType.array(leading: Array(repeating: .number, count: 6), rest: nil)

    static let rows: [Builtin] = [
      Builtin("time.now_ns", [], .number, deterministic: false) { _, context throws(BuiltinError) in
        .number(Number(context.nowNanoseconds))
      },
      Builtin("time.parse_ns", [.string, .string], .number) { arguments, context throws(BuiltinError) in
        let (layout, text) = (try arguments.string(1), try arguments.string(2))
        try context.charge(layout.utf8.count + text.utf8.count)
        return .int(try GoTimeParser.parse(text, GoTimeLayout(nameOrLayout: layout)))
      },
      Builtin("time.parse_rfc3339_ns", [.string], .number) { arguments, context throws(BuiltinError) in
        let text = try arguments.string(1)
        try context.charge(bytes: text.utf8.count)
        return .int(try GoTimeParser.parse(text, GoTimeLayout(GoTimeLayout.rfc3339)))
      },
      Builtin("time.parse_duration_ns", [.string], .number) { arguments, context throws(BuiltinError) in
        let text = try arguments.string(1)
        try context.charge(text.utf8.count)
        return .int(try GoDuration.parse(text))
      },
      Builtin("time.format", [.any([.number, withZone, withLayout])], .string, format),
      Builtin("time.date", [time], three) { arguments, context throws(BuiltinError) in
        let civil = try moment(arguments.operand(1), &context).time.civil
        return [.int(civil.year), .int(civil.month), .int(civil.day)]
      },
      Builtin("time.clock", [time], three) { arguments, context throws(BuiltinError) in
        let civil = try moment(arguments.operand(1), &context).time.civil
        return [.int(civil.hour), .int(civil.minute), .int(civil.second)]
      },
      Builtin("time.weekday", [time], .string) { arguments, context throws(BuiltinError) in
        let civil = try moment(arguments.operand(1), &context).time.civil
        return .string(Text(CivilTime.weekdays[civil.weekday]))
      },
      Builtin("time.add_date", [.number, .number, .number, .number], .number, addDate),
      Builtin("time.diff", [time, time], six, difference),
    ]

    private struct Moment {
      var time: GoTime
      var zone: TimeZone
      var layout: String?
    }

    /// A number, or an array of one with a zone's name and a layout.
    private static func moment(_ value: Value, _ context: inout BuiltinContext) throws(BuiltinError) -> Moment {
      var number = value
      var zone = TimeZone.utc
      var layout: String?
      if case .array(let parts) = value, let first = parts.first {
        guard case .number = first else { throw .operand(1, mustBe: "number", got: first) }
        number = first
        if parts.count > 1 {
          guard case .string(let name) = parts[1] else { throw .operand(1, mustBe: "string", got: parts[1]) }
          // About what reading the zone's file costs, in case it isn't known yet.
          try context.charge(64 + name.utf8.count)
          zone = try TimeZoneFile.zone(name)
        }
        if parts.count > 2 {
          guard case .string(let text) = parts[2] else { throw .operand(1, mustBe: "string", got: parts[2]) }
          layout = text.string
        }
      }
      guard case .number(let count) = number else {
        throw .operand(1, mustBe: "either number (ns) or [number (ns), string (tz)]", got: value)
      }
      guard let nanoseconds = count.intValue else { throw .failure("timestamp too big") }
      return Moment(time: GoTime(nanosecondsSince1970: nanoseconds, in: zone), zone: zone, layout: layout)
    }

    private static func format(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let moment = try moment(arguments.operand(1), &context)
      let layout = moment.layout ?? ""
      try context.charge(layout.utf8.count)
      return .string(
        Text(moment.time.formatted(GoTimeLayout(nameOrLayout: layout.isEmpty ? GoTimeLayout.rfc3339Nano : layout))))
    }

    private static func addDate(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let moment = try moment(arguments.operand(1), &context)
      let (years, months, days) = (try arguments.int(2), try arguments.int(3), try arguments.int(4))
      var civil = moment.time.civil
      civil.year &+= years
      civil.month &+= months
      civil.day &+= days
      return .int(try nanoseconds(seconds: moment.zone.seconds(of: civil), moment.time.nanoseconds))
    }

    /// Fails beyond the 64 bits that OPA has for times.
    static func nanoseconds(seconds: Int, _ nanoseconds: Int) throws(BuiltinError) -> Int {
      // Counted back from the next second when negative: the smallest number lies within the first second.
      let (whole, part) = seconds < 0 ? (seconds + 1, nanoseconds - 1_000_000_000) : (seconds, nanoseconds)
      let product = whole.multipliedReportingOverflow(by: 1_000_000_000)
      let sum = product.partialValue.addingReportingOverflow(part)
      if product.overflow || sum.overflow { throw .failure("time outside of valid range") }
      return sum.partialValue
    }

    /// Years, months, days, hours, minutes and seconds from the earlier to the later, on clocks in the first one's zone.
    private static func difference(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      let first = try moment(arguments.operand(1), &context)
      let second = try moment(arguments.operand(2), &context)
      let other = GoTime(seconds: second.time.seconds, second.time.nanoseconds, in: first.zone)
      let isOrdered = (first.time.seconds, first.time.nanoseconds) <= (other.seconds, other.nanoseconds)
      let (from, to) = isOrdered ? (first.time.civil, other.civil) : (other.civil, first.time.civil)
      var parts = [
        to.year - from.year, to.month - from.month, to.day - from.day, to.hour - from.hour, to.minute - from.minute,
        to.second - from.second,
      ]
      // Borrows from the next larger unit: for days as many as the earlier month has.
      let sizes = [0, 12, CivilTime.days(inMonth: from.month, from.year), 24, 60, 60]
      for index in (1...5).reversed() where parts[index] < 0 {
        parts[index] += sizes[index]
        parts[index - 1] -= 1
      }
      return .array(parts.map { .int($0) })
    }
  }
}

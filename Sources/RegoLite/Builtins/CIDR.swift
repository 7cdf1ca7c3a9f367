extension Builtins {
  /// Blocks of IP addresses, without asking any network.
  enum CIDR {
    private static let addresses = RegoType.any([.string, .anyArray])
    private static let blocks = RegoType.any([
      .string, .array(of: addresses), .object(of: addresses), .set(addresses),
    ])

    static let rows: [Builtin] = [
      Builtin("net.cidr_contains", [.string, .string], .boolean) { arguments, _ throws(BuiltinError) in
        .boolean(try contains(arguments.operand(1), arguments.operand(2)))
      },
      Builtin("net.cidr_overlap", [.string, .string], .boolean, deprecated: true) { arguments, _ throws(BuiltinError) in
        .boolean(try contains(arguments.operand(1), arguments.operand(2)))
      },
      Builtin("net.cidr_intersects", [.string, .string], .boolean) { arguments, _ throws(BuiltinError) in
        let (a, b) = (try network(arguments.operand(1)), try network(arguments.operand(2)))
        return .boolean(a.contains(b.address) || b.contains(a.address))
      },
      Builtin("net.cidr_is_valid", [.string], .boolean) { arguments, _ throws(BuiltinError) in
        .boolean(arguments.operand(1).asString.flatMap { IPNetwork(cidr: $0) } != nil)
      },
      Builtin("net.cidr_expand", [.string], .set(.string), expand),
      Builtin("net.cidr_merge", [.any([.array(of: .any([.string])), .set(.string)])], .set(.string), merge),
      Builtin(
        "net.cidr_contains_matches", [blocks, blocks], .set(.array(leading: [.anything, .anything], rest: nil)),
        containsMatches),
    ]

    // OPA speaks of operand 1 whichever it is.
    private static func string(_ value: Value) throws(BuiltinError) -> String {
      guard case .string(let text) = value else { throw .operand(1, mustBe: "string", got: value) }
      return text.string
    }

    private static func network(_ value: Value) throws(BuiltinError) -> IPNetwork {
      let text = try string(value)
      guard let network = IPNetwork(cidr: text) else { throw .failure("invalid CIDR address: \(text)") }
      return network
    }

    /// Whether a block holds an address or all of another block.
    private static func contains(_ block: Value, _ other: Value) throws(BuiltinError) -> Bool {
      let network = try network(block)
      let text = try string(other)
      if let address = IPAddress(text) { return network.contains(address) }
      guard let inner = IPNetwork(cidr: text) else {
        throw .failure("not a valid textual representation of an IP address or CIDR: \(text)")
      }
      return network.contains(inner.address) && network.contains(inner.last)
    }

    private static func expand(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let network = try network(arguments.operand(1))
      guard let steps = Int(exactly: network.last.bits - network.first.bits), steps < Int.max else {
        throw BuiltinError(code: .halt, message: "step budget exhausted")
      }
      try context.charge(steps + 1)
      return .set(
        SetValue((0...steps).map { .string(Text(IPAddress(bits: network.first.bits + UInt128($0)).description)) }))
    }

    /// For each pair of a block and an address within it, their keys: a collection's key, index or element, or the
    /// string itself.
    private static func containsMatches(
      _ arguments: [Value], _ context: inout BuiltinContext
    ) throws(BuiltinError) -> Value? {
      var matches: [Value] = []
      for (key, element) in candidates(arguments.operand(1)) {
        let block = try text(of: element, 1)
        for (otherKey, other) in candidates(arguments.operand(2)) {
          try context.charge(1)
          if try contains(block, try text(of: other, 2)) { matches.append([key, otherKey]) }
        }
      }
      return .set(SetValue(matches))
    }

    private static func candidates(_ value: Value) -> [(key: Value, element: Value)] {
      switch value {
      case .string: return [(value, value)]
      case .array(let array): return array.enumerated().map { (.int($0.offset), $0.element) }
      case .set(let set): return set.elements.map { ($0, $0) }
      case .object(let object): return object.entries.map { ($0.key, $0.value) }
      default: return []
      }
    }

    /// A string, or the first element of an array.
    private static func text(of element: Value, _ position: Int) throws(BuiltinError) -> Value {
      switch element {
      case .string: return element
      case .array(let array): if let first = array.first { return first }
      default: break
      }
      throw .failure("operand \(position): element must be string or non-empty array")
    }

    /// The fewest blocks that hold the same addresses. An IPv4 address without a prefix is taken for its class's network.
    private static func merge(_ arguments: [Value], _ context: inout BuiltinContext) throws(BuiltinError) -> Value? {
      let elements: [Value]
      switch arguments.operand(1) {
      case .array(let array): elements = array
      case .set(let set): elements = set.elements
      default: throw .failure("operand must be an array")
      }
      try context.charge(elements.count * 8)
      var runs: [Run] = []
      for element in elements {
        let network = try blockOrClass(element)
        runs.append(Run(first: network.first.bits, last: network.last.bits, original: network))
      }
      runs.sort { ($0.first, $0.last) < ($1.first, $1.last) }
      var merged: [Run] = []
      for run in runs {
        // IPv4 has its place among the addresses of IPv6, but begins by itself.
        guard let previous = merged.last,
          run.first <= previous.last || run.first == previous.last + 1 && run.first != IPAddress.firstV4
        else {
          merged.append(run)
          continue
        }
        merged[merged.count - 1] = Run(
          first: previous.first, last: max(previous.last, run.last), original: nil)
      }
      return .set(SetValue(merged.flatMap(\.networks).map { .string(Text($0.description)) }))
    }

    private static func blockOrClass(_ element: Value) throws(BuiltinError) -> IPNetwork {
      guard case .string(let text) = element else { throw .failure("element must be string") }
      guard let address = IPAddress(text.string) else { return try network(element) }
      guard address.isV4 else { throw .failure("IPv6 invalid: needs prefix length") }
      let length =
        switch UInt8(truncatingIfNeeded: address.bits >> 24) {
        case ..<0x80: 8
        case ..<0xC0: 16
        default: 24
        }
      return IPNetwork(address: address, prefix: 96 + length)
    }

    /// Addresses without a gap.
    private struct Run {
      let first: UInt128
      let last: UInt128
      /// The block that it is, unless it was merged.
      let original: IPNetwork?

      var networks: [IPNetwork] {
        if let original { return [original] }
        var networks: [IPNetwork] = []
        var start = first
        while true {
          // The largest block that starts here and does not go beyond the end.
          var prefix = start == 0 ? 0 : 128 - start.trailingZeroBitCount
          while start | ~IPNetwork.mask(prefix) > last { prefix += 1 }
          networks.append(IPNetwork(address: IPAddress(bits: start), prefix: prefix))
          let end = start | ~IPNetwork.mask(prefix)
          if end >= last { return networks }
          start = end + 1
        }
      }
    }
  }
}

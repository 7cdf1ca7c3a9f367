import CYAML

/// Writes one document with libyaml, in the layout and the quotes of Go's yaml.v2.
struct YAMLWriter {
  private let emitter: UnsafeMutablePointer<yaml_emitter_t>

  static func text(_ value: Value) throws(BuiltinError) -> String {
    let emitter = UnsafeMutablePointer<yaml_emitter_t>.allocate(capacity: 1)
    defer { emitter.deallocate() }
    guard yaml_emitter_initialize(emitter) == 1 else { throw .failure("yaml: out of memory") }
    defer { yaml_emitter_delete(emitter) }
    yaml_emitter_set_unicode(emitter, 1)
    let output = Output()
    yaml_emitter_set_output(
      emitter,
      { context, buffer, size in
        guard let context, let buffer else { return 0 }
        Unmanaged<Output>.fromOpaque(context).takeUnretainedValue().bytes += UnsafeBufferPointer(
          start: buffer, count: size)
        return 1
      }, Unmanaged.passUnretained(output).toOpaque())
    let writer = YAMLWriter(emitter: emitter)
    try withExtendedLifetime(output) { () throws(BuiltinError) in
      try writer.emit { yaml_stream_start_event_initialize($0, YAML_UTF8_ENCODING) }
      try writer.emit { yaml_document_start_event_initialize($0, nil, nil, nil, 1) }
      try writer.write(value)
      try writer.emit { yaml_document_end_event_initialize($0, 1) }
      try writer.emit { yaml_stream_end_event_initialize($0) }
      guard yaml_emitter_flush(emitter) == 1 else { throw writer.fault }
    }
    return String(decoding: output.bytes, as: UTF8.self)
  }

  private final class Output {
    var bytes: [UInt8] = []
  }

  private var fault: BuiltinError {
    .failure("yaml: \(emitter.pointee.problem.map { String(cString: $0) } ?? "cannot write the value")")
  }

  private func emit(_ prepare: (UnsafeMutablePointer<yaml_event_t>) -> Int32) throws(BuiltinError) {
    var event = yaml_event_t()
    // The emitter frees the event, also when it fails.
    guard prepare(&event) == 1, yaml_emitter_emit(emitter, &event) == 1 else { throw fault }
  }

  private func write(_ value: Value) throws(BuiltinError) {
    switch value {
    case .null: try scalar("null", YAML_PLAIN_SCALAR_STYLE)
    case .boolean(let value): try scalar(value ? "true" : "false", YAML_PLAIN_SCALAR_STYLE)
    case .number(let number): try scalar(Self.text(number), YAML_PLAIN_SCALAR_STYLE)
    case .string(let text): try write(text.string)
    case .array(let elements):
      try emit { yaml_sequence_start_event_initialize($0, nil, nil, 1, YAML_BLOCK_SEQUENCE_STYLE) }
      for element in elements { try write(element) }
      try emit { yaml_sequence_end_event_initialize($0) }
    case .set(let set): try write(.array(set.elements))
    case .object(let object):
      try emit { yaml_mapping_start_event_initialize($0, nil, nil, 1, YAML_BLOCK_MAPPING_STYLE) }
      let members = object.entries.map { ($0.key.asString ?? $0.key.json(), $0.value) }
      for (name, member) in members.sorted(by: { NaturalOrder.areAscending($0.0, $1.0) }) {
        try write(name)
        try write(member)
      }
      try emit { yaml_mapping_end_event_initialize($0) }
    }
  }

  private func write(_ text: String) throws(BuiltinError) {
    let meaning = YAMLScalar(text)
    let isPlain: Bool =
      switch meaning {
      case .string: !YAMLScalar.isSexagesimal(text)
      case .merge: true
      default: false
      }
    if text.utf8.contains(UInt8(ascii: "\n")) {
      try scalar(text, YAML_LITERAL_SCALAR_STYLE)
    } else {
      try scalar(text, isPlain ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE)
    }
  }

  private func scalar(_ text: String, _ style: yaml_scalar_style_t) throws(BuiltinError) {
    guard let count = Int32(exactly: text.utf8.count) else { throw .failure("yaml: string is too long") }
    // The byte at the end, which isn't read, gives an empty string an address.
    let bytes = Array(text.utf8) + [0]
    try emit { event in
      bytes.withUnsafeBufferPointer {
        yaml_scalar_event_initialize(event, nil, nil, $0.baseAddress, count, 1, 1, style)
      }
    }
  }

  /// Integers that fit 64 bits as they are, other numbers as doubles; beyond those the text.
  private static func text(_ number: Number) -> String {
    switch YAMLScalar(number.description) {
    case .int(let value): String(value)
    case .unsigned(let value): String(value)
    case .double(let value): YAMLScalar.text(value)
    default: number.description
    }
  }
}

/// The order of keys in yaml.v2: runs of digits by their value, letters after what is none.
enum NaturalOrder {
  static func areAscending(_ a: String, _ b: String) -> Bool {
    let (x, y) = (Array(a.unicodeScalars), Array(b.unicodeScalars))
    var isInDigits = false
    for index in 0..<min(x.count, y.count) {
      if x[index] == y[index] {
        isInDigits = isDigit(x[index])
        continue
      }
      switch (x[index].properties.isAlphabetic, y[index].properties.isAlphabetic) {
      case (true, true): return x[index] < y[index]
      case (true, false): return isInDigits
      case (false, true): return !isInDigits
      case (false, false): break
      }
      var (xValue, yValue): (UInt64, UInt64) = (0, 0)
      if x[index] == "0" || y[index] == "0" {
        var before = index - 1
        while before >= 0, isDigit(x[before]) {
          if x[before] != "0" {
            (xValue, yValue) = (1, 1)
            break
          }
          before -= 1
        }
      }
      let xEnd = run(x, from: index, &xValue)
      let yEnd = run(y, from: index, &yValue)
      if xValue != yValue { return xValue < yValue }
      if xEnd != yEnd { return xEnd < yEnd }
      return x[index] < y[index]
    }
    return x.count < y.count
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.generalCategory == .decimalNumber }

  private static func run(_ text: [Unicode.Scalar], from start: Int, _ value: inout UInt64) -> Int {
    var index = start
    while index < text.count, isDigit(text[index]) {
      value = value &* 10 &+ UInt64(text[index].value) &- 48
      index += 1
    }
    return index
  }
}

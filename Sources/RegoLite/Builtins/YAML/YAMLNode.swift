import CYAML

/// A part of a YAML document with its place in the text, for readers that have to say where something is wrong.
struct YAMLNode {
  enum Content {
    /// `isPlain`: without quotes and without a tag.
    case scalar(String, tag: String, isPlain: Bool)
    case sequence([YAMLNode])
    case mapping([(key: YAMLNode, value: YAMLNode)])
  }
  let content: Content
  /// From 0.
  let line: Int
  /// From 0, in Unicode scalars.
  let column: Int

  /// What the text isn't, and where.
  struct Fault: Error {
    let message: String
    let line: Int
    let column: Int
  }

  /// How many nodes a document may have once its aliases are written out, and how deep they may lie.
  private static let limit = (nodes: 100_000, depth: 100)

  /// The first document of the text; absent when there is none.
  static func document(_ text: String) throws(Fault) -> YAMLNode? {
    let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    defer { parser.deallocate() }
    guard yaml_parser_initialize(parser) == 1 else { throw Fault(message: "out of memory", line: 0, column: 0) }
    defer { yaml_parser_delete(parser) }
    let bytes = Array(text.utf8)
    // The parser keeps the address of its input, so all of it happens while the input stands still.
    // The byte at the end, which isn't read, gives an empty input an address.
    let result = (bytes + [0]).withUnsafeBufferPointer { input -> Result<YAMLNode?, Fault> in
      yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
      yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
      var composer = Composer(parser: parser)
      do throws(Fault) {
        return .success(try composer.document())
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// Makes nodes of libyaml's events.
  private struct Composer {
    let parser: UnsafeMutablePointer<yaml_parser_t>
    /// Absent while the anchor's node is being read.
    var anchors: [String: (node: YAMLNode, size: Int)?] = [:]
    var depth = 0
    var size = 0

    struct Event {
      var kind: yaml_event_type_t
      var line = 0
      var column = 0
      var text = ""
      var tag = ""
      var anchor: String?
      var isPlain = false
    }

    mutating func next() throws(Fault) -> Event {
      var event = yaml_event_t()
      guard yaml_parser_parse(parser, &event) == 1 else {
        let mark = parser.pointee.problem_mark
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "unreadable"
        throw Fault(message: problem, line: Int(mark.line), column: Int(mark.column))
      }
      defer { yaml_event_delete(&event) }
      func text(_ pointer: UnsafePointer<yaml_char_t>?) -> String? { pointer.map { String(cString: $0) } }
      var result = Event(
        kind: event.type, line: Int(event.start_mark.line), column: Int(event.start_mark.column))
      switch event.type {
      case YAML_SCALAR_EVENT:
        let scalar = event.data.scalar
        result.text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
        result.tag = text(scalar.tag) ?? ""
        result.anchor = text(scalar.anchor)
        result.isPlain = scalar.plain_implicit == 1 && scalar.style == YAML_PLAIN_SCALAR_STYLE
      case YAML_ALIAS_EVENT: result.anchor = text(event.data.alias.anchor)
      case YAML_SEQUENCE_START_EVENT: result.anchor = text(event.data.sequence_start.anchor)
      case YAML_MAPPING_START_EVENT: result.anchor = text(event.data.mapping_start.anchor)
      default: break
      }
      return result
    }

    mutating func document() throws(Fault) -> YAMLNode? {
      while true {
        let event = try next()
        switch event.kind {
        case YAML_STREAM_START_EVENT: continue
        case YAML_DOCUMENT_START_EVENT: return try node(try next())
        default: return nil
        }
      }
    }

    mutating func node(_ event: Event) throws(Fault) -> YAMLNode {
      func fault(_ message: String) -> Fault { Fault(message: message, line: event.line, column: event.column) }
      func made(_ content: Content) -> YAMLNode { YAMLNode(content: content, line: event.line, column: event.column) }
      let before = size
      size += 1
      depth += 1
      defer { depth -= 1 }
      guard size <= YAMLNode.limit.nodes else { throw fault("document has too many parts") }
      guard depth <= YAMLNode.limit.depth else { throw fault("document is nested too deeply") }
      let result: YAMLNode
      switch event.kind {
      case YAML_ALIAS_EVENT:
        let name = event.anchor ?? ""
        guard let known = anchors[name] else { throw fault("unknown anchor '\(name)' referenced") }
        guard let known else { throw fault("anchor '\(name)' value contains itself") }
        size += known.size
        guard size <= YAMLNode.limit.nodes else { throw fault("document has too many parts") }
        return known.node
      case YAML_SCALAR_EVENT: result = made(.scalar(event.text, tag: event.tag, isPlain: event.isPlain))
      case YAML_SEQUENCE_START_EVENT:
        if let anchor = event.anchor { anchors[anchor] = .some(nil) }
        var items: [YAMLNode] = []
        while true {
          let item = try next()
          if item.kind == YAML_SEQUENCE_END_EVENT { break }
          items.append(try node(item))
        }
        result = made(.sequence(items))
      case YAML_MAPPING_START_EVENT:
        if let anchor = event.anchor { anchors[anchor] = .some(nil) }
        var members: [(key: YAMLNode, value: YAMLNode)] = []
        while true {
          let key = try next()
          if key.kind == YAML_MAPPING_END_EVENT { break }
          let keyNode = try node(key)
          members.append((keyNode, try node(try next())))
        }
        result = made(.mapping(members))
      default: throw fault("did not find expected node content")
      }
      if let anchor = event.anchor { anchors[anchor] = .some((result, size - before)) }
      return result
    }
  }
}

public import StrictJSON

/// Decisions on inputs that are JSON text.
extension PolicyEngine {
  /// Why there is no decision.
  public enum DecisionFault: Error, Sendable {
    /// The input is no JSON.
    case input(JSONError)
    case evaluation(EvaluationError)
  }

  /// What a document is for an input.
  public enum Outcome: Sendable {
    case undefined
    /// A value that the policy has ready: `constant(_:of:)` gives it, the same for each decision of the document.
    case constant(Int)
    case value(Value)
  }

  /// The outcomes of this document that are constants, as far as it has been compiled: there may be some that no input
  /// leads to.
  public func constants(of document: PreparedDocument) -> [Int] {
    document.program.map { $0.results } ?? []
  }

  /// The value that an outcome of this document names.
  public func constant(_ number: Int, of document: PreparedDocument) -> Value {
    document.program?.values[number] ?? .null
  }

  /// Appends the document's JSON for the input to `output`; false when the document is undefined.
  ///
  /// The input is read once, and only what the policy asks for is kept of it.
  public func decide(
    _ document: PreparedDocument, json input: UnsafeBufferPointer<UInt8>, budget: EvaluationBudget = .standard,
    into output: inout [UInt8]
  ) throws(DecisionFault) -> Bool {
    if let tables = document.tables, let start = input.baseAddress {
      let outcome = try Workspace.withOne { workspace throws(DecisionFault) -> Bool? in
        guard var machine = Machine(tables, workspace, scanning: start, input.count, budget) else { return nil }
        try machine.decide()
        guard machine.row.isDefined else { return false }
        switch machine.row.tag {
        case .true: output.append(contentsOf: "true".utf8)
        case .false: output.append(contentsOf: "false".utf8)
        default:
          if machine.row.tag == .constant, let text = tables.pointee.text(ofConstant: machine.row.index) {
            output.append(contentsOf: text)
          } else {
            output += machine.value(machine.row).jsonBytes()
          }
        }
        return true
      }
      if let outcome { return outcome }
    }
    guard let value = try evaluate(document, json: input, budget) else { return false }
    output += value.jsonBytes()
    return true
  }

  /// What the document is for the input.
  public func outcome(
    of document: PreparedDocument, json input: UnsafeBufferPointer<UInt8>, budget: EvaluationBudget = .standard
  ) throws(DecisionFault) -> Outcome {
    if let tables = document.tables, let start = input.baseAddress {
      let outcome = try Workspace.withOne { workspace throws(DecisionFault) -> Outcome? in
        guard var machine = Machine(tables, workspace, scanning: start, input.count, budget) else { return nil }
        try machine.decide()
        return machine.outcome()
      }
      if let outcome { return outcome }
    }
    return try evaluate(document, json: input, budget).map { .value($0) } ?? .undefined
  }

  /// The document's value for the input; absent when it is undefined.
  public func decide(
    _ document: PreparedDocument, json input: UnsafeBufferPointer<UInt8>, budget: EvaluationBudget = .standard
  ) throws(DecisionFault) -> Value? {
    switch try outcome(of: document, json: input, budget: budget) {
    case .undefined: nil
    case .constant(let number): constant(number, of: document)
    case .value(let value): value
    }
  }

  /// Without a program, and for inputs that the scan leaves to the reader of values.
  private func evaluate(
    _ document: PreparedDocument, json input: UnsafeBufferPointer<UInt8>, _ budget: EvaluationBudget
  ) throws(DecisionFault) -> Value? {
    let value: Value
    do throws(JSONError) {
      value = try Value.parse(json: input)
    } catch {
      throw .input(error)
    }
    do throws(EvaluationError) {
      return try decide(document, input: value, budget: budget)
    } catch {
      throw .evaluation(error)
    }
  }

  /// An input that has been read for one document: what its policy asks for, found.
  public final class ReadInput: @unchecked Sendable {
    // INVARIANT: nothing behind the pointers changes after `init`.
    fileprivate let bytes: UnsafePointer<UInt8>
    fileprivate let fields: UnsafePointer<Cell>
    fileprivate let tables: UnsafePointer<Program.Tables>
    private let memory = ConstantMemory()
    private let program: Program

    fileprivate init(_ bytes: UnsafeBufferPointer<UInt8>, _ fields: UnsafePointer<Cell>, _ program: Program) {
      self.bytes = memory.place(Array(bytes) + [UInt8](repeating: 0, count: InputScanner.padding))
      self.fields = memory.place(
        Array(UnsafeBufferPointer(start: fields, count: program.tables.pointee.fieldCount)))
      self.program = program
      tables = program.tables
    }
  }

  /// Reads an input for the document; absent when it is malformed, or when the policy isn't compiled: it is then decided
  /// as a `Value`.
  public func read(_ input: UnsafeBufferPointer<UInt8>, for document: PreparedDocument) -> ReadInput? {
    guard let program = document.program, let start = input.baseAddress else { return nil }
    return Workspace.withOne { workspace -> ReadInput? in
      guard let machine = Machine(program.tables, workspace, scanning: start, input.count, .standard) else {
        return nil
      }
      return ReadInput(input, machine.fields, program)
    }
  }

  /// What the document is for the input, which has to be read for this document.
  public func outcome(
    of document: PreparedDocument, input: ReadInput, budget: EvaluationBudget = .standard
  ) throws(EvaluationError) -> Outcome {
    precondition(input.tables == document.tables, "the input was read for another document")
    // The caller holds the input: nobody needs to count.
    let (tables, bytes, fields) = (input.tables, input.bytes, input.fields)
    return try Workspace.withOne { workspace throws(EvaluationError) -> Outcome in
      workspace.pointee.prepare(for: tables.pointee)
      var machine = Machine(tables, workspace, input: bytes, fields: fields, budget: budget)
      try machine.runQuery()
      return machine.outcome()
    }
  }
}

extension Machine {
  /// Reads the input; absent when it isn't for an `InputScanner`.
  @inline(__always)
  fileprivate init?(
    _ tables: UnsafePointer<Program.Tables>, _ workspace: UnsafeMutablePointer<Workspace>,
    scanning input: UnsafePointer<UInt8>, _ count: Int, _ budget: EvaluationBudget, wantsRows: Bool = false
  ) {
    workspace.pointee.prepare(for: tables.pointee)
    let text = workspace.pointee.copy(input, count)
    let fields = workspace.pointee.fields
    for field in 0..<tables.pointee.fieldCount { fields[field] = .undefined }
    var scanner = InputScanner(text)
    guard
      scanner.scan(
        tables.pointee.shapeNodes, tables.pointee.shapeChildren, tables.pointee.shapeNames, count: count, into: fields)
    else { return nil }
    self.init(tables, workspace, input: text, fields: UnsafePointer(fields), budget: budget, wantsRows: wantsRows)
  }

  @inline(__always)
  fileprivate mutating func decide() throws(PolicyEngine.DecisionFault) {
    do throws(EvaluationError) {
      try runQuery()
    } catch {
      throw .evaluation(error)
    }
  }

  @inline(__always)
  fileprivate mutating func outcome() -> PolicyEngine.Outcome {
    switch row.tag {
    case .undefined: .undefined
    case .constant: .constant(row.index)
    default: .value(value(row))
    }
  }
}

extension Program {
  /// Every row of the query's results; absent when the input is none that JSON can be of, or nests too deep.
  func rows(input: Value?, budget: EvaluationBudget) throws(EvaluationError) -> [[Value]]? {
    if let input, !input.isJSON(countingSets: false) { return nil }
    let bytes = input.map { $0.jsonBytes() } ?? Array("{}".utf8)
    return try bytes.withUnsafeBufferPointer { buffer throws(EvaluationError) -> [[Value]]? in
      guard let start = buffer.baseAddress else { return nil }
      return try Workspace.withOne { workspace throws(EvaluationError) -> [[Value]]? in
        guard var machine = Machine(tables, workspace, scanning: start, buffer.count, budget, wantsRows: true) else {
          return nil
        }
        if input == nil {
          for field in 0..<tables.pointee.fieldCount { workspace.pointee.fields[field] = .undefined }
        }
        try machine.runQuery()
        return workspace.pointee.rows
      }
    }
  }
}

extension PolicyEngine.PreparedDocument {
  /// Its policy is compiled against the base data.
  public var isCompiled: Bool { program != nil }

  /// What the compiled policy takes, with the base data that it reads, in bytes: without the values that builtins are
  /// given; absent when it isn't compiled.
  public var compiledBytes: Int? { program?.memory.byteCount }
}

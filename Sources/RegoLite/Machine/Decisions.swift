public import StrictJSON

/// Decisions on inputs that are JSON text.
extension PolicyEngine {
  /// Why there is no decision.
  public enum DecisionFault: Error, Sendable {
    /// The input is no JSON.
    case input(JSONError)
    case evaluation(EvaluationError)
  }

  /// Appends the document's JSON for the input to `output`; false when the document is undefined.
  ///
  /// The input is read once, and only what the policy asks for is kept of it.
  public func decide(
    _ document: PreparedDocument, json input: UnsafeBufferPointer<UInt8>, budget: EvaluationBudget = .standard,
    into output: inout [UInt8]
  ) throws(DecisionFault) -> Bool {
    let holds = try run(document, input, budget) { machine -> Bool in
      let row = machine.row
      guard row.isDefined else { return false }
      if row.tag == .constant, let text = machine.program.text(ofConstant: row.index) {
        output.append(contentsOf: text)
      } else {
        output += machine.value(row).jsonBytes()
      }
      return true
    }
    if let holds { return holds }
    guard let value = try evaluate(document, json: input, budget) else { return false }
    output += value.jsonBytes()
    return true
  }

  /// The document's value for the input; absent when it is undefined.
  public func decide(
    _ document: PreparedDocument, json input: UnsafeBufferPointer<UInt8>, budget: EvaluationBudget = .standard
  ) throws(DecisionFault) -> Value? {
    if let value = try run(document, input, budget, { $0.decision }) { return value }
    return try evaluate(document, json: input, budget)
  }

  /// What `take` makes of the machine after it has decided; absent when the machine can't.
  @inline(__always)
  private func run<Result>(
    _ document: PreparedDocument, _ input: UnsafeBufferPointer<UInt8>, _ budget: EvaluationBudget,
    _ take: (Machine) -> Result
  ) throws(DecisionFault) -> Result? {
    guard let program = document.program, let start = input.baseAddress else { return nil }
    return try Workspace.withOne { workspace throws(DecisionFault) -> Result? in
      workspace.pointee.prepare(for: program)
      guard program.scan(start, input.count, workspace) else { return nil }
      var machine = Machine(program, workspace, input: start, budget: budget)
      do throws(EvaluationError) {
        try machine.runQuery()
      } catch {
        throw .evaluation(error)
      }
      return take(machine)
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
    fileprivate let bytes: ConstantList<UInt8>
    fileprivate let fields: ConstantList<Cell>
    fileprivate let program: Program

    fileprivate init(_ bytes: UnsafeBufferPointer<UInt8>, _ fields: UnsafeBufferPointer<Cell>, _ program: Program) {
      self.bytes = ConstantList(Array(bytes))
      self.fields = ConstantList(Array(fields))
      self.program = program
    }
  }

  /// Reads an input for the document; absent when it is malformed, or when the policy isn't compiled: it is then decided
  /// as a `Value`.
  public func read(_ input: UnsafeBufferPointer<UInt8>, for document: PreparedDocument) -> ReadInput? {
    guard let program = document.program, let start = input.baseAddress else { return nil }
    return Workspace.withOne { workspace -> ReadInput? in
      workspace.pointee.prepare(for: program)
      guard program.scan(start, input.count, workspace) else { return nil }
      return ReadInput(
        input, UnsafeBufferPointer(start: workspace.pointee.fields, count: program.fieldCount), program)
    }
  }

  /// The document's value for the input; absent when it is undefined. The input has to be read for this document.
  public func decide(
    _ document: PreparedDocument, input: ReadInput, budget: EvaluationBudget = .standard
  ) throws(EvaluationError) -> Value? {
    let program = input.program
    precondition(program === document.program, "the input was read for another document")
    return try Workspace.withOne { workspace throws(EvaluationError) -> Value? in
      workspace.pointee.prepare(for: program)
      workspace.pointee.fields.update(from: input.fields.base, count: program.fieldCount)
      var machine = Machine(program, workspace, input: input.bytes.base, budget: budget)
      try machine.runQuery()
      return machine.decision
    }
  }
}

extension Machine {
  /// Absent when the document is undefined.
  fileprivate var decision: Value? { row.isDefined ? value(row) : nil }
}

extension PolicyEngine.PreparedDocument {
  /// Its policy is compiled against the base data.
  public var isCompiled: Bool { program != nil }
}

extension Program {
  func scan(_ input: UnsafePointer<UInt8>, _ count: Int, _ workspace: UnsafeMutablePointer<Workspace>) -> Bool {
    var scanner = InputScanner(input, count: count)
    return scanner.scan(
      UnsafePointer(shapeNodes.base), UnsafePointer(shapeChildren.base), UnsafePointer(shapeNames.base),
      into: workspace.pointee.fields)
  }

  /// Every row of the query's results; absent when the input is none that JSON can be of, or nests too deep.
  func rows(input: Value?, budget: EvaluationBudget) throws(EvaluationError) -> [[Value]]? {
    if let input, input.hasMoreThanJSON { return nil }
    let bytes = input.map { $0.jsonBytes() } ?? [0]
    return try bytes.withUnsafeBufferPointer { buffer throws(EvaluationError) -> [[Value]]? in
      guard let start = buffer.baseAddress else { return nil }
      return try Workspace.withOne { workspace throws(EvaluationError) -> [[Value]]? in
        workspace.pointee.prepare(for: self)
        if input != nil, !scan(start, buffer.count, workspace) { return nil }
        var machine = Machine(self, workspace, input: start, budget: budget, wantsRows: true)
        try machine.runQuery()
        return workspace.pointee.rows
      }
    }
  }
}

extension Value {
  /// Sets, and objects with keys that are no strings.
  fileprivate var hasMoreThanJSON: Bool {
    switch self {
    case .null, .boolean, .number, .string: false
    case .set: true
    case .array(let items): items.contains(where: \.hasMoreThanJSON)
    case .object(let object): !object.hasOnlyTextKeys || object.values.contains(where: \.hasMoreThanJSON)
    }
  }
}

import CPrimitives

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The memory of the decisions that one thread makes, one after the other. It stays at one address, and nobody counts
/// references to it.
struct Workspace {
  private(set) var registers: UnsafeMutablePointer<Cell>
  private(set) var fields: UnsafeMutablePointer<Cell>
  private(set) var extents: UnsafeMutablePointer<Cell>
  private var sizes = (registers: 64, fields: 64, extents: 64)
  /// The input, and after it what an `InputScanner` wants there.
  private var text: UnsafeMutablePointer<UInt8>
  private var textSize = 4096
  /// The thread's, below which nothing may run.
  let stackLimit: UInt
  /// Strings that the evaluation made.
  private(set) var scratch: UnsafeMutablePointer<UInt8>
  private var scratchSize = 1024
  private var scratchCount = 0
  /// Definitions to run, of the rules that are running.
  private(set) var places: UnsafeMutablePointer<Int32>
  private var placesSize = 64
  var placesCount = 0
  /// A decision is being made in it.
  private var isBusy = false
  /// Something below has been used.
  var isUsed = false
  var boxes: [Value] = []
  /// What the comprehension or set that is running has collected.
  var values: [Value] = []
  var keys: [Value] = []
  /// The document that is running.
  var document: DocumentBuilder?
  var rows: [[Value]] = []
  /// Parts of documents.
  var known: [DocumentContext.LookupKey: Cell] = [:]
  var builtins: BuiltinContext?
  /// Absent until a decision takes long.
  var deadline: ContinuousClock.Instant?

  private init() {
    registers = .allocate(capacity: sizes.registers)
    fields = .allocate(capacity: sizes.fields)
    extents = .allocate(capacity: sizes.extents)
    scratch = .allocate(capacity: scratchSize)
    text = .allocate(capacity: textSize)
    places = .allocate(capacity: placesSize)
    stackLimit = ThreadStack.limit
    // A register is written before it is read; what it holds until then is a cell all the same.
    registers.initialize(repeating: .undefined, count: sizes.registers)
  }

  private func deallocate() {
    registers.deallocate()
    fields.deallocate()
    extents.deallocate()
    scratch.deallocate()
    text.deallocate()
    places.deallocate()
  }

  /// Makes room for a decision by the program, and forgets the one before it.
  @inline(__always)
  mutating func prepare(for program: borrowing Program.Tables) {
    if program.registerCount > sizes.registers { Self.grow(&registers, &sizes.registers, to: program.registerCount) }
    if program.fieldCount > sizes.fields { Self.grow(&fields, &sizes.fields, to: program.fieldCount) }
    if program.groupCount > sizes.extents { Self.grow(&extents, &sizes.extents, to: program.groupCount) }
    placesCount = 0
    if isUsed { clear() }
  }

  /// Where so many places begin; those that are there stay.
  mutating func reservePlaces(_ count: Int) -> Int {
    let start = placesCount
    placesCount += count
    if placesCount > placesSize {
      let old = places
      placesSize = placesCount * 2
      places = .allocate(capacity: placesSize)
      places.update(from: old, count: start)
      old.deallocate()
    }
    return start
  }

  /// A copy of the input that may be scanned.
  @inline(__always)
  mutating func copy(_ input: UnsafePointer<UInt8>, _ count: Int) -> UnsafePointer<UInt8> {
    let size = count &+ InputScanner.padding
    // What one large input has needed isn't kept for all that come after.
    if size > textSize || textSize > Self.mostText && size < Self.mostText { resizeText(to: size) }
    text.update(from: input, count: count)
    (text + count).update(repeating: 0, count: InputScanner.padding)
    return UnsafePointer(text)
  }

  private static let mostText = 1 << 20

  @inline(never)
  private mutating func resizeText(to size: Int) {
    text.deallocate()
    textSize = size < Self.mostText ? max(4096, size * 2) : size
    text = .allocate(capacity: textSize)
  }

  private mutating func clear() {
    isUsed = false
    scratchCount = 0
    boxes.removeAll(keepingCapacity: boxes.count < 1 << 12)
    values = []
    keys = []
    document = nil
    rows = []
    if !known.isEmpty { known = [:] }
    builtins = nil
    deadline = nil
  }

  private static func grow(_ cells: inout UnsafeMutablePointer<Cell>, _ size: inout Int, to count: Int) {
    cells.deallocate()
    size = count
    cells = .allocate(capacity: size)
    cells.initialize(repeating: .undefined, count: size)
  }

  /// A cell of the value: a new box for what has none of its own.
  mutating func cell(of value: Value) -> Cell {
    switch value {
    case .null: return Cell(.null)
    case .boolean(let value): return Cell(boolean: value)
    case .number(let number):
      if case .int(let int) = number.storage { return Cell(int: int) }
      return box(value)
    case .string(let text): return cell(of: text)
    case .array, .object, .set: return box(value)
    }
  }

  /// A copy of the string's bytes.
  private mutating func cell(of text: Text) -> Cell {
    isUsed = true
    var text = text.string
    return text.withUTF8 { bytes in
      if scratchCount + bytes.count > scratchSize { growScratch(by: bytes.count) }
      let offset = scratchCount
      if let source = bytes.baseAddress { (scratch + offset).update(from: source, count: bytes.count) }
      scratchCount += bytes.count
      return Cell(.string, .scratch, offset: offset, count: bytes.count)
    }
  }

  mutating func box(_ value: Value) -> Cell {
    isUsed = true
    boxes.append(value)
    return Cell(.boxed, payload: UInt64(boxes.count - 1))
  }

  private mutating func growScratch(by count: Int) {
    scratchSize = max(scratchSize * 2, scratchCount + count)
    let new = UnsafeMutablePointer<UInt8>.allocate(capacity: scratchSize)
    new.update(from: scratch, count: scratchCount)
    scratch.deallocate()
    scratch = new
  }

  // MARK: Threads

  /// Ends a thread's workspace with the thread.
  private static let key: pthread_key_t? = {
    var key = pthread_key_t()
    let status = pthread_key_create(&key) { memory in
      primitives_set_thread_slot(nil)
      if let memory { Workspace.destroy(memory.assumingMemoryBound(to: Workspace.self)) }
    }
    return status == 0 ? key : nil
  }()

  private static func make() -> UnsafeMutablePointer<Workspace> {
    let workspace = UnsafeMutablePointer<Workspace>.allocate(capacity: 1)
    workspace.initialize(to: Workspace())
    return workspace
  }

  private static func destroy(_ workspace: UnsafeMutablePointer<Workspace>) {
    workspace.pointee.deallocate()
    workspace.deinitialize(count: 1)
    workspace.deallocate()
  }

  /// Lends the thread's own, or a new one when that is in use.
  @inline(__always)
  static func withOne<Result, Failure: Error>(
    _ body: (UnsafeMutablePointer<Workspace>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let memory = primitives_thread_slot() ?? makeOwn() else { return try withNew(body) }
    let workspace = memory.assumingMemoryBound(to: Workspace.self)
    if workspace.pointee.isBusy { return try withNew(body) }
    workspace.pointee.isBusy = true
    defer { workspace.pointee.isBusy = false }
    return try body(workspace)
  }

  /// The thread's first; absent when nobody would end it.
  @inline(never)
  private static func makeOwn() -> UnsafeMutableRawPointer? {
    guard let key else { return nil }
    let workspace = make()
    guard pthread_setspecific(key, workspace) == 0 else {
      destroy(workspace)
      return nil
    }
    primitives_set_thread_slot(workspace)
    return UnsafeMutableRawPointer(workspace)
  }

  @inline(never)
  private static func withNew<Result, Failure: Error>(
    _ body: (UnsafeMutablePointer<Workspace>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let workspace = make()
    defer { destroy(workspace) }
    return try body(workspace)
  }
}

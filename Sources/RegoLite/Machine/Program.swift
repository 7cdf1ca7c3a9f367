/// A plan compiled against its base data for the machine: flat arrays of small structures without references in them.
///
/// Immutable once made; many machines may run it at once.
final class Program: @unchecked Sendable {
  // INVARIANT: nothing behind the pointers changes after `init`.

  /// One instruction. What the operands mean, stands with the codes. An operand that is a value is an `Operand`.
  struct Instruction {
    var code: Code
    /// Where it goes on in the block when the instruction doesn't hold.
    var fail: Int32
    var a: Int32 = 0
    var b: Int32 = 0
    var c: Int32 = 0
    var d: Int32 = 0
  }

  /// `→ a` is a result that goes to register `a`.
  enum Code: UInt8 {
    /// Value `b` → a.
    case assign
    /// The input's field `b` → a.
    case field
    /// The input has the field `b`.
    case requireField
    /// The member of `b` at key `c` → a.
    case lookup
    /// The same in base data, where paths are text.
    case lookupData
    /// An array, set or object of the list `b`, `c` long (an object's keys and values in turn) → a.
    case array
    case set
    case object
    /// `a` and `b` are equal.
    case equal
    /// `a` isn't false.
    case holds
    /// `a` matches the pattern `b`.
    case match
    /// Block `d` for each member of `a` whose key matches the pattern `b` and whose value matches `c`, until it holds for
    /// one.
    case scan
    /// The document of the group `b` → a.
    case rule
    /// The part of a document: lookup `b`, keys in the list `c`, `d` long → a.
    case ruleLookup
    /// Builtin `b`, operands in the list `c`, `d` long → a.
    case builtin
    /// `c` compared with `d`, as the `Comparison` `b` → a.
    case comparison
    /// `c` is a member of `d` → a.
    case member
    /// `c` is a member of the constant set `d`, or has one → a.
    case isOrHas
    /// The same three, which hold when the result is true, and true → a.
    case requireComparison
    case requireMember
    case requireIsOrHas
    /// `c` isn't known to be a member of `d`.
    case forbidMember
    /// Builtin `b` with two strings, `c` and `d` → a.
    case startsWith
    case endsWith
    case contains
    /// Builtin `b`, which is native, with operands `c` and `d` → a.
    case native
    /// Builtin `b`, whether the text matches the pattern `d` → a. The list `c` has the text, how many operands the builtin
    /// has, and these.
    case matchPattern
    /// Function `b`, arguments in the list `c`, `d` long → a.
    case function
    /// Builtin `b`, operands in the list `c`, `d` long; each of its results → a, and then the block that the list ends with,
    /// until it holds for one.
    case relation
    /// Block `d` succeeds for each member of `a`: key → b (none when negative), value → c.
    case every
    /// What block `d` emits, by kind `b` → a.
    case arrayComprehension
    case setComprehension
    case objectComprehension
    /// Goes on at `fail`.
    case jump
    /// Goes on at `fail` when the definition that is running has given a value.
    case unlessGiven
    /// What the definition has given is an earlier one's now.
    case nextDefinition
    /// The block ends when a definition has given a value.
    case lastDefinition
    /// The ends of blocks: holds, and doesn't.
    case succeed
    case fail
    /// `a` to the values, `b` to the keys where there are such.
    case emit
    case emitObject
    /// `a` is the definition's value, which has no other: goes on at `c`, and ends the block when that is negative.
    case give
    /// `a` is the rule's value, from within a loop; `b` is a `Finality`.
    case emitValue
    /// Value `a` at the path in the list `c`, `d` long; `b` is 1 for a set's member.
    case emitDocument
    /// The list `c`, `d` long.
    case emitRow
  }

  /// Where a value is: a register of the frame, a constant, or a field of the input.
  enum Operand {
    private static let firstField: Int32 = 1 << 29

    static func constant(_ number: Int32) -> Int32 { ~number }
    static func field(_ number: Int32) -> Int32 { ~(number + firstField) }

    @inline(__always)
    static func isRegister(_ operand: Int32) -> Bool { operand >= 0 }
    @inline(__always)
    static func isConstant(_ operand: Int32) -> Bool { operand < 0 && ~operand < firstField }
    static func isField(_ operand: Int32) -> Bool { operand < 0 && ~operand >= firstField }
    @inline(__always)
    static func number(ofConstant operand: Int32) -> Int { Int(~operand) }
    @inline(__always)
    static func number(ofField operand: Int32) -> Int { Int(~operand &- firstField) }
  }

  enum Comparison: Int32 {
    case equal
    case notEqual
    case less
    case lessOrEqual
    case greater
    case greaterOrEqual

    /// Absent when the builtin is no comparison.
    init?(_ builtin: Text) {
      switch builtin.string {
      case "equal": self = .equal
      case "neq": self = .notEqual
      case "lt": self = .less
      case "lte": self = .lessOrEqual
      case "gt": self = .greater
      case "gte": self = .greaterOrEqual
      default: return nil
      }
    }
  }

  enum Finality: Int32 {
    case goesOn
    case ends
    case endsWithOneValue
  }

  /// Its last instruction is the one that fails.
  struct Block {
    var start: Int32
    var count: Int32
  }

  /// A part of a value and what it has to be: in the order in which they are matched, inner ones after their outer one.
  struct Pattern {
    enum Kind: UInt8 {
      case anything
      /// → register `a`.
      case bind
      /// Equals value `a`.
      case equal
      /// An array whose elements match the patterns in the list `a`, `b` long.
      case array
      /// An object whose values match the patterns in the list, keys and patterns in turn, at `a`; it has `b` of them.
      case object
    }
    var kind: Kind
    var a: Int32 = 0
    var b: Int32 = 0
  }

  struct Definition {
    /// Its branches, one after the other.
    var block: Int32
    /// As the source has them, for what follows.
    var branchCount: Int32
    /// In `lists`: for each branch the block that tells whether it could hold, -1 for none.
    var guards: Int32 = -1
    /// In `lists`: for each branch its value's constant, `Int32.min` where it has none.
    var values: Int32 = -1
  }

  struct Group {
    enum Kind: UInt8 {
      case complete
      case set
      case document
      case function
    }
    var kind: Kind
    /// All definitions give the same value.
    var oneValue: OneValue
    var isGuarded: Bool
    var isReordered: Bool
    var frameSize: Int32 = 0
    /// All definitions and defaults, one after the other; -1 when each has a block of its own.
    var block: Int32 = -1
    var definitions = NumberRange(0..<0)
    var defaults = NumberRange(0..<0)
    /// Which definitions can hold at all; -1 where that isn't known without running them.
    var dispatch: Int32 = -1
  }

  /// Which definitions a field's value leaves. The lists' definitions are in order.
  struct Dispatch {
    var field: Int32
    /// A set of the arena: the values that definitions ask for, or how they want the text to begin.
    var keys: Int32
    /// In `dispatchLists`, one for each key: the definitions that ask for that value.
    var lists: Int32
    /// The definitions that don't ask for a value.
    var others: Definitions
    /// All of them, for fields of which it isn't known what they are equal to.
    var all: Definitions
    /// In `lists`: how long prefixes are, the longest first.
    var lengths: NumberRange
    var isPrefix: Bool
  }

  /// Definitions in `lists`, or a table of them.
  struct Definitions {
    /// The list's range, or the table's number and -1.
    private var first: Int32
    private var end: Int32

    static func list(_ range: NumberRange) -> Definitions {
      Definitions(first: range.lowerBound, end: range.upperBound)
    }
    static func table(_ number: Int32) -> Definitions { Definitions(first: number, end: -1) }

    var isTable: Bool { end < 0 }
    var table: Int32 { first }
    var list: Int32 { first }
    var count: Int { Int(end - first) }
    var isEmpty: Bool { first == end }
  }

  struct Lookup {
    var group: Int32
    var frameSize: Int32 = 0
    var definitions = NumberRange(0..<0)
    var defaults = NumberRange(0..<0)
  }

  /// All that a decision reads while nothing unusual comes up.
  struct Tables {
    let instructions: UnsafePointer<Instruction>
    let blocks: UnsafePointer<Block>
    let patterns: UnsafePointer<Pattern>
    let lists: UnsafePointer<Int32>
    let definitions: UnsafePointer<Definition>
    let groups: UnsafePointer<Group>
    let lookups: UnsafePointer<Lookup>
    let constants: UnsafePointer<Cell>
    let cells: UnsafePointer<Cell>
    let bytes: UnsafePointer<UInt8>
    let nodes: UnsafePointer<ConstantArena.Node>
    let slots: UnsafePointer<Int32>
    let natives: UnsafePointer<NativeBuiltin>
    let matchers: UnsafePointer<RegularExpression.Matcher>
    let dispatches: UnsafePointer<Dispatch>
    let dispatchLists: UnsafePointer<Definitions>
    let shapeNodes: UnsafePointer<InputShape.Node>
    let shapeChildren: UnsafePointer<InputShape.Child>
    let shapeNames: UnsafePointer<UInt8>
    /// The JSON of constants that a rule may give, one after the other, and where each constant's is.
    fileprivate let texts: UnsafePointer<UInt8>
    fileprivate let textSpans: UnsafePointer<NumberRange>
    let groupCount: Int
    let fieldCount: Int
    /// Registers that the deepest chain of rules and functions needs.
    let registerCount: Int
    let queryBlock: Int32
    let queryFrame: Int32
    /// Errors of builtins end the evaluation.
    let isStrict: Bool
    unowned(unsafe) let program: Program
  }

  /// At one address, and without references to be counted.
  let tables: UnsafePointer<Tables>
  let memory: ConstantMemory
  let values: [Value]
  let builtins: [Builtin]
  private let expressions: [RegularExpression]
  /// The constants that a rule may give, by their numbers in `values`.
  let results: [Int]
  /// Of each instruction.
  let locations: [Location?]
  /// The plan's numbers of the groups.
  let planGroups: [Int]
  let planLookups: [Int]
  let plan: Plan

  init(_ compiler: ProgramCompiler, query: Int32, frame: Int32) {
    values = compiler.arena.values
    builtins = compiler.builtins
    expressions = compiler.expressions
    locations = compiler.locations
    planGroups = compiler.planGroups
    planLookups = compiler.planLookups
    plan = compiler.plan
    var texts: [UInt8] = []
    var spans = [NumberRange](repeating: NumberRange(0..<0), count: values.count)
    results = compiler.results.sorted()
    for index in results where values[index].isWrittenShortly {
      let start = Int32(texts.count)
      texts += values[index].jsonBytes()
      spans[index] = NumberRange(start..<Int32(texts.count))
    }
    let memory = ConstantMemory()
    self.memory = memory
    let place = memory.room(for: Tables.self)
    tables = UnsafePointer(place)
    place.initialize(
      to: Tables(
        instructions: memory.place(compiler.instructions), blocks: memory.place(compiler.blocks),
        patterns: memory.place(compiler.patterns), lists: memory.place(compiler.lists),
        definitions: memory.place(compiler.definitions), groups: memory.place(compiler.groups),
        lookups: memory.place(compiler.lookups), constants: memory.place(compiler.constants),
        cells: memory.place(compiler.arena.cells), bytes: memory.place(compiler.arena.bytes),
        nodes: memory.place(compiler.arena.nodes), slots: memory.place(compiler.arena.tables),
        natives: memory.place(builtins.map { NativeBuiltin($0.name) }),
        matchers: memory.place(expressions.compactMap(\.matcher)), dispatches: memory.place(compiler.dispatches),
        dispatchLists: memory.place(compiler.dispatchLists), shapeNodes: memory.place(compiler.shape.nodes),
        shapeChildren: memory.place(compiler.shape.children), shapeNames: memory.place(compiler.shape.names),
        texts: memory.place(texts), textSpans: memory.place(spans), groupCount: compiler.groups.count,
        fieldCount: compiler.shape.fieldCount, registerCount: compiler.registerCount, queryBlock: query,
        queryFrame: frame, isStrict: compiler.isStrict, program: self))
  }
}

extension Value {
  /// Its JSON isn't much longer than it has parts: keys that are no strings are written as texts in texts, whose escapes
  /// double with each.
  fileprivate var isWrittenShortly: Bool { partsLeft(of: 20_000) > 0 && isJSON(countingSets: true) }
}

extension Program.Tables {
  /// The JSON of a constant that a rule may give; absent for others.
  @inline(__always)
  func text(ofConstant index: Int) -> UnsafeBufferPointer<UInt8>? {
    let span = textSpans[index]
    return span.isEmpty ? nil : UnsafeBufferPointer(start: texts + Int(span.lowerBound), count: span.count)
  }
}

/// Memory that is written once and stays where it is.
final class ConstantMemory: @unchecked Sendable {
  // INVARIANT: only whoever makes one places something in it.
  private var blocks: [UnsafeMutableRawPointer] = []
  private(set) var byteCount = 0

  /// The elements have nothing in them whose references are counted.
  func place<Element>(_ elements: [Element]) -> UnsafePointer<Element> {
    let place = room(for: Element.self, max(1, elements.count))
    elements.withUnsafeBufferPointer { elements in
      if let source = elements.baseAddress { place.initialize(from: source, count: elements.count) }
    }
    return UnsafePointer(place)
  }

  /// Uninitialized.
  func room<Element>(for type: Element.Type, _ count: Int = 1) -> UnsafeMutablePointer<Element> {
    let place = UnsafeMutablePointer<Element>.allocate(capacity: count)
    blocks.append(UnsafeMutableRawPointer(place))
    byteCount += count * MemoryLayout<Element>.stride
    return place
  }

  deinit { for block in blocks { block.deallocate() } }
}

/// A range among a program's lists. (`Range` itself counts as no plain memory.)
struct NumberRange: BitwiseCopyable {
  var lowerBound: Int32
  var upperBound: Int32

  init(_ range: Range<Int32>) {
    lowerBound = range.lowerBound
    upperBound = range.upperBound
  }

  var all: Range<Int32> { lowerBound..<upperBound }
  var count: Int { Int(upperBound - lowerBound) }
  var isEmpty: Bool { lowerBound == upperBound }
}

/// A plan compiled against its base data for the machine: flat arrays of small structures without references in them.
///
/// Immutable once made; many machines may run it at once.
final class Program: @unchecked Sendable {
  // INVARIANT: nothing behind the pointers changes after `init`.

  /// One instruction. What the operands mean, stands with the codes. An operand that is a value is a register, or a
  /// constant when it is negative (`~number`).
  struct Instruction {
    var code: Code
    var a: Int32 = 0
    var b: Int32 = 0
    var c: Int32 = 0
    var d: Int32 = 0
  }

  /// An instruction that doesn't hold ends its block. `→ a` is a result that goes to register `a`.
  enum Code: UInt8 {
    /// Value `b` → a.
    case assign
    /// The input's field `b` → a.
    case field
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
    /// When what follows up to instruction `d` of the block has given no value, what begins there is tried.
    case branch
    /// Block `d` for each member of `a` whose key matches the pattern `b` and whose value matches `c`.
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
    /// The same three, which hold when the result is true.
    case requireComparison
    case requireMember
    case requireIsOrHas
    /// Builtin `b` with two strings, `c` and `d` → a.
    case startsWith
    case endsWith
    case contains
    /// Builtin `b`, which is native, with operands `c` and `d` → a.
    case native
    /// Function `b`, arguments in the list `c`, `d` long → a.
    case function
    /// Builtin `b`, operands in the list `c`, `d` long; each of its results → a, and then the block that the list ends with.
    case relation
    /// Block `d` does not succeed.
    case not
    /// One of the blocks in the list `c`, `d` long succeeds.
    case anyOf
    /// Block `d` succeeds for each member of `a`: key → b (none when negative), value → c.
    case every
    /// What block `d` emits, by kind `b` → a.
    case arrayComprehension
    case setComprehension
    case objectComprehension
    /// The ends of blocks.
    case succeed
    /// `a` to the values, `b` to the keys where there are such.
    case emit
    case emitObject
    /// `a` is the rule's value; `b` is a `Finality`.
    case emitValue
    /// Value `a` at the path in the list `c`, `d` long; `b` is 1 for a set's member.
    case emitDocument
    /// The list `c`, `d` long.
    case emitRow
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
    var definitions = NumberRange(0..<0)
    var defaults = NumberRange(0..<0)
    /// Which definitions can hold at all; -1 where that isn't known without running them.
    var dispatch: Int32 = -1
  }

  /// Which definitions a field's value leaves. The lists' definitions are in order.
  struct Dispatch {
    var field: Int32
    /// A set of the arena: the values that definitions ask for.
    var keys: Int32
    /// In `dispatchLists`, one for each key: in `lists`, the definitions that ask for that value or for none.
    var lists: Int32
    /// In `lists`: the definitions that don't ask for the value.
    var others: NumberRange
  }

  struct Lookup {
    var group: Int32
    var frameSize: Int32 = 0
    var definitions = NumberRange(0..<0)
    var defaults = NumberRange(0..<0)
  }

  let instructions: ConstantList<Instruction>
  let blocks: ConstantList<Block>
  let patterns: ConstantList<Pattern>
  let lists: ConstantList<Int32>
  let definitions: ConstantList<Definition>
  let groups: ConstantList<Group>
  let lookups: ConstantList<Lookup>
  let constants: ConstantList<Cell>
  let shapeNodes: ConstantList<InputShape.Node>
  let shapeChildren: ConstantList<InputShape.Child>
  let shapeNames: ConstantList<UInt8>
  let cells: ConstantList<Cell>
  let bytes: ConstantList<UInt8>
  let nodes: ConstantList<ConstantArena.Node>
  let tables: ConstantList<Int32>
  let values: [Value]
  let builtins: [Builtin]
  /// Of each builtin.
  let natives: ConstantList<NativeBuiltin>
  let dispatches: ConstantList<Dispatch>
  let dispatchLists: ConstantList<NumberRange>
  /// Of each instruction.
  let locations: [Location?]
  /// The plan's numbers of the groups.
  let planGroups: [Int]
  let planLookups: [Int]
  let plan: Plan
  let fieldCount: Int
  /// Registers that the deepest chain of rules and functions needs.
  let registerCount: Int
  let queryBlock: Int32
  let queryFrame: Int32
  let isStrict: Bool
  /// The JSON of constants that a rule may give, one after the other, and where each constant's is.
  private let texts: ConstantList<UInt8>
  private let textSpans: ConstantList<NumberRange>

  init(_ compiler: ProgramCompiler, query: Int32, frame: Int32) {
    instructions = ConstantList(compiler.instructions)
    blocks = ConstantList(compiler.blocks)
    patterns = ConstantList(compiler.patterns)
    lists = ConstantList(compiler.lists)
    definitions = ConstantList(compiler.definitions)
    groups = ConstantList(compiler.groups)
    lookups = ConstantList(compiler.lookups)
    constants = ConstantList(compiler.constants)
    let shape = compiler.shape
    shapeNodes = ConstantList(shape.nodes)
    shapeChildren = ConstantList(shape.children)
    shapeNames = ConstantList(shape.names)
    cells = ConstantList(compiler.arena.cells)
    bytes = ConstantList(compiler.arena.bytes)
    nodes = ConstantList(compiler.arena.nodes)
    tables = ConstantList(compiler.arena.tables)
    values = compiler.arena.values
    builtins = compiler.builtins
    natives = ConstantList(builtins.map { NativeBuiltin($0.name) })
    dispatches = ConstantList(compiler.dispatches)
    dispatchLists = ConstantList(compiler.dispatchLists)
    locations = compiler.locations
    planGroups = compiler.planGroups
    planLookups = compiler.planLookups
    plan = compiler.plan
    fieldCount = shape.fieldCount
    registerCount = compiler.registerCount
    queryBlock = query
    queryFrame = frame
    isStrict = compiler.isStrict
    var texts: [UInt8] = []
    var spans = [NumberRange](repeating: NumberRange(0..<0), count: values.count)
    for index in compiler.results.sorted() {
      let start = Int32(texts.count)
      texts += values[index].jsonBytes()
      spans[index] = NumberRange(start..<Int32(texts.count))
    }
    self.texts = ConstantList(texts)
    textSpans = ConstantList(spans)
  }
}

extension Program {
  /// The JSON of a constant that a rule may give; absent for others.
  @inline(__always)
  func text(ofConstant index: Int) -> UnsafeBufferPointer<UInt8>? {
    let span = textSpans.base[index]
    return span.isEmpty ? nil : UnsafeBufferPointer(start: texts.base + Int(span.lowerBound), count: span.count)
  }
}

/// Memory that is written once: its address stays the same, and reading it counts no references.
final class ConstantList<Element: BitwiseCopyable>: @unchecked Sendable {
  let base: UnsafeMutablePointer<Element>
  let count: Int

  init(_ elements: [Element]) {
    count = elements.count
    base = .allocate(capacity: max(1, elements.count))
    elements.withUnsafeBufferPointer { elements in
      if let source = elements.baseAddress { base.initialize(from: source, count: elements.count) }
    }
  }

  deinit { base.deallocate() }
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

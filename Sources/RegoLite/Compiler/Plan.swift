/// What the evaluator runs: blocks of statements over the registers of a frame. Every name, every order and every
/// question of "bound or not yet" has been settled.
struct Plan: Sendable {
  var groups: [GroupPlan]
  var lookups: [LookupPlan]
  let tree: RuleTree
  /// What the rules' values can be, as far as it was inferred.
  var types = TypeTree()
  /// How deep each group's values can nest: see `CheckNesting`.
  var heights: [Int] = []
  var options = PlanOptions()
  /// Those that a `with` in the rules replaces.
  var replacedBuiltins: Set<Text> = []
}

/// A sequence of statements. A statement that is undefined ends the block; one with many results runs the block
/// inside it for each.
final class Block: @unchecked Sendable {
  // INVARIANT: written only by the planner, before any other thread sees the block.
  var statements: [Statement] = []
  /// What the statements stand for in the source, one for each.
  var locations: [Location] = []

  func reserve(_ count: Int) {
    statements.reserveCapacity(count)
    locations.reserveCapacity(count)
  }

  // A body of thousands of loops is a chain of as many blocks: releasing them one inside the other would take the
  // thread's stack.
  deinit {
    var inner: [Block] = []
    statements.forEach { $0.moveBlocks(to: &inner) }
    statements = []
    while var block = inner.popLast() {
      guard isKnownUniquelyReferenced(&block) else { continue }
      block.statements.forEach { $0.moveBlocks(to: &inner) }
      block.statements = []
    }
  }
}

/// A term whose variables all have values.
enum Operand: Sendable {
  case constant(Value)
  case local(Slot)
  /// The input document: undefined when there is none.
  case input
  /// The base documents.
  case data
  case array([Operand])
  case object([(key: Operand, value: Operand)])
  case set([Operand])
}

/// What a value has to look like, and which of its parts to keep.
enum Pattern: Sendable {
  case anything
  case bind(Slot)
  case equal(Operand)
  case array([Pattern])
  case object([(key: Operand, value: Pattern)])
}

indirect enum Statement: Sendable {
  case assign(Slot, Operand)
  case match(Operand, Pattern)
  case equal(Operand, Operand)
  /// Undefined when the operand is false.
  case holds(Operand)
  /// The value below the operand at the keys.
  case lookup(Slot, Operand, [Operand])
  /// Each member of a collection; a set's members are their own keys. With `isReference`, what is no collection has
  /// no members, as everywhere.
  case scan(Operand, key: Pattern, value: Pattern, Block)
  /// The whole document of a group of rules.
  case rule(Slot, group: Int)
  /// The part of a group's document at the keys, computed without the rest.
  case ruleLookup(Slot, lookup: Int, [Operand])
  /// References whose path leaves open which rules they reach.
  case walk(Walk, Slot, Block)
  /// All documents at and below a package.
  case materialize(Slot, RuleNode, path: [Value])
  case builtin(Slot, Builtin, [Operand])
  case relation(Slot, Builtin, [Operand], Block)
  case function(Slot, group: Int, [Operand])
  /// Undefined when the block succeeds.
  case not(Block)
  /// Undefined unless one of the blocks succeeds.
  case anyOf([Block])
  /// Undefined unless the block succeeds for each member, or when the operand is no collection.
  case every(Operand, key: Slot?, value: Slot, Block)
  case comprehension(Slot, ComprehensionKind, Block)
  /// Runs the block with some documents and functions replaced …
  case with([Replacement], Block)
  /// … and this one, inside it, with those replacements undone: what follows the modified expression.
  case outside(Block)
  /// In observed plans alone.
  case observed(ObservedRole, TracePoint, Block)

  // The ends of blocks: each hands a result to whoever runs the block.
  case succeed
  case emitArray(Operand)
  case emitSet(Operand)
  case emitObject(Operand, Operand)
  case emitValue(Operand, Finality)
  /// Puts a value, or a set's member, at a path of the document that a group builds.
  case emitDocument(path: [Operand], Operand, isMember: Bool)
  case emitRow([Operand])
}

/// Whether a value's block goes on to look for more of them.
enum Finality: Sendable {
  case goesOn
  /// Nothing that could come would change the result.
  case ends
  /// Ends when all definitions that could hold give this one value; if not, OPA goes on, and finds later errors.
  case endsWithOneValue
}

extension Statement {
  fileprivate func moveBlocks(to blocks: inout [Block]) {
    switch self {
    case .scan(_, _, _, let block), .walk(_, _, let block), .relation(_, _, _, let block), .not(let block),
      .every(_, _, _, let block), .comprehension(_, _, let block), .with(_, let block), .outside(let block),
      .observed(_, _, let block):
      blocks.append(block)
    case .anyOf(let own): blocks += own
    default: break
    }
  }
}

/// A reference into the virtual documents with a variable where packages or rules have their names.
final class Walk: Sendable {
  enum Key: Sendable {
    case known(Operand)
    case unknown(Pattern)
  }
  let node: RuleNode
  /// The node's path below `data`.
  let path: [Value]
  let keys: [Key]

  init(node: RuleNode, path: [Value], keys: [Key]) {
    self.node = node
    self.path = path
    self.keys = keys
  }
}

struct Replacement: Sendable {
  enum Kind: Sendable {
    case value(Operand)
    case builtin(Builtin)
    case function(Int)
  }
  let target: WithTarget
  let kind: Kind
}

/// One definition: its body, then each `else` that is tried when those before gave nothing.
struct DefinitionPlan: Sendable {
  let branches: [Block]
  /// The definition's own, then each `else`.
  let locations: [Location]
  /// Of each branch.
  let index: [IndexTests]
  /// Each branch's value, where that is a constant.
  let values: [Value?]
  /// Each branch's index tests alone, for groups that have to know which branches could hold; absent where there are
  /// none. Planned once the whole group is known, and found to ask for them.
  var guards: [Block?] = []
  /// Each branch's place in the index of the group; empty when the definitions don't share one.
  var ranks: [[IndexTests.Rank]] = []
  /// The groups that each branch reads.
  let dependencies: [Set<Int>]
  var location: Location { locations[0] }
}

struct GroupPlan: Sendable {
  let group: RuleGroup
  /// Parameters come first.
  var frameSize: Int
  var definitions: [DefinitionPlan]
  var defaults: [DefinitionPlan]
  var oneValue: OneValue
  /// The definitions have guards: which of them could hold decides on their order, and may show in errors.
  var isGuarded = false
  /// Some definition has several branches: those that could hold decide on the definitions' order.
  var isReordered = false
  /// Groups that the definitions read.
  var dependencies: Set<Int>
}

/// Whether the first definition to hold decides, since all give the same value.
enum OneValue: Sendable {
  case always
  case never
  /// When the definitions whose index tests hold give the same one: the guards tell.
  case perhaps
}

/// A group's document at its first keys only: the keys are parameters that the definitions' heads unify with.
struct LookupPlan: Sendable {
  let group: Int
  let keyCount: Int
  var frameSize: Int
  var definitions: [DefinitionPlan]
  var defaults: [DefinitionPlan]
  /// A set's: whether the key is a member. The result is then the key itself.
}

struct QueryPlan: Sendable {
  let frameSize: Int
  let block: Block
  /// The variables of a row, after the expressions' values.
  let variables: [Text]
  let expressions: [Location]
}

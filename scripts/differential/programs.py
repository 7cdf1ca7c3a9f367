"""Random programs: well-formed, mostly safe, mostly with a result; and now and then wrong on purpose.

Rules are made in an order in which each refers only to earlier ones, then written in any order. Terms are made for a
kind of value (`num`, `str`, `bool`, `null`, `arr`, `set`, `obj`, `any`), which is a hint: a small share has another.
"""
import collections
import random
import re

from . import calls, constants
from .tree import Case, Node, Seq, expr, term

IDENTIFIER = re.compile(r"^[a-z_][a-z0-9_]*$")
EQUATED = re.compile(r"^(\w+)(?= ==? )|(?<= = )(\w+)$|(?<= == )(\w+)$", re.S)
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESERVED = {"in", "if", "not", "some", "every", "with", "as", "else", "default", "import", "package", "null", "true",
            "false", "contains"}
COMPARISONS = ["==", "!=", "<", ">", "<=", ">="]
KINDS = ["num", "str", "bool", "arr", "set", "obj"]
INPUT = [(("input",) + path, kind) for path, kind in constants.SHAPE]
NAMED = [path for path, _ in INPUT if all(isinstance(part, str) for part in path)]
BASE = [(("data", "base") + path, kind) for path, kind in constants.SHAPE]


class Rule:
    """What others may refer to: where it is and what it gives."""

    def __init__(self, path, form, kind, arity=0):
        self.path, self.form, self.kind, self.arity = path, form, kind, arity


def spelling(expression):
    """The same for both spellings of a reference."""
    return re.sub(r'\["(\w+)"\]', r".\1", str(expression))


class Scope:
    """The variables that have values where a term is made."""

    def __init__(self, variables=()):
        self.variables = list(variables)

    def child(self):
        return Scope(self.variables)

    def add(self, name, kind):
        self.variables.append((name, kind))

    def of(self, kind):
        if kind == "any":
            return [n for n, _ in self.variables]
        return [n for n, k in self.variables if k == kind or k == "any"]


class Generator:
    def __init__(self, seed, builtins):
        self.rng = random.Random(seed)
        self.builtins = builtins
        self.rules = []
        # Variables that got their values as a call's further argument.
        self.further = set()
        self.package = None
        self.aliases = {}
        self.counter = 0
        self.declared = []
        self.somes = []
        self.heads = set()
        # A share of the programs goes wrong on purpose, each in a few places.
        self.mistakes = 0.01 if self.rng.random() < 0.1 else 0.0
        self.oddity = self.rng.choice([0.01, 0.03, 0.08])

    def chance(self, probability):
        return self.rng.random() < probability

    # Programs

    def case(self):
        rng = self.rng
        packages = rng.sample([("p",), ("p", "sub"), ("q",), ("base", "ext"), ("t", "u", "v")],
                              rng.choice([1, 1, 2, 2, 3]))
        # The package that gets another module in the end.
        self.unfinished = packages[0] if self.chance(0.1) else None
        modules = [self.module(package) for package in packages]
        if self.unfinished:
            modules.append(self.module(packages[0]))
            self.unfinished = None
        self.package, self.aliases = None, {}
        query = self.query(packages)
        order = list(range(len(modules)))
        rng.shuffle(order)
        data = [("base", constants.document(rng))]
        if self.chance(0.03):
            data.append((rng.choice(["p", "q", "t"]), constants.json_object([("extra", constants.json_value(rng))])))
        given = constants.document(rng) if self.chance(0.95) else None if self.chance(0.5) else constants.json_value(rng)
        return Case(Seq([modules[i] for i in order]), constants.json_object(data), given, query)

    def query(self, packages):
        rng = self.rng
        way = rng.random()
        values = [r for r in self.rules if r.form != "function"]
        functions = [r for r in self.rules if r.form == "function"]
        if way < 0.3 or not values:
            return Node("query", "data." + ".".join(rng.choice(packages)), " = x")
        if way < 0.62:
            return Node("query", self.reference(rng.choice(values).path), " = x")
        if way < 0.74:
            path = rng.choice(values).path
            return Node("query", self.reference(path + tuple(term(f"k{i}") for i in range(rng.randrange(1, 3)))), " = x")
        if way < 0.78:
            # OPA refuses to go through a package of functions alone.
            package = rng.choice(values).path[:-1]
            return Node("query", ".".join(package), "[k] = x")
        if way < 0.80:
            return Node("query", "data[k] = x")
        if way < 0.82:
            return Node("query", "data = x")
        scope = Scope()
        if way < 0.88 and functions:
            return Node("query", "x := ", self.user_call(rng.choice(functions), scope, 1))
        self.in_query = True
        body, _ = self.body(scope, rng.randrange(1, 4), 2)
        self.in_query = False
        return self.settle(Node("query", Seq(body, "; ", 1)))

    def module(self, package):
        rng = self.rng
        self.package, self.aliases, self.heads = ("data",) + package, {}, set()
        lines = [Node("package", "package ", ".".join(package))]
        imports = []
        if self.chance(0.15):
            imports.append(Node("import", rng.choice(["import rego.v1", "import future.keywords", "import future.keywords.in",
                                                      "import future.keywords.every"])))
        self.negates_bodies = self.chance(0.06)
        if self.negates_bodies:
            imports.append(Node("import", "import future.keywords.not"))
        self.has_or = self.chance(0.06)
        if self.has_or:
            imports.append(Node("import", "import future.keywords.or\nimport future.keywords.and"))
        for _ in range(rng.choice([0, 0, 1, 2])):
            imports.append(self.import_line())
        rules = []
        for _ in range(rng.choice([1, 1, 2, 2, 3, 4])):
            rules += self.rule_group()
        if self.chance(0.5):
            rng.shuffle(rules)
        self.negates_bodies = self.has_or = False
        return Node("module", lines[0], "\n\n", Seq(imports, "\n"), "\n\n", Seq(rules, "\n\n", 0), "\n")

    negates_bodies = has_or = in_template = in_query = False
    # How many bodies inside one another are being made.
    bodies = 0
    # The expressions at hand will be shuffled.
    shuffled = False
    in_every = False
    constant_keys = None

    def import_line(self):
        rng = self.rng
        number = len(self.aliases)
        choices = [("data", "base"), ("data", "base", "o"), ("data", "base", "users"), ("input", "users"), ("input", "m"),
                   ("input",), ("data", "base", "xs")]
        choices += [r.path for r in self.rules] + [r.path[:-1] for r in self.rules]
        path = rng.choice(choices)
        if len(path) == 1 and path[0] == "data" or any(not IDENTIFIER.match(p) or p in RESERVED for p in path):
            path = ("data", "base")
        if len(path) > 1 and self.chance(0.3) and path[-1] not in [a for a in self.aliases]:
            self.aliases[path[-1]] = path
            return Node("import", "import ", ".".join(path))
        self.aliases[f"i{number}"] = path
        return Node("import", "import ", ".".join(path), f" as i{number}")

    # Rules

    def declare(self, name):
        """The place of a declaration; `settle` clears it when nothing reads the name, which OPA refuses."""
        node = Node("name", name)
        self.declared.append((name, node))
        return node

    def settle(self, root):
        """A rule or query is done: what it declares and never reads is declared no more, in all but a few."""
        if self.declared and not self.chance(0.02):
            counts = collections.Counter(WORD.findall(str(root)))
            for name, node in self.declared:
                if counts[name] < 2:
                    node.parts = ("_",)
            for some in self.somes:
                left = [item for item in some.items if str(item) != "_"]
                some.items = left or [Node("name", "_")]
        self.declared, self.somes = [], []
        return root

    def rule_group(self):
        """The definitions of one name."""
        rng = self.rng
        number = len(self.rules)
        name = f"r{number}"
        way = rng.random()
        if way < 0.30:
            return self.complete(name)
        if way < 0.45:
            return self.partial_set(name)
        if way < 0.58:
            return self.partial_object(name)
        if way < 0.72:
            return self.general(name)
        return self.function(f"f{number}")

    def note(self, name, form, kind, arity=0):
        path = self.package + (name,)
        self.heads.add(name)
        self.rules.append(Rule(path, form, kind, arity))

    def block(self, body):
        return Node("block", "{\n\t", Seq([self.line(item) for item in body], "\n\t", 1), "\n}")

    @staticmethod
    def line(item):
        """A line that begins with `-` would go on with the one before it."""
        return expr("true == true; ", item) if str(item).startswith("-") else item

    def complete(self, name):
        rng = self.rng
        kind = rng.choice(KINDS)
        result = []
        if self.chance(0.3):
            value = term("false") if kind == "bool" else self.constant(kind, 1)
            if self.chance(0.1):
                value = self.comprehension(rng.choice(["arr", "set"]), Scope(), 1)
            result.append(self.settle(Node("rule", f"default {name} := ", value)))
        plain = self.chance(0.3)
        shared = self.term(kind, Scope(), 0) if self.chance(0.4) else None
        for _ in range(1 if plain else rng.choice([1, 1, 1, 2, 3])):
            if plain:
                result.append(self.settle(Node("rule", f"{name} {rng.choice([':=', '='])} ", self.term(kind, Scope(), 3))))
                continue
            if kind == "bool" and self.chance(0.6):
                result.append(self.definition(lambda scope: [name], elses=kind))
            else:
                result.append(self.definition(
                    lambda scope: [f"{name} := ", shared or self.term(kind, scope, 2)], elses=kind))
        self.note(name, "complete", kind)
        return result

    def definition(self, head, scope=None, elses=None):
        """`head if { body } else …`."""
        rng = self.rng
        scope = scope or Scope()
        outer = scope.child()
        body, _ = self.body(scope, rng.choice([1, 1, 2, 2, 3, 4]), 3)
        parts = head(scope)
        chain = []
        if elses and self.chance(0.2):
            for _ in range(rng.randrange(1, 3)):
                inner = outer.child()
                alternative, _ = self.body(inner, rng.randrange(1, 3), 2)
                value = self.term(elses, inner, 1)
                chain.append(Node("else", " else := ", value, " if ", self.block(alternative)))
            if self.chance(0.4):
                chain.append(Node("else", " else := ", self.term(elses, outer.child(), 1)))
        if len(body) == 1 and self.chance(0.3):
            return self.settle(Node("rule", *parts, " if ", body[0], Seq(chain, "")))
        return self.settle(Node("rule", *parts, " if ", self.block(body), Seq(chain, "")))

    def partial_set(self, name):
        result = []
        for _ in range(self.rng.choice([1, 1, 2, 3])):
            if self.chance(0.15):
                result.append(self.settle(Node("rule", f"{name} contains ", self.term("any", Scope(), 1))))
            else:
                result.append(self.definition(lambda scope: [f"{name} contains ", self.term("any", scope, 1)]))
        self.note(name, "set", "set")
        return result

    def constant_key(self):
        """No number with another spelling of the same value, which is another key to OPA, and none whose difference to
        another one takes more than 64 bits, by which OPA orders the keys of a type."""
        key = self.constant(self.rng.choice(["str", "str", "num"]), 0)
        return term("7") if re.fullmatch(r"-0.*|.*\.0+|-?9223372036854775807", str(key)) else key

    def key(self, scope):
        if self.constant_keys is not None:
            if self.constant_keys:
                return self.constant_key()
            return term(self.rng.choice(scope.variables)[0]) if scope.variables else self.dynamic("any")
        if scope.variables and self.chance(0.7):
            return term(self.rng.choice(scope.variables)[0])
        return self.constant_key() if self.chance(0.9) else self.term("any", scope, 1)

    def partial_object(self, name):
        result = []
        # Either all keys are constant or none is: in which order OPA finds both kinds is not looked at yet.
        self.constant_keys = self.chance(0.3)
        kind = self.rng.choice(KINDS)
        for _ in range(self.rng.choice([1, 1, 2, 3])):
            if self.chance(0.1):
                result.append(self.settle(Node("rule", f"{name}[", self.key(Scope()), "] := ", self.term(kind, Scope(), 1))))
            else:
                result.append(self.definition(
                    lambda scope: [f"{name}[", self.key(scope), "] := ", self.term(kind, scope, 1)]))
        self.constant_keys = None
        self.note(name, "object", "obj")
        return result

    def general(self, name):
        """Heads that are references: `a.b[x].c := v`, `a[x] contains y`."""
        rng = self.rng
        result = []
        variants = []
        for _ in range(rng.choice([1, 1, 2])):
            length = rng.randrange(1, 4)
            parts = [rng.choice([".a", ".b", "[v]"]) for _ in range(length)]
            variants.append((parts, rng.choice([":=", ":=", "contains"])))
        for _ in range(rng.choice([1, 2, 3])):
            parts, operator = rng.choice(variants)

            def head(scope, parts=parts, operator=operator):
                out = [name]
                for part in parts:
                    out += ["[", self.key(scope), "]"] if part == "[v]" else [part]
                out += [" contains " if operator == "contains" else " := ", self.term("any", scope, 1)]
                return out

            if self.chance(0.2):
                result.append(self.settle(Node("rule", *head(Scope()))))
            else:
                result.append(self.definition(head))
        self.note(name, "general", "obj")
        return result

    def function(self, name):
        rng = self.rng
        arity = rng.choice([1, 1, 2, 2, 3])
        kind = rng.choice(KINDS)
        result = []
        if self.chance(0.15):
            args = ", ".join(["_"] * arity)
            result.append(self.settle(Node("rule", f"default {name}({args}) := ", self.constant(kind, 1))))
        kinds = [rng.choice(["num", "str", "any", "arr", "obj"]) for _ in range(arity)]
        for _ in range(rng.choice([1, 1, 2, 3])):
            scope = Scope()
            args = Seq([self.pattern(k, scope, 0, unique=True) for k in kinds], ", ", arity)
            way = rng.random()
            if way < 0.3:
                result.append(self.settle(Node("rule", f"{name}(", args, ") := ", self.term(kind, scope, 2))))
            elif kind == "bool" and way < 0.6:
                result.append(self.definition(lambda s: [f"{name}(", args, ")"], scope))
            else:
                result.append(self.definition(
                    lambda s: [f"{name}(", args, ") := ", self.term(kind, s, 1)], scope, elses=kind))
        self.note(name, "function", kind, arity)
        self.rules[-1].kinds = kinds
        return result

    def pattern(self, kind, scope, depth, unique=False, constant=True, declares=False):
        """What destructures: a new variable, a constant unless that isn't wanted, or an array or object of such."""
        rng = self.rng
        way = rng.random()
        if kind in ("arr", "any") and way < 0.25 and depth < 2:
            items = [self.pattern("any", scope, depth + 1, unique, constant, declares) for _ in range(rng.randrange(1, 3))]
            return Node("pattern", "[", Seq(items, ", "), "]")
        if kind in ("obj", "any") and 0.25 <= way < 0.4 and depth < 2:
            pairs = [Node("pair", f'"{key}": ', self.pattern("any", scope, depth + 1, unique, constant, declares))
                     for key in rng.sample(constants.KEYS + ["name"], rng.randrange(1, 3))]
            return Node("pattern", "{", Seq(pairs, ", "), "}")
        if way > 0.85 and (constant or self.chance(0.03)):
            return self.constant(rng.choice(["num", "str", "bool"]) if kind not in ("num", "str") else kind, 0)
        if way > 0.78:
            return Node("pattern", "_")
        name = self.fresh(Scope() if unique else scope)
        scope.add(name, kind)
        return Node("pattern", self.declare(name) if declares else name)

    def fresh(self, scope):
        """A name for a new variable; seldom one that an outer body has too."""
        self.counter += 1
        # In `every` in a head, OPA takes the domain's variables for those that its body declares: left out.
        if scope.variables and not self.in_every and self.chance(0.01):
            return self.rng.choice(scope.variables)[0]
        return self.rng.choice("xyzuvw") + str(self.counter)

    # Bodies

    def body(self, scope, count, depth):
        """Expressions, and the variables that they bind in the scope. In a body of unifications the order is any."""
        rng = self.rng
        self.bodies += 1
        outer = self.shuffled
        try:
            return self.expressions(scope, count, depth)
        finally:
            self.bodies -= 1
            self.shuffled = outer

    def expressions(self, scope, count, depth):
        rng = self.rng
        # In queries, OPA takes a comparison of a comprehension that waits for variables to hold: left out.
        if self.chance(0.3) and not self.in_query:
            items = []
            declared = []
            self.shuffled = True
            for _ in range(count):
                # OPA finds the second of two equal expressions unsafe when both have to wait: left out.
                item = self.unifying(scope, depth, declared)
                if spelling(item) not in map(spelling, items):
                    items.append(item)
            items = items or [expr("true")]
            rng.shuffle(items)
            if declared and self.chance(0.5):
                names = Seq([self.declare(n) for n in declared], ", ", 1)
                self.somes.append(names)
                items.insert(0, expr("some ", names))
            return items, "unify"
        items = []
        self.shuffled = self.chance(0.01) and not self.in_query
        for _ in range(count):
            item = self.expression(scope, depth)
            if not self.shuffled or spelling(item) not in map(spelling, items):
                items.append(item)
        items = items or [expr("true")]
        # Not inside larger expressions: those that wait for variables as well, OPA forgets to refuse.
        if self.chance(3 * self.mistakes):
            items.append(expr("undefined_name == ", self.constant("num", 0)))
        if self.shuffled:
            rng.shuffle(items)
        return items, "assign"

    def unifying(self, scope, depth, declared):
        """An expression that binds, if at all, without `:=` or `some … in`."""
        rng = self.rng
        way = rng.random()
        if way < 0.3:
            value = self.term(kind := rng.choice(KINDS + ["any"]), scope, depth - 1)
            name = self.fresh(scope)
            scope.add(name, kind)
            declared.append(name)
            pair = [term(name), value]
            rng.shuffle(pair)
            return expr(pair[0], " = ", pair[1])
        if way < 0.65:
            collection, key_kind, value_kind = self.iterable(scope, depth - 1)
            key = self.fresh(scope)
            parts = [collection, "["]
            value = None
            if self.chance(0.3):
                parts += ["_]"]
            else:
                parts += [term(key), "]"]
                scope.add(key, key_kind)
                declared.append(key)
            if self.chance(0.7):
                value = self.fresh(scope)
                if value != key:
                    scope.add(value, value_kind)
                    declared.append(value)
                    return expr(term(value), " = ", term(*parts)) if self.chance(0.5) else \
                        expr(term(*parts), " == " if self.chance(0.02) else " = ", term(value))
            return expr(term(*parts))
        if way < 0.75:
            inner = Scope()
            kind = rng.choice(["arr", "obj"])
            pattern = self.pattern(kind, inner, 0)
            # An object pattern of a comprehension that waits for variables, OPA refuses when the head is evaluated: left out.
            known = self.known(kind, Scope() if kind == "obj" else scope, depth)
            for name, kind in inner.variables:
                scope.add(name, kind)
                declared.append(name)
            pair = [pattern, known]
            rng.shuffle(pair)
            return expr(pair[0], " = ", pair[1])
        return self.test(scope, depth)

    def expression(self, scope, depth):
        rng = self.rng
        way = rng.random()
        before = scope.child()
        if way < 0.24:
            kind = rng.choice(KINDS + ["any"])
            value = self.term(kind, scope, depth - 1)
            name = self.fresh(scope)
            scope.add(name, kind)
            node = expr(term(name), rng.choice([" := ", " := ", " = "]), value)
        elif way < 0.44:
            collection, key_kind, value_kind = self.iterable(scope, depth - 1)
            if self.chance(0.2):
                inner = Scope()
                pattern = self.pattern(value_kind, inner, 0, declares=True)
                scope.variables += inner.variables
                node = expr("some ", pattern, " in ", collection)
            elif self.chance(0.4):
                key, value = self.fresh(scope), self.fresh(scope)
                scope.add(key, key_kind)
                scope.add(value, value_kind)
                node = expr("some ", self.declare(key), ", ", self.declare(value), " in ", collection)
            else:
                value = self.fresh(scope)
                scope.add(value, value_kind)
                node = expr("some ", self.declare(value), " in ", collection)
        elif way < 0.52:
            collection, key_kind, value_kind = self.iterable(scope, depth - 1)
            name = self.fresh(scope)
            scope.add(name, value_kind)
            node = expr(term(name), " := ", term(collection, "[_]"))
        elif way < 0.58:
            inner = Scope()
            assigns = self.chance(0.5)
            kind = rng.choice(["arr", "obj"])
            pattern = self.pattern(kind, inner, 0, constant=not assigns)
            # An object pattern of a comprehension that waits for variables, OPA refuses when the head is evaluated: left out.
            known = self.known(kind, Scope() if kind == "obj" else scope, depth)
            scope.variables += inner.variables
            node = expr(pattern, " := " if assigns and str(pattern) != "_" else " = ", known)
        else:
            node = self.test(scope, depth)
        return self.modified(node, before, depth, 0.05)

    def known(self, kind, scope, depth):
        """What a pattern is matched with: mostly of a type that only the evaluation tells."""
        if self.chance(0.6):
            path = self.rng.choice([("input",), ("data", "base")])
            return self.reference(path + self.rng.choice(
                [("nest", 0), ("xs",), ("any",)] if kind == "arr" else [("users", 0), ("o",), ("m",), ("any",)]))
        return self.term(kind, scope, depth - 1)

    def members(self, scope, depth):
        """What something may be a member of, with the kind of its values."""
        collection, _, value_kind = self.iterable(scope, depth)
        # OPA's rule index knows only the constants in `x in [1, y]`: left out.
        if str(collection).startswith("["):
            collection = self.constant("arr", 0)
        return collection, value_kind

    def modified(self, node, scope, depth, probability):
        # A constant alone, OPA drops with its modifiers when the head has a call or reference: left out.
        # In a body inside a query, OPA doesn't evaluate what is put in a document's place: left out.
        if self.in_query and self.bodies > 1:
            return node
        if self.chance(probability) and not str(node).isalnum():
            # OPA's type check takes a function that is replaced in an expression with bodies for a document.
            mocks = not str(node).startswith("every ") and " or " not in str(node) and " and " not in str(node)
            modifiers = {}
            for _ in range(self.rng.choice([1, 1, 2])):
                modifier = self.modifier(scope, depth, mocks)
                # One rule twice, OPA types by neither: left out.
                modifiers.setdefault(re.findall(r"\w+", str(modifier).partition(" as ")[0])[-1], modifier)
            return expr(node, Seq(list(modifiers.values()), ""))
        return node

    def modifier(self, scope, depth, mocks=True):
        rng = self.rng
        way = rng.random()
        # Nothing can be put at a path that isn't of names: left out, but for the cases in `conformance/`.
        if way < 0.35:
            path = ("input",) if self.chance(0.3) else rng.choice(NAMED)
            value = term(str(constants.document(rng))) if path == ("input",) and self.chance(0.5) else \
                self.term("any", scope, depth - 1)
            return Node("with", " with ", self.dotted(path), " as ", value)
        if way < 0.55 or not mocks:
            return Node("with", " with ", self.dotted(("data", "base") + rng.choice(NAMED)[1:]), " as ", self.term("any", scope, depth - 1))
        functions = [r for r in self.rules if r.form == "function"]
        if way < 0.7:
            values = [r for r in self.rules if r.form != "function"]
            if values:
                path = rng.choice(values).path
                if self.chance(0.2):
                    path += (rng.choice(constants.KEYS),)
                return Node("with", " with ", self.dotted(path), " as ", self.term("any", scope, depth - 1))
        if functions and self.chance(0.5):
            target = rng.choice(functions)
            same = [r for r in functions if r.arity == target.arity]
            value = self.reference(rng.choice(same).path) if self.chance(0.4) else self.constant(target.kind, 1)
            return Node("with", " with ", self.dotted(target.path), " as ", value)
        name, arity = rng.choice([("count", 1), ("upper", 1), ("concat", 2), ("startswith", 2), ("time.now_ns", 0), ("sum", 1),
                                  ("object.get", 3), ("json.marshal", 1)])
        same = [r for r in functions if r.arity == arity]
        if same and self.chance(0.4):
            return Node("with", f" with {name} as ", self.reference(rng.choice(same).path))
        if self.chance(0.2):
            return Node("with", f" with {name} as ", rng.choice([n for n, a in self.builtins.names.items() if a == arity]
                                                              or ["count"]))
        return Node("with", f" with {name} as ", self.constant(rng.choice(KINDS), 1))

    def test(self, scope, depth):
        """An expression that binds nothing."""
        rng = self.rng
        way = rng.random()
        if depth <= 0:
            way = way / 2
        if way < 0.25:
            kind = rng.choice(["num", "str", "any", "arr", "set"])
            operator = rng.choice(["==", "!=", "<", ">", "<=", ">=", "=="])
            return expr(self.term(kind, scope, depth - 1), f" {operator} ", self.comparable(kind, scope, depth))
        if way < 0.35:
            if self.chance(0.2):
                collection, key_kind, value_kind = self.iterable(scope, depth - 1)
                return expr(self.term(key_kind, scope, 0), ", ", self.term(value_kind, scope, 0), " in ", collection)
            collection, value_kind = self.members(scope, depth - 1)
            return expr(self.term(value_kind, scope, 0), " in ", collection)
        if way < 0.42:
            return expr(self.reference(rng.choice(INPUT + BASE)[0]))
        if way < 0.5:
            return expr(self.call("bool", scope, depth))
        if way < 0.65:
            if self.negates_bodies and self.chance(0.5):
                inner = scope.child()
                items, _ = self.body(inner, rng.randrange(1, 3), depth - 1)
                return expr("not { ", Seq(items, "; ", 1), " }")
            inner = self.test_term(scope, depth - 1)
            # OPA drops a body that is `not true` alone when the head has a call: left out.
            return self.modified(expr("not ", "false" if str(inner) == "true" else inner), scope, depth, 0.1)
        if way < 0.75:
            # OPA runs `every x in v { … }` too early when `v` gets its value later and the body has outer variables: left out.
            collection, key_kind, value_kind = self.iterable(Scope() if self.shuffled else scope, depth - 1)
            inner = scope.child()
            outer, self.in_every = self.in_every, True
            value = self.fresh(inner)
            key = self.fresh(inner)
            inner.add(value, value_kind)
            names = [self.declare(value)]
            if self.chance(0.4) and key != value:
                inner.add(key, key_kind)
                names = [self.declare(key), ", "] + names
            items, _ = self.body(inner, rng.randrange(1, 3), depth - 1)
            self.in_every = outer
            return expr("every ", *names, " in ", collection, " { ", Seq(items, "; ", 1), " }")
        if way < 0.8 and self.has_or:
            outer, self.in_template = self.in_template, True
            # What waits for an operand that waits for a variable, OPA runs too early: left out.
            sides = [self.term("bool", Scope() if self.shuffled else scope, depth - 1) for _ in range(2)]
            self.in_template = outer
            return expr(sides[0], rng.choice([" or ", " and "]), sides[1])
        # OPA forgets variables that a call's further argument binds when closures that come first wait for them: left out.
        if way < 0.88 and self.shuffled:
            return expr(self.call("bool", scope, depth))
        if way < 0.84:
            # `walk` goes through all paths.
            name = self.fresh(scope)
            inner = self.term(rng.choice(["obj", "arr", "any"]), scope, depth - 1)
            scope.add(name, "any")
            self.further.add(name)
            return expr("walk(", inner, ", [", rng.choice(["_", self.fresh(scope)]), f", {name}])")
        if way < 0.88:
            # The result as a further argument.
            name = self.fresh(scope)
            kind = rng.choice(["num", "str"])
            call = rng.choice(["plus", "minus", "mul"]) if kind == "num" else "concat"
            first = self.term(kind, scope, 0)
            second = self.term("num" if kind == "num" else "arr", scope, 0)
            scope.add(name, kind)
            self.further.add(name)
            return expr(f"{call}(", first, ", ", second, f", {name})")
        return expr(self.term("bool", scope, depth))

    def comparable(self, kind, scope, depth):
        """The other side of a comparison: for composites, mostly of a type that only the evaluation tells."""
        if kind in ("num", "str", "bool") or self.chance(0.1):
            return self.term(kind, scope, depth - 1)
        return self.dynamic(kind)

    def dynamic(self, kind):
        return self.reference(self.rng.choice([p for p, k in INPUT + BASE if k == kind or kind == "any" or k == "any"]
                                              or [("input", "any")]))

    def test_term(self, scope, depth):
        rng = self.rng
        way = rng.random()
        if way < 0.3:
            return expr(self.reference(rng.choice(INPUT + BASE)[0]))
        if way < 0.5:
            kind = rng.choice(["num", "str", "any"])
            return expr(self.term(kind, scope, depth - 1), rng.choice([" == ", " < ", " != "]),
                        self.comparable(kind, scope, depth))
        if way < 0.6:
            collection, value_kind = self.members(scope, depth - 1)
            return expr(self.term(value_kind, scope, 0), " in ", collection)
        if way < 0.7:
            collection, _, _ = self.iterable(scope, 0)
            if self.negates_bodies:
                return expr(self.term("bool", scope, depth))
            if self.chance(0.9):
                return expr(term(collection, "[", self.term("any", scope, 0), "]"), " == ", self.dynamic("any"))
            return expr(term(collection, "[_]"), " == ", self.term("any", scope, 0))
        return expr(self.term("bool", scope, depth))

    # Terms

    def term(self, kind, scope, depth):
        rng = self.rng
        if self.mistakes and not self.in_template and self.chance(self.mistakes):
            return term(rng.choice(["data.nowhere.x", "input.missing[_]", "nosuch(1)", "count(1, 2, 3)"] +
                                   [".".join(r.path) for r in self.rules]))
        if self.chance(self.oddity):
            # Mostly where only the evaluation finds out: else a type error hides the rest of the program.
            kind = rng.choice(KINDS + ["null"])
            if self.chance(0.9):
                return self.reference(rng.choice([p for p, k in INPUT + BASE if k == kind] or [("input", "any")]))
        if kind == "any":
            kind = rng.choice(KINDS)
        if scope.variables and self.chance(0.4):
            names = scope.of(kind)
            if names:
                return term(rng.choice(names))
        if depth <= 0:
            return self.reference_of(kind) if self.chance(0.25) else self.constant(kind, 1)
        way = rng.random()
        if way < 0.18:
            return self.reference_of(kind)
        if way < 0.28:
            return self.constant(kind, 1)
        if way < 0.36:
            functions = [r for r in self.rules if r.form == "function" and r.kind == kind]
            if functions:
                return self.user_call(rng.choice(functions), scope, depth)
        return getattr(self, "make_" + kind)(scope, depth)

    def constant(self, kind, depth):
        rng = self.rng
        if kind == "num":
            return constants.number_term(rng)
        if kind == "str":
            return constants.string_term(rng)
        if kind == "bool":
            return term(rng.choice(["true", "true", "false"]))
        if kind == "null":
            return term("null")
        items = [self.constant(rng.choice(["num", "str"]) if depth <= 0 else rng.choice(KINDS + ["num", "str"]), depth - 1)
                 for _ in range(rng.randrange(4))]
        if kind == "set":
            return term("{", Seq(items, ", ", 1), "}") if items else term("set()")
        if kind == "obj":
            pairs = [Node("pair", self.constant("str", 0) if self.chance(0.85) else
                          self.constant(rng.choice(["num", "bool", "arr"]), 0), ": ", item) for item in items]
            return term("{", Seq(pairs, ", "), "}")
        return term("[", Seq(items, ", "), "]")

    def dotted(self, path):
        return self.reference(path, plain=True)

    def reference(self, path, plain=False):
        """`path` as this module writes it."""
        rng = self.rng
        head, rest = path[0], path[1:]
        size = len(self.package) if self.package else 0
        own = self.package and path[:size] == self.package and len(path) > size and path[size] in self.heads
        if own and self.chance(0.7):
            head, rest = path[size], path[size + 1:]
        elif self.aliases and not self.chance(0.2):
            fitting = [(a, p) for a, p in self.aliases.items() if path[:len(p)] == p]
            if fitting:
                alias, prefix = rng.choice(fitting)
                head, rest = alias, path[len(prefix):]
        parts = [head]
        for part in rest:
            if isinstance(part, str):
                dot = IDENTIFIER.match(part) and part not in RESERVED and (plain or not self.chance(0.1))
                parts.append(f".{part}" if dot else f'["{part}"]')
            else:
                parts += ["[", part if isinstance(part, Node) else str(part), "]"]
        return term(*parts)

    def reference_of(self, kind):
        rng = self.rng
        if self.chance(0.5) and self.rules:
            fitting = [r for r in self.rules if r.form != "function" and (r.kind == kind or kind == "any")]
            if fitting:
                return self.reference(rng.choice(fitting).path)
        if kind == "obj" and self.chance(0.1):
            others = sorted({r.path[:-1] for r in self.rules if r.path[:-1] != self.package})
            others = [o for o in others if self.package is None or self.package[:len(o)] != o]
            # OPA's type check refuses most uses of a package that has functions as a value: left out.
            called = [r.path for r in self.rules if r.form == "function"]
            if self.unfinished:
                called.append(self.unfinished)
            others = [o for o in others if not any(path[:len(o)] == o for path in called)]
            if others:
                return self.reference(rng.choice(others))
        fitting = [p for p, k in INPUT + BASE if k == kind or k == "any"]
        return self.reference(rng.choice(fitting or [("input", "any")]))

    def iterable(self, scope, depth):
        """A collection with the kinds of its keys and values."""
        rng = self.rng
        way = rng.random()
        if way < 0.4:
            root = rng.choice([("input",), ("data", "base")])
            name, key, value = rng.choice([("xs", "num", "num"), ("ss", "num", "str"), ("o", "str", "num"),
                                           ("users", "num", "obj"), ("m", "str", "any"), ("nest", "num", "arr")])
            return self.reference(root + (name,)), key, value
        if way < 0.6:
            fitting = [r for r in self.rules if r.form in ("set", "object", "general") or
                       r.form == "complete" and r.kind in ("arr", "set", "obj")]
            if fitting:
                rule = rng.choice(fitting)
                return self.reference(rule.path), "str" if rule.kind == "obj" else "any", "any"
        if way < 0.75 and scope.variables:
            names = [n for k in ("arr", "set", "obj") for n in scope.of(k)]
            if names:
                return term(rng.choice(names)), "any", "any"
        if way < 0.85:
            kind = rng.choice(["num", "str"])
            items = [self.term(kind, scope, depth - 1) for _ in range(rng.randrange(1, 4))]
            return term("[", Seq(items, ", "), "]"), "num", kind
        return self.term(rng.choice(["arr", "set", "obj"]), scope, max(depth, 1)), "any", "any"

    def user_call(self, rule, scope, depth):
        kinds = getattr(rule, "kinds", ["any"] * rule.arity)
        args = [self.dynamic(k) if k not in ("num", "str") and self.chance(0.6) else self.term(k, scope, depth - 1)
                for k in kinds]
        return term(self.reference(rule.path, plain=True), "(", Seq(args, ", ", len(args)), ")")

    def call(self, kind, scope, depth):
        name, declared = self.builtins.choose(self.rng, kind)
        args = calls.arguments(self, name, declared, scope, depth - 1)
        return term(name, "(", Seq(args, ", ", len(args)), ")")

    def infix(self, kind, operators, scope, depth):
        rng = self.rng
        return term("(", self.term(kind, scope, depth - 1), f" {rng.choice(operators)} ", self.term(kind, scope, depth - 1), ")")

    def make_null(self, scope, depth):
        return term("null")

    def make_num(self, scope, depth):
        way = self.rng.random()
        if way < 0.45:
            return self.infix("num", ["+", "-", "*", "+", "-", "/", "%"], scope, depth)
        if way < 0.6:
            collection, _, _ = self.iterable(scope, depth - 1)
            return term("count(", collection, ")")
        return self.call("num", scope, depth)

    def make_str(self, scope, depth):
        rng = self.rng
        # What waits for a template that waits for a variable, OPA sometimes runs too early: left out.
        if self.chance(0.25) and not self.shuffled:
            parts = ['$"']
            outer, self.in_template = self.in_template, True
            for _ in range(rng.randrange(1, 3)):
                parts.append(rng.choice(["", "a", " ", "é", "\\{", "x\\n", "-"]))
                parts += ["{", self.term(rng.choice(KINDS), scope, depth - 1), "}"]
            self.in_template = outer
            return term(*parts, '"')
        return self.call("str", scope, depth)

    def make_bool(self, scope, depth):
        rng = self.rng
        way = rng.random()
        if way < 0.4:
            kind = rng.choice(["num", "str", "any", "arr", "obj", "set"])
            return term("(", self.term(kind, scope, depth - 1), f" {rng.choice(COMPARISONS)} ",
                        self.comparable(kind, scope, depth), ")")
        if way < 0.6:
            collection, value_kind = self.members(scope, depth - 1)
            return term("(", self.term(value_kind, scope, 0), " in ", collection, ")")
        return self.call("bool", scope, depth)

    def comprehension(self, kind, scope, depth):
        # In a call, OPA forgets that one waits for variables from outside: left out.
        if self.shuffled:
            scope = Scope()
        # Also, when the head is evaluated, for what a call's further argument binds: left out.
        inner = Scope((n, k) for n, k in scope.variables if n not in self.further)
        before = len(inner.variables)
        items, _ = self.body(inner, self.rng.choice([1, 1, 2, 3]), depth - 1)
        # OPA may evaluate a body that equates a variable from outside for all values of it at once: left out.
        outer = {name for name, _ in scope.variables}
        items = [i for i in items if not outer.intersection(map("".join, EQUATED.findall(str(i).strip("()"))))] or [expr("true")]
        own = Scope(inner.variables[before:]) if self.chance(0.8) and inner.variables[before:] else inner
        value = self.term("any", own, 1)
        if kind == "arr":
            return term("[", value, " | ", Seq(items, "; ", 1), "]")
        if kind == "set":
            return term("{", value, " | ", Seq(items, "; ", 1), "}")
        return term("{", self.term("any", own, 0), ": ", value, " | ", Seq(items, "; ", 1), "}")

    def literal(self, kind, scope, depth):
        rng = self.rng
        if kind == "set":
            # OPA goes through the members in the order of their variables, not of their values, and through equal ones
            # twice: a single one unless they are constants. In a call, it does not wait for what is in a set: nothing of
            # the body's where that is shuffled.
            if self.chance(0.4):
                items = [self.constant(rng.choice(["num", "str"]), 0) for _ in range(rng.randrange(1, 4))]
            else:
                items = [self.term(rng.choice(KINDS + ["num", "str"]), Scope() if self.shuffled else scope, depth - 1)]
            return term("{", Seq(items, ", ", 1), "}")
        items = [self.term(rng.choice(KINDS + ["num", "str"]), scope, depth - 1) for _ in range(rng.randrange(1, 4))]
        if kind == "obj":
            # Where OPA evaluates several keys, or one that turns out equal to another, its order hangs on the numbers of
            # its own variables; and what such an object is in waits too little for a variable: one key that is a term,
            # and only where nothing is shuffled.
            if self.shuffled or self.chance(0.7):
                keys = [self.constant("str", 0) if self.chance(0.85) else self.constant(rng.choice(KINDS), 0)
                        for _ in items]
            else:
                items = items[:1]
                keys = [self.term("str" if self.chance(0.85) else "any", scope, 0)]
            return term("{", Seq([Node("pair", key, ": ", item) for key, item in zip(keys, items)], ", "), "}")
        return term("[", Seq(items, ", "), "]")

    def compound(self, kind, scope, depth):
        way = self.rng.random()
        if way < 0.35:
            return self.comprehension(kind, scope, depth)
        if way < 0.6:
            return self.literal(kind, scope, depth)
        if kind == "set" and way < 0.8:
            return self.infix("set", ["|", "&", "-"], scope, depth)
        return self.call(kind, scope, depth)

    def make_arr(self, scope, depth):
        return self.compound("arr", scope, depth)

    def make_set(self, scope, depth):
        return self.compound("set", scope, depth)

    def make_obj(self, scope, depth):
        return self.compound("obj", scope, depth)

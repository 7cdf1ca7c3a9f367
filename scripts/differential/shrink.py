"""Cuts a case down as long as the two sides still differ in the same way."""
import time

from .compare import difference, excuse
from .tree import Case, Node, Seq

# Candidates asked for together: few at first, more when none of them will do.
BATCHES = (12, 24, 48, 96)
# Seconds a finding.
LIMIT = 30
SIMPLE = {"term": ["1", "true", '"a"', "[]", "{}"], "json": ["0", "null"], "expr": ["true"]}
STANDS_FOR = {"term": ("term",), "expr": ("expr",), "json": ("json",), "pattern": ("pattern", "term"), "block": ("expr",)}


def nearest(node, kinds):
    """The descendants of the kinds that have none of them above."""
    for part in node.parts if isinstance(node, Node) else node.items:
        if isinstance(part, str):
            continue
        if isinstance(part, Node) and part.kind in kinds:
            yield part
        else:
            yield from nearest(part, kinds)


def variants(part):
    """Smaller versions of a part, large cuts first."""
    if isinstance(part, Seq):
        count = len(part.items)
        size = count
        while size:
            for start in range(0, count, size):
                left = part.items[:start] + part.items[start + size:]
                if len(left) >= part.least and len(left) < count:
                    yield Seq(left, part.separator, part.least, part.before)
            size //= 2
        for index, item in enumerate(part.items):
            for smaller in variants(item):
                yield Seq(part.items[:index] + [smaller] + part.items[index + 1:], part.separator, part.least, part.before)
        return
    text = str(part)
    for stand_in in nearest(part, STANDS_FOR.get(part.kind, ())):
        yield stand_in
    for simple in SIMPLE.get(part.kind, ()):
        if len(simple) < len(text):
            yield Node(part.kind, simple)
    for index, inner in enumerate(part.parts):
        if not isinstance(inner, str):
            for smaller in variants(inner):
                yield Node(part.kind, *part.parts[:index], smaller, *part.parts[index + 1:])


def cases(case):
    for modules in variants(case.modules):
        yield Case(modules, case.data, case.input, case.query)
    if case.input is not None:
        yield Case(case.modules, case.data, None, case.query)
    for query in variants(case.query):
        yield Case(case.modules, case.data, case.input, query)
    for data in variants(case.data):
        if str(data).startswith("{"):
            yield Case(case.modules, data, case.input, case.query)
    if case.input is not None:
        for given in variants(case.input):
            yield Case(case.modules, case.data, given, case.query)


def shrink(case, kind, regolite, opa):
    """The smallest case found that differs in the same way."""
    deadline = time.monotonic() + LIMIT
    tried = set()
    progress = True
    while progress and time.monotonic() < deadline:
        progress = False
        batch, batches = [], 0
        size = length(case)
        for candidate in cases(case):
            texts = candidate.texts()
            key = repr(texts)
            if key in tried or length(candidate) >= size:
                continue
            tried.add(key)
            batch.append((candidate, texts))
            if len(batch) == BATCHES[min(batches, len(BATCHES) - 1)]:
                found = first(batch, kind, regolite, opa)
                if found:
                    case, progress = found, True
                    break
                batch, batches = [], batches + 1
                if time.monotonic() > deadline:
                    break
        else:
            found = first(batch, kind, regolite, opa)
            if found:
                case, progress = found, True
    return case


def length(case):
    texts = case.texts()
    return sum(map(len, texts["modules"])) + len(texts["data"]) + len(texts["input"] or "null") + len(texts["query"]) + \
        10 * len(texts["modules"])


def first(batch, kind, regolite, opa):
    """The smallest of the batch that still differs."""
    texts = [t for _, t in batch]
    theirs = opa.ask_at_once(texts)
    if theirs is None:
        return None
    ours = regolite.ask(texts)
    differing = [c for (c, t), a, b in zip(batch, ours, theirs) if difference(a, b) == kind and not excuse(t, a, b)]
    return min(differing, key=length) if differing else None

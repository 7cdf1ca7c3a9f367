"""Programs as trees that print themselves and can be cut down.

A node is a kind and its parts: text, nodes, and sequences. The generator builds them; the shrinker needs no more than
the kinds to know what may stand in for what.
"""


class Node:
    """kind: `term`, `expr`, `rule`, `module`, `json`, or another name for what can't be replaced."""

    __slots__ = ("kind", "parts")

    def __init__(self, kind, *parts):
        self.kind, self.parts = kind, parts

    def __str__(self):
        out = []
        self.write(out)
        return "".join(out)

    def write(self, out):
        for part in self.parts:
            if isinstance(part, str):
                out.append(part)
            else:
                part.write(out)


class Seq:
    """Nodes with a separator between them, of which `least` have to stay."""

    __slots__ = ("items", "separator", "least", "before")

    def __init__(self, items, separator="", least=0, before=""):
        self.items, self.separator, self.least, self.before = items, separator, least, before

    def write(self, out):
        if self.items:
            out.append(self.before)
        for index, item in enumerate(self.items):
            if index:
                out.append(self.separator)
            item.write(out)


class Case:
    """One program with what it is asked: modules, base data, input (absent for none) and a query."""

    __slots__ = ("modules", "data", "input", "query")

    def __init__(self, modules, data, input, query):
        self.modules, self.data, self.input, self.query = modules, data, input, query

    def texts(self):
        """What both sides get. Data and input are JSON text, so that numbers keep their spelling."""
        return {
            "modules": [str(m) for m in self.modules.items],
            "data": str(self.data),
            "input": None if self.input is None else str(self.input),
            "query": str(self.query),
        }


def term(*parts):
    return Node("term", *parts)


def expr(*parts):
    return Node("expr", *parts)

"""Constants: small pools, so that values of different origin meet, with the odd ones among them."""
import json

from .tree import Node, Seq, term

STRINGS = ["a", "b", "c", "d", "ab", "abc", "x", "admin", "role", "k", ""]
ODD_STRINGS = [
    "A", " ", " x y ", "a.b", "a/b", "1", "10", "1.5", "true", "null", "é", "e\u0301", "日本", "😀", "\u00df", "İ", "\n",
    "\t\"", "\\", "a,b,c", "%d", "{}", "[1]", "{\"a\": 1}", "\u2028", "\ufeff", "z" * 40, "~", "*", "\u0000", "ﬀ", "Ω",
]
NUMBERS = ["0", "1", "2", "3", "4", "5", "10", "-1", "7"]
ODD_NUMBERS = [
    "1.0", "1.5", "0.1", "0.2", "-2.5", "1e2", "1E3", "1e-7", "100", "2.50", "-0", "9007199254740993", "-3",
    "9223372036854775807", "9223372036854775808", "-9223372036854775807", "10000000000000000000000", "1e21", "1e22",
    "123456789.123456789", "0.30000000000000004", "1e-10", "3.0e1", "1.7976931348623157e308", "5e-324", "-0.0", "0.0",
    "4294967296", "2147483648", "255", "1000000", "12345678901234567890.5", "1e30",
]
KEYS = ["a", "b", "c", "k", "role", "n"]
NAMES = ["alice", "bob", "carol"]


def string(rng):
    return rng.choice(STRINGS) if rng.random() < 0.8 else rng.choice(ODD_STRINGS)


def number(rng):
    return rng.choice(NUMBERS) if rng.random() < 0.8 else rng.choice(ODD_NUMBERS)


def string_text(rng, value):
    """A literal for a string: plain, with escapes, or raw."""
    way = rng.random()
    if way < 0.1 and "`" not in value and "\r" not in value and "\u0000" not in value and "\ufeff" not in value:
        return "`" + value + "`"
    if "\ufeff" in value or "\u0000" in value:
        return json.dumps(value)
    return json.dumps(value, ensure_ascii=way < 0.3)


def string_term(rng, value=None):
    return term(string_text(rng, string(rng) if value is None else value))


def number_term(rng):
    return term(number(rng))


def json_node(*parts):
    return Node("json", *parts)


def json_string(value):
    return json_node(json.dumps(value))


def json_array(items):
    return json_node("[", Seq(list(items), ", "), "]")


def json_object(pairs):
    return json_node("{", Seq([Node("pair", json.dumps(k), ": ", v) for k, v in pairs], ", "), "}")


def json_value(rng, depth=2):
    """Any JSON value."""
    way = rng.randrange(10 if depth else 6)
    if way < 2:
        return json_node(number(rng))
    if way < 4:
        return json_string(string(rng))
    if way == 4:
        return json_node(rng.choice(["true", "false"]))
    if way == 5:
        return json_node("null")
    if way < 8:
        return json_array(json_value(rng, depth - 1) for _ in range(rng.randrange(4)))
    return json_object((k, json_value(rng, depth - 1)) for k in rng.sample(KEYS, rng.randrange(4)))


def document(rng):
    """The shape that the generator's references expect of `input` and `data.base`: `SHAPE`; some of it missing, or of
    another type."""
    pairs = []

    def add(name, make):
        way = rng.random()
        if way < 0.07:
            return
        pairs.append((name, json_value(rng) if way < 0.13 else make()))

    def num():
        return json_node(number(rng))

    def text():
        return json_string(string(rng))

    def user():
        members = [("name", json_string(rng.choice(NAMES))), ("role", json_string(rng.choice(["admin", "dev", "ops"]))),
                   ("age", num())]
        return json_object(m for m in members if rng.random() < 0.9)

    add("n", num)
    add("s", text)
    add("b", lambda: json_node(rng.choice(["true", "false"])))
    add("xs", lambda: json_array(num() for _ in range(rng.randrange(5))))
    add("ss", lambda: json_array(text() for _ in range(rng.randrange(4))))
    add("o", lambda: json_object((k, num()) for k in rng.sample(KEYS, rng.randrange(4))))
    add("users", lambda: json_array(user() for _ in range(rng.randrange(4))))
    add("m", lambda: json_object((k, json_value(rng)) for k in rng.sample(KEYS, rng.randrange(4))))
    add("nest", lambda: json_array(json_array(num() for _ in range(rng.randrange(3))) for _ in range(rng.randrange(3))))
    add("any", lambda: json_value(rng))
    rng.shuffle(pairs)
    return json_object(pairs)


SHAPE = [
    (("n",), "num"), (("s",), "str"), (("b",), "bool"), (("xs",), "arr"), (("ss",), "arr"), (("o",), "obj"),
    (("users",), "arr"), (("m",), "obj"), (("nest",), "arr"), (("any",), "any"), (("o", "a"), "num"), (("o", "k"), "num"),
    (("m", "a"), "any"), (("m", "b"), "any"), (("xs", 0), "num"), (("ss", 0), "str"), (("users", 0), "obj"),
    (("users", 0, "name"), "str"), (("users", 1, "role"), "str"), (("nest", 0), "arr"), (("missing",), "any"),
]

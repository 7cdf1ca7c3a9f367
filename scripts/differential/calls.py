"""Calls of builtins, from OPA's own declarations: arguments by declared type, or from a domain that the builtin reads
(patterns, layouts, addresses), so that most calls succeed."""
import json

from . import constants
from .tree import Seq, term

# Not called at all: what reaches outside or differs from call to call, what RegoLite refuses by design, what is no
# function of its own (operators, `print`), and what has a meaning only in its rule (`rego.metadata`).
LEFT_OUT = {
    "http.send", "net.lookup_ip_addr", "opa.runtime", "rand.intn", "time.now_ns", "uuid.rfc4122", "trace", "print",
    "crypto.parse_private_keys", "providers.aws.sign_req", "rego.parse_module", "rego.metadata.chain",
    "rego.metadata.rule", "assign", "eq", "walk", "io.jwt.encode_sign", "io.jwt.encode_sign_raw",
    # Keys and certificates: a random argument only tests that it is refused.
    "io.jwt.decode_verify", "io.jwt.verify_eddsa", "io.jwt.verify_es256", "io.jwt.verify_es384", "io.jwt.verify_es512",
    "io.jwt.verify_ps256", "io.jwt.verify_ps384", "io.jwt.verify_ps512", "io.jwt.verify_rs256", "io.jwt.verify_rs384",
    "io.jwt.verify_rs512",
}
LEFT_OUT_FAMILIES = ("internal.", "graphql.", "crypto.x509.")

REGEXES = ["a", "^a", "[a-c]+", "a|b", "(a)(b)?", "\\d+", ".*", "^$", "x*", "[[:alpha:]]", "(?i)A", "b$", "\\bx\\b",
           "(?P<n>a)", "\\s", "[^a]", "a{2}", "\\p{L}", "(", "a**"]
GLOBS = ["*", "a*", "a.*", "**", "?", "{a,b}", "[a-c]", "a", "*.b", "ab?", "[!a]", "{a,ab}c"]
LAYOUTS = ["2006-01-02T15:04:05Z07:00", "2006-01-02", "15:04", "Jan _2 2006", "RFC1123", "ANSIC", "RFC3339Nano"]
CIDRS = ["10.0.0.0/8", "10.1.0.0/16", "192.168.1.0/30", "192.168.1.5/32", "2001:db8::/126", "10.0.0.0/29", "0.0.0.0/0"]
IPS = ["10.0.0.1", "10.1.2.3", "192.168.1.2", "2001:db8::1", "::1", "256.1.1.1"]
DOMAINS = {
    "regex": REGEXES, "glob": GLOBS, "layout": LAYOUTS, "cidr": CIDRS, "ip": IPS + CIDRS,
    "base64": ["YQ==", "YWI=", "YWJj", "8J+YgA==", "YQ", "!", "", "8J-YgA"], "hex": ["61", "6162", "6", "zz", ""],
    "semver": ["1.0.0", "1.2.3", "1.2.3-alpha", "1.2.3-alpha.1", "1.2.3+b1", "2.0", "v1.0.0", "1.0.0-2", "01.0.0"],
    "units": ["1", "10K", "1Ki", "1.5M", "2Gi", "100m", "1KB", "1KiB", "x", "0.5G", "1e3", "1 K"],
    "json": ["{\"a\": 1}", "[1, 2.50, 1e2]", "\"x\"", "{", "null", "1", "{\"b\": {\"c\": [null, true]}, \"a\": \"\\u00e9\"}", "01"],
    "yaml": ["a: 1", "- 1\n- b", "x", "{a: [1, 2]}", "a:\n  b: true", "\"q\"", "a: [", "1.50", "~"],
    "url": ["a=1&b=2", "a=1&a=2", "x", "a%20b", "a+b", "%zz", "é", "a=b=c"],
    "uri": ["https://a.b/c?d=1#e", "/x", "http://u:p@h:80/", "", "mailto:a@b", "http://[::1]:8/", "::", "a b"],
    "duration": ["1h", "1h30m", "5ms", "-2s", "1.5h", "x", "1d"], "date": ["2024-02-29", "2021-12-31", "2020-13-01"],
    "rfc3339": ["2024-02-29T12:00:00Z", "2021-03-04T05:06:07.891+02:00", "1969-12-31T23:59:59Z", "2024-02-30T00:00:00Z"],
    "uuid": ["6ba7b810-9dad-11d1-80b4-00c04fd430c8", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "x"],
    "format": ["%d", "%s", "%v", "%x", "%5d|%-5s|", "%q", "%05.2f", "%t", "%d %s", "%%", "%.3f", "%e", "%T", "%b", "%c", "%U",
               "%+v", "%g", "%o", "%08b", "%!", "%[2]d %[1]d", "%6.2f%%", "%s %v", "%10.3s|", "% x", "%#v"],
    "zone": ["UTC", "", "Europe/Vienna", "America/New_York", "Asia/Kolkata", "Nowhere/None"],
    "jwt": ["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhIjoxfQ.c2ln", "a.b.c", "x"],
    "path": ["a", "a/b", "b", "k/0", "", "/a"],
    "base": ["2", "8", "10", "16"], "small": ["0", "1", "2", "3", "5", "-1", "8"],
    "ns": ["0", "1609459200000000000", "-1", "1700000000123456789", "951782400000000000", "1.5e18"],
    "count": ["-1", "0", "1", "2"],
    "template": ["{{.a}}", "x {{.k}}", "{{if .b}}y{{else}}n{{end}}", "{{range .a}}{{.}},{{end}}", "{{", "no"],
}
# By builtin: a domain an argument, nothing where the declared type says it.
ARGUMENTS = {
    "regex.match": ("regex", None), "regex.is_valid": ("regex",), "regex.split": ("regex", None),
    "regex.replace": (None, "regex", None), "regex.find_n": ("regex", None, "count"),
    "regex.find_all_string_submatch_n": ("regex", None, "count"), "regex.template_match": (None, None, "lbrace", "rbrace"),
    "regex.globs_match": ("simple", "simple"), "re_match": ("regex", None),
    "glob.match": ("glob", "delimiters", None), "glob.quote_meta": ("glob",),
    "net.cidr_contains": ("cidr", "ip"), "net.cidr_intersects": ("cidr", "cidr"), "net.cidr_is_valid": ("ip",),
    "net.cidr_expand": ("smallcidr",), "net.cidr_merge": ("cidrs",), "net.cidr_contains_matches": ("cidrs", "cidrs"),
    "net.cidr_overlap": ("cidr", "ip"),
    "base64.decode": ("base64",), "base64url.decode": ("base64",), "base64.is_valid": ("base64",), "hex.decode": ("hex",),
    "semver.compare": ("semver", "semver"), "semver.is_valid": ("semver",), "units.parse": ("units",),
    "units.parse_bytes": ("units",), "json.unmarshal": ("json",), "json.is_valid": ("json",),
    "yaml.unmarshal": ("yaml",), "yaml.is_valid": ("yaml",), "urlquery.decode": ("url",), "urlquery.encode": ("url",),
    "urlquery.decode_object": ("url",), "uri.parse": ("uri",), "uri.is_valid": ("uri",), "uuid.parse": ("uuid",),
    "time.parse_duration_ns": ("duration",), "time.parse_rfc3339_ns": ("rfc3339",), "time.parse_ns": ("layout", "date"),
    "time.add_date": ("ns", "small", "small", "small"), "time.clock": ("when",), "time.date": ("when",),
    "time.weekday": ("when",), "time.format": ("formatted",), "time.diff": ("when", "when"),
    "sprintf": ("format", "values"), "io.jwt.decode": ("jwt",), "io.jwt.verify_hs256": ("jwt", None),
    "io.jwt.verify_hs384": ("jwt", None), "io.jwt.verify_hs512": ("jwt", None),
    "format_int": (None, "base"), "bits.lsh": (None, "small"), "bits.rsh": (None, "small"),
    "numbers.range": ("small", "small"), "numbers.range_step": ("small", "small", "small"),
    "substring": (None, "small", "small"), "array.slice": (None, "small", "small"), "strings.split_n": (None, None, "count"),
    "json.patch": ("object", "patches"), "json.filter": ("object", "paths"), "json.remove": ("object", "paths"),
    "json.match_schema": (None, "schema"), "json.verify_schema": ("schema",), "graph.reachable": ("graph", "nodes"),
    "graph.reachable_paths": ("graph", "nodes"), "strings.render_template": ("template", None),
    "object.get": (None, "key", None), "object.union_n": ("objects",), "to_number": ("numeral",),
}


class Builtins:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            declared = json.load(file)["builtins"]
        self.by_result = {}
        self.all = []
        for builtin in declared:
            name = builtin["name"]
            if name in LEFT_OUT or name.startswith(LEFT_OUT_FAMILIES) or builtin.get("infix") or \
                    builtin.get("deprecated"):
                continue
            entry = (name, builtin["decl"].get("args") or [])
            self.all.append(entry)
            result = kind_of(builtin["decl"].get("result") or {"type": "any"})
            self.by_result.setdefault(result, []).append(entry)
        self.names = {name: len(args) for name, args in self.all}

    def choose(self, rng, kind):
        """A builtin whose result is of the kind, or may be."""
        pool = self.by_result.get(kind) if kind != "any" else self.all
        if pool is None or rng.random() < 0.08:
            pool = self.all if rng.random() < 0.3 else self.by_result.get("any", self.all)
        return rng.choice(pool)


def kind_of(declared):
    return {"number": "num", "string": "str", "boolean": "bool", "array": "arr", "set": "set", "object": "obj",
            "null": "null"}.get(declared["type"], "any")


def domain(gen, name, scope, depth):
    """A term from a named domain."""
    rng = gen.rng
    if name in ("base", "small", "ns", "count"):
        return term(rng.choice(DOMAINS[name]))
    if name == "delimiters":
        return term(rng.choice(["[]", "null", "[\".\"]", "[\"/\"]", "[\".\", \":\"]"]))
    if name == "lbrace":
        return term('"{"')
    if name == "rbrace":
        return term('"}"')
    if name == "simple":
        return constants.string_term(rng, rng.choice(["a", "a*", "[a-b]+", ".*", "ab", "[a-z]+b"]))
    if name == "smallcidr":
        return constants.string_term(rng, rng.choice(["10.0.0.0/30", "192.168.1.5/32", "2001:db8::/126", "x"]))
    if name == "cidrs":
        items = [constants.string_term(rng, rng.choice(CIDRS)) for _ in range(rng.randrange(1, 4))]
        return term("[", Seq(items, ", "), "]")
    if name == "when":
        ns = rng.choice(DOMAINS["ns"])
        return term(ns) if rng.random() < 0.5 else term(f'[{ns}, "{rng.choice(DOMAINS["zone"])}"]')
    if name == "formatted":
        ns, zone = rng.choice(DOMAINS["ns"]), rng.choice(DOMAINS["zone"])
        return rng.choice([term(ns), term(f'[{ns}, "{zone}"]'), term(f'[{ns}, "{zone}", "{rng.choice(LAYOUTS)}"]')])
    if name == "values":
        items = [gen.term(rng.choice(["num", "str", "any"]), scope, depth - 1) for _ in range(rng.randrange(1, 4))]
        return term("[", Seq(items, ", "), "]")
    if name == "object":
        return gen.term("obj", scope, depth - 1)
    if name == "objects":
        return term("[", Seq([gen.term("obj", scope, depth - 1) for _ in range(rng.randrange(1, 4))], ", "), "]")
    if name == "key":
        return gen.term("any", scope, 0) if rng.random() < 0.3 else constants.string_term(rng, rng.choice(constants.KEYS))
    if name == "paths":
        items = [constants.string_term(rng, rng.choice(DOMAINS["path"])) if rng.random() < 0.7 else
                 term(json.dumps([rng.choice(constants.KEYS) for _ in range(rng.randrange(3))]))
                 for _ in range(rng.randrange(3))]
        return term("[", Seq(items, ", "), "]")
    if name == "patches":
        items = []
        for _ in range(rng.randrange(1, 3)):
            op = rng.choice(["add", "remove", "replace", "test", "move", "copy"])
            path = rng.choice(["/a", "/b", "/a/b", "/k/0", "/c/-", "", "a", "/a~1b"])
            items.append(term('{"op": "', op, '", "path": "', path, '", "from": "/a", "value": ',
                              gen.term("any", scope, 0), "}"))
        return term("[", Seq(items, ", "), "]")
    if name == "schema":
        return term(rng.choice([
            '{"type": "object"}', '{"type": "string"}', '{"type": ["number", "null"]}', '{"minimum": 2}', "{}",
            '{"properties": {"a": {"type": "number"}}, "required": ["a"]}', '{"enum": [1, "a"]}', '{"type": "x"}',
            '{"items": {"type": "integer"}, "maxItems": 2}', '{"pattern": "^a", "type": "string"}']))
    if name == "graph":
        return term(rng.choice(['{"a": ["b", "c"], "b": ["c"], "c": []}', '{"a": ["b"], "b": ["a"]}',
                                '{"a": {"b", "d"}, "b": null}', '{1: [2], 2: [1, 3]}', "{}"]))
    if name == "nodes":
        return term(rng.choice(['["a"]', '{"a", "b"}', "[]", "{1}", '["z"]']))
    if name == "numeral":
        return rng.choice([lambda: constants.string_term(rng, rng.choice(["1", "1.5", "-3", "1e2", "x", "", "0x1"])),
                           lambda: gen.term(rng.choice(["num", "bool", "str"]), scope, depth - 1), lambda: term("null")])()
    return constants.string_term(rng, rng.choice(DOMAINS[name]))


def argument(gen, declared, scope, depth):
    """A term of a declared type."""
    rng = gen.rng
    kind = declared["type"]
    if kind == "any":
        choices = declared.get("of")
        if choices:
            return argument(gen, rng.choice(choices), scope, depth)
        return gen.term("any", scope, depth - 1)
    if kind in ("array", "set", "object") and rng.random() < 0.25:
        return gen.dynamic(kind_of(declared))
    if kind not in ("array", "set", "object") and depth > 0 and rng.random() < 0.35 or rng.random() < 0.01:
        return gen.term(kind_of(declared), scope, depth - 1)
    if kind == "array":
        if declared.get("static"):
            return term("[", Seq([argument(gen, d, scope, depth - 1) for d in declared["static"]], ", "), "]")
        items = [argument(gen, declared.get("dynamic") or {"type": "any"}, scope, depth - 1) for _ in range(rng.randrange(4))]
        return term("[", Seq(items, ", "), "]")
    if kind == "set":
        of = declared.get("of") or {"type": "any"}
        # As in the generator's own literals: one member, unless they are constants.
        if rng.random() < 0.4:
            items = [gen.constant(kind_of(of), 0) for _ in range(rng.randrange(1, 4))]
        else:
            items = [argument(gen, of, type(scope)() if gen.shuffled else scope, depth - 1)]
        return term("{", Seq(items, ", ", 1), "}")
    if kind == "object":
        dynamic = declared.get("dynamic") or {"key": {"type": "string"}, "value": {"type": "any"}}
        static = [(p["key"], p["value"]) for p in declared.get("static") or []]
        pairs = [term(json.dumps(k), ": ", argument(gen, d, scope, depth - 1)) for k, d in static]
        # As in the generator's own literals: one key at most that isn't constant.
        open_key = not gen.shuffled and rng.random() < 0.3
        for _ in range(rng.randrange(3) if not open_key else 1):
            key = argument(gen, dynamic["key"], scope, 0) if open_key else constants.string_term(rng)
            pairs.append(term(key, ": ", argument(gen, dynamic["value"], scope, depth - 1)))
        return term("{", Seq(pairs, ", "), "}")
    return gen.term(kind_of(declared), scope, 0)


def arguments(gen, name, declared, scope, depth):
    domains = ARGUMENTS.get(name)
    result = []
    for index, one in enumerate(declared):
        of = domains[index] if domains and index < len(domains) else None
        # A range may be as long as it likes, and takes as long. What is decoded has to be a text.
        if of and (name.startswith("numbers.range") or name.endswith(".decode") or gen.rng.random() < 0.9):
            result.append(domain(gen, of, scope, depth))
        else:
            result.append(argument(gen, one, scope, depth))
    return result

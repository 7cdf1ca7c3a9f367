"""What counts as a difference, and what is excused."""
import re

from .sides import canonical

# How often OPA is asked again before a difference counts: several answers of its own are not one to match.
AGAIN = 20
PROCESSES = 12


def difference(ours, theirs):
    """What differs in a word or two, by which findings are grouped; absent when nothing does."""
    if ours.fault or theirs.fault:
        if theirs.fault and not ours.fault:
            return "OPA " + theirs.fault.split()[0]
        return "RegoLite " + ours.fault.split()[0]
    if (ours.errors is None) != (theirs.errors is None):
        return f"{outcome(ours)} / {outcome(theirs)}"
    if ours.errors is None:
        if sorted(map(canonical, ours.rows)) == sorted(map(canonical, theirs.rows)):
            return None
        return f"{outcome(ours)} / {outcome(theirs)}" if not ours.rows or not theirs.rows else "value"
    if ours.codes != theirs.codes:
        return f"{outcome(ours)} / {outcome(theirs)}"
    if {e[:3] for e in ours.errors} != {e[:3] for e in theirs.errors}:
        return f"place of {outcome(ours)}"
    return None


def outcome(answer):
    if answer.fault:
        return answer.fault.split()[0]
    if answer.errors is not None:
        return "+".join(sorted(answer.codes))
    return "defined" if answer.rows else "undefined"


EVALUATION = {"eval_type_error", "eval_builtin_error", "eval_conflict_error"}


class Excuse:
    def __init__(self, name, reason, applies):
        self.name, self.reason, self.applies = name, reason, applies


def without_place(case, ours, theirs):
    return bool(theirs.errors) and any(e[:2] == (None, 0) for e in theirs.errors) and \
        ours.errors is not None and theirs.codes <= ours.codes and any('$"' in m for m in case["modules"])


def agree_on_a_mistake(case, ours, theirs):
    if ours.errors is None or theirs.errors is None:
        return False
    places = {e[:3] for e in ours.errors} & {e[:3] for e in theirs.errors} or \
        set(map(mistake, ours.errors)) & set(map(mistake, theirs.errors))
    if any(not code.startswith("rego_") for code in ours.codes | theirs.codes):
        return False
    return bool(places) and len(ours.errors) + len(theirs.errors) > 2


def mistake(error):
    """A mistake by what is said of it, where OPA names another line; else by line and code."""
    if error[3].startswith(("declared var ", "undefined ref: ")):
        return error[0], anonymous(error[3])
    return error[:3]


def import_elsewhere(case, ours, theirs):
    if ours.errors is None or theirs.errors is None or not any("\nimport " in m for m in case["modules"]):
        return False
    if any(e[0] is None or e[2] != "rego_type_error" for e in ours.errors + theirs.errors):
        return False
    return sorted(e[0] for e in ours.errors) == sorted(e[0] for e in theirs.errors)


def name_elsewhere(case, ours, theirs):
    if ours.errors is None or theirs.errors is None or ours.codes | theirs.codes != {"rego_type_error"}:
        return False
    return sorted((e[0] or 0, anonymous(e[3])) for e in ours.errors) == \
        sorted((e[0] or 0, anonymous(e[3])) for e in theirs.errors)


def anonymous(message):
    """Without the names of variables that only OPA or only RegoLite has."""
    return re.sub(r"\[(_|__local\d+__|[a-z]\d+)\]", "[_]", message)


def declared_later(case, ours, theirs):
    return ours.errors is not None and all(re.fullmatch(r"var \w+ referenced above", e[3]) for e in ours.errors) and \
        any("every " in m or "not {" in m for m in case["modules"])


def looked_up_in_a_call(case, ours, theirs):
    if ours.errors is None or theirs.errors is not None or ours.codes != {"rego_unsafe_var_error"}:
        return False
    found = [re.fullmatch(r"var (\w+) is unsafe", e[3]) for e in ours.errors]
    names = "|".join(match[1] for match in found if match)
    lines = [case["modules"][e[0]].split("\n")[e[1] - 1] for e in ours.errors if e[0] is not None]
    return bool(names) and any(re.search(rf"\[({names})\]\s*==", line) for line in lines)


def every_elsewhere(case, ours, theirs):
    if ours.errors is None or theirs.errors is None or not any("every " in m for m in case["modules"]):
        return False
    return all(e[3].startswith("declared var ") for e in ours.errors) and \
        sorted((e[0] or 0, e[3]) for e in ours.errors) == sorted((e[0] or 0, e[3]) for e in theirs.errors)


def other_error_first(case, ours, theirs):
    if ours.errors is None or theirs.errors is None or len(ours.errors) != 1 or len(theirs.errors) != 1:
        return False
    a, b = ours.errors[0], theirs.errors[0]
    return a[2] in EVALUATION and b[2] in EVALUATION and a[:3] != b[:3]


def conflict_behind_walk(case, ours, theirs):
    return ours.errors is not None and theirs.errors is None and ours.codes == {"eval_conflict_error"} and \
        any("walk(" in m for m in case["modules"])


def only_repeated(case, ours, theirs):
    if ours.errors is not None or theirs.errors is not None or ours.fault or theirs.fault:
        return False
    rows, wanted = list(map(canonical, ours.rows)), list(map(canonical, theirs.rows))
    return set(rows) == set(wanted) and len(rows) < len(wanted)


def lines_at(case, errors):
    return [case["modules"][e[0]].split("\n")[e[1] - 1] for e in errors if e[0] is not None and e[1] is not None]


def unsafe_in_head_and_body(case, ours, theirs):
    if ours.errors is None or theirs.errors is None or theirs.codes != {"rego_unsafe_var_error"}:
        return False
    own = [e for e in ours.errors if e[2] == "rego_unsafe_var_error"]
    if sorted((e[0] or 0, e[3]) for e in own) != sorted((e[0] or 0, e[3]) for e in theirs.errors):
        return False
    places = {e[:2] for e in theirs.errors}
    # Ours are in heads in which something has to be evaluated.
    return all(line[:1].isalpha() and "|" in line for line in lines_at(case, [e for e in own if e[:2] not in places]))


def unsafe_in_a_template(case, ours, theirs):
    if ours.errors is None or theirs.errors is not None or ours.codes != {"rego_unsafe_var_error"}:
        return False
    return all(re.search(r"""\$["`].*\w\(.*\|""", line) for line in lines_at(case, ours.errors))


def typed_by_an_else(case, ours, theirs):
    if ours.errors is None or ours.codes != {"rego_type_error"} or theirs.errors is not None:
        return False
    mixed = [m for m in case["modules"] if "else := " in m]
    if any(m.count("else := ") > 1 and re.search(r"else := (?!true|false|null)[a-z]\w* if", m) for m in mixed):
        return True
    calls = {name for line in lines_at(case, ours.errors) for name in re.findall(r"[\w.]+(?=\()", line)}
    return any(f":= {name}(" in m for name in calls for m in mixed)


def scalar_beside_a_comprehension(case, ours, theirs):
    if ours.errors is None or theirs.errors is not None or not ours.codes <= EVALUATION:
        return False
    return all("every " in line and re.search(r"""[\w"'`] ==? [\[{][^=]*\|""", line) for line in lines_at(case, ours.errors))


def part_of_a_rule_in_a_template(case, ours, theirs):
    if ours.errors is not None or theirs.errors is not None or ours.fault or theirs.fault:
        return False
    return any("<undefined>" in canonical(row) for row in ours.rows) and \
        not any("<undefined>" in canonical(row) for row in theirs.rows) and \
        any(re.search(r"""\$["`]""", m) for m in case["modules"])


def keys_of_several_kinds(case, ours, theirs):
    if ours.errors is not None or theirs.errors is None or theirs.codes != {"rego_type_error"}:
        return False
    kinds = {}
    for name, key in (found for m in case["modules"] for found in re.findall(r"^(\w+)\[(.)", m, re.M)):
        kinds.setdefault(name, set()).add("variable" if key.isalpha() else "composite" if key in "[{" else "scalar")
    return any(len(own) > 1 for own in kinds.values())


def typed_where_a_function_is_replaced(case, ours, theirs):
    if ours.errors is not None or theirs.errors is None or theirs.codes != {"rego_type_error"}:
        return False
    return all(e[3].startswith("undefined ref: ") for e in theirs.errors) and \
        any(re.search(r"with data\.[\w.]+ as ", m) for m in case["modules"])


# Differences that are no findings: each as narrow as it can be, and why.
EXCUSES = [
    Excuse("no place in a template",
           'OPA names no line for a builtin\'s error inside `$"…{x}…"`; RegoLite names the line', without_place),
    Excuse("follow-up errors",
           "both refuse the program and agree on a mistake, by line and code; which further mistakes are named as well is "
           "left to each: RegoLite goes on to the next stage with the definitions that are sound, OPA stops",
           agree_on_a_mistake),
    Excuse("place of an import's use",
           "OPA names the line where the import was used last; RegoLite names the one with the mistake", import_elsewhere),
    Excuse("place of a rule's use",
           "the same: OPA names a line where the module used the rule's name last", name_elsewhere),
    Excuse("place of a variable of every",
           "OPA names the line where the body begins for one that is not used; RegoLite names the variable's", every_elsewhere),
    Excuse("read before it is declared",
           "in a body of `every` or `not`, OPA takes a variable from outside for one that the body declares further on; "
           "RegoLite refuses that", declared_later),
    Excuse("place of a variable unsafe in head and body",
           "for one that no pattern can bind, in a head that has a comprehension, OPA names the body's line where the "
           "comprehension reads another variable of the body, else the head's; RegoLite names the first in the text",
           unsafe_in_head_and_body),
    Excuse("unsafe in a template's call",
           'OPA doesn\'t look into comprehensions in calls in `$"…{f([x | …])}…"`; RegoLite refuses unsafe variables there',
           unsafe_in_a_template),
    Excuse("a scalar beside a comprehension",
           "in the body of `every`, where types aren't checked, OPA finds a scalar unequal to a comprehension (`1 == [… | …]`) "
           "without running it, and meets none of its errors", scalar_beside_a_comprehension),
    Excuse("a rule of undefined parts in a template",
           "in a template, OPA finds a rule whose value is written with parts (`[input.missing]`) undefined as a whole, "
           "template included; RegoLite writes `<undefined>`, as both do for other undefined rules",
           part_of_a_rule_in_a_template),
    Excuse("keys of several kinds",
           "of an object that rules put together with constants, composites and variables as keys, OPA's type says more than "
           "RegoLite's, and refuses uses of it", keys_of_several_kinds),
    Excuse("types where a function is replaced",
           "of a rule in parts that calls a function which `with` replaces elsewhere, OPA goes on to trust the type; RegoLite "
           "doesn't, as neither does of other rules", typed_where_a_function_is_replaced),
    Excuse("types mixed by an else",
           "of a rule whose branches have three types or more, one of them another rule's or a builtin's, OPA widens that "
           "rule's or builtin's own type in place and then misses mistakes in its use", typed_by_an_else),
    Excuse("a lookup compared with a variable",
           "what `xs[y] == x` looks up counts as bound to OPA in the next equation, although the comparison itself waits for "
           "`x`; RegoLite finds both variables unsafe", looked_up_in_a_call),
    Excuse("which error comes first",
           "the evaluation ends with an error, in either case; when several definitions would end it, each names one of "
           "them: OPA runs what follows a function's first result before it looks for a second",
           other_error_first),
    Excuse("OPA hangs", "no answer within the time, from one process after the other",
           lambda case, ours, theirs: not ours.fault and theirs.fault == "hang"),
    Excuse("OPA crashes", "Go's runtime ends the process: a stack that never ends is no answer",
           lambda case, ours, theirs: not ours.fault and theirs.fault == "crash"),
    Excuse("OPA makes no JSON", "a number that a string was cast to (`to_number(\"007\")`) keeps its spelling, which JSON hasn't",
           lambda case, ours, theirs: bool(theirs.errors) and theirs.errors[0][3].startswith("json: invalid number literal")),
    Excuse("OPA panics", "a Go runtime error is no answer",
           lambda case, ours, theirs: bool(theirs.errors) and
           theirs.errors[0][3].startswith(("runtime error:", "assignment to entry in nil map"))),
    Excuse("OPA runs a call too early", "`eval_internal_error`: a built-in function called with an operand that requires evaluation",
           lambda case, ours, theirs: bool(theirs.errors) and theirs.errors[0][2] == "eval_internal_error"),
    Excuse("conflict behind walk",
           "a rule that needs one result is done with its first one; OPA then also stops `walk` in a rule that it reads, and "
           "never sees that rule's second value; RegoLite does", conflict_behind_walk),
    Excuse("a set's equal members",
           "members of a set that a query goes through and that turn out equal (`{x, x | x}`) are gone through twice by OPA, "
           "once by RegoLite", only_repeated),
]


def excuse(case, ours, theirs):
    """The name of what excuses the difference; absent when nothing does."""
    for one in EXCUSES:
        if one.applies(case, ours, theirs):
            return one.name
    return None


IMPORT = re.compile(r"^import ((?:data|input)\S*?)(?: as (\w+))?$", re.M)


def without_imports(case):
    """The same program with paths instead of the names that its modules give them; absent when there are none."""
    modules = []
    for module in case["modules"]:
        paths = {alias or path.rpartition(".")[2]: path for path, alias in IMPORT.findall(module)}
        module = IMPORT.sub("", module)
        for name, path in paths.items():
            module = re.sub(rf'(?<![\w."`]){name}\b(?!")', path, module)
        modules.append(module)
    return None if modules == case["modules"] else {**case, "modules": modules}


def agree_without_imports(case, ours, theirs, regolite, opa):
    """Whether the two differ only because of where the imports are used: OPA gives every use the place of the last one,
    and among equals its rule index goes by places."""
    other = without_imports(case)
    if other is None:
        return False
    (mine,), (its,) = regolite.ask([other]), opa.ask([other])
    if any(answer.errors is not None and code.startswith("rego_")
           for answer in (mine, its) for code in (answer.codes if answer.errors is not None else ())):
        return False
    return difference(mine, its) is None


def varies(case, ours, opa):
    """Whether OPA, asked again and again, also gives our answer, or one that is excused."""
    for _ in range(PROCESSES):
        # What OPA was asked before may show in its answers, and so may the chances of one process.
        opa.close()
        if any(difference(ours, again) is None or excuse(case, ours, again) for again in opa.ask([case] * AGAIN)):
            return True
    return False

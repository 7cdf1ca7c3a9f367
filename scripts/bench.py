#!/usr/bin/env python3
"""Measures decisions beside the peers, in one run: prints a line a policy, ratios and their geometric mean.

For each policy: that the answers are OPA's, then nanoseconds a decision from JSON in to JSON out of AgentGate, of OPA and
of regorus, in both of its modes. Then what 10 to 10,000 rules cost, what two threads do together, and what a large
policy takes to load. With --write the figures go to docs/performance.md, between its marks.

Needs OPA and regorus in the Python that --peers names (see the shared tools' own text); without, AgentGate alone is
measured. Standard library only.
"""
import argparse
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


def generate(folder):
    """Writes the policies that are too large to keep."""
    rules = os.path.join(folder, "allow_list")
    write_rules(rules, 10_000)
    large = os.path.join(folder, "large_data")
    os.makedirs(os.path.join(large, "inputs"), exist_ok=True)
    write_data(large, 50_000, 2_000)
    with open(os.path.join(large, "data.json"), encoding="utf-8") as file:
        data = json.load(file)
    users, groups = data["users"], data["groups"]
    with open(os.path.join(large, "policy.rego"), "w", encoding="utf-8") as file:
        file.write("""package bench

default decision := {"allow": false}

decision := {"allow": true} if {
	data.users[input.user].active
	some group in data.users[input.user].groups
	input.grant in data.groups[group].grants
}
""")
    for name, user in (("first", "user000123"), ("last", "user049999"), ("nobody", "user999999")):
        grant = groups[users[user]["groups"][-1]]["grants"][3] if user in users else "read:area1"
        write_input(large, name, {"user": user, "grant": grant, "session": "s-1"})
    return [rules, large]


def write_data(folder, user_count, group_count):
    """Users in groups that have grants: `data.json`. Its size in bytes."""
    chance = random.Random(7)
    groups = {f"group{i}": {"grants": sorted({f"{chance.choice(['read', 'write'])}:area{chance.randrange(200)}"
                                              for _ in range(20)})} for i in range(group_count)}
    users = {f"user{i:06}": {"name": f"User number {i}", "mail": f"user{i}@example.com", "active": i % 17 != 0,
                             "groups": [f"group{chance.randrange(group_count)}" for _ in range(6)]}
             for i in range(user_count)}
    path = os.path.join(folder, "data.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"users": users, "groups": groups}, file)
    return os.path.getsize(path)


def write_rules(folder, count):
    os.makedirs(os.path.join(folder, "inputs"), exist_ok=True)
    with open(os.path.join(folder, "policy.rego"), "w", encoding="utf-8") as file:
        file.write("package bench\n\ndefault decision := {\"allow\": false}\n\n"
                   "decision := {\"allow\": true} if allowed\n\n")
        for i in range(count):
            file.write(f'allowed if {{ input.agent == "agent{i}"; input.tool == "tool{i % 97}"; '
                       f'input.resource.kind == "{("file", "table", "queue")[i % 3]}" }}\n')
    for name, i in (("first", 0), ("middle", count // 2), ("last", count - 1)):
        write_input(folder, name, {"agent": f"agent{i}", "tool": f"tool{i % 97}",
                                   "resource": {"kind": ("file", "table", "queue")[i % 3], "id": 12}})
    write_input(folder, "refused", {"agent": "agent1", "tool": "tool5", "resource": {"kind": "file", "id": 12}})


def write_input(folder, name, value):
    with open(os.path.join(folder, "inputs", name + ".json"), "w", encoding="utf-8") as file:
        json.dump(value, file)


def files_of(folder):
    data = [os.path.join(folder, name) for name in ("policy.rego", "data.json") if os.path.exists(os.path.join(folder, name))]
    inputs = os.path.join(folder, "inputs")
    return data, [os.path.join(inputs, name) for name in sorted(os.listdir(inputs))]


def flags(data, inputs):
    return [part for path in data for part in ("-d", path)] + [part for path in inputs for part in ("-i", path)]


def ours(args, data, inputs, *more, rule="data.bench.decision"):
    command = [args.binary, "bench", "--format", "json", "--count", str(args.count), *more, *flags(data, inputs), rule]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def peers(args, data, inputs, rule="data.bench.decision"):
    """Nanoseconds by engine; empty when there are none."""
    found = {}
    if args.peers:
        reply = subprocess.run([args.peers, os.path.join(HERE, "time_regorus.py"), *flags(data, inputs), rule],
                               capture_output=True, text=True)
        if reply.returncode:
            sys.exit(f"regorus failed on {data[0]}:\n{reply.stderr}")
        found = {name: value * 1000 for name, value in json.loads(reply.stdout).items() if value}
    if os.path.exists(args.oracle):
        reply = subprocess.run([args.oracle, "bench", *flags(data, inputs), rule], capture_output=True, text=True)
        if reply.returncode:
            sys.exit(f"OPA failed on {data[0]}:\n{reply.stderr}")
        found["opa"] = json.loads(reply.stdout)["us_per_eval"]["median"] * 1000
    return found


def check(args, data, inputs, rule="data.bench.decision"):
    """Each answer is OPA's."""
    for path in inputs:
        said = []
        for command in ([args.binary, "eval"], [args.oracle, "eval"]):
            reply = subprocess.run(command + flags(data, []) + ["-i", path, rule], capture_output=True, text=True)
            result = json.loads(reply.stdout)
            result = result.get("result") if isinstance(result, dict) else result
            said.append(json.dumps(result and result[0]["expressions"][0]["value"], sort_keys=True))
        if said[0] != said[1]:
            sys.exit(f"{path}: the answers differ\n{said[0]}\n{said[1]}")


def put(name, lines):
    """Writes the lines into docs/performance.md, between the marks of that name."""
    path = os.path.join(ROOT, "docs", "performance.md")
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text = re.sub(f"{begin}.*{end}", lambda _: begin + "\n\n" + "\n".join(lines) + "\n\n" + end, text, flags=re.S)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def default_policy():
    """The policy that comes with the gateway, the inputs to decide for, and what decides."""
    folder = os.path.join(ROOT, "policies")
    inputs = files_of(os.path.join(ROOT, "conformance", "bench", "gateway_default"))[1]
    return [os.path.join(folder, "default.rego"), os.path.join(folder, "data.json")], inputs, "data.agentgate.decision"


def geometric(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/agentgate")
    parser.add_argument("--oracle", default="../shared/tools/opa-oracle")
    parser.add_argument("--peers", default="", help="a Python that has regorus; empty to leave it out")
    parser.add_argument("--count", type=int, default=300_000)
    parser.add_argument("--only", default="", help="policies whose names have this in them")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/performance.md")
    args = parser.parse_args()
    lines = []

    def say(line=""):
        print(line, flush=True)
        lines.append(line)

    with tempfile.TemporaryDirectory() as work:
        kept = os.path.join(ROOT, "conformance", "bench")
        folders = [os.path.join(kept, name) for name in sorted(os.listdir(kept))
                   if os.path.exists(os.path.join(kept, name, "policy.rego"))] + generate(work)
        policies = [("default policy", *default_policy())]
        policies += [(os.path.basename(f), *files_of(f), "data.bench.decision") for f in folders]
        say("| policy | AgentGate, ns | parsed, ns | allocations | regorus, ns | OPA, ns | x regorus | x OPA |")
        say("|---|---:|---:|---:|---:|---:|---:|---:|")
        ratios, default = [], None
        for name, data, inputs, rule in policies:
            if args.only not in name:
                continue
            if os.path.exists(args.oracle):
                check(args, data, inputs, rule)
            own, parsed = ours(args, data, inputs, rule=rule), ours(args, data, inputs, "--parsed", rule=rule)
            own_ns = own["ns_per_decision"]["median"]
            others = peers(args, data, inputs, rule)
            regorus = min([others[k] for k in ("interpreter", "rvm") if k in others], default=None)
            opa = others.get("opa")
            mark = "" if own["is_compiled"] else " (not compiled)"
            say(f"| {name}{mark} | {own_ns:.0f} | {parsed['ns_per_decision']['median']:.0f} | "
                f"{own['allocations_per_decision']:.1f} | {regorus and f'{regorus:.0f}'} | {opa and f'{opa:.0f}'} | "
                f"{regorus and f'{regorus / own_ns:.1f}'} | {opa and f'{opa / own_ns:.0f}'} |")
            if name == "default policy" and "rvm" in others and opa:
                machine = others["rvm"] / own_ns
                default = (f"Default policy: {opa / own_ns:.0f} times OPA, {machine:.1f} times regorus' register machine; "
                           f"read beforehand, {parsed['ns_per_decision']['median']:.0f} ns and "
                           f"{parsed['allocations_per_decision']:.1f} allocations.")
            elif regorus and opa:
                ratios.append((regorus / own_ns, opa / own_ns, name))
        if default:
            say()
            say(default)
        for title, own in (("all", ratios), ("all but allow_list", [r for r in ratios if r[2] != "allow_list"])):
            if own:
                say()
                say(f"Geometric mean over {len(own)} policies ({title}): {geometric([r[0] for r in own]):.1f} times regorus' "
                    f"faster mode, {geometric([r[1] for r in own]):.0f} times OPA; least {min(r[0] for r in own):.1f} and "
                    f"{min(r[1] for r in own):.0f}.")
        if not args.only:
            say()
            say("| rules | ns | to 10 rules | loaded in, ms | resident, MB |")
            say("|---:|---:|---:|---:|---:|")
            first = None
            for count in (10, 100, 1_000, 10_000):
                folder = os.path.join(work, f"rules{count}")
                write_rules(folder, count)
                own = ours(args, *files_of(folder))
                first = first or own["ns_per_decision"]["median"]
                say(f"| {count} | {own['ns_per_decision']['median']:.0f} | {own['ns_per_decision']['median'] / first:.2f} | "
                    f"{own['load_ms']:.1f} | {own['resident_bytes'] / 1e6:.0f} |")
            folder = os.path.join(work, "rules_and_data")
            write_rules(folder, 1_000)
            size = write_data(folder, 5_600, 160)
            own = ours(args, *files_of(folder))
            say()
            say(f"1,000 rules and {size / 1e6:.1f} MB of data: loaded in {own['load_ms']:.1f} ms.")
            name, data, inputs, rule = policies[0]
            one, two = (ours(args, data, inputs, "--threads", str(n), rule=rule)["decisions_per_second"] for n in (1, 2))
            say()
            say(f"Default policy, one thread: {one} decisions a second; two: {two}, {two / one:.2f} times as many.")
    if args.write:
        put("figures", lines)


if __name__ == "__main__":
    main()

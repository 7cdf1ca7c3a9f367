#!/usr/bin/env python3
"""Says where the nanoseconds of a decision by the default policy go: `make profile`.

valgrind counts the instructions that each function runs while decisions are made, JSON in to JSON out; functions are put
together by what they are for, and the median time of a decision, measured without valgrind, is divided by these shares.
With --write the table goes to docs/performance.md, between its marks. Needs valgrind and a binary with symbols.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

from bench import default_policy, flags, put

# By what symbols' names have in them; the first that fits.
STAGES = [
    ("scanning the text: strings, keys, what nobody asks for", ["InputScanner"]),
    ("lookups in the policy's data: tables of sets and lists", ["MachineV8isMember", "MachineV7isOrHas", "MachineV6member",
                                                               "CellHash"]),
    ("running instructions: tests, jumps, rules", ["7MachineV"]),
    ("beginning and ending: the thread's memory, the copy of the text, the answer's bytes",
     ["PolicyEngineV6decide", "PolicyEngineV7outcome", "WorkspaceV", "ThreadStack", "memcpy", "memmove", "memset",
      "append10contentsOf", "isUniquelyReferenced", "EvaluationBudget"]),
    ("the loop that measures", ["BenchV"]),
]


def stage_of(symbol):
    for name, parts in STAGES:
        if any(part in symbol for part in parts):
            return name
    return "other"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/agentgate", help="with symbols")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    args = parser.parse_args()
    data, inputs, rule = default_policy()
    call = ["bench", "--format", "json", *flags(data, inputs)]
    with tempfile.TemporaryDirectory() as work:
        # valgrind can't read all that the compiler says about the source.
        binary = os.path.join(work, "agentgate")
        subprocess.run(["objcopy", "--strip-debug", args.binary, binary], check=True)
        reply = subprocess.run([binary, *call, "--count", "3000000", rule], check=True, capture_output=True, text=True)
        median = json.loads(reply.stdout)["ns_per_decision"]["median"]
        counts = []
        # The longer run less the shorter one leaves what every decision runs, and nothing of the preparations.
        for count in (15_000, 45_000):
            out = os.path.join(work, "out")
            subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--toggle-collect=*pass*",
                            binary, *call, "--count", str(count), rule], check=True, capture_output=True)
            text = subprocess.run(["callgrind_annotate", "--threshold=100", "--auto=no", out], check=True,
                                  capture_output=True, text=True).stdout
            stages = {}
            for line in text.splitlines():
                found = re.match(r"\s*([\d,]+) \([\s\d.]+%\)\s+(\S.*)", line)
                if found and "PROGRAM TOTALS" not in line:
                    name = stage_of(found.group(2))
                    stages[name] = stages.get(name, 0) + int(found.group(1).replace(",", ""))
            counts.append(stages)
    # Seventeen runs: one that fills caches, fifteen that are timed, and one that counts allocations.
    decisions = 17 * (45_000 // 15 // 4 * 4 - 15_000 // 15 // 4 * 4)
    each = {name: (counts[1].get(name, 0) - counts[0].get(name, 0)) / decisions for name in counts[1]}
    total = sum(each.values())
    if total <= 0:
        sys.exit("valgrind has counted nothing: does the binary have symbols?")
    lines = ["| what | instructions | share | ns |", "|---|---:|---:|---:|"]
    for name in [name for name, _ in STAGES] + ["other"]:
        own = each.get(name, 0)
        lines.append(f"| {name} | {own:.0f} | {own / total:.0%} | {median * own / total:.0f} |")
    lines.append(f"| together | {total:.0f} | | {median:.0f} |")
    print("\n".join(lines))
    if args.write:
        put("profile", lines)


if __name__ == "__main__":
    main()

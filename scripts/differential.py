#!/usr/bin/env python3
"""Runs random Rego programs through RegoLite and through OPA, and prints where the answers differ.

Program number i of a seed is always the same, so that a finding repeats: `--seed S --only i`. What differs is cut
down to a small case and printed in the format of the conformance cases, with OPA's answer as the wanted one. Where OPA
gives several answers to one case, and ours is among them, nothing differs. Exit code 1 when something does.

Results are compared row by row, in any order, with numbers as they are printed; errors by code and by line.
Standard library only.
"""
import argparse
import collections
import json
import multiprocessing
import os
import secrets
import sys
import time

from differential import compare
from differential.calls import Builtins
from differential.programs import Generator
from differential.shrink import shrink
from differential.sides import OPA, RegoLite, parse

HERE = os.path.dirname(os.path.abspath(__file__))


def program(args, index):
    return Generator(f"{args.seed}/{index}", Builtins.shared).case()


def run_shard(job):
    """Asks both sides for the programs of a range; gives what came of them by outcome, and what differs."""
    args, start, stop = job
    prepare(args)
    texts = [program(args, index).texts() for index in range(start, stop)]
    regolite, opa = RegoLite(args.binary), OPA(args.oracle)
    outcomes = collections.Counter()
    excused = collections.Counter()
    findings = []
    for index, case, ours, theirs in zip(range(start, stop), texts, regolite.ask(texts), opa.ask(texts)):
        outcomes[compare.outcome(theirs)] += 1
        kind = compare.difference(ours, theirs)
        if kind is None:
            continue
        reason = compare.excuse(case, ours, theirs)
        if reason is None and compare.agree_without_imports(case, ours, theirs, regolite, opa):
            reason = "order by an import's place"
        if reason is None and compare.varies(case, ours, opa):
            reason = "OPA gives several answers, ours among them"
        if reason:
            excused[reason] += 1
        else:
            findings.append((index, kind))
    opa.close()
    return outcomes, excused, findings


def prepare(args):
    if not hasattr(Builtins, "shared"):
        Builtins.shared = Builtins(args.capabilities)


def report(args, index, kind):
    """Shrinks a finding and prints it."""
    prepare(args)
    regolite, opa = RegoLite(args.binary), OPA(args.oracle)
    case = program(args, index)
    if not args.no_shrink:
        case = shrink(case, kind, regolite, opa)
    texts = case.texts()
    (ours,), (theirs,) = regolite.ask([texts]), opa.ask([texts])
    opa.close()
    print(f"\n--- program {index} of seed {args.seed}: {kind} (RegoLite / OPA)")
    for number, module in enumerate(texts["modules"]):
        print(f"# module {number}\n{module.strip()}")
    print(f"# data: {texts['data']}\n# input: {texts['input']}\n# query: {texts['query']}")
    print(f"# RegoLite: {ours.describe()}\n# OPA:      {theirs.describe()}")
    if args.keep:
        os.makedirs(args.keep, exist_ok=True)
        with open(os.path.join(args.keep, f"{args.seed}-{index}.json"), "w", encoding="utf-8") as file:
            file.write(conformance_case(f"differential/{args.seed}/{index}", texts, theirs))
    sys.stdout.flush()


def conformance_case(note, texts, theirs):
    """The case as `agentgate conformance` reads it; data, input and results keep the spelling of their numbers."""
    lines = [f'"note": {json.dumps(note)}', f'"query": {json.dumps(texts["query"])}',
             f'"modules": {json.dumps(texts["modules"], ensure_ascii=False)}']
    if texts["data"] != "{}":
        lines.append(f'"data": {texts["data"]}')
    if texts["input"] is not None:
        lines.append(f'"input": {texts["input"]}')
    if theirs.errors is not None:
        lines.append(f'"want_error_code": {json.dumps(theirs.errors[0][2])}')
        lines.append(f'"want_error": {json.dumps(theirs.errors[0][3], ensure_ascii=False)}')
    else:
        lines.append('"want_result": [' + ", ".join(map(compare.canonical, theirs.rows or [])) + "]")
    lines.append('"strict_error": true')
    return '{"cases": [{\n  ' + ",\n  ".join(lines) + "\n}]}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--count", type=int, default=10_000)
    parser.add_argument("--seed", default=None, help="any text; made up when absent")
    parser.add_argument("--binary", default=".build/release/agentgate")
    parser.add_argument("--oracle", default=os.environ.get("OPA_ORACLE", "../shared/tools/opa-oracle"))
    parser.add_argument("--capabilities", default="../shared/rego/opa-capabilities.json")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--start", type=int, default=0, help="the number of the first program")
    parser.add_argument("--only", type=int, action="append", help="look at this program alone")
    parser.add_argument("--show", type=int, default=3, help="findings to shrink and print of each kind")
    parser.add_argument("--kind", default="", help="print only findings whose kind has this in it")
    parser.add_argument("--keep", help="a folder for the printed findings, as conformance cases")
    parser.add_argument("--no-shrink", action="store_true")
    parser.add_argument("--print", action="store_true", help="print the programs, ask nobody")
    args = parser.parse_args()
    args.seed = args.seed or secrets.token_hex(4)
    for path in (args.oracle, args.capabilities) + (() if args.print else (args.binary,)):
        if not os.path.exists(path):
            sys.exit(f"{path} is not there")
    prepare(args)
    if args.print:
        for index in args.only or range(args.start, args.start + args.count):
            texts = program(args, index).texts()
            print(f"### {index}", *texts["modules"], f"# data: {texts['data']}", f"# input: {texts['input']}",
                  f"# query: {texts['query']}", sep="\n")
        return
    stop = args.start + args.count
    jobs = [(args, i, i + 1) for i in args.only] if args.only else \
        [(args, i, min(i + args.batch, stop)) for i in range(args.start, stop, args.batch)]
    began = time.monotonic()
    outcomes, excused, findings = collections.Counter(), collections.Counter(), []
    with multiprocessing.Pool(args.jobs) as pool:
        for done in pool.imap_unordered(run_shard, jobs):
            outcomes += done[0]
            excused += done[1]
            findings += done[2]
            print(f"\r{sum(outcomes.values())} programs, {len(findings)} differ", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        shown = collections.Counter()
        chosen = []
        for index, kind in sorted(findings):
            shown[kind] += args.kind in kind
            if args.kind in kind and shown[kind] <= args.show:
                chosen.append((args, index, kind))
        pool.starmap(report, chosen, chunksize=1)
    count = sum(outcomes.values())
    print(f"\nseed {args.seed}, {count} programs in {time.monotonic() - began:.0f} s")
    errored = sum(n for name, n in outcomes.items() if "_" in name)
    compile_errors = sum(n for name, n in outcomes.items() if "rego_" in name)
    print(f"compiled {100 * (count - compile_errors) / count:.1f} %, defined {100 * outcomes['defined'] / count:.1f} %, "
          f"undefined {100 * outcomes['undefined'] / count:.1f} %, in error {100 * errored / count:.1f} %")
    for name, n in outcomes.most_common():
        print(f"  {name}: {n}")
    for name, n in excused.most_common():
        print(f"excused: {name}: {n}")
    for name, n in collections.Counter(kind for _, kind in findings).most_common():
        print(f"DIFFER: {name}: {n}")
    print(f"{len(findings)} differences")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()

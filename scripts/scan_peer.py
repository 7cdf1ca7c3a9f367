#!/usr/bin/env python3
"""Compares `agentgate tools scan` with the offline YARA rules of cisco-ai-mcp-scanner on tool definitions.

  scan_peer.py --binary agentgate --peer-python PYTHON FOLDER

FOLDER holds `poisoned/*.json` and `benign/*.json`, a tool's definition each. PYTHON is one that has the peer's package
(`pip install cisco-ai-mcp-scanner`). Prints a table and how much of what the peer flags ours flags, too. Exit code 1
when the peer flags a poisoned definition that ours misses, when ours misses any poisoned one, or when more than two
benign ones get a finding of severity high or above, or one gets a critical one.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import time

PEER = """
import asyncio, json, logging, sys, tempfile, time
logging.disable(logging.CRITICAL)
from mcpscanner.core.analyzers.static_analyzer import StaticAnalyzer
from mcpscanner.core.analyzers.yara_analyzer import YaraAnalyzer
scanner = StaticAnalyzer(analyzers=[YaraAnalyzer()])
async def main():
    for line in sys.stdin:
        path = line.rstrip("\\n")
        with open(path, encoding="utf-8") as file:
            definition = json.load(file)
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"tools": [definition]}, file)
            file.flush()
            start = time.perf_counter()
            results = await scanner.scan_tools_file(file.name)
            seconds = time.perf_counter() - start
        rules = sorted({finding.details["raw_response"]["rule"] for finding in results[0]["findings"]})
        print(json.dumps({"file": path, "rules": rules, "seconds": seconds}), flush=True)
asyncio.run(main())
"""


def ours(binary, paths):
    command = [binary, "tools", "scan", *map(str, paths)]
    start = time.perf_counter()
    result = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if result.returncode not in (0, 1):
        sys.exit(f"{binary}: exit code {result.returncode}: {result.stderr.strip()}")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return {line["file"]: line["findings"] for line in lines}, seconds


def peers(python, paths):
    result = subprocess.run([python, "-c", PEER], input="".join(f"{path}\n" for path in paths), capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{python}: {result.stderr.strip()}")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return {line["file"]: line["rules"] for line in lines}, sum(line["seconds"] for line in lines)


SEVERITIES = ["low", "medium", "high", "critical"]


def worst(findings):
    return max((finding["severity"] for finding in findings), key=SEVERITIES.index, default="-")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/agentgate")
    parser.add_argument("--peer-python", required=True)
    parser.add_argument("--all", action="store_true", help="list every definition, not only the notable ones")
    parser.add_argument("folder", type=pathlib.Path)
    args = parser.parse_args()

    problems = []
    for kind in ("poisoned", "benign"):
        paths = sorted((args.folder / kind).glob("*.json"))
        if not paths:
            sys.exit(f"{args.folder / kind}: no definitions")
        own, own_seconds = ours(args.binary, paths)
        peer, peer_seconds = peers(args.peer_python, paths)
        print(f"\n{kind}: {len(paths)} definitions, ours in {own_seconds * 1e3:.0f} ms with its start, "
              f"the peer's rules in {peer_seconds * 1e3:.0f} ms")
        print(f"{'definition':<42} {'ours':<9} {'rules':<46} peer")
        for path in paths:
            findings, rules = own[str(path)], peer[str(path)]
            is_missed = kind == "poisoned" and not findings
            is_excess = kind == "benign" and (worst(findings) in ("high", "critical") or rules)
            if args.all or is_missed or is_excess:
                names = ",".join(sorted({finding["rule"] for finding in findings})) or "-"
                print(f"{path.stem:<42} {worst(findings):<9} {names[:46]:<46} {','.join(rules) or '-'}")
        flagged = {path for path, findings in own.items() if findings}
        severe = {path for path, findings in own.items() if worst(findings) in ("high", "critical")}
        critical = {path for path, findings in own.items() if worst(findings) == "critical"}
        by_peer = {path for path, rules in peer.items() if rules}
        print(f"ours flags {len(flagged)} ({len(severe)} high or above, {len(critical)} critical), "
              f"the peer {len(by_peer)}, both {len(flagged & by_peer)}")
        if kind == "poisoned":
            ratio = len(flagged & by_peer) / len(by_peer) if by_peer else 1
            print(f"of what the peer flags ours flags {ratio:.1%}")
            problems += [f"{path}: the peer flags it, ours doesn't" for path in sorted(by_peer - flagged)]
            problems += [f"{path}: missed" for path in sorted(set(own) - flagged - by_peer)]
        else:
            if len(severe) > 2:
                problems.append(f"{len(severe)} benign definitions have findings of severity high or above")
            problems += [f"{path}: benign, and critical" for path in sorted(critical)]
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()

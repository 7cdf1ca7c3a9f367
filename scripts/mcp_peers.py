#!/usr/bin/env python3
"""Has others' checkers judge the gateway's `/mcp`: jbt-mcpcheck, on conformance to 2026-07-28, and mcp-fuzzer.

Without --url it starts the gateway with mcp-server-time. jbt-mcpcheck must pass all its checks without a warning.
mcp-fuzzer counts every answer without an error as a finding, to correct requests too; so it also runs on
mcp-server-time itself, and what it finds there of the same kind at the same kind of message is left out.

Prints what each found and exits with 1 when there is anything. --direct judges mcp-server-time in the gateway's place.
Standard library only; the checkers are in --venvs.
"""
from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter

from mcp_gateway import Gateway, HTTPFixture, fixture
from mcp_wire import JSON, MODERN, table

Finding = tuple[str, str, str]
# What a tool's call may come to.
HANDLED = {"server_rejected", "safety_blocked"}


def program(args: argparse.Namespace, venv: str, name: str) -> str:
    return os.path.join(os.path.abspath(args.venvs), venv, "bin", name)


def reference(args: argparse.Namespace) -> HTTPFixture:
    return HTTPFixture([program(args, "modern", "python"), fixture("sdk_server.py"), "time", "http"])


def started(args: argparse.Namespace) -> Gateway:
    python = program(args, "modern", "python")
    server = {"command": python, "args": [fixture("sdk_server.py"), "time"], "env": {"TZ": "UTC"}}
    gateway = Gateway(args.binary, {"time": server}, ["convert_time", "get_current_time"])
    gateway.start()
    return gateway


def check(args: argparse.Namespace, url: str) -> list[str]:
    """What jbt-mcpcheck finds wrong. It calls every tool, with arguments that don't fit."""
    reply = subprocess.run(
        [program(args, "check", "jbt-mcpcheck"), "--json", "--strict", "--legacy-probes", "--probe", "all", url],
        capture_output=True, text=True, timeout=300)
    try:
        report: JSON = json.loads(reply.stdout)
    except ValueError:
        return [f"jbt-mcpcheck exited with {reply.returncode}: {reply.stderr[-2000:]}"]
    print(table([[each["name"], each["status"], each["summary"]] for each in report["checks"]],
                ["jbt-mcpcheck", "status", "says"]))
    problems = [f"jbt-mcpcheck, {each['name']}: {found['code']}: {found['message']}"
                for each in report["checks"] for found in each["failures"] + each["warnings"]]
    if reply.returncode and not problems:
        problems.append(f"jbt-mcpcheck exited with {reply.returncode}: {reply.stderr[-2000:]}")
    return problems


def fuzz(args: argparse.Namespace, url: str, version: str, phase: str) -> tuple[Counter[Finding], JSON]:
    """What mcp-fuzzer finds, by kind, and its summary."""
    folder = tempfile.mkdtemp(prefix="agentgate-fuzz-")
    try:
        reply = subprocess.run(
            [program(args, "fuzzer", "mcp-fuzzer"), "--mode", "all", "--protocol", "streamablehttp", "--endpoint", url,
             "--phase", "both", "--protocol-phase", phase, "--runs", str(args.runs), "--runs-per-type", str(args.runs),
             "--timeout", "10", "--no-network", "--no-corpus", "--seed", str(args.seed), "--fail-if-no-tools",
             "--spec-schema-version", version, "--security-audit", "--output-dir", "report", "--fs-root", "root"],
            cwd=folder, capture_output=True, text=True, timeout=1800)
        try:
            with open(os.path.join(folder, "report", "run_summary.json"), encoding="utf-8") as file:
                summary: JSON = json.load(file)
        except (OSError, ValueError):
            said = (reply.stdout + reply.stderr)[-4000:]
            sys.exit(f"mcp-fuzzer exited with {reply.returncode} and no report:\n{said}")
        return Counter(read_findings(os.path.join(folder, "report", "findings.json"))), summary
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def read_findings(path: str) -> list[Finding]:
    try:
        with open(path, encoding="utf-8") as file:
            found: list[JSON] = json.load(file)["findings"]
    except FileNotFoundError:
        return []
    # A tool's name differs from server to server; only that it is a tool counts.
    return [(str(each.get("category")), str(each.get("kind")),
             "" if each.get("kind") == "tool" else str(each.get("target"))) for each in found]


def unhandled(summary: JSON) -> list[str]:
    """Tools' calls that came to something else than an answer, and a run that wasn't whole."""
    problems = [] if summary.get("status") == "completed" else [f"the run is {summary.get('status')}"]
    for name, tool in (summary.get("tools") or {}).get("by_name", {}).items():
        problems += [f"tool {name}: {count} times {outcome}" for outcome, count in tool["outcomes"].items()
                     if count and outcome not in HANDLED | {"accepted_malformed"}]
    return problems


def compare_fuzz(args: argparse.Namespace, url: str, reference_url: str) -> list[str]:
    runs = [(version, phase) for version in args.versions for phase in ("realistic", "aggressive")]
    # The same seed doesn't make the same messages: what one run at the reference has not found, another has.
    usual = sum((fuzz(args, reference_url, *each)[0] for each in runs), Counter[Finding]())
    found: Counter[Finding] = Counter()
    problems: list[str] = []
    for version, phase in runs:
        more, summary = fuzz(args, url, version, phase)
        found += more
        problems += [f"mcp-fuzzer, {version}, {phase}: {each}" for each in unhandled(summary)]
    print(table([[*each, found[each], usual[each]] for each in sorted({*usual, *found})],
                ["mcp-fuzzer finds", "kind", "at", "here", "at the reference"]))
    return problems + [f"mcp-fuzzer: {' '.join(each)}: {count}, and none at the reference"
                       for each, count in found.items() if not usual[each]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/agentgate")
    parser.add_argument("--venvs", default=".build/mcp-venvs", help="the folder that scripts/mcp_venvs makes")
    parser.add_argument("--url", help="an endpoint that is running already")
    parser.add_argument("--checkers", nargs="+", choices=["check", "fuzz"], default=["check", "fuzz"])
    parser.add_argument("--runs", type=int, default=10, help="of the fuzzer, for each tool and kind of message")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--versions", nargs="+", default=["2025-11-25", MODERN], help="whose messages the fuzzer makes")
    parser.add_argument("--direct", action="store_true", help="the SDK's server in place of the gateway")
    args = parser.parse_args()
    usual = reference(args)
    gateway = None if args.url or args.direct else started(args)
    problems: list[str] = []
    try:
        url = args.url or (gateway.url if gateway else usual.url)
        if "check" in args.checkers:
            problems += check(args, url)
        if "fuzz" in args.checkers:
            problems += compare_fuzz(args, url, usual.url)
        if gateway is not None and not gateway.is_running:
            problems.append(f"the gateway has ended\n{gateway.said()}")
    finally:
        usual.close()
        if gateway is not None:
            gateway.close()
    for problem in problems:
        print(f"PROBLEM {problem}")
    print(f"{len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()

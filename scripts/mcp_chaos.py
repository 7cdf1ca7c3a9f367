#!/usr/bin/env python3
"""Runs the gateway with upstream servers that misbehave, all at once, and one that doesn't, under load.

Each kind of misbehaviour has a server of its own: it crashes, hangs, floods, sends invalid JSON, a line of 100 MB,
answers out of order, to wrong ids, twice, in halves, too late. What has to hold:
  - every call gets an answer, of the kind that the row says, with its own id and its own content;
  - each such server, where it can, serves an ordinary call again afterwards;
  - the good server's calls all succeed meanwhile, none slower than --worst, and the gateway neither dies nor swells.

Prints a table and exits with 1 when something doesn't hold. --direct shows what a plain client gets of the servers.
Standard library only.
"""
from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import Any

from mcp_gateway import Gateway, HTTPFixture, fixture, read_log
from mcp_wire import JSON, HTTPClient, NoAnswer, StdioClient, quantile, table


@dataclass
class Case:
    """What a server does, with which arguments, and what its caller is owed: a `result`, an `error`, or `any`."""

    tool: str
    owed: str
    arguments: JSON
    mode: str = "modern"
    is_http: bool = False
    count: int = 4
    recovers: bool = True

    @property
    def name(self) -> str:
        return f"{'http' if self.is_http else 'stdio'}_{self.mode}_{self.tool}".replace("-", "_")

    @property
    def prefix(self) -> str:
        return self.name + "_"

    @property
    def environment(self) -> dict[str, str]:
        return {"MODE": self.mode, "PREFIX": self.prefix, "NAME": self.name}


CASES = [
    Case("crash", "error", {}),
    Case("crash", "error", {"delay": 0.2}, mode="legacy"),
    Case("hang", "error", {}),
    Case("late", "error", {"seconds": 100}, mode="legacy"),
    Case("flood", "result", {"count": 20000}),
    Case("flood", "result", {"count": 20000}, mode="legacy"),
    Case("invalid_json", "error", {}),
    Case("duplicate_key", "error", {}),
    Case("huge_line", "error", {"bytes": 100e6}, count=2),
    Case("out_of_order", "result", {"of": 3}, count=3),
    Case("wrong_id", "error", {}),
    Case("double_answer", "result", {}),
    Case("blocking", "result", {"seconds": 1}),
    Case("partial_line", "result", {"seconds": 3}, count=1),
    Case("partial_line", "error", {"seconds": 600}, mode="legacy", count=1, recovers=False),
    Case("spawn", "result", {"seconds": 2}),
    Case("big_result", "result", {"bytes": 4e6}),
    Case("progress", "result", {"steps": 2000}),
    Case("crash", "error", {}, is_http=True, count=1, recovers=False),
    Case("hang", "error", {}, is_http=True),
    Case("flood", "result", {"count": 5000}, is_http=True),
    Case("invalid_json", "error", {}, is_http=True),
    Case("duplicate_key", "error", {}, is_http=True),
    Case("huge_line", "error", {"bytes": 100e6}, is_http=True, count=2),
    Case("wrong_id", "error", {}, is_http=True),
    Case("double_answer", "result", {}, is_http=True),
    Case("slow_body", "result", {"seconds": 3}, is_http=True),
    Case("cut_stream", "error", {}, is_http=True),
    Case("junk_sse", "result", {}, is_http=True),
    Case("status", "error", {"status": 503}, is_http=True),
    Case("accepted", "error", {}, is_http=True),
    Case("wrong_type", "error", {}, is_http=True),
    Case("status", "error", {"status": 401}, is_http=True, mode="legacy"),
    Case("cut_stream", "error", {}, is_http=True, mode="legacy"),
]


@dataclass
class Answered:
    """`kind` is `result`, `error` or, when there was none, `nothing`."""

    kind: str
    text: str
    seconds: float
    tag: Any = None


def judged(response: JSON) -> tuple[str, str, Any]:
    if "error" in response:
        return "error", str(response["error"].get("message")), None
    result = response["result"]
    text = " ".join(each.get("text", "")[:200] for each in result.get("content", []))
    return ("error" if result.get("isError") else "result"), text, (result.get("structuredContent") or {}).get("tag")


class Door:
    """Where calls go in. `--direct` has another."""

    def __init__(self, gateway: Gateway, deadline: float) -> None:
        self.gateway, self.deadline = gateway, deadline

    def call(self, session: str, tool: str, arguments: JSON) -> Answered:
        client = HTTPClient(self.gateway.url, {"X-AgentGate-Session": session}, timeout=self.deadline)
        started = time.monotonic()
        try:
            kind, text, tag = judged(client.call(tool, arguments))
        except (NoAnswer, ValueError) as error:
            kind, text, tag = "nothing", str(error), None
        finally:
            client.close()
        return Answered(kind, text, time.monotonic() - started, tag)


class Load:
    """Calls of the good server, without a pause, until it is stopped."""

    def __init__(self, door: Door, threads: int) -> None:
        self.door = door
        self.stop = threading.Event()
        self.times: list[float] = []
        self.failures: list[str] = []
        self.threads = [threading.Thread(target=self.run, args=(f"good-{n}",)) for n in range(threads)]
        for each in self.threads:
            each.start()

    def run(self, session: str) -> None:
        for n in itertools.count():
            if self.stop.is_set():
                return
            tag = f"{session}-{n}"
            answer = self.door.call(session, "good_echo", {"tag": tag})
            self.times.append(answer.seconds * 1000)
            if answer.kind != "result" or answer.tag != tag:
                self.failures.append(f"{answer.kind} after {answer.seconds:.2f} s: {answer.text}")
                time.sleep(0.1)

    def end(self) -> None:
        self.stop.set()
        for each in self.threads:
            each.join()


class Trial:
    """One case's calls, and the ordinary one afterwards."""

    def __init__(self, door: Door, case: Case) -> None:
        self.door, self.case = door, case
        self.answers: list[Answered] = []
        self.problems: list[str] = []
        self.recovered = 0.0
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        calls = [threading.Thread(target=self.call, args=(n,)) for n in range(self.case.count)]
        for each in calls:
            each.start()
        for each in calls:
            each.join()
        if self.case.recovers:
            self.recover()

    def call(self, n: int) -> None:
        tag = f"{self.case.name}-{n}"
        answer = self.door.call(self.case.name, self.case.prefix + self.case.tool, {**self.case.arguments, "tag": tag})
        self.answers.append(answer)
        if answer.kind == "nothing" or self.case.owed not in ("any", answer.kind):
            self.problems.append(f"owed {self.case.owed}, got {answer.kind}: {answer.text[:200]}")
        elif answer.tag not in (tag, None):
            self.problems.append(f"{tag} got the answer of {answer.tag}")

    def recover(self) -> None:
        """A server that crashed is started again, after a pause."""
        started = time.monotonic()
        answer = Answered("nothing", "", 0)
        while time.monotonic() < started + 45:
            answer = self.door.call(self.case.name, self.case.prefix + "echo", {"tag": "again"})
            if answer.kind == "result" and answer.tag == "again":
                self.recovered = time.monotonic() - started
                return
            time.sleep(0.2)
        self.problems.append(f"no ordinary call succeeds afterwards: {answer.text[:200]}")

    @property
    def row(self) -> list[Any]:
        case, kinds = self.case, [each.kind for each in self.answers]
        seen = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
        return ["http" if case.is_http else "stdio", case.mode, case.tool, case.owed, case.count, seen,
                round(max((each.seconds for each in self.answers), default=0), 2),
                f"{self.recovered:.2f}" if case.recovers else "-", "; ".join(dict.fromkeys(self.problems)) or "ok"]


HEAD = ["over", "era", "tool", "owed", "calls", "got", "slowest, s", "serves again after, s", "verdict"]


def command(case: Case) -> list[str]:
    return [sys.executable, fixture("http_server.py" if case.is_http else "hostile_server.py"), "echo", case.tool]


def peak_memory(pid: int) -> float:
    """MB, resident."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM:"))


def through(args: argparse.Namespace, cases: list[Case], folder: str) -> bool:
    log = {"LOG": os.path.join(folder, "log.jsonl")}
    fixtures = {case.name: HTTPFixture(command(case), {**case.environment, **log}) for case in cases if case.is_http}
    servers: JSON = {"good": {"command": sys.executable, "args": [fixture("hostile_server.py"), "echo"],
                              "env": {"PREFIX": "good_", "NAME": "good", **log}}}
    for case in cases:
        full = command(case)
        servers[case.name] = {"url": fixtures[case.name].url} if case.is_http else {
            "command": full[0], "args": full[1:], "env": {**case.environment, **log}}
    tools = ["good_echo"] + [case.prefix + tool for case in cases for tool in ("echo", case.tool)]
    gateway = Gateway(args.binary, servers, tools)
    try:
        gateway.start()
        assert gateway.process is not None
        door = Door(gateway, args.deadline)
        calm = Load(door, args.threads)
        time.sleep(args.calm)
        calm.end()
        load = Load(door, args.threads)
        trials = [Trial(door, case) for case in cases]
        for each in trials:
            each.thread.join()
        load.end()
        memory = peak_memory(gateway.process.pid) if gateway.is_running else 0
        print(table([each.row for each in trials], HEAD))
        problems = [f"{each.case.name}: {problem}" for each in trials for problem in each.problems]
        problems += said_of_good(calm, load, args.worst)
        problems += violations(log["LOG"])
        print(f"gateway: peak of resident memory {memory:.0f} MB")
        if not gateway.is_running:
            problems.append(f"the gateway has ended\n{gateway.said()}")
        if memory > args.memory:
            problems.append(f"the gateway took {memory:.0f} MB, more than {args.memory}")
    finally:
        gateway.close()
        for server in fixtures.values():
            server.close()
    for problem in problems:
        print(f"PROBLEM {problem}")
    count = sum(len(each.answers) for each in trials)
    print(f"{count} calls of {len(cases)} misbehaving servers, {len(problems)} problems")
    return not problems


def said_of_good(calm: Load, load: Load, worst: float) -> list[str]:
    for name, each in (("before", calm), ("meanwhile", load)):
        print(f"good server, {name}: {len(each.times)} calls, {len(each.failures)} failed, median "
              f"{quantile(each.times, 0.5):.1f} ms, p99 {quantile(each.times, 0.99):.1f} ms, worst "
              f"{max(each.times, default=0):.1f} ms")
    problems = [f"good server: {each}" for each in dict.fromkeys(calm.failures + load.failures)]
    if max(load.times, default=0) > worst:
        problems.append(f"good server: a call took {max(load.times):.0f} ms, more than {worst:.0f}")
    if not load.times:
        problems.append("good server: no calls")
    return problems


def violations(log: str) -> list[str]:
    """What the servers say that the gateway did and no client may."""
    found = [each for each in read_log(log) if each["event"] == "violation"]
    return [f"upstream {each['server']}: {json.dumps({k: v for k, v in each.items() if k not in ('at_ns', 'pid')})}"
            for each in found]


class DirectDoor(Door):
    """A plain client for each server, and three seconds for each answer."""

    def __init__(self, case: Case, folder: str) -> None:
        self.case = case
        self.env = {**case.environment, "LOG": os.path.join(folder, "log.jsonl")}
        self.server = HTTPFixture(command(case), self.env) if case.is_http else None
        self.client = None if case.is_http else self.connect()

    def connect(self) -> StdioClient:
        client = StdioClient(command(self.case), self.env, timeout=3)
        if self.case.mode == "legacy":
            client.handshake()
        return client

    def call(self, session: str, tool: str, arguments: JSON) -> Answered:
        started = time.monotonic()
        modern = self.case.mode != "legacy"
        try:
            if self.server is not None:
                http = HTTPClient(self.server.url, timeout=3)
                if not modern:
                    http.handshake()
                response = http.call(tool, arguments, modern)
            else:
                if self.client is None or self.client.process.poll() is not None:
                    self.client = self.connect()
                response = self.client.call(tool, arguments, modern)
            kind, text, tag = judged(response)
        except (NoAnswer, ValueError, KeyError) as error:
            kind, text, tag = "nothing", repr(error), None
        return Answered(kind, text, time.monotonic() - started, tag)

    def close(self) -> None:
        if self.server is not None:
            self.server.close()
        if self.client is not None:
            self.client.process.kill()
            self.client.close()


def direct(cases: list[Case], folder: str) -> bool:
    rows = []
    for case in cases:
        door = DirectDoor(case, folder)
        case.recovers = False
        trial = Trial(door, case)
        trial.thread.join()
        rows.append(trial.row[:-2])
        door.close()
    print(table(rows, HEAD[:-2]))
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/agentgate")
    parser.add_argument("--deadline", type=float, default=90, help="seconds for an answer: more than the gateway's")
    parser.add_argument("--threads", type=int, default=4, help="of load on the good server")
    parser.add_argument("--calm", type=float, default=3, help="seconds of load beforehand")
    parser.add_argument("--worst", type=float, default=2000, help="milliseconds for a call of the good server")
    parser.add_argument("--memory", type=float, default=500, help="MB that the gateway may take")
    parser.add_argument("--only", default="", help="cases whose names have this in them")
    parser.add_argument("--direct", action="store_true", help="without the gateway")
    args = parser.parse_args()
    cases = [case for case in CASES if args.only in case.name]
    folder = tempfile.mkdtemp(prefix="agentgate-chaos-")
    try:
        is_well = direct(cases, folder) if args.direct else through(args, cases, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()

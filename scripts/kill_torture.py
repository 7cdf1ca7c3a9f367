#!/usr/bin/env python3
"""Kills sessions at random moments under load, over and over, and reads in the upstreams' own log what ran.

Sixteen sessions call tools of four upstreams (stdio and HTTP, both eras) through `/mcp` and `/tools/call`. Each kill is
lifted after a while. What has to hold of each kill, from when it has been answered until it is lifted:
  - no call of the session that was sent after that answer ran, at any upstream;
  - the receipt has a verdict on every call that was cut off;
  - calls in flight that can be cancelled are gone 100 ms after the answer, and their callers have theirs;
  - no result that came late was delivered, then or later, to anybody;
  - sessions that weren't killed noticed nothing.

Prints the counts and the times to silence, and exits with 1 when anything doesn't hold. Standard library only.
"""
from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from mcp_gateway import Gateway, HTTPFixture, fixture, read_log
from mcp_wire import JSON, HTTPClient, NoAnswer, quantile

VERDICTS = {"never_sent", "cancelled", "completed_before", "outcome_unknown"}
COOPERATIVE = ("echo", "sleep", "sleep_answering_cancel")
UPSTREAMS = {"sm": ("stdio", "modern"), "sl": ("stdio", "legacy"), "hm": ("http", "modern"), "hl": ("http", "legacy")}
MS = 1_000_000


@dataclass
class Sent:
    """A call as its caller saw it. Times are CLOCK_MONOTONIC in nanoseconds, as in the upstreams' log."""

    tag: str
    session: str
    tool: str
    door: str
    sent: int
    answered: int | None = None
    succeeded: bool = False
    text: str = ""


@dataclass
class Killed:
    """A kill from when it was sent to when it was lifted."""

    session: str
    sent: int
    answered: int
    receipt: JSON
    lifting: int = 0
    lifted: int = 0
    state: str = ""


@dataclass
class Ran:
    """A call as its upstream saw it; 0 for what it hasn't seen."""

    started: int
    answered: int = 0
    stopped: int = 0

    @property
    def ended(self) -> int:
        return self.stopped or self.answered


class Worker(threading.Thread):
    """Calls as one session, one call after the other."""

    def __init__(self, gateway: Gateway, session: str, name: str, seed: float, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.gateway, self.session, self.prefix, self.stop = gateway, session, name, stop
        self.random = random.Random(seed)
        self.calls: list[Sent] = []

    def run(self) -> None:
        mcp = HTTPClient(self.gateway.url, {"X-AgentGate-Session": self.session}, timeout=60)
        rest = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=60)
        while not self.stop.is_set():
            call, arguments = self.choose()
            self.calls.append(call)
            try:
                if call.door == "mcp":
                    response = mcp.call(call.tool, arguments)
                    call.succeeded = "result" in response and not response["result"].get("isError")
                else:
                    _, response = self.gateway.request("POST", "/tools/call", {
                        "session_id": self.session, "tool_name": call.tool, "arguments": arguments}, connection=rest)
                    call.succeeded = bool(response.get("success"))
                call.answered = time.monotonic_ns()
                call.text = json.dumps(response)
            except (NoAnswer, OSError, http.client.HTTPException, ValueError) as error:
                call.text = f"no answer: {error}"
                rest.close()
            if not call.succeeded:
                time.sleep(self.random.uniform(0.005, 0.02))

    def choose(self) -> tuple[Sent, JSON]:
        tool = self.random.choices([*COOPERATIVE, "stubborn"], [4, 4, 1, 1])[0]
        tag = f"{self.prefix}-{len(self.calls)}"
        seconds = self.random.uniform(0.2, 1.0) if tool == "stubborn" else self.random.uniform(0.05, 2.0)
        name = f"{self.random.choice(list(UPSTREAMS))}_{tool}"
        door = self.random.choice(["mcp", "rest"])
        return Sent(tag, self.session, name, door, time.monotonic_ns()), {"tag": tag, "seconds": round(seconds, 3)}


class Killer:
    def __init__(self, gateway: Gateway, sessions: list[str], seed: float) -> None:
        self.gateway, self.sessions = gateway, sessions
        self.random = random.Random(seed)
        self.kills: list[Killed] = []
        self.problems: list[str] = []

    def kill(self) -> None:
        time.sleep(self.random.uniform(0.02, 0.3))
        session = self.random.choice(self.sessions)
        sent = time.monotonic_ns()
        status, reply = self.gateway.request("POST", f"/sessions/{session}/kill", {"reason": "torture"})
        kill = Killed(session, sent, time.monotonic_ns(), reply.get("receipt") or {})
        if status != 200 or reply.get("status") != "killed" or "containment_id" not in reply:
            return self.problems.append(f"kill of {session}: HTTP {status} {json.dumps(reply)[:300]}")
        self.kills.append(kill)
        time.sleep(self.random.uniform(0.15, 0.5))
        self.settle(kill, reply["containment_id"])
        kill.lifting = time.monotonic_ns()
        self.gateway.request("DELETE", f"/sessions/{session}/kill")
        kill.lifted = time.monotonic_ns()

    def settle(self, kill: Killed, id: str) -> None:
        """Waits for the receipt's final state."""
        deadline = time.monotonic() + 15
        while True:
            status, receipt = self.gateway.request("GET", f"/containments/{id}")
            if status == 200:
                kill.receipt, kill.state = receipt, receipt.get("state", "")
                if kill.state == "settled":
                    return
            if time.monotonic() > deadline:
                return self.problems.append(f"kill of {kill.session}: the receipt is {kill.state or status} after 15 s")
            time.sleep(0.02)


@dataclass
class Verdict:
    """What the calls, the kills and the log say together."""

    grace: int
    problems: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    silence: list[float] = field(default_factory=list)
    after_answer: list[float] = field(default_factory=list)
    told: list[float] = field(default_factory=list)

    def judge(self, kill: Killed, calls: list[Sent], ran: dict[str, Ran]) -> None:
        entries = kill.receipt.get("calls") or []
        self.judge_entries(kill, entries)
        unmatched = list(entries)
        last = 0
        for call in calls:
            run = ran.get(call.tag)
            if run is None or run.started >= kill.lifting or call.sent >= kill.lifting:
                continue
            if call.sent >= kill.answered:
                self.problem(kill, call, "was sent after the answer and ran")
            elif call.answered is None or call.answered > kill.sent:
                # Sent before the answer, unanswered when the kill was sent.
                self.judge_affected(kill, call, run, unmatched)
                if is_cooperative(call) and not (run.ended and run.ended < kill.sent):
                    last = max(last, run.ended)
                    self.judge_silence(kill, call, run)
        if last:
            self.silence.append((last - kill.sent) / MS)

    def judge_entries(self, kill: Killed, entries: list[JSON]) -> None:
        for entry in entries:
            self.counts[f"verdict {entry.get('verdict')}"] += 1
            if entry.get("verdict") not in VERDICTS:
                self.problems.append(f"kill of {kill.session}: the verdict {entry.get('verdict')}")
            if entry.get("session_id") != kill.session:
                self.problems.append(f"kill of {kill.session}: a verdict on {entry.get('session_id')}")

    def judge_affected(self, kill: Killed, call: Sent, run: Ran, unmatched: list[JSON]) -> None:
        entry = take(unmatched, call)
        if call.succeeded:
            if run.answered > kill.answered:
                self.problem(kill, call, "its result came after the answer and was delivered")
            if entry is not None and entry["verdict"] in ("cancelled", "never_sent"):
                self.problem(kill, call, f"it succeeded, and the verdict is {entry['verdict']}")
            return
        self.counts["cut off"] += 1
        if entry is None:
            self.problem(kill, call, f"there is no verdict; its caller got {call.text[:200]}")
        elif entry["verdict"] == "never_sent":
            self.problem(kill, call, "the verdict is never_sent, and it ran")
        elif entry["verdict"] == "completed_before" and not run.answered:
            self.problem(kill, call, "the verdict is completed_before, and the upstream never answered")
        if call.answered is None:
            self.problem(kill, call, f"its caller got {call.text}")
        else:
            self.told.append((call.answered - kill.answered) / MS)
            if call.answered - kill.answered > 10 * self.grace:
                self.problem(kill, call, f"its caller was told {self.told[-1]:.0f} ms after the answer")

    def judge_silence(self, kill: Killed, call: Sent, run: Ran) -> None:
        since = max(kill.answered, run.started)
        if run.started > kill.answered:
            # It was in the pipe when the kill was answered: read late, and cancelled next.
            self.counts["read late"] += 1
        if not run.ended:
            return self.problem(kill, call, "it never ended at its upstream")
        self.after_answer.append((run.ended - since) / MS)
        if run.ended - since > self.grace:
            self.problem(kill, call, f"it ended {self.after_answer[-1]:.0f} ms after the answer")

    def problem(self, kill: Killed, call: Sent, text: str) -> None:
        self.problems.append(f"kill of {kill.session}, call {call.tag} of {call.tool} by {call.door}: {text}")

    def judge_others(self, calls: list[Sent], kills: list[Killed]) -> None:
        """Calls that no kill touches succeed, and every success is the call's own."""
        for call in calls:
            if call.succeeded and call.tag not in call.text:
                self.problems.append(f"call {call.tag} got another's result: {call.text[:200]}")
            if not call.succeeded and not any(
                    kill.sent <= (call.answered or call.sent) and call.sent <= kill.lifted for kill in kills):
                self.problems.append(f"call {call.tag} of {call.tool} failed without a kill: {call.text[:200]}")


def is_cooperative(call: Sent) -> bool:
    return call.tool.split("_", 1)[1] in COOPERATIVE


def take(entries: list[JSON], call: Sent) -> JSON | None:
    """The call's entry, by the trace id in its answer; else one of its tool, for answers that have none."""
    exact = next((each for each in entries if str(each.get("trace_id")) in call.text), None)
    entry = exact or next((each for each in entries if each.get("tool_name") == call.tool), None)
    if entry is not None and not (exact is None and call.succeeded):
        entries.remove(entry)
        return entry
    return exact


def read_runs(log: str) -> tuple[dict[str, Ran], list[JSON]]:
    """The calls by their tags, and what the servers say that no client may do."""
    ran: dict[str, Ran] = {}
    violations = []
    for each in read_log(log):
        if each["event"] == "violation":
            violations.append(each)
        elif each["event"] == "call":
            if each["tag"] in ran:
                violations.append({"what": "the same call ran twice", "tag": each["tag"]})
            ran.setdefault(each["tag"], Ran(each["at_ns"]))
        elif each["event"] in ("answer", "stopped") and each.get("tag") in ran:
            run = ran[each["tag"]]
            if each["event"] == "stopped":
                run.stopped = each["at_ns"]
            elif not run.stopped:
                run.answered = each["at_ns"]
    return ran, violations


def start(args: argparse.Namespace, folder: str) -> tuple[Gateway, list[HTTPFixture], str]:
    log = os.path.join(folder, "log.jsonl")
    names = [*COOPERATIVE, "stubborn"]
    servers: JSON = {}
    fixtures = []
    for name, (transport, mode) in UPSTREAMS.items():
        env = {"LOG": log, "NAME": name, "PREFIX": name + "_", "MODE": mode}
        if transport == "http":
            fixtures.append(HTTPFixture([sys.executable, fixture("http_server.py"), *names], env))
            servers[name] = {"url": fixtures[-1].url}
        else:
            servers[name] = {"command": sys.executable, "args": [fixture("hostile_server.py"), *names], "env": env}
    gateway = Gateway(args.binary, servers, [f"{name}_{tool}" for name in UPSTREAMS for tool in names])
    gateway.start()
    return gateway, fixtures, log


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/agentgate")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--sessions", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2, help="of each session")
    parser.add_argument("--grace", type=float, default=100, help="milliseconds from the answer to silence")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    rng = random.Random(args.seed)
    folder = tempfile.mkdtemp(prefix="agentgate-kills-")
    gateway, fixtures, log = start(args, folder)
    stop = threading.Event()
    sessions = [f"session-{n}" for n in range(args.sessions)]
    workers = [Worker(gateway, session, f"{session}.{n}", rng.random(), stop)
               for session in sessions for n in range(args.threads)]
    killer = Killer(gateway, sessions, rng.random())
    try:
        for worker in workers:
            worker.start()
        for n in range(args.kills):
            killer.kill()
            if (n + 1) % 20 == 0:
                print(f"{n + 1}/{args.kills} kills, {sum(len(each.calls) for each in workers)} calls", flush=True)
        stop.set()
        for worker in workers:
            worker.join()
        # What a stubborn call has yet to answer.
        time.sleep(1.2)
        ran, violations = read_runs(log)
    finally:
        stop.set()
        gateway.close()
        for server in fixtures:
            server.close()
        shutil.rmtree(folder, ignore_errors=True)
    verdict = judged(workers, killer, ran, args.grace)
    verdict.problems += [f"upstream: {json.dumps(each)}" for each in violations]
    sys.exit(report(args, verdict, workers, killer, ran))


def judged(workers: list[Worker], killer: Killer, ran: dict[str, Ran], grace: float) -> Verdict:
    verdict = Verdict(int(grace * MS))
    verdict.problems += killer.problems
    by_session: dict[str, list[Sent]] = defaultdict(list)
    for worker in workers:
        by_session[worker.session] += worker.calls
    for kill in killer.kills:
        verdict.judge(kill, by_session[kill.session], ran)
    for session, calls in by_session.items():
        verdict.judge_others(calls, [kill for kill in killer.kills if kill.session == session])
    return verdict


def report(
        args: argparse.Namespace, verdict: Verdict, workers: list[Worker], killer: Killer, ran: dict[str, Ran]) -> int:
    for problem in verdict.problems[:40]:
        print(f"PROBLEM {problem}")
    calls = [call for worker in workers for call in worker.calls]
    print(f"seed {args.seed}: {len(killer.kills)} kills of {args.sessions} sessions; {len(calls)} calls, {len(ran)} of "
          f"them ran, {sum(call.succeeded for call in calls)} succeeded")
    print("; ".join(f"{name}: {count}" for name, count in sorted(verdict.counts.items())))
    for name, values in (
            ("kill sent to its answer", [(kill.answered - kill.sent) / MS for kill in killer.kills]),
            ("kill sent to silence at the upstreams", verdict.silence),
            ("answer to a call's end at its upstream", verdict.after_answer),
            ("answer to what the call's caller is told", verdict.told)):
        print(f"{name}: median {quantile(values, 0.5):.1f} ms, p99 {quantile(values, 0.99):.1f} ms, worst "
              f"{max(values, default=0):.1f} ms, of {len(values)}")
    print(f"{len(verdict.problems)} problems")
    return 1 if verdict.problems or not killer.kills or not verdict.counts["cut off"] else 0


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Kills the server with SIGKILL at a random moment under load, over and over, and counts what was lost.

Two promises are checked after each round, on what the server had *answered* before it died:
  - no answered call is missing from the traces (its trace_id is a row, with the decision that was answered);
  - no answered kill is lost (the session is still refused after the restart, and no call that was sent after the
    kill's answer ran).
A write that was cut off may not vanish either: every intent has its event after the restart.

Prints the counts and exits with 1 when anything was lost. Standard library only.
"""
import argparse
import http.client
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

KEY = "torture-admin-key-0123456789abcdef"
TOKEN = "torture-approval-token-0123456789"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    def __init__(self, binary, state, policies):
        self.binary, self.state, self.policies = binary, state, policies

    def start(self):
        self.port = free_port()
        env = {k: v for k, v in os.environ.items() if not k.startswith("AGENTGATE_")}
        env.update(AGENTGATE_ADMIN_API_KEY=KEY, AGENTGATE_APPROVAL_TOKEN=TOKEN, AGENTGATE_LOG_LEVEL="ERROR")
        self.process = subprocess.Popen(
            [self.binary, "serve", "--port", str(self.port), "--state-dir", self.state, "--policy", self.policies],
            env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.time() + 30
        while time.time() < deadline:
            if self.process.poll() is not None:
                sys.exit(f"the server ended at start with exit code {self.process.returncode}")
            try:
                status, body = self.request("GET", "/health", timeout=2)
                upstreams = body.get("upstreams", {})
                if status == 200 and upstreams and all(u.get("status") == "ready" for u in upstreams.values()):
                    return
            except OSError:
                pass
            time.sleep(0.05)
        sys.exit("the server did not become healthy within 30 s")

    def request(self, method, path, body=None, headers=None, timeout=10, connection=None):
        own = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            own.request(method, path, json.dumps(body) if body is not None else None,
                        {"Content-Type": "application/json", **(headers or {})})
            reply = own.getresponse()
            return reply.status, json.loads(reply.read())
        finally:
            if connection is None:
                own.close()

    def kill9(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def worker(server, stop, seed, name, calls):
    rng = random.Random(seed)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    n = 0
    while not stop.is_set():
        n += 1
        session = f"{name}-{rng.randrange(8)}"
        tool, arguments, token = rng.choice([
            ("db_query", {"query": "SELECT * FROM products LIMIT 2"}, None),
            ("db_insert", {"table": "products", "values": {"name": f"{session}-{n}", "price": 1}}, TOKEN),
            ("db_insert", {"table": "products", "values": {"name": "x", "price": 1}}, None),
            ("hack_the_planet", {}, None),
        ])
        body = {"session_id": session, "tool_name": tool, "arguments": arguments}
        if token:
            body["approval_token"] = token
        sent = time.monotonic()
        try:
            status, reply = server.request("POST", "/tools/call", body, connection=connection)
        except (OSError, http.client.HTTPException, ValueError):
            connection.close()
            if stop.is_set():
                return
            continue
        if status == 200:
            calls.append((session, sent, reply))


def killer(server, stop, seed, name, kills):
    rng = random.Random(seed)
    n = 0
    while not stop.is_set():
        time.sleep(rng.uniform(0.005, 0.05))
        n += 1
        session = rng.choice([f"{name}-victim-{n}", f"w{rng.randrange(4)}-{rng.randrange(8)}"])
        try:
            status, _ = server.request("POST", f"/sessions/{session}/kill", {"reason": "torture"}, {"X-API-Key": KEY})
        except (OSError, http.client.HTTPException, ValueError):
            continue
        if status == 200:
            kills[session] = time.monotonic()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/agentgate")
    parser.add_argument("--policies", default="policies")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    rng = random.Random(args.seed)
    state = tempfile.mkdtemp(prefix="agentgate-torture-")
    server = Server(os.path.abspath(args.binary), state, os.path.abspath(args.policies))
    answered = answered_kills = lost_events = changed_events = lost_kills = ran_after_kill = open_intents = broken_chains = 0
    all_kills = {}
    try:
        for round_number in range(args.rounds):
            server.start()
            stop, calls, kills = threading.Event(), [], {}
            threads = [threading.Thread(target=worker, args=(server, stop, rng.random(), f"w{i}", calls)) for i in range(4)]
            threads += [threading.Thread(target=killer, args=(server, stop, rng.random(), f"r{round_number}", kills))]
            for t in threads:
                t.start()
            time.sleep(rng.uniform(0.05, 1.0))
            server.kill9()
            stop.set()
            for t in threads:
                t.join()

            killed_before = dict(all_kills)
            for session, sent, reply in calls:
                # A call sent after its session's kill had been answered must not have run.
                at = kills.get(session)
                if reply["success"] and (session in killed_before or (at is not None and sent > at)):
                    ran_after_kill += 1
            all_kills.update(kills)

            server.start()
            for session in kills:
                status, reply = server.request(
                    "POST", "/tools/call",
                    {"session_id": session, "tool_name": "db_query", "arguments": {"query": "SELECT 1"}})
                if status != 200 or reply["success"] or reply["error"] != "Policy denied: Kill switch: torture":
                    lost_kills += 1
            server.kill9()

            with sqlite3.connect(os.path.join(state, "traces.db")) as db:
                rows = dict(db.execute("SELECT event_id, policy_decision FROM traces"))
                open_intents += db.execute(
                    "SELECT count(*) FROM running WHERE event_id NOT IN (SELECT event_id FROM traces)").fetchone()[0]
            check = subprocess.run(
                [args.binary, "verify", "--store", os.path.join(state, "traces.db")], capture_output=True, text=True)
            if check.returncode:
                broken_chains += 1
                print(check.stdout, check.stderr)
            for session, _, reply in calls:
                answered += 1
                decision = rows.get(reply["trace_id"])
                if decision is None:
                    lost_events += 1
                elif reply["success"] and decision != "ALLOW":
                    changed_events += 1
            answered_kills += len(kills)
            print(f"round {round_number + 1}/{args.rounds}: {len(calls)} calls and {len(kills)} kills answered", flush=True)
    finally:
        if getattr(server, "process", None) and server.process.poll() is None:
            server.kill9()
        shutil.rmtree(state, ignore_errors=True)
    print(f"seed {args.seed}: {args.rounds} times kill -9; {answered} answered calls: {lost_events} missing, "
          f"{changed_events} changed; {answered_kills} answered kills: {lost_kills} lost, {ran_after_kill} calls ran "
          f"after one; {open_intents} calls without an event, {broken_chains} broken chains")
    failed = lost_events + changed_events + lost_kills + ran_after_kill + open_intents + broken_chains
    sys.exit(1 if failed or answered == 0 or answered_kills == 0 else 0)


if __name__ == "__main__":
    main()

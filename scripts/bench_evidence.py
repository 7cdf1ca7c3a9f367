#!/usr/bin/env python3
"""Measures what it takes to export a session's evidence, in each format, alone and while calls go on.

    bench_evidence.py --binary .build/release/agentgate [--events 100000]

A gateway with its demo tools gets so many calls of one session; then its pack is fetched, and checked by `agentgate
verify` and against the size that it must have. Beside it the calls of another session are timed.
"""
import argparse
import http.client
import json
import multiprocessing
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KEY = "a-key-of-the-benchmark-0123456789"
CALLS = [
    ("db_query", {"query": "SELECT id FROM products LIMIT 1"}), ("file_read", {"path": "welcome.txt"}),
    ("unknown_tool", {}), ("db_insert", {"table": "products", "values": {"name": "Zażółć 日本語 ✓", "price": 1}}),
]


def call(connection, session, number):
    tool, arguments = CALLS[number % len(CALLS)]
    body = json.dumps({
        "session_id": session, "tool_name": tool, "arguments": arguments,
        "context": {"agent_id": "bench", "user_id": "Zażółć"}})
    connection.request("POST", "/tools/call", body.encode(), {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = json.loads(response.read())
    if response.status != 200 or "trace_id" not in answer:
        sys.exit(f"a call was answered {response.status}: {answer}")


def fill(port, session, count):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for number in range(count):
        call(connection, session, number)


def load(port, stop, times):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    number = 0
    while not stop.is_set():
        began = time.perf_counter()
        call(connection, "beside", number)
        times.append(time.perf_counter() - began)
        number += 1


def export(port, session, form, path):
    """Seconds, and bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    began = time.perf_counter()
    connection.request("GET", f"/sessions/{session}/evidence?format={form}", headers={"X-API-Key": KEY})
    response = connection.getresponse()
    size = 0
    with open(path, "wb") as file:
        while chunk := response.read(1 << 20):
            file.write(chunk)
            size += len(chunk)
    if response.status != 200:
        sys.exit(f"the export was answered {response.status}")
    return time.perf_counter() - began, size


def start(binary, state):
    environment = {**os.environ, "AGENTGATE_ADMIN_API_KEY": KEY, "AGENTGATE_LOG_LEVEL": "WARNING"}
    log = open(os.path.join(state, "log"), "w", encoding="utf-8")

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [binary, "serve", "--port", str(port), "--policy", os.path.join(ROOT, "policies"), "--state-dir",
         os.path.join(state, "state")], env=environment, stderr=log)
    for _ in range(200):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return process, port
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit("the gateway has not started")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=4)
    args = parser.parse_args()
    state = tempfile.mkdtemp(prefix="agentgate-evidence-")
    process, port = start(os.path.abspath(args.binary), state)
    try:
        began = time.perf_counter()
        share = args.events // args.clients
        workers = [multiprocessing.Process(target=fill, args=(port, "big", share)) for _ in range(args.clients)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if any(worker.exitcode for worker in workers):
            sys.exit("not all calls were answered")
        events = share * args.clients
        print(f"{events} calls by {args.clients} clients: {events / (time.perf_counter() - began):.0f} a second")
        pack = os.path.join(state, "pack")
        print("| format | MB | alone, s | while calls go on, s | their median, ms | p99, ms | worst, ms |")
        print("|---|---:|---:|---:|---:|---:|---:|")
        for form in ["json", "html", "pdf"]:
            alone, size = export(port, "big", form, f"{pack}.{form}")
            stop, times = threading.Event(), []
            worker = threading.Thread(target=load, args=(port, stop, times))
            worker.start()
            time.sleep(1)
            times.clear()
            beside, _ = export(port, "big", form, f"{pack}.{form}")
            stop.set()
            worker.join()
            times.sort()
            print(
                f"| {form} | {size / 1e6:.1f} | {alone:.2f} | {beside:.2f} | {statistics.median(times) * 1e3:.1f} "
                f"| {times[int(len(times) * 0.99)] * 1e3:.1f} | {times[-1] * 1e3:.1f} |", flush=True)
        with open(f"{pack}.json", "rb") as file:
            count = json.load(file)["integrity"]["event_count"]
        if count != events:
            sys.exit(f"the pack has {count} events instead of {events}")
        began = time.perf_counter()
        check = subprocess.run([args.binary, "verify", f"{pack}.json"], capture_output=True, text=True)
        print(f"verify: {time.perf_counter() - began:.2f} s, exit {check.returncode}")
        began = time.perf_counter()
        store = subprocess.run(
            [args.binary, "verify", "--store", os.path.join(state, "state", "traces.db")], capture_output=True, text=True)
        print(f"verify --store: {time.perf_counter() - began:.2f} s, exit {store.returncode}")
        sys.exit(check.returncode or store.returncode)
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(state, ignore_errors=True)


if __name__ == "__main__":
    main()

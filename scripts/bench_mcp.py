#!/usr/bin/env python3
"""Measures what the gateway adds to a call: the same server, called directly and through it, in one run, in turn.

Servers on the official SDK: mcp-server-time's convert_time and a trivial echo. Paths: stdio to stdio (`agentgate mcp`),
Streamable HTTP to Streamable HTTP, and HTTP to stdio (`agentgate serve`). The clients are a pipe and a socket that is
kept open; they write bytes made beforehand and look only for the end of the answer, so that little of what is measured
is theirs. Every answer is checked afterwards. What is added is the difference of the quantiles.

Beside it, in a run of its own: what relay.c adds, which only copies bytes between the same two, and what it adds when it
also syncs 4 KiB to the disk for each call. Whatever stands between client and server, and keeps a record that outlives a
power cut, adds that much on this machine.

Prints a table, and then the same as JSON. Needs a C compiler and the standard library; the servers run in the Python of
--venvs.
"""
from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from mcp_gateway import HERE, Gateway, HTTPFixture, fixture
from mcp_wire import JSON, headers_of, quantile, request, table

TOOLS: dict[str, tuple[str, JSON, str]] = {
    # The server's name: its tool, the arguments, and what every right answer has in it.
    "time": ("convert_time", {"source_timezone": "Europe/Berlin", "time": "12:00", "target_timezone": "Asia/Kathmandu"},
             "Asia/Kathmandu"),
    "echo": ("echo", {"text": "Vasa, 1628"}, "Vasa, 1628"),
}


QUANTILES = {"median": 0.5, "p90": 0.9, "p99": 0.99}


class Pipe(Protocol):
    """A way to call: bytes out, the bytes of one answer in."""

    def exchange(self, message: bytes) -> bytes: ...

    def prepare(self, message: JSON) -> bytes: ...

    def close(self) -> None: ...


class StdioPipe:
    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        self.process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, bufsize=0)
        assert self.process.stdin is not None and self.process.stdout is not None
        self.input, self.output = self.process.stdin.fileno(), self.process.stdout.fileno()
        self.rest = b""

    def prepare(self, message: JSON) -> bytes:
        return json.dumps(message, separators=(",", ":")).encode() + b"\n"

    def exchange(self, message: bytes) -> bytes:
        os.write(self.input, message)
        while True:
            line, end, rest = self.rest.partition(b"\n")
            if end:
                self.rest = rest
                # Notifications come in between.
                if b'"method":' not in line:
                    return line
                continue
            data = os.read(self.output, 1 << 16)
            if not data:
                raise EOFError("the server has ended")
            self.rest += data

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class HTTPPipe:
    def __init__(self, port: int, headers: dict[str, str] | None = None) -> None:
        self.port, self.headers = port, headers or {}
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def prepare(self, message: JSON) -> bytes:
        body = json.dumps(message, separators=(",", ":")).encode()
        headers = {"Host": f"127.0.0.1:{self.port}", "Content-Length": str(len(body)), **headers_of(message),
                   **self.headers}
        head = "POST /mcp HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return head.encode() + b"\r\n" + body

    def exchange(self, message: bytes) -> bytes:
        self.socket.sendall(message)
        head = self.read_until(b"\r\n\r\n").lower()
        length = head.find(b"\r\ncontent-length:")
        if length >= 0:
            return self.read(int(head[length + 17:].split(b"\r\n", 1)[0]))
        if b"transfer-encoding: chunked" not in head:
            raise EOFError(f"neither a length nor chunks: {head!r}")
        body = b""
        while size := int(self.read_until(b"\r\n").split(b";")[0], 16):
            body += self.read(size)
            self.read(2)
        self.read_until(b"\r\n")
        return body

    def fill(self) -> None:
        data = self.socket.recv(1 << 16)
        if not data:
            raise EOFError("the server has closed")
        self.rest += data

    def read_until(self, mark: bytes) -> bytes:
        while (at := self.rest.find(mark)) < 0:
            self.fill()
        found, self.rest = self.rest[:at], self.rest[at + len(mark):]
        return found

    def read(self, count: int) -> bytes:
        while len(self.rest) < count:
            self.fill()
        found, self.rest = self.rest[:count], self.rest[count:]
        return found

    def close(self) -> None:
        self.socket.close()


@dataclass
class Series:
    """A pipe with the messages to send, and what came of them. Times are in microseconds."""

    pipe: Pipe
    messages: list[bytes]
    times: list[float]
    answers: list[bytes]

    @classmethod
    def of(cls, pipe: Pipe, server: str, count: int) -> Series:
        tool, arguments, _ = TOOLS[server]
        messages = [pipe.prepare(request(n + 1, "tools/call", {"name": tool, "arguments": arguments}))
                    for n in range(count)]
        return cls(pipe, messages, [], [])

    def step(self, n: int) -> None:
        message = self.messages[n]
        began = time.perf_counter_ns()
        answer = self.pipe.exchange(message)
        self.times.append((time.perf_counter_ns() - began) / 1000)
        self.answers.append(answer)

    def check(self, label: str, server: str) -> None:
        expected = TOOLS[server][2].encode()
        for n, answer in enumerate(self.answers):
            parts = answer.replace(b": ", b":")
            if expected not in parts or f'"id":{n + 1}'.encode() not in parts or b'"isError":true' in parts:
                sys.exit(f"{label}: call {n + 1} was answered with {answer[:500]!r}")


def measure(label: str, server: str, pipes: list[Pipe], args: argparse.Namespace) -> list[list[float]]:
    """The times of each pipe's calls, made in turn."""
    total = args.warmup + args.count
    series = [Series.of(pipe, server, total) for pipe in pipes]
    gc.collect()
    gc.disable()
    try:
        for n in range(total):
            # Who is first changes, so that neither always finds what the other has warmed.
            for each in series if n % 2 else reversed(series):
                each.step(n)
    finally:
        gc.enable()
        for pipe in pipes:
            pipe.close()
    for each in series:
        each.check(label, server)
    return [each.times[args.warmup:] for each in series]


def quantiles(values: list[float]) -> dict[str, float]:
    return {part: round(quantile(values, share), 3) for part, share in QUANTILES.items()}


def difference(values: dict[str, float], base: dict[str, float]) -> dict[str, float]:
    return {part: round(values[part] - base[part], 3) for part in QUANTILES}


class Relay:
    """relay.c, compiled, with a folder for what it syncs: where the gateway under test has its state, too."""

    def __init__(self) -> None:
        compiler = shutil.which("cc") or shutil.which("clang")
        if compiler is None:
            sys.exit("no C compiler; --no-relay needs none")
        self.folder = tempfile.mkdtemp(prefix="agentgate-relay-")
        self.program = os.path.join(self.folder, "relay")
        subprocess.run([compiler, "-O2", "-o", self.program, os.path.join(HERE, "relay.c")], check=True)

    def command(self, is_synced: bool, target: list[str]) -> list[str]:
        return [self.program, *(["-s", os.path.join(self.folder, "note")] if is_synced else []), *target]

    def close(self) -> None:
        shutil.rmtree(self.folder)


class Bench:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.relay = None if args.direct or args.no_relay else Relay()
        self.python = os.path.join(os.path.abspath(args.venvs), "modern", "bin", "python")
        self.env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "TZ": "UTC"}
        self.results: list[JSON] = []

    def close(self) -> None:
        if self.relay is not None:
            self.relay.close()

    def command(self, server: str) -> list[str]:
        return [self.python, fixture("sdk_server.py"), server]

    def gateway(self, server: str, upstream: JSON) -> Gateway:
        return Gateway(self.args.binary, {server: upstream}, [TOOLS[server][0]])

    def over_stdio(self, server: str) -> None:
        command = self.command(server)
        gateway = None if self.args.direct else self.gateway(
            server, {"command": command[0], "args": command[1:], "env": self.env})

        def through() -> Pipe:
            assert gateway is not None
            return StdioPipe(gateway.stdio(), gateway.environment)

        def relayed(is_synced: bool) -> Pipe:
            assert self.relay is not None
            return StdioPipe(self.relay.command(is_synced, ["--", *command]), self.env)

        try:
            self.add("stdio to stdio", server, lambda: StdioPipe(command, self.env), through)
            self.add_relays(server, lambda: StdioPipe(command, self.env), relayed)
        finally:
            if gateway is not None:
                gateway.close()

    def over_http(self, server: str, is_stdio_behind: bool) -> None:
        """Through `agentgate serve`. Directly, the server is called the way the gateway calls it."""
        command = self.command(server)
        backend = None if is_stdio_behind else HTTPFixture(command + ["http"], self.env)
        upstream: JSON = {"url": backend.url} if backend else {
            "command": command[0], "args": command[1:], "env": self.env}
        gateway = None if self.args.direct else self.gateway(server, upstream)

        def through() -> Pipe:
            assert gateway is not None
            gateway.start()
            return HTTPPipe(gateway.port, {"X-AgentGate-Session": "bench"})

        def direct() -> Pipe:
            return HTTPPipe(backend.port) if backend else StdioPipe(command, self.env)

        relays: list[HTTPFixture] = []

        def relayed(is_synced: bool) -> Pipe:
            assert self.relay is not None and backend is not None
            relays.append(HTTPFixture(self.relay.command(is_synced, [str(backend.port)])))
            return HTTPPipe(relays[-1].port)

        try:
            self.add(f"HTTP to {'stdio' if is_stdio_behind else 'HTTP'}", server, direct, through)
            if backend is not None:
                self.add_relays(server, direct, relayed)
        finally:
            for relay in relays:
                relay.close()
            if gateway is not None:
                gateway.close()
            if backend is not None:
                backend.close()

    def add(self, path: str, server: str, direct: Callable[[], Pipe], through: Callable[[], Pipe]) -> None:
        pipes = [direct()] if self.args.direct else [direct(), through()]
        times = measure(f"{path}, {server}", server, pipes, self.args)
        result: JSON = {"path": path, "server": server, "tool": TOOLS[server][0], "calls": len(times[0])}
        result |= zip(("direct_us", "gateway_us"), map(quantiles, times))
        if len(times) == 2:
            result["added_us"] = difference(result["gateway_us"], result["direct_us"])
        self.results.append(result)
        print(f"{path}, {server}: done", file=sys.stderr, flush=True)

    def add_relays(self, server: str, direct: Callable[[], Pipe], relayed: Callable[[bool], Pipe]) -> None:
        """To the latest result. Each in a run of its own beside the direct way: with more in turn, all are colder."""
        if self.relay is None:
            return
        for name, is_synced in (("relay_added_us", False), ("synced_relay_added_us", True)):
            times = measure("relay", server, [direct(), relayed(is_synced)], self.args)
            self.results[-1][name] = difference(quantiles(times[1]), quantiles(times[0]))

    def rows(self) -> list[list[Any]]:
        def micro(result: JSON, name: str, *parts: str) -> list[Any]:
            values = result.get(name)
            return [round(values[part]) if values else "" for part in parts]

        return [[each["path"], each["tool"], each["calls"], *micro(each, "direct_us", *QUANTILES),
                 *micro(each, "gateway_us", *QUANTILES), *micro(each, "added_us", "median", "p99"),
                 *micro(each, "relay_added_us", "median"), *micro(each, "synced_relay_added_us", "median")]
                for each in self.results]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/agentgate")
    parser.add_argument("--venvs", default=".build/mcp-venvs", help="the folder that scripts/mcp_venvs makes")
    parser.add_argument("--count", type=int, default=2000, help="calls of each way that are measured")
    parser.add_argument("--warmup", type=int, default=300)
    paths = ["stdio", "http", "http-stdio"]
    parser.add_argument("--paths", nargs="+", choices=paths, default=paths)
    parser.add_argument("--json", help="a file for the figures as JSON, too")
    parser.add_argument("--direct", action="store_true", help="without the gateway, and without relays")
    parser.add_argument("--no-relay", action="store_true", help="without what a relay adds")
    args = parser.parse_args()
    bench = Bench(args)
    with contextlib.closing(bench):
        for server in TOOLS:
            if "stdio" in args.paths:
                bench.over_stdio(server)
            if "http" in args.paths:
                bench.over_http(server, is_stdio_behind=False)
            if "http-stdio" in args.paths:
                bench.over_http(server, is_stdio_behind=True)
    print(table(bench.rows(), ["path", "tool", "calls", "direct, µs", "p90", "p99", "gateway, µs", "p90", "p99",
                               "added, µs", "added p99", "relay adds", "relay that syncs"]))
    text = json.dumps({"cpus": os.cpu_count(), "results": bench.results})
    print(text)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            file.write(text + "\n")


if __name__ == "__main__":
    main()

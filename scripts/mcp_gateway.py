"""The gateway under test, for the scripts: its folder of policy, `mcp.json` and state, and its process.

Standard library only.
"""
from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from typing import Any

from mcp_wire import JSON

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
FIXTURES = os.path.join(ROOT, "Tests", "GatewayTests", "Fixtures")
KEY = "scripts-admin-key-0123456789abcdef"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for_port(port: int, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing listens on port {port} within {seconds:.0f} s")


class HTTPFixture:
    """A server that prints {"port": …} first."""

    def __init__(self, command: list[str], env: dict[str, str] | None = None, path: str = "/mcp") -> None:
        self.process = subprocess.Popen(command, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{command[1]} ended at start")
        self.port = int(json.loads(line)["port"])
        self.url = f"http://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def fixture(name: str) -> str:
    return os.path.join(FIXTURES, name)


class Gateway:
    """`agentgate` with these servers, and a policy that allows these tools.

    `rules` is the policy's text, instead of the default policy's. The folder goes when the gateway closes.
    """

    def __init__(self, binary: str, servers: JSON, tools: list[str], policies: str = os.path.join(ROOT, "policies"),
                 rules: str | None = None) -> None:
        self.binary = os.path.abspath(binary)
        if not os.access(self.binary, os.X_OK):
            sys.exit(f"{binary}: no such program; build it, or name it with --binary")
        self.folder = tempfile.mkdtemp(prefix="agentgate-mcp-")
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self.log = os.path.join(self.folder, "gateway.log")
        self.write_policy(policies, tools, rules)
        with open(self.path("mcp.json"), "w", encoding="utf-8") as file:
            json.dump({"mcpServers": servers}, file, indent=1)

    def path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def write_policy(self, policies: str, tools: list[str], rules: str | None) -> None:
        os.mkdir(self.path("policy"))
        if rules is None:
            shutil.copy(os.path.join(policies, "default.rego"), self.path("policy"))
        else:
            with open(self.path("policy/default.rego"), "w", encoding="utf-8") as file:
                file.write(rules)
        data: JSON = {"read_only_tools": tools, "write_tools": [], "all_known_tools": tools, "rate_limits": {}}
        with open(self.path("policy/data.json"), "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1)

    @property
    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AGENTGATE_")}
        return {**clean, "AGENTGATE_ADMIN_API_KEY": KEY, "AGENTGATE_LOG_LEVEL": "ERROR"}

    def arguments(self, verb: str, state: str) -> list[str]:
        return [self.binary, verb, "--mcp", self.path("mcp.json"), "--policy", self.path("policy"), "--state-dir",
                self.path(state)]

    def stdio(self, session: str = "scripts", state: str = "stdio-state") -> list[str]:
        """The command of `agentgate mcp`. It has its own state folder."""
        return self.arguments("mcp", state) + ["--session", session]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def start(self, ready: int | None = None, seconds: float = 60) -> None:
        """Serves. Returns when `ready` upstreams are, or all."""
        self.port = free_port()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.arguments("serve", "state") + ["--port", str(self.port)],
                                            env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + seconds
        states: list[Any] = []
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                sys.exit(f"the gateway ended at start with exit code {self.process.returncode}\n{self.said()}")
            try:
                status, body = self.request("GET", "/health", timeout=2)
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.05)
                continue
            states = [each.get("status") for each in body.get("upstreams", {}).values()]
            if status == 200 and states and states.count("ready") >= (len(states) if ready is None else ready):
                return
            time.sleep(0.05)
        sys.exit(f"the gateway isn't ready within {seconds:.0f} s: upstreams {states}\n{self.said()}")

    def said(self) -> str:
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()[-4000:]

    def request(self, method: str, path: str, body: JSON | None = None, timeout: float = 90,
                connection: http.client.HTTPConnection | None = None) -> tuple[int, JSON]:
        """One of the gateway's own endpoints, as the administrator."""
        own = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            own.request(method, path, json.dumps(body) if body is not None else None,
                        {"Content-Type": "application/json", "X-API-Key": KEY})
            reply = own.getresponse()
            return reply.status, json.loads(reply.read())
        finally:
            if connection is None:
                own.close()

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def read_log(path: str) -> list[JSON]:
    """What the fixtures' servers have logged; a last line that isn't whole is left out."""
    try:
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]
    except FileNotFoundError:
        return []

"""Webhooks from outside: a receiver that checks every signature over the raw bytes, and what it is told, and when."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

KEY = os.urandom(32)
SECRET = "whsec_" + base64.b64encode(KEY).decode()

# An MCP server with the tools of the policy, which doesn't start while the file `down` is there.
UPSTREAM = """
import json, os, sys
if os.path.exists("down"): sys.exit(1)
open("pid", "w").write(str(os.getpid()))
tools = [{"name": name, "description": name, "inputSchema": {"type": "object"}}
         for name in ("db_query", "db_insert", "rate_limited_tool")]
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message or "method" not in message: continue
    result = {
        "initialize": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                       "serverInfo": {"name": "x", "version": "1"}},
        "tools/list": {"tools": tools},
        "tools/call": {"content": [{"type": "text", "text": "done"}]},
    }.get(message["method"])
    answer = {"result": result} if result is not None else {"error": {"code": -32601, "message": "unknown"}}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"]} | answer), flush=True)
"""


class Delivery:
    """A request as it came in."""

    def __init__(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.path, self.headers, self.body = path, headers, body
        self.event = json.loads(body)

    @property
    def type(self) -> str:
        return self.event["event_type"]

    @property
    def payload(self) -> dict:
        return self.event["payload"]

    def check(self, key: bytes) -> None:
        """As a receiver checks: both signatures over the very bytes, and the age."""
        id, timestamp = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        standard = base64.b64encode(hmac.digest(key, f"{id}.{timestamp}.".encode() + self.body, "sha256")).decode()
        assert hmac.compare_digest(self.headers["webhook-signature"], "v1," + standard)
        original = hmac.new(key, self.body, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(self.headers["x-agentgate-signature"], "sha256=" + original)
        assert self.headers["x-agentgate-timestamp"] == timestamp
        assert abs(int(timestamp) - time.time()) < 300
        assert self.headers["content-type"] == "application/json"
        assert list(self.event) == ["event_type", "timestamp", "source", "version", "id", "payload"]
        assert self.event["id"] == id and self.event["source"] == "agentgate" and self.event["version"] == "1.0.0"
        compact = json.dumps(self.event, separators=(",", ":"), ensure_ascii=False).encode()
        assert self.body == compact


class Receiver:
    """Listens on one port of loopback, also after it was stopped and started again."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.status = 200
        self.location: str | None = None
        self.hang_seconds = 0.0
        self.hanging = 0
        self.port = 0
        self.server: http.server.ThreadingHTTPServer | None = None
        self.start()

    def start(self) -> None:
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                if receiver.hang_seconds:
                    receiver.hanging += 1
                    time.sleep(receiver.hang_seconds)
                    return
                receiver.deliveries.append(Delivery(self.path, headers, body))
                self.send_response(receiver.status)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                self.send_header("Content-Length", "5")
                self.end_headers()
                self.wfile.write(b"never")

            def log_message(self, *_: object) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            # Whoever asks for the head alone closes early.
            def handle_error(self, *_: object) -> None:
                pass

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?token=t"

    def of(self, type: str) -> list[Delivery]:
        return [delivery for delivery in list(self.deliveries) if delivery.type == type]


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.stop()


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it doesn't come"
        time.sleep(0.02)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """With an mcp.json whose server can be taken down."""
    (tmp_path / "server.py").write_text(UPSTREAM)
    server = {"command": sys.executable, "args": ["server.py"], "cwd": str(tmp_path)}
    (tmp_path / "mcp.json").write_text(json.dumps({"mcpServers": {"x": server}}))
    return tmp_path


def test_every_event_is_told_and_signed(make_gateway, receiver: Receiver, folder: pathlib.Path) -> None:
    gateway = make_gateway(
        "--mcp", str(folder / "mcp.json"), AGENTGATE_WEBHOOK_URL=receiver.url, AGENTGATE_WEBHOOK_SECRET=SECRET
    )
    secret = "sécret-argument-4711"

    denied = gateway.call("no_such_tool", {"password": secret}, session="s-1")
    assert denied["error"] == "Policy denied: Tool not in allowlist", denied
    until(lambda: receiver.of("policy.denied"))
    event = receiver.of("policy.denied")[0].payload
    assert event["event_id"] == denied["trace_id"] and event["session_id"] == "s-1"
    assert event["tool_name"] == "no_such_tool" and event["matched_rule"] == "unknown_tool" and event["count"] == 1
    assert event["reason"] == "Tool not in allowlist" and len(event["policy_revision"]) == 64

    for _ in range(11):
        last = gateway.call("rate_limited_tool", {"password": secret}, session="s-2")
    assert last["error"] == "Policy denied: Rate limit exceeded", last
    until(lambda: receiver.of("rate_limit.exceeded"))
    event = receiver.of("rate_limit.exceeded")[0].payload
    assert event["limit"] == 10 and event["window"] == 60 and event["session_id"] == "s-2"

    waiting = gateway.call("db_insert", {"password": secret}, session="s-3")
    assert waiting["error"].startswith("Approval required: "), waiting
    gateway.call("db_insert", {"password": secret}, session="s-3")
    until(lambda: receiver.of("approval.requested"))
    event = receiver.of("approval.requested")[0].payload
    pending = gateway.admin("GET", "/approvals?status=pending").json["approvals"]
    assert [event["approval_id"]] == [request["id"] for request in pending]
    assert event["expires_at"] == pending[0]["expires"] and event["tool_name"] == "db_insert"

    killed = gateway.admin("POST", "/sessions/s-1/kill", {"reason": "rogue \u2603"})
    assert killed.status == 200, killed.text
    until(lambda: receiver.of("kill_switch.activated"))
    event = receiver.of("kill_switch.activated")[0].payload
    assert list(event)[:3] == ["level", "target", "reason"]
    assert (event["level"], event["target"], event["reason"]) == ("session", "s-1", "rogue \u2603")
    assert event["containment_id"] == killed.json["receipt"]["id"]
    gateway.admin("POST", "/agents/a-1/kill")
    gateway.admin("POST", "/tools/db_query/kill")
    gateway.admin("POST", "/system/pause", {"reason": "all"})
    until(lambda: len(receiver.of("kill_switch.activated")) == 4)
    told = [(delivery.payload["level"], delivery.payload["target"]) for delivery in receiver.of("kill_switch.activated")]
    assert sorted(told) == [("agent", "a-1"), ("global", "system"), ("session", "s-1"), ("tool", "db_query")]
    gateway.admin("POST", "/system/resume")

    (folder / "down").touch()
    os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
    until(lambda: receiver.of("health.degraded"))
    event = receiver.of("health.degraded")[0].payload
    assert event["dependency"] == "upstream:x" and event["problem"] == "down"
    assert not receiver.of("health.recovered")
    (folder / "down").unlink()
    until(lambda: receiver.of("health.recovered"), 120)
    assert receiver.of("health.recovered")[0].payload["dependency"] == "upstream:x"

    assert len(receiver.of("approval.requested")) == 1, "a repeated call is no news"
    for delivery in receiver.deliveries:
        delivery.check(KEY)
        assert secret.encode() not in delivery.body and SECRET.encode() not in delivery.body
    ids = [delivery.headers["webhook-id"] for delivery in receiver.deliveries]
    assert len(ids) == len(set(ids)), "each once"
    # Neither the secret nor what the URL may hold as one is in the log or in the queue.
    for text in (gateway.log.read_bytes(), (gateway.state / "webhooks.db").read_bytes()):
        assert SECRET.encode() not in text and b"token=t" not in text
    assert (gateway.state / "webhooks.db").stat().st_mode & 0o777 == 0o600


def test_a_flood_is_folded(make_gateway, receiver: Receiver) -> None:
    gateway = make_gateway(AGENTGATE_WEBHOOK_URL=receiver.url, AGENTGATE_WEBHOOK_SECRET=SECRET)
    for _ in range(50):
        gateway.call("no_such_tool", {}, session="flood")
    until(lambda: sum(delivery.payload["count"] for delivery in receiver.of("policy.denied")) == 50)
    assert len(receiver.of("policy.denied")) <= 4, "the first at once, then one for each ten seconds"
    assert receiver.of("policy.denied")[0].payload["count"] == 1


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_nothing_is_lost_by_a_restart(make_gateway, receiver: Receiver, end: str) -> None:
    gateway = make_gateway(AGENTGATE_WEBHOOK_URL=receiver.url, AGENTGATE_WEBHOOK_SECRET=SECRET)
    receiver.stop()
    assert gateway.admin("POST", "/sessions/s-1/kill", {"reason": "while nobody listens"}).status == 200
    trace = gateway.call("no_such_tool", {}, session="s-2")["trace_id"]
    # What a crash may take is what came within the last 50 ms.
    time.sleep(0.5)
    if end == "kill":
        gateway.process.kill()
        gateway.process.wait()
    else:
        gateway.stop()
    receiver.start()
    gateway.start()
    # After a crash an event that was being delivered is another's only when its lease is over.
    until(lambda: receiver.of("kill_switch.activated") and receiver.of("policy.denied"), 90)
    assert receiver.of("kill_switch.activated")[0].payload["reason"] == "while nobody listens"
    assert receiver.of("policy.denied")[0].headers["webhook-id"] == trace
    for delivery in receiver.deliveries:
        delivery.check(KEY)


def test_attempts_are_repeated_under_one_id(make_gateway, receiver: Receiver) -> None:
    gateway = make_gateway(AGENTGATE_WEBHOOK_URL=receiver.url, AGENTGATE_WEBHOOK_SECRET=SECRET)
    receiver.status = 500
    gateway.admin("POST", "/sessions/s-1/kill")
    until(lambda: len(receiver.deliveries) >= 3)
    receiver.status = 204
    count = len(receiver.deliveries)
    until(lambda: len(receiver.deliveries) > count)
    assert len({delivery.headers["webhook-id"] for delivery in receiver.deliveries}) == 1
    assert len({delivery.body for delivery in receiver.deliveries}) == 1
    for delivery in receiver.deliveries:
        delivery.check(KEY)
    time.sleep(2)
    assert len(receiver.deliveries) <= count + 2, "taken, it isn't sent again"


def test_a_redirect_is_not_followed(make_gateway, receiver: Receiver) -> None:
    gateway = make_gateway(AGENTGATE_WEBHOOK_URL=receiver.url, AGENTGATE_WEBHOOK_SECRET=SECRET)
    other = Receiver()
    receiver.status, receiver.location = 307, other.url
    gateway.admin("POST", "/sessions/s-1/kill")
    until(lambda: "a redirect, which isn't followed" in gateway.log.read_text())
    assert receiver.deliveries and not other.deliveries
    other.stop()


def test_a_hanging_receiver_delays_no_call(make_gateway, receiver: Receiver) -> None:
    gateway = make_gateway(AGENTGATE_WEBHOOK_URL=receiver.url, AGENTGATE_WEBHOOK_SECRET=SECRET)
    receiver.hang_seconds = 30

    def timed(act: Callable[[], object]) -> float:
        began = time.monotonic()
        act()
        return time.monotonic() - began

    times: list[float] = []
    for number in range(40):
        times.append(timed(lambda: gateway.call("no_such_tool", {}, session=f"s-{number}")))
        times.append(timed(lambda: gateway.call("db_query", {"query": "SELECT 1"}, session=f"s-{number}")))
        times.append(timed(lambda: gateway.admin("POST", f"/sessions/k-{number}/kill")))
    assert receiver.hanging > 0, "it wasn't even asked"
    assert max(times) < 2, sorted(times)[-5:]
    # Nor the end of the server.
    assert timed(gateway.stop) < 20


def test_only_what_is_chosen_is_sent_and_unsigned_without_a_secret(make_gateway, receiver: Receiver) -> None:
    gateway = make_gateway(AGENTGATE_WEBHOOK_URL=receiver.url, AGENTGATE_WEBHOOK_EVENTS="kill_switch.activated")
    gateway.call("no_such_tool", {})
    gateway.admin("POST", "/sessions/s-1/kill")
    until(lambda: receiver.deliveries)
    time.sleep(0.5)
    assert [delivery.type for delivery in receiver.deliveries] == ["kill_switch.activated"]
    assert "webhook-signature" not in receiver.deliveries[0].headers
    assert "x-agentgate-signature" not in receiver.deliveries[0].headers
    assert "webhooks are not signed" in gateway.log.read_text()


def run(binary: pathlib.Path, state: pathlib.Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AGENTGATE_")}
    return subprocess.run(
        [binary, *arguments],
        env=clean | {"AGENTGATE_STATE_DIR": str(state)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_command_sends_samples(binary: pathlib.Path, receiver: Receiver, tmp_path: pathlib.Path) -> None:
    settings = {"AGENTGATE_WEBHOOK_URL": receiver.url, "AGENTGATE_WEBHOOK_SECRET": SECRET}
    result = run(binary, tmp_path, "webhooks", "test", **settings)
    assert result.returncode == 0, result.stderr
    assert len(receiver.deliveries) == 6 and result.stdout.count("taken") == 6
    assert SECRET not in result.stdout and "token" not in result.stdout
    for delivery in receiver.deliveries:
        delivery.check(KEY)
        assert delivery.payload["test"] is True
    result = run(binary, tmp_path, "webhooks", "test", "--event", "policy.denied", **settings)
    assert result.returncode == 0 and receiver.deliveries[-1].type == "policy.denied" and len(receiver.deliveries) == 7
    receiver.status = 302
    result = run(binary, tmp_path, "webhooks", "test", "--event", "policy.denied", **settings)
    assert result.returncode == 1 and "a redirect, which isn't followed" in result.stdout
    assert run(binary, tmp_path, "webhooks", "test", "--event", "kill", **settings).returncode == 64
    result = run(binary, tmp_path, "webhooks", "test")
    assert result.returncode == 1 and "no webhooks are configured" in result.stderr


def test_the_command_lists_what_waits(binary: pathlib.Path, make_gateway, receiver: Receiver) -> None:
    gateway = make_gateway(AGENTGATE_WEBHOOK_URL=receiver.url, AGENTGATE_WEBHOOK_SECRET=SECRET)
    result = run(binary, gateway.state, "webhooks", "list")
    assert result.returncode == 0 and result.stdout == "no webhook events wait\n"
    receiver.status = 503
    gateway.admin("POST", "/sessions/s-1/kill")
    until(lambda: receiver.deliveries)
    until(lambda: "HTTP 503" in run(binary, gateway.state, "webhooks", "list").stdout)
    events = json.loads(run(binary, gateway.state, "webhooks", "list", "--format", "json").stdout)["events"]
    assert [event["event_type"] for event in events] == ["kill_switch.activated"]
    assert events[0]["body"] == receiver.deliveries[0].event and events[0]["failures"] >= 1


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"AGENTGATE_WEBHOOK_URL": "http://hooks.example.org/"}, "AGENTGATE_WEBHOOK_URL must be an https:// URL"),
        ({"AGENTGATE_WEBHOOK_URL": "https://u:p@hooks.example.org/"}, "without a user"),
        ({"AGENTGATE_WEBHOOK_SECRET": "short"}, "AGENTGATE_WEBHOOK_SECRET must have at least 16 characters"),
        ({"AGENTGATE_WEBHOOK_SECRET": "whsec_no base64 here"}, "webhook_secret begins with whsec_"),
        ({"AGENTGATE_WEBHOOK_EVENTS": "kills"}, "AGENTGATE_WEBHOOK_EVENTS must be types of events"),
    ],
)
def test_wrong_settings_are_named(
    binary: pathlib.Path, tmp_path: pathlib.Path, settings: dict[str, str], complaint: str
) -> None:
    result = run(binary, tmp_path, "serve", **settings)
    assert result.returncode == 78 and complaint in result.stderr, result.stderr


def test_a_kill_is_told_once_by_processes_that_share_the_folder(
    binary: pathlib.Path, make_gateway, receiver: Receiver, repo: pathlib.Path
) -> None:
    settings = {"AGENTGATE_WEBHOOK_URL": receiver.url, "AGENTGATE_WEBHOOK_SECRET": SECRET}
    gateway = make_gateway(**settings)
    beside = [
        subprocess.Popen(
            [binary, "mcp", "--policy", str(repo / "policies"), "--session", f"beside-{number}"],
            env=gateway.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for number in range(2)
    ]
    for process in beside:
        # Its answer says that it runs.
        params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
        message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
        process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.flush()
        assert b'"result"' in process.stdout.readline()
    gateway.admin("POST", "/sessions/s-1/kill", {"reason": "one"})
    gateway.admin("POST", "/sessions/s-2/kill", {"reason": "two"})
    until(lambda: len(receiver.of("kill_switch.activated")) >= 2)
    time.sleep(3)
    assert sorted(d.payload["reason"] for d in receiver.of("kill_switch.activated")) == ["one", "two"]
    for process in beside:
        process.stdin.close()
        assert process.wait(20) == 0

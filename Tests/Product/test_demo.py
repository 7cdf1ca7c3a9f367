"""The demo, as a newcomer and as CI run it; and the health check."""

from __future__ import annotations

import http.server
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

STEPS = [
    "1. Allowed read",
    "2. Denied unknown tool",
    "3. Write requires approval",
    "4. Write with approval",
    "5. Kill switch",
    "6. Evidence",
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def alone(tmp_path: pathlib.Path) -> dict[str, str]:
    """An environment in which no gateway runs: its temporary folder has to be empty again afterwards."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AGENTGATE_")}
    clean.pop("NO_COLOR", None)
    return clean | {"AGENTGATE_PORT": str(free_port()), "TMPDIR": str(temporary), "TERM": "xterm"}


def environment_of(gateway) -> dict[str, str]:
    return gateway.environment | {"AGENTGATE_STATE_DIR": str(gateway.state)}


def run(binary: pathlib.Path, environment: dict[str, str], *arguments: str, folder: object = None):
    return subprocess.run(
        [binary, *arguments], env=environment, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=120,
    )


def processes_with(text: str) -> list[str]:
    """The command lines of living processes that have the text in them."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if text in line:
                found.append(line)
    return found


def assert_nothing_is_left(environment: dict[str, str]) -> None:
    temporary = environment["TMPDIR"]
    assert os.listdir(temporary) == []
    # The gateway's own tools end when it does, a moment later.
    deadline = time.monotonic() + 10
    while processes_with(temporary) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_with(temporary) == []


def assert_all_is_kept(result: subprocess.CompletedProcess[str]) -> None:
    assert result.returncode == 0, result.stdout + result.stderr
    places = [result.stdout.index(f"\n{step}") for step in STEPS]
    assert places == sorted(places)
    for start, end in zip(places, [*places[1:], len(result.stdout)]):
        assert "✓" in result.stdout[start:end]
    assert "✗" not in result.stdout
    assert "All 6 steps went as promised." in result.stdout
    assert result.stderr == ""
    assert "\x1b" not in result.stdout


def test_its_own_gateway_with_the_policy_in_the_executable(binary, alone, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    result = run(binary, alone, "demo", "--script", folder=folder)
    assert_all_is_kept(result)
    assert "the policy in the executable" in result.stdout
    assert os.listdir(folder) == []
    assert_nothing_is_left(alone)


def test_its_own_gateway_by_the_originals_flag_and_with_the_folders_policy(binary, alone, repo):
    result = run(binary, alone, "--demo", "--script", folder=repo)
    assert_all_is_kept(result)
    assert "with ./policies" in result.stdout
    assert_nothing_is_left(alone)


def test_settings_of_another_gateway_do_not_reach_its_own(binary, alone, repo):
    others = {"AGENTGATE_APPROVAL_TOKEN": "a-token-of-another-gateway", "AGENTGATE_MCP_CONFIG": "/nowhere/mcp.json"}
    assert_all_is_kept(run(binary, alone | others, "demo", "--script", folder=repo))
    assert_nothing_is_left(alone)


def test_something_else_at_the_address(binary, alone, repo):
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status": "ok"}')

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        result = run(binary, alone | {"AGENTGATE_PORT": str(server.server_port)}, "demo", "--script", folder=repo)
        server.shutdown()
    assert_all_is_kept(result)
    assert "is no AgentGate" in result.stdout
    assert_nothing_is_left(alone)


def test_a_running_gateway(binary, gateway, tmp_path):
    gateway.admin("POST", "/sessions/mine/kill", {"reason": "not the demo's"})
    before = (gateway.state / "kill-switch.json").read_text()
    evidence = tmp_path / "evidence"
    environment = environment_of(gateway) | {"TMPDIR": str(tmp_path)}
    result = run(binary, environment, "demo", "--script", "--evidence", str(evidence))
    assert_all_is_kept(result)
    assert f"The gateway that runs at {gateway.url}." in result.stdout
    session = re.search(r"Session (demo-[0-9a-f]+)\.", result.stdout).group(1)
    sessions = gateway.admin("GET", "/sessions").text
    assert session in sessions
    # The demo's own kill is taken back, and no other is touched.
    killed = lambda text: json.loads(text)["sessions"].keys()
    assert killed((gateway.state / "kill-switch.json").read_text()) == killed(before) == {"mine"}
    assert sorted(os.listdir(evidence)) == [f"sample_evidence.{kind}" for kind in ("html", "json", "pdf")]
    pack = evidence / "sample_evidence.json"
    assert json.loads(pack.read_text())["metadata"]["session_id"] == session
    key = tmp_path / "key.json"
    key.write_text(gateway.get("/.well-known/agentgate-evidence-key").text)
    verified = run(binary, environment, "verify", str(pack), "--public-key", str(key))
    assert verified.returncode == 0, verified.stdout
    assert session in (evidence / "sample_evidence.html").read_text()
    assert (evidence / "sample_evidence.pdf").read_bytes().startswith(b"%PDF-")
    # A second run has a session of its own.
    again = run(binary, environment, "demo", "--script", "--url", gateway.url)
    assert_all_is_kept(again)
    assert session not in again.stdout


def test_a_gateway_that_allows_everything_fails_by_name(binary, make_gateway, tmp_path):
    policy = tmp_path / "policy"
    policy.mkdir()
    (policy / "default.rego").write_text(
        "package agentgate\n\n"
        'decision := {"action": "ALLOW", "reason": "why not", "matched_rule": "all", "is_write_action": false}\n'
    )
    (policy / "data.json").write_text("{}")
    lax = make_gateway("--policy", str(policy))
    result = run(binary, environment_of(lax), "demo", "--script")
    assert result.returncode == 1
    named = {int(number) for number in re.findall(r"^agentgate: step (\d)", result.stderr, re.MULTILINE)}
    assert named == {2, 3, 4}, result.stderr
    for name in ("Denied unknown tool", "Write requires approval", "Write with approval"):
        assert name in result.stderr
    assert "✗ the policy denies it" in result.stdout


def test_a_paused_gateway_fails_by_name(binary, make_gateway):
    paused = make_gateway()
    paused.admin("POST", "/system/pause", {"reason": "lunch"})
    result = run(binary, environment_of(paused), "demo", "--script")
    assert result.returncode == 1
    assert "step 1, Allowed read: promised that the call is allowed; but: Policy denied: Kill switch: lunch\n" in (
        result.stderr
    )


def test_a_gateway_whose_agents_must_authenticate(binary, make_gateway, tmp_path):
    keys = tmp_path / "agents.json"
    added = run(binary, dict(os.environ), "agents", "add", "demo-agent", "--keys", str(keys))
    strict = make_gateway(AGENTGATE_AGENT_AUTH="required", AGENTGATE_AGENT_KEYS=str(keys))
    refused = run(binary, environment_of(strict), "demo", "--script")
    assert refused.returncode == 1
    assert "step 1, Allowed read: promised that the call is answered; but: status 401" in refused.stderr
    assert "set AGENTGATE_AGENT_TOKEN" in refused.stderr
    token = {"AGENTGATE_AGENT_TOKEN": added.stdout.strip()}
    assert_all_is_kept(run(binary, environment_of(strict) | token, "demo", "--script"))


def test_a_running_gateway_whose_key_is_not_known(binary, gateway, tmp_path):
    result = run(binary, gateway.environment | {"AGENTGATE_STATE_DIR": str(tmp_path)}, "demo", "--script")
    assert result.returncode == 1
    assert "no admin API key" in result.stderr
    assert "1. Allowed read" not in result.stdout


def test_a_url_where_nothing_answers_starts_nothing(binary, alone):
    result = run(binary, alone, "demo", "--script", "--url", f"http://127.0.0.1:{free_port()}")
    assert result.returncode == 1
    assert "no answer" in result.stderr
    assert_nothing_is_left(alone)
    assert run(binary, alone, "demo", "--url", "ftp://x").returncode == 64


def test_a_gateway_that_does_not_start_shows_its_log(binary, alone):
    result = run(binary, alone | {"AGENTGATE_POLICY_PATH": "/nowhere"}, "demo", "--script")
    assert result.returncode == 1
    assert "/nowhere" in result.stderr
    assert "ended while it started" in result.stderr
    assert_nothing_is_left(alone)


class Terminal:
    """The demo under a terminal of its own."""

    def __init__(
        self, binary: pathlib.Path, environment: dict[str, str], folder: pathlib.Path, *arguments: str
    ) -> None:
        self.master, slave = pty.openpty()
        self.text = ""
        self.process = subprocess.Popen(
            [binary, "demo", *arguments], env=environment, cwd=folder, stdin=slave, stdout=slave, stderr=slave
        )
        os.close(slave)

    def read_until(self, wanted: str, seconds: float = 60) -> None:
        """All that is said until this is; or, when it never is, until the end."""
        deadline = time.monotonic() + seconds
        start = len(self.text)
        while wanted not in self.text[start:]:
            assert time.monotonic() < deadline, f"no {wanted!r} in {self.text[start:]!r}"
            if select.select([self.master], [], [], 0.2)[0]:
                try:
                    self.text += os.read(self.master, 65_536).decode(errors="replace")
                except OSError:
                    return

    def end(self) -> int:
        code = self.process.wait(60)
        os.close(self.master)
        return code


def test_a_terminal_has_pauses_and_colours(binary, alone, repo):
    terminal = Terminal(binary, alone, repo)
    for step in STEPS:
        terminal.read_until("press Enter")
        # Nothing goes on before the key.
        assert step not in terminal.text
        os.write(terminal.master, b"\n")
    terminal.read_until("All 6 steps went as promised.")
    assert terminal.end() == 0
    assert "\x1b[32m✓\x1b[0m" in terminal.text
    assert_nothing_is_left(alone)


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_script_in_a_terminal_without_colours(binary, alone, repo, variable, value):
    terminal = Terminal(binary, alone | {variable: value}, repo, "--script")
    terminal.read_until("All 6 steps went as promised.")
    assert terminal.end() == 0
    assert "press Enter" not in terminal.text
    assert "\x1b" not in terminal.text
    assert_nothing_is_left(alone)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing(binary, alone, repo, number):
    terminal = Terminal(binary, alone, repo)
    terminal.read_until("press Enter")
    assert len(processes_with(alone["TMPDIR"])) >= 1
    terminal.process.send_signal(number)
    assert terminal.end() == -number
    assert_nothing_is_left(alone)


@pytest.mark.parametrize("seconds", [0.01, 0.05, 0.1, 0.2, 0.3, 0.5])
def test_a_signal_at_any_time_leaves_nothing(binary, alone, repo, seconds):
    process = subprocess.Popen(
        [binary, "demo", "--script"], env=alone, cwd=repo, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    # Or it was done before.
    assert process.returncode in (-signal.SIGINT, 0), said
    assert "✗" not in said
    assert_nothing_is_left(alone)


# Health


def test_health_of_a_gateway_that_is_well(binary, gateway):
    began = time.monotonic()
    result = run(binary, environment_of(gateway), "health")
    assert time.monotonic() - began < 2
    assert (result.returncode, result.stderr) == (0, "")
    assert re.fullmatch(rf"ok: {gateway.url}, version \S+\n", result.stdout)
    by_url = run(binary, gateway.environment | {"AGENTGATE_PORT": "1"}, "health", "--url", gateway.url)
    assert by_url.returncode == 0


def test_health_of_a_degraded_gateway(binary, make_gateway, repo, tmp_path):
    policy = tmp_path / "policy"
    shutil.copytree(repo / "policies", policy)
    degraded = make_gateway("--policy", str(policy))
    (policy / "default.rego").write_text("package agentgate\n\ndecision := {")
    degraded.admin("POST", "/admin/policies/reload")
    result = run(binary, environment_of(degraded), "health")
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.startswith("degraded: ")
    assert "policy reload_refused" in result.stdout
    assert result.stdout.count("\n") == 1
    assert run(binary, environment_of(degraded), "health", "--live").returncode == 0


def test_health_without_a_gateway(binary, alone):
    for arguments in (["health"], ["health", "--live"]):
        result = run(binary, alone, *arguments)
        assert (result.returncode, result.stderr) == (1, "")
        assert result.stdout.startswith("no answer ")
        assert result.stdout.count("\n") == 1


def test_health_of_a_listener_that_says_nothing(binary, alone):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        port = silent.getsockname()[1]
        result = run(binary, alone | {"AGENTGATE_PORT": str(port)}, "health", "--timeout", "1")
        assert time.monotonic() - began < 5
        assert result.returncode == 1
        assert result.stdout.startswith("no answer ")

"""Runs inside the container of nested_systemd.py, as root: tries the unit out and prints what it saw, as JSON."""

import json
import pathlib
import subprocess
import time
import urllib.error
import urllib.request

SETTINGS = pathlib.Path("/etc/agentgate/agentgate.json")
seen = {}


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)


def properties(*names):
    text = run("systemctl", "show", "agentgate", *(f"--property={name}" for name in names)).stdout
    return dict(line.split("=", 1) for line in text.splitlines())


def fetch(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:8000{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def call(session):
    query = {"query": "SELECT id FROM products LIMIT 1"}
    return fetch("/tools/call", {"session_id": session, "tool_name": "db_query", "arguments": query})


def wait_until_well():
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            health = fetch("/health")
            if health["status"] == "ok":
                return health
        except (OSError, urllib.error.URLError):
            pass
        time.sleep(0.1)
    log = run("journalctl", "--no-pager", "-u", "agentgate").stdout[-3000:]
    raise SystemExit(f"not well: {run('systemctl', 'status', 'agentgate').stdout}\n{log}")


def wait_for_state(*states):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and properties("ActiveState")["ActiveState"] not in states:
        time.sleep(0.1)
    return properties("ActiveState", "Result", "ExecMainStatus", "NRestarts")


for tool, file in [("systemd-sysusers", "sysusers.d"), ("systemd-tmpfiles", "tmpfiles.d")]:
    made = run(tool, *(["--create"] if "tmpfiles" in tool else []), f"/usr/lib/{file}/agentgate.conf")
    if made.returncode != 0:
        raise SystemExit(f"{tool}: {made.stderr}")
seen["settings_mode"] = oct(SETTINGS.stat().st_mode & 0o777)
seen["settings_for_the_user"] = run("runuser", "-u", "agentgate", "--", "cat", str(SETTINGS)).returncode == 0

started = run("systemctl", "start", "agentgate")
if started.returncode != 0:
    raise SystemExit(f"start: {started.stderr}\n{run('journalctl', '--no-pager', '-u', 'agentgate').stdout[-3000:]}")
seen["health"] = wait_until_well()["status"]
pid = properties("MainPID")["MainPID"]
seen["pid"] = pid
seen["user"] = run("ps", "-o", "user=", "-p", pid).stdout.strip()
status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
seen["process"] = {name: status[name].strip() for name in ("NoNewPrivs", "Seccomp", "CapBnd", "CapEff")}
seen["environment_has_key"] = b"key-of-the-test" in pathlib.Path(f"/proc/{pid}/environ").read_bytes()
state = pathlib.Path("/var/lib/agentgate")
seen["state_mode"] = oct(state.stat().st_mode & 0o777)
seen["loose_files"] = [path.name for path in state.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]

seen["call"] = call("one")
as_user = ["runuser", "-u", "agentgate", "--", "env", "AGENTGATE_STATE_DIR=/var/lib/agentgate"]
key = "AGENTGATE_ADMIN_API_KEY=" + json.loads(SETTINGS.read_text())["admin_api_key"]
seen["kill"] = run(*as_user, key, "/usr/local/bin/agentgate", "kill", "session", "one").returncode
seen["killed"] = call("one")

begin = time.monotonic()
run("systemctl", "restart", "agentgate")
seen["restart_seconds"] = time.monotonic() - begin
wait_until_well()
seen["killed_after_restart"] = call("one")

run("systemctl", "kill", "--kill-who=main", "--signal=KILL", "agentgate")
time.sleep(0.5)
wait_until_well()
seen["restarts_after_a_crash"] = properties("NRestarts")["NRestarts"]
seen["killed_after_a_crash"] = call("one")
seen["other_after_a_crash"] = call("two")

begin = time.monotonic()
run("systemctl", "stop", "agentgate")
seen["stop_seconds"] = time.monotonic() - begin
seen["stopped"] = properties("ActiveState", "Result", "ExecMainStatus")
seen["left_behind"] = run("pgrep", "-u", "agentgate", "-a").stdout

settings = json.loads(SETTINGS.read_text())
SETTINGS.write_text(json.dumps(settings | {"port": "none"}))
run("systemctl", "reset-failed", "agentgate")
run("systemctl", "start", "agentgate")
time.sleep(2.5)
seen["refused"] = wait_for_state("failed")
print(json.dumps(seen))

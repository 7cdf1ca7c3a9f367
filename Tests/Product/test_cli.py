"""The command line: every verb's help, the examples in it as they are written, mistakes, and completions."""

from __future__ import annotations

import dataclasses
import http.server
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import threading
import textwrap
from collections.abc import Iterator

import pytest

SECTIONS = ("FORMATS", "FILES", "ENVIRONMENT", "EXIT CODES", "EXAMPLES")

# A server of one tool, for what can be quarantined.
NOTES_SERVER = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    if message["method"] == "initialize":
        result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                  "serverInfo": {"name": "notes", "version": "1"}}
    elif message["method"] == "tools/list":
        result = {"tools": [{"name": "customer", "description": "A customer.", "inputSchema": {"type": "object"}}]}
    else:
        result = {}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"""


@dataclasses.dataclass
class Verb:
    path: tuple[str, ...]
    abstract: str
    discussion: str
    arguments: list[dict]
    subcommands: list[str]

    @property
    def name(self) -> str:
        return " ".join(("agentgate", *self.path))

    def section(self, title: str) -> list[str]:
        """Its lines, without their indent."""
        lines = self.discussion.split("\n")
        if title not in lines:
            return []
        found = []
        for line in lines[lines.index(title) + 1 :]:
            if line in SECTIONS:
                break
            found.append(line)
        return textwrap.dedent("\n".join(found)).strip("\n").split("\n")

    @property
    def examples(self) -> list[str]:
        """Each command, with the lines that it goes on in."""
        text = "\n".join(line for line in self.section("EXAMPLES") if not line.startswith("#"))
        return re.split(r"(?<!\\)\n", text) if text else []

    @property
    def flags(self) -> set[str]:
        return {
            ("--" if name["kind"] == "long" else "-") + name["name"]
            for argument in self.arguments
            for name in argument.get("names", [])
        }


@pytest.fixture(scope="module")
def verbs(binary: pathlib.Path) -> list[Verb]:
    """All of them, the root first."""
    dumped = subprocess.run([binary, "--experimental-dump-help"], capture_output=True, text=True, check=True)

    def walk(command: dict, path: tuple[str, ...]) -> Iterator[Verb]:
        below = [sub for sub in command.get("subcommands", []) if sub["commandName"] != "help"]
        yield Verb(
            path,
            command.get("abstract", ""),
            command.get("discussion", ""),
            command.get("arguments", []),
            [sub["commandName"] for sub in below],
        )
        for sub in below:
            yield from walk(sub, (*path, sub["commandName"]))

    return list(walk(json.loads(dumped.stdout)["command"], ()))


def run(binary: pathlib.Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AGENTGATE_")}
    return subprocess.run(
        [binary, *arguments], env=clean | {"COLUMNS": "80"}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=60,
    )


# Help


def test_all_verbs_are_found(verbs):
    paths = {verb.path for verb in verbs}
    assert {(), ("serve",), ("demo",), ("health",), ("approvals", "watch"), ("completions",)} <= paths
    assert len(paths) > 35


def test_every_verb_has_a_manual_page(verbs):
    missing = []
    for verb in verbs:
        if not re.fullmatch(r"[A-Z].*\.", verb.abstract):
            missing.append(f"{verb.name}: the abstract is no sentence: {verb.abstract!r}")
        if not re.match(r"[A-Z`].*[.:]", verb.discussion.split("\n\n")[0], re.DOTALL):
            missing.append(f"{verb.name}: does not say what it does")
        codes = {int(code) for code in re.findall(r"^(\d+) ", "\n".join(verb.section("EXIT CODES")), re.MULTILINE)}
        # `approvals watch` only ever ends with a problem.
        if not {64} < codes:
            missing.append(f"{verb.name}: exit codes {codes}")
        if not verb.examples:
            missing.append(f"{verb.name}: no example")
        reads_settings = "--state-dir" in verb.flags
        if reads_settings and (78 not in codes or not verb.section("ENVIRONMENT")):
            missing.append(f"{verb.name}: reads settings, and does not say what it reads or that it ends with 78")
        for argument in verb.arguments:
            if not argument.get("abstract"):
                missing.append(f"{verb.name}: {argument.get('valueName') or argument.get('names')} is not described")
    assert missing == []


def test_help_fits_a_terminal_and_says_all(binary, verbs):
    for verb in verbs:
        result = run(binary, *verb.path, "--help")
        assert (result.returncode, result.stderr) == (0, ""), verb.name
        usage = re.compile(r"^USAGE: .*(?:\n       .*)*", re.MULTILINE)
        wide = [line for line in usage.sub("", result.stdout).split("\n") if len(line) > 80]
        assert wide == [], verb.name
        for line in verb.section("EXAMPLES"):
            # Not broken: it can be copied.
            assert f"  {line}\n" in result.stdout, verb.name
        asked = run(binary, "help", *verb.path)
        assert asked.stdout == result.stdout, verb.name


def test_serve_names_every_setting_of_the_readme(verbs, repo):
    text = (repo / "README.md").read_text()
    table = text.split("\n## Settings\n")[1].split("\n## ")[0]
    documented = set(re.findall(r"^\| `(AGENTGATE_\w+)` \|", table, re.MULTILINE))
    assert len(documented) > 20
    pages = {verb.path: "\n".join(verb.section("ENVIRONMENT")) for verb in verbs}
    named = set(re.findall(r"AGENTGATE_\w+", pages[("serve",)] + pages[("mcp",)]))
    assert documented - named == set()


def test_examples_use_flags_that_there_are(verbs):
    by_path = {verb.path: verb for verb in verbs}
    unknown, count = [], 0
    for verb in verbs:
        for example in verb.examples:
            for words in commands(example):
                count += 1
                path: tuple[str, ...] = ()
                for word in words:
                    if (*path, word) not in by_path:
                        break
                    path = (*path, word)
                flags = by_path[path].flags | by_path[(*path, "serve")].flags if not path else by_path[path].flags
                # The original's, which stands for a verb.
                flags |= {"--demo", "--version"} if not path else set()
                unknown += [f"{verb.name}: {word}" for word in words if re.match(r"--?\w", word) and word not in flags]
    assert unknown == []
    assert count > 70


def commands(example: str) -> Iterator[list[str]]:
    """What follows each `agentgate` in a line of shell."""
    lexer = shlex.shlex(example.replace("\\\n", " "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] | None = None
    for word in [*lexer, ";"]:
        if re.fullmatch(r"[|;&<>()]+", word):
            if words is not None:
                yield words
            words = None
        elif word == "agentgate" and words is None:
            words = []
        elif words is not None:
            words.append(word)


# Examples as they are written

GOES_ON = re.compile(r"(AGENTGATE_AGENT_KEYS\S+ )?agentgate( --host .*)?$|.*agentgate (serve|approvals watch)\b|while ")


@pytest.fixture(scope="module")
def bench_folder(binary, tmp_path_factory, repo):
    """A folder as the examples expect it, with a gateway that runs on its `state`."""
    from conftest import Gateway

    folder = tmp_path_factory.mktemp("examples")
    (folder / "bin").mkdir()
    (folder / "bin/agentgate").symlink_to(binary)
    shutil.copytree(repo / "policies", folder / "policies")
    (folder / "conformance").symlink_to(repo / "conformance")
    (folder / "call.json").write_text('{"tool_name": "db_query", "arguments": {}, "session_id": "s"}')
    (folder / "settings.json").write_text('{"host": "127.0.0.1", "policy_path": "policies"}')
    (folder / "tools-list.json").write_text('{"tools": [{"name": "x", "description": "Looks."}]}')
    run(binary, "agents", "add", "somebody", "--id", "other", "--keys", str(folder / "agents.json"))
    (folder / "notes.py").write_text(NOTES_SERVER)
    demo = {"command": str(binary), "args": ["demo-tools", "--folder", str(folder / "tools")]}
    servers = {"mcpServers": {"demo": demo}}
    (folder / "mcp.json").write_text(json.dumps(servers))
    running = Gateway(binary, folder, "--mcp", str(folder / "mcp.json"))
    # A server that wasn't there at the first start: its tool is quarantined.
    running.stop()
    servers["mcpServers"]["notes"] = {"command": "python3", "args": [str(folder / "notes.py")]}
    (folder / "mcp.json").write_text(json.dumps(servers))
    running.start()
    running.call("db_query", {"query": "SELECT 1"}, session="sample")
    (folder / "pack.json").write_text(running.admin("GET", "/sessions/sample/evidence").text)
    (folder / "key.json").write_text(running.get("/.well-known/agentgate-evidence-key").text)
    yield folder, running
    running.stop()


def fresh_id(verb: Verb, running, number: int) -> str:
    """Of what the example is about."""
    if verb.path[0] == "containment":
        return running.admin("POST", f"/sessions/contained-{number}/kill", {}).json["containment_id"]
    answer = running.call(
        "db_insert", {"table": "products", "values": {"name": f"n{number}"}}, session=f"asks-{number}"
    )
    return answer["approval_id"]


@pytest.fixture
def webhook_receiver():
    """Takes whatever it gets."""

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook"
        server.shutdown()


def test_examples_run_as_written(bench_folder, verbs, webhook_receiver):
    folder, running = bench_folder
    environment = running.environment | {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "USER": "ann",
    }
    environment |= {"AGENTGATE_WEBHOOK_URL": webhook_receiver, "AGENTGATE_WEBHOOK_SECRET": "a secret of the tests"}
    failed, count, approved = [], 0, False
    for verb in verbs:
        for example in verb.examples:
            count += 1
            text = example.replace("http://127.0.0.1:8000", running.url)
            if re.search(r"\bID\b", example):
                text = re.sub(r"\bID\b", fresh_id(verb, running, count), text)
            goes_on = GOES_ON.match(example) is not None
            variables = dict(environment)
            if goes_on and "approvals watch" not in example and "heartbeat" not in example:
                # Others may have the port, and a state folder of its own is cleaner.
                text = text.replace("--port 9000", "--port 0")
                variables |= {"AGENTGATE_PORT": "0", "AGENTGATE_STATE_DIR": str(folder / f"state-{count}")}
            code, said = shell(text, variables, folder, seconds=3 if goes_on else 180)
            expected = "still running" if goes_on else 0
            if code == 0 and re.search(r"tools approve", example):
                approved = True
            elif approved and re.search(r"is not quarantined|has no quarantined tool", said):
                # One example has approved what the next is about.
                expected = code
            if code != expected:
                failed.append(f"{verb.name}: {example}\n  ended with {code}: {said[-600:]}")
            for path in ("/sessions/agent-7", "/agents/billing-bot", "/tools/db_insert"):
                running.admin("DELETE", f"{path}/kill")
            running.admin("POST", "/system/resume")
    assert failed == [], "\n".join(failed)
    assert approved
    assert count > 70


def shell(text: str, environment: dict[str, str], folder: pathlib.Path, seconds: float) -> tuple[object, str]:
    process = subprocess.Popen(
        ["bash", "-c", text], env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=seconds)
        return process.returncode, said
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
        return "still running", said


# Mistakes


def test_a_verb_that_there_is_not(binary):
    for word in ("nonsense", "kil", ""):
        result = run(binary, word)
        assert result.returncode == 64
        assert result.stdout == ""
        assert f'There is no verb "{word}"' in result.stderr
        assert "agentgate --help" in result.stderr


def test_a_flag_that_there_is_not(binary, verbs):
    for verb in verbs:
        # With all else that the verb needs.
        words = next(
            (
                words
                for example in verb.examples
                for words in commands(example)
                if tuple(words[: len(verb.path)]) == verb.path
            ),
            list(verb.path),
        )
        result = run(binary, *words, "--nonsense")
        assert result.returncode == 64, verb.name
        assert result.stdout == "", verb.name
        assert "'--nonsense'" in result.stderr, verb.name
        # And where to look it up.
        assert re.search(r"agentgate .*--help", result.stderr), verb.name


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["kill"], "<target>"),
        (["kill", "sesion", "x"], "'session', 'tool', 'agent' or 'all'"),
        (["kill", "session"], "which session"),
        (["health", "--timeout", "0"], "--timeout is from 1 to 60"),
        (["health", "--url", "gateway"], "--url must begin with"),
        (["completions", "tcsh"], "'bash', 'zsh' or 'fish'"),
        (["serve", "--port"], "--port"),
    ],
)
def test_usage_mistakes_say_what_is_wrong(binary, arguments, text):
    result = run(binary, *arguments)
    assert result.returncode == 64
    assert text in result.stderr


def test_the_originals_flags(binary):
    for flag in ("--version", "-v"):
        result = run(binary, flag)
        assert result.returncode == 0
        assert re.fullmatch(r"AgentGate \d+\.\d+\.\d+\n", result.stdout)
    refused = run(binary, "--host", "127.0.0.1", "--port", "x")
    assert refused.returncode == 78
    assert "--port must be a whole number" in refused.stderr


# Completions


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_shells_read_their_completions(binary, verbs, tmp_path, name):
    result = run(binary, "completions", name)
    assert (result.returncode, result.stderr) == (0, "")
    assert run(binary, "--generate-completion-script", name).stdout == result.stdout
    for verb in verbs:
        if len(verb.path) == 1:
            assert verb.path[0] in result.stdout
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed")
    script = tmp_path / "script"
    script.write_text(result.stdout)
    checked = subprocess.run([program, "-n", str(script)], capture_output=True, text=True, timeout=60)
    assert (checked.returncode, checked.stderr) == (0, "")
    script.write_text(result.stdout + "\nif (\n")
    assert subprocess.run([program, "-n", str(script)], capture_output=True, timeout=60).returncode != 0


def test_bash_completes_verbs_flags_and_values(binary, tmp_path):
    (tmp_path / "agentgate").symlink_to(binary)
    script = run(binary, "completions", "bash").stdout

    def completed(*words: str) -> set[str]:
        line = shlex.join(words)
        ask = (
            f"{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; COMP_LINE={shlex.quote(line)}\n"
            f"COMP_POINT=${{#COMP_LINE}}\n_agentgate agentgate {shlex.quote(words[-1])} {shlex.quote(words[-2])}\n"
            'printf "%s\\n" "${COMPREPLY[@]}"\n'
        )
        answer = subprocess.run(
            ["bash", "-c", ask], env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}, capture_output=True,
            text=True, timeout=60,
        )
        return {word.strip() for word in answer.stdout.split("\n")}

    assert {"demo", "demo-tools"} <= completed("agentgate", "dem")
    assert "--script" in completed("agentgate", "demo", "--scr")
    assert {"session"} <= completed("agentgate", "kill", "sess")

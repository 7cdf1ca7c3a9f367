"""The documentation is true: commands run as written, links lead somewhere, JSON, Rego and Python can be read.

What runs are the fenced blocks with the language `sh`: in order, one shell per file, with `set -e`, in a scratch copy
of what a reader's clone has. A gateway serves there on port 8000, as after `make run`. In a block

- `# …` lines directly below a command are what it prints. White space doesn't count, and `…` stands for any text.
- `# …` lines after an empty line, or at the block's start, are remarks.
- `agentgate serve …` is a server: it runs until the next one takes its port.
- `make …` isn't run; its targets have to be in the Makefile.

A comment directly before a block says what else is to be done with it:

    <!-- docs-test: skip REASON -->   it can't run here; the reason has to be given
    <!-- docs-test: file PATH -->     whoever reads on has it as this file
"""

from __future__ import annotations

import ast
import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

REPO = pathlib.Path(__file__).resolve().parents[2]
PORT = 8000
# Of one file's commands.
SECONDS = int(os.environ.get("DOCS_TEST_SECONDS", "300"))
WILDCARD = "…"

FENCE = re.compile(r"^(?P<indent>\s*)(?P<mark>`{3,}|~{3,})\s*(?P<language>[^\s`]*)[^`]*$")
DIRECTIVE = re.compile(r"^\s*<!--\s*docs-test:\s*(?P<text>.*?)\s*-->\s*$")
MAKE = re.compile(r"^make(?P<words>(\s+[\w./=-]+)*)\s*(#.*)?$")
SERVE = re.compile(r"^(\w+=\S*\s+)*(\S*/)?agentgate(\s+--[\w-]+(\s+|=)\S+)*\s+serve\b[^&|;]*$")


# MARK: Reading


@dataclasses.dataclass
class Block:
    """A fenced block."""

    file: pathlib.Path
    # Of the fence's first line, from 1.
    line: int
    language: str
    text: str
    directives: list[str]

    @property
    def place(self) -> str:
        return f"{self.file.relative_to(REPO)}:{self.line}"

    @property
    def skip(self) -> str | None:
        """Why it can't run here; None when it can."""
        return next((text[4:].strip() for text in self.directives if text.split()[:1] == ["skip"]), None)

    @property
    def file_name(self) -> str | None:
        return next((text[4:].strip() for text in self.directives if text.split()[:1] == ["file"]), None)


@dataclasses.dataclass
class Statement:
    """A command of a block, with what it is said to print, or a file that the reader has."""

    place: str
    command: str
    expected: list[str] = dataclasses.field(default_factory=list)
    # Where the command's text goes instead of being run.
    writes: str | None = None


def documents() -> list[pathlib.Path]:
    """What has commands."""
    files = [REPO / "README.md", REPO / "CONTRIBUTING.md"]
    for folder in ("docs", "deploy", "examples"):
        files += sorted((REPO / folder).rglob("*.md"))
    return [file for file in files if file.is_file()]


def lines_outside_fences(text: str) -> Iterator[tuple[int, str]]:
    """With the line's number, from 1."""
    closing: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if closing is None and fence:
            closing = fence["mark"]
        elif closing is not None:
            if line.strip().startswith(closing) and not line.strip().strip(closing[0]):
                closing = None
        else:
            yield number, line


def blocks(file: pathlib.Path) -> list[Block]:
    found: list[Block] = []
    directives: list[str] = []
    lines = file.read_text(encoding="utf-8").splitlines()
    index = 0
    while index < len(lines):
        line = lines[index]
        index += 1
        fence = FENCE.match(line)
        if not fence:
            if directive := DIRECTIVE.match(line):
                directives.append(directive["text"])
            elif line.strip():
                assert not directives, f"{file.relative_to(REPO)}:{index}: no block follows the docs-test comment"
            continue
        first, body, indent = index, [], len(fence["indent"])
        while True:
            assert index < len(lines), f"{file.relative_to(REPO)}:{first}: the block has no end"
            line = lines[index]
            index += 1
            if line.strip().startswith(fence["mark"]) and not line.strip().strip(fence["mark"][0]):
                break
            body.append(line[indent:] if not line[:indent].strip() else line)
        found.append(Block(file, first, fence["language"], "\n".join(body) + "\n", directives))
        directives = []
    assert not directives, f"{file.relative_to(REPO)}: no block follows the last docs-test comment"
    return found


def is_complete(command: str) -> bool:
    """Whether a shell would run it, or wait for the next line."""
    if command.rstrip("\n").endswith("\\"):
        return False
    check = subprocess.run(["bash", "-n"], input=command, capture_output=True, text=True)
    return check.returncode == 0 and "here-document" not in check.stderr


def statements(block: Block) -> list[Statement]:
    found: list[Statement] = []
    pending = ""
    start = 0
    # Whether a comment here is what the last command prints.
    is_output = False
    for offset, line in enumerate(block.text.splitlines(), 1):
        if not pending:
            if not line.strip():
                is_output = False
                continue
            if line.startswith("#"):
                if is_output:
                    found[-1].expected.append(line[1:].removeprefix(" "))
                continue
            start = block.line + offset
        pending += line + "\n"
        if is_complete(pending):
            found.append(Statement(f"{block.file.relative_to(REPO)}:{start}", pending))
            pending, is_output = "", True
    assert not pending, f"{block.file.relative_to(REPO)}:{start}: the command has no end"
    return found


def matches(expected: list[str], printed: str) -> bool:
    """White space doesn't count: docs break lines that programs don't."""
    pattern = ".*".join(re.escape("".join(part.split())) for part in "\n".join(expected).split(WILDCARD))
    return re.fullmatch(pattern, "".join(printed.split()), re.DOTALL) is not None


# MARK: Running

PREAMBLE = r"""
set -e
__docs_begin() { echo "$1" > "$__DOCS/at"; }
__docs_stop() {
  local name="__docs_server_$1"
  [ -n "${!name:-}" ] || return 0
  kill -TERM -- "-${!name}" 2>/dev/null || return 0
  for _ in $(seq 200); do kill -0 "${!name}" 2>/dev/null || break; sleep 0.05; done
  kill -KILL -- "-${!name}" 2>/dev/null || true
  wait "${!name}" 2>/dev/null || true
}
__docs_await() {
  local patience=50 answer
  for _ in $(seq 300); do
    answer=$(curl -s --max-time 5 "http://127.0.0.1:$1/health" || true)
    # Servers of tools take a moment; some that the docs name are nowhere.
    case $answer in '{"status":"ok"'*) return 0 ;; ?*) ((patience--)) || return 0 ;; esac
    kill -0 "$2" 2>/dev/null || break
    sleep 0.1
  done
  echo "the server on port $1 does not answer:"
  tail -5 "$__DOCS/server.log"
  return 1
}
"""


def served_port(command: str) -> int:
    found = re.search(r"--port[ =](\d+)|AGENTGATE_PORT=(\d+)", command)
    return int(found[1] or found[2]) if found else PORT


def script(statements: list[Statement]) -> str:
    parts = [PREAMBLE]
    for number, statement in enumerate(statements):
        command = statement.command
        if SERVE.match(command.strip().replace("\\\n", " ")):
            port = served_port(command)
            command = (
                f"__docs_stop {port}\n__docs_serve() {{\n{command}}}\nset -m\n"
                f'__docs_serve >> "$__DOCS/server.log" 2>&1 < /dev/null &\n__docs_server_{port}=$!\nset +m\n'
                f'__docs_await {port} "$__docs_server_{port}"\n'
            )
        elif make := MAKE.match(command.strip()):
            command = f'make -n -C "$__DOCS_REPO"{make["words"]} > /dev/null\n'
            statement.expected = []
        if statement.writes is not None:
            command = f'mkdir -p "$(dirname {statement.writes})" && cp "$__DOCS/{number}.text" {statement.writes}\n'
        parts.append(f'__docs_begin {number}\n{{\n{command}}} > "$__DOCS/{number}.out" 2>&1\n')
    parts.append("__docs_begin done\n")
    return "".join(parts)


# A network in which port 8000 is free and, where that can be had, an end that no process outlives. Who numbers processes
# anew needs a /proc of its own: the gateway's runtime looks its threads up there.
NAMESPACES = [
    ["unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--"],
    ["unshare", "--user", "--map-root-user", "--net", "--"],
]
LOOPBACK = 'ip link set lo up && exec "$@"'


def isolation() -> list[str]:
    """What to put before a command to have it in a network of its own; empty where that can't be had."""
    for namespace in NAMESPACES:
        prefix = [*namespace, "bash", "-c", LOOPBACK, "bash"]
        try:
            if subprocess.run([*prefix, "true"], capture_output=True, timeout=20).returncode == 0:
                return prefix
        except (OSError, subprocess.TimeoutExpired):
            continue
    return []


def prepare(folder: pathlib.Path, binary: pathlib.Path) -> dict[str, str]:
    """Makes the reader's clone in `folder`; returns the environment."""
    for name in ("policies", "docs", "examples", "deploy"):
        if (REPO / name).is_dir():
            shutil.copytree(REPO / name, folder / name, symlinks=True)
    for name in ("conformance", "scripts", "README.md", "LICENSE", "Makefile"):
        if (REPO / name).exists():
            (folder / name).symlink_to(REPO / name)
    for link in (folder / ".build/release/agentgate", folder / ".docs-test/bin/agentgate"):
        link.parent.mkdir(parents=True)
        link.symlink_to(binary)
    home = folder / ".docs-test/home"
    home.mkdir()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AGENTGATE_")}
    for name in ("MAKEFLAGS", "MAKELEVEL", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        clean.pop(name, None)
    return clean | {
        "PATH": f"{folder / '.docs-test/bin'}:{pathlib.Path(sys.executable).parent}:{os.environ.get('PATH', '')}",
        "HOME": str(home),
        "PYTHONUNBUFFERED": "1",
        "__DOCS": str(folder / ".docs-test"),
        "__DOCS_REPO": str(REPO),
    }


def run(statements: list[Statement], binary: pathlib.Path, folder: pathlib.Path) -> list[str]:
    """Runs all; returns what isn't as the document says, each with its place."""
    environment = prepare(folder, binary)
    work = folder / ".docs-test"
    first = Statement("the gateway that `make run` starts", "agentgate serve\n")
    statements = [first, *statements]
    for number, statement in enumerate(statements):
        if statement.writes is not None:
            (work / f"{number}.text").write_text(statement.command, encoding="utf-8")
    (work / "script").write_text(script(statements), encoding="utf-8")
    prefix = isolation()
    if not prefix:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", PORT)) != 0, (
                f"port {PORT} is taken, and there are no network namespaces here: stop what listens on it"
            )
    process = subprocess.Popen(
        [*prefix, "bash", str(work / "script")], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
    )  # fmt: skip
    try:
        shell, _ = process.communicate(timeout=SECONDS)
        ending = f"exit code {process.returncode}"
    except subprocess.TimeoutExpired:
        shell, ending = "", f"not done after {SECONDS} s"
    finally:
        end_all(process, work)
    reached = (work / "at").read_text().strip() if (work / "at").exists() else "0"
    done = len(statements) if reached == "done" else int(reached)
    problems = []
    for number, statement in enumerate(statements[:done]):
        printed = (work / f"{number}.out").read_text(encoding="utf-8", errors="replace")
        if statement.expected and not matches(statement.expected, printed):
            expected = "\n".join(statement.expected)
            problems.append(f"{statement.place}: prints\n{indented(printed)}\n  and not\n{indented(expected)}")
    if reached != "done":
        output = work / f"{done}.out"
        printed = output.read_text(encoding="utf-8", errors="replace") if output.exists() else ""
        problems.append(f"{statements[done].place}: {ending}\n{indented(printed + shell)}")
    return problems


def end_all(process: subprocess.Popen[str], work: pathlib.Path) -> None:
    """Ends the shell and, where no namespace does it, the servers that it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    # Processes of other groups have the folder's variable in their environment.
    mark = f"__DOCS={work}".encode()
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)
        except (OSError, ValueError):
            continue


def indented(text: str) -> str:
    text = text.rstrip("\n")
    return "\n".join(f"    {line}" for line in (text if len(text) < 6000 else "[…]\n" + text[-6000:]).splitlines())


# MARK: Tests

DOCUMENTS = documents()
BLOCKS = [block for file in DOCUMENTS for block in blocks(file)]
WITH_COMMANDS = [file for file in DOCUMENTS if any(b.file == file and b.language == "sh" for b in BLOCKS)]


def name(file: pathlib.Path) -> str:
    return str(file.relative_to(REPO))


@pytest.mark.parametrize("file", WITH_COMMANDS, ids=name)
def test_commands(file: pathlib.Path, binary: pathlib.Path, tmp_path: pathlib.Path) -> None:
    wanted: list[Statement] = []
    for block in BLOCKS:
        if block.file != file or block.skip is not None:
            continue
        if block.file_name is not None:
            wanted.append(Statement(block.place, block.text, writes=block.file_name))
        elif block.language == "sh":
            wanted += statements(block)
    problems = run(wanted, binary, tmp_path)
    assert not problems, "\n" + "\n".join(problems)


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.skip is not None], ids=lambda block: block.place)
def test_skipped(block: Block) -> None:
    """So that what doesn't run is seen."""
    assert block.skip, f"{block.place}: `docs-test: skip` needs a reason"
    pytest.skip(block.skip)


def test_directives() -> None:
    problems = []
    for block in BLOCKS:
        for text in block.directives:
            if not re.fullmatch(r"skip( .*)?|file [\w./-]+", text):
                problems.append(f"{block.place}: there is no `docs-test: {text}`")
        # `bash` and `shell` would look the same and not be run.
        if block.language.lower() in {"bash", "shell", "console", "shell-session", "zsh"} and block.skip is None:
            problems.append(f"{block.place}: commands are `sh`, so that they are run")
    assert not problems, "\n" + "\n".join(problems)


def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [key for key, _ in pairs]
    assert len(names) == len(set(names)), f"a name stands twice: {names}"
    return dict(pairs)


@pytest.mark.parametrize(
    "block", [b for b in BLOCKS if b.language in {"json", "rego", "python"} and b.skip is None], ids=lambda b: b.place
)
def test_can_be_read(block: Block, binary: pathlib.Path, tmp_path: pathlib.Path) -> None:
    if block.language == "json":
        try:
            json.loads(block.text, object_pairs_hook=unique)
        except (ValueError, AssertionError) as error:
            pytest.fail(f"{block.place}: {error}")
    elif block.language == "python":
        try:
            ast.parse(block.text)
        except SyntaxError as error:
            pytest.fail(f"{block.file.relative_to(REPO)}:{block.line + (error.lineno or 0)}: {error.msg}")
    else:
        module = block.text
        if not re.search(r"^package\s", module, re.MULTILINE):
            module = "package fragment\n" + module
        path = tmp_path / "block.rego"
        path.write_text(module, encoding="utf-8")
        check = subprocess.run([str(binary), "check", str(path)], capture_output=True, text=True)
        assert check.returncode == 0, f"{block.place}: {check.stdout}{check.stderr}"


LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\((?P<target>[^()\s]+)(?:\s+\"[^\"]*\")?\)")
REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s*(?P<target>\S+)", re.MULTILINE)
ATTRIBUTE = re.compile(r"<(?:img|a|source)\b[^>]*?\b(?:src|href|srcset)=\"(?P<target>[^\"\s]+)")
# Not over an empty line.
CODE = re.compile(r"(`+)(?:(?!\1)(?:[^\n]|\n(?!\s*\n)))+\1")


def anchors(file: pathlib.Path) -> set[str]:
    """As GitHub makes them of headings."""
    found: dict[str, int] = {}
    result: set[str] = set()
    for _, line in lines_outside_fences(file.read_text(encoding="utf-8")):
        result.update(re.findall(r"<a\s+(?:id|name)=\"([^\"]+)\"", line))
        heading = re.match(r"^#{1,6}\s+(.*?)\s*#*$", line)
        if not heading:
            continue
        text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading[1])
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        count = found.get(slug, 0)
        found[slug] = count + 1
        result.add(slug if count == 0 else f"{slug}-{count}")
    return result


def links(file: pathlib.Path) -> Iterator[tuple[int, str]]:
    lines = file.read_text(encoding="utf-8").splitlines()
    prose = dict(lines_outside_fences("\n".join(lines)))
    # As one text: a link may go over the end of a line.
    text = "\n".join(prose.get(number, "") for number in range(1, len(lines) + 1))
    text = CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)
    for pattern in (LINK, REFERENCE, ATTRIBUTE):
        for found in pattern.finditer(text):
            yield text.count("\n", 0, found.start("target")) + 1, found["target"]


@pytest.mark.parametrize(
    "file", [*DOCUMENTS, *(f for f in sorted(REPO.glob("*.md")) if f not in DOCUMENTS)], ids=name
)
def test_links(file: pathlib.Path) -> None:
    problems = []
    for line, target in links(file):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (file.parent / path).resolve() if path else file
        place = f"{name(file)}:{line}"
        if not found.exists() or not found.is_relative_to(REPO):
            problems.append(f"{place}: {target} leads nowhere")
        elif anchor and found.suffix == ".md" and anchor not in anchors(found):
            problems.append(f"{place}: {found.relative_to(REPO)} has no heading for #{anchor}")
    assert not problems, "\n" + "\n".join(problems)


def test_make_targets() -> None:
    """Each `make X` in prose or a block can be made."""
    if shutil.which("make") is None:
        pytest.skip("there is no make here")
    named: dict[str, str] = {}
    for file in DOCUMENTS:
        for number, line in lines_outside_fences(file.read_text(encoding="utf-8")):
            for found in re.finditer(r"`make ([a-z][a-z0-9-]*)", line):
                named.setdefault(found[1], f"{name(file)}:{number}")
    for block in BLOCKS:
        commands = block.text if block.language == "sh" else ""
        for found in re.finditer(r"^make ([a-z][a-z0-9-]*)", commands, re.MULTILINE):
            named.setdefault(found[1], block.place)
    problems = []
    for target, place in named.items():
        dry = subprocess.run(["make", "-n", "-C", str(REPO), target], capture_output=True, text=True)
        if dry.returncode != 0:
            problems.append(f"{place}: make {target}: {dry.stderr.strip()}")
        # A phony target without a rule is no error to make.
        elif "Nothing to be done" in dry.stdout:
            problems.append(f"{place}: make {target} has nothing to do: the target has no rule")
    assert not problems, "\n" + "\n".join(problems)


def test_reader_of_statements() -> None:
    """What the tests above stand on."""
    text = 'a "x\n# no comment"  # said\n# out …\n#  put\n\n# remark\nb \\\n  c <<E\n# in\nE\n'
    block = Block(REPO / "README.md", 10, "sh", text, [])
    first, second = statements(block)
    assert (first.place, first.command) == ("README.md:11", 'a "x\n# no comment"  # said\n')
    assert first.expected == ["out …", " put"]
    assert (second.place, second.command) == ("README.md:17", "b \\\n  c <<E\n# in\nE\n")
    assert matches(["a …", " z"], "a b\nc z\n")
    assert not matches(["a …", " z"], "a b\nc\n")
    assert not matches(["a"], "a b")
    assert SERVE.match("X=1 .build/release/agentgate serve --port 9000") and not SERVE.match("agentgate serve & x")

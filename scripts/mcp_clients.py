#!/usr/bin/env python3
"""Compares what MCP clients see of real servers through the gateway with what they see without it, field by field.

mcp-server-time, -git and -fetch (SDK 2, both eras) and mcp-server-sqlite (SDK 1, legacy) run behind one gateway, and
each for itself. The official client, FastMCP's and LangChain's list and call their tools over HTTP and stdio, all
servers at once, and every definition and every result has to be the same but for what ALLOWED names. Prints a table and
what differs; exits with 1 when anything does.

--direct compares two runs without the gateway: what is left then is no work of the gateway's. Standard library only;
the clients are the scripts beside this one, run by the Pythons in --venvs that have their libraries.
"""
from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mcp_gateway import HERE, Gateway
from mcp_wire import JSON, MODERN, table

# What may differ, by the path of a field, and why. The last two only between clients of different eras.
ALLOWED = [
    (re.compile(r"\._meta\..*agentgate"), "the gateway's own entry in _meta"),
    (re.compile(r"\._meta\.io\.modelcontextprotocol/serverInfo"), "the server that answers is the gateway"),
]
ALLOWED_BETWEEN_ERAS = [
    (re.compile(r"^result\.resultType$"), "resultType is of the modern era"),
    (re.compile(r"^result\._meta$"), "an absent _meta"),
]
# What the gateway says of arguments that the tool's schema doesn't allow: the server is never asked.
REFUSED_ARGUMENTS = "Policy denied: Invalid arguments: "
# Tools whose results hold the time of day, and what of it.
CLOCK = {"get_current_time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")}

CLIENTS = {
    "official": ("mcp_client_official.py", "modern", ["auto", "legacy"]),
    "fastmcp": ("mcp_client_fastmcp.py", "fastmcp", ["auto", "legacy"]),
    "langchain": ("mcp_client_langchain.py", "lang", ["legacy"]),
}


class Pages(BaseHTTPRequestHandler):
    """What mcp-server-fetch fetches. /private is closed to robots."""

    def do_GET(self) -> None:
        article = "<article><h1>Ships</h1>" + "".join(
            f"<p>Paragraph {n} tells of <a href='/ship/{n}'>ship {n}</a>, and of wind &amp; <b>weather</b> — at "
            f"length, so that it is taken for the article.</p>" for n in range(40)) + "</article>"
        page = f"<html><head><title>Ships</title></head><body>{article}</body></html>"
        pages = {"/robots.txt": ("text/plain", "User-agent: *\nDisallow: /private\n"),
                 "/page": ("text/html; charset=utf-8", page),
                 "/data.json": ("application/json", '{"ships": 3, "names": ["Erika", "Öland"]}')}
        kind, text = pages.get(self.path, ("text/plain", "not found"))
        self.send_response(200 if self.path in pages else 404)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@dataclass
class World:
    """The folder and the pages that the servers work on. It is made anew before each run, so that runs are alike."""

    folder: str
    pages: str

    @property
    def repository(self) -> str:
        return os.path.join(self.folder, "repository")

    def renew(self) -> None:
        for name in os.listdir(self.folder):
            shutil.rmtree(os.path.join(self.folder, name))
        os.mkdir(self.repository)
        os.mkdir(os.path.join(self.folder, "sqlite"))
        self.write("README.md", "# Ships\n\nThree of them.\n")
        self.write("ships.txt", "Erika\nÖland\n")
        self.git("init", "-q", "-b", "main")
        self.git("add", ".")
        self.git("commit", "-q", "-m", "The first ships")
        self.write("ships.txt", "Erika\nÖland\nVasa\n")
        self.write("new.txt", "new\n")

    def write(self, name: str, text: str) -> None:
        with open(os.path.join(self.repository, name), "w", encoding="utf-8") as file:
            file.write(text)

    @property
    def environment(self) -> dict[str, str]:
        """Fixed dates and names, so that commits have the same hash in every run."""
        return {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_AUTHOR_DATE": "1767323045 +0000",
                "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.com",
                "GIT_COMMITTER_DATE": "1767323045 +0000", "GIT_CONFIG_GLOBAL": "/dev/null", "TZ": "UTC",
                "HOME": self.folder, "LANG": "C.UTF-8", "PYTHONWARNINGS": "ignore", "LOGLEVEL": "ERROR"}

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.repository, env={**os.environ, **self.environment}, check=True)


def servers(world: World, venvs: str) -> JSON:
    modern, legacy = (os.path.join(os.path.abspath(venvs), name, "bin", "python") for name in ("modern", "legacy"))
    env = {**world.environment, "PATH": os.environ["PATH"]}
    return {
        "time": {"command": modern, "args": ["-m", "mcp_server_time", "--local-timezone", "UTC"], "env": env},
        "git": {"command": modern, "args": ["-m", "mcp_server_git", "--repository", world.repository], "env": env},
        "fetch": {"command": modern, "args": ["-m", "mcp_server_fetch", "--allow-private-ips"],
                  # It would have npm install a parser where it finds node.
                  "env": {**env, "PATH": world.folder}},
        "sqlite": {"command": legacy, "args": ["-c", "import mcp_server_sqlite; mcp_server_sqlite.main()", "--db-path",
                                               os.path.join(world.folder, "sqlite", "ships.db")], "env": env},
    }


def calls(world: World) -> dict[str, list[JSON]]:
    """By server, in order: later ones see what earlier ones have done."""
    def of(*pairs: tuple[str, JSON]) -> list[JSON]:
        return [{"tool": tool, "arguments": arguments} for tool, arguments in pairs]

    repository = {"repo_path": world.repository}
    noon = {"source_timezone": "Europe/Berlin", "time": "12:00", "target_timezone": "Asia/Kathmandu"}
    return {
        "time": of(
            ("convert_time", noon), ("convert_time", {**noon, "target_timezone": "Nowhere/Land"}),
            ("convert_time", {**noon, "time": "25:99"}), ("convert_time", {"time": "12:00"}),
            ("get_current_time", {"timezone": "Pacific/Chatham"}), ("get_current_time", {"timezone": ""})),
        "git": of(
            ("git_status", repository), ("git_log", repository), ("git_diff_unstaged", repository),
            ("git_diff_unstaged", {**repository, "context_lines": 0}),
            ("git_add", {**repository, "files": ["ships.txt"]}),
            ("git_add", {**repository, "files": []}), ("git_diff_staged", repository),
            ("git_commit", {**repository, "message": "Vasa – \"gesunken\" \u2028 1628"}), ("git_log", repository),
            ("git_show", {**repository, "revision": "HEAD"}), ("git_show", {**repository, "revision": "nonesuch"}),
            ("git_create_branch", {**repository, "branch_name": "harbour"}),
            ("git_checkout", {**repository, "branch_name": "harbour"}),
            ("git_branch", {**repository, "branch_type": "local"}), ("git_diff", {**repository, "target": "main"}),
            ("git_reset", repository), ("git_status", {"repo_path": "/nonesuch"})),
        "fetch": of(
            ("fetch", {"url": world.pages + "/page"}), ("fetch", {"url": world.pages + "/page", "raw": True}),
            ("fetch", {"url": world.pages + "/page", "max_length": 100, "start_index": 50}),
            ("fetch", {"url": world.pages + "/data.json"}), ("fetch", {"url": world.pages + "/private"}),
            ("fetch", {"url": world.pages + "/nonesuch"}), ("fetch", {"url": "no address"})),
        "sqlite": of(
            ("create_table", {"query": "CREATE TABLE ships (name TEXT, year INTEGER, tons REAL)"}),
            ("write_query", {"query": "INSERT INTO ships VALUES ('Vasa', 1628, 1210.5), ('Öland', NULL, 1e300)"}),
            ("read_query", {"query": "SELECT * FROM ships ORDER BY name"}), ("read_query", {"query": "SELECT FROM"}),
            ("read_query", {"query": "DROP TABLE ships"}), ("list_tables", {}),
            ("describe_table", {"table_name": "ships"}), ("append_insight", {"insight": "Ships sink."}),
            ("describe_table", {})),
    }


def run(args: argparse.Namespace, client: str, mode: str, target: JSON, series: list[list[JSON]]) -> JSON:
    script, venv, _ = CLIENTS[client]
    python = os.path.join(args.venvs, venv, "bin", "python")
    reply = subprocess.run(
        [python, os.path.join(HERE, script)], capture_output=True, text=True, timeout=300,
        input=json.dumps({"target": target, "mode": mode, "series": series}))
    if reply.returncode:
        raise RuntimeError(f"{script} failed:\n{reply.stderr[-4000:]}")
    seen: JSON = json.loads(reply.stdout)
    return seen


@dataclass
class Comparison:
    fields: int = 0
    allowed: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def compare(self, place: str, ours: Any, theirs: Any, are_same_era: bool, path: str = "") -> None:
        """`ours` came through the gateway."""
        if path.endswith("._meta"):
            ours, theirs = ours or {}, theirs or {}
        if isinstance(ours, dict) and isinstance(theirs, dict):
            for key in {**theirs, **ours}:
                self.compare(place, ours.get(key, ABSENT), theirs.get(key, ABSENT), are_same_era,
                             f"{path}.{key}" if path else key)
        elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
            for index, (one, other) in enumerate(zip(ours, theirs)):
                self.compare(place, one, other, are_same_era, f"{path}[{index}]")
        else:
            self.fields += 1
            # 1, 1.0 and true are equal to Python.
            if json.dumps(ours, default=str) != json.dumps(theirs, default=str):
                self.note(place, path, ours, theirs, are_same_era)

    def note(self, place: str, path: str, ours: Any, theirs: Any, are_same_era: bool) -> None:
        if path == "result.content[0].text" and str(ours).startswith(REFUSED_ARGUMENTS):
            self.allowed["arguments that the tool's own schema refuses, refused by the gateway in its words"] += 1
            return
        for pattern, reason in ALLOWED + ([] if are_same_era else ALLOWED_BETWEEN_ERAS):
            if pattern.search(path):
                self.allowed[reason] += 1
                return
        self.differences.append(f"{place}: {path}\n    without: {short(theirs)}\n    through: {short(ours)}")


class Absent:
    def __str__(self) -> str:
        return "(absent)"


ABSENT = Absent()


def short(value: Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) < 400 else text[:400] + "…"


def masked(call: JSON, outcome: Any) -> Any:
    """The outcome with what is the time of day taken out."""
    pattern = CLOCK.get(call["tool"])
    return json.loads(pattern.sub("(time)", json.dumps(outcome))) if pattern else outcome


def is_modern(seen: JSON) -> bool:
    return bool(seen["version"] == MODERN)


def compare(through: JSON, direct: dict[str, JSON], plan: dict[str, list[JSON]]) -> Comparison:
    found = Comparison()
    ours = {tool["name"]: tool for tool in through["tools"]}
    if len(ours) != len(through["tools"]):
        found.differences.append("tools: a name is there twice")
    for server, seen in direct.items():
        for tool in seen["tools"]:
            mine = ours.pop(tool["name"], None)
            if mine is None:
                found.differences.append(f"tool {tool['name']} of {server}: is missing")
            else:
                found.compare(f"tool {tool['name']}", mine, tool, is_modern(seen) == is_modern(through))
    found.differences += [f"tool {name}: no server has it" for name in ours]
    for index, server in enumerate(plan):
        for number, call in enumerate(plan[server]):
            found.compare(
                f"{server} call {number + 1}, {call['tool']} {json.dumps(call['arguments'], ensure_ascii=False)}",
                masked(call, through["results"][index][number]), masked(call, direct[server]["results"][0][number]),
                is_modern(direct[server]) == is_modern(through))
    return found


class Run:
    """One table's worth of comparisons."""

    def __init__(self, args: argparse.Namespace, world: World) -> None:
        self.args, self.world = args, world
        self.servers, self.plan = servers(world, args.venvs), calls(world)
        self.rows: list[list[Any]] = []
        self.allowed: Counter[str] = Counter()
        self.differences: list[str] = []

    def direct(self, client: str, mode: str) -> dict[str, JSON]:
        self.world.renew()
        return {name: run(self.args, client, mode, target, [self.plan[name]]) for name, target in self.servers.items()}

    def add(self, client: str, transport: str, mode: str, through: JSON, direct: dict[str, JSON]) -> None:
        found = compare(through, direct, self.plan)
        self.allowed += found.allowed
        label = f"{client}, {transport}, {mode}"
        self.differences += [f"{label}: {each}" for each in found.differences]
        self.rows.append([client, transport, mode, through["version"] or "", len(through["tools"]),
                          sum(map(len, through["results"])), found.fields, len(found.differences)])
        print(f"{label}: {len(found.differences)} differences in {found.fields} fields", flush=True)

    def twice(self, client: str, mode: str) -> None:
        """Without a gateway: one run of all servers against another."""
        direct, again = self.direct(client, mode), self.direct(client, mode)
        through = {"version": again["time"]["version"],
                   "tools": [tool for each in again.values() for tool in each["tools"]],
                   "results": [each["results"][0] for each in again.values()]}
        self.add(client, "none", mode, through, direct)

    def through(self, gateway: Gateway, client: str, mode: str, direct: dict[str, JSON]) -> None:
        series = list(self.plan.values())
        for transport in self.args.transports:
            # The servers hold neither the repository nor the database open between calls, but their working folder.
            self.world.renew()
            if transport == "http":
                gateway.start()
                target: JSON = {"url": gateway.url}
            else:
                command = gateway.stdio()
                target = {"command": command[0], "args": command[1:], "env": gateway.environment}
            try:
                self.add(client, transport, mode, run(self.args, client, mode, target, series), direct)
            except RuntimeError as error:
                self.differences.append(f"{client}, {transport}, {mode}: {error}")
                self.rows.append([client, transport, mode, "", 0, 0, 0, 1])
            finally:
                gateway.stop()

    def report(self) -> int:
        head = ["client", "transport", "mode", "version", "tools", "calls", "fields", "differences"]
        print("\n" + table(self.rows, head))
        for reason, count in self.allowed.most_common():
            print(f"allowed {count} times: {reason}")
        for each in self.differences:
            print(f"\nDIFFERENCE {each}")
        fields = sum(row[6] for row in self.rows)
        print(f"\n{len(self.rows)} runs, {fields} fields compared, {len(self.differences)} differences")
        return 1 if self.differences or not fields else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/agentgate")
    parser.add_argument("--venvs", default=".build/mcp-venvs", help="the folder that scripts/mcp_venvs makes")
    parser.add_argument("--clients", nargs="+", choices=list(CLIENTS), default=list(CLIENTS))
    parser.add_argument("--transports", nargs="+", choices=["http", "stdio"], default=["http", "stdio"])
    parser.add_argument("--direct", action="store_true", help="without the gateway")
    args = parser.parse_args()
    pages = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    folder = tempfile.mkdtemp(prefix="agentgate-clients-")
    world = World(folder, f"http://127.0.0.1:{pages.server_port}")
    comparisons, gateway = Run(args, world), None
    try:
        for client in args.clients:
            for mode in CLIENTS[client][2]:
                if args.direct:
                    comparisons.twice(client, mode)
                    continue
                direct = comparisons.direct(client, mode)
                if gateway is None:
                    tools = [tool["name"] for each in direct.values() for tool in each["tools"]]
                    gateway = Gateway(args.binary, comparisons.servers, tools)
                comparisons.through(gateway, client, mode, direct)
    finally:
        if gateway is not None:
            gateway.close()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(comparisons.report())


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Lists the functions that every call runs, for the linker to lay them side by side: `make layout`.

valgrind counts which functions run while a client calls a tool over stdio and over HTTP, at servers over stdio and over
HTTP. The names of their sections go to scripts/hot-sections, sorted, so that a later list differs in few lines. A name
that a binary lacks does nothing there: the list may be older than the sources, and then less lies together.

Needs valgrind, objcopy, and a binary with symbols.
"""
from __future__ import annotations

import argparse
import collections
import glob
import os
import re
import subprocess
import sys
import tempfile
import time

from bench_mcp import TOOLS, HTTPPipe, Pipe, Series, StdioPipe
from mcp_gateway import HERE, Gateway, HTTPFixture, fixture
from mcp_wire import JSON

SERVER = "echo"
WARMUP, COUNT = 50, 100
# Between calls the gateway writes down what became of them; that is part of a call, too.
PAUSE = 0.03
# Of calls: what runs less often isn't hot.
SHARE = 0.5


class CountedGateway(Gateway):
    """A gateway that runs under valgrind."""

    def __init__(self, binary: str, upstream: JSON, counts: str) -> None:
        self.counts = counts
        super().__init__(binary, {SERVER: upstream}, [TOOLS[SERVER][0]])

    def arguments(self, verb: str, state: str) -> list[str]:
        return ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--separate-threads=yes", "--demangle=no",
                f"--callgrind-out-file={self.counts}", *super().arguments(verb, state)]


def instrument(process: int, is_on: bool) -> None:
    subprocess.run(["callgrind_control", "-i", "on" if is_on else "off", str(process)], check=True,
                   stdout=subprocess.DEVNULL)


def count(label: str, pipe: Pipe, process: int) -> None:
    """Calls the tool, and lets valgrind count."""
    series = Series.of(pipe, SERVER, WARMUP + COUNT)
    for n in range(WARMUP + COUNT):
        if n == WARMUP:
            instrument(process, True)
        series.step(n)
        time.sleep(PAUSE)
    instrument(process, False)
    series.check(label, SERVER)


def calls_of(counts: str, program: str) -> collections.Counter[str]:
    """How often each function of the program was called, by all threads together."""
    calls: collections.Counter[str] = collections.Counter()
    for path in glob.glob(counts + "-*"):
        # A name is given once, with a number, and is that number from then on; those of files ("ob") and of functions
        # ("fn") are numbered apart. What is called has a "c" before it, and the caller's file unless it says another.
        names: dict[tuple[str, str], str] = {}
        at = {"ob": "", "fn": "", "cob": "", "cfn": ""}
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if match := re.match(r"(c?)(ob|fn)=\((\d+)\)(?: (.*))?$", line):
                    if match[4]:
                        names[match[2], match[3]] = match[4]
                    at[match[1] + match[2]] = names[match[2], match[3]]
                elif match := re.match(r"calls=(\d+) ", line):
                    if (at["cob"] or at["ob"]) == program:
                        # Recursion has marks of its own.
                        calls[at["cfn"].split("'")[0]] += int(match[1])
                    at["cob"] = ""
    return calls


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/agentgate", help="with symbols")
    parser.add_argument("--venvs", default=".build/mcp-venvs", help="the folder that scripts/mcp_venvs makes")
    parser.add_argument("--output", default=os.path.join(HERE, "hot-sections"))
    args = parser.parse_args()
    python = os.path.join(os.path.abspath(args.venvs), "modern", "bin", "python")
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "TZ": "UTC"}
    command = [python, fixture("sdk_server.py"), SERVER]
    over_stdio: JSON = {"command": command[0], "args": command[1:], "env": env}
    hot: set[str] = set()

    def take(label: str, counts: str, program: str) -> None:
        found = {name for name, calls in calls_of(counts, program).items() if calls >= SHARE * COUNT}
        if not found:
            sys.exit(f"{label}: valgrind has counted nothing; has the binary its symbols?")
        print(f"{label}: {len(found)} functions, {len(found - hot)} of them new", file=sys.stderr, flush=True)
        hot.update(found)

    with tempfile.TemporaryDirectory() as work:
        # valgrind can't read all that the compiler says about the source.
        program = os.path.join(work, "agentgate")
        subprocess.run(["objcopy", "--strip-debug", args.binary, program], check=True)

        backend = HTTPFixture(command + ["http"], env)
        for label, upstream in (("HTTP to HTTP", {"url": backend.url}), ("HTTP to stdio", over_stdio)):
            counts = os.path.join(work, label.replace(" ", "-"))
            gateway = CountedGateway(program, upstream, counts)
            try:
                gateway.start(seconds=300)
                assert gateway.process is not None
                pipe = HTTPPipe(gateway.port, {"X-AgentGate-Session": "layout"})
                count(label, pipe, gateway.process.pid)
                pipe.close()
            finally:
                gateway.close()
            take(label, counts, program)
        backend.close()

        counts = os.path.join(work, "stdio")
        gateway = CountedGateway(program, over_stdio, counts)
        try:
            door = StdioPipe(gateway.stdio(), gateway.environment)
            count("stdio to stdio", door, door.process.pid)
            door.close()
        finally:
            gateway.close()
        take("stdio to stdio", counts, program)

    with open(args.output, "w", encoding="utf-8") as file:
        file.writelines(f".text.{name}\n" for name in sorted(hot))
    print(f"{len(hot)} sections: {args.output}")


if __name__ == "__main__":
    main()

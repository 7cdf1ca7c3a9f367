"""What the misbehaving MCP servers of the tests have in common: their log, their tools, and the two eras' envelopes.

`hostile_server.py` serves these tools over stdio and `http_server.py` over Streamable HTTP; each adds the ones that
only its transport can have. Standard library only.
"""
from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

JSON = dict[str, Any]

MODERN = "2026-07-28"
HANDSHAKE = ["2025-11-25", "2025-06-18"]
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
SUBSCRIPTION_KEY = "io.modelcontextprotocol/subscriptionId"

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
HEADER_MISMATCH, UNSUPPORTED_VERSION = -32020, -32022

CAPABILITIES: JSON = {"tools": {"listChanged": True}}
CACHE: JSON = {"ttlMs": 0, "cacheScope": "private"}


class Log:
    """Appends JSON lines to the file that LOG names; without LOG, nothing.

    `at_ns` is CLOCK_MONOTONIC, which all processes of a machine share. A line is one write, so that several servers may
    share a file.
    """

    def __init__(self) -> None:
        path = os.environ.get("LOG")
        self.name = os.environ.get("NAME", "")
        self.fd = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o644) if path else None

    def __call__(self, event: str, **members: Any) -> None:
        if self.fd is None:
            return
        line = {"at_ns": time.monotonic_ns(), "event": event, "server": self.name, "pid": os.getpid(), **members}
        os.write(self.fd, json.dumps(line).encode() + b"\n")


class Call:
    """A `tools/call` in progress. A transport says how a line, or a request of the server's own, goes to the client."""

    def __init__(self, message: JSON, modern: bool, log: Log) -> None:
        self.id: Any = message["id"]
        self.params: JSON = message["params"]
        self.arguments: JSON = self.params.get("arguments") or {}
        self.meta: JSON = self.params.get("_meta") or {}
        self.modern = modern
        self.log = log
        self.cancelled = threading.Event()

    def line(self, text: bytes) -> None:
        """Sends the bytes as one message, whatever they are."""
        raise NotImplementedError

    def ask(self, method: str, params: JSON) -> JSON:
        """A request to the client, of the eras that have them. Its response."""
        raise NotImplementedError

    def changed(self) -> None:
        """Tells the client that the list of tools has changed."""
        raise NotImplementedError

    def number(self, name: str, default: float) -> float:
        return float(self.arguments.get(name, default))

    def send(self, message: JSON) -> None:
        self.line(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def answer(self, text: str, id: Any = None, **structured: Any) -> None:
        """`structured` goes into `structuredContent`, beside the arguments' `tag`."""
        content = {"tag": self.arguments.get("tag"), **structured}
        self.result({"content": [{"type": "text", "text": text}], "structuredContent": content, "isError": False}, id)

    def result(self, result: JSON, id: Any = None) -> None:
        self.log("answer", id=self.id, tag=self.arguments.get("tag"))
        self.send({"id": self.id if id is None else id, "result": completed(result, self.modern)})

    def fail(self, code: int, message: str) -> None:
        self.log("answer", id=self.id, tag=self.arguments.get("tag"), error=code)
        self.send({"id": self.id, "error": {"code": code, "message": message}})

    def stopped(self) -> None:
        self.log("stopped", id=self.id, tag=self.arguments.get("tag"))


Behaviour = Callable[[Call], None]


def completed(result: JSON, modern: bool) -> JSON:
    return {"resultType": "complete", **result} if modern else result


def echo(call: Call) -> None:
    call.answer("echo", arguments=call.arguments)


def sleep(call: Call) -> None:
    """Obeys a cancellation, and then says nothing."""
    if call.cancelled.wait(call.number("seconds", 1)):
        call.stopped()
    else:
        call.answer("slept")


def sleep_answering_cancel(call: Call) -> None:
    """Obeys a cancellation, and answers the cancelled call with an error, which it must not."""
    if call.cancelled.wait(call.number("seconds", 1)):
        call.stopped()
        call.fail(-32800, "cancelled")
    else:
        call.answer("slept")


def stubborn(call: Call) -> None:
    """Ignores a cancellation and answers when it is done."""
    time.sleep(call.number("seconds", 3))
    call.answer("stubborn")


def late(call: Call) -> None:
    """Answers after any deadline."""
    time.sleep(call.number("seconds", 120))
    call.answer("late")


def hang(call: Call) -> None:
    call.cancelled.wait()
    call.stopped()


def crash(call: Call) -> None:
    time.sleep(call.number("delay", 0))
    call.log("exit", code=3)
    os._exit(3)


def flood(call: Call) -> None:
    """Notifications, answers to nobody and junk by the thousand, then the answer."""
    junk = [b"", b"not json", b"[]", b"42", b'{"jsonrpc":"2.0"}', b"\xff\xfe",
            b'{"jsonrpc":"2.0","id":null,"result":{}}']
    for n in range(int(call.number("count", 5000))):
        call.send({"method": "notifications/message", "params": {"level": "info", "data": f"{n} " + "x" * 200}})
        if n % 10 == 0:
            call.line(junk[n // 10 % len(junk)])
            call.send({"id": f"nobody-{n}", "result": {"n": n}})
    call.answer("flooded")


def invalid_json(call: Call) -> None:
    """A line that breaks off, instead of an answer."""
    call.line(f'{{"jsonrpc":"2.0","id":{json.dumps(call.id)},"result":{{"content":['.encode())


def duplicate_key(call: Call) -> None:
    call.line(
        f'{{"jsonrpc":"2.0","id":{json.dumps(call.id)},"result":{{"resultType":"complete","content":[],'
        '"structuredContent":{"path":"/public","path":"/secret"}}}'.encode())


def huge_line(call: Call) -> None:
    """An answer of 100 MB, or of `bytes`, in one line."""
    call.answer("x" * int(call.number("bytes", 100e6)))


def big_result(call: Call) -> None:
    call.answer("x" * int(call.number("bytes", 1e6)))


def wrong_id(call: Call) -> None:
    """Answers to ids that nobody has asked with, and none to the call."""
    for id in (-1, "no such id", 1.5, {"id": call.id}, [call.id], str(call.id) if isinstance(call.id, int) else 0):
        call.send({"id": id, "result": completed({"content": [{"type": "text", "text": "not yours"}]}, call.modern)})


def double_answer(call: Call) -> None:
    call.answer("first")
    call.answer("second")


def progress(call: Call) -> None:
    """Reports `steps` times, when the call has a token, then answers."""
    steps = int(call.number("steps", 3))
    for step in range(1, steps + 1):
        if "progressToken" in call.meta:
            call.send({"method": "notifications/progress", "params": {
                "progressToken": call.meta["progressToken"], "progress": step, "total": steps,
                "message": f"step {step}"}})
        if call.cancelled.wait(call.number("pause", 0)):
            return call.stopped()
    call.answer("done", steps=steps)


def spawn(call: Call) -> None:
    """Starts a process that outlives this one and holds its standard output; `detached` takes it out of the group."""
    child = subprocess.Popen(["sleep", str(call.number("seconds", 600))], stdin=subprocess.DEVNULL,
                             start_new_session=bool(call.arguments.get("detached")))
    call.log("spawned", child=child.pid)
    call.answer("spawned", child=child.pid)


def change(call: Call) -> None:
    call.changed()
    call.answer("changed")


def ask(call: Call) -> None:
    """Asks the client for input in its era's way, and answers with what it got."""
    question = {"message": "Your name?", "requestedSchema": {
        "type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}}
    if not call.modern:
        response = call.ask("elicitation/create", question)
        return call.answer("asked", response=response.get("result"), error=response.get("error"))
    if "inputResponses" in call.params:
        return call.answer("asked", response=call.params["inputResponses"], state=call.params.get("requestState"))
    call.log("answer", id=call.id, tag=call.arguments.get("tag"))
    call.send({"id": call.id, "result": {
        "resultType": "input_required", "requestState": "where it was",
        "inputRequests": {"who": {"method": "elicitation/create", "params": question}}}})


COMMON: list[Behaviour] = [
    echo, sleep, sleep_answering_cancel, stubborn, late, hang, crash, flood, invalid_json, duplicate_key, huge_line,
    big_result, wrong_id, double_answer, progress, spawn, change, ask,
]

NUMBERS = ["seconds", "delay", "count", "bytes", "steps", "pause", "of"]


def definition(behaviour: Behaviour, prefix: str) -> JSON:
    properties: JSON = {name: {"type": "number"} for name in NUMBERS}
    properties["tag"] = {"type": "string"}
    return {"name": prefix + behaviour.__name__, "description": (behaviour.__doc__ or "Answers.").split("\n")[0],
            "inputSchema": {"type": "object", "properties": properties}}


class Tools:
    """The tools to serve: those that are named, else all. PREFIX goes before each name."""

    def __init__(self, behaviours: Iterable[Behaviour], names: list[str]) -> None:
        prefix = os.environ.get("PREFIX", "")
        chosen = [each for each in behaviours if not names or each.__name__ in names]
        self.behaviours: dict[str, Behaviour] = {prefix + each.__name__: each for each in chosen}
        self.definitions: list[JSON] = [definition(each, prefix) for each in chosen]


class Eras:
    """MODE: `modern` serves both eras, `modern-only` and `legacy` the one that they name."""

    def __init__(self) -> None:
        self.mode = os.environ.get("MODE", "modern")
        if self.mode not in ("modern", "modern-only", "legacy"):
            raise SystemExit(f"MODE={self.mode}: must be modern, modern-only or legacy")

    @property
    def supported(self) -> list[str]:
        return {"modern": [MODERN] + HANDSHAKE, "modern-only": [MODERN], "legacy": HANDSHAKE}[self.mode]

    @property
    def info(self) -> JSON:
        return {"name": os.environ.get("NAME") or "hostile", "version": "1"}

    def version(self, message: JSON) -> Any:
        """What the request's `_meta` says; absent without one."""
        params = message.get("params")
        meta = params.get("_meta") if isinstance(params, dict) else None
        return meta.get(VERSION_KEY) if isinstance(meta, dict) else None

    def unsupported(self, version: Any) -> JSON:
        return {"code": UNSUPPORTED_VERSION, "message": "Unsupported protocol version",
                "data": {"supported": self.supported, "requested": version}}

    def envelope_problem(self, message: JSON) -> JSON | None:
        """The error for a modern request whose `_meta` isn't as it must be."""
        if self.mode == "legacy":
            return {"code": METHOD_NOT_FOUND, "message": "Method not found"}
        if self.version(message) != MODERN:
            return self.unsupported(self.version(message))
        if not isinstance(message["params"]["_meta"].get(CAPABILITIES_KEY), dict):
            return {"code": INVALID_PARAMS, "message": f"_meta needs {CAPABILITIES_KEY}"}
        return None

    def discovered(self) -> JSON:
        return {"resultType": "complete", "supportedVersions": self.supported, "capabilities": CAPABILITIES,
                "_meta": {"io.modelcontextprotocol/serverInfo": self.info}, **CACHE}

    def initialized(self, params: JSON) -> JSON:
        asked = params.get("protocolVersion")
        return {"protocolVersion": asked if asked in HANDSHAKE else HANDSHAKE[0], "capabilities": CAPABILITIES,
                "serverInfo": self.info}

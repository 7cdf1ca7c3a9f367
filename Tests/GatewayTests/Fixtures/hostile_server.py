"""An MCP server over stdio whose tools misbehave, for the tests of the gateway. Standard library only.

    LOG=file [MODE=modern|modern-only|legacy] [NAME=name] [PREFIX=text] hostile_server.py [tool …]

It logs what it sees (`behaviours.Log`): `start`, `request` (its method), `call` (id, tool, arguments), `cancelled` (the
`requestId`), `answer`, `stopped` (a call that obeyed a cancellation), `violation` (what a client must not do), `eof`,
`sigterm`, `exit`. With IGNORE_EOF or IGNORE_SIGTERM set it stays when its input ends, or when it is asked to go.
"""
from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from typing import Any

from behaviours import (
    COMMON, INVALID_PARAMS, METHOD_NOT_FOUND, CACHE, JSON, SUBSCRIPTION_KEY, Call, Eras, Log, Tools, completed)

log = Log()
eras = Eras()


class Output:
    """Standard output, a line at a time."""

    def __init__(self) -> None:
        self.lock = threading.RLock()

    def line(self, text: bytes) -> None:
        self.bytes(text + b"\n")

    def bytes(self, text: bytes) -> None:
        with self.lock:
            view = memoryview(text)
            try:
                while view:
                    view = view[os.write(1, view):]
            except OSError:
                log("exit", code=0, reason="the client no longer reads")
                os._exit(0)

    def send(self, message: JSON) -> None:
        self.line(json.dumps({"jsonrpc": "2.0", **message}).encode())


output = Output()


class StdioCall(Call):
    server: Server

    def line(self, text: bytes) -> None:
        output.line(text)

    def ask(self, method: str, params: JSON) -> JSON:
        return self.server.ask(method, params)

    def changed(self) -> None:
        self.server.changed()


def blocking(call: Call) -> None:
    """Blocks the loop that reads, so that nothing else is seen meanwhile."""
    time.sleep(call.number("seconds", 3))
    call.answer("blocked")


def partial_line(call: Call) -> None:
    """Writes half an answer, then nothing for `seconds`, then the rest."""
    text = json.dumps({"jsonrpc": "2.0", "id": call.id, "result": completed({"content": []}, call.modern)}).encode()
    with output.lock:
        output.bytes(text[:len(text) // 2])
        time.sleep(call.number("seconds", 600))
        output.line(text[len(text) // 2:])


class Reversal:
    """Holds calls until there are as many as `of` says, or for two seconds, and answers the last first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.held: list[Call] = []

    def add(self, call: Call) -> None:
        with self.lock:
            self.held.append(call)
            complete = len(self.held) >= call.number("of", 3)
        if complete:
            self.flush()
        else:
            threading.Timer(2, self.flush).start()

    def flush(self) -> None:
        with self.lock:
            calls, self.held = self.held, []
        for position, call in enumerate(reversed(calls)):
            call.answer("reversed", position=position, arguments=call.arguments)


reversal = Reversal()


def out_of_order(call: Call) -> None:
    """Answers calls in reverse."""
    reversal.add(call)


# What runs in the reading loop itself.
IN_LOOP = {blocking}


class Server:
    def __init__(self, names: list[str]) -> None:
        self.tools = Tools([*COMMON, blocking, partial_line, out_of_order], names)
        self.calls: dict[Any, Call] = {}
        self.subscriptions: dict[Any, JSON] = {}
        self.asked: dict[Any, tuple[threading.Event, JSON]] = {}
        self.is_initialized = False

    def serve(self) -> None:
        for line in sys.stdin.buffer:
            try:
                message = json.loads(line)
            except ValueError:
                message = None
            if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
                log("violation", what="no JSON-RPC message", line=line[:200].decode(errors="replace"))
            elif "method" not in message:
                self.take_response(message)
            elif "id" in message:
                self.take_request(message)
            else:
                self.take_notification(message)

    def take_response(self, message: JSON) -> None:
        waiting = self.asked.get(message.get("id"))
        if waiting is None:
            return log("violation", what="response to nothing", id=message.get("id"))
        waiting[1].update(message)
        waiting[0].set()

    def take_notification(self, message: JSON) -> None:
        params = message.get("params") or {}
        if message["method"] == "notifications/cancelled":
            id = params.get("requestId")
            log("cancelled", requestId=id, reason=params.get("reason"), known=id in self.calls)
            if id in self.calls:
                self.calls[id].cancelled.set()
            if self.subscriptions.pop(id, None) is not None:
                output.send({"id": id, "result": {"resultType": "complete", "_meta": {SUBSCRIPTION_KEY: id}}})
        else:
            log("notification", method=message["method"])
            if message["method"] == "notifications/initialized":
                self.is_initialized = True

    def take_request(self, message: JSON) -> None:
        id, method, params = message["id"], message["method"], message.get("params") or {}
        modern = eras.version(message) is not None
        if method != "tools/call":
            log("request", id=id, method=method)
        if method == "initialize":
            if eras.mode == "modern-only":
                output.send({"id": id, "error": eras.unsupported(params.get("protocolVersion"))})
            else:
                output.send({"id": id, "result": eras.initialized(params)})
            return
        if modern and not self.is_initialized:
            problem = eras.envelope_problem(message)
            if problem is not None:
                return output.send({"id": id, "error": problem})
        elif not self.is_initialized and method != "ping":
            log("violation", what="neither initialized nor modern", method=method)
        modern = modern and not self.is_initialized
        if method == "server/discover" and modern:
            output.send({"id": id, "result": eras.discovered()})
        elif method == "ping" and not modern:
            output.send({"id": id, "result": {}})
        elif method == "tools/list":
            tools: JSON = {"tools": self.tools.definitions}
            output.send({"id": id, "result": completed({**tools, **CACHE}, True) if modern else tools})
        elif method == "tools/call":
            self.start(message, modern)
        elif method == "subscriptions/listen" and modern:
            self.listen(id, params)
        else:
            output.send({"id": id, "error": {"code": METHOD_NOT_FOUND, "message": f"Method not found: {method}"}})

    def start(self, message: JSON, modern: bool) -> None:
        call = StdioCall(message, modern, log)
        call.server = self
        name = str(call.params.get("name"))
        behaviour = self.tools.behaviours.get(name)
        if behaviour is None:
            return output.send({"id": call.id, "error": {"code": INVALID_PARAMS, "message": f"Unknown tool: {name}"}})
        if call.id in self.calls:
            log("violation", what="an id in flight twice", id=call.id)
        self.calls[call.id] = call
        log("call", id=call.id, tool=name, tag=call.arguments.get("tag"), arguments=call.arguments)

        def run() -> None:
            try:
                behaviour(call)
            finally:
                self.calls.pop(call.id, None)

        if behaviour in IN_LOOP:
            run()
        else:
            threading.Thread(target=run, daemon=True).start()

    def listen(self, id: Any, params: JSON) -> None:
        self.subscriptions[id] = params.get("notifications") or {}
        output.send({"method": "notifications/subscriptions/acknowledged", "params": {
            "_meta": {SUBSCRIPTION_KEY: id}, "notifications": {
                k: v for k, v in self.subscriptions[id].items() if k == "toolsListChanged"}}})

    def changed(self) -> None:
        method = "notifications/tools/list_changed"
        if self.is_initialized:
            output.send({"method": method})
        for id, wanted in list(self.subscriptions.items()):
            if wanted.get("toolsListChanged"):
                output.send({"method": method, "params": {"_meta": {SUBSCRIPTION_KEY: id}}})

    def ask(self, method: str, params: JSON) -> JSON:
        id = f"asked-{len(self.asked)}"
        done = threading.Event()
        response: JSON = {}
        self.asked[id] = (done, response)
        output.send({"id": id, "method": method, "params": params})
        if not done.wait(60):
            return {"error": {"code": 0, "message": "no response"}}
        return response


def end(*_: Any) -> None:
    log("sigterm")
    if not os.environ.get("IGNORE_SIGTERM"):
        os._exit(0)


def main() -> None:
    signal.signal(signal.SIGTERM, end)
    log("start", mode=eras.mode)
    Server(sys.argv[1:]).serve()
    log("eof")
    if os.environ.get("IGNORE_EOF"):
        while True:
            time.sleep(60)
    os._exit(0)


if __name__ == "__main__":
    main()

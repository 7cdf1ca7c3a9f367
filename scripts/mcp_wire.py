"""MCP on the wire, for the scripts that test the gateway: the eras' messages, and clients over stdio and HTTP.

The clients send and return JSON-RPC messages as they are and hide nothing. Standard library only.
"""
from __future__ import annotations

import http.client
import itertools
import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

JSON = dict[str, Any]

MODERN = "2026-07-28"
LEGACY = ["2025-11-25", "2025-06-18"]
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
META = "io.modelcontextprotocol/"


class NoAnswer(Exception):
    """The peer has closed, or the time is over."""


def envelope(name: str = "scripts", capabilities: JSON | None = None) -> JSON:
    """The `_meta` of a modern request."""
    return {META + "protocolVersion": MODERN, META + "clientInfo": {"name": name, "version": "1"},
            META + "clientCapabilities": capabilities or {}}


def request(id: Any, method: str, params: JSON | None = None, modern: bool = True, client: str = "scripts",
            capabilities: JSON | None = None) -> JSON:
    """A request of its era. A modern one gets its `_meta`, unless `params` has one."""
    params = dict(params or {})
    if modern:
        params["_meta"] = {**envelope(client, capabilities), **params.get("_meta", {})}
    return {"jsonrpc": "2.0", "id": id, "method": method, **({"params": params} if params else {})}


def initialize(id: Any, version: str = LEGACY[0], client: str = "scripts", capabilities: JSON | None = None) -> JSON:
    return request(id, "initialize", {"protocolVersion": version, "capabilities": capabilities or {},
                                      "clientInfo": {"name": client, "version": "1"}}, modern=False)


INITIALIZED: JSON = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def headers_of(message: JSON) -> dict[str, str]:
    """What the body of a modern request says, as headers. Names and URIs here are ASCII."""
    meta = (message.get("params") or {}).get("_meta") or {}
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    if META + "protocolVersion" in meta:
        headers["MCP-Protocol-Version"] = str(meta[META + "protocolVersion"])
        headers["Mcp-Method"] = message["method"]
        if message["method"] in NAMED and NAMED[message["method"]] in message["params"]:
            headers["Mcp-Name"] = message["params"][NAMED[message["method"]]]
    return headers


def events(response: http.client.HTTPResponse) -> Iterator[str]:
    """The `data` of a stream's messages, until it ends."""
    data: list[str] = []
    kind = ""
    for raw in response:
        line = raw.decode().rstrip("\r\n")
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif line.startswith("event:"):
            kind = line[6:].strip()
        elif not line:
            text, is_message = "\n".join(data), kind in ("", "message")
            data, kind = [], ""
            if text and is_message:
                yield text


class HTTPClient:
    """One keep-alive connection to an endpoint; not for two threads at once.

    `seen` gets each message with its direction, `sent` or `received`.
    """

    def __init__(self, url: str, headers: dict[str, str] | None = None, timeout: float = 60,
                 seen: Callable[[str, JSON], None] | None = None) -> None:
        self.url = url
        parts = urlsplit(url)
        self.path = parts.path + ("?" + parts.query if parts.query else "")
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
        self.headers = headers or {}
        self.seen = seen or (lambda direction, message: None)
        self.ids = itertools.count(1)
        self.status = 0
        self.response_headers: dict[str, str] = {}

    def open(self, method: str, body: bytes | None, headers: dict[str, str]) -> http.client.HTTPResponse:
        try:
            self.connection.request(method, self.path, body, {**headers, **self.headers})
            response = self.connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            raise NoAnswer(str(error) or type(error).__name__) from error
        self.status = response.status
        self.response_headers = {name.lower(): value for name, value in response.getheaders()}
        return response

    def post(self, message: JSON, headers: dict[str, str] | None = None) -> Iterator[JSON]:
        """Sends the message, and yields what comes for it: notifications and requests, then the response."""
        self.seen("sent", message)
        response = self.open("POST", json.dumps(message).encode(), {**headers_of(message), **(headers or {})})
        try:
            if self.response_headers.get("content-type", "").startswith("text/event-stream"):
                texts: Iterator[str] = events(response)
            else:
                text = response.read().decode()
                texts = iter([text] if text else [])
            for text in texts:
                received = json.loads(text)
                self.seen("received", received)
                yield received
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.connection.close()
            raise NoAnswer(str(error) or type(error).__name__) from error

    def ask(self, message: JSON, headers: dict[str, str] | None = None) -> JSON:
        """The response to a request; what comes before it goes to `seen` only."""
        for received in self.post(message, headers):
            if "method" not in received and received.get("id") in (message["id"], None):
                response = received
                break
        else:
            raise NoAnswer(f"HTTP {self.status} without a response")
        # A stream ends after its response; what is left must not be taken for the next answer.
        if self.response_headers.get("content-type", "").startswith("text/event-stream"):
            self.connection.close()
        return response

    def request(self, method: str, params: JSON | None = None, modern: bool = True) -> JSON:
        return self.ask(request(next(self.ids), method, params, modern))

    def call(self, tool: str, arguments: JSON, modern: bool = True) -> JSON:
        return self.request("tools/call", {"name": tool, "arguments": arguments}, modern)

    def handshake(self, version: str = LEGACY[0], client: str = "scripts", capabilities: JSON | None = None) -> JSON:
        """Begins a session of the legacy era; later messages carry its headers."""
        response = self.ask(initialize(next(self.ids), version, client, capabilities))
        if "result" in response:
            if "mcp-session-id" in self.response_headers:
                self.headers["Mcp-Session-Id"] = self.response_headers["mcp-session-id"]
            self.headers["MCP-Protocol-Version"] = response["result"]["protocolVersion"]
            list(self.post(INITIALIZED))
        return response

    def close(self) -> None:
        self.connection.close()


class StdioClient:
    """A server process with its pipes. Threads may share it.

    What the server sends without being asked goes to `received`; a request of its own gets the answer that `answer`
    has for it, else an error.
    """

    def __init__(self, command: list[str], env: dict[str, str] | None = None, timeout: float = 60,
                 seen: Callable[[str, JSON], None] | None = None,
                 answer: Callable[[JSON], JSON | None] | None = None) -> None:
        self.timeout = timeout
        self.seen = seen or (lambda direction, message: None)
        self.answer = answer or (lambda message: None)
        self.ids = itertools.count(1)
        self.lock = threading.Lock()
        self.waiting: dict[Any, queue.SimpleQueue[JSON | None]] = {}
        self.received: queue.SimpleQueue[JSON] = queue.SimpleQueue()
        self.junk: list[bytes] = []
        self.process = subprocess.Popen(command, env={**os.environ, **(env or {})}, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                message = json.loads(line)
            except ValueError:
                message = None
            if not isinstance(message, dict):
                self.junk.append(line[:200])
                continue
            self.seen("received", message)
            id = message.get("id")
            waiting = self.waiting.pop(id, None) if "method" not in message and isinstance(id, str | int) else None
            if waiting is not None:
                waiting.put(message)
            else:
                self.received.put(message)
                if "method" in message and "id" in message:
                    self.send({"jsonrpc": "2.0", "id": id, **(self.answer(message) or {
                        "error": {"code": -32601, "message": "Method not found"}})})
        with self.lock:
            left, self.waiting = list(self.waiting.values()), {}
        for each in left:
            each.put(None)

    def send(self, message: JSON) -> None:
        self.seen("sent", message)
        self.write(json.dumps(message).encode() + b"\n")

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        with self.lock:
            try:
                self.process.stdin.write(data)
                self.process.stdin.flush()
            except OSError as error:
                raise NoAnswer(str(error)) from error

    def ask(self, message: JSON, timeout: float | None = None) -> JSON:
        waiting: queue.SimpleQueue[JSON | None] = queue.SimpleQueue()
        self.waiting[message["id"]] = waiting
        self.send(message)
        if not self.reader.is_alive():
            raise NoAnswer("the server has ended")
        try:
            response = waiting.get(timeout=self.timeout if timeout is None else timeout)
        except queue.Empty:
            self.waiting.pop(message["id"], None)
            raise NoAnswer("no answer in time") from None
        if response is None:
            raise NoAnswer("the server has ended")
        return response

    def request(self, method: str, params: JSON | None = None, modern: bool = True) -> JSON:
        return self.ask(request(next(self.ids), method, params, modern))

    def call(self, tool: str, arguments: JSON, modern: bool = True) -> JSON:
        return self.request("tools/call", {"name": tool, "arguments": arguments}, modern)

    def handshake(self, version: str = LEGACY[0], client: str = "scripts", capabilities: JSON | None = None) -> JSON:
        response = self.ask(initialize(next(self.ids), version, client, capabilities))
        if "result" in response:
            self.send(INITIALIZED)
        return response

    def close(self) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.close()
        except OSError:
            pass
        deadline = time.monotonic() + 5
        while self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def quantile(values: list[float], part: float) -> float:
    """The value that `part` of them don't exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


def table(rows: list[list[Any]], head: list[str]) -> str:
    """A Markdown table; numbers are set right."""
    right = [all(isinstance(row[i], int | float) for row in rows) for i in range(len(head))]
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join("---:" if each else "---" for each in right) + "|"]
    return "\n".join(lines + ["| " + " | ".join(str(value) for value in row) + " |" for row in rows])

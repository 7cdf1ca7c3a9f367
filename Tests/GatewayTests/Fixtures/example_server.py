"""An MCP server that answers as a file says and records every message, over stdio or, with `http`, Streamable HTTP.

    ANSWERS=file RECORD=file [MODE=modern|modern-only|legacy] [NAME=name] example_server.py [http]

ANSWERS has {method: {"result": …} or {"error": …}} and is read anew for each request. `"before"`: notifications that a
call with a progress token or a log level gets first; `"asks"`: requests that it sends to a client of the legacy era,
whose responses it waits for. Lists come in two pages, the second empty. RECORD gets a JSON line for each message:
`direction` (`received` or `sent`), `version`, `connection`, `headers` over HTTP. Standard library only.
"""
from __future__ import annotations

import json
import os
import sys
import threading
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from behaviours import CACHE, JSON, METHOD_NOT_FOUND, MODERN, SUBSCRIPTION_KEY, Eras, completed

CAPABILITIES: JSON = {"tools": {"listChanged": True}, "resources": {"listChanged": True, "subscribe": True},
                      "prompts": {"listChanged": True}, "completions": {}, "logging": {}}
ITEMS = {"tools/list": "tools", "prompts/list": "prompts", "resources/list": "resources",
         "resources/templates/list": "resourceTemplates"}
MODERN_ONLY = ("resultType", "ttlMs", "cacheScope")
EMPTY = ("ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe")

Send = Callable[[JSON], None]
eras = Eras()


class Record:
    def __init__(self) -> None:
        self.fd = os.open(os.environ["RECORD"], os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o644)

    def __call__(
            self, direction: str, connection: str, version: Any, message: JSON, headers: JSON | None = None) -> None:
        line = {"server": eras.info["name"], "connection": connection, "direction": direction, "version": version,
                "message": message, "headers": headers}
        os.write(self.fd, json.dumps(line).encode() + b"\n")


record = Record()


def answers() -> JSON:
    with open(os.environ["ANSWERS"], encoding="utf-8") as file:
        found: JSON = json.load(file)
    return found


class Server:
    """What is the same over both transports."""

    def __init__(self) -> None:
        self.asked: dict[str, threading.Event] = {}

    def take_response(self, message: JSON) -> None:
        if message.get("id") in self.asked:
            self.asked[message["id"]].set()

    def respond(self, message: JSON, modern: bool, send: Send) -> None:
        """Sends what the request gets, the response last. A subscription has none."""
        id, method, params = message["id"], message["method"], message.get("params") or {}

        def result(value: JSON) -> None:
            plain = {k: v for k, v in value.items() if k not in MODERN_ONLY}
            send({"jsonrpc": "2.0", "id": id, "result": value if modern else plain})

        if method == "server/discover" and modern:
            result({**eras.discovered(), "capabilities": CAPABILITIES})
        elif method == "initialize" and not modern:
            result({**eras.initialized(params), "capabilities": CAPABILITIES})
        elif method == "subscriptions/listen" and modern:
            send({"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged", "params": {
                "_meta": {SUBSCRIPTION_KEY: id}, "notifications": params.get("notifications") or {}}})
        elif method in EMPTY and not modern:
            result({})
        elif method in ITEMS and "cursor" in params:
            result(completed({ITEMS[method]: [], **CACHE}, True))
        else:
            self.answer(message, answers(), modern, send, result)

    def answer(self, message: JSON, known: JSON, modern: bool, send: Send, result: Callable[[JSON], None]) -> None:
        params = message.get("params") or {}
        meta = params.get("_meta") or {}
        answer = known.get(message["method"])
        if answer is None:
            error = {"code": METHOD_NOT_FOUND, "message": f"Method not found: {message['method']}"}
            return send({"jsonrpc": "2.0", "id": message["id"], "error": error})
        if message["method"] == "tools/call":
            for notification in known.get("before", []):
                self.notify(notification, meta, modern, send)
            for request in [] if modern else known.get("asks", []):
                if not self.ask(request, send):
                    break
        if "error" in answer:
            send({"jsonrpc": "2.0", "id": message["id"], "error": answer["error"]})
        else:
            result(answer["result"])

    def notify(self, notification: JSON, meta: JSON, modern: bool, send: Send) -> None:
        params = dict(notification["params"])
        if notification["method"] == "notifications/progress":
            if "progressToken" not in meta:
                return
            params["progressToken"] = meta["progressToken"]
        elif modern and "io.modelcontextprotocol/logLevel" not in meta:
            return
        send({"jsonrpc": "2.0", "method": notification["method"], "params": params})

    def ask(self, request: JSON, send: Send) -> bool:
        """Whether there was a response in time."""
        id = f"asked-{uuid.uuid4()}"
        self.asked[id] = threading.Event()
        send({"jsonrpc": "2.0", "id": id, **request})
        return self.asked[id].wait(5)


server = Server()


class Stdio:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.connection = uuid.uuid4().hex
        self.version: Any = None

    def send(self, message: JSON) -> None:
        record("sent", self.connection, self.version, message)
        with self.lock:
            sys.stdout.write(json.dumps(message) + "\n")
            sys.stdout.flush()

    def serve(self) -> None:
        for line in sys.stdin.buffer:
            message = json.loads(line)
            version = eras.version(message)
            self.version = version or self.version
            if message.get("method") == "initialize":
                self.version = eras.initialized(message["params"])["protocolVersion"]
            record("received", self.connection, self.version, message)
            if "method" not in message:
                server.take_response(message)
            elif "id" in message:
                self.start(message)
            elif message["method"] == "notifications/cancelled" and self.version == MODERN:
                self.close(message["params"]["requestId"])

    def start(self, message: JSON) -> None:
        modern = eras.version(message) is not None
        problem = eras.envelope_problem(message) if modern else None
        if problem is not None:
            return self.send({"jsonrpc": "2.0", "id": message["id"], "error": problem})
        threading.Thread(target=server.respond, args=(message, modern, self.send), daemon=True).start()

    def close(self, id: Any) -> None:
        """A subscription's end is the only response to a cancellation; other requests here are over by then."""
        if isinstance(id, str | int):
            self.send({"jsonrpc": "2.0", "id": id, "result": completed({"_meta": {SUBSCRIPTION_KEY: id}}, True)})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        self.version = eras.version(message) or self.headers.get("MCP-Protocol-Version")
        if message.get("method") == "initialize":
            self.version = eras.initialized(message["params"])["protocolVersion"]
        self.session = self.headers.get("Mcp-Session-Id") or uuid.uuid4().hex
        self.is_streaming = False
        headers = {name.lower(): value for name, value in self.headers.items()}
        record("received", self.session, self.version, message,
               {name: value for name, value in headers.items() if name.startswith(("mcp-", "accept", "content-type"))})
        if "method" not in message or "id" not in message:
            server.take_response(message)
            return self.empty(202)
        modern = self.version == MODERN
        problem = eras.envelope_problem(message) if modern else None
        if problem is not None:
            return self.send({"jsonrpc": "2.0", "id": message["id"], "error": problem})
        server.respond(message, modern, self.send)
        if message["method"] == "subscriptions/listen":
            # Until the client closes.
            while self.is_streaming and self.connection.recv(4096):
                pass
            self.close_connection = True
        elif self.is_streaming:
            self.wfile.write(b"0\r\n\r\n")

    def empty(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send(self, message: JSON) -> None:
        """The response alone as JSON; a stream when something comes before it."""
        record("sent", self.session, self.version, message)
        text = json.dumps(message).encode()
        if not self.is_streaming:
            is_stream = "method" in message
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream" if is_stream else "application/json")
            if message.get("result", {}).get("protocolVersion"):
                self.send_header("Mcp-Session-Id", self.session)
            self.send_header(*(("Transfer-Encoding", "chunked") if is_stream else ("Content-Length", str(len(text)))))
            self.end_headers()
            if not is_stream:
                self.wfile.write(text)
                return
            self.is_streaming = True
        event = b"event: message\r\ndata: " + text + b"\r\n\r\n"
        self.wfile.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")

    def do_GET(self) -> None:
        self.empty(405)

    def do_DELETE(self) -> None:
        self.empty(204)


class HTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main() -> None:
    if "http" not in sys.argv[1:]:
        return Stdio().serve()
    http = HTTPServer(("127.0.0.1", 0), Handler)
    print(json.dumps({"port": http.server_port}), flush=True)
    http.serve_forever()


if __name__ == "__main__":
    main()

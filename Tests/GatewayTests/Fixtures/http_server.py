"""An MCP server over Streamable HTTP whose tools misbehave, for the tests of the gateway. Standard library only.

    LOG=file [MODE=modern|modern-only|legacy] [ANSWERS=sse|json] [NAME=name] [PREFIX=text] http_server.py [tool …]

PORT is the port on 127.0.0.1, else any; the first line of output is {"port": …}. `/mcp` serves; `/<status>` refuses
with that HTTP status, `/redirect?to=URL[&status=307]` redirects, `/html` answers with a page, `/silence` never.

It logs as `hostile_server.py` does, and `session` (a session id minted), `deleted`, `headers` (those of MCP, of each
call), and `disconnected`: the client has closed before the answer; in the modern era that is `cancelled`, too.
"""
from __future__ import annotations

import base64
import json
import os
import queue
import select
import socket
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from behaviours import (
    CACHE, COMMON, HANDSHAKE, HEADER_MISMATCH, INVALID_PARAMS, INVALID_REQUEST, JSON, METHOD_NOT_FOUND, MODERN,
    PARSE_ERROR, SUBSCRIPTION_KEY, Call, Eras, Log, Tools, completed)

log = Log()
eras = Eras()
answers_sse = os.environ.get("ANSWERS", "sse") == "sse"

STATUS = {PARSE_ERROR: 400, INVALID_REQUEST: 400, INVALID_PARAMS: 400, HEADER_MISMATCH: 400, -32022: 400,
          METHOD_NOT_FOUND: 404}


class HTTPCall(Call):
    handler: Handler

    def line(self, text: bytes) -> None:
        self.handler.message(text)

    def ask(self, method: str, params: JSON) -> JSON:
        return state.ask(self, method, params)

    def changed(self) -> None:
        state.changed()


def region(call: Call) -> None:
    """Has parameters that are mirrored in headers; a call whose headers differ is refused before."""
    call.answer("region", arguments=call.arguments)


def slow_body(call: Call) -> None:
    """The answer, a few bytes at a time for `seconds`."""
    text = json.dumps({"jsonrpc": "2.0", "id": call.id, "result": completed(
        {"content": [{"type": "text", "text": "slow"}]}, call.modern)}).encode()
    handler = handler_of(call)
    handler.head(200, "application/json", {"Content-Length": str(len(text))})
    for start in range(0, len(text), 8):
        handler.write(text[start:start + 8])
        time.sleep(call.number("seconds", 2) / (len(text) / 8))


def cut_stream(call: Call) -> None:
    """A stream that breaks off in the middle of the answer."""
    handler = handler_of(call)
    if answers_sse:
        handler.message(b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"soon"}}')
        handler.write(b'17\r\ndata: {"jsonrpc":"2.0",')
    else:
        handler.head(200, "application/json", {"Content-Length": "1000"})
        handler.write(b'{"jsonrpc":"2.0",')
    handler.cut()


def junk_sse(call: Call) -> None:
    """Comments, unknown fields and events, ids, JSON that is no message, all three line ends and data over several lines,
    around the answer."""
    handler = handler_of(call)
    handler.head(200, "text/event-stream; charset=utf-8", {"Transfer-Encoding": "chunked"})
    text = json.dumps({"jsonrpc": "2.0", "id": call.id, "result": completed(
        {"content": [{"type": "text", "text": "junk"}]}, call.modern)}, indent=1)
    handler.chunk(b"\xef\xbb\xbf: comment\r\n\r\nretry: 10\r\nid: 7\r\ndata:\r\n\r\n")
    handler.chunk(b"event: unknown\ndata: {}\n\nfoo: bar\rdata\r\r")
    handler.chunk(b"".join(b"data: " + value + b"\n\n" for value in (b"7", b"[]", b"{}", b'"text"', b"not JSON")))
    handler.chunk(("event: message\n" + "\n".join("data: " + line for line in text.split("\n")) + "\n\n").encode())
    handler.finish()


def status(call: Call) -> None:
    """Answers with the HTTP status that `status` says, and a page."""
    handler_of(call).page(int(call.number("status", 500)))


def accepted(call: Call) -> None:
    """Answers 202 to a call, as if it were a notification."""
    handler_of(call).empty(202)


def wrong_type(call: Call) -> None:
    handler_of(call).page(200)


def handler_of(call: Call) -> Handler:
    assert isinstance(call, HTTPCall)
    return call.handler


OWN = [region, slow_body, cut_stream, junk_sse, status, accepted, wrong_type]
MIRRORED: JSON = {"region": {"type": "string", "x-mcp-header": "Region"},
                  "count": {"type": "integer", "x-mcp-header": "Count"},
                  "dry": {"type": "boolean", "x-mcp-header": "Dry-Run"}}


class State:
    """What the connections share."""

    def __init__(self, names: list[str]) -> None:
        self.tools = Tools([*COMMON, *OWN], names)
        self.mirrored = {name for name, each in self.tools.behaviours.items() if each is region}
        for tool in self.tools.definitions:
            if tool["name"] in self.mirrored:
                tool["inputSchema"]["properties"].update(MIRRORED)
            if tool["name"].endswith("status"):
                tool["inputSchema"]["properties"]["status"] = {"type": "integer"}
        self.lock = threading.Lock()
        self.sessions: set[str] = set()
        self.calls: dict[tuple[str | None, Any], Call] = {}
        self.streams: list[queue.SimpleQueue[bytes | None]] = []
        self.asked: dict[Any, tuple[threading.Event, JSON]] = {}

    def changed(self) -> None:
        with self.lock:
            streams = list(self.streams)
        for stream in streams:
            stream.put(b"changed")

    def ask(self, call: Call, method: str, params: JSON) -> JSON:
        id = f"asked-{uuid.uuid4()}"
        done = threading.Event()
        response: JSON = {}
        self.asked[id] = (done, response)
        call.send({"id": id, "method": method, "params": params})
        if not answers_sse or not done.wait(60):
            return {"error": {"code": 0, "message": "no response"}}
        return response


def decoded(value: str) -> str | None:
    """A header's value: plain, or `=?base64?…?=`. Absent when it is neither."""
    if not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    try:
        return base64.b64decode(value[9:-2], validate=True).decode()
    except ValueError:
        return None


def is_unasked(text: bytes) -> bool:
    """Whether it is a notification or a request, for which a body of JSON has no place."""
    try:
        message = json.loads(text)
    except ValueError:
        return False
    return isinstance(message, dict) and "method" in message


def mirror(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        pass

    # Answers

    def begin(self) -> None:
        self.has_answered, self.is_streaming, self.is_modern = False, False, False
        self.lines: list[bytes] = []

    def write(self, data: bytes) -> None:
        try:
            self.wfile.write(data)
        except OSError:
            self.close_connection = True

    def head(self, code: int, content_type: str | None, headers: dict[str, str] | None = None) -> None:
        self.has_answered = True
        self.send_response(code)
        if content_type:
            self.send_header("Content-Type", content_type)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        try:
            self.end_headers()
        except OSError:
            self.close_connection = True

    def empty(self, code: int, headers: dict[str, str] | None = None) -> None:
        self.head(code, None, {"Content-Length": "0", **(headers or {})})

    def body(self, code: int, text: bytes, content_type: str = "application/json",
             headers: dict[str, str] | None = None) -> None:
        self.head(code, content_type, {"Content-Length": str(len(text)), **(headers or {})})
        self.write(text)

    def page(self, code: int) -> None:
        self.body(code, b"<html><body>not MCP</body></html>", "text/html")

    def reply(self, message: JSON, headers: dict[str, str] | None = None) -> None:
        """One response, as JSON. Its error decides on the HTTP status in the modern era."""
        code = STATUS.get(message["error"]["code"], 200) if "error" in message and self.is_modern else 200
        self.body(code, json.dumps({"jsonrpc": "2.0", **message}).encode(), headers=headers)

    def chunk(self, data: bytes) -> None:
        self.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def finish(self) -> None:
        self.write(b"0\r\n\r\n")

    def cut(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def message(self, text: bytes) -> None:
        """A call's line: an event of the stream, or a line of the body, which has no notifications."""
        if answers_sse:
            if not self.has_answered:
                self.head(200, "text/event-stream", {"Transfer-Encoding": "chunked"})
            self.is_streaming = True
            self.chunk(b"data: " + text + b"\n\n")
        elif not is_unasked(text):
            self.lines.append(text)

    def end(self) -> None:
        """After a call's last line."""
        if self.is_streaming and not self.close_connection:
            self.finish()
        elif self.lines:
            self.body(200, b"\n".join(self.lines))
        elif not self.has_answered:
            # A stopped call has no answer.
            self.cut()

    # Requests

    def do_POST(self) -> None:
        self.begin()
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self.is_at_home():
            return
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            log("violation", what="no JSON object in a POST")
            return self.reply({"id": None, "error": {"code": PARSE_ERROR, "message": "Parse error"}})
        accept = self.headers.get("Accept", "")
        if "application/json" not in accept or "text/event-stream" not in accept:
            log("violation", what="Accept must name application/json and text/event-stream", accept=accept)
            return self.page(406)
        # A version of the modern era is in both the header and the body; `initialize` has none in either.
        self.is_modern = eras.version(message) is not None or self.headers.get("MCP-Protocol-Version") == MODERN
        if self.is_modern:
            self.take_modern(message)
        else:
            self.take_legacy(message)

    def is_at_home(self) -> bool:
        """Whether the path is `/mcp`; else it has been answered."""
        url = urlsplit(self.path)
        name = url.path.lstrip("/")
        if name == "mcp":
            return True
        log("request", path=self.path, authorization=self.headers.get("Authorization") is not None)
        if name == "silence":
            time.sleep(600)
            self.cut()
        elif name == "redirect":
            query = parse_qs(url.query)
            self.empty(int(query.get("status", ["307"])[0]), {"Location": query.get("to", ["/mcp"])[0]})
        elif name == "401":
            self.empty(401, {"WWW-Authenticate": 'Bearer resource_metadata="/.well-known/oauth-protected-resource"'})
        else:
            self.page(200 if name == "html" else int(name) if name.isdigit() else 404)
        return False

    def take_modern(self, message: JSON) -> None:
        id, method, params = message.get("id"), message.get("method"), message.get("params") or {}
        if "id" not in message:
            log("violation", what="a notification in the modern era", method=method)
            return self.empty(202)
        problem = eras.envelope_problem(message) or self.header_problem(method, params, eras.version(message))
        if problem is not None:
            return self.reply({"id": id, "error": problem})
        if self.headers.get("Mcp-Session-Id"):
            log("violation", what="a session id in the modern era")
        if method == "tools/call":
            return self.call(message, None)
        log("request", id=id, method=method)
        if method == "server/discover":
            self.reply({"id": id, "result": eras.discovered()})
        elif method == "tools/list":
            self.reply({"id": id, "result": completed({"tools": state.tools.definitions, **CACHE}, True)})
        elif method == "subscriptions/listen":
            self.listen(id, params)
        else:
            self.reply({"id": id, "error": {"code": METHOD_NOT_FOUND, "message": f"Method not found: {method}"}})

    def header_problem(self, method: Any, params: JSON, version: Any) -> JSON | None:
        expected = {"MCP-Protocol-Version": version, "Mcp-Method": method}
        if method in ("tools/call", "prompts/get"):
            expected["Mcp-Name"] = params.get("name")
        if method == "resources/read":
            expected["Mcp-Name"] = params.get("uri")
        if method == "tools/call" and params.get("name") in state.mirrored:
            arguments = params.get("arguments") or {}
            for name, schema in MIRRORED.items():
                value = arguments.get(name)
                expected["Mcp-Param-" + schema["x-mcp-header"]] = None if value is None else mirror(value)
        for name, value in expected.items():
            found = self.headers.get_all(name) or []
            if [decoded(each) for each in found] != ([] if value is None else [value]):
                log("violation", what=f"header {name}", found=found, expected=value)
                return {"code": HEADER_MISMATCH, "message": f"Header mismatch: {name}"}
        return None

    def take_legacy(self, message: JSON) -> None:
        id, method, params = message.get("id"), message.get("method"), message.get("params") or {}
        if eras.mode == "modern-only":
            return self.reply({"id": id, "error": eras.unsupported(params.get("protocolVersion"))})
        if method == "initialize":
            session = uuid.uuid4().hex
            state.sessions.add(session)
            log("session", session=session)
            return self.reply({"id": id, "result": eras.initialized(params)}, {"Mcp-Session-Id": session})
        found = self.session()
        if found is None:
            return
        if self.headers.get("MCP-Protocol-Version") not in HANDSHAKE:
            log("violation", what="MCP-Protocol-Version", found=self.headers.get("MCP-Protocol-Version"))
        if method is None:
            self.take_response(message)
        elif "id" not in message:
            self.take_notification(found, method, params)
        elif method == "tools/call":
            self.call(message, found)
        else:
            log("request", id=id, method=method)
            if method == "ping":
                self.reply({"id": id, "result": {}})
            elif method == "tools/list":
                self.reply({"id": id, "result": {"tools": state.tools.definitions}})
            else:
                self.reply({"id": id, "error": {"code": METHOD_NOT_FOUND, "message": f"Method not found: {method}"}})

    def session(self) -> str | None:
        """The request's session. Absent when there is none such, and it has been answered."""
        session = self.headers.get("Mcp-Session-Id")
        if session in state.sessions:
            return session
        log("unknown session", session=session)
        self.body(400 if session is None else 404, json.dumps({"jsonrpc": "2.0", "id": None, "error": {
            "code": INVALID_REQUEST, "message": "Session not found"}}).encode())
        return None

    def take_response(self, message: JSON) -> None:
        waiting = state.asked.get(message.get("id"))
        if waiting is None:
            log("violation", what="response to nothing", id=message.get("id"))
        else:
            waiting[1].update(message)
            waiting[0].set()
        self.empty(202)

    def take_notification(self, session: str, method: str, params: JSON) -> None:
        if method == "notifications/cancelled":
            call = state.calls.get((session, params.get("requestId")))
            log("cancelled", requestId=params.get("requestId"), reason=params.get("reason"), known=call is not None)
            if call is not None:
                call.cancelled.set()
        else:
            log("notification", method=method)
        self.empty(202)

    # Calls

    def call(self, message: JSON, session: str | None) -> None:
        call = HTTPCall(message, self.is_modern, log)
        call.handler = self
        name = str(call.params.get("name"))
        behaviour = state.tools.behaviours.get(name)
        if behaviour is None:
            return self.reply({"id": call.id, "error": {"code": INVALID_PARAMS, "message": f"Unknown tool: {name}"}})
        log("call", id=call.id, tool=name, tag=call.arguments.get("tag"), arguments=call.arguments)
        log("headers", id=call.id, headers={k: v for k, v in self.headers.items() if k.lower().startswith("mcp-")})
        log("credentials", id=call.id, tag=call.arguments.get("tag"), authorization=self.headers.get("Authorization"),
            meta={k: v for k, v in call.meta.items() if k.startswith("com.example/")})
        key = (session, call.id)
        if session is not None:
            state.calls[key] = call
        waker, waking = os.pipe()
        watcher = threading.Thread(target=self.watch, args=(call, waker), daemon=True)
        watcher.start()
        try:
            behaviour(call)
        finally:
            os.close(waking)
            watcher.join()
            os.close(waker)
            state.calls.pop(key, None)
        self.end()

    def watch(self, call: Call, waker: int) -> None:
        """Waits until the client closes, or `waker` says that the call is over."""
        readable, _, _ = select.select([self.connection, waker], [], [])
        if waker in readable:
            return
        try:
            is_closed = self.connection.recv(1, socket.MSG_PEEK) == b""
        except OSError:
            is_closed = True
        if is_closed:
            self.close_connection = True
            log("disconnected", id=call.id, tag=call.arguments.get("tag"))
            if call.modern:
                log("cancelled", requestId=call.id, known=True)
                call.cancelled.set()

    # Streams

    def listen(self, id: Any, params: JSON) -> None:
        wanted = {k: v for k, v in (params.get("notifications") or {}).items() if k == "toolsListChanged"}
        acknowledged = {"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged", "params": {
            "_meta": {SUBSCRIPTION_KEY: id}, "notifications": wanted}}
        self.stream({"_meta": {SUBSCRIPTION_KEY: id}}, json.dumps(acknowledged).encode())

    def do_GET(self) -> None:
        self.begin()
        if not self.is_at_home():
            return
        if eras.mode == "modern-only":
            return self.empty(405, {"Allow": "POST"})
        if self.session() is not None:
            self.stream(None, None)

    def stream(self, params: JSON | None, first: bytes | None) -> None:
        """Holds a stream open until the client closes it."""
        changed: JSON = {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}
        if params:
            changed["params"] = params
        events: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.head(200, "text/event-stream", {"Transfer-Encoding": "chunked"})
        if first is not None:
            self.chunk(b"data: " + first + b"\n\n")
        with state.lock:
            state.streams.append(events)
        threading.Thread(target=self.watch_stream, args=(events,), daemon=True).start()
        while events.get() is not None:
            self.chunk(b"data: " + json.dumps(changed).encode() + b"\n\n")
        with state.lock:
            state.streams.remove(events)
        log("stream closed")
        self.close_connection = True

    def watch_stream(self, events: queue.SimpleQueue[bytes | None]) -> None:
        try:
            while self.connection.recv(1, socket.MSG_PEEK) != b"":
                time.sleep(0.05)
        except OSError:
            pass
        events.put(None)

    def do_DELETE(self) -> None:
        self.begin()
        if not self.is_at_home():
            return
        session = self.session()
        if session is not None:
            state.sessions.discard(session)
            log("deleted", session=session)
            self.empty(204)


state = State(sys.argv[1:])


class HTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main() -> None:
    server = HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "0"))), Handler)
    log("start", mode=eras.mode, port=server.server_port)
    print(json.dumps({"port": server.server_port}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

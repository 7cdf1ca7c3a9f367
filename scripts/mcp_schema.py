#!/usr/bin/env python3
"""Validates every message that the gateway sends, to clients and to upstreams, against MCP's schema of its era.

Two parts, both on a gateway with upstreams that record what they get, over stdio and HTTP, of both eras:
  - a tour: a client of each version, over HTTP and stdio, uses every method there is, and errors;
  - round trips: each example of a request in the specification goes through the gateway to an upstream that answers
    with the matching example of a result, or of an error. The request has to reach it, and the answer has to come back,
    unchanged, but for what ADDED and REWRITTEN name.

The folder is the one with `schema-<version>.json` and `examples-2026-07-28/`. Prints counts and what is wrong, and
exits with 1 when anything is. --direct makes the tour and the round trips with the recording upstream itself. Needs
`jsonschema`.
"""
from __future__ import annotations

import argparse
import json
import os
import queue
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import jsonschema
from jsonschema.exceptions import best_match

from mcp_gateway import Gateway, HTTPFixture, fixture
from mcp_wire import JSON, LEGACY, META, MODERN, NAMED, HTTPClient, NoAnswer, StdioClient, request, table

# Entries that the gateway may add to a result's _meta.
ADDED = re.compile(r"agentgate|^io\.modelcontextprotocol/serverInfo$")
# What is the gateway's own business: a client's token is not the upstream's, and lists are put together anew. One of
# the examples of a resource that was read lacks the cache hints, which the schema requires.
REWRITTEN = {"progressToken", "nextCursor"}
CACHE_HINTS = {"ttlMs", "cacheScope"}

ALLOW_ALL = """package agentgate

default decision := {"action": "ALLOW", "reason": "A test", "matched_rule": "all", "is_write_action": false}
"""
ERRORS = {-32020: "HeaderMismatchError", -32021: "MissingRequiredClientCapabilityError",
          -32022: "UnsupportedProtocolVersionError"}


class Schema:
    """A version's definitions."""

    def __init__(self, folder: str, version: str) -> None:
        with open(os.path.join(folder, f"schema-{version}.json"), encoding="utf-8") as file:
            whole: JSON = json.load(file)
        self.version = version
        self.key = "$defs" if "$defs" in whole else "definitions"
        self.definitions: JSON = whole[self.key]
        self.kind: Any = jsonschema.validators.validator_for(whole)
        self.validators: dict[str, Any] = {}
        # ClientNotification is an alias of one that there is besides.
        self.by_method = {each["properties"]["method"]["const"]: name for name, each in self.definitions.items()
                          if "const" in each.get("properties", {}).get("method", {}) and name != "ClientNotification"}

    def problem(self, name: str, value: Any) -> str | None:
        if name not in self.validators:
            self.validators[name] = self.kind({"$ref": f"#/{self.key}/{name}", self.key: self.definitions})
        error = best_match(self.validators[name].iter_errors(value))
        return None if error is None else f"{name}: {error.json_path}: {error.message[:300]}"

    def envelope(self, is_error: bool) -> str:
        names = ("JSONRPCErrorResponse", "JSONRPCError") if is_error else ("JSONRPCResultResponse", "JSONRPCResponse")
        return next(name for name in names if name in self.definitions)

    def result_name(self, method: str, result: Any) -> str:
        if isinstance(result, dict) and result.get("resultType") == "input_required" and method in NAMED:
            return "InputRequiredResult"
        name = self.by_method.get(method, "").removesuffix("Request") + "Result"
        return name if name in self.definitions and name != "Result" else "EmptyResult"


@dataclass
class Message:
    """`by_gateway` ones are judged; the others say to which request a response belongs."""

    place: str
    connection: str
    version: str
    by_gateway: bool
    body: JSON
    headers: JSON | None = None


@dataclass
class Validation:
    """`exempt`: results of the specification's examples that don't meet its schema."""

    schemas: dict[str, Schema]
    exempt: list[JSON]
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def judge(self, messages: list[Message]) -> None:
        """In the order in which they were sent, by connection."""
        requests: dict[tuple[str, bool, str], str] = {}
        for each in messages:
            body = each.body
            if "method" in body and "id" in body:
                requests[each.connection, each.by_gateway, json.dumps(body["id"])] = body["method"]
            if not each.by_gateway:
                continue
            self.counts[each.place, each.version] += 1
            asked = None
            if "method" not in body:
                asked = requests.get((each.connection, False, json.dumps(body.get("id"))))
            for problem in self.found(each, asked):
                self.problems.append(f"{each.place}, {each.version}: {problem}\n    {json.dumps(body)[:600]}")

    def found(self, message: Message, asked: str | None) -> Iterator[str]:
        schema, body = self.schemas.get(message.version), message.body
        if schema is None:
            yield f"the version {message.version} is none"
            return
        if "method" in body:
            yield from self.found_in_request(schema, message)
        elif "error" in body:
            names = [schema.envelope(True)] + [name for name in [ERRORS.get(body["error"].get("code"), "")]
                                              if name in schema.definitions]
            yield from filter(None, (schema.problem(name, body) for name in names))
        elif asked is None:
            yield "a response to nothing"
        elif without_meta(body["result"]) not in self.exempt:
            yield from filter(None, (schema.problem(schema.envelope(False), body),
                                     schema.problem(schema.result_name(asked, body.get("result")), body.get("result"))))

    def found_in_request(self, schema: Schema, message: Message) -> Iterator[str]:
        body = message.body
        name = schema.by_method.get(body["method"])
        if name is None:
            yield f"{schema.version} has no {body['method']}"
            return
        problem = schema.problem(name, body)
        if problem is not None:
            yield problem
        if "id" in body and name.endswith("Notification"):
            yield "a notification with an id"
        if "id" not in body and name.endswith("Request"):
            yield "a request without an id"
        if message.headers is not None and schema.version == MODERN and "id" in body:
            expected = {"mcp-protocol-version": MODERN, "mcp-method": body["method"],
                        "mcp-name": (body.get("params") or {}).get(NAMED.get(body["method"], ""))}
            for header, value in expected.items():
                if message.headers.get(header) != value:
                    yield f"the header {header} is {message.headers.get(header)}, the body says {value}"


class Examples:
    def __init__(self, folder: str) -> None:
        self.folder = os.path.join(folder, f"examples-{MODERN}")

    def of(self, name: str) -> list[tuple[str, JSON]]:
        path = os.path.join(self.folder, name)
        return [(f"{name}/{file}", self.read(os.path.join(path, file))) for file in sorted(os.listdir(path))]

    def read(self, path: str) -> JSON:
        with open(path, encoding="utf-8") as file:
            value: JSON = json.load(file)
        return value

    def requests(self, name: str, method: str) -> list[tuple[str, JSON]]:
        """Whole requests; those of which there are only the parameters get the rest."""
        path = f"{name}Params"
        params = self.of(path) if os.path.isdir(os.path.join(self.folder, path)) else []
        return self.of(name) + [(place, {"jsonrpc": "2.0", "id": place, "method": method, "params": each})
                                for place, each in params]

    def results(self, name: str) -> list[tuple[str, JSON]]:
        return self.of(name) + [(place, each["result"]) for place, each in self.of(name + "Response")]

    def items(self, key: str, *names: str) -> list[JSON]:
        """What the lists of the examples have, by name; of two with the same, the first."""
        found: dict[str, JSON] = {}
        for name in names:
            for _, result in self.results(name):
                for item in result[key]:
                    found.setdefault(item.get("name", ""), item)
        return list(found.values())

    def invalid(self, schema: Schema) -> list[JSON]:
        name = "ReadResourceResult"
        return [result for _, result in self.results(name) if schema.problem(name, result)]

    def answers(self, prefix: str = "", is_legacy: bool = False) -> JSON:
        """An upstream's answers. With a prefix, its names are no other upstream's.

        One of the legacy era asks its client, too, and has no tool whose output is no object.
        """
        tools = self.items("tools", "ListToolsResult")
        known = {tool["name"] for tool in tools}
        for _, tool in self.of("Tool"):
            is_object = tool.get("outputSchema", {}).get("type", "object") == "object"
            if tool["name"] not in known and (is_object or not is_legacy):
                known.add(tool["name"])
                tools.append(tool)
        tools.append({"name": "build_simulation", "inputSchema": {"type": "object"}})
        prompts, resources = self.items("prompts", "ListPromptsResult"), self.items("resources", "ListResourcesResult")
        templates = self.items("resourceTemplates", "ListResourceTemplatesResult")
        for each in [*tools, *prompts, *resources, *templates]:
            each["name"] = prefix + each["name"]
        if prefix:
            for resource in resources:
                resource["uri"] = f"{prefix.strip('_')}://main.rs"
            for template in templates:
                template["uriTemplate"] = f"{prefix.strip('_')}://{{path}}"
        page = {"resultType": "complete", "nextCursor": "next-page-cursor", "ttlMs": 0, "cacheScope": "private"}
        return {
            "tools/list": {"result": {**page, "tools": tools}},
            "prompts/list": {"result": {**page, "prompts": prompts}},
            "resources/list": {"result": {**page, "resources": resources}},
            "resources/templates/list": {"result": {**page, "resourceTemplates": templates}},
            "tools/call": {"result": self.of("CallToolResult")[-1][1]},
            "prompts/get": {"result": self.of("GetPromptResult")[0][1]},
            "resources/read": {"result": self.of("ReadResourceResult")[0][1]},
            "completion/complete": {"result": self.of("CompleteResult")[0][1]},
            "before": [self.of("ProgressNotification")[0][1], self.of("LoggingMessageNotification")[0][1]],
            "asks": ASKS if is_legacy else [],
        }


def differences(ours: Any, theirs: Any, path: str = "$", may_add: set[str] | None = None) -> Iterator[str]:
    """Where `ours`, which came through the gateway, isn't `theirs`."""
    if path.endswith("._meta"):
        ours = {k: v for k, v in (ours or {}).items() if not ADDED.search(k) or k in (theirs or {})}
        theirs = theirs or {}
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in {**theirs, **ours}:
            if key in REWRITTEN or (key == "_meta" and not theirs.get(key) and not set(
                    differences(ours.get(key), {}, "$._meta"))):
                continue
            if key not in ours:
                yield f"{path}.{key} is missing"
            elif key not in theirs:
                if key not in (may_add or set()):
                    yield f"{path}.{key} has been added: {json.dumps(ours[key])[:200]}"
            else:
                yield from differences(ours[key], theirs[key], f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs)):
            yield from differences(one, other, f"{path}[{index}]")
    elif json.dumps(ours) != json.dumps(theirs):
        yield f"{path} is {json.dumps(ours)[:200]}, not {json.dumps(theirs)[:200]}"


class Upstream:
    """A recording server: as `mcp.json` has it, its answers, and what it has recorded."""

    def __init__(self, folder: str, name: str, mode: str, is_http: bool, answers: JSON) -> None:
        self.name, self.is_http = name, is_http
        self.answers_path, self.record_path = (os.path.join(folder, f"{name}.{part}") for part in ("answers", "record"))
        self.defaults = answers
        self.set()
        self.env = {"NAME": name, "MODE": mode, "ANSWERS": self.answers_path, "RECORD": self.record_path}
        self.command = [sys.executable, fixture("example_server.py")]
        self.server = HTTPFixture(self.command + ["http"], self.env) if is_http else None

    @property
    def entry(self) -> JSON:
        if self.server is not None:
            return {"url": self.server.url}
        return {"command": self.command[0], "args": self.command[1:], "env": self.env}

    def set(self, **more: Any) -> None:
        """Its answers from now on: the usual ones, and these."""
        with open(self.answers_path + ".new", "w", encoding="utf-8") as file:
            json.dump({**self.defaults, **{k.replace("__", "/"): v for k, v in more.items()}}, file)
        os.replace(self.answers_path + ".new", self.answers_path)

    def lines(self) -> list[JSON]:
        if not os.path.exists(self.record_path):
            return []
        with open(self.record_path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def messages(self) -> list[Message]:
        over = "HTTP" if self.is_http else "stdio"
        return [Message(f"to the upstream over {over}", f"{self.name} {each['connection']}", str(each["version"]),
                        each["direction"] == "received", each["message"], each["headers"]) for each in self.lines()]

    def close(self) -> None:
        if self.server is not None:
            self.server.close()


class Peer:
    """A client's connection, recorded. It answers what a server of the legacy era may ask."""

    def __init__(self, place: str, connect: Callable[..., HTTPClient | StdioClient], version: str) -> None:
        self.place, self.version = place, version
        self.messages: list[Message] = []
        self.client = connect(self.seen)
        if isinstance(self.client, StdioClient):
            self.client.answer = answer_of
        if version != MODERN:
            self.client.handshake(version, capabilities=CAPABILITIES)

    def seen(self, direction: str, message: JSON) -> None:
        self.note(direction == "received", message)
        if direction == "received" and "method" in message and "id" in message and isinstance(self.client, HTTPClient):
            # The connection is busy with the stream that has asked.
            other = HTTPClient(self.client.url, dict(self.client.headers))
            reply = {"jsonrpc": "2.0", "id": message["id"], **answer_of(message)}
            self.note(False, reply)
            list(other.post(reply))
            other.close()

    def note(self, by_gateway: bool, message: JSON) -> None:
        self.messages.append(Message(self.place, f"{self.place} {id(self)}", self.version, by_gateway, message))

    def ask(self, message: JSON) -> JSON:
        return self.client.ask(message)

    def send(self, method: str, params: JSON | None = None) -> JSON:
        modern = self.version == MODERN
        return self.ask(request(next(self.client.ids), method, params, modern, capabilities=CAPABILITIES))

    def notify(self, method: str, params: JSON | None = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, **({"params": params} if params else {})}
        if isinstance(self.client, StdioClient):
            self.client.send(message)
        else:
            list(self.client.post(message))


CAPABILITIES: JSON = {"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}}
ROOTS = {"roots": [{"uri": "file:///project", "name": "project"}]}


def answer_of(message: JSON) -> JSON:
    results: JSON = {
        "ping": {}, "roots/list": ROOTS, "elicitation/create": {"action": "accept", "content": {"name": "octocat"}},
        "sampling/createMessage": {
            "role": "assistant", "content": {"type": "text", "text": "Paris"}, "model": "a model"}}
    result = results.get(message["method"])
    return {"result": result} if result is not None else {"error": {"code": -32601, "message": "Method not found"}}


ASKS = [
    {"method": "ping"}, {"method": "roots/list"},
    {"method": "elicitation/create", "params": {"message": "Your name?", "requestedSchema": {
        "type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}}},
    {"method": "sampling/createMessage", "params": {"maxTokens": 10, "messages": [
        {"role": "user", "content": {"type": "text", "text": "The capital of France?"}}]}},
]


def tour(peer: Peer, prefixes: list[str], with_errors: bool = True) -> None:
    """Every method, of each upstream, and what no client should send."""
    for method in ("tools/list", "prompts/list", "resources/list", "resources/templates/list"):
        pages = 0
        params: JSON = {}
        while pages < 20:
            result = peer.send(method, params).get("result", {})
            pages += 1
            if not result.get("nextCursor"):
                break
            params = {"cursor": result["nextCursor"]}
        peer.send(method, {"cursor": "no such cursor"})
    for prefix in prefixes:
        uri = f"{prefix.strip('_')}://main.rs" if prefix else "file:///project/src/main.rs"
        peer.send("tools/call", {"name": prefix + "get_weather", "arguments": {"location": "New York"}})
        peer.send("tools/call", {"name": prefix + "get_weather", "arguments": {"location": "Öland"},
                                 "_meta": {"progressToken": f"token {prefix}", META + "logLevel": "debug"}})
        peer.send("prompts/get", {"name": prefix + "code_review", "arguments": {"code": "pass"}})
        peer.send("resources/read", {"uri": uri})
        peer.send("completion/complete", {"ref": {"type": "ref/prompt", "name": prefix + "code_review"},
                                          "argument": {"name": "language", "value": "py"}})
        if peer.version != MODERN:
            peer.send("resources/subscribe", {"uri": uri})
            peer.send("resources/unsubscribe", {"uri": uri})
    peer.send("tools/call", {"name": "nonesuch", "arguments": {}})
    peer.send("prompts/get", {"name": "nonesuch"})
    peer.send("resources/read", {"uri": "nonesuch:///"})
    if with_errors:
        peer.send("tools/call", {"name": 1})
        peer.send("no/such/method")
        if peer.version == MODERN:
            peer.send("server/discover", {"_meta": {META + "protocolVersion": "1900-01-01"}})
    if peer.version == MODERN:
        tour_of_modern(peer)
    else:
        peer.send("ping")
        peer.send("logging/setLevel", {"level": "warning"})
        peer.notify("notifications/roots/list_changed")
        peer.notify("notifications/cancelled", {"requestId": 999999, "reason": "a test"})


def tour_of_modern(peer: Peer) -> None:
    peer.send("server/discover")
    listen = request("listen-1", "subscriptions/listen", {"notifications": {
        "toolsListChanged": True, "resourceSubscriptions": ["file:///project/src/main.rs"]}})
    if isinstance(peer.client, StdioClient):
        peer.client.send(listen)
        try:
            peer.client.received.get(timeout=20)
        except queue.Empty:
            raise NoAnswer("nothing came for subscriptions/listen") from None
        peer.notify("notifications/cancelled", {"requestId": "listen-1"})
    else:
        next(iter(peer.client.post(listen)))
        peer.client.close()


@dataclass
class Trips:
    """Requests from the specification, through to an upstream and back."""

    examples: Examples
    upstream: Upstream
    peer: Peer
    count: int = 0
    problems: list[str] = field(default_factory=list)

    def all(self) -> None:
        self.calls()
        for name, method in (("GetPromptRequest", "prompts/get"), ("ReadResourceRequest", "resources/read"),
                             ("CompleteRequest", "completion/complete")):
            result = name.replace("Request", "Result")
            for place, message in self.examples.requests(name, method):
                for answer_place, answer in self.examples.results(result):
                    self.trip(f"{place} and {answer_place}", message, {"result": answer})
                for answer_place, error in self.errors():
                    self.trip(f"{place} and {answer_place}", message, {"error": error})
        for name, key in (("ListToolsRequest", "tools"), ("ListPromptsRequest", "prompts"),
                          ("ListResourcesRequest", "resources"), ("ListResourceTemplatesRequest", "resourceTemplates")):
            for place, message in self.examples.of(name):
                self.list(place, message, key)
        for place, message in self.examples.of("DiscoverRequest"):
            self.expect(place, self.peer.ask(message), "result")

    def errors(self) -> list[tuple[str, JSON]]:
        return [*self.examples.of("InvalidParamsError"), *self.examples.of("InternalError"),
                *self.examples.of("MethodNotFoundError")]

    def calls(self) -> None:
        for place, message in self.examples.requests("CallToolRequest", "tools/call"):
            for answer_place, answer in self.examples.results("CallToolResult"):
                self.trip(f"{place} and {answer_place}", message, {"result": answer})
            for answer_place, error in self.errors():
                self.trip(f"{place} and {answer_place}", message, {"error": error})
            for answer_place, response in self.examples.of("MissingRequiredClientCapabilityError"):
                self.trip(f"{place} and {answer_place}", message, {"error": response["error"]})
            for answer_place, answer in self.examples.of("InputRequiredResult"):
                self.input_required(f"{place} and {answer_place}", with_capabilities(message), answer)

    def input_required(self, place: str, message: JSON, answer: JSON) -> None:
        """The upstream asks for input, and gets the client's in the next request."""
        response = self.trip(place, message, {"result": answer})
        inputs = self.examples.of("InputResponses")[0][1] if "inputRequests" in answer else None
        state = response.get("result", {}).get("requestState")
        again = {**message, "id": f"{message['id']}, again", "params": {**message["params"], "requestState": state}}
        if inputs is not None:
            again["params"]["inputResponses"] = inputs
        # The gateway may wrap the state for the client; the upstream has to get its own.
        sent = {**again["params"], "requestState": answer["requestState"]}
        self.trip(f"{place}, again", again, {"result": self.examples.of("CallToolResult")[0][1]}, sent)

    def trip(self, place: str, message: JSON, answer: JSON, expected: JSON | None = None) -> JSON:
        self.count += 1
        self.upstream.set(**{message["method"].replace("/", "__"): answer})
        before = len(self.upstream.lines())
        # Ids may not come twice.
        message = {**message, "id": f"{message['id']} {self.count}"}
        start = len(self.peer.messages)
        try:
            response = self.peer.ask(message)
        except NoAnswer as error:
            self.problems.append(f"{place}: no answer: {error}")
            return {}
        got = [each["message"] for each in self.upstream.lines()[before:]
               if each["direction"] == "received" and each["message"].get("method") == message["method"]]
        if len(got) != 1:
            self.problems.append(f"{place}: the upstream got {len(got)} requests; "
                                 f"the answer was {json.dumps(response)[:300]}")
        else:
            sent = expected or message["params"]
            self.compare(f"{place}, request", without_meta(got[0]["params"]), without_meta(sent))
        if response.get("id") != message["id"]:
            self.problems.append(f"{place}: the answer's id is {response.get('id')}")
        what = "result" if "result" in answer else "error"
        self.expect(place, response, what)
        may_add = CACHE_HINTS if message["method"] == "resources/read" else set()
        theirs = dict(answer[what])
        ours = response.get(what, {})
        if "requestState" in theirs and isinstance(ours.get("requestState"), str):
            # A wrapped one is judged by what the upstream gets back.
            theirs["requestState"] = ours["requestState"]
        self.compare(f"{place}, answer", ours, theirs, may_add)
        if "progressToken" in message["params"].get("_meta", {}):
            self.progress(place, message, [each.body for each in self.peer.messages[start:]])
        return response

    def progress(self, place: str, message: JSON, seen: list[JSON]) -> None:
        """The upstream's report comes with the client's token."""
        token = message["params"]["_meta"]["progressToken"]
        expected = {**self.upstream.defaults["before"][0]["params"], "progressToken": token}
        if not any(each.get("method") == "notifications/progress" and each["params"] == expected for each in seen):
            self.problems.append(f"{place}: the progress notification has not come as it was sent")

    def list(self, place: str, message: JSON, key: str) -> None:
        self.count += 1
        self.upstream.set()
        items: dict[str, JSON] = {}
        cursor: str | None = None
        for page in range(20):
            params = {**message["params"], **({"cursor": cursor} if cursor else {})}
            response = self.peer.ask({**message, "id": f"{message['id']} {self.count} {page}", "params": params})
            self.expect(place, response, "result")
            result = response.get("result", {})
            items.update({item["name"]: item for item in result.get(key, [])})
            cursor = result.get("nextCursor")
            if not cursor:
                break
        for item in self.upstream.defaults[message["method"]]["result"][key]:
            if item["name"] not in items:
                self.problems.append(f"{place}: {item['name']} is missing")
            else:
                self.compare(f"{place}, {item['name']}", items[item["name"]], item)

    def expect(self, place: str, response: JSON, what: str) -> None:
        if what not in response:
            self.problems.append(f"{place}: there is no {what}: {json.dumps(response)[:300]}")

    def compare(self, place: str, ours: Any, theirs: Any, may_add: set[str] | None = None) -> None:
        self.problems += [f"{place}: {each}" for each in differences(ours, theirs, may_add=may_add)]


def without_meta(params: JSON) -> JSON:
    return {k: v for k, v in params.items() if k != "_meta"}


def with_capabilities(message: JSON) -> JSON:
    params = message["params"]
    return {**message, "params": {**params, "_meta": {**params["_meta"], META + "clientCapabilities": CAPABILITIES}}}


# The messages, what is wrong, and how many round trips there were.
Outcome = tuple[list[Message], list[str], int]


def make_upstreams(folder: str, examples: Examples, label: str, is_http: bool) -> list[Upstream]:
    """The first is the one for the round trips, without a prefix; its answers are the examples'."""
    kinds = [("", "modern", is_http), ("b_", "legacy", False), ("c_", "modern", not is_http), ("d_", "legacy", True)]
    return [Upstream(folder, f"{label}{prefix.strip('_') or 'a'}", mode, http,
                     examples.answers(prefix, mode == "legacy")) for prefix, mode, http in kinds]


def run(args: argparse.Namespace, folder: str, examples: Examples, is_http: bool) -> Outcome:
    label = "h" if is_http else "s"
    upstreams = make_upstreams(folder, examples, label, is_http)
    gateway = Gateway(args.binary, {each.name: each.entry for each in upstreams}, [], rules=ALLOW_ALL)
    peers: list[Peer] = []
    problems: list[str] = []
    trips = 0
    try:
        gateway.start()

        def over_http(seen: Any) -> HTTPClient:
            return HTTPClient(gateway.url, {"X-AgentGate-Session": "schema"}, timeout=20, seen=seen)

        def over_stdio(seen: Any) -> StdioClient:
            return StdioClient(gateway.stdio(), gateway.environment, timeout=20, seen=seen)

        for over, connect in (("HTTP", over_http), ("stdio", over_stdio)):
            for version in (MODERN, *LEGACY):
                print(f"upstreams {label}: tour over {over}, {version}", file=sys.stderr, flush=True)
                try:
                    peers.append(Peer(f"to the client over {over}", connect, version))
                    tour(peers[-1], ["", "b_", "c_", "d_"])
                except NoAnswer as error:
                    problems.append(f"tour over {over}, {version}: no answer: {error}")
            print(f"upstreams {label}: round trips over {over}", file=sys.stderr, flush=True)
            peers.append(Peer(f"to the client over {over}", connect, MODERN))
            found = Trips(examples, upstreams[0], peers[-1])
            found.all()
            trips += found.count
            problems += [f"client over {over}, upstream over {'HTTP' if is_http else 'stdio'}: {each}"
                         for each in found.problems]
    finally:
        for peer in peers:
            peer.client.close()
        gateway.close()
        for upstream in upstreams:
            upstream.close()
    messages = [message for peer in peers for message in peer.messages]
    return messages + [message for upstream in upstreams for message in upstream.messages()], problems, trips


def run_directly(folder: str, examples: Examples) -> Outcome:
    """The upstream in the gateway's place: what it answers, and what the scripts' own client sends, are judged."""
    messages: list[Message] = []
    problems: list[str] = []
    trips = 0
    for mode, versions in (("modern", [MODERN]), ("legacy", LEGACY)):
        for is_http in (False, True):
            for version in versions:
                upstream = Upstream(folder, f"{mode}-{is_http}-{version}", mode, is_http,
                                    examples.answers(is_legacy=mode == "legacy"))

                def connect(seen: Any) -> HTTPClient | StdioClient:
                    return HTTPClient(upstream.server.url, seen=seen) if upstream.server else StdioClient(
                        upstream.command, upstream.env, seen=seen)

                peer = Peer(f"of the upstream over {'HTTP' if is_http else 'stdio'}", connect, version)
                tour(peer, [""], with_errors=False)
                if version == MODERN:
                    found = Trips(examples, upstream, peer)
                    found.all()
                    trips, problems = trips + found.count, problems + found.problems
                peer.client.close()
                upstream.close()
                messages += peer.messages + upstream.messages()
    return messages, problems, trips


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="with MCP's schemas and examples")
    parser.add_argument("--binary", default=".build/release/agentgate")
    parser.add_argument("--show", type=int, default=60, help="problems to print at most")
    parser.add_argument("--direct", action="store_true", help="without the gateway")
    args = parser.parse_args()
    examples = Examples(args.folder)
    schemas = {version: Schema(args.folder, version) for version in (MODERN, *LEGACY)}
    validation = Validation(schemas, examples.invalid(schemas[MODERN]))
    folder = tempfile.mkdtemp(prefix="agentgate-schema-")
    problems: list[str] = []
    trips = 0
    try:
        runs = [run_directly(folder, examples)] if args.direct else [
            run(args, folder, examples, is_http) for is_http in (False, True)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for messages, found, count in runs:
        validation.judge(messages)
        problems += found
        trips += count
    problems = validation.problems + problems
    print(table([[*key, count] for key, count in sorted(validation.counts.items())], ["messages", "version", "judged"]))
    problems = list(dict.fromkeys(problems))
    for problem in problems[:args.show]:
        print(f"PROBLEM {problem}")
    if len(problems) > args.show:
        print(f"and {len(problems) - args.show} more (--show)")
    total = sum(validation.counts.values())
    print(f"{total} messages judged, {trips} round trips, {len(problems)} problems")
    sys.exit(1 if problems or not total or not trips else 0)


if __name__ == "__main__":
    main()

"""What `api_fuzz.py` has schemathesis do beside making requests (SCHEMATHESIS_HOOKS)."""
from __future__ import annotations

import atexit
import json
import os
import urllib.request
from collections import Counter, defaultdict

import schemathesis

# How many answers of which status, by the operation's id.
seen: defaultdict[str, Counter[str]] = defaultdict(Counter)


@atexit.register
def write() -> None:
    with open(os.environ["AGENTGATE_FUZZ_SEEN"], "w", encoding="utf-8") as file:
        json.dump(seen, file)


@schemathesis.hook
def after_call(context, case, response) -> None:
    """A pause, and the kill of a demo tool, would have every later call denied: they are lifted at once."""
    if case.method.upper() == case.operation.method.upper():
        seen[case.operation.definition.raw.get("operationId", "")][str(response.status_code)] += 1
    if not 200 <= response.status_code < 300 or case.method.upper() != "POST":
        return
    url = response.request.url
    if case.path == "/system/pause":
        lift("POST", url.replace("/system/pause", "/system/resume"))
    elif case.path == "/tools/{name}/kill":
        lift("DELETE", url)


def lift(method: str, url: str) -> None:
    request = urllib.request.Request(url, method=method, headers={"X-API-Key": os.environ["AGENTGATE_FUZZ_KEY"]})
    with urllib.request.urlopen(request, timeout=20):
        pass


@schemathesis.hook
def map_body(context, body):
    """JSON Schema can't say that an integer anywhere in `arguments` is one that a double holds (RFC 8785): others are
    refused, which tests of their own check."""
    if context.operation.definition.raw.get("operationId") in ("callTool", "decide") and isinstance(body, dict):
        if "arguments" in body:
            return body | {"arguments": exact(body["arguments"])}
    return body


def exact(value):
    if isinstance(value, dict):
        return {name: exact(member) for name, member in value.items()}
    if isinstance(value, list):
        return [exact(element) for element in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 1 << 53:
        return value % (1 << 53)
    if isinstance(value, float) and abs(value) > 1 << 53:
        return 0.5
    return value

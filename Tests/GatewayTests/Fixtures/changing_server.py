"""An MCP server over stdio whose tools are those of the file that DEFINITIONS names, read anew for each list.

Any of them answers with its own name; `announce` tells the client before that the list has changed. A legacy server,
standard library only.
"""
from __future__ import annotations

import json
import os
import sys
from typing import Any


def send(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def answer(method: str, params: dict[str, Any]) -> dict[str, Any]:
    if method == "initialize":
        return {"result": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {"listChanged": True}},
                           "serverInfo": {"name": "changing", "version": "1"}}}
    if method == "tools/list":
        with open(os.environ["DEFINITIONS"], encoding="utf-8") as file:
            return {"result": {"tools": json.load(file)}}
    if method == "tools/call":
        if params["name"] == "announce":
            send({"method": "notifications/tools/list_changed"})
        return {"result": {"content": [{"type": "text", "text": params["name"]}]}}
    if method == "ping":
        return {"result": {}}
    return {"error": {"code": -32601, "message": "method not found"}}


def main() -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message and "method" in message:
            send({"id": message["id"], **answer(message["method"], message.get("params") or {})})


if __name__ == "__main__":
    main()

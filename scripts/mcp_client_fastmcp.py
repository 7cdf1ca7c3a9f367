"""FastMCP's client, for `mcp_clients.py`: reads a plan, prints what it saw. For the Python that has `fastmcp`."""
from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport

JSON = dict[str, Any]


def transport_of(target: JSON) -> Any:
    if "url" in target:
        return StreamableHttpTransport(target["url"])
    return StdioTransport(target["command"], target["args"], env=target.get("env"), keep_alive=False)


async def outcome(client: Client[Any], call: JSON) -> JSON:
    try:
        result = await client.call_tool_mcp(call["tool"], call["arguments"])
        return {"result": result.model_dump(mode="json", by_alias=True)}
    except Exception as error:  # each SDK has its own; its text is compared
        inner = getattr(error, "error", None)
        return {"error": inner.model_dump(mode="json") if inner is not None else str(error)}


async def run_series(client: Client[Any], series: list[JSON]) -> list[JSON]:
    return [await outcome(client, call) for call in series]


async def main() -> None:
    plan: JSON = json.load(sys.stdin)
    async with Client(transport_of(plan["target"]), mode=plan["mode"], timeout=60) as client:
        tools = [tool.model_dump(mode="json", by_alias=True) for tool in await client.list_tools()]
        results = await asyncio.gather(*(run_series(client, series) for series in plan["series"]))
        version = getattr(client, "protocol_version", None)
        json.dump({"version": version, "tools": tools, "results": results}, sys.stdout)


asyncio.run(main())

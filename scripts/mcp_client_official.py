"""The official client, for `mcp_clients.py`: reads a plan, prints what it saw. For the Python that has `mcp` 2."""
from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from mcp import StdioServerParameters
from mcp.client.client import Client
from mcp.shared.exceptions import MCPError

JSON = dict[str, Any]


def server_of(target: JSON) -> Any:
    if "url" in target:
        return target["url"]
    return StdioServerParameters(command=target["command"], args=target["args"], env=target.get("env"))


async def outcome(client: Client, call: JSON) -> JSON:
    try:
        result = await client.call_tool(call["tool"], call["arguments"])
        return {"result": result.model_dump(mode="json", by_alias=True)}
    except MCPError as error:
        return {"error": error.error.model_dump(mode="json", by_alias=True)}


async def run_series(client: Client, series: list[JSON]) -> list[JSON]:
    return [await outcome(client, call) for call in series]


async def main() -> None:
    plan: JSON = json.load(sys.stdin)
    async with Client(server_of(plan["target"]), mode=plan["mode"], read_timeout_seconds=60) as client:
        tools: list[JSON] = []
        cursor: str | None = None
        while True:
            page = await client.list_tools(cursor=cursor)
            tools += [tool.model_dump(mode="json", by_alias=True) for tool in page.tools]
            cursor = page.next_cursor
            if not cursor:
                break
        results = await asyncio.gather(*(run_series(client, series) for series in plan["series"]))
        json.dump({"version": client.protocol_version, "tools": tools, "results": results}, sys.stdout)


asyncio.run(main())

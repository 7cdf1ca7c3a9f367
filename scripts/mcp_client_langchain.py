"""LangChain's tools over MCP, for `mcp_clients.py`: reads a plan, prints what it saw.

For the Python that has `langchain-mcp-adapters`. Its SDK speaks the legacy era only, whatever the plan's mode says.
"""
from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from langchain_core.tools import BaseTool
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools

JSON = dict[str, Any]


def connection_of(target: JSON) -> Any:
    if "url" in target:
        return {"transport": "streamable_http", "url": target["url"]}
    return {"transport": "stdio", "command": target["command"], "args": target["args"], "env": target.get("env")}


def plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=lambda other: other.model_dump(mode="json")))


def described(tool: BaseTool) -> JSON:
    schema = tool.args_schema if isinstance(tool.args_schema, dict) else tool.get_input_jsonschema()
    return {"name": tool.name, "description": tool.description, "args_schema": schema, "metadata": plain(tool.metadata),
            "return_direct": tool.return_direct}


def without_ids(content: Any) -> Any:
    """LangChain gives each block of text an id of its own making."""
    if isinstance(content, list):
        return [{k: v for k, v in each.items() if k != "id"} if isinstance(each, dict) else each for each in content]
    return content


async def outcome(tools: dict[str, BaseTool], call: JSON) -> JSON:
    if call["tool"] not in tools:
        return {"error": "the client knows no such tool"}
    try:
        message = await tools[call["tool"]].ainvoke(
            {"type": "tool_call", "id": "1", "name": call["tool"], "args": call["arguments"]})
        return {"result": {"content": without_ids(plain(message.content)), "status": message.status,
                           "artifact": plain(message.artifact)}}
    except Exception as error:  # what the adapter throws depends on the failure; its text is compared
        return {"error": str(error)}


async def run_series(tools: dict[str, BaseTool], series: list[JSON]) -> list[JSON]:
    return [await outcome(tools, call) for call in series]


async def main() -> None:
    plan: JSON = json.load(sys.stdin)
    client = MultiServerMCPClient({"server": connection_of(plan["target"])})
    async with client.session("server") as session:
        tools = await load_mcp_tools(session)
        by_name = {tool.name: tool for tool in tools}
        results = await asyncio.gather(*(run_series(by_name, series) for series in plan["series"]))
        json.dump({"version": None, "tools": [described(tool) for tool in tools], "results": results}, sys.stdout)


asyncio.run(main())

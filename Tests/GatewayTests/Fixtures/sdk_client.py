"""An MCP client on the official SDK over stdio, for the tests of the gateway: `sdk_client.py auto|legacy command …`.

It starts the command, lists its tools, calls `echo` and then `sleep`, and prints what it got as one line of JSON. For
the Python that has `mcp` 2.
"""
from __future__ import annotations

import asyncio
import json
import os
import sys

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main() -> None:
    mode, command, *arguments = sys.argv[1:]
    server = StdioServerParameters(command=command, args=arguments, env=dict(os.environ))
    async with Client(stdio_client(server), mode=mode) as client:
        tools = await client.list_tools()
        echo = await client.call_tool("echo", {"tag": "x"})
        denied = await client.call_tool("sleep", {})
        print(json.dumps({
            "version": client.protocol_version, "server": client.server_info.name,
            "tools": [tool.name for tool in tools.tools],
            "echo": echo.structured_content, "is_error": denied.is_error,
            "text": denied.content[0].text,
        }))


asyncio.run(main())

"""A well-behaved server on the official SDK, for measurements and checkers: `sdk_server.py echo|time [http]`.

`echo` has one trivial tool; `time` is mcp-server-time. Over stdio, or with `http` over stateless Streamable HTTP with
answers in JSON, and {"port": …} as the first line of output. For the Python that has `mcp` 2 and mcp-server-time.
"""
from __future__ import annotations

import asyncio
import json
import socket
import sys

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations
from mcp_server_time.server import create_server


def echo_server() -> MCPServer:
    server = MCPServer("echo", version="1")

    @server.tool(annotations=ToolAnnotations(read_only_hint=True))
    def echo(text: str) -> str:
        """Answers with the text."""
        return text

    return server


async def serve_http(server: MCPServer) -> None:
    # asyncio sets TCP_NODELAY only on sockets that say that they are TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    app = server.streamable_http_app(json_response=True, stateless_http=True)
    await uvicorn.Server(uvicorn.Config(app, log_level="error")).serve(sockets=[listener])


def main() -> None:
    server = create_server("UTC") if sys.argv[1] == "time" else echo_server()
    asyncio.run(serve_http(server) if "http" in sys.argv[2:] else server.run_stdio_async())


if __name__ == "__main__":
    main()

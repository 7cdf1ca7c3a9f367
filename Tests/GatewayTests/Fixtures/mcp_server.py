"""An MCP server over stdio that behaves as its first argument says, for the tests of upstream servers.

Each process appends its id to the file that PIDS names.
"""
import json
import os
import signal
import subprocess
import sys
import time

mode = sys.argv[1]
names = sys.argv[2:] or ["echo"]


def note(pid):
    with open(os.environ["PIDS"], "a") as file:
        file.write(f"{pid}\n")


def send(message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def raw(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def tool(name):
    return {"name": name, "description": f"the tool {name}", "inputSchema": {"type": "object"}}


def lists(message):
    cursor = (message.get("params") or {}).get("cursor")
    if mode == "pages":
        page = int(cursor or 0)
        result = {"tools": [tool(f"page{page}")]}
        if page < 4:
            result["nextCursor"] = str(page + 1)
        return result
    if mode == "endless-pages":
        return {"tools": [], "nextCursor": str(int(cursor or 0) + 1)}
    return {"tools": [tool(name) for name in names]}


held = []


def call(message):
    id = message["id"]
    params = message["params"]
    if mode == "crash":
        os._exit(3)
    if mode == "silent":
        return
    if mode == "flood":
        while True:
            raw('{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"' + "x" * 1000 + '"}}\n')
    if mode == "long-line":
        block = "x" * (1 << 20)
        for _ in range(100):
            raw(block)
    if mode == "garbage":
        raw("\n\r\nnot json\n{\"half\": \n[1,2]\n\"text\"\n{\"jsonrpc\":\"2.0\"}\n")
        send({"id": 987654, "result": {}})
        send({"id": "text", "result": {}})
        raw(f'{{"jsonrpc":"2.0","id":{id},"result":{{"structuredContent":{{"a":1,"a":2}}}}}}\r\n')
        return
    if mode == "reverse":
        held.append(message)
        if len(held) == 3:
            for each in reversed(held):
                send({"id": each["id"], "result": {"structuredContent": each["params"]["arguments"]}})
        return
    if mode == "asks":
        asked = ["ping", "roots/list", "sampling/createMessage", "elicitation/create"]
        for index, method in enumerate(asked):
            send({"id": f"q{index}", "method": method, "params": {}})
        answers = {}
        while len(answers) < len(asked):
            answer = json.loads(sys.stdin.readline())
            answers[answer["id"]] = "result" if "result" in answer else answer["error"]["code"]
        send({"id": id, "result": {"structuredContent": answers}})
        return
    if mode == "error":
        send({"id": id, "error": {"code": -32602, "message": "no such thing"}})
        return
    if mode == "changes":
        names.append("late")
        send({"method": "notifications/tools/list_changed"})
    send({"id": id, "result": {"structuredContent": {"line": message["line"], "name": params["name"]}}})


def main():
    note(os.getpid())
    if mode == "exit":
        print("cannot find my settings", file=sys.stderr)
        sys.exit(4)
    if mode == "mute":
        time.sleep(600)
    if mode == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        note(subprocess.Popen(["sleep", "600"]).pid)
    for line in sys.stdin:
        message = json.loads(line)
        message["line"] = line.rstrip("\n")
        method = message.get("method")
        if method == "initialize":
            capabilities = {} if mode == "no-tools" else {"tools": {}}
            version = "1999-01-01" if mode == "old" else "2025-06-18"
            info = {"name": mode, "version": "1"}
            send({"id": message["id"], "result": {
                "protocolVersion": version, "capabilities": capabilities, "serverInfo": info}})
        elif method == "tools/list":
            send({"id": message["id"], "result": lists(message)})
            if mode == "deaf":
                time.sleep(600)
        elif method == "tools/call":
            call(message)
        elif method == "notifications/cancelled" and mode == "silent":
            names.append("told")
            send({"method": "notifications/tools/list_changed"})
        elif "id" in message:
            send({"id": message["id"], "error": {"code": -32601, "message": "method not found"}})
    if mode == "stubborn":
        time.sleep(600)


main()

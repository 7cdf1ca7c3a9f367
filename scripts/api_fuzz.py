#!/usr/bin/env python3
"""Asks a gateway everything that its own description of the API allows, and much that it doesn't, and holds each answer
against that description.

/openapi.json is checked by openapi-spec-validator. Then schemathesis makes requests from it: the examples, the borders
of every parameter and member, random ones, and sequences along the links; with data as they should be and as they
shouldn't. No answer may be a 5xx, have a status, a media type, a header or a body that isn't described, accept what
the description forbids, refuse what it allows, or let anybody in without the key. What can't be held of an operation
stands in SETTINGS, with the reason.

The gateway is a fresh one with the demo tools. Ends with 1 when anything is found, and prints how to repeat it; prints
too which of the described statuses no answer had. Needs `schemathesis` and `openapi-spec-validator`.
"""
from __future__ import annotations

import argparse
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
HOOKS = pathlib.Path(__file__).with_name("api_fuzz_hooks.py")
JSON = dict[str, object]

# What is different for an operation, by its id, as schemathesis's own settings have it. Nothing is left out.
SETTINGS = {
    # JSON Schema can't say that a message fits its headers, its session and its method's parameters: most of what is
    # valid JSON-RPC is refused, with an answer that is checked like any other.
    "postMCP": ["checks.positive_data_acceptance.enabled = false"],
    # These are only there for who has a session. Others are answered with 405, as MCP has it, and not with 400.
    "listenMCP": ['checks.missing_required_header.expected-statuses = ["405"]'],
    "endMCPSession": ['checks.missing_required_header.expected-statuses = ["405"]'],
    # A stream that never ends: its first event is enough. Tests of their own read on.
    "listEvents": ["max-stream-events = 1"],
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Gateway:
    """A gateway of its own, in a folder that goes with it."""

    def __init__(self, binary: str) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="agentgate-fuzz-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AGENTGATE_")}
        environment |= {"AGENTGATE_STATE_DIR": str(self.folder / "state"), "AGENTGATE_PORT": str(self.port)}
        self.log = self.folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [binary, "serve", "--policy", str(REPOSITORY / "policies")], env=environment, stdout=log, stderr=log)

    def __enter__(self) -> Gateway:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                self.get("/health")
                return self
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        raise SystemExit(f"the gateway doesn't start:\n{self.log.read_text()[-2000:]}")

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def key(self) -> str:
        return (self.folder / "state/admin-api-key").read_text().strip()

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return answer.read()


def operations(document: JSON) -> list[str]:
    return [operation["operationId"] for item in document["paths"].values() for operation in item.values()]


def configuration(document: JSON) -> str:
    """`SETTINGS`, as a file."""
    # An operation that was renamed mustn't lose its settings unseen.
    unknown = set(SETTINGS) - set(operations(document))
    if unknown:
        raise SystemExit(f"there is no operation {', '.join(sorted(unknown))}")
    lines = []
    for name, settings in SETTINGS.items():
        lines += ["[[operations]]", f'include-operation-id = "{name}"', *settings]
    return "\n".join(lines) + "\n"


def tell(document: JSON, seen: dict[str, dict[str, int]]) -> None:
    """Which of the described statuses there were, and which not."""
    missing = []
    for item in document["paths"].values():
        for operation in item.values():
            had = seen.get(operation["operationId"], {})
            missing += [f"{operation['operationId']} {status}" for status in operation["responses"] if status not in had]
    count = sum(len(operation["responses"]) for item in document["paths"].values() for operation in item.values())
    print(f"==> {sum(sum(had.values()) for had in seen.values())} answers; {count - len(missing)} of {count} described "
          f"statuses were among them, these not: {', '.join(missing)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--examples", type=int, default=100, help="random requests of each operation (default: 100)")
    parser.add_argument("--seed", help="repeats a run")
    parser.add_argument("--document", help="the description, where it isn't the gateway's own")
    options = parser.parse_args()

    with Gateway(options.binary) as gateway:
        text = pathlib.Path(options.document).read_bytes() if options.document else gateway.get("/openapi.json")
        document: JSON = json.loads(text)
        described = gateway.folder / "openapi.json"
        described.write_bytes(text)
        print(f"==> {len(operations(document))} operations; is the description OpenAPI {document['openapi']}?", flush=True)
        if subprocess.run([sys.executable, "-m", "openapi_spec_validator", str(described)]).returncode != 0:
            return 1

        settings = gateway.folder / "schemathesis.toml"
        settings.write_text(configuration(document))
        command = [
            str(pathlib.Path(sys.executable).with_name("schemathesis")), "--config-file", str(settings), "run",
            str(described), "--url", gateway.url, "--header", f"X-API-Key: {gateway.key}",
            "--phases", "examples,coverage,fuzzing,stateful", "--mode", "all",
            "--max-examples", str(options.examples), "--continue-on-failure", "--request-timeout", "20",
            "--generation-database", "none", "--no-color", "--warnings", "off",
        ]
        if options.seed:
            command += ["--seed", options.seed]
        print("==> schemathesis", flush=True)
        result = subprocess.run(
            command, cwd=gateway.folder,
            env=os.environ | {
                "SCHEMATHESIS_HOOKS": str(HOOKS), "AGENTGATE_FUZZ_KEY": gateway.key,
                "AGENTGATE_FUZZ_SEEN": str(gateway.folder / "seen.json"),
            }).returncode
        tell(document, json.loads((gateway.folder / "seen.json").read_text()))
        if gateway.process.poll() is not None:
            print(f"the gateway has ended:\n{gateway.log.read_text()[-2000:]}")
            return 1
        # After all that it still does what it is there for.
        health = json.loads(gateway.get("/health"))
        print(f"==> the gateway is {health['status']} afterwards")
        return 1 if result or health["status"] != "ok" else 0


if __name__ == "__main__":
    sys.exit(main())

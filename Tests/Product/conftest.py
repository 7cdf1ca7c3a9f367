"""Fixtures for the tests of the whole product: the binary as its users have it, a gateway of its own for each module."""

from __future__ import annotations

import json
import os
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

REPO = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def repo() -> pathlib.Path:
    return REPO


@pytest.fixture(scope="session")
def binary() -> pathlib.Path:
    """What AGENTGATE_BINARY names, else the release build."""
    path = pathlib.Path(os.environ.get("AGENTGATE_BINARY", REPO / ".build/release/agentgate")).resolve()
    assert path.is_file(), f"{path} is not there: `make build` first"
    return path


@pytest.fixture(scope="session")
def release(binary: pathlib.Path) -> pathlib.Path:
    """The binary as it is shipped."""
    if binary.parent.name == "debug":
        pytest.skip("a debug build links the toolchain's own libraries: `make product-tests` has the release build")
    return binary


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or the one that CHROMIUM names."""
    with sync_playwright() as playwright:
        # Chromium's own sandbox doesn't work for root.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        running = playwright.chromium.launch(executable_path=path, args=arguments)
        yield running
        running.close()


class Gateway:
    """A gateway as a process, on a free port of loopback, with a state folder of its own."""

    def __init__(self, binary: pathlib.Path, folder: pathlib.Path, *arguments: str, **environment: str) -> None:
        self.state = folder / "state"
        self.log = folder / "log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AGENTGATE_")}
        self.environment = clean | {"AGENTGATE_STATE_DIR": str(self.state), "AGENTGATE_PORT": str(self.port)} | environment
        self.command = [str(binary), "serve", "--policy", str(REPO / "policies"), *arguments]
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, env=self.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while True:
            try:
                health = self.get("/health")
                # It listens before its servers have started, when the machine is too busy for its patience.
                if health.status == 200 and all(each["status"] != "starting" for each in health.json["upstreams"].values()):
                    return
            except OSError:
                pass
            assert self.process.poll() is None, f"the gateway ended: {self.log.read_text()[-2000:]}"
            assert time.monotonic() < deadline, "the gateway does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    @property
    def key(self) -> str:
        return self.environment.get("AGENTGATE_ADMIN_API_KEY") or (self.state / "admin-api-key").read_text().strip()

    def request(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None, timeout: float = 30
    ) -> Answer:
        sent = dict(headers or {})
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self.url + path, data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                return Answer(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, dict(error.headers), error.read())

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, headers=headers)

    def admin(self, method: str, path: str, body: object = None) -> Answer:
        """A request with the admin key."""
        return self.request(method, path, body, {"X-API-Key": self.key})

    def call(self, tool: str, arguments: dict[str, object], session: str = "test", **more: object) -> dict:
        """A call by REST; the answer's body."""
        return self.request(
            "POST", "/tools/call", {"session_id": session, "tool_name": tool, "arguments": arguments, **more}
        ).json


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


@pytest.fixture(scope="module")
def gateway(binary: pathlib.Path, tmp_path_factory: pytest.TempPathFactory):
    running = Gateway(binary, tmp_path_factory.mktemp("gateway"))
    yield running
    running.stop()


@pytest.fixture
def make_gateway(binary: pathlib.Path, tmp_path_factory: pytest.TempPathFactory):
    """Starts further ones: `make_gateway("--mcp", "mcp.json", AGENTGATE_SIGNING_KEY="…")`."""
    started: list[Gateway] = []

    def make(*arguments: str, **environment: str) -> Gateway:
        started.append(Gateway(binary, tmp_path_factory.mktemp("gateway"), *arguments, **environment))
        return started[-1]

    yield make
    for running in started:
        running.stop()

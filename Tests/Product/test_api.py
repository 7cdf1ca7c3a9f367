"""The API's documents: the description is right, the gateway does what it says, and the pages need nothing else."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from playwright.sync_api import Page


@pytest.fixture(scope="module")
def document(gateway) -> dict:
    return gateway.get("/openapi.json").json


def test_the_description_is_openapi(document):
    OpenAPIV31SpecValidator(document).validate()


def test_what_is_described_is_there(gateway, document):
    for path, item in document["paths"].items():
        allowed = gateway.request("TRACE", path.replace("{", "").replace("}", "")).headers["Allow"]
        assert set(allowed.split(", ")) == {method.upper() for method in item}, path


@pytest.mark.parametrize("scheme", ["adminKey"])
def test_what_is_said_to_need_a_key_needs_it(gateway, document, scheme):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            schemes = [name for alternative in operation["security"] for name in alternative or ["none"]]
            answer = gateway.request(method.upper(), path.replace("{", "").replace("}", ""), headers={"X-API-Key": "no"})
            assert (answer.status == 403) == (scheme in schemes and "none" not in schemes), (method, path)


def test_the_api_does_what_it_says(repo, binary):
    """A short run of `make api-fuzz`; the examples and all borders are in it. It prints what it found."""
    result = subprocess.run(
        [sys.executable, repo / "scripts/api_fuzz.py", "--binary", binary, "--examples", "5"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900)
    assert result.returncode == 0, result.stdout[-6000:]


def test_events_are_as_described(gateway, document):
    gateway.call("db_query", {"query": "SELECT 1"}, "watched")
    gateway.call("nobody_has_it", {}, "watched")
    gateway.admin("POST", "/sessions/watched/kill", {"reason": "seen enough"})
    gateway.call("db_query", {"query": "SELECT 1"}, "watched")
    schema = document["paths"]["/admin/events"]["get"]["responses"]["200"]["content"]["text/event-stream"]["schema"]
    shapes = {
        one["properties"]["event"]["const"]: one["properties"]["data"]["contentSchema"] for one in schema["anyOf"]}
    seen = []
    for name, data in events(gateway, "/admin/events?recent=256"):
        seen.append(name)
        validator = Draft202012Validator(shapes[name] | {"components": document["components"]})
        assert not [error.message for error in validator.iter_errors(data)], (name, data)
        if name == "live":
            break
    assert seen.count("decision") >= 3 and "control" in seen and seen[-1] == "live"


def events(gateway, path: str) -> Iterator[tuple[str, object]]:
    """A stream's events: what each is called, and its data."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    try:
        connection.request("GET", path, headers={"X-API-Key": gateway.key})
        answer = connection.getresponse()
        assert answer.status == 200 and answer.getheader("Content-Type") == "text/event-stream"
        fields: dict[str, str] = {}
        while line := answer.readline().decode():
            if line == "\n" and "data" in fields:
                yield fields["event"], json.loads(fields["data"])
            if line == "\n":
                fields = {}
            elif not line.startswith(":"):
                name, _, value = line.rstrip("\n").partition(": ")
                fields[name] = value
    finally:
        connection.close()


def test_parts_are_compressed_to_who_accepts_it(gateway):
    plain = gateway.get("/docs/swagger-ui-bundle.js")
    packed = gateway.get("/docs/swagger-ui-bundle.js", **{"Accept-Encoding": "gzip, br"})
    assert "Content-Encoding" not in plain.headers and packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 3
    assert gateway.get("/docs/swagger-ui-bundle.js", **{"If-None-Match": plain.headers["ETag"]}).status == 304


# MARK: The pages


class Watched:
    """A page; which of its requests went elsewhere, and what it complained about."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.elsewhere, self.problems = page, [], []
        # What the page's own policy forbids never leaves the browser.
        page.on("requestfinished", lambda request: self.look(request.url, url))
        page.on("requestfailed", lambda request: request.failure == "csp" or self.look(request.url, url))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda message: message.type == "error" and self.problems.append(message.text))

    def look(self, asked: str, own: str) -> None:
        if not asked.startswith((own + "/", "data:", f"blob:{own}/")):
            self.elsewhere.append(asked)


def picture(page: Page, name: str) -> None:
    """`API_SCREENSHOTS=folder` keeps one."""
    if folder := os.environ.get("API_SCREENSHOTS"):
        page.screenshot(path=pathlib.Path(folder) / f"{name}.png")


def test_docs_try_the_api_out(gateway, browser):
    gateway.call("db_query", {"query": "SELECT 1"}, "tried-out")
    watched = Watched(browser.new_page(viewport={"width": 1280, "height": 900}), gateway.url)
    page = watched.page
    page.goto(gateway.url + "/docs")
    operation = page.locator("#operations-Evidence-listSessions")
    operation.wait_for(timeout=60_000)
    picture(page, "docs")
    page.locator("button.authorize").click()
    form = page.locator(".auth-container").filter(has_text="adminKey")
    form.locator("input").fill(gateway.key)
    form.get_by_role("button", name="Apply credentials").click()
    page.locator("button.btn-done").first.click()
    operation.locator(".opblock-summary-control").click()
    operation.locator("button.execute").click()
    operation.locator(".live-responses-table .response-col_status", has_text="200").wait_for()
    operation.scroll_into_view_if_needed()
    picture(page, "docs-tried")
    assert "tried-out" in operation.locator(".live-responses-table").inner_text()
    assert watched.elsewhere == [] and watched.problems == []
    page.close()


def test_redoc_shows_every_operation(gateway, browser, document):
    watched = Watched(browser.new_page(viewport={"width": 1280, "height": 900}), gateway.url)
    page = watched.page
    page.goto(gateway.url + "/redoc")
    page.locator("[data-section-id]").first.wait_for(timeout=60_000)
    for item in document["paths"].values():
        for operation in item.values():
            assert page.get_by_role("heading", name=operation["summary"]).count() > 0, operation["operationId"]
    picture(page, "redoc")
    page.get_by_placeholder("Search...").fill("heartbeat")
    page.get_by_role("menuitem", name="supervisor").first.wait_for()
    picture(page, "redoc-search")
    # The mark of the project, on a server of its own, which the page's policy keeps out.
    assert [problem for problem in watched.problems if "cdn.redoc.ly/redoc/logo-mini.svg" not in problem] == []
    assert watched.elsewhere == []
    page.close()

"""The operator's console in a real browser, against a real gateway: Debian's Chromium, driven by Playwright.

`CONSOLE_SCREENSHOTS=folder` keeps a picture of each size and colour scheme. `CHROMIUM` names another browser.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import html.parser
import json
import os
import pathlib
import re
import time
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
LAMP = {"table": "products", "values": {"name": "Lamp", "price": 9}}


class Watched:
    """A page, and everything that went wrong in it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.problems: list[str] = []
        # What a test makes happen on purpose: a wrong key, a gateway that is gone.
        self.expected = ""
        page.on("console", lambda message: self.note(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.note(f"uncaught: {error}"))
        page.on("request", lambda request: self.look(request.url, url))
        # The violations of the page's own policy, which a script could catch before they reach the console.
        page.expose_function("noteViolation", lambda text: self.note(f"policy violated: {text}"))
        page.add_init_script(
            "addEventListener('securitypolicyviolation', event => "
            "noteViolation(event.violatedDirective + ' ' + event.blockedURI))"
        )

    def note(self, text: str) -> None:
        if not self.expected or not re.search(self.expected, text):
            self.problems.append(text)

    def look(self, asked: str, url: str) -> None:
        if not asked.startswith((url + "/", "data:", f"blob:{url}/")):
            self.problems.append(f"request to {asked}")


@contextlib.contextmanager
def watched(browser: Browser, gateway, viewport: dict[str, int] = DESKTOP, **options: object) -> Iterator[Watched]:
    context = browser.new_context(viewport=viewport, **options)
    context.set_default_timeout(10_000)
    watched = Watched(context.new_page(), gateway.url)
    watched.page.goto(gateway.url + "/console")
    yield watched
    context.close()
    assert watched.problems == []


def sign_in(page: Page, gateway) -> Page:
    page.get_by_label("Admin key").fill(gateway.key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#live")).to_have_text("Live")
    return page


@pytest.fixture
def page(browser: Browser, gateway) -> Iterator[Page]:
    """Signed in, at desktop size; nothing may go wrong in it."""
    with watched(browser, gateway) as watching:
        yield sign_in(watching.page, gateway)


def event(page: Page, text: str) -> Locator:
    """The rows of the stream that have the text."""
    return page.locator("#events .event", has_text=text)


def button(page: Page, section: str, name: str) -> Locator:
    return page.locator(f"#{section}").get_by_role("button", name=name, exact=True)


def confirm(page: Page, name: str, **fields: str) -> None:
    """Fills the dialog in and confirms it."""
    dialog = page.get_by_role("dialog")
    for label, text in fields.items():
        dialog.get_by_label(re.compile(f"^{label}", re.IGNORECASE)).fill(text)
    dialog.get_by_role("button", name=name, exact=True).click()


class Elements(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))


def test_the_page_runs_nothing_but_its_own(gateway) -> None:
    answer = gateway.get("/console")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert answer.status == 200
    assert headers["content-type"].startswith("text/html")
    elements = Elements()
    elements.feed(answer.text)
    tags = [tag for tag, _ in elements.tags]
    assert (tags.count("style"), tags.count("script")) == (1, 1)
    for tag, attributes in elements.tags:
        assert "style" not in attributes and not any(name.startswith("on") for name in attributes), (tag, attributes)
        for name in ("src", "href"):
            assert re.match(r"[/#]|data:", attributes.get(name) or "#"), (tag, attributes)

    policy = dict(part.split(None, 1) for part in headers["content-security-policy"].split("; ") if " " in part)
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        content = re.search(f"<{tag}>(.*?)</{tag}>", answer.text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert policy[directive] == f"'sha256-{digest}'"
    assert policy["default-src"] == policy["form-action"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["connect-src"] == "'self'"


def test_nobody_comes_in_with_a_wrong_key(browser: Browser, gateway) -> None:
    with watched(browser, gateway) as watching:
        page = watching.page
        watching.expected = "status of 403"
        page.get_by_label("Admin key").fill("not the key, by no means")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").first).to_have_text("That isn't the admin key.")
        expect(page.locator("#console")).to_be_hidden()
        sign_in(page, gateway)
        kept = page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])")
        assert gateway.key not in kept
        page.reload()
        expect(page.get_by_label("Admin key")).to_be_visible()


def test_the_key_is_kept_when_asked_and_gone_after_signing_out(browser: Browser, gateway) -> None:
    with watched(browser, gateway) as watching:
        page = watching.page
        page.get_by_label("Keep the key in this tab").check()
        sign_in(page, gateway)
        page.reload()
        expect(page.locator("#live")).to_have_text("Live")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Admin key")).to_be_focused()
        assert page.evaluate("sessionStorage.length") == 0
        assert page.locator("#events li").count() == 0
        page.reload()
        expect(page.get_by_label("Admin key")).to_be_visible()


def test_a_call_appears_within_a_second(page: Page, gateway) -> None:
    gateway.call("db_query", {"query": "SELECT id FROM products"}, "quick")
    expect(event(page, "quick")).to_be_visible(timeout=1_000)
    expect(event(page, "quick")).to_contain_text("ALLOW")
    gateway.call("hack_the_planet", {}, "quick-2")
    expect(event(page, "quick-2")).to_contain_text("Tool not in allowlist", timeout=1_000)
    # The session has its row soon after, with its tools.
    row = page.locator("#sessions li", has=page.get_by_role("heading", name="quick-2", exact=True))
    row.locator("summary").click()
    expect(row).to_contain_text("hack_the_planet")


def test_the_stream_is_filtered_and_held(page: Page, gateway) -> None:
    gateway.call("db_query", {"query": "SELECT 1"}, "stream-a")
    gateway.call("hack_the_planet", {}, "stream-b")
    expect(event(page, "stream-b")).to_be_visible()
    page.get_by_text("Denied", exact=True).click()
    expect(event(page, "stream-a")).to_be_hidden()
    expect(event(page, "stream-b")).to_be_visible()
    page.get_by_text("All", exact=True).click()
    page.get_by_label("Filter the stream by text").fill("stream-a")
    expect(event(page, "stream-a")).to_be_visible()
    expect(event(page, "stream-b")).to_be_hidden()
    page.get_by_label("Filter the stream by text").fill("")

    button(page, "stream", "Hold").click()
    gateway.call("db_query", {"query": "SELECT 1"}, "stream-c")
    expect(page.get_by_role("button", name="1 new: show")).to_be_visible()
    assert event(page, "stream-c").count() == 0
    button(page, "stream", "Go on").click()
    expect(event(page, "stream-c")).to_be_visible()


def test_a_kill_by_button_stops_the_next_call(page: Page, gateway) -> None:
    assert gateway.call("db_query", {"query": "SELECT 1"}, "rogue")["success"]
    button(page, "sessions", "Kill session rogue").click()
    # Asked once: nothing is killed yet.
    expect(page.get_by_role("dialog")).to_contain_text("rogue")
    assert gateway.call("db_query", {"query": "SELECT 1"}, "rogue")["success"]
    confirm(page, "Kill session", reason="off the rails")
    dialog = page.get_by_role("dialog", name="The session is killed")
    expect(dialog).to_contain_text("No call was under way. No later call passes.")
    expect(dialog).to_contain_text("settled")
    answer = gateway.call("db_query", {"query": "SELECT 1"}, "rogue")
    assert not answer["success"] and "off the rails" in answer["error"]
    page.keyboard.press("Escape")
    lift = button(page, "sessions", "Un-kill session rogue")
    expect(lift).to_be_focused()
    expect(page.locator("#kills li", has_text="rogue")).to_contain_text("off the rails")
    lift.click()
    confirm(page, "Lift the kill")
    expect(page.locator("#kills li", has_text="rogue")).to_have_count(0)
    assert gateway.call("db_query", {"query": "SELECT 1"}, "rogue")["success"]


@pytest.mark.parametrize("kind", ["agent", "tool"])
def test_agents_and_tools_are_killed_likewise(page: Page, gateway, kind: str) -> None:
    def passes() -> bool:
        return gateway.call("file_read", {"path": "readme.txt"}, "crowd", context={"agent_id": "drone"})

    passes()
    name = {"agent": "drone", "tool": "file_read"}[kind]
    button(page, f"{kind}s", f"Kill {kind} {name}").click()
    confirm(page, f"Kill {kind}", reason=f"no more of this {kind}")
    expect(page.get_by_role("dialog", name=f"The {kind} is killed")).to_be_visible()
    assert f"no more of this {kind}" in passes()["error"]
    confirm(page, "Close")
    button(page, "kills", f"Un-kill {kind} {name}").click()
    confirm(page, "Lift the kill")
    expect(page.locator("#kills li", has_text=name)).to_have_count(0)
    assert f"no more of this {kind}" not in (passes()["error"] or "")


def test_an_approval_by_button_lets_the_repeated_call_through(page: Page, gateway) -> None:
    assert gateway.call("db_insert", LAMP, "buyer")["approval_id"]
    card = page.locator(".approval", has_text="buyer")
    expect(card).to_contain_text('"name": "Lamp"')
    card.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("dialog")).to_contain_text('"price": 9')
    confirm(page, "Approve", note="ticket 42")
    expect(card).to_have_count(0)
    assert gateway.call("db_insert", LAMP, "buyer")["success"]

    # The next one waits again, and what differs is told.
    dear = {"table": "products", "values": {"name": "Lamp", "price": 9000}}
    assert gateway.call("db_insert", dear, "buyer")["approval_id"]
    change = card.locator(".changes li")
    expect(change).to_have_count(1)
    expect(change.locator("code")).to_have_text("$.values.price")
    expect(change.locator("del")).to_contain_text("9")
    expect(change.locator("ins")).to_contain_text("9000")
    card.get_by_role("button", name="Deny").click()
    confirm(page, "Deny", note="too dear")
    expect(card).to_have_count(0)
    assert gateway.admin("GET", "/approvals?status=denied").json["approvals"][0]["note"] == "too dear"


def test_everything_is_paused_and_goes_on(page: Page, gateway) -> None:
    button(page, "console", "Pause all…").click()
    expect(page.get_by_role("dialog", name="Pause everything?")).to_be_visible()
    page.keyboard.press("Escape")
    assert gateway.call("db_query", {"query": "SELECT 1"}, "paused")["success"]
    button(page, "console", "Pause all…").click()
    confirm(page, "Pause everything", reason="looking into it")
    expect(page.get_by_role("dialog", name="Everything is paused")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Everything is paused")).to_be_visible()
    assert "looking into it" in gateway.call("db_query", {"query": "SELECT 1"}, "paused")["error"]
    page.locator("#alarms").get_by_role("button", name="Resume…").click()
    confirm(page, "Resume")
    expect(page.get_by_role("heading", name="Everything is paused")).to_have_count(0)
    assert gateway.call("db_query", {"query": "SELECT 1"}, "paused")["success"]


def test_what_a_call_would_get(page: Page, gateway) -> None:
    section = page.locator("#ask")
    section.get_by_label("Tool").fill("db_insert")
    section.get_by_label("Arguments").fill('{"table": "products",\n "values": tru}')
    section.get_by_role("button", name="Ask the policy").click()
    expect(section.get_by_role("alert")).to_contain_text("line 2, column 12")
    expect(section.get_by_label("Arguments")).to_be_focused()
    section.get_by_label("Arguments").fill('{"table": "products", "values": {}, "table": "x"}')
    page.keyboard.press("Control+Home")
    section.get_by_role("button", name="Ask the policy").click()
    expect(section.get_by_role("alert")).to_contain_text('"table" comes twice')
    section.get_by_label("Arguments").fill(json.dumps(LAMP))
    section.get_by_role("button", name="Ask the policy").click()
    answer = section.locator(".answer")
    expect(answer).to_contain_text("REQUIRE_APPROVAL")
    expect(answer).to_contain_text("write_requires_approval")
    expect(answer).to_contain_text(re.compile(r"default\.rego:\d+:\d+"))
    section.get_by_label("As if a human had approved it").check()
    section.get_by_role("button", name="Ask the policy").click()
    expect(answer).to_contain_text("write_with_approval")
    section.get_by_label("Tool").fill("hack_the_planet")
    section.get_by_role("button", name="Ask the policy").click()
    expect(answer).to_contain_text("Tool not in allowlist")


def test_evidence_is_downloaded(page: Page, gateway) -> None:
    gateway.call("db_query", {"query": "SELECT 1"}, "audited/1")
    row = page.locator("#sessions li", has=page.get_by_role("heading", name="audited/1", exact=True))
    row.locator("summary").click()
    starts = {"JSON": b"{", "HTML": b"<!DOCTYPE html>", "PDF": b"%PDF-"}
    for format, start in starts.items():
        with page.expect_download() as download:
            row.get_by_role("button", name=f"{format} evidence of session audited/1").click()
        assert download.value.suggested_filename == f"evidence_audited_1.{format.lower()}"
        assert pathlib.Path(download.value.path()).read_bytes().startswith(start)


def test_health_and_the_policys_revision(page: Page, gateway) -> None:
    health = gateway.get("/health").json
    section = page.locator("#health")
    expect(section).to_contain_text(health["policy"]["revision"])
    for name in health["upstreams"]:
        expect(section).to_contain_text(name)


def test_a_kill_by_keyboard_alone(browser: Browser, gateway) -> None:
    gateway.call("db_query", {"query": "SELECT 1"}, "by-keyboard")
    with watched(browser, gateway) as watching:
        page = watching.page
        keys = page.keyboard
        expect(page.get_by_label("Admin key")).to_be_focused()
        keys.type(gateway.key)
        keys.press("Enter")
        expect(page.locator("#live")).to_have_text("Live")
        keys.press("?")
        expect(page.get_by_role("dialog", name="Shortcuts")).to_be_visible()
        keys.press("Escape")

        keys.press("k")
        expect(page.get_by_role("dialog").get_by_label("Its name")).to_be_focused()
        keys.type("by-keyboard")
        keys.press("Tab")
        keys.type("no hands")
        keys.press("Enter")
        expect(page.get_by_role("dialog", name="The session is killed")).to_be_visible()
        assert "no hands" in gateway.call("db_query", {"query": "SELECT 1"}, "by-keyboard")["error"]
        keys.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)

        # The newest event, opened; its buttons are one step of the tab key away.
        expect(event(page, "by-keyboard").first).to_contain_text("DENY")
        keys.press("e")
        expect(page.locator("#events .event").first).to_be_focused()
        keys.press("ArrowDown")
        expect(page.locator("#events .event").nth(1)).to_be_focused()
        keys.press("ArrowUp")
        keys.press("Enter")
        expect(page.locator("#events .open")).to_be_visible()
        keys.press("Tab")
        lift = page.locator("#events").get_by_role("button", name="Un-kill session…")
        expect(lift).to_be_focused()
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        keys.press("Enter")
        expect(page.get_by_role("dialog", name="Let this session go on?")).to_be_visible()
        keys.press("Tab")
        keys.press("Enter")
        expect(page.locator("#kills li", has_text="by-keyboard")).to_have_count(0)
        expect(lift).to_be_focused()
        assert gateway.call("db_query", {"query": "SELECT 1"}, "by-keyboard")["success"]


def test_strangers_texts_are_texts(page: Page, gateway) -> None:
    name = "<img src=x onerror=\"document.title='taken'\">\u202egpj\u200b"
    gateway.call(name, {name: name}, name, context={"agent_id": name})
    gateway.call("db_insert", {"table": name, "values": {}}, name)
    visible = "<img src=x onerror=\"document.title='taken'\">⟨U+202E⟩gpj⟨U+200B⟩"
    expect(event(page, visible).first).to_be_visible()
    expect(page.locator("#sessions h3", has_text=visible)).to_be_visible()
    expect(page.locator("#approvals pre", has_text="⟨U+202E⟩gpj")).to_be_visible()
    assert page.locator("main img").count() == 0
    assert "taken" not in page.title()
    button(page, "sessions", f"Kill session {visible}").click()
    confirm(page, "Kill session")
    expect(page.get_by_role("dialog", name="The session is killed")).to_contain_text(visible)
    kills = gateway.admin("GET", "/admin/kills").json["sessions"]
    assert name in [kill["id"] for kill in kills]


def test_it_says_when_it_is_not_live(browser: Browser, make_gateway) -> None:
    gateway = make_gateway()
    with watched(browser, gateway) as watching:
        page = sign_in(watching.page, gateway)
        gateway.call("db_query", {"query": "SELECT 1"}, "before")
        expect(event(page, "before")).to_be_visible()
        watching.expected = "Failed to load resource|ERR_"
        gateway.stop()
        expect(page.locator("#live")).to_contain_text("Not live")
        gateway.start()
        expect(page.locator("#live")).to_have_text("Live", timeout=30_000)
        gateway.call("db_query", {"query": "SELECT 1"}, "afterwards")
        expect(event(page, "afterwards")).to_be_visible(timeout=1_000)


def busy(gateway) -> None:
    """What a gateway looks like in the middle of its work."""
    sessions = {"billing-nightly": "billing-bot", "laptop": "claude-code", "support/4711": "support-agent"}
    for index in range(6):
        for session, agent in sessions.items():
            gateway.call("db_query", {"query": f"SELECT {index}"}, session, context={"agent_id": agent})
        gateway.call("file_read", {"path": "readme.txt"}, "research", context={"agent_id": "deep-research"})
    gateway.call("hack_the_planet", {}, "research", context={"agent_id": "deep-research"})
    wanted = gateway.call("db_insert", LAMP, "laptop", context={"agent_id": "claude-code"})["approval_id"]
    gateway.admin("POST", f"/approvals/{wanted}/approve", {"by": "ann"})
    gateway.call("db_insert", LAMP, "laptop", context={"agent_id": "claude-code"})
    dear = {"table": "products", "values": {"name": "Lamp", "price": 9000, "sku": "L-9"}}
    gateway.call("db_insert", dear, "laptop", context={"agent_id": "claude-code"})
    gateway.admin("POST", "/tools/api_post/kill", {"reason": "vendor incident 4711"})
    gateway.call("api_post", {"url": "https://crm.example/"}, "billing-nightly", context={"agent_id": "billing-bot"})


@pytest.fixture
def busy_gateway(make_gateway):
    gateway = make_gateway()
    busy(gateway)
    return gateway


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response
    assert len(found["passes"]) > 10, "axe has looked at next to nothing"
    return [
        f"{violation['id']} ({violation['impact']}): {violation['nodes'][0]['target']}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_axe_finds_nothing_serious(browser: Browser, busy_gateway, size: str, scheme: str) -> None:
    viewport = {"desktop": DESKTOP, "phone": PHONE}[size]
    with watched(browser, busy_gateway, viewport, color_scheme=scheme, reduced_motion="reduce") as watching:
        page = watching.page
        assert serious(page) == []
        sign_in(page, busy_gateway)
        expect(event(page, "api_post").first).to_be_visible()
        expect(page.locator(".approval")).to_have_count(1)
        expect(page.locator("#health .ups li").first).to_be_visible()
        if folder := os.environ.get("CONSOLE_SCREENSHOTS"):
            pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=pathlib.Path(folder) / f"console-{size}-{scheme}.png")
        assert serious(page) == []
        page.locator("#sessions summary").first.click()
        page.locator("#events .event").first.click()
        page.locator("#ask").get_by_label("Tool").fill("db_insert")
        page.get_by_role("button", name="Ask the policy").click()
        expect(page.locator(".answer")).to_be_visible()
        assert serious(page) == []
        page.locator("#kill").click()
        assert serious(page) == []


@pytest.mark.parametrize("width", [320, 360, 768, 1000, 1920])
def test_nothing_is_wider_than_the_screen(browser: Browser, busy_gateway, width: int) -> None:
    with watched(browser, busy_gateway, {"width": width, "height": 740}) as watching:
        assert watching.page.evaluate("document.documentElement.scrollWidth") <= width
        page = sign_in(watching.page, busy_gateway)
        busy_gateway.call("y" * 128, {"long": "z" * 400}, "x" * 256, context={"agent_id": "w" * 256})
        expect(event(page, "y" * 20).first).to_be_visible()
        event(page, "y" * 20).first.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # Kill and pause are at hand wherever the page is.
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        for name in ("#kill", "#pause"):
            expect(page.locator(name)).to_be_in_viewport(ratio=1)


def test_a_flood_leaves_the_page_usable(page: Page, gateway) -> None:
    for index in range(700):
        gateway.call("db_query", {"query": "SELECT 1"}, f"flood-{index % 7}")
    gateway.call("hack_the_planet", {}, "after-the-flood")
    start = time.monotonic()
    expect(event(page, "after-the-flood")).to_be_visible(timeout=5_000)
    assert page.locator("#events > li").count() <= 500
    page.locator("#kill").click()
    expect(page.get_by_role("dialog", name="Kill what?")).to_be_visible()
    assert time.monotonic() - start < 5

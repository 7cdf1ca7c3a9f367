"""What `/metrics` says, and the alert rules, the dashboard and the scrape configuration that read it.

Needs `promtool`, of Debian's package `prometheus`.
"""

from __future__ import annotations

import itertools
import json
import pathlib
import re
import shutil
import subprocess
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest

OBSERVABILITY = pathlib.Path("deploy/observability")
README_FAMILIES = {
    "agentgate_tool_calls_total": "counter",
    "agentgate_request_duration_seconds": "histogram",
    "agentgate_kill_switch_activations_total": "counter",
    "agentgate_policy_evaluations_total": "counter",
    "agentgate_rate_limit_hits_total": "counter",
    "agentgate_health_status": "gauge",
}

LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[^\"{}]|\"(?:[^\"\\]|\\.)*\")*)\})? ([0-9.]+)")

Labels = frozenset[tuple[str, str]]


class Scrape:
    """Prometheus' text, read strictly: a line that is no sample of the family above it is an error."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.types: dict[str, str] = {}
        self.samples: dict[tuple[str, Labels], float] = {}
        family = ""
        assert text.endswith("\n")
        for line in text.split("\n")[:-1]:
            if line.startswith("# HELP "):
                family = line.split(" ")[2]
                assert family not in self.types, f"{family} is there twice"
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name == family
                self.types[name] = kind
            else:
                self.read(line, family)

    def read(self, line: str, family: str) -> None:
        match = SAMPLE.fullmatch(line)
        assert match, f"no sample: {line!r}"
        name, text, value = match.groups()
        suffixes = ("_bucket", "_sum", "_count") if self.types[family] == "histogram" else ("",)
        assert name in {family + suffix for suffix in suffixes}, f"{line!r} is not {family}'s"
        labels = LABEL.findall(text or "")
        assert ",".join(f'{key}="{value}"' for key, value in labels) == (text or ""), f"no labels: {line!r}"
        key = (name, frozenset(labels))
        assert len(dict(labels)) == len(labels) and key not in self.samples, f"{line!r} is there twice"
        self.samples[key] = float(value)

    def get(self, name: str, **labels: str) -> float | None:
        return self.samples.get((name, frozenset(labels.items())))

    def sum(self, name: str, **labels: str) -> float:
        return sum(
            value for (other, found), value in self.samples.items() if other == name and found >= set(labels.items())
        )


def scrape(gateway) -> Scrape:
    answer = gateway.get("/metrics")
    assert answer.status == 200, answer.text
    kind = {name.lower(): value for name, value in answer.headers.items()}["content-type"]
    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    return Scrape(answer.text)


def promtool(*arguments: str, text: str | None = None, folder: pathlib.Path | None = None) -> str:
    """Its output. Fails when it does, and when it isn't installed."""
    path = shutil.which("promtool")
    assert path, "promtool is not installed: apt-get install prometheus"
    done = subprocess.run([path, *arguments], input=text, capture_output=True, text=True, cwd=folder, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


class Rise:
    """What moved between two scrapes."""

    def __init__(self, gateway) -> None:
        self.gateway, self.before = gateway, scrape(gateway)

    def of(self, name: str, **labels: str) -> float:
        return self.after.sum(name, **labels) - self.before.sum(name, **labels)

    def __enter__(self) -> Rise:
        return self

    def __exit__(self, *_: object) -> None:
        self.after = scrape(self.gateway)


# The text


def test_promtool_finds_nothing(gateway):
    gateway.call("db_query", {"query": "SELECT 1"})
    gateway.call('a"b\\c\nd', {})
    assert promtool("check", "metrics", text=scrape(gateway).text).strip() == ""


def test_the_six_names_of_the_readme_are_there(gateway):
    types = scrape(gateway).types
    assert {name: types.get(name) for name in README_FAMILIES} == README_FAMILIES


def check_histograms(found: Scrape) -> int:
    """How many series there are. Buckets are cumulated once, and the last one is the count."""
    buckets: dict[tuple[str, Labels], list[tuple[float, float]]] = defaultdict(list)
    for (name, labels), value in found.samples.items():
        if name.endswith("_bucket"):
            bound = dict(labels)["le"]
            rest = frozenset(pair for pair in labels if pair[0] != "le")
            buckets[(name.removesuffix("_bucket"), rest)].append((float(bound.replace("+Inf", "inf")), value))
    for (name, labels), counts in buckets.items():
        assert counts == sorted(counts) and len(set(bound for bound, _ in counts)) == len(counts)
        values = [value for _, value in counts]
        assert values == sorted(values), f"{name} {labels}: {values}"
        assert counts[-1][0] == float("inf")
        assert counts[-1][1] == found.samples[(name + "_count", labels)]
        total = found.samples[(name + "_sum", labels)]
        below = [0.0] + [bound for bound, _ in counts]
        steps = [b - a for a, b in itertools.pairwise([0.0, *values])]
        assert total >= sum(low * count for low, count in zip(below, steps)) * 0.999
    return len(buckets)


def test_buckets_are_cumulated_once(gateway):
    for _ in range(20):
        gateway.call("db_query", {"query": "SELECT 1"})
    found = scrape(gateway)
    assert check_histograms(found) >= 2
    original = {"0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf"}
    bounds = {dict(labels)["le"] for name, labels in found.samples if name == "agentgate_request_duration_seconds_bucket"}
    assert original < bounds
    assert found.get("agentgate_decision_duration_seconds_bucket", le="1e-06") is not None


# What moves


def test_an_allowed_call(gateway):
    with Rise(gateway) as rise:
        assert gateway.call("db_query", {"query": "SELECT 1"})["success"]
    assert rise.of("agentgate_tool_calls_total") == 1
    assert rise.of("agentgate_tool_calls_total", tool="db_query", decision="ALLOW") == 1
    assert rise.of("agentgate_policy_evaluations_total", result="ALLOW", rule="read_only_tools") == 1
    assert rise.of("agentgate_request_duration_seconds_count", endpoint="tools_call") == 1
    assert 0 < rise.of("agentgate_request_duration_seconds_sum", endpoint="tools_call") < 10
    assert rise.of("agentgate_decision_duration_seconds_count") == 1
    assert 0 < rise.of("agentgate_decision_duration_seconds_sum") < 1
    assert rise.of("agentgate_trace_events_total") == 1
    assert rise.of("agentgate_denied_calls_total") == 0


def test_a_denied_call(gateway):
    with Rise(gateway) as rise:
        assert not gateway.call("hack_the_planet", {})["success"]
    assert rise.of("agentgate_tool_calls_total") == 1
    assert rise.of("agentgate_tool_calls_total", tool="unknown", decision="DENY") == 1
    assert rise.of("agentgate_policy_evaluations_total", result="DENY", rule="unknown_tool") == 1
    assert rise.of("agentgate_denied_calls_total", rule="unknown_tool") == 1


def test_a_call_that_waits_for_approval(gateway):
    with Rise(gateway) as rise:
        answer = gateway.call("db_insert", {"table": "products", "values": {"name": "Lamp", "price": 9}})
    assert answer["approval_id"]
    assert rise.of("agentgate_tool_calls_total", tool="db_insert", decision="REQUIRE_APPROVAL") == 1
    assert rise.of("agentgate_policy_evaluations_total", result="REQUIRE_APPROVAL", rule="write_requires_approval") == 1
    assert rise.of("agentgate_approvals_pending") == 1
    assert rise.of("agentgate_denied_calls_total") == 0
    with Rise(gateway) as rise:
        assert gateway.admin("POST", f"/approvals/{answer['approval_id']}/deny", {}).status == 200
    assert rise.of("agentgate_approvals_pending") == -1


def test_a_call_over_its_rate_limit(gateway):
    with Rise(gateway) as rise:
        for _ in range(12):
            gateway.call("rate_limited_tool", {}, session="in-a-loop")
    assert rise.of("agentgate_rate_limit_hits_total") == 2
    assert rise.of("agentgate_rate_limit_hits_total", tool="rate_limited_tool") == 2
    assert rise.of("agentgate_tool_calls_total", tool="rate_limited_tool", decision="ALLOW") == 10
    assert rise.of("agentgate_tool_calls_total", tool="rate_limited_tool", decision="DENY") == 2
    assert rise.of("agentgate_denied_calls_total", rule="rate_limit") == 2
    assert rise.of("agentgate_policy_evaluations_total") == 10


@pytest.mark.parametrize(
    ("level", "path"), [("session", "/sessions/doomed/kill"), ("tool", "/tools/api_get/kill"), ("agent", "/agents/a/kill")]
)
def test_a_kill(gateway, level: str, path: str):
    with Rise(gateway) as rise:
        # The original took this reason for an approval.
        assert gateway.admin("POST", path, {"reason": "without approval"}).status == 200
        answer = gateway.call("api_get", {"endpoint": "/"}, session="doomed", context={"agent_id": "a"})
        assert gateway.admin("DELETE", path).status == 200
    assert "Kill switch" in answer["error"]
    assert rise.of("agentgate_kill_switch_activations_total") == 1
    assert rise.of("agentgate_kill_switch_activations_total", level=level) == 1
    assert rise.of("agentgate_tool_calls_total", tool="api_get", decision="DENY") == 1
    assert rise.of("agentgate_denied_calls_total", rule="kill_switch") == 1
    # A kill, a call, an un-kill; what the kill met under way may be a fourth.
    assert rise.of("agentgate_trace_events_total") >= 3
    assert rise.of("agentgate_request_duration_seconds_count", endpoint="control") == 2


def test_a_pause(gateway):
    with Rise(gateway) as rise:
        assert gateway.admin("POST", "/system/pause", {"reason": "test"}).status == 200
        gateway.call("db_query", {"query": "SELECT 1"})
        assert gateway.admin("POST", "/system/resume").status == 200
    assert rise.of("agentgate_kill_switch_activations_total", level="global") == 1
    assert rise.of("agentgate_kill_switch_activations_total") == 1
    assert rise.of("agentgate_denied_calls_total", rule="kill_switch") == 1


def test_health(gateway):
    assert gateway.get("/health").json["status"] == "ok"
    found = scrape(gateway)
    health = {dict(labels)["dependency"]: value for (name, labels), value in found.samples.items()
              if name == "agentgate_health_status"}
    assert {"opa", "redis", "policy", "kill_switch", "trace_store"} <= set(health)
    assert set(health.values()) == {1.0}
    upstreams = {dict(labels)["server"]: value for (name, labels), value in found.samples.items()
                 if name == "agentgate_upstream_up"}
    assert upstreams and set(upstreams.values()) == {1.0}
    assert found.sum("agentgate_upstream_tools") >= 8


def test_health_follows_what_happens(make_gateway):
    gateway = make_gateway()
    path = gateway.state / "kill-switch.json"
    kept = path.read_text() if path.exists() else '{"version": 1}'
    wait_for_health(gateway, "kill_switch", 1)
    path.write_text("{")
    wait_for_health(gateway, "kill_switch", 0)
    assert scrape(gateway).get("agentgate_health_status", dependency="redis") == 0
    path.write_text(kept)
    wait_for_health(gateway, "kill_switch", 1)


def wait_for_health(gateway, dependency: str, value: float) -> None:
    deadline = time.monotonic() + 15
    while scrape(gateway).get("agentgate_health_status", dependency=dependency) != value:
        assert time.monotonic() < deadline, f"{dependency} is not {value}"
        time.sleep(0.1)


def test_evidence(gateway):
    gateway.call("db_query", {"query": "SELECT 1"}, session="exported")
    with Rise(gateway) as rise:
        for kind in ("json", "html", "pdf"):
            assert gateway.admin("GET", f"/sessions/exported/evidence?format={kind}").status == 200
    for kind in ("json", "html", "pdf"):
        assert rise.of("agentgate_evidence_exports_total", format=kind) == 1
    assert rise.of("agentgate_request_duration_seconds_count", endpoint="evidence") == 3


def test_a_reload(gateway):
    with Rise(gateway) as rise:
        assert gateway.admin("POST", "/admin/policies/reload").status == 200
    assert rise.of("agentgate_policy_reloads_total", result="activated") == 1
    assert rise.of("agentgate_policy_reloads_total") == 1
    revisions = [dict(labels)["revision"] for name, labels in rise.after.samples if name == "agentgate_policy_info"]
    assert revisions == [gateway.get("/health").json["policy"]["revision"]]


def test_the_process(gateway):
    assert gateway.process is not None
    found = scrape(gateway)
    resident = int(
        next(
            line.split()[1]
            for line in pathlib.Path(f"/proc/{gateway.process.pid}/status").read_text().splitlines()
            if line.startswith("VmRSS:")
        )
    )
    assert found.get("process_resident_memory_bytes") == pytest.approx(resident * 1024, rel=0.5)
    assert abs(time.time() - found.get("process_start_time_seconds")) < 3_600
    assert found.get("process_open_fds") > 3
    assert found.get("process_cpu_seconds_total") > 0
    version = gateway.get("/health").json["version"]
    assert found.get("agentgate_build_info", version=version) == 1


def test_sessions_and_calls(gateway):
    before = scrape(gateway).get("agentgate_active_sessions")
    gateway.call("db_query", {"query": "SELECT 1"}, session="new-here")
    found = scrape(gateway)
    assert found.get("agentgate_active_sessions") == before + 1
    assert found.get("agentgate_calls_in_flight") == 0


# What an attacker may try


@pytest.mark.parametrize(
    "name",
    [
        'x"} 1\nagentgate_health_status{dependency="opa"} 0\n#',
        'db_query",decision="ALLOW',
        "x\\",
        "x\n# TYPE agentgate_forged counter\nagentgate_forged 1",
        "x\r\nagentgate_forged 1",
        "agentgate_forged{} 1",
        "\u2028agentgate_forged 1",
        "db_query\u0301",
        "unknown",
        "other",
    ],
)
def test_a_forged_name_adds_no_line(gateway, name: str):
    # What this is about may show up with the first call of an unknown tool.
    gateway.call("no_such_tool", {})
    gateway.call("no such tool", {})
    with Rise(gateway) as rise:
        assert not gateway.call(name, {}, session="forger")["success"]
    assert set(rise.after.samples) == set(rise.before.samples)
    assert "forged" not in rise.after.text
    assert rise.of("agentgate_tool_calls_total", tool="unknown", decision="DENY") == 1


def test_made_up_names_add_no_series(gateway):
    gateway.call("no_such_tool", {})
    with Rise(gateway) as rise, ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda number: gateway.call(f"made_up_{number}", {}, session=f"s{number % 50}"), range(2_000))
        )
    assert not any(answer["success"] for answer in answers)
    assert set(rise.after.samples) == set(rise.before.samples)
    assert rise.of("agentgate_tool_calls_total", tool="unknown", decision="DENY") == 2_000


def test_who_may_read(make_gateway):
    gateway = make_gateway(AGENTGATE_METRICS_TOKEN="read-these-metrics-0123456789")
    assert gateway.get("/metrics").status == 401
    assert gateway.get("/metrics", Authorization="Bearer wrong").status in (401, 403)
    assert "agentgate_" not in gateway.get("/metrics", Authorization="Bearer wrong").text
    assert gateway.get("/metrics", Authorization="Bearer read-these-metrics-0123456789").status == 200
    assert gateway.admin("GET", "/metrics").status == 200


def test_every_denial_of_the_gateways_own_starts_at_zero(make_gateway, repo):
    used = set()
    for path in sorted((repo / "Sources/Gateway").rglob("*.swift")):
        used |= set(re.findall(r'rule: "([a-z_]+)"', path.read_text()))
    found = scrape(make_gateway())
    shown = {dict(labels)["rule"] for name, labels in found.samples if name == "agentgate_denied_calls_total"}
    assert len(used) > 5
    assert used <= shown


# What reads them


def test_the_rules_are_valid(repo):
    promtool("check", "rules", str(repo / OBSERVABILITY / "alerts.yml"))


def test_the_rules_do_what_they_say(repo):
    promtool("test", "rules", "alerts_test.yml", folder=repo / OBSERVABILITY)


def test_every_alert_is_described_and_tested(repo):
    alerts = (repo / OBSERVABILITY / "alerts.yml").read_text()
    tests = (repo / OBSERVABILITY / "alerts_test.yml").read_text()
    rules = alerts.split("- alert: ")[1:]
    assert len(rules) > 15
    for rule in rules:
        name = rule.split("\n")[0]
        for key in ("severity:", "summary:", "description:", "runbook:"):
            assert key in rule, f"{name} has no {key}"
        assert f'alertname="{name}", alertstate="firing"' in tests, f"{name} fires in no test"


def test_the_scrape_configuration_is_valid(repo, tmp_path):
    for name in ("prometheus.yml", "alerts.yml"):
        shutil.copy(repo / OBSERVABILITY / name, tmp_path)
    (tmp_path / "agentgate-metrics-token").write_text("secret")
    output = promtool("check", "config", "prometheus.yml", folder=tmp_path)
    assert "alerts.yml" in output


def dashboard(repo: pathlib.Path) -> dict:
    return json.loads((repo / OBSERVABILITY / "grafana-dashboard.json").read_text())


def expressions(board: dict) -> list[str]:
    found = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    return found + [entry["expr"] for entry in board["annotations"]["list"] if "expr" in entry]


def test_the_dashboards_queries_are_valid(repo, tmp_path):
    rules = [
        # An expression is a rule once its variables have values; JSON is YAML.
        {"record": f"panel:{index}", "expr": filled(expression)}
        for index, expression in enumerate(expressions(dashboard(repo)))
    ]
    assert len(rules) > 30
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", str(path))


def filled(expression: str) -> str:
    values = {"$__rate_interval": "5m", "$instance": ".*", "$endpoint": "tools_call|mcp"}
    for name, value in values.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, f"a variable that the dashboard doesn't have: {expression}"
    return expression


def test_the_dashboard_can_be_imported(repo):
    board = dashboard(repo)
    assert board["schemaVersion"] >= 39
    assert {"datasource", "instance"} <= {variable["name"] for variable in board["templating"]["list"]}
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: dict[tuple[int, int], str] = {}
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for cell in itertools.product(
            range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        ):
            assert taken.setdefault(cell, panel["title"]) == panel["title"], f"{panel['title']} overlaps {taken[cell]}"
        if panel["type"] != "row":
            assert panel["title"]
            assert panel["datasource"]["uid"] == "${datasource}"
            assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])


def test_what_they_read_exists(gateway, repo):
    found = scrape(gateway)
    names = set(found.types)
    for name, kind in found.types.items():
        if kind == "histogram":
            names |= {name + suffix for suffix in ("_bucket", "_sum", "_count")}
    for file in ("alerts.yml", "alerts_test.yml", "grafana-dashboard.json"):
        used = set(re.findall(r"\b(?:agentgate|process)_[a-z_]+\b", (repo / OBSERVABILITY / file).read_text()))
        assert len(used) > 5
        assert used <= names, f"{file} reads what is not there: {sorted(used - names)}"


def test_labels_that_they_ask_for_exist(gateway, repo):
    """`{outcome="abandoned"}` of a misspelt label or value would never match, and nobody would notice."""
    found = scrape(gateway)
    known: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for (name, labels), _ in found.samples.items():
        for key, value in labels:
            known[name][key].add(value)
    fixed = {"decision", "result", "level", "outcome", "endpoint"}
    texts = [*expressions(dashboard(repo)), (repo / OBSERVABILITY / "alerts.yml").read_text().replace('\\"', '"')]
    checked = 0
    for text in texts:
        for name, selector in re.findall(r"\b(agentgate_[a-z_]+)\{([^{}]*)\}", text):
            for label, operator, value in re.findall(r'([a-z_]+)(=~|!~|!=|=)"([^"]*)"', selector):
                if label in ("instance", "le", "job"):
                    continue
                assert label in known[name], f"{name} has no label {label}"
                if label in fixed and operator == "=":
                    everywhere = known[name][label] | {"ALLOW", "DENY", "REQUIRE_APPROVAL"}
                    assert value in everywhere, f"{name} has no {label}={value!r}"
                    checked += 1
    assert checked > 3

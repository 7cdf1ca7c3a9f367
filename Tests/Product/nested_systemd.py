"""A real systemd as PID 1 of a container, for the test of the unit: this machine's own files below, memory above.

Needs root, systemd-nspawn and overlayfs. Nothing of it outlives the call: the mounts are in a namespace of their own.
"""

from __future__ import annotations

import json
import pathlib
import shlex
import subprocess
import sys

TARGET = """[Unit]
Requires=probe.service
After=probe.service
"""

SERVICE = """[Unit]
After=basic.target
Requires=basic.target
[Service]
Type=oneshot
StandardOutput=file:/var/probe.out
StandardError=file:/var/probe.err
TimeoutStartSec={seconds}
ExecStart={python} /var/probe.py
ExecStopPost=/bin/sh -c 'journalctl --no-pager >/var/probe.journal'
ExecStopPost=/usr/bin/systemctl --no-block exit 0
"""


def run_under_systemd(
    folder: pathlib.Path, probe: pathlib.Path, files: dict[str, tuple[bytes, int]], seconds: int = 120
) -> dict:
    """Boots, runs the Python file `probe` as root in a service, and returns the JSON that it printed.

    `folder` is for the mounts and what is copied; `files` are put into the container: path, content, mode.
    """
    # Not a virtual environment's, which may lie in /tmp: the container has a /tmp of its own.
    service = SERVICE.format(seconds=seconds, python=pathlib.Path(sys.executable).resolve())
    added = files | {
        "/etc/systemd/system/probe.target": (TARGET.encode(), 0o644),
        "/etc/systemd/system/probe.service": (service.encode(), 0o644),
        "/var/probe.py": (probe.read_bytes(), 0o644),
    }
    staged = folder / "staged"
    for path, (content, mode) in added.items():
        target = staged / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(mode)
    quoted = {name: shlex.quote(str(folder / name)) for name in ("staged", "memory", "result")}
    script = f"""
set -eu
mkdir -p {quoted['memory']} {quoted['result']}
mount -t tmpfs tmpfs {quoted['memory']}
cd {quoted['memory']}
mkdir above work root
mount -t overlay overlay -o lowerdir=/,upperdir=above,workdir=work root
# What this machine would start is none of the test's business.
rm -rf root/etc/systemd/system/*
cp -R --no-preserve=ownership,timestamps {quoted['staged']}/. root/
timeout --kill-after=10 {seconds + 30} systemd-nspawn --quiet --register=no --keep-unit --private-network --boot \
  --console=pipe --directory=root --link-journal=no systemd.unit=probe.target </dev/null >&2 \
  || echo "nspawn ended with $?" >&2
cp root/var/probe.* {quoted['result']}/
"""
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "bash", "-c", script],
        capture_output=True, text=True, timeout=seconds + 60,
    )
    result = folder / "result"
    read = {name: (result / f"probe.{name}").read_text() if (result / f"probe.{name}").is_file() else ""
            for name in ("out", "err", "journal")}
    assert done.returncode == 0 and read["out"], f"{read['err']}\n{read['journal'][-6000:]}\n{done.stderr[-3000:]}"
    return json.loads(read["out"]) | {"journal": read["journal"]}

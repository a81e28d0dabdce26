"""The script of the document, run by bash with stubs for what it finds on an instance."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from relieve_high_cpu.documents import SHOW_LOAD

ROUND = """top - 03:40:01 up 3 days,  1 user,  load average: 3.10, 2.80, 2.00
Tasks: 120 total

  PID USER      PR  NI    VIRT    RES    SHR S  %CPU %MEM     TIME+ COMMAND
"""
TOP = f"""{ROUND}    1 root      20   0  100000   9000   5000 S   0.0  0.1   0:01.00 systemd

{ROUND} 4711 ec2-user  20   0 1200000 400000  20000 R 187.3 40.1  90:00.00 node --token=hunter2
 4712 root      20   0  100000   9000   5000 S   2.0  0.1   0:01.00 dockerd
 4713 root      20   0  100000   9000   5000 S   1.0  0.1   0:01.00 containerd
"""


def run(
    stubs_in: Path, lines: str = "2", *, path: str = "", cwd: Path | None = None, **stubs: str
) -> "subprocess.CompletedProcess[str]":
    assert re.search(SHOW_LOAD.parameters["Lines"], lines), f"Systems Manager would refuse {lines}"
    there = {
        "uptime": "echo ' 03:40:01 up 3 days,  1 user,  load average: 3.10, 2.80, 2.00'",
        "top": f"cat <<'T'\n{TOP}T",
        "docker": 'echo "$@" >> "$CALLS"; echo "container: backend 187.30% of CPU, 40.10% of memory"',
    } | stubs
    for name, script in there.items():
        stub = stubs_in / name
        stub.write_text(f"#!/bin/bash\n{script}\n")
        stub.chmod(0o755)
    path = path or f"{stubs_in}:{os.environ['PATH']}"
    environment = {"PATH": path, "SSM_Lines": lines, "CALLS": str(stubs_in / "calls")}
    return subprocess.run(
        ["/bin/bash", "-c", SHOW_LOAD.script],
        env=environment,
        cwd=cwd,
        text=True,
        capture_output=True,
        timeout=30,
        check=False,
    )


def test_it_prints_the_load_the_busiest_processes_by_name_and_the_containers(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.stdout.splitlines() == [
        "load: 3.10, 2.80, 2.00",
        "process: node (4711, ec2-user) 187.3% of a CPU, 40.1% of memory",
        "process: dockerd (4712, root) 2.0% of a CPU, 0.1% of memory",
        "container: backend 187.30% of CPU, 40.10% of memory",
    ]
    assert done.returncode == 0


def test_arguments_of_processes_are_never_printed(tmp_path: Path) -> None:
    assert "hunter2" not in run(tmp_path).stdout


def test_it_asks_docker_once_and_only_for_figures(tmp_path: Path) -> None:
    run(tmp_path)
    assert (tmp_path / "calls").read_text().splitlines() == [
        "stats --no-stream --format container: {{.Name}} {{.CPUPerc}} of CPU, {{.MemPerc}} of memory"
    ]


@pytest.mark.parametrize("gone", ["docker", "top", "uptime"])
def test_it_answers_without_one_of_its_tools(tmp_path: Path, gone: str) -> None:
    stub: Any = {gone: "exit 127"}
    done = run(tmp_path, **stub)
    assert done.returncode == 0
    assert ("process: node" in done.stdout) == (gone != "top")
    assert ("container: backend" in done.stdout) == (gone != "docker")


def test_it_prints_no_more_lines_than_it_was_asked_for(tmp_path: Path) -> None:
    assert sum(line.startswith("process:") for line in run(tmp_path, "1").stdout.splitlines()) == 1


@pytest.mark.parametrize("lines", ["", "0", "100", "1; reboot", "$(reboot)"])
def test_what_is_no_number_of_lines_is_refused(lines: str) -> None:
    assert not re.search(SHOW_LOAD.parameters["Lines"], lines)


def test_it_changes_nothing(tmp_path: Path) -> None:
    """It needs nothing but what looks, writes no file, and is declared as what it is."""
    tools, here = tmp_path / "tools", tmp_path / "here"
    for folder in (tools, here):
        folder.mkdir()
    for name in ("sed", "head", "cut", "cat", "timeout", "bash"):
        (tools / name).symlink_to(shutil.which(name) or name)
    done = run(tools, path=str(tools), cwd=here)
    assert (done.returncode, done.stderr) == (0, "")
    assert "process: node" in done.stdout
    assert list(here.iterdir()) == []
    assert ">" not in SHOW_LOAD.script.replace("2>/dev/null", "")
    assert not SHOW_LOAD.mutates

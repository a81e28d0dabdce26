"""The script of the document, run by bash with stubs for cloud-init and docker, and logs full of secrets."""

import json
import os
import re
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest

from recover_failed_launches.deaths import Boot, Trouble, understood
from recover_failed_launches.documents import DOCUMENTS, READ_START
from remediation.aws.ssm import Answer

SECRETS = ("hunter2", "correct-horse", "eyJhbGciOiJIUzI1NiJ9.e30.c2VjcmV0")
CLOUD_INIT = """#!/bin/bash
[[ $1 == status ]] && printf '%s\\n' "$CLOUD"
"""
DOCKER = """#!/bin/bash
case "$1" in
  inspect) [[ $3 == '{''{.State.Status}''}' && $4 == backend && -n $STATE ]] || exit 1; echo "$STATE" ;;
  logs)    printf '%s\\n' "$LOGS" >&2 ;;
  *)       echo "$*" >> "$CHANGED" ;;
esac
"""


class Bench:
    """An instance on the bench."""

    def __init__(self, path: Path) -> None:
        self.path, self.log = path, path / "cloud-init-output.log"
        (path / "bin").mkdir()
        for name, script in (("cloud-init", CLOUD_INIT), ("docker", DOCKER)):
            stub = path / "bin" / name
            stub.write_text(script)
            stub.chmod(0o755)
        self.log.write_text("Cloud-init v. 22 finished\n")
        self.environment = {"CLOUD": "status: done", "STATE": "running", "LOGS": "started"}

    def run(self) -> str:
        environment = {"SSM_Container": "backend", "STARTTECH_CLOUD_INIT_LOG": str(self.log), **self.environment}
        environment |= {"PATH": f"{self.path / 'bin'}:{os.environ['PATH']}", "CHANGED": str(self.path / "changed")}
        done = subprocess.run(
            ["bash", "-c", READ_START.script], env=environment, text=True, capture_output=True, timeout=30, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def read(self, **changes: str) -> Boot:
        self.environment |= changes
        return understood(Answer(instance="i-1", status="Success", output=self.run()))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_an_instance_that_started_says_so(bench: Bench) -> None:
    assert bench.read() == Boot(
        instance="i-1", cloud_init="done", container="running", lines=("Cloud-init v. 22 finished", "started")
    )


def test_a_pull_that_failed_is_found_in_the_log(bench: Bench) -> None:
    bench.log.write_text("pulling\nError response from daemon: manifest for x:v9 not found: manifest unknown\n")
    boot = bench.read(STATE="", CLOUD="status: error")
    assert (boot.cloud_init, boot.container, boot.trouble) == ("error", "missing", Trouble.NO_TAG)
    assert boot.lines[1].startswith("Error response from daemon")


def test_a_container_that_stops_is_the_applications_trouble(bench: Bench) -> None:
    boot = bench.read(STATE="restarting", LOGS="panic: no database")
    assert (boot.trouble, boot.lines[-1]) == (Trouble.APPLICATION, "panic: no database")


def test_a_container_made_for_another_processor_says_so_in_its_own_log(bench: Bench) -> None:
    boot = bench.read(STATE="restarting", LOGS="exec /app/server: exec format error")
    assert (boot.trouble, boot.lines[-1]) == (Trouble.ARCHITECTURE, "exec /app/server: exec format error")


def test_a_call_that_fails_after_the_container_runs_keeps_nobody_from_serving(bench: Bench) -> None:
    bench.log.write_text("An error occurred (AccessDeniedException) when calling the PutRetentionPolicy operation\n")
    assert bench.read(STATE="running").trouble is None


def test_an_instance_without_any_log_still_answers(bench: Bench) -> None:
    bench.log.unlink()
    boot = bench.read(STATE="", CLOUD="", LOGS="")
    assert (boot.cloud_init, boot.container, boot.unanswered, boot.lines) == ("unknown", "missing", "", ())


def test_no_secret_is_printed_and_none_is_left_behind_by_a_cut(bench: Bench) -> None:
    uri, token = "mongodb://app:hunter2@db/starttech", SECRETS[2]
    told = f"+ export MONGO_URI={uri}\n+ JWT_SECRET_KEY=correct-horse\nAuthorization: Bearer {token}\n"
    bench.log.write_text(told * 200)
    bench.environment["LOGS"] = told
    printed = json.loads(bench.run())
    for log in (printed["log"], printed["container_log"]):
        plain = b64decode(log).decode()
        assert plain
        assert not [secret for secret in SECRETS if secret in plain]
        assert len(plain) <= 1500


def test_it_changes_nothing(bench: Bench) -> None:
    bench.read()
    assert not (bench.path / "changed").exists()
    assert not any(document.mutates for document in DOCUMENTS)


@pytest.mark.parametrize("name", ["a b", "$(id)", "x;y", "", "-x", "a\nb"])
def test_systems_manager_takes_nothing_but_a_containers_name(name: str) -> None:
    assert not re.search(READ_START.parameters["Container"], name)
    assert re.search(READ_START.parameters["Container"], "backend")

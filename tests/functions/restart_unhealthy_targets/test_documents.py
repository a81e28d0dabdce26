"""The scripts of the documents, run by bash with a stub for docker and for curl, and a config.env full of secrets."""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE
from typing import Any

import msgspec
import pytest

from remediation.aws.ssm import Answer
from remediation.core.spec import Document
from restart_unhealthy_targets.diagnose import _Printed, _understood
from restart_unhealthy_targets.documents import DOCUMENTS, INSPECT, RESTART, SUPERSEDED
from restart_unhealthy_targets.facts import Inspection

STARTED = "2026-11-23T01:02:03.123456789Z"
SECRETS = ("hunter2", "correct-horse", "eyJhbGciOiJIUzI1NiJ9.e30.c2VjcmV0")

DOCKER = """#!/bin/bash
echo "$@" >> "$CALLS"
case "$1" in
  inspect) [[ -n ${STATE:-} ]] || { echo "Error: No such object: $4" >&2; exit 1; }
           [[ $STATE != daemon ]] || { echo "Cannot connect to the Docker daemon" >&2; exit 1; }
           [[ $3 == '{''{.State.Status}''} {''{.State.StartedAt}''} {''{.RestartCount}''}' ]] && echo "$STATE" ;;
  logs)    printf '%s\\n' "$LOGS" >&2 ;;
  restart) exit "${RESTART_FAILS:-0}" ;;
esac
"""
CURL = """#!/bin/bash
echo "curl $*" >> "$CALLS"
while (($#)); do [[ $1 == -o ]] && file=$2; url=$1; shift; done
[[ $url != */ping ]] || { printf '%s' "${PING_HTTP:-200}"; exit "${PING_EXIT:-0}"; }
[[ -z ${BODY:-} ]] || printf '%s' "$BODY" > "$file"
printf '%s' "$HTTP"
exit "${CURL_EXIT:-0}"
"""


class Bench:
    """An instance on the bench."""

    def __init__(self, path: Path) -> None:
        self.path, self.calls = path, path / "calls"
        self.config = path / "config.env"
        (path / "bin").mkdir()
        self.stub("docker", DOCKER)
        self.stub("curl", CURL)
        self.configure(mongo="mongodb://u:hunter2@127.0.0.1:1/starttech?w=majority", redis="127.0.0.1:1")
        self.environment = {"STATE": f"running {STARTED} 4", "HTTP": "200", "BODY": "", "LOGS": "started"}

    def stub(self, name: str, script: str) -> None:
        stub = self.path / "bin" / name
        stub.write_text(script)
        stub.chmod(0o755)

    def configure(self, *, mongo: str, redis: str, cache: str = "true") -> None:
        self.config.write_text(
            f"PORT=8080\nMONGO_URI={mongo}\nREDIS_ADDR={redis}\nENABLE_CACHE={cache}\nJWT_SECRET_KEY=correct-horse\n"
        )

    def run(self, document: Document, **parameters: str) -> "subprocess.CompletedProcess[str]":
        for name, value in parameters.items():
            assert re.search(document.parameters[name], value), f"Systems Manager would refuse {name}={value}"
        environment = {f"SSM_{name}": value for name, value in parameters.items()} | self.environment
        environment |= {"STARTTECH_CONFIG": str(self.config), "CALLS": str(self.calls)}
        environment |= {"PATH": f"{self.path / 'bin'}:{os.environ['PATH']}", "HOME": str(self.path)}
        return subprocess.run(
            ["bash", "-c", document.script], env=environment, text=True, capture_output=True, timeout=30, check=False
        )

    def look(self) -> "subprocess.CompletedProcess[str]":
        return self.run(INSPECT, Container="backend", Port="8080", Path="/health", Ping="/ping")

    def inspect(self, **changes: str) -> dict[str, Any]:
        self.environment |= changes
        done = self.look()
        assert done.returncode == 0, done.stderr
        msgspec.json.decode(done.stdout, type=_Printed)
        assert not any(secret in done.stdout + _opened(done.stdout) for secret in SECRETS)
        printed: dict[str, Any] = json.loads(done.stdout)
        return printed

    def restart(self, started_at: str = STARTED, **changes: str) -> "subprocess.CompletedProcess[str]":
        self.environment |= changes
        return self.run(RESTART, Container="backend", StartedAt=started_at)

    @property
    def restarts(self) -> list[str]:
        return [call for call in self._called if call.startswith("restart")]

    @property
    def asked(self) -> list[str]:
        return [call for call in self._called if call.startswith("curl")]

    @property
    def _called(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


def understood(bench: Bench) -> Inspection:
    answer = Answer(instance="i-1", status="Success", output=bench.look().stdout)
    inspection, because = _understood(answer)
    assert inspection is not None, because
    return inspection


def _opened(printed: str) -> str:
    answer = json.loads(printed)
    return base64.b64decode(answer["body"]).decode() + base64.b64decode(answer["logs"]).decode()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


LISTEN = "import socket as s; l = s.create_server(('127.0.0.1', 0)); print(l.getsockname()[1], flush=True); input()"


@pytest.fixture
def listening() -> Iterator[str]:
    with subprocess.Popen([sys.executable, "-c", LISTEN], stdin=PIPE, stdout=PIPE, text=True) as server:
        assert server.stdout is not None
        yield f"127.0.0.1:{server.stdout.readline().strip()}"
        server.communicate("\n")


# ------------------------------------------------------------------------------------------------------- inspecting


def test_a_healthy_container_is_described(bench: Bench) -> None:
    body = '{"database":"ok","cache":"ok"}'
    printed = bench.inspect(BODY=body)
    assert (printed["container"], printed["started_at"], printed["restarts"]) == ("running", STARTED, 4)
    assert (printed["http"], printed["curl"]) == (200, 0)
    assert base64.b64decode(printed["body"]).decode() == body
    assert base64.b64decode(printed["logs"]).decode() == "started\n"
    assert printed["mongodb"] == "", "the dependencies are the application's to tell while it answers"


def test_what_it_prints_is_what_the_diagnosis_understands(bench: Bench) -> None:
    bench.environment |= {"HTTP": "503", "BODY": '{"database":"down","cache":"ok"}', "LOGS": "no reachable servers"}
    inspection = understood(bench)
    assert inspection.dependencies_down == ("MongoDB",)
    assert inspection.logs == ("no reachable servers",)


def test_the_endpoint_is_asked_longer_than_its_own_checks_take(bench: Bench) -> None:
    bench.inspect()
    (asked,) = bench.asked
    assert asked.endswith("http://localhost:8080/health")
    assert "-m 6" in asked


@pytest.mark.parametrize(
    ("health", "ping", "dead"),
    [
        ("7", "0", True),
        ("52", "52", True),
        ("52", "56", True),
        ("56", "56", True),
        ("56", "7", True),
        ("52", "0", False),
        ("56", "0", False),
        ("52", "28", False),
        ("28", "52", False),
        ("0", "52", False),
    ],
)
def test_a_path_that_closes_the_connection_is_dead_only_if_another_one_does_as_well(
    bench: Bench, health: str, ping: str, *, dead: bool
) -> None:
    bench.environment |= {"HTTP": "000", "CURL_EXIT": health, "PING_HTTP": "000", "PING_EXIT": ping}
    assert understood(bench).dead == dead
    other = bench.asked[1:]
    assert len(other) == (health in {"52", "56"}), "an application is not asked more than is needed"
    assert all(
        re.fullmatch(r"curl -s -m 3 -o \S+ -w %\{http_code\} http://localhost:8080/ping", call) for call in other
    )


def test_what_a_second_path_answers_is_not_printed(bench: Bench) -> None:
    printed = bench.inspect(HTTP="000", CURL_EXIT="52", PING_HTTP="404")
    assert (printed["http"], printed["curl"], printed["ping"]) == (0, 52, 0)


def test_an_endpoint_that_hangs_has_no_status(bench: Bench) -> None:
    printed = bench.inspect(HTTP="000", CURL_EXIT="28")
    assert (printed["http"], printed["curl"]) == (0, 28)


def test_a_container_that_does_not_exist_is_missing(bench: Bench) -> None:
    printed = bench.inspect(STATE="", HTTP="000", CURL_EXIT="7")
    assert (printed["container"], printed["started_at"]) == ("missing", "none")


def test_a_docker_that_does_not_answer_leaves_the_container_unknown(bench: Bench) -> None:
    assert bench.inspect(STATE="daemon")["container"] == "unknown"


@pytest.mark.parametrize("status", ["exited", "restarting", "created", "dead"])
def test_a_container_that_is_not_running_has_no_start(bench: Bench, status: str) -> None:
    printed = bench.inspect(STATE=f"{status} {STARTED} 0")
    assert (printed["container"], printed["started_at"]) == (status, "none")


def test_a_dependency_that_is_reachable_is_told_by_a_silent_application(bench: Bench, listening: str) -> None:
    bench.configure(mongo=f"mongodb://u:hunter2@127.0.0.1:1,{listening}/starttech", redis=listening)
    printed = bench.inspect(HTTP="000", CURL_EXIT="7")
    assert (printed["mongodb"], printed["redis"]) == ("yes", "yes")
    assert printed["mongodb_at"] == f"127.0.0.1:1 {listening}"


def test_a_dependency_that_is_not_reachable_is_told(bench: Bench) -> None:
    printed = bench.inspect(HTTP="000", CURL_EXIT="7")
    assert (printed["mongodb"], printed["redis"]) == ("no", "no")


def test_a_cache_that_is_switched_off_is_not_missed(bench: Bench) -> None:
    bench.configure(mongo="mongodb://127.0.0.1:1", redis="", cache="false")
    assert bench.inspect(HTTP="000", CURL_EXIT="7")["redis"] == "disabled"


def test_an_atlas_name_is_resolved_to_its_servers(bench: Bench, listening: str) -> None:
    port = listening.split(":")[1]
    bench.stub(
        "dig", f'#!/bin/bash\n[[ "${{@: -1}}" == _mongodb._tcp.dev.x1.mongodb.net ]] && echo "0 0 {port} localhost."\n'
    )
    bench.configure(mongo="mongodb+srv://u:hunter2@dev.x1.mongodb.net/starttech?retryWrites=true", redis=listening)
    printed = bench.inspect(HTTP="000", CURL_EXIT="7")
    assert (printed["mongodb"], printed["mongodb_at"]) == ("yes", f"localhost:{port}")


def test_an_atlas_name_that_does_not_exist_is_no_database(bench: Bench) -> None:
    bench.stub("dig", "#!/bin/bash\nexit 0\n")
    bench.configure(mongo="mongodb+srv://u:hunter2@dev.x1.mongodb.net/", redis="")
    assert bench.inspect(HTTP="000", CURL_EXIT="7")["mongodb"] == "no"


def test_a_resolver_that_fails_leaves_it_unknown(bench: Bench) -> None:
    bench.stub("dig", "#!/bin/bash\nexit 9\n")
    bench.configure(mongo="mongodb+srv://u:hunter2@dev.x1.mongodb.net/", redis="")
    printed = bench.inspect(HTTP="000", CURL_EXIT="7")
    assert (printed["mongodb"], printed["redis"]) == ("unknown", "unknown")


def test_without_its_configuration_nothing_is_known_of_the_dependencies(bench: Bench) -> None:
    bench.config.unlink()
    printed = bench.inspect(HTTP="000", CURL_EXIT="7")
    assert (printed["mongodb"], printed["redis"]) == ("unknown", "unknown")


def test_hosts_that_are_none_are_never_connected_to_or_printed(bench: Bench) -> None:
    bench.configure(mongo="mongodb://u:hunter2@$(touch${IFS}owned):1/", redis='`touch owned`"x:6379')
    printed = bench.inspect(HTTP="000", CURL_EXIT="7")
    assert (printed["mongodb"], printed["redis"]) == ("unknown", "unknown")
    assert not (bench.path / "owned").exists()


def test_secrets_in_the_log_and_in_the_body_stay_on_the_instance(bench: Bench) -> None:
    bench.inspect(
        BODY="cannot reach mongodb://u:hunter2@h:27017/",
        LOGS="dial mongodb+srv://starttech:hunter2@dev.x1.mongodb.net/?a=b: refused, bearer "
        + SECRETS[2]
        + '\nJWT_SECRET_KEY=correct-horse\n{"password": "hunter2", "user": "ada"}',
    )


@pytest.mark.parametrize("cut", range(1960, 2005))
def test_a_cut_does_not_lay_half_a_secret_bare(bench: Bench, cut: int) -> None:
    uri = "mongodb://u:hunter2@h:27017/"
    printed = bench.inspect(BODY="x" * cut + uri, LOGS="mongodb://u:hunter2@h" + "x" * (6000 - cut % 20))
    assert "hunt" not in _opened(json.dumps(printed))


def test_a_log_of_any_length_and_any_bytes_is_cut_and_carried(bench: Bench) -> None:
    printed = bench.inspect(LOGS='"\\\x01' * 5000, BODY="ü" * 3000)
    assert len(base64.b64decode(printed["logs"])) <= 6000
    assert len(base64.b64decode(printed["body"])) <= 2000


def test_an_agent_too_old_for_parameters_says_so(bench: Bench) -> None:
    done = bench.run(INSPECT)
    assert done.returncode != 0
    assert "SSM Agent 3.3.2746.0 or later is needed" in done.stderr


# ------------------------------------------------------------------------------------------------------- restarting


def test_the_container_that_was_judged_is_restarted(bench: Bench) -> None:
    done = bench.restart()
    assert (done.returncode, done.stdout) == (0, "restarted\n")
    assert bench.restarts == ["restart -t 10 backend"]


def test_a_container_that_has_started_since_is_left_alone(bench: Bench) -> None:
    done = bench.restart(started_at="2026-11-22T00:00:00Z")
    assert done.returncode == 0
    assert done.stdout.startswith(f"{SUPERSEDED}: ")
    assert bench.restarts == []


def test_a_stopped_container_is_started_if_it_still_is_stopped(bench: Bench) -> None:
    assert bench.restart("none", STATE=f"exited {STARTED} 0").stdout == "restarted\n"
    assert bench.restart("none", STATE=f"running {STARTED} 0").stdout.startswith("superseded: ")
    assert len(bench.restarts) == 1


@pytest.mark.parametrize(("state", "because"), [("", "there is no container"), ("daemon", "Docker does not answer")])
def test_what_cannot_be_restarted_fails(bench: Bench, state: str, because: str) -> None:
    done = bench.restart("none", STATE=state)
    assert done.returncode == 1
    assert because in done.stderr
    assert bench.restarts == []


def test_a_restart_that_fails_is_a_failure(bench: Bench) -> None:
    done = bench.restart(RESTART_FAILS="1")
    assert done.returncode != 0
    assert "restarted" not in done.stdout


# ------------------------------------------------------------------------------------------------------- house rules


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_parameters_never_are_text_of_the_script(document: Document) -> None:
    assert "{{" not in document.script
    assert document.script.startswith("#!/bin/bash\n")
    assert all(pattern.startswith("^") and pattern.endswith("$") for pattern in document.parameters.values())
    assert all(f"SSM_{name}" in document.script for name in document.parameters)


@pytest.mark.parametrize("value", ["", "a b", "$(id)", "a;b", "a\nb", "{{ssm:x}}", "-rf", "ü", "../x", "a" * 65])
def test_patterns_refuse_what_is_no_name(value: str) -> None:
    assert not re.fullmatch(INSPECT.parameters["Container"], value)
    assert not re.fullmatch(RESTART.parameters["StartedAt"], value)


def test_only_one_of_them_may_act() -> None:
    assert {document.name: document.mutates for document in DOCUMENTS} == {
        "inspect-container": False,
        "restart-container": True,
    }

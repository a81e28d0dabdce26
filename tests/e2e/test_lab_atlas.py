"""The lab's Atlas: a function finds it under Atlas's own name, and nothing of the product knows that it is not Atlas."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
import urllib3

from remedy.lab.emulator.rerouted import ADDRESS, MEMBER, PEM
from remedy.lab.emulator.runtime import REROUTED, started
from remedy.lab.lab import Lab
from remedy.lab.processes import LabError, eventually
from remedy.lab.world.firewall import LISTED, lets_in
from tests.conftest import ROOT
from tests.e2e.redis_servers import certificate
from tests.functions.fakes.atlas import CLIENT, CLIENT_SECRET, PRIVATE, PUBLIC
from tests.functions.fakes.atlas_service import PROJECT

pytestmark = pytest.mark.e2e
PACKAGES = Path(urllib3.__file__).parents[1]
FUNCTION = f"""
import sys
sys.path[:0] = {[str(ROOT / "layers/remediation/python"), str(PACKAGES)]!r}
from remediation.atlas import reads
from remediation.atlas.client import Atlas
from remediation.atlas.credentials import credential
from remediation.atlas.transport import https
from remediation.core.redact import Secret
atlas = Atlas({PROJECT!r}, credential(Secret(sys.argv[1]), "arn"), https())
print([(each.name, each.tier) for each in reads.clusters(atlas)], [each.cidr for each in reads.access(atlas)])
"""
CONNECTION = """
import socket, sys
with socket.create_connection((sys.argv[2], 27017), timeout=2) as connection:
    print(connection.getpeername(), connection.recv(100).decode())
"""
SECRETS = [
    {"public_key": PUBLIC, "private_key": PRIVATE},
    {"client_id": CLIENT, "client_secret": CLIENT_SECRET},
]


def run(
    tmp_path: Path, lab: Lab, secret: dict[str, str], pem: Path, *more: str, function: str = FUNCTION
) -> "subprocess.CompletedProcess[str]":
    """Run a function as the lab does: on the interpreter without packages, which finds Atlas here."""
    script, command = tmp_path / "function.py", tmp_path / "python"
    script.write_text(function)
    command.write_text(started(getattr(sys, "_base_executable", sys.executable), rerouted=True))
    environment = {
        "PATH": "/usr/bin:/bin",
        "LAB_ATLAS_PORT": str(lab._atlas_port),
        "LAB_MONGODB_PORT": str(lab._mongodb_port),
        "SSL_CERT_FILE": str(pem),
    }
    words = ["sh", str(command), str(script), json.dumps(secret), *more]
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def lab() -> Iterator[Lab]:
    made = Lab()  # not entered: Atlas alone is started
    yield made
    made.close()


def test_a_function_reads_the_labs_atlas_by_both_logins_and_trusts_nobody_else(tmp_path: Path, lab: Lab) -> None:
    lab.start_atlas()
    lab.atlas("cluster", {"name": "dev-starttech-cluster", "tier": "M0"})
    lab.atlas("allow", {"cidr": "198.51.100.7/32", "comment": "nat"})
    pem = lab.directory / "atlas" / PEM
    for secret in SECRETS:
        done = run(tmp_path, lab, secret, pem)
        assert done.stdout == "[('dev-starttech-cluster', 'M0')] ['198.51.100.7/32']\n", done.stderr
    stranger = run(tmp_path, lab, SECRETS[0], certificate(tmp_path, "atlas.example.com")[0])
    assert "its certificate is not trusted" in stranger.stderr
    assert PRIVATE not in stranger.stderr
    assert set(lab.atlas("state")["asked"]) == {"listClusters", "listFlexClusters", "listAccessListEntries"}


def test_the_lab_changes_its_atlas_and_is_told_what_it_does_not_know(lab: Lab) -> None:
    lab.start_atlas()
    lab.atlas("cluster", {"name": "prod", "tier": "M10"})
    lab.atlas("cluster", {"name": "prod", "paused": True})
    lab.atlas("snapshot", {"cluster": "prod", "age": 3600})
    lab.atlas("allow", {"cidr": "198.51.100.7/32"})
    lab.atlas("event", {"kind": "MAINTENANCE_STARTED"})
    told = lab.atlas("forbid", {"cidr": "198.51.100.7/32"})
    assert (told["clusters"]["prod"]["paused"], len(told["snapshots"]["prod"]), told["access"]) == (True, 1, [])
    with pytest.raises(LabError, match="Atlas refused explode"):
        lab.atlas("explode", {})


@pytest.mark.parametrize("to", [MEMBER, ADDRESS])
def test_a_function_comes_to_the_cluster_by_its_public_address_and_gets_here(tmp_path: Path, lab: Lab, to: str) -> None:
    with socket.create_server(("127.0.0.1", lab._mongodb_port)) as listener, ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, tmp_path, lab, {}, tmp_path, to, function=CONNECTION)
        listener.settimeout(20)
        with listener.accept()[0] as connection:
            connection.sendall(b"here")
        assert running.result().stdout == f"('{ADDRESS}', 27017) here\n", running.result().stderr


NAT = "198.51.100.7"


def ec2(state: str) -> SimpleNamespace:
    gateway = SimpleNamespace(state=state, nat_gateway_addresses=[{"publicIp": NAT}])
    return SimpleNamespace(nat_gateways={"nat-1": gateway})


def test_the_way_to_the_cluster_is_open_while_atlas_lists_our_nat_gateway(lab: Lab) -> None:
    listed = lab.directory / "atlas" / LISTED
    assert lets_in(ec2("available"), listed)  # there is no Atlas yet
    lab.start_atlas()
    eventually("nobody is let in", lambda: not lets_in(ec2("available"), listed), seconds=5)
    assert lets_in(ec2("deleted"), listed)  # nobody comes by it any more
    lab.atlas("allow", {"cidr": "198.51.100.0/25"})
    eventually("we are let in", lambda: lets_in(ec2("available"), listed), seconds=5)
    lab.atlas("forbid", {"cidr": "198.51.100.0/25"})
    eventually("nobody is let in", lambda: not lets_in(ec2("available"), listed), seconds=5)


def test_without_an_atlas_a_function_is_started_as_before() -> None:
    assert started("/usr/bin/python3", rerouted=False) == '#!/bin/sh\nexec "/usr/bin/python3" -E -S "$@"\n'
    assert str(REROUTED) in started("/usr/bin/python3", rerouted=True)

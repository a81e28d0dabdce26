"""The writer as it is deployed, by the real `cdk deploy`, with its own layers: before the lab's EC2 and the lab's Atlas."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from remedy.lab import environment
from remedy.lab.configuration import Wanted
from remedy.lab.lab import Lab
from remedy.lab.processes import eventually
from tests.functions.fakes.atlas import PRIVATE, PUBLIC
from tests.functions.fakes.atlas_service import PROJECT

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("writer lab")]


class Deployed:
    """A lab with the writer in it; `address` is that of our NAT gateway."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        vpc, subnets = environment._network(lab.client("ec2"))
        _, group = environment._security_groups(lab.client("ec2"), vpc)
        self.address = environment.nat_gateway(lab)
        lab.start_atlas()
        lab.atlas("cluster", {"name": "prod", "tier": "M10"})
        lab.atlas("snapshot", {"cluster": "prod", "age": 3600})
        text = json.dumps({"public_key": PUBLIC, "private_key": PRIVATE})
        secret = lab.client("secretsmanager").create_secret(Name="dev/atlas-writer", SecretString=text)["ARN"]
        named = {
            "[network]": f"subnets = {json.dumps(subnets)}\nsecurity_groups = {json.dumps([group])}",
            "[atlas]": f'project = "{PROJECT}"\ncluster = "prod"\nprefix = "prod-"\nwriter = "{secret}"',
        }
        lab.bootstrap()
        lab.deploy(Wanted(added=named, runbooks=()))

    def ask(self, through: str, **asked: Any) -> dict[str, Any]:
        """Ask it through an alias."""
        name = f"dev-atlas-writer:{through}"
        answer = self.lab.client("lambda").invoke(FunctionName=name, Payload=json.dumps(asked))
        told = answer["Payload"].read().decode()
        assert "FunctionError" not in answer, told
        assert PRIVATE not in told
        found: dict[str, Any] = json.loads(told)
        return found


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployed]:
    with Lab() as lab:
        yield Deployed(lab)


def test_it_lets_in_our_nat_gateway_and_nobody_else(deployed: Deployed) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    refused = deployed.ask("allow", ask="allow", address="198.51.100.200", comment="run 1", until=until)
    ours = f"those are: {deployed.address}."
    assert refused["because"] == f"198.51.100.200 is not an address of our NAT gateways; {ours}"
    assert deployed.ask("allow", ask="allow", address=deployed.address, comment="run 1", until=until)["done"]
    assert [line["cidrBlock"] for line in deployed.lab.atlas("state")["access"]] == [f"{deployed.address}/32"]


def test_it_restores_to_a_new_cluster_and_never_in_place(deployed: Deployed) -> None:
    kept = deployed.lab.atlas("state")["snapshots"]["prod"][0]["id"]
    assert deployed.ask("save", ask="save", cluster="prod", description="run 2", days=3)["done"]
    assert deployed.ask("restore", ask="create", cluster="prod-2", like="prod")["done"]
    in_place = deployed.ask("restore", ask="refill", snapshot=kept, cluster="prod", target="prod")
    assert in_place["because"] == "prod is never restored in place: what it holds now would be gone."

    def refilled() -> bool:
        return bool(deployed.ask("restore", ask="refill", snapshot=kept, cluster="prod", target="prod-2")["done"])

    eventually("the new cluster is idle", refilled, seconds=40)
    assert [job["targetClusterName"] for job in deployed.lab.atlas("state")["restores"]["prod"]] == ["prod-2"]


def test_each_alias_is_for_one_thing(deployed: Deployed) -> None:
    for through in ("allow", "restore", "live"):
        refused = deployed.ask(through, ask="save", cluster="prod", description="run 3", days=3)
        assert refused["because"] == f"What belongs to the alias save was asked through {through}: it is not done."


def test_only_one_of_it_runs_at_a_time(deployed: Deployed) -> None:
    reserved = deployed.lab.client("lambda").get_function_concurrency(FunctionName="dev-atlas-writer")
    assert reserved["ReservedConcurrentExecutions"] == 1

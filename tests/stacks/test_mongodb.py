"""MongoDB as an environment's file has it: one place for its connection string, and the right to read exactly that."""

import pytest
from msgspec.structs import replace

from remediation.core.dependencies import Dependencies, MongoDependency
from remediation.core.spec import Place
from remediation.reach.connecting import NEVER
from stacks.names import Names
from stacks.network import Network, sound
from stacks.permissions import probe
from stacks.shape import ShapeError

PLACE = Place(environment="dev", account="123456789012", region="us-east-1")
NETWORK = Network(subnets=("subnet-0123456789abcdef0",), security_groups=("sg-0123456789abcdef0",))
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:dev/mongodb-AbCdEf"
KEPT = MongoDependency(parameter="/dev/starttech/mongodb-uri")


def granted(mongodb: MongoDependency | None) -> dict[str, tuple[str, ...]]:
    key = "arn:aws:kms:us-east-1:123456789012:key/environment"
    statements = probe(Names(PLACE), key, NETWORK, Dependencies(mongodb=mongodb))
    return {action: each.resources for each in statements for action in each.actions}


def test_the_probe_reads_the_parameter_and_no_secret() -> None:
    found = granted(KEPT)
    assert found["ssm:GetParameter"] == ("arn:aws:ssm:us-east-1:123456789012:parameter/dev/starttech/mongodb-uri",)
    assert "secretsmanager:GetSecretValue" not in found


def test_the_probe_reads_the_secret_and_no_parameter() -> None:
    found = granted(MongoDependency(secret=SECRET))
    assert found["secretsmanager:GetSecretValue"] == (SECRET,)
    assert "ssm:GetParameter" not in found


def test_without_mongodb_the_probe_has_nothing_to_do_with_the_ledger() -> None:
    assert not {action for action in granted(None) if action.startswith(("dynamodb:", "ssm:", "kms:"))}


@pytest.mark.parametrize("mongodb", [MongoDependency(), replace(KEPT, secret=SECRET)])
def test_exactly_one_place_has_the_connection_string(mongodb: MongoDependency) -> None:
    with pytest.raises(ShapeError, match="expected either `secret` or `parameter`"):
        sound(NETWORK, Dependencies(mongodb=mongodb), None)
    assert sound(NETWORK, Dependencies(mongodb=KEPT), None) == NETWORK


def test_its_networks_are_cidr_blocks() -> None:
    with pytest.raises(ShapeError, match="expected a CIDR block such as"):
        sound(NETWORK, Dependencies(mongodb=replace(KEPT, networks=("10.0.0.0/16", "10.1"))), None)


def test_it_is_looked_at_from_somewhere() -> None:
    with pytest.raises(ShapeError, match="name its subnets and security groups"):
        sound(None, Dependencies(mongodb=KEPT), None)


def test_anywhere_is_not_this_machine_and_not_the_metadata_service() -> None:
    assert KEPT.networks == ("0.0.0.0/0", "::/0")
    assert {"127.0.0.0/8", "169.254.0.0/16", "fd00:ec2::/32"} <= set(NEVER)

"""What a role may not do of what pulling takes, as IAM's simulation answers it; and which quota a type counts against."""

from types import SimpleNamespace
from typing import Any

import pytest

from remediation.aws import endings, pulling, quotas
from remediation.aws.templates import Container
from remediation.core.errors import AwsError
from tests.support.toy import PLACE

ROLE = "arn:aws:iam::123456789012:role/dev-ec2-role"
REPOSITORY = "arn:aws:ecr:us-east-1:123456789012:repository/dev-starttech-backend"


class Iam:
    """Answers a simulation with `decisions`, where an action is not allowed, and what it says is missing."""

    def __init__(self, decisions: dict[str, dict[str, Any]]) -> None:
        self.decisions = decisions
        self.asked: list[dict[str, Any]] = []

    def simulate_principal_policy(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        allowed = {"EvalDecision": "allowed", "MissingContextValues": []}
        results = [{"EvalActionName": name} | self.decisions.get(name, allowed) for name in asked["ActionNames"]]
        return {"EvaluationResults": results}


def simulated(**decisions: dict[str, Any]) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    iam = Iam({f"ecr:{name}": decision for name, decision in decisions.items()})
    aws: Any = SimpleNamespace(iam=iam, place=PLACE)
    return pulling.denied(aws, ROLE, "dev-starttech-backend"), iam.asked


def test_a_role_that_may_is_denied_nothing_and_is_asked_about_the_one_repository() -> None:
    denied, asked = simulated()
    assert denied == ()
    assert asked == [
        {"PolicySourceArn": ROLE, "ActionNames": ["ecr:GetAuthorizationToken"]},
        {"PolicySourceArn": ROLE, "ActionNames": list(pulling.PULL), "ResourceArns": [REPOSITORY]},
    ]


@pytest.mark.parametrize("decision", ["implicitDeny", "explicitDeny"])
def test_a_denial_is_one(decision: str) -> None:
    denied, _ = simulated(BatchGetImage={"EvalDecision": decision, "MissingContextValues": []})
    assert denied == ("ecr:BatchGetImage",)


@pytest.mark.parametrize(
    "missing",
    [
        {"MissingContextValues": ["aws:SourceVpce"]},
        {"ResourceSpecificResults": [{"EvalResourceName": REPOSITORY, "MissingContextValues": ["aws:SourceVpce"]}]},
    ],
)
def test_a_denial_for_what_only_a_real_call_has_is_not_taken_for_one(missing: dict[str, Any]) -> None:
    refused = {"EvalDecision": "explicitDeny"} | missing
    with pytest.raises(AwsError, match="a policy asks for what a simulation does not have") as caught:
        simulated(BatchGetImage=refused)
    assert (caught.value.operation, caught.value.code) == ("iam:SimulatePrincipalPolicy", "MissingContextValues")


def test_what_is_denied_for_sure_is_said_next_to_what_is_not() -> None:
    refused = {"EvalDecision": "implicitDeny"}
    unsure = refused | {"MissingContextValues": ["aws:SourceVpce"]}
    denied, _ = simulated(BatchGetImage=unsure, GetAuthorizationToken=refused)
    assert denied == ("ecr:GetAuthorizationToken",)


def test_what_is_allowed_is_allowed_whatever_other_statements_ask_for() -> None:
    denied, _ = simulated(BatchGetImage={"EvalDecision": "allowed", "MissingContextValues": ["kms:ViaService"]})
    assert denied == ()


@pytest.mark.parametrize(("account", "region"), [("999999999999", "us-east-1"), ("123456789012", "eu-west-1")])
def test_a_tag_in_another_registry_is_not_looked_for_in_ours(account: str, region: str) -> None:
    image = Container(repository="dev-starttech-backend", tag="v7", account=account, region=region)
    aws: Any = SimpleNamespace(place=PLACE)
    with pytest.raises(AwsError, match=f"the registry {account} in {region}, which is not ours"):
        pulling.tag_exists(aws, image)


@pytest.mark.parametrize("where", [{}, {"account": "123456789012", "region": "us-east-1"}])
def test_a_tag_in_our_registry_is_looked_for(where: dict[str, str]) -> None:
    ecr = SimpleNamespace(describe_images=lambda **_: {"imageDetails": []})
    aws: Any = SimpleNamespace(place=PLACE, ecr=ecr)
    assert pulling.tag_exists(aws, Container(repository="dev-starttech-backend", tag="v7", **where))


@pytest.mark.parametrize(
    ("type_", "on_demand", "spot"),
    [
        ("t3.small", "L-1216C47A", "L-34B43A08"),
        ("c7i-flex.large", "L-1216C47A", "L-34B43A08"),
        ("im4gn.large", "L-1216C47A", "L-34B43A08"),
        ("g5.xlarge", "L-DB2E81BA", "L-3819A6DF"),
        ("vt1.3xlarge", "L-DB2E81BA", "L-3819A6DF"),
        ("p5.48xlarge", "L-417A185B", None),
        ("inf2.xlarge", "L-1945791B", "L-B5D1601B"),
        ("trn1.2xlarge", "L-2C3B7624", "L-6B0D517C"),
        ("dl1.24xlarge", "L-6E869C2A", "L-85EED4F7"),
        ("f2.6xlarge", "L-74FC7D96", "L-88CF9481"),
        ("x2idn.16xlarge", "L-7295265B", "L-E3A00192"),
        ("hpc7g.16xlarge", "L-F7808C92", None),
        ("u-6tb1.56xlarge", "L-43DA4232", None),
        ("mac2.metal", None, None),
        ("", None, None),
        ("nonsense", None, None),
    ],
)
def test_each_family_of_instance_types_has_quotas_of_its_own(
    type_: str, on_demand: str | None, spot: str | None
) -> None:
    assert (quotas.vcpus(type_), quotas.vcpus(type_, spot=True)) == (on_demand, spot)


def test_only_the_quota_of_the_standard_types_is_read() -> None:
    asked: list[str] = []

    def get_service_quota(**words: str) -> dict[str, Any]:
        asked.append(words["QuotaCode"])
        return {"Quota": {"Value": 32.0}}

    aws: Any = SimpleNamespace(service_quotas=SimpleNamespace(get_service_quota=get_service_quota))
    assert [endings.vcpu_quota(aws, type_) for type_ in ("t3.small", "g5.xlarge", "mac2.metal", "")] == [
        32,
        None,
        None,
        None,
    ]
    assert asked == ["L-1216C47A"]

"""Operators: each under their own name, with exactly what a person needs; nobody named is nobody let in."""

from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_iam as iam

from stacks.catalog import CATALOG
from stacks.config import ConfigError, load
from stacks.names import Names
from stacks.operators import operator, trusted
from tests.stacks.callers import ALICE, BOB, Environment, environment
from tests.stacks.template import ROOT, Template
from tests.support.iam import Call, Context, evaluate, may_assume

ACCOUNT = "arn:aws:iam::123456789012"
SSO = f"{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/us-east-1/AWSReservedSSO_Operators_0123456789abcdef"


@pytest.fixture(scope="module")
def dev_operated() -> Environment:
    return environment("dev")


def assumed(session: str, user: str, *, mfa: bool = True) -> Context:
    return {
        "sts:RoleSessionName": session,
        "aws:username": user,
        "aws:userid": "AIDAALICE",
        "aws:MultiFactorAuthPresent": str(mfa).lower(),
    }


def trust_of(*principals: str, mfa: bool) -> list[dict[str, object]]:
    """Return the trust policy of a role that these may assume."""
    scope = Stack(App(), "Trust")
    role = iam.Role(scope, "Role", assumed_by=iam.CompositePrincipal(*trusted(principals, mfa=mfa)))
    found: list[dict[str, object]] = scope.resolve(role.assume_role_policy)["Statement"]
    return found


def test_where_nobody_is_named_there_is_no_role(dev: Template) -> None:
    assert not dev.config.operators.principals
    assert not [role for role in dev.all("IAM::Role") if "RoleName" in role]


def test_that_nobody_is_named_is_warned_of(dev: Template) -> None:
    (warning,) = dev.warnings
    assert warning.startswith(
        "Nobody gets the role dev-remediation-operator, so nobody can acknowledge, approve or switch anything off: name them"
        " under [operators] in config/dev.toml."
    )


def test_where_somebody_is_named_nothing_is_warned_of(dev_operated: Environment) -> None:
    assert dev_operated.template.warnings == []


def test_the_role_is_named_and_lasts_an_hour(dev_operated: Environment) -> None:
    role = dev_operated.role("dev-remediation-operator")
    assert role["MaxSessionDuration"] == 3600
    assert "ManagedPolicyArns" not in role


def test_a_user_becomes_an_operator_under_their_own_name_with_mfa(dev_operated: Environment) -> None:
    alice = f"{ACCOUNT}:user/alice"
    assert may_assume(dev_operated.trust, alice, assumed("alice", "alice"))
    assert not may_assume(dev_operated.trust, alice, assumed("bob", "alice"))
    assert not may_assume(dev_operated.trust, alice, assumed("alice", "alice", mfa=False))


@pytest.mark.parametrize(
    "stranger",
    [f"{ACCOUNT}:user/mallory", f"{ACCOUNT}:root", f"{ACCOUNT}:role/admin", "arn:aws:iam::999999999999:user/alice"],
)
def test_nobody_else_becomes_one(dev_operated: Environment, stranger: str) -> None:
    assert not may_assume(dev_operated.trust, stranger, assumed("alice", "alice"))


def test_a_session_of_identity_center_keeps_its_name() -> None:
    trust = trust_of(SSO, mfa=True)
    alice: Context = {"sts:RoleSessionName": "alice@example.com", "aws:userid": "AROASSO:alice@example.com"}
    assert may_assume(trust, SSO, alice)
    assert not may_assume(trust, SSO, {**alice, "sts:RoleSessionName": "bob@example.com"})
    assert not may_assume(trust, SSO, {**alice, "sts:RoleSessionName": "example.com"})
    assert not may_assume(trust, SSO, {**alice, "aws:userid": "AIDAUSER"})


def test_mfa_may_be_left_to_others_if_that_is_said() -> None:
    alice = f"{ACCOUNT}:user/alice"
    assert may_assume(trust_of(alice, mfa=False), alice, assumed("alice", "alice", mfa=False))
    assert may_assume(
        trust_of(f"{ACCOUNT}:role/sre", mfa=False),
        f"{ACCOUNT}:role/sre",
        {"sts:RoleSessionName": "alice", "aws:userid": "AROASRE:alice"},
    )


def test_mfa_that_nobody_could_see_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot see whether somebody used MFA"):
        list(trusted([f"{ACCOUNT}:role/sre"], mfa=True))


@pytest.mark.parametrize(
    "principals",
    [
        (f"{ACCOUNT}:user/alice", SSO),
        (f"{ACCOUNT}:user/alice", "arn:aws:iam::999999999999:user/alice"),
        (f"{ACCOUNT}:user/alice", f"{ACCOUNT}:user/ops/alice"),
    ],
)
def test_nobody_has_two_names_and_no_two_people_have_one(principals: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="nobody may have two names"):
        list(trusted(principals, mfa=True))


@pytest.mark.parametrize(
    "principal", ["*", f"{ACCOUNT}:root", f"{ACCOUNT}:user/*", "123456789012", f"{ACCOUNT}:group/a"]
)
def test_only_people_can_be_named(principal: str, tmp_path: Path) -> None:
    said = (ROOT / "config" / "dev.toml").read_text() + f'\n[operators]\nprincipals = ["{principal}"]\n'
    (tmp_path / "dev.toml").write_text(said)
    with pytest.raises(ConfigError, match=r"operators\.principals"):
        load("dev", CATALOG, tmp_path)


def test_an_operator_may_exactly_this(dev_operated: Environment) -> None:
    here = "us-east-1:123456789012"
    ledger = f"arn:aws:dynamodb:{here}:table/dev-remediation-ledger"
    runs = [f"arn:aws:lambda:{here}:function:dev-{runbook.name}" for runbook in CATALOG]
    incident = f"arn:aws:lambda:{here}:function:dev-escalate-incident:*"
    deployed = {
        (action, resource)
        for statement in dev_operated.template.statements(dev_operated.role("dev-remediation-operator"))
        for action in statement["Action"]
        for resource in statement["Resource"]
    }
    assert deployed == {
        *(("lambda:InvokeFunction", f"{run}:live") for run in runs),
        *(
            (f"lambda:{action}", f"{run}:*")
            for run in runs
            for action in (
                "GetDurableExecution",
                "GetDurableExecutionHistory",
                "SendDurableExecutionCallbackSuccess",
            )
        ),
        ("lambda:SendDurableExecutionCallbackSuccess", incident),
        ("dynamodb:GetItem", ledger),
        ("dynamodb:UpdateItem", ledger),
        ("dynamodb:Query", f"{ledger}/index/runs"),
        ("kms:Decrypt", "KMS::Key.Arn"),
        ("kms:GenerateDataKey", "KMS::Key.Arn"),
        ("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{here}:alarm:*"),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{here}:secret:dev/atlas-reader-AbCdEf"),
        *(
            (f"elasticache:Describe{what}", f"arn:aws:elasticache:{here}:{kind}:*")
            for what, kind in (
                ("CacheClusters", "cluster"),
                ("ReplicationGroups", "replicationgroup"),
                ("ServerlessCaches", "serverlesscache"),
                ("ServerlessCacheSnapshots", "serverlesscachesnapshot"),
                ("Snapshots", "snapshot"),
            )
        ),
    }


def test_an_operator_writes_the_switches_and_what_carries_their_own_name(dev_operated: Environment) -> None:
    caller = dev_operated.operator
    own = (
        "MODE#dev",
        "MODE#dev#restart-unhealthy-targets",
        "FREEZE#dev",
        "CIRCUIT#dev#restart-unhealthy-targets",
        f"SAID#{ALICE}#run-1",
        f"SAID#{ALICE}#request-1",
    )
    for key in own:
        assert caller.asks(dev_operated.item("UpdateItem", key)).allowed, key
        assert not caller.asks(dev_operated.item("PutItem", key)).allowed, "what was there is not replaced"
    for kind in ("EVENT", "RUN", "RESOURCE", "BUDGET", "APPROVAL", "INCIDENT", "DOCTOR", "ANYTHING", "SAID", "FREEZE"):
        assert not caller.asks(dev_operated.item("UpdateItem", f"{kind}#x")).allowed, kind


def test_an_operator_writes_down_what_they_did_under_their_own_name_only(dev_operated: Environment) -> None:
    caller = dev_operated.operator
    assert caller.asks(dev_operated.item("UpdateItem", f"AUDIT#dev#1#{ALICE}")).allowed
    for key in (f"AUDIT#dev#1#{BOB}", "AUDIT#dev#1#a", f"AUDIT#dev#{ALICE}#1", f"AUDIT#prod#1#{ALICE}"):
        assert not caller.asks(dev_operated.item("UpdateItem", key)).allowed, key


@pytest.mark.parametrize("action", ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLUpdate"])
def test_nobody_else_speaks_for_people_however_much_they_may(dev_operated: Environment, action: str) -> None:
    (said,) = dev_operated.template.one("DynamoDB::Table")["ResourcePolicy"]["PolicyDocument"]["Statement"]
    denial = {name: value for name, value in said.items() if name != "Principal"}
    assert said["Principal"] == {"AWS": "*"}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    for who, key, allowed in (
        ("admin", f"SAID#{ALICE}#run-1", False),
        ("admin", "MODE#dev", False),
        ("admin", "FREEZE#dev", False),
        ("admin", "AUDIT#dev#1#a", False),
        ("admin", "RUN#1", True),
        ("dev-remediation-operator", f"SAID#{ALICE}#run-1", True),
        ("prod-remediation-operator", f"SAID#{ALICE}#run-1", False),
    ):
        call = dev_operated.item(action, key)
        called = Call(call.action, call.resource, {**call.context, "aws:PrincipalArn": f"{ACCOUNT}:role/{who}"})
        assert evaluate(called, [everything, denial]).allowed is allowed, f"{who}: {key}"


def test_where_there_are_no_operators_the_ledger_keeps_its_own_rules_only(dev: Template) -> None:
    assert "ResourcePolicy" not in dev.one("DynamoDB::Table")


def test_without_runbooks_an_operator_still_answers_incidents() -> None:
    names = Names(load("dev", CATALOG).place)
    actions = {action for statement in operator(names, "key", ()) for action in statement.actions}
    assert "lambda:InvokeFunction" not in actions
    assert not [action for action in actions if action.startswith("elasticache:")], "and sees no caches"
    assert "lambda:SendDurableExecutionCallbackSuccess" in actions

"""The operators' role of an environment: what a person may do to the remediation, and nobody else.

A person never speaks for another one. The session of this role is named after whoever assumes it, so `aws:userid` is
`<role's id>:<their name>`, and an operator may write only the items of the ledger that carry it: what they say (SAID#<userid>#)
and what they changed (AUDIT#...#<userid>). docs/security.md tells what that is worth, and what IAM cannot hold.
"""

from collections.abc import Iterable, Iterator

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from remediation.core.spec import AnyRunbook
from stacks.boundary import OF_PEOPLE
from stacks.config import Config, ConfigError
from stacks.names import Names
from stacks.permissions import (
    BACKUPS,
    DATABASE_BACKUPS,
    ESCALATION,
    LEADING_KEYS,
    Statement,
    alarms,
    caches,
    declared,
    decrypting,
    executions,
    listing,
    live,
    of_keys,
    plain,
    via,
)
from stacks.roles import policy_of

WRITING = (
    "BatchWriteItem",
    "DeleteItem",
    "PartiQLDelete",
    "PartiQLInsert",
    "PartiQLUpdate",
    "PutItem",
    "UpdateItem",
)
"""Every way to write an item."""
SESSION = Duration.hours(1)
_SSO = ":role/aws-reserved/sso.amazonaws.com/"


def operator(
    names: Names, key: str, runbooks: Iterable[AnyRunbook], reading: Iterable[Statement] = ()
) -> Iterator[Statement]:
    """Yield what an operator may do; `key` is the ARN of the environment's key, `reading` what it takes to look at Atlas.

    A callback is only ever answered with whose word to look up: who could fail it would end a run without saying a word.
    """
    runbooks = tuple(runbooks)
    table = (names.arn("dynamodb", f"table/{names.table}"),)
    runs = tuple(executions(names, runbook.name) for runbook in runbooks)
    if runbooks:
        yield Statement(
            actions=("lambda:InvokeFunction",), resources=tuple(live(names, runbook.name) for runbook in runbooks)
        )
        yield Statement(actions=("lambda:GetDurableExecution", "lambda:GetDurableExecutionHistory"), resources=runs)
    yield Statement(
        actions=("lambda:SendDurableExecutionCallbackSuccess",),
        resources=(*runs, executions(names, ESCALATION)),
    )
    yield Statement(actions=("dynamodb:GetItem",), resources=table)
    yield listing(names)
    yield Statement(
        actions=("dynamodb:UpdateItem",),
        resources=table,
        condition=of_keys(_writes(names.place.environment)),
    )
    yield via(names, key, "dynamodb")
    yield alarms(names)
    if any(runbook.name == BACKUPS for runbook in runbooks):
        yield from caches(names)
    yield from reading


def atlas_reading(config: Config, runbooks: Iterable[AnyRunbook]) -> Iterator[Statement]:
    """Yield what it takes to look at Atlas (`remedy database`): what the runbook reads with that looks there, too."""
    names = Names(config.place)
    for runbook in runbooks:
        if runbook.name == DATABASE_BACKUPS:
            own = config.runbooks[runbook.name]
            yield from declared(runbook, "observe", names, own.settings)
            yield from decrypting(names, own.keys)


def only_people_speak(names: Names) -> iam.PolicyStatement:
    """Return what the ledger denies to everybody else in the account, however much their own policies allow them."""
    return iam.PolicyStatement(
        sid="OnlyOperatorsSpeakForPeople",
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=[f"dynamodb:{action}" for action in WRITING],
        resources=[names.arn("dynamodb", f"table/{names.table}")],
        conditions=plain(
            {
                "ForAnyValue:StringLike": {LEADING_KEYS: OF_PEOPLE},
                "ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{names.place.account}:role/{_role(names)}"},
            }
        ),
    )


def trusted(principals: Iterable[str], *, mfa: bool) -> Iterator[iam.IPrincipal]:
    """Yield who may assume the role, and under which name only. Raises ConfigError.

    Users by their user name, with MFA if it is asked for. Roles (IAM Identity Center) by the name of the session that they
    come from; AWS does not know whether their identity provider asked for a second factor, so that has to.
    """
    users = {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}
    roles = {"StringLike": {"aws:userid": "*:${sts:RoleSessionName}"}}
    if mfa:
        users["Bool"] = {"aws:MultiFactorAuthPresent": "true"}
    principals = tuple(principals)
    named = [principal.rpartition("/")[2] for principal in principals if ":user/" in principal]
    if (named and len(named) < len(principals)) or len(named) > len(set(named)):
        raise ConfigError(
            "operators.principals: name either users, each name once, or roles: nobody may have two names, and no two people"
            " the same one."
        )
    for principal in principals:
        if mfa and ":role/" in principal and _SSO not in principal:
            raise ConfigError(
                f"operators.mfa: AWS cannot see whether somebody used MFA before they assumed {principal}; name users, or"
                " a role of IAM Identity Center, which asks for it itself."
            )
        yield iam.ArnPrincipal(principal).with_conditions(roles if ":role/" in principal else users)


class Operators(Construct):
    """The role. Made only where the configuration says who the operators are."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: Config,
        key: str,
        runbooks: Iterable[AnyRunbook],
        ledger: dynamodb.Table,
    ) -> None:
        super().__init__(scope, id_)
        names, who = Names(config.place), config.operators
        ledger.add_to_resource_policy(only_people_speak(names))
        self.statements = tuple(operator(names, key, runbooks, atlas_reading(config, runbooks)))
        self.role = iam.Role(
            self,
            "Role",
            role_name=_role(names),
            description=f"Operators of the remediation in {config.environment}, each under their own name",
            assumed_by=iam.CompositePrincipal(*trusted(who.principals, mfa=who.mfa)),
            inline_policies={"operator": policy_of(self.statements)},
            max_session_duration=SESSION,
        )


def _role(names: Names) -> str:
    return names.place.name("operator")


def _writes(environment: str) -> tuple[str, ...]:
    """Return the keys of the items that an operator may write: the switches, and what is said and done in their name."""
    return (
        f"MODE#{environment}",
        f"MODE#{environment}#*",
        f"FREEZE#{environment}",
        f"CIRCUIT#{environment}#*",
        f"AUDIT#{environment}#*#${{aws:userid}}",
        "SAID#${aws:userid}#*",
    )

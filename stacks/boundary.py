"""The permission boundary of every function's role: what no function can do, whatever its own policy says.

It allows the actions that this environment's functions declare, by name (several that describe a service: as `Describe*`), on
this account in this Region. And it denies what
none of them ever may, so that a declaration which asks for it does not get it: changing who may do what, changing the
remediation itself, blinding or silencing the alarms, changing what was recorded, speaking for people. A declaration that
runs into a denial fails synth, because a right that is there and does not work is found out at night.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct
from msgspec import Struct

from remediation.core.spec import AnyRunbook
from stacks.config import Config
from stacks.names import Names
from stacks.permissions import (
    INTERFACES,
    KEY_ACTIONS,
    LEADING_KEYS,
    Statement,
    Values,
    atlas_writer,
    escalation,
    plain,
    policies,
    probe,
    sweep,
)

LARGEST = 6144
"""Characters of a managed policy, without white space."""
ID = "Boundary"
OF_PEOPLE = ("MODE#*", "FREEZE#*", "SAID#*", "AUDIT#*")
"""The items of the ledger that are written by people only."""

NEVER = (
    # Who may do what.
    "iam:*",
    "organizations:*",
    "account:*",
    "sts:Assume*",
    "sts:GetFederationToken",
    # The remediation itself.
    "cloudformation:Create*",
    "cloudformation:Delete*",
    "cloudformation:Execute*",
    "cloudformation:Update*",
    "events:Create*",
    "events:Delete*",
    "events:Disable*",
    "events:Enable*",
    "events:PutP*",
    "events:PutRule",
    "events:PutTargets",
    "events:Remove*",
    "lambda:Add*",
    "lambda:Create*",
    "lambda:Delete*",
    "lambda:P*",
    "lambda:Remove*",
    "lambda:Stop*",
    "lambda:Update*",
    "sns:AddPermission",
    "sns:Delete*",
    "sns:Set*",
    "sns:*ubscribe",
    # The alarms and the traces.
    "cloudtrail:Delete*",
    "cloudtrail:Put*",
    "cloudtrail:Stop*",
    "cloudtrail:Update*",
    "cloudwatch:Delete*",
    "cloudwatch:DisableAlarmActions",
    "cloudwatch:Put*Alarm*",
    "cloudwatch:SetAlarmState",
    "logs:Delete*",
    "logs:PutR*",
    "sqs:Delete*",
    "sqs:PurgeQueue",
    # Shells and scripts.
    "ssm:CreateDocument",
    "ssm:ModifyDocument*",
    "ssm:StartSession",
    "ssm:UpdateDocument*",
    # Tables as a whole, and ways to items that know no keys.
    "dynamodb:*Backup*",
    "dynamodb:*ResourcePolicy",
    "dynamodb:*Table*",
    "dynamodb:PartiQL*",
    "dynamodb:Scan",
    "dynamodb:UpdateTimeToLive",
    # Buckets, and versions that would bring something back.
    "s3:DeleteB*",
    "s3:DeleteObjectV*",
    "s3:PutB*",
)
"""What no function ever may, on nothing. Patterns as IAM reads them: `*` is any text, also none."""


class Denial(Struct, frozen=True, kw_only=True):
    """One statement that denies something: these actions, or on its resources all but those."""

    sid: str
    actions: tuple[str, ...] = ()
    all_but: tuple[str, ...] = ()
    resources: tuple[str, ...] = ("*",)
    spares: tuple[str, ...] = ()
    """Resources that it is not about; then it is about all others."""
    condition: dict[str, dict[str, Values]] = {}


class ForbiddenActionError(ValueError):
    """A function declares what the boundary denies to every function."""


class BoundaryTooLargeError(ValueError):
    """What the functions of an environment declare no longer fits into one managed policy."""


def denials(
    names: Names, environments: tuple[str, ...], writes: tuple[str, ...], *, network: bool = False
) -> tuple[Denial, ...]:
    """Return what is denied in an environment; `writes` are the actions by which its runbooks change something.

    `network` says whether some of its functions stand in a VPC.

    `environments` are the values of the tag `Environment` that are this one's. What has no such tag is not known to be
    another's (many actions do not tell), so it is left to the functions' own policies.
    """
    ledger = names.arn("dynamodb", f"table/{names.table}")
    tag = "aws:ResourceTag/Environment"
    found = [
        Denial(sid="Never", actions=NEVER),
        Denial(sid="Keys", all_but=KEY_ACTIONS, resources=("arn:aws:kms:*:*:*",)),
        Denial(
            sid="Elsewhere",
            actions=("*",),
            condition={"StringNotEquals": {"aws:RequestedRegion": names.place.region}},
        ),
        Denial(
            sid="WhatWasRecorded",
            actions=("dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem"),
            resources=(ledger,),
        ),
        Denial(
            sid="WhatPeopleSay",
            actions=("dynamodb:UpdateItem",),
            resources=(ledger,),
            condition={"ForAnyValue:StringLike": {LEADING_KEYS: OF_PEOPLE}},
        ),
        # Terraform's locks: the digest beside one is none of them, and one is deleted as it was read or not at all.
        Denial(
            sid="Digests",
            actions=("dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
            spares=(ledger,),
            condition={"ForAnyValue:StringLike": {LEADING_KEYS: "*-md5"}},
        ),
        Denial(sid="Objects", actions=("s3:DeleteObject",), spares=("arn:aws:s3:::*.tflock",)),
        Denial(sid="Unread", actions=("s3:DeleteObject",), condition={"Null": {"s3:if-match": "true"}}),
        Denial(
            sid="ScriptsOfOthers",
            actions=("ssm:SendCommand", "ssm:StartAutomationExecution"),
            resources=("arn:aws:ssm:*::document/*", "arn:aws:ssm:*:*:document/AWS*"),
        ),
    ]
    if network:
        # Lambda makes interfaces with the function's role; then the key is not there.
        source = "lambda:SourceFunctionArn"
        found.append(Denial(sid="Interfaces", actions=INTERFACES, condition={"Null": {source: "false"}}))
    if writes:
        found.append(
            Denial(
                sid="OtherEnvironments",
                actions=writes,
                condition={"StringNotEquals": {tag: environments}, "Null": {tag: "false"}},
            )
        )
    return tuple(found)


def document(statements: Iterable[Statement], denied: Iterable[Denial]) -> dict[str, Any]:
    """Return the policy. Raises ForbiddenActionError and BoundaryTooLargeError."""
    statements, denied = tuple(statements), tuple(denied)
    _check(statements, denied)
    anything = {action for each in statements if each.resources == ("*",) for action in each.actions}
    narrowed = {action for each in statements if each.resources != ("*",) for action in each.actions}
    owned = {owner(resource) for each in statements for resource in each.resources if resource != "*"}
    made = (
        _allowing("Declared", narrowed, owned),
        _allowing("DeclaredWithoutResource", anything - narrowed, {"*"}),
    )
    policy = {
        "Version": "2012-10-17",
        "Statement": [*(each for each in made if each["Action"]), *map(_denying, denied)],
    }
    if (size := len(json.dumps(policy, separators=(",", ":")))) > LARGEST:
        raise BoundaryTooLargeError(
            f"The boundary has {size} characters and a managed policy may have {LARGEST}: the functions of this environment"
            " declare too many actions for one boundary."
        )
    return policy


def owner(resource: str) -> str:
    """Return everything of a service that belongs to the account and Region of a resource; for S3, what is in its bucket."""
    arn, partition, service, region, account, rest = resource.split(":", 5)
    if service == "s3":
        bucket, _, key = rest.partition("/")
        rest = f"{bucket}/*" if key else bucket
    else:
        rest = "*"
    return ":".join((arn, partition, service, region, account, rest))


def reach(config: Config, deployed: tuple[AnyRunbook, ...], names: Names) -> tuple[Statement, ...]:
    """Return every statement of every function of an environment."""
    key = names.arn("kms", "key/environment")  # which of the account's keys it is, the functions' own policies say
    own = [each for runbook in deployed for policy in policies(runbook, config, key).values() for each in policy]
    probing = probe(names, key, config.network, config.dependencies) if config.network is not None else ()
    writing = atlas_writer(names, config.atlas) if config.atlas is not None and config.writing is not None else ()
    return (*own, *escalation(names, key), *sweep(names, key, deployed), *probing, *writing)


class Boundary(Construct):
    """The environment's boundary. Make it before any function's role: that looks for it, and fails where there is none."""

    def __init__(self, scope: Construct, *, config: Config, deployed: tuple[AnyRunbook, ...], names: Names) -> None:
        super().__init__(scope, ID)
        acting = [runbook for runbook in deployed if config.runbooks[runbook.name].mode == "act"]
        writes = sorted({allow.action for runbook in acting for allow in runbook.writes})
        environments = sorted({names.place.environment, config.tags.get("Environment", names.place.environment)})
        denied = denials(names, tuple(environments), tuple(writes), network=config.network is not None)
        policy = document(reach(config, deployed, names), denied)
        allowing = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
        self.resources = [resource for each in allowing for resource in each["Resource"]]
        self.actions = [action for each in allowing for action in each["Action"]]
        self.policy = iam.ManagedPolicy(
            self,
            "Policy",
            managed_policy_name=names.place.name("boundary"),
            description=f"What no function of the remediation in {names.place.environment} can do, whatever its role says",
            document=iam.PolicyDocument.from_json(policy),
        )


def boundary_of(scope: Construct) -> iam.IManagedPolicy:
    """Return the boundary of the stack that a construct is in."""
    found = Stack.of(scope).node.find_child(ID).node.find_child("Policy")
    assert isinstance(found, iam.ManagedPolicy)
    return found


def _allowing(sid: str, actions: Iterable[str], resources: Iterable[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": shortened(actions), "Resource": sorted(resources)}


def shortened(actions: Iterable[str]) -> list[str]:
    """Return the actions by name, but several that describe one service as one: a managed policy has only so much room."""
    describing: dict[str, list[str]] = {}
    for action in actions:
        start, describes, _ = action.partition(":Describe")
        describing.setdefault(f"{start}:Describe*" if describes else action, []).append(action)
    return sorted(each if len(named) > 1 else named[0] for each, named in describing.items())


def _denying(denial: Denial) -> dict[str, Any]:
    what = {"NotAction": list(denial.all_but)} if denial.all_but else {"Action": list(denial.actions)}
    where = {"NotResource": list(denial.spares)} if denial.spares else {"Resource": list(denial.resources)}
    when = {"Condition": plain(denial.condition)} if denial.condition else {}
    return {"Sid": denial.sid, "Effect": "Deny", **what, **where, **when}


def _check(statements: Iterable[Statement], denied: Iterable[Denial]) -> None:
    """Refuse what is declared and can never work, wherever a denial says so without a condition."""
    absolute = [denial for denial in denied if not denial.condition]
    for statement in statements:
        for denial in absolute:
            for action in statement.actions:
                if _hits(denial, action) and any(_reaches(denial, resource) for resource in statement.resources):
                    raise ForbiddenActionError(
                        f"A function declares {action} on {', '.join(statement.resources)}, which the boundary denies to"
                        f" every function ({denial.sid}, stacks/boundary.py)."
                    )


def _hits(denial: Denial, action: str) -> bool:
    return not _like(action, denial.all_but) if denial.all_but else _like(action, denial.actions)


def _reaches(denial: Denial, resource: str) -> bool:
    return not _like(resource, denial.spares) if denial.spares else _like(resource, denial.resources)


def _like(text: str, patterns: Iterable[str]) -> bool:
    return any(
        re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text, re.IGNORECASE)
        for pattern in patterns
    )

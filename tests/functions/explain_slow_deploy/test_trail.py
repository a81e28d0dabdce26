"""Calls that were refused, as CloudTrail tells of them: whose, how often, why, and how far it was looked."""

import json
from typing import Any, cast

import pytest

from remediation.adapters.clients import Clients
from remediation.aws import cloudtrail
from remediation.aws.cloudtrail import PAGES, PER_PAGE, Trail, refused, role_of
from tests.functions.explain_slow_deploy.cloud import MINUTE, Cloud

ROLE = {"sessionContext": {"sessionIssuer": {"userName": "ci"}}}


def event(cloud: Cloud, code: str = "AccessDenied", **changes: Any) -> dict[str, Any]:
    said = {"eventSource": "ecr.amazonaws.com", "eventName": "BatchGetImage", "userIdentity": ROLE, "errorCode": code}
    return {"EventName": "x", "EventTime": cloud.now, "CloudTrailEvent": json.dumps(said | changes)}


def told(cloud: Cloud, *events: dict[str, Any], roles: tuple[str, ...] = ()) -> Trail:
    cloud.answers["cloudtrail:LookupEvents"] = {"Events": list(events)}
    return refused(cast("Clients", cloud), cloud.now - 20 * MINUTE, roles)


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AccessDenied", "denied"),
        ("AccessDeniedException", "denied"),
        ("Client.UnauthorizedOperation", "denied"),
        ("ThrottlingException", "throttled"),
        ("Client.RequestLimitExceeded", "throttled"),
        ("TooManyRequestsException", "throttled"),
        ("Client.VcpuLimitExceeded", None),
        ("ValidationError", None),
        ("", None),
    ],
)
def test_a_refusal_is_denied_or_throttled_and_nothing_else_is_one(cloud: Cloud, code: str, kind: str | None) -> None:
    assert [each.kind for each in told(cloud, event(cloud, code)).refused] == (
        [
            kind,
        ]
        if kind
        else []
    )


def test_the_same_refusals_are_one_with_their_number_the_most_frequent_first(cloud: Cloud) -> None:
    found = told(cloud, event(cloud), event(cloud, "Throttling"), event(cloud, "Throttling")).refused
    assert [(each.caller, each.call, each.code, each.times) for each in found] == [
        ("ci", "ecr:BatchGetImage", "Throttling", 4),
        ("ci", "ecr:BatchGetImage", "AccessDenied", 2),
    ], "each of the two look-ups, of writes and of reads, found them here"


@pytest.mark.parametrize(
    ("identity", "caller"),
    [
        ({"type": "IAMUser", "userName": "ada"}, "ada"),
        ({"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}, "autoscaling.amazonaws.com"),
        ({"type": "Root"}, "Root"),
        ({}, "somebody"),
    ],
)
def test_who_is_no_role_is_named_as_well_as_can_be(cloud: Cloud, identity: dict[str, str], caller: str) -> None:
    (found,) = told(cloud, event(cloud, userIdentity=identity)).refused
    assert found.caller == caller
    assert told(cloud, event(cloud, userIdentity=identity), roles=("ci",)).refused == ()


def test_a_message_is_one_line_without_secrets_and_not_endless(cloud: Cloud) -> None:
    (found,) = told(cloud, event(cloud, errorMessage="denied\npassword=hunter2 " + "x" * 1000)).refused
    assert "hunter2" not in found.message
    assert "\n" not in found.message
    assert len(found.message) == cloudtrail.LONGEST_MESSAGE


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"errorCode": 5}', '{"userIdentity": "x"}'])
def test_what_cannot_be_read_is_nobodys(cloud: Cloud, text: str) -> None:
    assert told(cloud, event(cloud) | {"CloudTrailEvent": text}).refused == ()
    assert role_of(text) == ""


def test_it_says_whether_everything_was_looked_at(cloud: Cloud) -> None:
    assert told(cloud).whole
    assert not told(cloud, *[event(cloud)] * (PAGES * PER_PAGE)).whole
    asked = cloud.calls.of("LookupEvents")
    assert {call["LookupAttributes"][0]["AttributeValue"] for call in asked} == {"true", "false"}
    assert {call["StartTime"] for call in asked} == {cloud.now - 20 * MINUTE}

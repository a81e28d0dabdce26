"""The rules of the house find what they are there to find."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from remediation.core.spec import Alarm, Allow, Document
from tests.house import rules
from tests.support.toy import LIGHT_THE_LAMPS, PLACE, Settings


@pytest.mark.parametrize(
    ("allow", "complaint"),
    [
        (Allow("ec2:*"), "without a wildcard"),
        (Allow("ec2:Describe*"), "without a wildcard"),
        (Allow("dynamodb:GetItem"), "name the resource"),
        (Allow("ssm:SendCommand", "arn:aws:ssm:{region}:{account}:document/AWS-RunShellScript"), "not a read"),
        (
            Allow("autoscaling:SetInstanceHealth", "arn:aws:autoscaling:{region}:{account}:autoScalingGroup:a"),
            "not a read",
        ),
        (Allow("s3:GetObject", "arn:aws:s3:::*"), "every resource of a service"),
        (Allow("s3:GetObject", "everything"), "not an ARN"),
    ],
)
def test_a_read_that_may_too_much_is_found(allow: Allow, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        rules.asks_for_no_more_than_it_needs(replace(LIGHT_THE_LAMPS, reads=(allow,)))


@pytest.mark.parametrize("action", ["ec2:DescribeInstances", "autoscaling:SetInstanceHealth"])
def test_a_write_on_everything_is_found(action: str) -> None:
    with pytest.raises(AssertionError, match=r"changes whatever it likes|name the resource"):
        rules.asks_for_no_more_than_it_needs(replace(LIGHT_THE_LAMPS, writes=(Allow(action),)))


def test_looking_with_a_document_that_changes_something_is_found() -> None:
    document = Document(name="tap", summary="", script="tap", mutates=True)
    allow = Allow("ssm:SendCommand", "arn:aws:ssm:{region}:{account}:document/{environment}-remediation-tap")
    runbook = replace(LIGHT_THE_LAMPS, documents=(document,), reads=(allow,))
    with pytest.raises(AssertionError):
        rules.keeps_looking_and_acting_apart(runbook)
    with pytest.raises(AssertionError, match="not a read"):
        rules.asks_for_no_more_than_it_needs(runbook)
    rules.keeps_looking_and_acting_apart(replace(runbook, reads=(), writes=(allow,)))


@pytest.mark.parametrize(
    ("script", "pattern"),
    [("echo {{ Lamp }}", "^[a-z]+$"), ("echo", "[a-z]+"), ("echo", "^.*$"), ("echo", "^[a-z ]+$")],
)
def test_a_document_that_lets_a_value_become_code_is_found(script: str, pattern: str) -> None:
    document = Document(name="tap", summary="", script=script, parameters={"Lamp": pattern})
    with pytest.raises(AssertionError):
        rules.has_safe_documents(replace(LIGHT_THE_LAMPS, documents=(document,)))


@pytest.mark.parametrize("more", [{"asks": ("sing",)}, {"yields_to": ("rain",)}, {"yields_to": ("nat", "nat")}])
def test_a_runbook_that_asks_for_or_yields_to_what_there_is_not_is_found(more: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        rules.asks_and_yields_for_what_there_is(replace(LIGHT_THE_LAMPS, **more))


@pytest.mark.parametrize("dimensions", [{}, {"House": "prod-house"}])
def test_an_alarm_that_starts_nothing_is_found(dimensions: dict[str, str]) -> None:
    alarm = Alarm(
        name="dark-lamps",
        summary="",
        namespace="House",
        metric="DarkLamps",
        dimensions=dimensions,
        statistic="Maximum",
        threshold=1,
        period=timedelta(minutes=1),
        evaluate=3,
        breach=2,
    )
    with pytest.raises(AssertionError, match="dark-lamps does not start light-the-lamps in dev"):
        rules.fits_an_environment(replace(LIGHT_THE_LAMPS, alarms=(alarm,)), PLACE, Settings())


def test_the_toy_keeps_the_rules() -> None:
    for rule in rules.RULES:
        rule(LIGHT_THE_LAMPS)

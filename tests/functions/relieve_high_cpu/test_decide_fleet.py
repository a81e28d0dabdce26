"""The whole group is hot: whose load it is, who sees to it, and what more instances would cost."""

from typing import Any

import pytest

from relieve_high_cpu.facts import Change, Fullness, Requests
from remediation.aws.scaling import Asked, History, Size
from tests.functions.relieve_high_cpu.cases import (
    MINUTE,
    NOW,
    acts,
    alarm,
    escalates,
    facts,
    group,
    instance,
    nothing,
    policy,
    stepped,
    waits,
)

EIGHT = tuple(f"i-{n:017x}" for n in range(8))


def test_a_hot_group_without_a_policy_gets_one_more() -> None:
    act = acts(facts())
    assert (act.action, act.target) == (
        "scale-out",
        Size(id="dev-backend-asg from 2 to 3", group="dev-backend-asg", from_=2, to=3),
    )
    assert act.because == (
        "CPU of dev-backend-asg is 84% with 400 requests per target (200 are usual), and no policy makes it larger: 2 -> 3."
    )
    assert act.approval is None


def test_what_terraform_reverts_is_said() -> None:
    assert acts(facts()).drift == (
        "Terraform owns the size of dev-backend-asg: the next `terraform apply` sets it back, unless terraform.tfvars says "
        "`desired_capacity = 3` (was 2)."
    )


def test_a_quarter_of_a_large_group_is_two_at_most() -> None:
    """C1."""
    twelve = tuple(instance(f"i-{n:017x}") for n in range(12))
    wanted = acts(facts(*twelve, group=group([each.id for each in twelve], max_size=50))).target
    assert isinstance(wanted, Size)
    assert (wanted.from_, wanted.to) == (12, 14)


# ------------------------------------------------------------------------------------------------- a regression: C5


def test_a_group_that_is_hot_without_load_is_the_applications() -> None:
    verdict = escalates(facts(requests=Requests(now=210.0, usual=200.0)))
    assert verdict.because == (
        "CPU of dev-backend-asg is 84%, but there are 210 requests per target where 200 are usual: not load, but what the "
        "application does with it. The last deploy: instance refresh 08b91cf7 (Successful) at 2026-11-23 01:40 UTC."
    )
    assert verdict.team == "application"


def test_a_regression_is_told_even_while_a_policy_pours_instances_on_it() -> None:
    found = facts(requests=Requests(now=210.0, usual=200.0), policies=(policy(),), alarms=(alarm(),))
    assert escalates(found).team == "application"


def test_a_regression_without_a_known_deploy_says_so() -> None:
    assert escalates(facts(requests=Requests(now=0.0, usual=0.0), change=None)).because.endswith("No deploy is known.")


def test_no_more_requests_than_a_fifth_above_the_usual_are_no_load() -> None:
    assert acts(facts(requests=Requests(now=240.0, usual=200.0))).action == "scale-out"
    assert escalates(facts(requests=Requests(now=239.0, usual=200.0))).team == "application"


@pytest.mark.parametrize("requests", [Requests(usual=200.0), Requests(now=400.0)])
def test_where_the_load_is_unknown_nothing_is_added(requests: Requests) -> None:
    assert escalates(facts(requests=requests)).because == (
        "CPU of dev-backend-asg is 84%, and how many requests there are is unknown: whether more instances help cannot be "
        "told."
    )


# ----------------------------------------------------------------------------------------------- no more to give: C1


def test_at_the_maximum_a_person_is_told_what_the_next_size_costs() -> None:
    verdict = escalates(facts(group=group(max_size=2)))
    assert verdict.because == (
        "CPU of dev-backend-asg is 84%, and dev-backend-asg has all of its 2 instances. The next size, t3.large, costs about "
        "0.0832 $ per hour and instance instead of 0.0416 $ (t3.medium): for 2 instances about 61 $ more a month."
    )


def test_at_the_maximum_a_policy_that_works_helps_no_more() -> None:
    found = facts(group=group(max_size=2), policies=(policy(),), alarms=(alarm(),))
    verdict = escalates(found)
    assert "has all of its 2 instances" in verdict.because
    assert verdict.next_steps[:3] == (
        'In terraform.tfvars: instance_type = "t3.large" (was "t3.medium"), then `terraform apply`; by hand it would be drift.',
        "In terraform.tfvars: max_size = 3 (was 2), if the database and the cache can take it.",
        "In Terraform, the policy dev-scale-up: scaling_adjustment = 2 (was 1); the threshold is on its alarm.",
    )


def test_a_price_that_nobody_configured_is_not_made_up() -> None:
    verdict = escalates(facts(group=group(max_size=2)), hourly=0.0, next_hourly=0.0)
    assert verdict.because.endswith(
        "The next size is t3.large; what it costs is not configured (settings `hourly`, `next_hourly`)."
    )


def test_two_that_are_hot_in_a_group_that_is_not_are_no_reason_for_more() -> None:
    cool = [instance(each, (20,) * 8) for each in EIGHT[2:6]]
    hot = [instance(each, (90,) * 8) for each in EIGHT[:2]]
    verdict = escalates(facts(*hot, *cool))
    assert verdict.because == (
        f"{EIGHT[0]}, {EIGHT[1]} are hot, while dev-backend-asg as a whole is at 43%: work is not shared evenly, and more "
        "instances do not change that."
    )
    assert verdict.team == "application"
    lately = [instance(each, (20, 20, 90, 90, 90)) for each in EIGHT[:2]]
    assert waits(facts(*lately, *cool)).endswith("as a whole is at 43%; that may pass.")


def test_after_two_steps_without_a_drop_a_person_is_called() -> None:
    """C5."""
    four = tuple(instance(id_) for id_ in EIGHT[:4])
    first, second = stepped(2, 3, ago=45 * MINUTE), stepped(3, 4, ago=20 * MINUTE)
    verdict = escalates(facts(*four, usual_hosts=3.0), first, second)
    assert "it is hot after 2 steps within 2 hours (2 -> 3, 3 -> 4)" in verdict.because
    assert acts(facts(*four[:3], usual_hosts=3.0), first).target.id == "dev-backend-asg from 3 to 4", (
        "one is not enough"
    )


def test_steps_of_an_earlier_run_count_as_well() -> None:
    """C5."""
    asked = (Asked(from_=1, to=2, at=NOW - 110 * MINUTE), Asked(from_=2, to=3, at=NOW - 90 * MINUTE))
    assert "after 2 steps within 2 hours (1 -> 2, 2 -> 3)" in escalates(facts(history=History(asked=asked))).because


def test_the_same_step_twice_is_two_of_them() -> None:
    """C5: somebody, as Terraform does, has set the group back meanwhile."""
    asked = (Asked(from_=2, to=3, at=NOW - 100 * MINUTE), Asked(from_=2, to=3, at=NOW - 40 * MINUTE))
    assert "after 2 steps within 2 hours (2 -> 3, 2 -> 3)" in escalates(facts(history=History(asked=asked))).because
    assert acts(facts(history=History(asked=asked[1:]))).action == "scale-out"
    ours = stepped(2, 3, ago=20 * MINUTE)
    assert "after 2 steps" in escalates(facts(history=History(asked=asked[1:])), ours).because


def test_what_was_asked_for_long_ago_or_downward_is_no_step() -> None:
    asked = (Asked(from_=1, to=2, at=NOW - 121 * MINUTE), Asked(from_=2, to=3, at=NOW - 90 * MINUTE))
    down = Asked(from_=3, to=2, at=NOW - 80 * MINUTE)
    assert acts(facts(history=History(asked=(*asked, down)))).action == "scale-out"


def test_a_step_that_both_the_group_and_the_run_tell_of_is_one() -> None:
    history = History(asked=(Asked(from_=1, to=2, at=NOW - 20 * MINUTE),))
    assert acts(facts(history=history), stepped(1, 2)).action == "scale-out"


def test_twice_what_is_usual_is_the_end() -> None:
    """C1."""
    verdict = escalates(facts(usual_hosts=1.0))
    assert "dev-backend-asg may have 2 instances, 2 times what is usual in 24 hours, and has 2." in verdict.because
    assert acts(facts(usual_hosts=1.5)).target.id == "dev-backend-asg from 2 to 3"


def test_where_it_is_unknown_how_many_are_usual_nothing_is_added() -> None:
    assert "how many instances are usual is unknown" in escalates(facts(usual_hosts=None)).because


def test_a_group_that_may_not_launch_is_for_a_person() -> None:
    verdict = escalates(facts(group=group(suspended=("Launch",))))
    assert (
        verdict.because == "CPU of dev-backend-asg is 84%, and dev-backend-asg launches nothing: Launch is suspended."
    )
    assert verdict.next_steps[0] == (
        "aws autoscaling resume-processes --auto-scaling-group-name dev-backend-asg --scaling-processes Launch "
        "--region us-east-1"
    )


def test_a_group_whose_new_instances_would_get_no_requests_is_for_a_person() -> None:
    verdict = escalates(facts(group=group(suspended=("AddToLoadBalancer",))))
    assert verdict.because == (
        "CPU of dev-backend-asg is 84%, and dev-backend-asg launches only what would take no requests: AddToLoadBalancer is "
        "suspended."
    )
    assert "--scaling-processes AddToLoadBalancer " in verdict.next_steps[0]
    both = escalates(facts(group=group(suspended=("AddToLoadBalancer", "Launch"))))
    assert both.because.endswith("launches nothing: Launch and AddToLoadBalancer are suspended.")
    assert acts(facts(group=group(suspended=("AZRebalance",)))).action == "scale-out"


def test_a_policy_whose_instances_would_get_no_requests_does_not_see_to_it() -> None:
    working: dict[str, Any] = {"policies": (policy(),), "alarms": (alarm(),)}
    found = facts(group=group(suspended=("AddToLoadBalancer",)), **working)
    assert "Policy dev-scale-up (SimpleScaling): dev-scale-up cannot help: AddToLoadBalancer is suspended." in (
        escalates(found).evidence
    )
    assert nothing(facts(**working))


# ---------------------------------------------------------------------------------------------------- headroom: C4


def fullness(used: float | None, **other: Any) -> tuple[Fullness, ...]:
    return (Fullness(name="MongoDB connections", used=used, **other),)


@pytest.mark.parametrize("used", [0.54, 0.81, 1.0])
def test_a_database_that_would_be_too_full_stops_a_step(used: float) -> None:
    verdict = escalates(facts(databases=fullness(used)))
    assert verdict.because == (
        f"CPU of dev-backend-asg is 84%, and dev-backend-asg is not made larger: MongoDB connections are at {used:.0%}, and "
        f"would be at {used * 1.5:.0%}; 20% have to be left."
    )


def test_a_database_with_room_does_not() -> None:
    assert acts(facts(databases=fullness(0.53))).action == "scale-out"


def test_what_does_not_grow_with_the_instances_may_be_fuller() -> None:
    assert acts(facts(databases=fullness(0.80, per_instance=False))).action == "scale-out"
    assert "at 81%" in escalates(facts(databases=fullness(0.81, per_instance=False))).because


def test_a_cache_that_would_be_too_full_stops_a_step_as_well() -> None:
    found = facts(caches=(Fullness(name="Redis connections", used=0.6),))
    assert "Redis connections are at 60%, and would be at 90%" in escalates(found).because


def test_unknown_headroom_is_none() -> None:
    verdict = escalates(facts(databases=fullness(None), caches=()))
    assert "how full MongoDB connections are is unknown: CloudWatch has no value" in verdict.because
    assert "how full the cache is is not configured (setting `caches`)" in verdict.because


def test_the_last_deploy_is_evidence() -> None:
    change = Change(what="version 8 of launch template lt-1", at=NOW - 90 * MINUTE)
    found = acts(facts(change=change))
    assert "Last deploy: version 8 of launch template lt-1 at 2026-11-23 02:10 UTC." in found.evidence

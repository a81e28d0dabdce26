"""Ten thousand made-up nights: nothing is done but the two approved things, and those only under their exact conditions."""

import random
from datetime import datetime, timedelta

from msgspec.structs import replace

from recover_failed_launches.causes import Cause
from recover_failed_launches.deaths import Boot, Trouble
from recover_failed_launches.decide import decide
from recover_failed_launches.facts import Checked, Died, Facts, Judged, Tried
from recover_failed_launches.suspended import RESUME
from recover_failed_launches.taking_back import ROLL_BACK, START
from remediation.aws.launches import Group, Member, Refresh, Source, Suspension
from remediation.aws.templates import Version
from remediation.core.verdict import Act, Escalate, Nothing, Wait
from tests.functions.recover_failed_launches.nights import SETTINGS
from tests.support.steps import NIGHT
from tests.support.toy import PLACE

NIGHTS = 10_000
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
CANARY = "hunter2-canary"


def a_template(dice: random.Random) -> str:
    return dice.choice(["lt-1"] * 9 + ["lt-2"])


def a_version(dice: random.Random, number: int) -> Checked:
    version = Version(
        template=a_template(dice),
        number=number,
        created_at=NIGHT - dice.randint(0, 120) * MINUTE,
        image=dice.choice(["ami-a", "ami-b"]),
        type=dice.choice(["t3.small", "t3.large"]),
        groups=dice.choice([("sg-a",), ("sg-b",)]),
        profile=dice.choice(["p", "q"]),
        key=dice.choice(["", "k"]),
        devices=dice.choice(["", "d"]),
    )
    return Checked(
        version=version,
        image=dice.choice([True, True, True, False, None]),
        groups_missing=dice.choice([(), (), (), ("sg-a",), None]),
        zones=dice.choice([("us-east-1a",), None]),
        tag=dice.choice([True, True, False, None]),
        role=dice.choice(["arn:aws:iam::123456789012:role/dev-ec2-role", "", None]),
    )


def a_night(dice: random.Random) -> Facts:
    """Return facts that may well be inconsistent: nothing is to follow from luck."""
    wanted, other = a_version(dice, 8), a_version(dice, dice.choice([7, 7, 7, 9]))
    members = tuple(
        Member(
            id=f"i-{n}",
            lifecycle=dice.choice(["InService", "InService", "InService", "Pending", "Terminating"]),
            healthy=dice.random() < 0.85,
            zone="us-east-1a",
            source=dice.choice(
                [Source(template=a_template(dice), version=v) for v in ("7", "7", "7", "8", "9")] + [None]
            ),
        )
        for n in range(dice.randint(0, 3))
    )
    since = NIGHT - dice.randint(0, 30) * HOUR
    reasons = [f"User suspended at {since:%Y-%m-%dT%H:%M:%SZ}", "Administrator suspended", CANARY]
    suspended = tuple(
        Suspension(
            process=dice.choice(["Launch", "Terminate", "AZRebalance", "HealthCheck"]), reason=dice.choice(reasons)
        )
        for _ in range(dice.choice([0, 0, 1, 2]))
    )
    group = Group(
        name="dev-backend-asg",
        min_size=1,
        desired=dice.randint(0, 3),
        zones=("us-east-1a",),
        subnets=("subnet-1",),
        source=dice.choice([Source(template=a_template(dice), version=v) for v in ("8", "8", "7", "$Latest")] + [None]),
        mixed=dice.random() < 0.1,
        suspended=suspended,
        metrics=dice.choice([(), ("GroupInServiceInstances",)]),
        members=members,
    )
    tried = tuple(
        Tried(
            kind=dice.choice(["launch", "launch", "launch", "terminate"]),
            status=status,
            at=NIGHT - n * dice.randint(1, 40) * MINUTE,
            cause=dice.choice(list(Cause)) if status == "Failed" else None,
            said=CANARY,
            zone="us-east-1a",
        )
        for n in range(dice.randint(0, 4))
        for status in [dice.choice(["Failed", "Failed", "Failed", "Successful", "InProgress"])]
    )
    refresh = Refresh(
        id="refresh-1",
        status=dice.choice(
            ["Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress", "Failed", "Successful"]
        ),
        started_at=NIGHT - 10 * MINUTE,
        source=dice.choice([Source(template=a_template(dice), version="8"), None]),
    )
    died = tuple(
        Died(
            id=f"i-d{n}",
            launched_at=NIGHT - dice.randint(10, 50) * MINUTE,
            ended_at=NIGHT - dice.randint(0, 9) * MINUTE,
            template=a_template(dice),
            version=dice.choice(["8", "8", "8", "7", ""]),
            cause=dice.choice([None, None, None, Cause.VOLUMES, Cause.CAPACITY]),
            said=CANARY,
        )
        for n in range(dice.choice([0, 0, 1, 2, 3]))
    )
    boots = (Boot(instance="i-0", trouble=dice.choice(list(Trouble)), lines=(CANARY,)),) if dice.random() < 0.2 else ()
    return Facts(
        place=PLACE,
        asg=group.name,
        group=dice.choice([group] * 20 + [None]),
        tried=tried,
        refresh=dice.choice([refresh, None, None]),
        died=died,
        launched={each.id: NIGHT - dice.randint(1, 30) * MINUTE for each in members if dice.random() < 0.3},
        wanted=dice.choice([wanted, wanted, wanted, None]),
        earlier=dice.choice([(other,), (other,), ()]),
        denied=dice.choice([None, (), ("ecr:BatchGetImage",)]),
        boots=boots,
    )


PARTS = ("tried", "refresh", "died", "launched", "wanted", "earlier", "boots")
OF_GROUP = ("source", "suspended", "members", "desired", "mixed")


def nearly(dice: random.Random) -> Facts:
    """Return facts that ask for an act, but for up to two things of another night."""
    other = a_night(dice)
    rolling, left_over = dice.random() < 0.4, dice.random() < 0.3
    since = NIGHT - 50 * HOUR
    base = Version(template="lt-1", number=7, created_at=since, image="ami-a", type="t3.small", groups=("sg-a",))
    good = Checked(version=base, image=True, groups_missing=(), tag=True)
    bad = replace(good, version=replace(base, number=8, created_at=NIGHT - 20 * MINUTE, groups=("sg-b",)))
    member = Member(
        id="i-0", lifecycle="InService", healthy=True, zone="us-east-1a", source=Source(template="lt-1", version="7")
    )
    group = Group(
        name="dev-backend-asg",
        min_size=1,
        desired=2,
        zones=("us-east-1a",),
        subnets=("subnet-1",),
        source=Source(template="lt-1", version="7" if rolling else "8"),
        suspended=(Suspension(process="Launch", reason="User suspended at 2026-11-22T10:00:00Z"),) if left_over else (),
        metrics=(),
        members=(member,),
    )
    failed = Tried(kind="launch", status="Failed", at=NIGHT - MINUTE, cause=Cause.SECURITY_GROUP, said=CANARY)
    refresh = Refresh(id="refresh-1", status="InProgress", source=Source(template="lt-1", version="8"))
    facts = Facts(
        place=PLACE,
        asg=group.name,
        group=group,
        tried=(failed,),
        refresh=refresh if rolling else None,
        wanted=replace(bad, groups_missing=("sg-b",)),
        earlier=(good,),
    )
    names = dice.sample((*PARTS, *OF_GROUP), dice.choice([0, 1, 1, 2]))
    changes = {name: getattr(other, name) for name in names if name in PARTS}
    if other.group is not None:
        group = replace(group, **{name: getattr(other.group, name) for name in names if name in OF_GROUP})
    return replace(facts, group=group, **changes)


def any_night(dice: random.Random) -> Facts:
    return nearly(dice) if dice.random() < 0.5 else a_night(dice)


def check_version(facts: Facts, act: Act[Judged]) -> None:
    """Say anew, and in other words, when a version may be taken back."""
    group, refresh = facts.group, facts.refresh
    assert group is not None
    assert facts.wanted is not None
    bad, (good,) = facts.wanted, facts.earlier
    assert (act.target.bad, act.target.good) == ("8", "7")
    assert good.image is True
    assert good.groups_missing == ()
    assert good.tag is not False
    assert good.role != ""
    assert not group.mixed
    assert group.source is not None
    assert {each.version.template for each in (bad, good)} == {group.source.template} == {act.target.template}
    healthy = [each for each in group.members if each.lifecycle == "InService" and each.healthy]
    runs = {(each.source.template, each.source.version) for each in healthy if each.source}
    ages = {each.id: NIGHT - facts.launched.get(each.id, NIGHT - 50 * HOUR) for each in healthy}
    assert (group.source.template, "7") in runs
    failed = [each for each in facts.tried if each.kind == "launch" and each.cause and NIGHT - each.at <= HOUR]
    dead = [
        each
        for each in facts.died
        if (each.template, each.version) == (group.source.template, "8")
        and each.launched_at >= bad.version.created_at
        and each.cause is not Cause.CAPACITY
    ]
    passing = {Cause.CAPACITY, Cause.THROTTLED, Cause.INTERNAL, Cause.IMAGE_PENDING}
    lasting = [each for each in failed if each.cause not in passing]
    assert any(each.at >= bad.version.created_at for each in lasting) or len(dead) >= 2
    serving = [ages[each.id] for each in healthy if each.source == bad.version.source]
    if not lasting:
        assert act.target.blame == "dies"
        assert max(ages[each.id] for each in healthy if each.source == good.version.source) > 20 * MINUTE
        assert NIGHT - max(each.ended_at for each in dead) <= 20 * MINUTE
        assert all(age <= max(each.ended_at - each.launched_at for each in dead) for age in serving)
    else:
        assert act.target.blame in {"gone", "fails"}
        assert not serving or act.target.blame == "gone"
        assert all(age <= 20 * MINUTE for age in serving)
        gone = {Cause.IMAGE: bad.image is False, Cause.SECURITY_GROUP: bool(bad.groups_missing)}
        assert act.target.blame == "fails" or any(gone.get(each.cause) for each in lasting if each.cause)
        same = replace(bad.version, number=7, created_at=good.version.created_at)
        assert same != good.version, "what is the same cannot be what is different"
    if act.action == ROLL_BACK:
        assert refresh is not None
        assert refresh.status in {"Pending", "InProgress", "Baking"}
        assert refresh.source is not None
        assert group.source.version == "7"
    else:
        assert refresh is None or refresh.status in {"Failed", "Successful"}


def check_process(facts: Facts, act: Act[Judged]) -> None:
    """Say anew when a process may be resumed."""
    assert facts.group is not None
    assert Suspension(process=act.target.process, reason=act.target.reason) in facts.group.suspended
    since = datetime.fromisoformat(act.target.reason.removeprefix("User suspended at "))
    assert NIGHT - since > 8 * HOUR
    serving = [each for each in facts.group.members if each.lifecycle == "InService" and each.healthy]
    assert len(serving) < facts.group.desired


def test_in_ten_thousand_nights_nothing_is_done_but_what_is_approved_under_its_exact_conditions() -> None:
    dice = random.Random(14)
    verdicts: dict[str, int] = {}
    for _ in range(NIGHTS):
        facts = any_night(dice)
        verdict = decide(facts, SETTINGS, (), NIGHT)
        kind = verdict.action if isinstance(verdict, Act) else type(verdict).__name__
        verdicts[kind] = verdicts.get(kind, 0) + 1
        assert CANARY not in " ".join((verdict.because, *verdict.next_steps))
        match verdict:
            case Act():
                assert verdict.approval is not None
                check_process(facts, verdict) if verdict.action == RESUME else check_version(facts, verdict)
            case Escalate():
                assert verdict.about == "dev-backend-asg"
                assert verdict.next_steps
            case Nothing() | Wait():
                pass
    assert {START, ROLL_BACK, RESUME, "Escalate", "Nothing", "Wait"} == set(verdicts)
    assert min(verdicts.values()) >= 20, f"each is really met: {verdicts}"


def test_without_the_right_to_launch_none_of_them_starts_a_refresh() -> None:
    dice, started, settings = random.Random(14), 0, replace(SETTINGS, may_launch=False)
    for _ in range(NIGHTS // 5):
        facts = any_night(dice)
        free, bound = decide(facts, SETTINGS, (), NIGHT), decide(facts, settings, (), NIGHT)
        if isinstance(free, Act) and free.action == START:
            started += 1
            assert isinstance(bound, Escalate)
            assert bound.next_steps[0].startswith("aws autoscaling start-instance-refresh")
        else:
            assert bound == free
    assert started > 0

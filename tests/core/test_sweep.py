"""Which alarms the sweep offers again: a lost event and a passing reason come back, what a person has in hand does not."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from remediation.core import sweep
from remediation.core.gates import LARGEST_AGE, LiveAlarm, freshness
from remediation.core.incident import Recovery
from remediation.core.outcome import Status
from remediation.core.parsing import parse
from remediation.core.redact import redact
from remediation.core.sweep import (
    AGAIN_AFTER,
    LOST_AFTER,
    PASSING,
    Answers,
    DescribedAlarm,
    Held,
    Offer,
    OpenIncident,
    RunSeen,
    Situation,
    Swept,
    answering,
    detail,
    judge,
    offers,
)
from remediation.core.triggers import ALARM_STATE_CHANGE, SWEEP, AlarmRaised, Metric, Rejected
from tests.support.steps import NIGHT
from tests.support.toy import PLACE
from tests.support.world import Stage

MINUTE, MS = timedelta(minutes=1), timedelta(milliseconds=1)
TICK = 5 * MINUTE
LIMIT = timedelta(minutes=15)
LAMPS = Swept(
    runbook="light-the-lamps",
    team="infrastructure",
    mode="act",
    alarms=(Answers(namespace="House", metric="DarkLamps", dimensions={"House": "dev-house*"}),),
    limit=LIMIT,
    cooldown=15 * MINUTE,
)
ALARM = DescribedAlarm(
    name="dev-dark-lamps",
    arn="arn:aws:cloudwatch:us-east-1:123456789012:alarm:dev-dark-lamps",
    state="ALARM",
    transitioned_at=NIGHT,
    actions_enabled=True,
    actions=0,
    metric=Metric(namespace="House", name="DarkLamps", dimensions={"House": "dev-house"}),
    statistic="Maximum",
    period=60,
)


def ended(status: Status, gate: str = "", *, at: timedelta = timedelta(0), **more: Any) -> RunSeen:
    """Return a run on the alarm's transition that took a minute."""
    started = NIGHT + at
    told: dict[str, Any] = {"run": f"run-{round(at.total_seconds())}", "alarm": ALARM.name, "transition": NIGHT}
    told |= {"runbook": LAMPS.runbook, "started_at": started, "ended_at": started + MINUTE} | more
    return RunSeen(status=status, gate=gate, **told)


def in_flight(at: timedelta = timedelta(0), **more: Any) -> RunSeen:
    return RunSeen(
        run="run-open", runbook=LAMPS.runbook, alarm=ALARM.name, started_at=NIGHT + at, transition=NIGHT, **more
    )


def situation(*runs: RunSeen, after: timedelta, **more: Any) -> Situation:
    return Situation(now=NIGHT + after, runs=runs, **({"runbooks": (LAMPS,)} | more))


def offered(*runs: RunSeen, after: timedelta, alarm: DescribedAlarm = ALARM, **more: Any) -> bool:
    return isinstance(judge(alarm, situation(*runs, after=after, **more)), Offer)


# ------------------------------------------------------------------------------------------------------ lost events


def test_an_alarm_whose_event_was_lost_is_offered_as_soon_as_it_cannot_arrive_any_more() -> None:
    assert LOST_AFTER == LARGEST_AGE
    assert not offered(after=LOST_AFTER - timedelta(seconds=1))
    assert offered(after=LOST_AFTER)


def test_a_run_on_an_earlier_transition_says_nothing_about_this_one() -> None:
    before = ended("escalated", at=-2 * MINUTE, transition=NIGHT - timedelta(hours=1))
    assert offered(before, after=LOST_AFTER)
    assert offered(replace(before, started_at=NIGHT + MINUTE), after=LOST_AFTER), "also if it was delivered late"


def test_a_transition_is_the_same_in_milliseconds() -> None:
    precise = replace(ALARM, transitioned_at=NIGHT + timedelta(microseconds=432))
    assert not offered(ended("escalated"), alarm=precise, after=LOST_AFTER)
    assert offered(ended("escalated"), alarm=replace(ALARM, transitioned_at=NIGHT + MS), after=LOST_AFTER + MS)


def test_where_a_transition_was_not_recorded_a_run_since_then_counts() -> None:
    unknown = ended("escalated", transition=None)
    assert not offered(unknown, after=10 * MINUTE)
    assert offered(replace(unknown, started_at=NIGHT - MS), after=10 * MINUTE)


def test_an_alarm_without_a_plain_metric_starts_nothing() -> None:
    assert answering(replace(ALARM, metric=None), (LAMPS,)) == ()
    assert answering(ALARM, (LAMPS,)) == (LAMPS,)


def test_a_duplicate_does_not_count_as_a_run() -> None:
    assert not offered(ended("escalated"), ended("refused", "duplicate", at=MINUTE), after=10 * MINUTE)
    assert offered(ended("refused", "duplicate"), after=LOST_AFTER)


def test_an_alarm_of_the_same_name_elsewhere_is_none_of_ours() -> None:
    assert offered(ended("ignored", "scope"), after=LOST_AFTER)


# --------------------------------------------------------------------------------------------------- passing reasons


@pytest.mark.parametrize("gate", sorted(PASSING))
def test_what_was_refused_for_a_passing_reason_is_offered_at_every_tick(gate: str) -> None:
    assert offered(ended("refused", gate), after=2 * MINUTE)
    assert offered(ended("refused", gate, at=TICK), ended("refused", gate), after=2 * TICK)


def test_every_gate_that_there_is_was_thought_about() -> None:
    core = Path(sweep.__file__).parent
    named = re.compile(r"""(?:gate=|_refuse\(\s*|_ignore\(\s*)"([a-z ]+)\"""")
    gates = {gate for path in core.glob("*.py") for gate in named.findall(path.read_text())}
    assert gates >= {"budget", "freeze", "freshness", "live alarm"}, "they are found"
    assert gates - PASSING == {"duplicate", "quiet", "request", "scope", "state"}, (
        "is the reason of a new gate one that passes?"
    )


def test_nothing_to_do_is_asked_again_at_every_tick_because_the_alarm_says_otherwise() -> None:
    assert offered(ended("nothing-to-do"), after=2 * MINUTE)


@pytest.mark.parametrize("status", sorted(set(get_args(Status)) - {"nothing-to-do", "refused"}))
def test_what_had_its_say_comes_back_after_half_an_hour(status: Status) -> None:
    over = MINUTE + AGAIN_AFTER
    assert not offered(ended(status), after=over - timedelta(seconds=1))
    assert offered(ended(status), after=over)


def test_a_run_that_acted_and_was_then_refused_has_had_its_say() -> None:
    assert not offered(ended("not-healed", "budget"), after=10 * MINUTE)


def test_an_approval_that_nobody_answered_is_not_asked_for_at_every_tick() -> None:
    assert not offered(ended("refused", "approval"), after=10 * MINUTE)
    assert offered(ended("refused", "approval"), after=MINUTE + AGAIN_AFTER)


# -------------------------------------------------------------------------------------------------------- runs at it


def test_an_alarm_with_a_run_in_flight_is_left_to_it_until_its_deadline() -> None:
    assert not offered(in_flight(), after=LIMIT - timedelta(seconds=1))
    assert not offered(in_flight(), ended("refused", "budget", at=MINUTE), after=10 * MINUTE)


def test_a_run_that_outlived_its_deadline_counts_as_failed_at_it() -> None:
    assert not offered(in_flight(), after=LIMIT + AGAIN_AFTER - timedelta(seconds=1))
    assert offered(in_flight(), after=LIMIT + AGAIN_AFTER)


def test_a_run_in_flight_on_another_alarm_is_no_reason() -> None:
    assert offered(replace(in_flight(), alarm="dev-other"), after=LOST_AFTER)


def test_a_run_of_a_runbook_that_does_not_answer_the_alarm_any_more_is_no_reason() -> None:
    assert offered(in_flight(), ended("escalated"), after=LOST_AFTER, runbooks=(replace(LAMPS, runbook="other"),))


def test_one_runbook_that_is_not_due_holds_the_alarm_for_all_that_answer_it() -> None:
    other = replace(LAMPS, runbook="count-the-lamps")
    runs = (ended("escalated"), ended("refused", "lease", runbook="count-the-lamps"))
    assert not offered(*runs, after=10 * MINUTE, runbooks=(LAMPS, other))
    assert offered(*runs, after=MINUTE + AGAIN_AFTER, runbooks=(LAMPS, other))


# ------------------------------------------------------------------------------------------------------------ people


def incident(*, acknowledged: bool, alarm: str = ALARM.name) -> OpenIncident:
    return OpenIncident(
        key="dev|light-the-lamps|x", run="run-0", recovery=Recovery.of(alarm), acknowledged=acknowledged, by="ada"
    )


def test_a_persons_no_holds_for_the_whole_transition() -> None:
    no = ended("refused", "rejection")
    assert not offered(no, after=timedelta(hours=20))
    assert offered(no, alarm=replace(ALARM, transitioned_at=NIGHT + timedelta(hours=1)), after=timedelta(hours=2))


def test_a_person_who_acknowledged_is_not_disturbed_while_at_it() -> None:
    long = timedelta(hours=20)
    assert not offered(ended("escalated"), after=long, incidents=(incident(acknowledged=True),))
    assert offered(ended("escalated"), after=long, incidents=(incident(acknowledged=False),))
    assert offered(ended("escalated"), after=long, incidents=(incident(acknowledged=True, alarm="dev-other"),))


def test_an_acknowledged_shared_cause_does_not_keep_what_depends_on_it_ill() -> None:
    refused = ended("refused", "shared cause")
    assert offered(refused, after=TICK, incidents=(incident(acknowledged=True),))


@pytest.mark.parametrize(
    ("alarm", "why"),
    [
        (replace(ALARM, state="OK"), "It is OK."),
        (replace(ALARM, transitioned_at=None), "CloudWatch does not say since when it is in ALARM."),
        (replace(ALARM, actions_enabled=False), "Its actions are disabled."),
        (replace(ALARM, name="TargetTracking-dev-AlarmLow-1"), "A scaling policy owns it."),
        (replace(ALARM, name="dev-quiet"), "ALARM is normal for it (quiet_alarms)."),
        (replace(ALARM, name="dev-muted"), "It is muted."),
        (replace(ALARM, metric=None), "No runbook answers it."),
        (
            replace(ALARM, metric=Metric(namespace="House", name="DarkLamps", dimensions={"House": "prod-house"})),
            "No runbook answers it.",
        ),
    ],
)
def test_what_nobody_may_answer_is_not_offered_and_says_why(alarm: DescribedAlarm, why: str) -> None:
    answer = judge(alarm, situation(after=TICK, muted=frozenset({"dev-muted"}), quiet=frozenset({"dev-quiet"})))
    assert isinstance(answer, Held)
    assert answer.because == why


@pytest.mark.parametrize(
    ("run", "after", "acknowledged_by", "sentence"),
    [
        (ended("refused", "freeze"), TICK, None, "It still is in ALARM, and run run-0 ended refused (freeze)."),
        (ended("nothing-to-do"), TICK, None, "It still is in ALARM, and run run-0 ended nothing-to-do."),
        (in_flight(), timedelta(hours=1), None, "It still is in ALARM, and run run-open ended failed."),
        (in_flight(), TICK, None, "Run run-open is at it."),
        (in_flight(), LIMIT, None, "Run run-open ended without an outcome; again from 04:25:00 UTC on."),
        (ended("escalated"), TICK, None, "Run run-0 ended escalated; again from 04:11:00 UTC on."),
        (ended("escalated"), TICK, "ada", "ada acknowledged it and is at it."),
        (ended("escalated"), TICK, "", "A person acknowledged it and is at it."),
        (ended("refused", "rejection"), TICK, None, "A person said no to run run-0."),
    ],
)
def test_every_answer_has_a_sentence(
    run: RunSeen, after: timedelta, acknowledged_by: str | None, sentence: str
) -> None:
    open_ = () if acknowledged_by is None else (replace(incident(acknowledged=True), by=acknowledged_by),)
    assert judge(ALARM, situation(run, after=after, incidents=open_)).because == sentence


def test_a_runbook_that_is_deployed_off_is_not_asked() -> None:
    answer = judge(ALARM, situation(after=TICK, runbooks=(replace(LAMPS, mode="off"),)))
    assert answer == Held(alarm=ALARM, because="light-the-lamps would answer it, and the mode is off.")


def test_the_alarm_that_has_been_on_for_longest_comes_first() -> None:
    younger = replace(ALARM, name="dev-a", transitioned_at=NIGHT + MINUTE)
    judged = offers([younger, ALARM], situation(after=10 * MINUTE))
    assert [answer.alarm.name for answer in judged] == ["dev-dark-lamps", "dev-a"]


def test_an_alarm_is_found_by_the_name_that_the_ledger_keeps_without_secrets() -> None:
    secret = replace(ALARM, name="dev-redis://user:hunter2@cache-down")
    assert redact(secret.name) != secret.name
    kept = ended("escalated", alarm=redact(secret.name))
    assert not offered(kept, alarm=secret, after=10 * MINUTE)


# -------------------------------------------------------------------------------------------------------- properties

SAYINGS: list[tuple[Status, str]] = [
    ("healed", ""),
    ("nothing-to-do", ""),
    ("not-healed", ""),
    ("escalated", ""),
    ("failed", ""),
    ("observed", ""),
    ("refused", "approval"),
    *[("refused", gate) for gate in sorted(PASSING)],
]


@given(
    event_lost=st.booleans(),
    fates=st.lists(
        st.one_of(st.none(), st.tuples(st.sampled_from(SAYINGS), st.integers(1, 14))), min_size=12, max_size=12
    ),
    phase=st.integers(0, 299),
)
def test_an_alarm_that_stays_on_is_offered_within_35_minutes_of_the_last_word_on_it(
    event_lost: bool,
    fates: list[tuple[tuple[Status, str], int] | None],
    phase: int,
) -> None:
    """A closed world of four hours: each offer becomes a run that says something after some minutes, or is lost."""
    runs: list[RunSeen] = []
    coming = iter(fates)

    def happen(now: datetime) -> None:
        if (fate := next(coming, None)) is not None:
            (status, gate), minutes = fate
            runs.append(
                ended(status, gate, at=now - NIGHT, run=f"run-{len(runs)}", ended_at=now + timedelta(minutes=minutes))
            )

    if not event_lost:
        happen(NIGHT)
    now, last_word = NIGHT + timedelta(seconds=phase), NIGHT
    while now < NIGHT + timedelta(hours=4):
        seen = tuple(
            run if run.ended_at and run.ended_at <= now else replace(run, status=None, gate="", ended_at=None)
            for run in runs
        )
        open_ = any(run.status is None for run in seen)
        answer = judge(ALARM, situation(*seen, after=now - NIGHT))
        if isinstance(answer, Offer):
            assert not open_, "an alarm with a run in flight is never offered"
            happen(now)
            last_word = now
        elif open_:
            last_word = now
        assert now - last_word <= 35 * MINUTE
        now += TICK


SEEN = st.builds(
    RunSeen,
    run=st.sampled_from(["a", "b", "c"]),
    runbook=st.sampled_from([LAMPS.runbook, "count-the-lamps"]),
    alarm=st.sampled_from([ALARM.name, "dev-other", ""]),
    started_at=st.integers(-120, 240).map(lambda minutes: NIGHT + timedelta(minutes=minutes)),
    transition=st.sampled_from([None, NIGHT, NIGHT - timedelta(hours=1)]),
    ended_at=st.none() | st.integers(0, 300).map(lambda minutes: NIGHT + timedelta(minutes=minutes)),
    status=st.none() | st.sampled_from(get_args(Status)),
    gate=st.sampled_from(["", "rejection", "duplicate", *sorted(PASSING)]),
)


@given(runs=st.lists(SEEN, max_size=8), minutes=st.integers(0, 300), acknowledged=st.booleans())
def test_nobody_is_ever_disturbed(runs: list[RunSeen], minutes: int, acknowledged: bool) -> None:
    now = NIGHT + timedelta(minutes=minutes)
    answer = judge(ALARM, situation(*runs, after=now - NIGHT, incidents=(incident(acknowledged=acknowledged),)))
    assert answer.because
    ours = [run for run in runs if run.alarm == ALARM.name and run.runbook == LAMPS.runbook]
    if any(run.status is None and now < run.started_at + LIMIT for run in ours):
        assert isinstance(answer, Held), "a run is at it"
    last = [run for run in ours if run.is_about(NIGHT) and run.gate != "duplicate"]
    if (
        last
        and max(last, key=lambda run: run.started_at).gate == "rejection"
        and len({r.started_at for r in last}) == len(last)
    ):
        assert isinstance(answer, Held), "a person said no"


# -------------------------------------------------------------------------------------------- the event that it sends


def swept_event(*, tick: str = "tick-1", sent: datetime = NIGHT + 2 * timedelta(hours=1)) -> dict[str, Any]:
    """Return what a rule delivers of an offer, as EventBridge wraps it."""
    return {
        "version": "0",
        "id": "e0a1",
        "detail-type": ALARM_STATE_CHANGE,
        "source": SWEEP,
        "account": PLACE.account,
        "region": PLACE.region,
        "time": sent.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resources": [ALARM.arn],
        "detail": detail(ALARM, tick),
    }


def test_the_event_says_what_the_alarms_own_event_says_but_not_what_it_was_before() -> None:
    parsed = parse(swept_event())
    assert isinstance(parsed, AlarmRaised)
    assert (parsed.alarm, parsed.state, parsed.metric) == (ALARM.name, "ALARM", ALARM.metric)
    assert parsed.transitioned_at == NIGHT
    assert parsed.previous_state is None, "so the engine looks twice before it acts"
    assert parsed.swept


def test_every_tick_is_an_event_of_its_own_and_one_tick_twice_is_not() -> None:
    first, again, next_ = (parse(swept_event(tick=tick)) for tick in ("tick-1", "tick-1", "tick-2"))
    assert isinstance(first, AlarmRaised)
    assert isinstance(again, AlarmRaised)
    assert isinstance(next_, AlarmRaised)
    assert (
        first.key
        == again.key
        == "sweep|123456789012|us-east-1|dev-dark-lamps|ALARM|2026-11-23T03:40:00.000+00:00|tick-1"
    )
    assert next_.key != first.key


def test_a_tick_comes_from_the_sweep_and_from_nobody_else() -> None:
    alarms_own = swept_event() | {"source": "aws.cloudwatch"}
    without = swept_event()
    del without["detail"]["sweep"]
    assert isinstance(parse(alarms_own), Rejected)
    assert isinstance(parse(without), Rejected)


def test_an_offer_of_an_old_transition_is_fresh_and_an_old_offer_is_not() -> None:
    parsed = parse(swept_event())
    assert isinstance(parsed, AlarmRaised)
    assert parsed.sent_at is not None
    assert freshness(parsed, parsed.sent_at + LARGEST_AGE) is None
    assert freshness(parsed, parsed.sent_at + LARGEST_AGE + timedelta(seconds=1)) is not None
    assert freshness(replace(parsed, tick=""), parsed.sent_at) is not None, "the alarm's own event would be too old"
    assert freshness(replace(parsed, transitioned_at=parsed.sent_at + timedelta(hours=1)), parsed.sent_at) is not None


@pytest.mark.parametrize(("transitioned", "status"), [(NIGHT, "healed"), (NIGHT + MINUTE, "refused")])
def test_an_offer_heals_if_the_alarm_still_is_in_the_same_transition(transitioned: datetime, status: str) -> None:
    stage = Stage()
    event = toy_offer(stage)
    stage.alarms.alarms["dark-lamps"] = LiveAlarm(
        exists=True, state="ALARM", transitioned_at=transitioned, actions_enabled=True
    )
    outcome = stage.run(event)
    assert outcome.status == status
    if status == "healed":
        assert ("look twice", timedelta(seconds=60)) in stage.steps.waited


def toy_offer(stage: Stage) -> dict[str, Any]:
    """Return an offer of the toy's alarm two hours after it went into ALARM, at the stage's own time."""
    stage.steps.now = NIGHT + 2 * timedelta(hours=1)
    metric = Metric(namespace="House", name="DarkLamps", dimensions={"House": "dev-house"})
    alarm = replace(ALARM, name="dark-lamps", metric=metric)
    return swept_event() | {"detail": detail(alarm, "tick-1")}

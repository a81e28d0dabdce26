"""Each gate says no where it has to, with its name and a sentence, and lets the good case pass."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediation.core.gates import LiveAlarm, before_looking, effective_mode, live_alarm
from remediation.core.spec import MODES, Mode, Place
from remediation.core.triggers import AlarmRaised, AlarmState, AsgEvent, Invoked, Metric, Scheduled, Trigger
from remediation.core.watched import Watched
from tests.support.damage import steady
from tests.support.steps import NIGHT
from tests.support.toy import PLACE
from tests.support.world import deployed

ACT = deployed()
STATES: tuple[AlarmState, ...] = ("OK", "ALARM", "INSUFFICIENT_DATA")


def alarm(**other: object) -> AlarmRaised:
    said: dict[str, object] = {
        "account": PLACE.account,
        "region": PLACE.region,
        "alarm": "dark-lamps",
        "state": "ALARM",
        "previous_state": "OK",
        "transitioned_at": NIGHT,
        "sent_at": NIGHT,
        "metric": Metric(namespace="House", name="DarkLamps", dimensions={"House": "dev-house"}),
    }
    return AlarmRaised(**(said | other))  # type: ignore[arg-type]


def stopped_by(trigger: Trigger, now: datetime = NIGHT) -> tuple[str, str] | None:
    refusal = before_looking(trigger, ACT, now)
    return (refusal.gate, refusal.status) if refusal else None


def test_a_fresh_alarm_of_this_environment_passes() -> None:
    assert before_looking(alarm(), ACT, NIGHT) is None


def test_an_alarm_for_which_alarm_is_normal_is_ignored_and_every_other_passes() -> None:
    deployment = deployed(watched=Watched(quiet_alarms=("dev-backend-cpu-low",)))
    refusal = before_looking(alarm(alarm="dev-backend-cpu-low"), deployment, NIGHT)
    assert refusal is not None
    assert (refusal.gate, refusal.status) == ("quiet", "ignored")
    assert refusal.because == "ALARM is normal for the alarm 'dev-backend-cpu-low' (quiet_alarms)."
    assert before_looking(alarm(alarm="dev-backend-cpu-high"), deployment, NIGHT) is None


@pytest.mark.parametrize(
    ("name", "starts"),
    [
        ("TargetTracking-dev-backend-asg-AlarmLow-0f1e", False),
        ("TargetTracking-dev-backend-asg-AlarmHigh-0f1e", True),
        ("TargetTracking-AlarmLow", True),
        ("dev-backend-asg-AlarmLow-0f1e", True),
    ],
)
def test_an_alarm_by_which_a_policy_scales_in_starts_nothing_though_nobody_has_named_it(
    name: str, starts: bool
) -> None:
    assert stopped_by(alarm(alarm=name)) == (None if starts else ("quiet", "ignored"))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("previous", STATES)
def test_only_going_into_alarm_passes(state: AlarmState, previous: AlarmState) -> None:
    passes = state == "ALARM" and previous != "ALARM"
    assert (stopped_by(alarm(state=state, previous_state=previous)) is None) == passes


@pytest.mark.parametrize(
    ("age", "passes"), [(0, True), (299, True), (300, True), (301, False), (6 * 3600, False), (30 * 3600, False)]
)
def test_an_event_passes_for_300_seconds(age: int, passes: bool) -> None:
    refusal = before_looking(alarm(), ACT, NIGHT + timedelta(seconds=age))
    assert (refusal is None) == passes
    if refusal:
        assert refusal.gate == "freshness"
        assert f"{age} s old; at most 300 s" in refusal.because


@pytest.mark.parametrize(("ahead", "passes"), [(0, True), (119, True), (120, True), (121, False), (3600, False)])
def test_a_clock_may_be_two_minutes_fast(ahead: int, passes: bool) -> None:
    refusal = before_looking(alarm(), ACT, NIGHT - timedelta(seconds=ahead))
    assert (refusal is None) == passes
    if refusal:
        assert f"{ahead} s in the future" in refusal.because


@pytest.mark.parametrize("which", ["sent_at", "transitioned_at"])
@pytest.mark.parametrize("off", [timedelta(seconds=301), timedelta(seconds=-121)])
def test_neither_the_transition_nor_its_event_may_be_old_or_from_the_future(which: str, off: timedelta) -> None:
    assert stopped_by(alarm(**{which: NIGHT - off})) == ("freshness", "refused")


def test_an_event_that_does_not_say_when_it_was_sent_is_refused() -> None:
    assert stopped_by(alarm(sent_at=None)) == ("freshness", "refused")


def test_time_zones_do_not_make_an_event_older() -> None:
    assert stopped_by(alarm(sent_at=NIGHT.astimezone(timezone(timedelta(hours=9))))) is None


@pytest.mark.parametrize(
    ("other", "stopped"),
    [
        ({"muted": True}, ("muted", "refused")),
        ({"suppressed": True}, ("suppressed", "refused")),
        ({"replay": "last-week"}, ("replayed", "refused")),
        ({"account": "999999999999"}, ("scope", "ignored")),
        ({"account": ""}, ("scope", "ignored")),
        ({"region": "eu-west-1"}, ("scope", "ignored")),
        ({"state": "OK", "muted": True}, ("state", "ignored")),
    ],
)
def test_what_is_not_ours_or_not_wanted_is_stopped(other: dict[str, object], stopped: tuple[str, str]) -> None:
    assert stopped_by(alarm(**other)) == stopped


@pytest.mark.parametrize(
    ("other", "because"),
    [
        ({"state": "OK"}, "The alarm 'dark-lamps' went to OK; only ALARM is acted on."),
        ({"previous_state": "ALARM"}, "The alarm 'dark-lamps' already was in ALARM; nothing new happened."),
        ({"replay": "last-week"}, "The event is replayed from an archive (last-week)."),
        ({"muted": True}, "The alarm 'dark-lamps' is muted."),
        ({"suppressed": True}, "The actions of the alarm 'dark-lamps' are suppressed by another alarm."),
        (
            {"account": "999999999999"},
            "The event is from account 999999999999, region us-east-1; dev is 123456789012, us-east-1.",
        ),
        ({"account": ""}, "The event is from account unknown, region us-east-1; dev is 123456789012, us-east-1."),
        ({"region": ""}, "The event is from account 123456789012, region unknown; dev is 123456789012, us-east-1."),
        ({"sent_at": None}, "The event does not say when it was sent."),
    ],
)
def test_a_gate_says_why_in_a_sentence_with_names_and_numbers(other: dict[str, object], because: str) -> None:
    refusal = before_looking(alarm(**other), ACT, NIGHT)
    assert refusal is not None
    assert refusal.because == because


def test_the_gates_say_no_in_this_order() -> None:
    """What an event is comes before where it is from, that before its age, and that before the switch."""
    wrong: dict[str, object] = {
        "state": "OK", "replay": "last-week", "muted": True, "suppressed": True, "region": "eu-west-1", "sent_at": None,
    }  # fmt: skip
    right: dict[str, object] = {"state": "ALARM", "replay": "", "muted": False, "suppressed": False}
    right |= {"region": PLACE.region, "sent_at": NIGHT}
    said = []
    for mended in (*right, ""):
        refusal = before_looking(alarm(**wrong), deployed("off"), NIGHT)
        assert refusal is not None
        said.append(refusal.gate)
        wrong |= {mended: right[mended]} if mended else {}
    assert said == ["state", "replayed", "muted", "suppressed", "scope", "freshness", "mode"]


@pytest.mark.parametrize("mode", MODES)
def test_only_off_stops_everything(mode: Mode) -> None:
    refusal = before_looking(alarm(), deployed(mode), NIGHT)
    assert (refusal.gate if refusal else None) == ("mode" if mode == "off" else None)
    assert (before_looking(Invoked(payload={}), deployed(mode), NIGHT) is None) == (mode != "off")


def test_what_people_start_has_no_age_and_what_schedules_start_has() -> None:
    tick = Scheduled(account=PLACE.account, region=PLACE.region, id="1", sent_at=NIGHT)
    late = NIGHT + timedelta(hours=1)
    assert stopped_by(tick) is None
    assert stopped_by(tick, late) == ("freshness", "refused")
    assert stopped_by(Invoked(payload={}), late) is None


def live(**other: object) -> LiveAlarm:
    said: dict[str, object] = {"exists": True, "state": "ALARM", "transitioned_at": NIGHT, "actions_enabled": True}
    return LiveAlarm(**(said | other))  # type: ignore[arg-type]


def test_the_very_same_transition_passes_to_the_millisecond() -> None:
    assert live_alarm(alarm(), live()) is None
    assert live_alarm(alarm(), live(transitioned_at=NIGHT + timedelta(microseconds=400))) is None
    refusal = live_alarm(alarm(), live(transitioned_at=NIGHT + timedelta(milliseconds=1)))
    assert refusal is not None
    assert refusal.gate == "live alarm"


@pytest.mark.parametrize(
    ("other", "gate"),
    [
        ({"exists": False}, "live alarm"),
        ({"state": "OK"}, "live alarm"),
        ({"state": "INSUFFICIENT_DATA"}, "live alarm"),
        ({"transitioned_at": None}, "live alarm"),
        ({"actions_enabled": False}, "actions disabled"),
    ],
)
def test_an_alarm_that_changed_since_is_refused(other: dict[str, object], gate: str) -> None:
    refusal = live_alarm(alarm(), live(**other))
    assert refusal is not None
    assert (refusal.gate, refusal.status) == (gate, "refused")


def test_what_cloudwatch_does_not_say_of_an_alarm_is_a_no() -> None:
    assert live_alarm(alarm(), LiveAlarm(exists=True, state="ALARM", transitioned_at=NIGHT)) is not None
    assert live_alarm(alarm(), LiveAlarm(exists=True, transitioned_at=NIGHT, actions_enabled=True)) is not None


@pytest.mark.parametrize(
    ("other", "because"),
    [
        ({"exists": False}, "The alarm 'dark-lamps' does not exist any more."),
        ({"actions_enabled": False}, "The actions of the alarm 'dark-lamps' are disabled."),
        ({"state": "OK"}, "The alarm 'dark-lamps' is OK by now."),
        ({"transitioned_at": None}, "has changed since: it is in ALARM since an unknown time."),
        ({"transitioned_at": NIGHT + timedelta(hours=1)}, "it is in ALARM since 2026-11-23T04:40:00+00:00."),
    ],
)
def test_an_alarm_that_changed_since_is_told_as_it_is(other: dict[str, object], because: str) -> None:
    refusal = live_alarm(alarm(), live(**other))
    assert refusal is not None
    assert because in refusal.because


def test_a_rehearsed_auto_scaling_event_lowers_the_mode_too_and_a_person_or_a_schedule_never_does() -> None:
    launch = AsgEvent(
        account=PLACE.account, region=PLACE.region, id="1", detail_type="EC2 Instance Launch Unsuccessful",
        group="dev-house", instance="", activity="", sent_at=NIGHT, drill=True,
    )  # fmt: skip
    tick = Scheduled(account=PLACE.account, region=PLACE.region, id="1", sent_at=NIGHT)
    assert effective_mode(launch, ACT) == "observe"
    assert effective_mode(tick, ACT) == effective_mode(Invoked(payload={}, apply=True), ACT) == "act"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("drill", [False, True])
@pytest.mark.parametrize("drills_act", [False, True])
def test_a_drill_lowers_act_to_observe_unless_drills_act(mode: Mode, drill: bool, drills_act: bool) -> None:
    lowered = drill and not drills_act and mode == "act"
    expected = "observe" if lowered else mode
    assert effective_mode(alarm(drill=drill), deployed(mode, drills_act=drills_act)) == expected


INSTANTS = st.datetimes(
    min_value=datetime(2026, 11, 23, 3),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2026, 11, 23, 5),  # noqa: DTZ001
    timezones=st.just(UTC),
)
ALARMS = st.builds(
    AlarmRaised,
    account=st.sampled_from([PLACE.account, "999999999999", ""]),
    region=st.sampled_from([PLACE.region, "eu-west-1", ""]),
    alarm=st.just("dark-lamps"),
    state=st.sampled_from(STATES),
    previous_state=st.sampled_from([*STATES, None]),
    transitioned_at=INSTANTS,
    sent_at=INSTANTS | st.none(),
    metric=st.none(),
    muted=st.booleans(),
    suppressed=st.booleans(),
    replay=st.sampled_from(["", "last-week"]),
    drill=st.booleans(),
)
EVENTS = ALARMS | st.builds(
    AsgEvent,
    account=st.sampled_from([PLACE.account, "999999999999"]),
    region=st.sampled_from([PLACE.region, "eu-west-1"]),
    id=st.just("1"),
    detail_type=st.just("EC2 Instance Launch Unsuccessful"),
    group=st.just("dev-house"),
    instance=st.just(""),
    activity=st.just(""),
    sent_at=INSTANTS | st.none(),
    replay=st.sampled_from(["", "last-week"]),
)


@steady
@given(EVENTS, st.sampled_from(MODES), INSTANTS)
def test_whatever_passes_is_fresh_ours_and_wanted_and_whatever_is_passes(
    trigger: AlarmRaised | AsgEvent, mode: Mode, now: datetime
) -> None:
    here = Place(environment="dev", account=trigger.account, region=trigger.region) == PLACE
    sent = [trigger.sent_at]
    wanted = trigger.replay == "" and mode != "off"
    if isinstance(trigger, AlarmRaised):
        sent.append(trigger.transitioned_at)
        wanted = wanted and not trigger.muted and not trigger.suppressed
        wanted = wanted and (trigger.state, trigger.previous_state == "ALARM") == ("ALARM", False)
    fresh = all(at is not None and -120 <= (now - at).total_seconds() <= 300 for at in sent)
    assert (before_looking(trigger, deployed(mode), now) is None) == (here and wanted and fresh)

"""Following up: who is paged when, what an answer is worth, and how it ends."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from remediation.core.deployment import Contact
from remediation.core.errors import AwsError
from remediation.core.escalation import MOST_PAGES, Duty, Ended, Task, UntoldError, follow_up
from remediation.core.gates import LiveAlarm
from remediation.core.incident import PAGE_EVERY, Healing, Incident, Recovery, paged, raised
from remediation.core.notice import Notice
from remediation.core.outcome import Outcome
from remediation.core.spec import Team
from remediation.core.spoken import Spoken
from remediation.core.surroundings import ActiveAlarm, Around
from remediation.core.watched import Cause, Watched
from tests.support.steps import NIGHT, CrashError, InMemorySteps
from tests.support.toy import PLACE
from tests.support.world import RecordingNotifier, SettableSurroundings, deployed

MINUTE = timedelta(minutes=1)
CAUSES = (Cause(dependency="redis", namespace="AWS/ElastiCache"),)
KEY, RUN, ALICE = "dev|light-the-lamps|dark-lamps", "run-1", "AROAEXAMPLE:alice"
ARN = "arn:aws:sts::123456789012:assumed-role/sso/alice"


def an_outcome(team: Team = "application") -> Outcome:
    return Outcome(
        run=RUN,
        runbook="light-the-lamps",
        environment="dev",
        account=PLACE.account,
        region=PLACE.region,
        status="not-healed",
        because="The lamp still is dark.",
        trigger="alarm dark-lamps",
        started_at=NIGHT - 5 * MINUTE,
        ended_at=NIGHT,
        team=team,
        paged=True,
        incident=KEY,
    )


@dataclass
class MemoryIncidents:
    """One incident, changed by the rules of the domain; strict about whose it is."""

    incident: Incident
    callbacks: list[str] = field(default_factory=list)
    until: list[datetime] = field(default_factory=list)
    spoken: dict[str, Spoken] = field(default_factory=dict)
    by: str = ""
    down: set[str] = field(default_factory=set)

    def open(self, key: str) -> Incident:
        self._ask("open", key)
        return self.incident

    def waits(self, key: str, run: str, callback: str, until: datetime) -> None:
        self._ask("waits", key)
        if self._is(run):
            self.callbacks.append(callback)
            self.until.append(until)

    def paged(self, key: str, run: str, page: str, now: datetime) -> Incident:
        self._ask("paged", key)
        self.incident = paged(self.incident, run, page, now)
        return self.incident

    def said(self, by: str, about: str) -> Spoken | None:
        self._ask("said", KEY)
        found = self.spoken.get(by)
        return found if found is not None and found.about == about else None

    def acknowledged(self, key: str, run: str, by: str, now: datetime) -> None:  # noqa: ARG002 - as the port has it
        self._ask("acknowledged", key)
        assert self._is(run)
        self.incident, self.by = replace(self.incident, status="acknowledged"), by

    def close(self, key: str, run: str, now: datetime) -> None:  # noqa: ARG002 - as the port has it
        self._ask("close", key)
        if self._is(run):
            self.incident = replace(self.incident, status="closed")

    def _is(self, run: str) -> bool:
        return self.incident.run == run and self.incident.status != "closed"

    def _ask(self, method: str, key: str) -> None:
        assert key == KEY
        if method in self.down:
            raise AwsError(f"DynamoDB did not answer {method}.", operation="dynamodb:UpdateItem", code="Timeout")


class Clocked(RecordingNotifier):
    """A notifier that keeps when it was told; `fails` counts down."""

    def __init__(self, steps: InMemorySteps) -> None:
        super().__init__()
        self.steps, self.at, self.fails = steps, list[tuple[str, timedelta]](), 0
        self.kinds: list[tuple[str, str]] = []

    def notify(self, notice: Notice, *teams: Team) -> None:
        super().notify(notice, *teams)
        self.kinds += [(notice.kind, team) for team in teams]

    def page(self, outcome: Outcome, team: Team | None = None, note: str = "") -> None:
        if self.fails:
            self.fails -= 1
            raise AwsError("SNS did not take the page.", operation="sns:Publish", code="InternalError")
        super().page(outcome, team, note)
        self.at.append((team or outcome.team, self.steps.now - NIGHT))


@dataclass
class AlarmOfTheNight:
    """The alarm, which is over from some moment on."""

    steps: InMemorySteps
    over_at: datetime | None = None
    down: bool = False
    state: Any = "OK"

    def read(self, alarm: str) -> LiveAlarm:
        assert alarm == "dark-lamps"
        if self.down:
            raise AwsError("CloudWatch did not answer.", operation="cloudwatch:DescribeAlarms", code="Throttling")
        over = self.over_at is not None and self.steps.now >= self.over_at
        return LiveAlarm(
            exists=True, state=self.state if over else "ALARM", transitioned_at=NIGHT, actions_enabled=True
        )


class Night:
    """A night with one incident, which the run has just paged its team for."""

    def __init__(self, team: Team = "application", *, alarm: str = "dark-lamps", **responses: int) -> None:
        self.steps = InMemorySteps(run="escalation-1")
        incident, _ = raised(Incident(), RUN, NIGHT)
        self.incidents = MemoryIncidents(incident)
        self.notifier = Clocked(self.steps)
        self.alarm = AlarmOfTheNight(self.steps)
        self.surroundings = SettableSurroundings()
        self.task = Task(key=KEY, recovery=Recovery.of(alarm), outcome=an_outcome(team))
        minutes = {"infrastructure": 15, "database": 30, "application": 15, "critical": 5} | responses
        contacts = {name: Contact(topic=f"topic-{name}", response=value * MINUTE) for name, value in minutes.items()}
        self.duty = Duty(
            deployment=deployed(contacts=contacts, watched=Watched(alarm_prefix="dev-", causes=CAUSES)),
            notifier=self.notifier,
            alarms=self.alarm,
            surroundings=self.surroundings,
            incidents=self.incidents,
            clock=self.steps.clock,
        )

    def answer(self, n: int, after: int, payload: str) -> None:
        """Let somebody answer the n-th question after some minutes."""
        self.steps.replies[f"answer {n}"] = (after * MINUTE, payload)

    def alice_says(self, says: Any = "acknowledge", about: str = RUN) -> None:
        self.incidents.spoken[ALICE] = Spoken(says=says, about=about, by=ALICE, at=NIGHT + MINUTE, arn=ARN)

    def through(self) -> Ended:
        while True:
            try:
                return follow_up(self.task, self.steps, self.duty)
            except CrashError:
                self.steps.resume()

    @property
    def told(self) -> list[tuple[str, str]]:
        return self.notifier.kinds

    @property
    def pages(self) -> list[tuple[str, int]]:
        return [(team, after // MINUTE) for team, after in self.notifier.at]


ACK = f'{{"by": "{ALICE}"}}'


@pytest.mark.parametrize(
    ("team", "first"), [("application", 15), ("infrastructure", 15), ("database", 30), ("critical", 15)]
)
def test_without_an_answer_on_call_is_paged_after_the_teams_response_time(team: Team, first: int) -> None:
    night = Night(team)
    ended = night.through()
    expected = [("critical", first + 15 * n) for n in range(MOST_PAGES - 1)]
    assert night.pages == expected
    assert (ended.end, ended.pages) == ("unanswered", MOST_PAGES), "the run's own page is one of them"


def test_a_response_time_that_is_longer_than_a_quarter_of_an_hour_is_waited_for_on_call_too() -> None:
    night = Night(critical=20)
    night.through()
    assert night.pages[:3] == [("critical", 15), ("critical", 35), ("critical", 55)]


def test_pages_say_how_long_how_many_events_and_how_to_take_it_on() -> None:
    night = Night()
    night.incidents.incident = replace(night.incidents.incident, events=41)
    night.through()
    assert night.notifier.notes[0] == (
        "Nobody has acknowledged this in 15 minutes (41 events so far, page 2 of at most 8)."
        f" Take it on: remedy ack {RUN} --env dev"
    )


def test_after_the_last_page_it_is_said_that_nobody_answers_and_after_a_day_it_ends() -> None:
    night = Night()
    night.through()
    assert night.told == [("unanswered", "application"), ("unanswered", "critical")] * 2
    assert "no more for this incident" in night.notifier.notices[0].because
    assert "dark-lamps has not recovered in 1440 minutes" in night.notifier.notices[-1].because
    assert night.incidents.incident.status == "closed"


def test_who_acknowledges_is_named_and_nobody_else_is_paged() -> None:
    night = Night()
    night.alice_says()
    night.answer(1, 3, ACK)
    night.alarm.over_at = NIGHT + 70 * MINUTE
    ended = night.through()
    assert night.pages == []
    assert night.told == [("acknowledged", "application"), ("recovered", "application")]
    assert night.notifier.notices[0].because == "alice is at it."
    assert "alice had acknowledged it" in night.notifier.notices[1].because
    assert (ended.end, ended.acknowledged_by, night.incidents.by) == ("recovered", "alice", ARN)


@pytest.mark.parametrize("payload", ["", "not json", '{"by": 7}', '{"by": "AROAEXAMPLE:mallory"}', "[]"])
def test_an_answer_of_nobody_whom_aws_knows_stops_no_page(payload: str) -> None:
    night = Night()
    night.alice_says()
    night.answer(1, 3, payload)
    night.through()
    assert night.pages[0] == ("critical", 15)
    assert ("acknowledged", "application") not in night.told


@pytest.mark.parametrize(("says", "about"), [("approve", RUN), ("acknowledge", "run-2")])
def test_another_word_or_another_run_is_no_acknowledgement(says: str, about: str) -> None:
    night = Night()
    night.alice_says(says, about)
    night.answer(1, 3, ACK)
    night.through()
    assert night.pages[0] == ("critical", 15)


def test_recovery_within_the_response_time_pages_nobody_and_is_told() -> None:
    night = Night()
    night.alarm.over_at = NIGHT + 4 * MINUTE
    night.answer(1, 5, '{"recovered": true}')
    ended = night.through()
    assert night.pages == []
    assert night.told == [("recovered", "application")]
    assert night.notifier.notices[0].because == "The alarm dark-lamps is over, 5 minutes after it was reported."
    assert (ended.end, night.incidents.incident.status) == ("recovered", "closed")


STORM = tuple(ActiveAlarm(name=f"dev-{n}", since=NIGHT) for n in range(4))
REDIS = ActiveAlarm(name="dev-redis", since=NIGHT, namespace="AWS/ElastiCache")


@pytest.mark.parametrize(
    ("recovery", "on", "what"),
    [
        (Recovery(cause="storm"), STORM, "the storm of alarms in dev"),
        (Recovery(alarms=("dark-lamps",), cause="redis"), (REDIS,), "the trouble with Redis in dev"),
    ],
)
def test_a_cause_is_over_when_it_does_not_show_any_more(
    recovery: Recovery, on: tuple[ActiveAlarm, ...], what: str
) -> None:
    def through(alarms: tuple[ActiveAlarm, ...]) -> Night:
        night = Night()
        night.alarm.over_at = NIGHT
        night.surroundings.seen = Around(alarms=alarms)
        night.task = replace(night.task, recovery=recovery)
        night.answer(1, 5, '{"recovered": true}')
        night.through()
        return night

    assert len(through(on).pages) == 7, "it still shows"
    over = through(on[1:])
    assert over.pages == []
    (told,) = over.notifier.notices
    assert told.title == f"{what} has recovered"
    assert told.because == f"{what[0].upper()}{what[1:]} is over, 5 minutes after it was reported."


def test_a_cause_that_cannot_be_looked_for_is_not_over() -> None:
    night = Night()
    night.surroundings.down = {"around"}
    night.task = replace(night.task, recovery=Recovery(cause="storm"))
    night.answer(1, 5, '{"recovered": true}')
    night.through()
    assert len(night.pages) == 7


def test_recovery_is_told_to_everybody_who_was_paged() -> None:
    night = Night()
    night.alarm.over_at = NIGHT + 20 * MINUTE
    night.through()
    assert night.pages == [("critical", 15)]
    assert night.told == [("recovered", "application"), ("recovered", "critical")]


def test_that_it_recovered_is_believed_of_the_alarm_only() -> None:
    night = Night()
    night.answer(1, 5, '{"recovered": true}')
    night.through()
    assert night.pages[0] == ("critical", 15)
    assert night.told[0][0] == "unanswered"


def test_an_alarm_without_data_or_that_cannot_be_read_has_not_recovered() -> None:
    for settings in ({"state": "INSUFFICIENT_DATA", "over_at": NIGHT}, {"down": True}):
        night = Night()
        for name, value in settings.items():
            setattr(night.alarm, name, value)
        assert night.through().end == "unanswered"
        assert len(night.pages) == MOST_PAGES - 1


def test_what_has_no_alarm_is_quiet_for_a_day_after_the_acknowledgement() -> None:
    night = Night(alarm="")
    night.alice_says()
    night.answer(1, 3, ACK)
    ended = night.through()
    assert (ended.end, night.incidents.incident.status) == ("acknowledged", "closed")
    assert night.steps.now >= NIGHT + timedelta(days=1), "a schedule that finds it again calls nobody"
    assert (night.pages, night.told) == ([], [("acknowledged", "application")])


def test_what_has_no_alarm_is_over_when_a_later_run_has_healed_it() -> None:
    night = Night(alarm="")
    healing = Healing(NIGHT + 10 * MINUTE, "run-2")
    night.incidents.incident = replace(night.incidents.incident, healed=(Healing(NIGHT - MINUTE, "run-0"), healing))
    ended = night.through()
    assert (ended.end, night.pages, night.told) == ("recovered", [], [("recovered", "application")])
    assert night.notifier.notices[0].because == "A later run has healed it, 15 minutes after it was reported."


def test_an_earlier_healing_ends_nothing() -> None:
    night = Night(alarm="")
    night.incidents.incident = replace(night.incidents.incident, healed=(Healing(NIGHT - MINUTE, "run-0"),))
    assert night.through().end == "unanswered"


def test_where_the_run_did_not_page_the_team_is_paged_first_and_when_it_is_due() -> None:
    night = Night()
    night.incidents.incident = replace(night.incidents.incident, paged_at=NIGHT - 10 * MINUTE)
    night.through()
    assert night.pages[:2] == [("application", 5), ("critical", 20)]


def test_another_follow_up_that_took_over_is_left_to_it() -> None:
    night = Night()
    night.incidents.incident = replace(night.incidents.incident, run="run-9", paged_at=NIGHT)
    ended = night.through()
    assert (ended.end, night.pages, night.told) == ("replaced", [], [])


def test_a_page_that_is_not_taken_is_tried_again_a_minute_later() -> None:
    night = Night()
    night.notifier.fails = 2
    night.alarm.over_at = NIGHT + 40 * MINUTE
    assert night.through().end == "recovered"
    assert night.pages[0] == ("critical", 17)


def test_pages_that_nobody_takes_fail_the_execution_which_has_an_alarm() -> None:
    night = Night()
    night.notifier.fails = 100
    with pytest.raises(UntoldError, match="could not be escalated"):
        night.through()
    assert night.steps.now - NIGHT < timedelta(hours=1), "at once, not after a day"


def test_a_ledger_that_does_not_answer_keeps_nobody_from_being_paged() -> None:
    night = Night()
    night.incidents.down = {"open", "waits", "paged"}
    with pytest.raises(UntoldError, match="was not told everywhere"):
        night.through()
    assert night.pages[0] == ("critical", 15)


def test_a_notice_that_is_not_taken_fails_the_execution_at_its_end() -> None:
    night = Night()
    night.notifier.down = {"notify"}
    night.alarm.over_at = NIGHT + MINUTE
    with pytest.raises(UntoldError, match="recovered 1: "):
        night.through()
    assert night.incidents.incident.status == "closed"


def test_whoever_waits_says_until_when() -> None:
    night = Night()
    night.alarm.over_at = NIGHT + 20 * MINUTE
    night.through()
    assert night.incidents.until == [NIGHT + 15 * MINUTE, NIGHT + 30 * MINUTE]
    assert night.incidents.callbacks == ["callback of answer 1", "callback of answer 2"]


def test_a_storm_of_answers_ends_no_follow_up() -> None:
    night = Night()
    for n in range(1, 400):
        night.steps.replies[f"answer {n}"] = (timedelta(seconds=1), "{}")
    assert night.through().end == "unanswered"
    assert len(night.incidents.callbacks) == 300
    assert len(night.pages) == MOST_PAGES - 1


def steps_of_a_night() -> list[tuple[str, str]]:
    night = eventful()
    night.through()
    return night.steps.names


def eventful() -> Night:
    night = Night()
    night.alice_says()
    night.answer(2, 3, ACK)
    night.alarm.over_at = NIGHT + 60 * MINUTE
    return night


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_at_any_step_loses_no_page_and_sends_at_most_one_twice(moment: Any) -> None:
    whole = eventful()
    expected = whole.through()
    for name, _ in steps_of_a_night():
        night = eventful()
        night.steps.crash_at(name, moment)
        assert night.through() == expected, name
        assert set(night.pages) == set(whole.pages), name
        assert len(night.pages) <= len(whole.pages) + 1, name
        assert set(night.told) == set(whole.told), name


def test_pages_of_one_incident_are_never_closer_than_a_quarter_of_an_hour() -> None:
    for response in (5, 14, 15, 16, 30):
        night = Night(application=response, critical=response)
        night.through()
        times = [0, *(after for _, after in night.pages)]
        assert all(later - earlier >= PAGE_EVERY // MINUTE for earlier, later in pairwise(times))

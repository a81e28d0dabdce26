"""How a run ends for people: an incident is raised, paged for once and followed up; what is fixed again and again is told."""

from datetime import timedelta

import pytest

from remediation.core.closing import OutcomeLostError
from remediation.core.incident import Recovery
from remediation.core.outcome import Outcome
from remediation.core.verdict import Escalate, Nothing, Tell
from tests.support.steps import NIGHT, InMemorySteps
from tests.support.toy import House, alarm_event, scheduled_event, scripted
from tests.support.world import CountingIncidents, RecordingFollowUp, Stage, deployed

KEY = "dev|light-the-lamps|dark-lamps"
CURED = {("tap", "lamp-1")}


def unhealed(**more: object) -> Stage:
    return Stage(house=House(cures=set()), **more)  # type: ignore[arg-type]


def steps(stage: Stage) -> list[str]:
    return [name for name, _ in stage.steps.names]


def test_what_a_person_has_to_take_over_raises_an_incident_pages_and_is_followed_up() -> None:
    stage = unhealed()
    outcome = stage.run()
    assert (outcome.status, outcome.incident) == ("escalated", KEY)
    assert stage.incidents.events == {KEY: [outcome.run]}
    assert stage.notifier.paged == [outcome]
    assert stage.follow_up.started == [(KEY, outcome.run, Recovery.of("dark-lamps"))]


def test_another_run_about_the_same_trouble_is_counted_and_pages_nobody() -> None:
    stage = unhealed()
    stage.incidents.events[KEY] = ["run-0"]
    outcome = stage.run()
    assert stage.notifier.published == [outcome]
    assert stage.incidents.events == {KEY: ["run-0", outcome.run]}
    assert (stage.notifier.paged, stage.follow_up.started) == ([], [])


def test_what_comes_back_too_soon_to_page_is_followed_up_all_the_same() -> None:
    stage = unhealed(incidents=CountingIncidents(due=NIGHT))
    outcome = stage.run()
    assert stage.notifier.paged == []
    assert stage.follow_up.started == [(KEY, outcome.run, Recovery.of("dark-lamps"))]


def test_an_incident_that_cannot_be_recorded_is_paged_for_with_a_note() -> None:
    stage = unhealed(incidents=CountingIncidents(down=True))
    outcome = stage.run()
    assert stage.notifier.paged == [outcome]
    assert "nobody watches whether somebody answers: DynamoDB did not answer." in stage.notifier.notes[0]
    assert stage.follow_up.started == []


def test_an_incident_that_nobody_can_follow_up_fails_the_execution_after_the_page() -> None:
    stage = unhealed(follow_up=RecordingFollowUp(down=True))
    with pytest.raises(OutcomeLostError, match="follow up: Lambda did not answer"):
        stage.run()
    assert len(stage.notifier.paged) == 1


def test_an_incident_is_of_the_alarm_whichever_run_it_is_and_of_the_runbook_where_there_is_none() -> None:
    assert Stage(house=House(cures=CURED)).run().incident == KEY
    assert Stage(house=House(cures=CURED)).run({"house": "dev-house", "apply": True}).incident == "dev|light-the-lamps"


@pytest.mark.parametrize("event", [alarm_event(), scheduled_event()], ids=["alarm", "schedule"])
def test_trouble_with_one_thing_is_one_incident_whatever_found_it_and_not_over_when_an_alarm_is(event: object) -> None:
    stage = Stage(runbook=scripted(Escalate(because="lamp-1 is on fire.", about="lamp-1")))
    outcome = stage.run(event)
    assert outcome.incident == "dev|light-the-lamps|lamp-1"
    assert stage.follow_up.started == [("dev|light-the-lamps|lamp-1", outcome.run, Recovery())]


def healed(same_fix: int) -> tuple[Stage, Outcome]:
    stage = Stage(house=House(cures=CURED), incidents=CountingIncidents(same_fix=same_fix))
    return stage, stage.run()


def test_a_healing_is_counted_and_pages_nobody() -> None:
    stage, outcome = healed(0)
    assert outcome.status == "healed"
    assert stage.incidents.healings == [(KEY, outcome.run)]
    assert (stage.notifier.notices, stage.notifier.paged) == ([], [])


def test_the_same_fix_again_and_again_is_told_to_the_team_by_a_notice_not_by_a_page() -> None:
    stage, outcome = healed(3)
    (notice,) = stage.notifier.notices
    assert (notice.kind, notice.severity, notice.team) == ("trouble", "warning", "infrastructure")
    assert notice.because == "It healed this 3 times in 7 days. The cause is still there: look for it by day."
    assert notice.lines[0].startswith("tap lamp-1: ")
    assert notice.run == outcome.run
    assert stage.notifier.told == ["infrastructure"]
    assert stage.notifier.paged == []


def test_what_healed_by_itself_is_no_fix() -> None:
    stage = Stage(house=House(lamps={"lamp-1": "lit"}))
    assert stage.run().status == "nothing-to-do"
    assert stage.incidents.healings == []
    assert "same fix" not in steps(stage)


def test_a_healing_that_cannot_be_counted_is_a_healing_all_the_same() -> None:
    stage = Stage(house=House(cures=CURED), incidents=CountingIncidents(down=True))
    assert stage.run(alarm_event()).status == "healed"
    assert [outcome.status for outcome in stage.notifier.published] == ["healed"]


def test_a_schedule_that_finds_nothing_to_do_is_on_record_and_tells_nobody() -> None:
    stage = Stage(house=House(lamps={"lamp-1": "lit"}))
    outcome = stage.run(scheduled_event())
    assert outcome.status == "nothing-to-do"
    assert stage.ledger.runs[outcome.run].outcome == outcome
    assert stage.notifier.published == []


def test_a_schedule_that_finds_something_tells_of_it() -> None:
    stage = Stage(house=House(cures=CURED))
    outcome = stage.run(scheduled_event())
    assert (outcome.status, stage.notifier.published) == ("healed", [outcome])


def ticked(stage: Stage, n: int, *, at: timedelta = timedelta(0)) -> Outcome:
    stage.steps = InMemorySteps(run=f"run-{n}", now=NIGHT + at)
    return stage.run(scheduled_event(at=NIGHT + at) | {"id": f"tick-{n}"})


def test_a_schedule_says_the_same_once_a_day() -> None:
    stage = Stage(deployment=deployed(mode="observe"))
    outcomes = [ticked(stage, n, at=n * timedelta(minutes=5)) for n in range(4)]
    assert {(outcome.status, outcome.would) for outcome in outcomes} == {("observed", "tap lamp-1")}
    assert stage.notifier.published == outcomes[:1]
    later = ticked(stage, 9, at=timedelta(days=1))
    assert stage.notifier.published == [outcomes[0], later]


def test_a_schedule_that_finds_something_else_says_so() -> None:
    stage = Stage(deployment=deployed(mode="observe"))
    ticked(stage, 1)
    stage.house.lamps = {"lamp-2": "dark"}
    assert [outcome.would for outcome in (*stage.notifier.published, ticked(stage, 2))] == ["tap lamp-1", "tap lamp-2"]
    assert len(stage.notifier.published) == 2


def test_an_alarm_is_answered_each_time() -> None:
    stage = Stage(deployment=deployed(mode="observe"))
    for n in range(2):
        stage.steps = InMemorySteps(run=f"run-{n}")
        stage.run(alarm_event() | {"id": f"event-{n}"})
    assert len(stage.notifier.published) == 2


def test_what_cannot_be_looked_up_is_said_rather_twice_than_never() -> None:
    stage = Stage(deployment=deployed(mode="observe"), incidents=CountingIncidents(down=True))
    for n in range(2):
        ticked(stage, n)
    assert len(stage.notifier.published) == 2


def test_of_several_things_each_that_needs_a_person_is_an_incident_of_its_own() -> None:
    stage = Stage()
    for n, about in enumerate(("lamp-1", "lamp-2", "lamp-1")):
        stage.runbook, stage.steps = (
            scripted(Escalate(because="It sparks.", about=about)),
            InMemorySteps(run=f"run-{n}"),
        )
        stage.run(scheduled_event() | {"id": f"tick-{n}"})
    assert [outcome.incident for outcome in stage.notifier.paged] == [
        "dev|light-the-lamps|lamp-1",
        "dev|light-the-lamps|lamp-2",
    ]


# ---------------------------------------------------------------------------------------- what the team ought to know

SLOW = Nothing(
    because="The lamps take long.",
    evidence=("lamp-1 is warming.",),
    next_steps=("Look at the fuse.",),
    tell=Tell(id="lamp-1", title="The lamps of dev are slow"),
)


def looked(stage: Stage, run: str, *, event: object = None) -> Outcome:
    """Carry a runbook out that finds something to tell of."""
    stage.runbook, stage.steps = scripted(SLOW), InMemorySteps(run=run)
    return stage.run(scheduled_event() | {"id": run} if event is None else event)


def test_what_the_team_ought_to_know_is_a_notice_and_no_page() -> None:
    stage = Stage()
    outcome = looked(stage, "run-1")
    assert (outcome.status, outcome.paged, outcome.evidence) == ("nothing-to-do", False, SLOW.evidence)
    (notice,) = stage.notifier.notices
    assert (notice.kind, notice.severity, notice.title) == ("trouble", "warning", "The lamps of dev are slow")
    assert (notice.because, notice.lines, notice.next_steps) == (SLOW.because, SLOW.evidence, SLOW.next_steps)
    assert (stage.notifier.paged, stage.follow_up.started, stage.incidents.events) == ([], [], {})


def test_it_is_told_once_however_often_it_is_found() -> None:
    stage = Stage()
    for n in range(4):
        looked(stage, f"run-{n}")
    assert [notice.run for notice in stage.notifier.notices] == ["run-0"]


def test_who_asks_for_a_plan_is_answered_and_tells_nobody() -> None:
    stage = Stage()
    outcome = looked(stage, "run-1", event={"house": "dev-house"})
    assert (outcome.plan, outcome.evidence, outcome.next_steps) == (True, SLOW.evidence, SLOW.next_steps)
    assert (stage.notifier.notices, stage.incidents.found) == ([], {})


def test_a_notice_that_could_not_be_sent_is_sent_by_the_next_run() -> None:
    stage = Stage()
    stage.notifier.down = {"notify"}
    with pytest.raises(OutcomeLostError, match="notice: SNS did not take the notice"):
        looked(stage, "run-1")
    stage.notifier.down = set()
    looked(stage, "run-2")
    assert [notice.run for notice in stage.notifier.notices] == ["run-2"]


def test_a_notice_that_cannot_be_told_fails_the_execution() -> None:
    stage = Stage(incidents=CountingIncidents(down=True))
    with pytest.raises(OutcomeLostError, match="notice: DynamoDB did not answer"):
        looked(stage, "run-1")

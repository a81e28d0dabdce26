"""Whatever the night is like, and wherever the process dies in it: what must never happen does not.

Hypothesis draws the event, the deployment, the house, what AWS answers, what cannot be reached and every death of the
process; the rules at the end are written from the design, not from the engine.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from remediation.core.closing import OutcomeLostError
from remediation.core.errors import AwsError, LeftAloneError
from remediation.core.outcome import Outcome
from remediation.core.spec import MODES, Mode
from tests.support.damage import any_json, damaged, steady
from tests.support.steps import CrashError, InMemorySteps, Moment
from tests.support.toy import House, LampState, alarm_event, asg_event, scheduled_event, sns_event
from tests.support.world import MemoryLedger, RecordingNotifier, Stage, deployed

HEAL_WITHIN, COOLDOWN, SECOND_LOOK = timedelta(minutes=10), timedelta(minutes=15), timedelta(seconds=60)

EVENTS: dict[str, dict[str, Any]] = {
    "alarm": alarm_event(),
    "alarm after a gap": alarm_event(previous="INSUFFICIENT_DATA"),
    "alarm by SNS": sns_event(),
    "alarm back to OK": alarm_event(state="OK", previous="ALARM"),
    "rehearsed alarm": alarm_event(source="starttech.drill"),
    "failed launch": asg_event(),
    "tick": scheduled_event(),
    "plan": {"house": "dev-house"},
    "apply": {"house": "dev-house", "apply": True},
    "apply elsewhere": {"house": "prod-house", "apply": True},
    "nonsense": {"Records": []},
}
MAY_ACT = {"alarm", "alarm after a gap", "alarm by SNS", "failed launch", "tick", "apply"}

FAILURES: dict[str, Exception] = {
    "refused by AWS": AwsError("No.", operation="house:Do", code="AccessDenied"),
    "left alone": LeftAloneError("It is lit by now."),
    "answer lost": AwsError("?", operation="house:Do", code="ReadTimeout"),
}


class DoomedSteps(InMemorySteps):
    """Dies at the nth chances to die, counted over all invocations."""

    def __init__(self, deaths: frozenset[int]) -> None:
        super().__init__()
        self.deaths = deaths
        self.chances = 0

    def _die(self, name: str, moment: Moment) -> None:
        self.chances += 1
        if self.chances in self.deaths:
            raise CrashError(f"{moment} {name}")


class WatchedHouse(House):
    """Notes every act that is made without leave at that very moment."""

    without_leave: list[str]
    stage: Stage

    def do(self, action: str, lamp: str) -> str:
        held, switch = self.stage.ledger.resources.get("dev-house"), self.stage.ledger.mode
        if (
            held is None
            or held.owner != "run-1"
            or held.until is None
            or held.until <= self.stage.steps.now
            or switch != "act"
        ):
            self.without_leave.append(f"{action} {lamp} while {held} and the switch is {switch}")
        return super().do(action, lamp)


@dataclass(frozen=True)
class Night:
    """Everything that may be different tonight."""

    event: str
    mode: Mode
    lamps: dict[str, LampState]
    cures: set[tuple[str, str]]
    fails: dict[str, str]
    down: set[str]
    mute: set[str]
    off_from_look: int
    alarms_down: bool
    remaining: timedelta
    deaths: frozenset[int]

    def stage(self) -> Stage:
        """Build it."""
        house = WatchedHouse(
            lamps=dict(self.lamps), cures=self.cures, fails={act: FAILURES[why] for act, why in self.fails.items()}
        )
        stage = Stage(
            deployment=deployed(self.mode),
            house=house,
            ledger=MemoryLedger(down=set(self.down)),
            notifier=RecordingNotifier(down=set(self.mute)),
            steps=DoomedSteps(self.deaths),
            remaining=self.remaining,
        )
        stage.alarms.down = self.alarms_down
        house.stage, house.without_leave = stage, []
        house.on_look = lambda looks: self._time_passes(stage, looks)
        return stage

    def _time_passes(self, stage: Stage, looks: int) -> None:
        stage.steps.now += timedelta(seconds=1)
        if looks == self.off_from_look:
            stage.ledger.mode = "off"


LAMPS: st.SearchStrategy[LampState] = st.sampled_from(["dark"] * 6 + ["lit", "lit", "warming", "no power"])
ACTS = [(action, lamp) for lamp in ("lamp-1", "lamp-2") for action in ("tap", "replace")]
NIGHTS = st.builds(
    Night,
    event=st.sampled_from(sorted(MAY_ACT) * 4 + sorted(EVENTS)),
    mode=st.sampled_from(["act"] * 12 + list(MODES)),
    lamps=st.fixed_dictionaries({"lamp-1": LAMPS, "lamp-2": LAMPS}),
    cures=st.sets(st.sampled_from(ACTS)),
    fails=st.just({}) | st.dictionaries(st.sampled_from(["tap", "replace"]), st.sampled_from(sorted(FAILURES))),
    down=st.sampled_from(
        [set()] * 12 + [{method} for method in ("receive", "admit", "confirm", "give_back", "note", "close")]
    ),
    mute=st.sampled_from([set(), set(), set(), set(), {"publish"}, {"page"}]),
    off_from_look=st.sampled_from([99] * 8 + [1, 2, 2, 3, 4]),
    alarms_down=st.sampled_from([False] * 12 + [True]),
    remaining=st.sampled_from([timedelta(minutes=2)] * 12 + [timedelta(seconds=59)]),
    deaths=st.frozensets(st.integers(1, 40), max_size=6),
)


@settings(steady, max_examples=400)
@given(NIGHTS)
def test_whatever_the_night_is_like(night: Night) -> None:
    stage = night.stage()
    try:
        outcome = stage.run(EVENTS[night.event])
    except OutcomeLostError:
        told = stage.notifier.published + stage.notifier.paged
        assert night.mute & set(stage.notifier.asked), "what could not be told was tried"
        if not told:
            return
        outcome = told[-1]
    else:
        others = outcome.gate in {"asked", "lease"} and not outcome.acts
        quiet = night.event == "tick" and (outcome.status == "nothing-to-do" or others)
        assert (outcome in stage.notifier.published) != quiet, (
            "a tick that finds nothing to do, or another run at it, keeps quiet, all else is told"
        )
    check_acts(night, stage, outcome)
    check_budgets(stage, outcome)
    check_ending(stage, outcome, plan=night.event == "plan")
    before = (list(stage.house.done), stage.house.looks, list(stage.notifier.asked))
    try:
        assert stage.run_again(EVENTS[night.event]) == outcome, "a replay tells the same"
    except OutcomeLostError:
        assert night.mute
    assert (stage.house.done, stage.house.looks, stage.notifier.asked) == before, "a replay does nothing"


def check_acts(night: Night, stage: Stage, outcome: Outcome) -> None:
    """No act without every leave, none twice, none too many, and none that is not told."""
    done = stage.house.done
    assert len(done) == len(set(done)) <= 3
    assert isinstance(stage.house, WatchedHouse)
    assert stage.house.without_leave == []
    if done:
        assert night.event in MAY_ACT
        assert night.mode == "act"
        assert not night.down & {"receive", "admit", "confirm"}
        assert night.remaining >= timedelta(seconds=60)
        assert not (night.alarms_down and "alarm" in night.event)
    told = {(act.action, act.target) for act in outcome.acts if act.result != "failed"}
    assert set(done) <= told, "an act is never kept quiet"
    if night.event == "alarm after a gap" and done:
        assert ("look twice", SECOND_LOOK) in stage.steps.waited


def check_budgets(stage: Stage, outcome: Outcome) -> None:
    """Whatever was tried is paid, once, in every budget; nothing else is, unless it could not be given back."""
    paid = [each.by for each in stage.ledger.acts]
    assert paid == [each.by for held in stage.ledger.resources.values() for each in held.acts]
    assert len(paid) == len(set(paid))
    assert len(paid) >= len(outcome.acts)
    assert len(paid) == len(outcome.acts) or "give_back" in stage.ledger.down


def check_ending(stage: Stage, outcome: Outcome, *, plan: bool) -> None:
    """The outcome is true, kept, and told to those who have to know; the resource is given back."""
    lit = all(state == "lit" for state in stage.house.lamps.values())
    tried = any(act.result != "failed" for act in outcome.acts)
    if outcome.status in {"healed", "nothing-to-do"} and not plan:
        assert lit
        assert (outcome.status == "healed") == tried
    if outcome.status in {"observed", "ignored", "rejected", "refused"}:
        assert not outcome.acts
    if outcome.status == "not-healed":
        assert outcome.acts
    assert outcome.because
    assert outcome.ended_at - outcome.started_at <= HEAL_WITHIN + SECOND_LOOK
    must_page = outcome.status in {"not-healed", "escalated", "failed"} and not plan
    assert outcome.paged or not must_page
    assert not (plan and outcome.paged)
    if not stage.notifier.down:
        assert (outcome in stage.notifier.paged) == outcome.paged
    if "close" not in stage.ledger.down:
        assert stage.ledger.owners() == {}
        if "receive" not in stage.ledger.down:
            assert stage.ledger.runs["run-1"].outcome == outcome
            assert stage.ledger.runs["run-1"].timeline[-1].kind == "outcome"
        for held in stage.ledger.resources.values():
            if held.fence:
                assert held.cooldown_until is not None
                rests = held.cooldown_until - outcome.ended_at
                assert rests == (COOLDOWN if outcome.acts else timedelta(0))


@settings(steady, max_examples=150)
@given(any_json | damaged())
def test_whatever_arrives_is_recorded_and_told_and_nothing_raises(event: object) -> None:
    stage = Stage()
    outcome = stage.run(event)
    assert stage.notifier.published == [outcome]
    assert stage.ledger.runs["run-1"].outcome == outcome
    assert len(outcome.text()) < 10_000
    assert outcome.status == "healed" or stage.house.done == []

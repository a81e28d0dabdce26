"""Events as others published them. What the index says of a sample holds; where the folder is absent, ours do."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from remediation.core.gates import LiveAlarm
from remediation.core.parsing import parse
from remediation.core.routing import route
from remediation.core.spec import Place
from remediation.core.triggers import AlarmRaised, AsgEvent, Ignored, Invoked, Rejected, Scheduled
from tests.support.toy import LIGHT_THE_LAMPS, Settings, alarm_event, asg_event, scheduled_event, sns_event, sns_records
from tests.support.world import Stage, deployed

SHARED = Path(__file__).parents[3] / "shared" / "events"


class Sample(Struct, frozen=True):
    """One sample and what the index expects of it."""

    name: str
    shape: str
    expect: str
    event: Any


OURS = [
    Sample("an-alarm", "eventbridge", "route: house", alarm_event()),
    Sample("an-alarm-by-sns", "sns-lambda-envelope", "route: house", sns_event()),
    Sample("a-failed-launch", "eventbridge", "route: house", asg_event()),
    Sample("a-tick", "eventbridge", "ignore: scheduled event", scheduled_event()),
    Sample("back-to-ok", "eventbridge", "ignore: state OK", alarm_event(state="OK", previous="ALARM")),
    Sample(
        "muted",
        "eventbridge",
        "ignore: muted",
        alarm_event() | {"detail": alarm_event()["detail"] | {"muteDetail": {}}},
    ),
    Sample("spoofed", "eventbridge", "reject: source", alarm_event(source="somebody.else")),
    Sample("plain-text", "sns-lambda-envelope", "reject: not JSON", sns_records("Hello")),
    Sample("no-object", "other", "reject: not an object", [1, 2]),
]


def shared() -> list[Sample]:
    """Return the shared samples; none where they are not there. A file that is not JSON is handed over as text."""
    if not SHARED.exists():
        return []
    samples = []
    for row in json.loads((SHARED / "index.json").read_text())["events"]:
        text = (SHARED / row["file"]).read_text()
        try:
            event = json.loads(text)
        except ValueError:
            event = text
        samples.append(Sample(row["file"], row["shape"], row["expect"], event))
    return samples


EVERY = pytest.mark.parametrize("sample", [pytest.param(sample, id=sample.name) for sample in [*OURS, *shared()]])


def place_of(event: Any) -> Place:
    """Return the environment that a sample comes from, so that scope cannot be what stops it."""
    parsed = parse(event)
    if isinstance(parsed, Invoked | Ignored | Rejected):
        return Place(environment="dev", account="123456789012", region="us-east-1")
    return Place(environment="dev", account=parsed.account, region=parsed.region)


@EVERY
def test_a_sample_is_parsed_as_the_index_says(sample: Sample) -> None:
    parsed, verb = parse(sample.event), sample.expect.partition(":")[0]
    match verb:
        case "route" if sample.shape == "cw-lambda-alarm-action":
            assert isinstance(parsed, Rejected)
        case "route":
            assert isinstance(parsed, AlarmRaised | AsgEvent)
        case "reject":
            wanted = parsed
            if isinstance(parsed, Invoked):
                answer = route(LIGHT_THE_LAMPS, parsed, place_of(sample.event), Settings())
                assert isinstance(answer, Rejected)
                wanted = answer
            assert isinstance(wanted, Rejected)
        case _:
            assert verb in {"ignore", "notify-only"}


@EVERY
def test_a_sample_that_is_not_for_this_runbook_never_acts_even_where_every_other_gate_would_let_it(
    sample: Sample,
) -> None:
    stage = Stage(deployment=deployed(place=place_of(sample.event), drills_act=True))
    parsed = parse(sample.event)
    if isinstance(parsed, AlarmRaised):
        stage.steps.now = parsed.transitioned_at
        stage.alarms.alarms[parsed.alarm] = LiveAlarm(
            exists=True, state="ALARM", transitioned_at=parsed.transitioned_at, actions_enabled=True
        )
    elif isinstance(parsed, AsgEvent | Scheduled) and parsed.sent_at:
        stage.steps.now = parsed.sent_at
    outcome = stage.run(sample.event)
    assert stage.notifier.published == [outcome]
    assert outcome.because
    if isinstance(parsed, Scheduled) or (sample in OURS and sample.expect.startswith("route")):
        assert outcome.status == "healed", "the toy runbook answers this one"
    else:
        assert outcome.status in {"ignored", "rejected", "refused"}
        assert stage.house.done == []


def test_the_folder_of_shared_samples_is_complete_where_it_exists() -> None:
    listed = {sample.name for sample in shared()}
    there = {path.name for path in SHARED.glob("*.json")} - {"index.json"} if SHARED.exists() else set()
    assert listed == there

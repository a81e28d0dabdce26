"""What a person typed becomes a payload that the function accepts, or a sentence, before anything is started."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from remediation.core.spec import AnyRunbook, Manual
from remedy.environment import Environment
from remedy.payload import first_field, payload
from remedy.telling import MistakeError
from tests.support.toy import LIGHT_THE_LAMPS, Settings


class Everything(Struct, frozen=True, kw_only=True):
    quietly: bool = False
    lamp: str
    times: int = 1
    every: timedelta = timedelta(seconds=1)
    rooms: tuple[str, ...] = ()
    note: str | None = None


LAMPS: AnyRunbook = LIGHT_THE_LAMPS
EVERYTHING = replace(LAMPS, name="light-everything", incident=Everything, triggers=(Manual(),), scope=lambda *_: None)


def made(dev: Environment, *sets: str, runbook: AnyRunbook = EVERYTHING, **more: Any) -> dict[str, Any]:
    own = msgspec.structs.replace(next(iter(dev.config.runbooks.values())), settings=Settings())
    config = msgspec.structs.replace(dev.config, runbooks={runbook.name: own})
    arguments: dict[str, Any] = {"target": None, "apply": False, "because": "", **more}
    return payload(runbook, Environment(config, (runbook,)), settings=sets, **arguments)


def test_a_target_is_the_first_required_field(dev: Environment) -> None:
    assert first_field(EVERYTHING) == "lamp"
    assert first_field(LIGHT_THE_LAMPS) == "house", "none is required, so it is the first of all"
    assert made(dev, target="lamp-1")["lamp"] == "lamp-1"


def test_without_apply_it_asks_for_the_plan(dev: Environment) -> None:
    assert made(dev, target="lamp-1")["apply"] is False
    assert made(dev, target="lamp-1", apply=True)["apply"] is True


def test_every_invocation_is_a_request_of_its_own(dev: Environment) -> None:
    requests = {made(dev, target="lamp-1")["request"] for _ in range(20)}
    assert len(requests) == 20
    assert all(len(request) <= 64 for request in requests)


def test_the_reason_is_passed_on_if_there_is_one(dev: Environment) -> None:
    assert "because" not in made(dev, target="lamp-1")
    assert made(dev, target="lamp-1", because="it flickers")["because"] == "it flickers"


def test_fields_are_of_the_types_that_the_runbook_declares(dev: Environment) -> None:
    found = made(dev, "lamp=7", "times=3", "quietly=true", "every=PT300S", 'rooms=["hall", "attic"]', "note=a=b")
    expected = {"lamp": "7", "times": 3, "quietly": True, "every": "PT300S", "rooms": ["hall", "attic"], "note": "a=b"}
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("sets", "more", "sentence"),
    [
        ((), {}, "light-everything needs 'lamp'; say --target VALUE."),
        (("lamp",), {}, "--set 'lamp' is not of the form key=value."),
        (("=1",), {}, "--set '=1' is not of the form key=value."),
        (("lamp=1", "lamp=2"), {}, "'lamp' is said twice."),
        (("lamp=1",), {"target": "2"}, "'lamp' is said twice."),
        (("lamp=1", "apply=true"), {}, "--set cannot say 'apply'"),
        (("lamp=1", "request=x"), {}, "--set cannot say 'request'"),
        (("lamp=1", "roof=x"), {}, "light-everything does not know `roof`; it takes"),
        (("lamp=1", "times=often"), {}, "The request to light-everything is malformed: Expected `int`, got `str`"),
        (("lamp=1",), {"because": "x" * 501}, "The event is malformed"),
    ],
)
def test_a_mistake_is_a_sentence_before_anything_is_started(
    dev: Environment, sets: tuple[str, ...], more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(MistakeError) as raised:
        made(dev, *sets, **more)
    assert str(raised.value).startswith(sentence)


def test_a_target_elsewhere_is_refused_here_already(dev: Environment) -> None:
    with pytest.raises(MistakeError, match="Not in the scope of dev: the house 'prod-house'"):
        made(dev, runbook=LIGHT_THE_LAMPS, target="prod-house")


def test_a_runbook_that_cannot_be_invoked_says_so(dev: Environment) -> None:
    with pytest.raises(MistakeError, match="light-everything cannot be invoked by hand"):
        made(dev, runbook=replace(EVERYTHING, triggers=()), target="x")


def test_a_runbook_without_fields_takes_no_target(dev: Environment) -> None:
    class Nobody(Struct, frozen=True):
        pass

    runbook = replace(EVERYTHING, incident=Nobody)
    with pytest.raises(MistakeError, match="takes no target"):
        made(dev, runbook=runbook, target="x")
    assert set(made(dev, runbook=runbook)) == {"apply", "request"}

"""The project at Atlas that the console sees: the strict fake of Atlas, and the reader's secret in AWS's (moto)."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.functions.fakes.atlas import AtlasWorld
from tests.support.steps import NIGHT

if TYPE_CHECKING:
    from collections.abc import Callable

    from remediation.atlas.transport import Transport
    from tests.remedy.people import Console

NAME = "dev-starttech-cluster"
READER = "arn:aws:secretsmanager:us-east-1:123456789012:secret:dev/atlas-reader-AbCdEf"


def atlas_of(people: "Console", monkeypatch: pytest.MonkeyPatch) -> AtlasWorld:
    """Put a project behind the console; it is night there."""
    world, call = AtlasWorld(lambda: NIGHT), people.call

    def called(service: str, operation: str, parameters: dict[str, object], go_on: "Callable[[], object]") -> object:
        if operation != "GetSecretValue" or operation in people.denied:
            return call(service, operation, parameters, go_on)
        people.heard.append((service, operation, parameters))
        assert parameters == {"SecretId": READER}
        return {"ARN": READER, "SecretString": world.secret}

    def outside() -> "Transport":
        return world.send

    monkeypatch.setattr(people, "call", called)
    monkeypatch.setattr("remediation.adapters.clients.https", outside)
    monkeypatch.setattr("remedy.commands.database.now", lambda: NIGHT)
    return world


def saved(world: AtlasWorld, hours: float, *, on_demand: bool = False, **more: object) -> str:
    """Let there be a snapshot of the environment's cluster, and return its id."""
    id_: str = world.snapshot(NAME, timedelta(hours=hours), on_demand=on_demand, **more)["id"]
    return id_

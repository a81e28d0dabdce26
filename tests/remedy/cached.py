"""Caches that the console sees: the strict fake of ElastiCache, behind boto3."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore import xform_name

from tests.functions.fakes.caches import CacheWorld
from tests.functions.fakes.elasticache import ElastiCache
from tests.functions.fakes.strict import Calls
from tests.remedy.people import Console
from tests.support.steps import NIGHT


def caches_of(people: Console, monkeypatch: pytest.MonkeyPatch) -> CacheWorld:
    """Put a world of caches behind the console; it is night there."""
    world = CacheWorld(clock=lambda: NIGHT)
    fake, call = ElastiCache(world, Calls()), people.call

    def called(service: str, operation: str, parameters: dict[str, Any], go_on: Callable[[], Any]) -> Any:
        if service != "elasticache" or operation in people.denied:
            return call(service, operation, parameters, go_on)
        people.heard.append((service, operation, parameters))
        return getattr(fake, xform_name(operation))(**parameters)

    monkeypatch.setattr(people, "call", called)
    monkeypatch.setattr("remedy.commands.looking.now", lambda: NIGHT)
    return world

"""Nights of scale-service: a fleet that rests, and a person who wants another number of instances."""

from typing import Any

from scale_service.runbook import RUNBOOK
from scale_service.settings import Settings
from tests.functions.fakes.fleet_night import FleetNight

SETTINGS = Settings()


def night(**of: Any) -> FleetNight:
    """Return a night on which two instances rest."""
    return FleetNight(runbook=RUNBOOK, settings=SETTINGS, of={"load": lambda _: 80.0, "watches": []} | of)


def wanted(desired: int, *, apply: bool = True) -> dict[str, Any]:
    """Return a request."""
    return {"desired": desired} | ({"apply": True} if apply else {})

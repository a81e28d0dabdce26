"""Nights of scale-service: a fleet that rests, with its policies, and a person who wants another number of instances."""

from typing import Any

from scale_service.runbook import RUNBOOK
from scale_service.settings import Settings
from tests.functions.fakes.fleet_night import FleetNight

SETTINGS = Settings()


def night(**of: Any) -> FleetNight:
    """Return a night on which two instances (or `size`) have as much to do as leaves them alone: 40% of each."""
    load = 40.0 * of.get("size", 2)
    return FleetNight(runbook=RUNBOOK, settings=SETTINGS, of={"load": lambda _: load} | of)


def wanted(desired: int, *, apply: bool = True) -> dict[str, Any]:
    """Return a request."""
    return {"desired": desired} | ({"apply": True} if apply else {})

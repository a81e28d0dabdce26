"""Which deploys are watched, how long one usually takes, and what it may be waiting for."""

from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct

from remediation.aws.terraform import State
from remediation.core.spec import Place


class Settings(Struct, frozen=True, kw_only=True):
    """The defaults are RUNBOOK.md's; names of things are the environment's, and what is not named is not asked for."""

    states: tuple[State, ...] = ()
    """The Terraform states whose applies are watched, as clear-stale-lock has them; empty: every request is refused."""
    usual: timedelta = timedelta(minutes=10)
    """How long an apply takes at most as a rule. Longer is slow."""
    left_over_after: timedelta = timedelta(hours=2)
    """A lock that is held for longer is most likely left over, which is clear-stale-lock's business."""
    asgs: tuple[str, ...] = ()
    """Auto Scaling groups that an apply may wait for."""
    target_groups: tuple[str, ...] = ()
    load_balancers: tuple[str, ...] = ()
    caches: tuple[str, ...] = ()
    """Cache clusters that are not part of a replication group."""
    replication_groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    """Names of the roles whose refused calls count: CI's, and the instances'. Empty: anybody's, which is only a hint."""

    @property
    def lockfiles(self) -> tuple[State, ...]:
        """Return the states that are locked by an object."""
        return tuple(state for state in self.states if state.lockfile)


class Incident(Struct, frozen=True, kw_only=True):
    """Which deploy: the name of a state. Empty: all of them."""

    deploy: Annotated[str, Meta(max_length=40)] = ""


def scope(incident: Incident, settings: Settings, place: Place) -> str | None:
    """Say why the incident is not this environment's: no state is configured, or none of that name."""
    names = [state.name for state in settings.states]
    if not names:
        return f"no Terraform state is configured for {place.environment} (setting `states`)"
    if incident.deploy and incident.deploy not in names:
        return f"{place.environment} has no Terraform state {incident.deploy!r}; there are: {', '.join(names)}"
    return None

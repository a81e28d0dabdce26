"""The guards of one environment as its file says them: budgets, circuit, windows, what it yields to, who operates it."""

from datetime import timedelta
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from remediation.core.freeze import Window
from remediation.core.limits import Breaker, Budgets, Limits
from remediation.core.watched import Cause, Deploys, Storm, Watched
from stacks.shape import ShapeError

PrincipalArn: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"\Aarn:aws:iam::\d{12}:(user|role)/[\w+=,.@/-]+\Z",
        examples=["arn:aws:iam::123456789012:user/alice"],
    ),
]


class CircuitFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a runbook's circuit opens. Without `trial_after_minutes` only a person closes it."""

    failures: Annotated[int, Meta(ge=1)] = 3
    flaps: Annotated[int, Meta(ge=2)] = 3
    trial_after_minutes: Annotated[int, Meta(ge=1)] | None = None


class FreezeFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Systems Manager Change Calendar that says when changes are allowed: its name or ARN."""

    calendar: str = ""


class StormFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many alarms within so many minutes are one event."""

    alarms: Annotated[int, Meta(ge=2)] = 4
    within_minutes: Annotated[int, Meta(ge=1, le=60)] = 5
    lasts_minutes: Annotated[int, Meta(ge=1, le=1440)] = 60

    @property
    def storm(self) -> Storm:
        """Return what a storm is."""
        within, lasts = timedelta(minutes=self.within_minutes), timedelta(minutes=self.lasts_minutes)
        return Storm(alarms=self.alarms, within=within, lasts=lasts)


class Operators(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may assume the operator role. Nobody listed: there is no such role."""

    principals: tuple[PrincipalArn, ...] = ()
    mfa: bool = True


class Guards(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an environment's file says about its guards; every part has a careful default."""

    budgets: Budgets = Budgets()
    circuit: CircuitFile = CircuitFile()
    maintenance: tuple[Window, ...] = ()
    freeze: FreezeFile = FreezeFile()
    causes: tuple[Cause, ...] = ()
    storm: StormFile = StormFile()
    deploys: Deploys = Deploys()
    operators: Operators = Operators()
    alarm_prefix: str = ""
    """How the names of this environment's alarms start; by default `<environment>-`."""
    quiet_alarms: tuple[str, ...] = ()

    @property
    def limits(self) -> Limits:
        """Return how much may be done by itself."""
        minutes = self.circuit.trial_after_minutes
        trial_after = timedelta(minutes=minutes) if minutes else None
        breaker = Breaker(failures=self.circuit.failures, flaps=self.circuit.flaps, trial_after=trial_after)
        return Limits(budgets=self.budgets, breaker=breaker)

    def watched(self, environment: str) -> Watched:
        """Return what is looked at around the runbooks."""
        return Watched(
            alarm_prefix=self.alarm_prefix or f"{environment}-",
            quiet_alarms=self.quiet_alarms,
            causes=self.causes,
            storm=self.storm.storm,
            deploys=self.deploys,
            calendar=self.freeze.calendar,
        )


def checked(guards: Guards) -> Guards:
    """Return the guards, if what they name makes sense together. Raises ShapeError."""
    for number, lock in enumerate(guards.deploys.locks):
        item, object_ = bool(lock.table and lock.id), bool(lock.bucket and lock.key)
        if item == object_ or bool(lock.table) != item or bool(lock.bucket) != object_:
            at = f"deploys.locks[{number}]"
            raise ShapeError(at, "name either `table` and `id`, or `bucket` and `key`")
        if object_ and not lock.key.endswith(".tflock"):
            raise ShapeError(f"deploys.locks[{number}].key", "expected the lock's own object, which ends in `.tflock`")
        if lock.id.endswith("-md5"):
            raise ShapeError(f"deploys.locks[{number}].id", "this is the digest of the state, not its lock")
    return guards

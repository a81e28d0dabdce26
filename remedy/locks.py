"""See every configured Terraform lock, and what would become of each now: the answer of `remedy locks`.

Nothing is judged here. For each state a plan is asked of the deployed clear-stale-lock, so that what is told is what its own
`decide` says, and nobody needs a right beyond that to ask for a plan. All of them are asked at once.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from clear_stale_lock.settings import Settings
from remediation.core.errors import AwsError
from remediation.core.freeze import frozen
from remediation.core.outcome import Outcome
from remediation.core.spec import AnyRunbook
from remedy.aws import Aws, in_words
from remedy.environment import Environment
from remedy.identity import called
from remedy.payload import payload
from remedy.starting import plans
from remedy.switches import Board, modes
from remedy.telling import LeftError, MistakeError, RemedyError
from remedy.times import clock

RUNBOOK = "clear-stale-lock"

Standing: TypeAlias = Literal["free", "held", "stale", "wrong", "unread"]
"""Nobody holds it; it is left alone; it would be cleared; a person has to look; it could not be read."""
_STANDINGS: Mapping[str, Standing] = {"nothing-to-do": "held", "observed": "stale", "escalated": "wrong"}
_HOLDERS = ("DynamoDB", "S3")
_AGE = "Age"


class Lock(Struct, frozen=True, kw_only=True):
    """One state's lock, and what would happen now."""

    state: str
    standing: Standing
    lock_id: str
    because: str
    held_by: tuple[str, ...] = ()
    """What the lock says in each store: its ID, the operation and `Who`."""
    age: str = ""
    """How long it is held for sure, and since when it is seen."""
    signs: tuple[str, ...] = ()
    """What each source says of its holder."""
    would: str = ""
    asks: str = ""
    """Why a person would be asked before that; empty: nobody would be."""
    run: str = ""


class Locks(Struct, frozen=True, kw_only=True):
    """The locks of an environment. `held_back` says what keeps anything from being cleared, whatever a plan says."""

    environment: str
    at: datetime
    locks: tuple[Lock, ...]
    held_back: tuple[str, ...] = ()

    @property
    def all_read(self) -> bool:
        """Tell whether every lock could be read."""
        return all(lock.standing != "unread" for lock in self.locks)


def locks(aws: Aws, environment: Environment, now: datetime) -> Locks:
    """Ask for the plan of every configured state. Raises RemedyError where there is none to ask for."""
    runbook = environment.runbook(RUNBOOK)
    settings = environment.settings(runbook)
    assert isinstance(settings, Settings), "the runbook's own"
    if not settings.states:
        raise MistakeError(f"No Terraform state is configured for {environment.place.environment} (setting `states`).")
    asked = [_payload(state.name, runbook, environment) for state in settings.states]
    runs = plans(aws, asked, runbook, environment)
    found = []
    for state, run in zip(settings.states, runs, strict=True):
        try:
            found.append(told(state.name, state.lock_id, run.to_its_end()))
        except LeftError:
            raise
        except (AwsError, RemedyError) as error:
            because = str(in_words(error, environment) if isinstance(error, AwsError) else error)
            found.append(Lock(state=state.name, standing="unread", lock_id=state.lock_id, because=because))
    return Locks(
        environment=environment.place.environment,
        at=now,
        locks=tuple(found),
        held_back=_held_back(aws, environment, now),
    )


def told(state: str, lock_id: str, outcome: Outcome) -> Lock:
    """Return what a plan's outcome says of a lock."""
    parts = [line.partition(": ") for line in outcome.evidence]
    holders = tuple(f"{source}: {said}" for source, _, said in parts if source in _HOLDERS)
    standing = _STANDINGS.get(outcome.status, "unread")
    refused = f"{outcome.status} ({outcome.gate}): " if outcome.gate else ""
    return Lock(
        state=state,
        standing="free" if standing == "held" and not holders else standing,
        lock_id=lock_id,
        because=f"{refused}{outcome.because}",
        held_by=holders,
        age="".join(said for source, _, said in parts if source == _AGE),
        signs=tuple(
            line
            for line, (source, _, _) in zip(outcome.evidence, parts, strict=True)
            if source not in {*_HOLDERS, _AGE}
        ),
        would=outcome.would,
        asks=outcome.asks,
        run=outcome.run,
    )


def _payload(state: str, runbook: AnyRunbook, environment: Environment) -> dict[str, object]:
    return payload(runbook, environment, target=None, settings=[f"lock={state}"], apply=False, because="")


def _held_back(aws: Aws, environment: Environment, now: datetime) -> tuple[str, ...]:
    """Say which switches keep every lock from being cleared; that they cannot be read is one."""
    try:
        live = Board(aws, environment).live()
        freeze, circuit = live.freeze(now), live.circuit(RUNBOOK)
        (mode,) = (row.in_effect for row in modes(live, environment, now) if row.of == RUNBOOK)
    except (AwsError, RemedyError, ValueError, msgspec.MsgspecError) as error:  # ValueError: a damaged item
        return (f"The switches cannot be read, so nothing is cleared: {error}",)
    found = [] if mode == "act" else [f"The mode of {RUNBOOK} is {mode}, so nothing is cleared."]
    if freeze is not None:
        until = f" until {clock(freeze.until)}" if freeze.until else ""
        found.append(f"Frozen by {called(freeze.by) or 'somebody'}{until}: {freeze.because}")
    if window := frozen(environment.config.maintenance, now):
        found.append(f"Maintenance until {clock(window.ends)}: {window.because}")
    if circuit.open:
        found.append(f"The circuit of {RUNBOOK} is open: {circuit.because or 'no reason is known'}")
    return tuple(found)

"""Set the live switches: the answers of `remedy mode`, `freeze`, `thaw` and `circuit close`.

The rule of the domain: what makes the robot more careful always gets through, and is repeated until it stands. What lets it do
more is only done on what was seen: if somebody changed it meanwhile, that is told instead.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct

from remediation.adapters.switches import Change, Live, LiveFreeze, LiveMode, Switches
from remediation.core.freeze import LONGEST
from remediation.core.spec import MODES, Mode
from remedy.aws import Aws, asking
from remedy.environment import Environment
from remedy.identity import called
from remedy.telling import NotDoneError, TroubleError
from remedy.times import clock

ROUNDS = 10
"""How often a change that makes the robot more careful is tried while others change the same switch."""
FOREVER = datetime.max.replace(tzinfo=UTC)


class ModeRow(Struct, frozen=True, kw_only=True):
    """The mode of an environment, or of one of its runbooks: as deployed, as lowered by hand, and in effect."""

    of: str
    deployed: Mode
    in_effect: Mode
    live: LiveMode | None = None


class Board:
    """The switches of an environment, in the hands of one person."""

    def __init__(self, aws: Aws, environment: Environment) -> None:
        self._there, self._who = environment, aws.identity
        self._switches = Switches(aws.clients, table=environment.names.table, environment=self._where)

    @property
    def _where(self) -> str:
        return self._there.place.environment

    def live(self) -> Live:
        """Return the switches as they are. Raises RemedyError."""
        with asking(self._there):
            return self._switches.read(self._there.runbooks)

    def set_mode(self, mode: Mode, *, runbook: str, until: datetime | None, because: str, now: datetime) -> Change:
        """Lower the mode of a runbook, or of the environment; `act` takes the lowering back. Raises RemedyError."""
        of = f"{runbook} in {self._where}" if runbook else self._where
        deployed = self._there.config.runbooks[runbook].mode if runbook else self._there.config.mode
        if MODES.index(mode) > MODES.index(deployed):
            raise NotDoneError(
                f"{of} is deployed in {deployed}, and a live switch can only lower that. For {mode}, change"
                f" config/{self._where}.toml and deploy it."
            )

        def attempt(live: Live) -> tuple[bool, Change | None]:
            standing = live.mode(runbook, now)
            if mode == "act" and standing is None:
                raise NotDoneError(f"The mode of {of} is not lowered by hand, so there is nothing to take back.")
            what = f"mode {mode} of {of}{_until(until)} (was {standing.mode if standing else deployed})"
            change = self._who.change(what, because, now)
            done = self._switches.set_mode(live, runbook, mode, until, change, user=self._who.user)
            return _no_higher(mode, until, standing), change if done else None

        return self._change(attempt, lambda live: _told(live.mode(runbook, now), f"mode of {of}"))

    def freeze(self, until: datetime, *, because: str, now: datetime) -> Change:
        """Freeze the environment, for eight hours at most (remedy.times.end_of_freeze). Raises RemedyError."""
        assert until - now <= LONGEST, "what the console lets pass"

        def attempt(live: Live) -> tuple[bool, Change | None]:
            standing = live.freeze(now)
            if standing is not None and (standing.until or FOREVER) > until:
                raise NotDoneError(
                    f"{self._where} is frozen for longer already{_until(standing.until)}, {_whose(standing)}."
                    f" End that first: remedy thaw --env {self._where}"
                )
            change = self._who.change(f"freeze of {self._where}{_until(until)}", because, now)
            done = self._switches.set_freeze(live, until, change, user=self._who.user)
            return True, change if done else None

        return self._change(attempt, lambda live: _told(live.freeze(now), f"freeze of {self._where}"))

    def thaw(self, *, because: str, now: datetime) -> Change:
        """End the freeze. Raises RemedyError."""

        def attempt(live: Live) -> tuple[bool, Change | None]:
            standing = live.freeze(now)
            if standing is None:
                raise NotDoneError(f"{self._where} is not frozen by hand, so there is nothing to end.")
            what = f"end of the freeze of {self._where} (it was{_until(standing.until) or ' without an end'})"
            change = self._who.change(what, because, now)
            done = self._switches.set_freeze(live, now, change, user=self._who.user)
            return False, change if done else None

        return self._change(attempt, lambda live: _told(live.freeze(now), f"freeze of {self._where}"))

    def close_circuit(self, runbook: str, *, because: str, now: datetime) -> Change:
        """Close a runbook's circuit that is open. Raises RemedyError."""

        def attempt(live: Live) -> tuple[bool, Change | None]:
            circuit = live.circuit(runbook)
            if not circuit.open:
                raise NotDoneError(f"The circuit of {runbook} in {self._where} is closed already.")
            what = f"circuit of {runbook} in {self._where} closed (it was open: {circuit.because or 'no reason known'})"
            change = self._who.change(what, because, now)
            done = self._switches.close_circuit(live, runbook, change, user=self._who.user)
            return False, change if done else None

        def meanwhile(live: Live) -> str:
            state = "open" if live.circuit(runbook).open else "closed"
            return f"The circuit of {runbook} was changed at the same moment; now it is {state}"

        return self._change(attempt, meanwhile)

    def _change(
        self, attempt: Callable[[Live], tuple[bool, Change | None]], meanwhile: Callable[[Live], str]
    ) -> Change:
        """Try a change; again where somebody was quicker, if it makes the robot more careful."""
        for _ in range(ROUNDS):
            with asking(self._there):
                careful, change = attempt(self._switches.read(self._there.runbooks))
            if change is not None:
                return change
            if not careful:
                told = meanwhile(self.live())
                raise NotDoneError(f"{told}. Look again: remedy status --env {self._where}")
        raise TroubleError(f"Others changed the same switch {ROUNDS} times at the same moment. Try again.")


def modes(live: Live, environment: Environment, now: datetime) -> tuple[ModeRow, ...]:
    """Return the modes of an environment, its own first and then each runbook's."""
    deployed = {"": environment.config.mode} | {
        name: environment.config.runbooks[name].mode for name in environment.runbooks
    }
    return tuple(
        ModeRow(
            of=runbook or environment.place.environment,
            deployed=mode,
            in_effect=live.in_effect(runbook, mode, now),
            live=live.mode(runbook, now),
        )
        for runbook, mode in deployed.items()
    )


def _no_higher(mode: Mode, until: datetime | None, standing: LiveMode | None) -> bool:
    """Tell whether a mode allows at no moment what the one that stands does not."""
    if standing is None:
        return mode != "act"
    lower = MODES.index(mode) <= MODES.index(standing.mode)
    return lower and (until is None or (standing.until is not None and until >= standing.until))


def _until(until: datetime | None) -> str:
    return f" until {clock(until)}" if until else ""


def _whose(standing: LiveMode | LiveFreeze) -> str:
    by = called(standing.by) or "somebody unknown"
    return f"by {by}: {standing.because.rstrip('.')}" if standing.because else f"by {by}"


def _told(standing: LiveMode | LiveFreeze | None, what: str) -> str:
    if standing is None:
        return f"The {what} was ended by somebody else at the same moment"
    says = f"{standing.mode}" if isinstance(standing, LiveMode) else "frozen"
    return f"The {what} was changed at the same moment; now it is {says}{_until(standing.until)}, {_whose(standing)}"

"""Where restore-database-access is tried: an Atlas that does not let us in, or has troubles of its own; and a person who agrees."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from msgspec import structs

from battery.ground import Case, Row, Tried
from battery.grounds.caches import sample
from remediation.atlas.facts import Access
from remediation.atlas.transport import Reply, Request
from remediation.core.engine import carry_out
from remediation.core.gates import LiveAlarm
from remediation.core.limits import Limits
from remediation.core.outcome import Outcome
from remediation.core.ports import Ledger, World
from remediation.core.probed import Probed
from remediation.core.spec import Mode
from remediation.core.verdict import Act
from restore_database_access.access import listed
from restore_database_access.decide import decide
from restore_database_access.facts import Came
from restore_database_access.runbook import RUNBOOK
from tests.functions.fakes.atlas import AtlasWorld
from tests.functions.fakes.firewall import ProbeFunction
from tests.functions.restore_database_access.judged import ALL, FIRST, MINUTE, SECOND, THERE, facts
from tests.functions.restore_database_access.nights import (
    ALARM,
    CLUSTER,
    MEMBERS,
    OTHER,
    OURS,
    SETTINGS,
    STATE,
    SUBNETS,
    AtlasClients,
    probed,
)
from tests.support.agreeing import Agreeing, agree
from tests.support.steps import NIGHT, CrashError, InMemorySteps
from tests.support.toy import PLACE
from tests.support.world import (
    GENEROUS,
    CountingIncidents,
    MemoryLedger,
    RecordingFollowUp,
    RecordingNotifier,
    SettableAlarms,
    SettableSurroundings,
    deployed,
)


class Clients(AtlasClients):
    """Clients that say which addresses the writer was asked to let in."""

    @property
    def mutations(self) -> list[tuple[str, str]]:
        """Return every change with what was changed."""
        return [("Allow", json.loads(asked["Payload"])["address"]) for asked in self.calls.of("Invoke")]


@dataclass(kw_only=True)
class Way:
    """A night that takes any event, and any limits. `lasting`: once we are let in, Terraform lists us for good."""

    listed: bool = False
    lasting: bool = False
    server: Probed = field(default_factory=probed)
    steps: InMemorySteps = field(default_factory=InMemorySteps)
    mode: Mode = "act"
    limits: Limits = GENEROUS
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    notifier: RecordingNotifier = field(default_factory=RecordingNotifier)
    incidents: CountingIncidents = field(default_factory=CountingIncidents)
    follow_up: RecordingFollowUp = field(default_factory=RecordingFollowUp)
    approvals: Agreeing = field(default_factory=Agreeing)
    surroundings: SettableSurroundings = field(default_factory=SettableSurroundings)

    def __post_init__(self) -> None:
        self.sick = "" if self.listed else OURS
        self.world = AtlasWorld(lambda: self.steps.now)
        self.world.cluster(CLUSTER)
        for address in (OTHER, *((OURS,) if self.listed else ())):
            self.world.allow(f"{address}/32")
        ways = dict(zip(SUBNETS, (OURS, OTHER), strict=True))
        self.aws: Any = Clients(self.world, ways, ProbeFunction(self.look, "mongodb"))
        self.aws.outside = self.ask
        live = LiveAlarm(exists=True, state="ALARM", transitioned_at=NIGHT, actions_enabled=True)
        self.alarms = SettableAlarms({ALARM: live})

    def look(self) -> Probed:
        """Look as the probe does."""
        lines = [Access(cidr=line["cidrBlock"]) for line in self.world.access]
        if not listed(lines, OURS, self.steps.now):
            return probed("tcp", "no-answer")
        return self.server

    def ask(self, request: Request) -> Reply:
        """Ask Atlas, where Terraform may have listed for good by then whom the writer has let in."""
        lines = [Access(cidr=line["cidrBlock"]) for line in self.world.access]
        if self.lasting and request.method == "GET" and listed(lines, OURS, self.steps.now):
            self.world.allow(f"{OURS}/32")
        return self.world.send(request)

    def carry(self, event: object) -> Outcome:
        """Carry the runbook out on an event, whatever it is, through every crash that is planned."""
        if not self.approvals.away:
            agree(self.steps)
        world = World(
            deployment=structs.replace(deployed(self.mode, place=PLACE), limits=self.limits),
            settings=SETTINGS,
            aws=self.aws,
            ledger=self.ledger,
            notifier=self.notifier,
            alarms=self.alarms,
            incidents=self.incidents,
            follow_up=self.follow_up,
            approvals=self.approvals,
            surroundings=self.surroundings,
            clock=self.steps.clock,
            remaining=lambda: timedelta(minutes=2),
        )
        while True:
            try:
                return carry_out(RUNBOOK, event, self.steps, world)
            except CrashError:
                self.steps.resume()

    def worsen(self) -> None:
        """Let our line be taken off the list."""
        self.world.access = [line for line in self.world.access if line["cidrBlock"] != f"{OURS}/32"]

    def defile(self, texts: Callable[[], str]) -> None:
        """Let Atlas and the server say such things."""
        self.world.alert(texts() or "-", 5 * MINUTE, CLUSTER)
        self.world.access.append(self.world.access[0] | {"comment": texts(), "cidrBlock": "198.51.100.9/32"})
        self.world.clusters[CLUSTER]["mongoDBVersion"] = texts()
        self.server = probed("ping", "not-understood", texts())

    def on(self, ledger: Ledger) -> None:
        """Keep the books in another ledger."""
        self.ledger = ledger  # type: ignore[assignment]  # the real one, where its own calls are tried


def _paused() -> Way:
    night = Way()
    night.world.clusters[CLUSTER]["paused"] = True
    return night


def _updating() -> Way:
    night = Way()
    night.world.clusters[CLUSTER]["stateName"] = "UPDATING"
    return night


def _open_to_all() -> Way:
    night = Way(listed=True, server=probed("tcp", "no-answer"))
    night.world.allow("0.0.0.0/0")
    return night


def _primary_alone() -> Probed:
    """Return a look at which one member is silent and another answers, through the same list."""
    look = probed("tcp", "no-answer")
    known = structs.replace(STATE, primary="", silent=MEMBERS[:1], heard=MEMBERS[1:], answering=MEMBERS[1:])
    return structs.replace(look, mongodb=known)


def _blast(size: int) -> Iterator[Row]:
    """Yield so many lines of others beside ours, which are there or not, while this or that fails."""
    others = tuple(Access(cidr=f"198.51.100.{n}/32") for n in range(1, size + 1))
    for lines in ((FIRST, SECOND), (SECOND,), (SECOND, ALL)):
        for layer in ("tcp", "tls", "auth"):
            for odd in (
                {},
                {"unread": ("Not read.",)},
                {"allowed": {OURS: Came(at=NIGHT - 60 * MINUTE, how="done")}},
                {"cluster": structs.replace(THERE, state="OTHER")},
                {"probed": _primary_alone()},
            ):
                known: dict[str, Any] = {"access": (*others, *lines), **odd}
                verdict = decide(facts(layer, **known), SETTINGS, (), NIGHT)
                may = lines == (SECOND,) and layer == "tcp" and not odd
                yield Row(
                    where=f"{size} others, {lines}, {layer}, {odd}",
                    size=size,
                    ill=frozenset({OURS} if FIRST not in lines else ()),
                    touched=verdict.target.id if isinstance(verdict, Act) else "",
                    allowed=may,
                    garbage=not may,
                )


RESTORE_DATABASE_ACCESS = Tried(
    runbook=RUNBOOK,
    cases=(
        Case(name="let in, and Terraform lists it for good", ends="healed", ground=lambda: Way(lasting=True)),
        Case(name="let in for four hours", ends="escalated", ground=Way),
        Case(name="nobody answers", ends="refused", ground=lambda: Way(approvals=Agreeing(away=True))),
        Case(name="paused", ends="escalated", ground=_paused),
        Case(name="updating for longer than it should", ends="escalated", ground=_updating),
        Case(name="open to all, and no answer", ends="escalated", ground=_open_to_all),
        Case(
            name="a login that is refused",
            ends="escalated",
            ground=lambda: Way(listed=True, server=probed("auth", "credentials-refused")),
        ),
        Case(name="well", ends="nothing-to-do", ground=lambda: Way(listed=True)),
    ),
    event=sample(RUNBOOK),
    samples=("alarm", "plan", "apply", "of-prod", "alarm-of-redis"),
    alarm=ALARM,
    blast=_blast,
)

"""A scenario: what breaks, what is done when, and what has to be true in the end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from remediation.core.outcome import Status
from remedy.lab.configuration import BASIC, Added
from remedy.lab.environment import DESIRED
from remedy.lab.lab import Lab
from remedy.lab.person import Person
from remedy.lab.terraform import Terraform
from remedy.lab.timeline import Source, Timeline, Tone

RESTART = "dev-remediation-restart-container"
RUNBOOK = "restart-unhealthy-targets"
FUNCTION = f"dev-{RUNBOOK}:live"
SWEEP = "dev-sweep-alarms"
NAMES = {"mongodb": "MongoDB", "redis": "Redis"}

Probed: TypeAlias = Literal["", "redis", "mongodb"]
Deployed: TypeAlias = tuple[str, Added, tuple[str, ...], Probed]
"""A mode, what the configuration got besides the lab's own, the runbooks, and what there is a probe of."""


@dataclass
class Stage:
    """Where a scenario plays: the lab, what was seen of it, what is deployed, and the people in it."""

    lab: Lab
    timeline: Timeline
    deployed: Deployed
    people: dict[str, Person] = field(default_factory=dict)
    terraform: Terraform | None = None
    """Where a scenario has somebody work with it."""

    def person(self, name: str) -> Person:
        """Return somebody, who comes when they are first called."""
        return self.people.setdefault(name, Person(self.lab, name))

    @property
    def ill(self) -> bool:
        """Tell whether a target is missing or not healthy."""
        healths = self.timeline.healths
        return len(healths) != DESIRED or set(healths.values()) != {"healthy"}

    @property
    def restarts(self) -> list[str]:
        """Return the instances on which a restart was carried out."""
        commands = self.lab.world("commands")[self.timeline.first_command :]
        return [each["instance"] for each in commands if (each["document"], each["status"]) == (RESTART, "Success")]


When: TypeAlias = Callable[[Stage], bool]
Complaints: TypeAlias = Callable[[Stage], Iterator[str]]


@dataclass(frozen=True)
class Line:
    """One line of the timeline that somebody's doing adds."""

    source: Source
    text: str
    tone: Tone = ""


@dataclass(frozen=True)
class Cue:
    """What is done once, as soon as it is time."""

    when: When
    do: Callable[[Stage], Line]


@dataclass(frozen=True)
class Scenario:
    """One thing that breaks."""

    name: str
    summary: str
    harm: Callable[[Stage], Line]
    """Breaks it, and says what was done."""
    expected: tuple[Status, ...]
    """The outcomes, in any order."""
    complaints: Complaints
    """Yields what is not as it has to be in the end."""
    repeats: bool = False
    """Whether there may be more of these outcomes: the sweep offers again what was refused for a passing reason."""
    then: tuple[Cue, ...] = ()
    """What is done after that, one after the other."""
    ended: When = lambda _: True
    """Whether it is over, once all cues were given and all outcomes are there."""
    mode: str = "act"
    added: Added = field(default_factory=dict)
    """What the lab's configuration gets besides its own."""
    runbooks: tuple[str, ...] = BASIC
    probed: Probed = ""
    """What it is about itself: then the probe is deployed. Redis needs a real server, and MongoDB is at Atlas (hosted.py)."""
    missing: Callable[[], str] = lambda: ""
    """Says what this machine lacks, and what to do about it; nothing where it can be played."""
    heals: bool = False
    """Whether every target has to be healthy in the end."""


def wedge(stage: Stage) -> Line:
    """Deadlock the backend of one instance."""
    instance = stage.lab.world("machines")[0]["id"]
    stage.lab.world(f"machines/{instance}/wedge", {})
    text = f"The backend on {instance} deadlocks: it runs and accepts connections, and answers nothing."
    return Line("lab", text, "bad")


def stop(dependency: str) -> Callable[[Stage], Line]:
    """Return what kills a dependency."""

    def kill(stage: Stage) -> Line:
        stage.lab.world(f"dependencies/{dependency}/stop", {})
        return Line("lab", f"{NAMES[dependency]} is down: every backend answers 503 from now on.", "bad")

    return kill


def start(dependency: str) -> Callable[[Stage], Line]:
    """Return what starts a dependency."""

    def run(stage: Stage) -> Line:
        stage.lab.world(f"dependencies/{dependency}/start", {})
        return Line("lab", f"{NAMES[dependency]} is up again.", "good")

    return run


def sweep(stage: Stage) -> Line:
    """Let the sweep look now."""
    stage.lab.tick(SWEEP)
    return Line("lab", "Five minutes have passed: the sweep looks at what still is in ALARM.")


def spoken(stage: Stage, name: str, *words: str) -> Line:
    """Have somebody run a command of `remedy`."""
    answer = stage.person(name).remedy(*words)
    return Line("person", f"{name}: {answer.command}", "good" if answer.status == 0 else "bad")


def no_restart(stage: Stage) -> Iterator[str]:
    """Complain of every restart."""
    if stage.restarts:
        yield f"{', '.join(stage.restarts)} was restarted."


def one_restart(stage: Stage) -> Iterator[str]:
    """Complain unless one restart was carried out and told."""
    if len(stage.restarts) != 1:
        yield f"{len(stage.restarts)} restarts were carried out instead of one."
    for outcome in stage.timeline.outcomes:
        if outcome.status == "healed" and [done.result for done in outcome.acts] != ["done"]:
            yield f"The outcome tells of {len(outcome.acts)} acts instead of one that was done."


def paged(stage: Stage, *teams: str) -> Iterator[str]:
    """Complain unless these teams were paged, in this order."""
    found = [page.team for page in stage.timeline.pages]
    if found != list(teams):
        yield f"Paged: {', '.join(found) or 'nobody'}; expected was {', '.join(teams) or 'nobody'}."


def gates(stage: Stage) -> list[str]:
    """Return the gates that refused."""
    return [outcome.gate for outcome in stage.timeline.outcomes if outcome.status == "refused"]


def healed(stage: Stage) -> bool:
    """Tell whether something was healed."""
    return any(outcome.status == "healed" for outcome in stage.timeline.outcomes)

"""How a runbook declares itself: one frozen value, read by the CDK app as data and by the engine as functions.

Templates such as `{asg}` are filled from the runbook's settings and from `environment`, `account` and `region`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Literal, TypeAlias, TypeVar, get_args

import msgspec
from msgspec import Struct

from remediation.core.verdict import Attempt, T, Verdict

Team: TypeAlias = Literal["infrastructure", "database", "application", "critical"]
"""The contacts of RUNBOOK.md, "Contacts & Escalation"."""
TEAMS: tuple[Team, ...] = get_args(Team)

Mode: TypeAlias = Literal["off", "observe", "act"]
MODES: tuple[Mode, ...] = ("off", "observe", "act")


def lowest(*modes: Mode) -> Mode:
    """Return the most careful of some modes: `off` before `observe` before `act`."""
    return min(modes, key=MODES.index)


ANSWERED_WITHIN = timedelta(minutes=14)
"""Lambda answers a synchronous invocation of a durable function within 15 minutes; a minute of it is for closing."""

Yield: TypeAlias = Literal["mongodb", "redis", "nat", "storm", "deploy"]
YIELDS: tuple[Yield, ...] = get_args(Yield)

S = TypeVar("S", bound=Struct)
I = TypeVar("I", bound=Struct)  # noqa: E741
F = TypeVar("F", bound=Struct)


class Allow(Struct, frozen=True):
    """One IAM action on one resource. `on` is an ARN template, `when` an IAM condition block of templates.

    `each` names a setting: then it is allowed once for each thing in it, whose fields fill the templates too (a text fills
    `{each}`), and not at all where the setting, or a field that a template names, is empty.
    """

    action: str
    on: str = "*"
    when: Mapping[str, Mapping[str, str]] = {}
    each: str = ""


class OnAlarm(Struct, frozen=True, kw_only=True):
    """Start on a CloudWatch alarm on this metric, whatever its name and whoever made it.

    The namespace is a template. A dimension's template matches exactly, or as a prefix if it ends in `*`. `incident` maps
    fields of the runbook's incident to names of dimensions.
    """

    namespace: str
    metric: str
    dimensions: Mapping[str, str] = {}
    incident: Mapping[str, str] = {}
    where: str = ""
    """A setting: where it is empty, nothing starts on this."""


class OnAsgEvent(Struct, frozen=True, kw_only=True):
    """Start on Auto Scaling events of these detail-types about a group (template, exact or prefix with `*`)."""

    detail_types: tuple[str, ...]
    group: str
    incident: Mapping[str, str]


class Every(Struct, frozen=True, kw_only=True):
    """Start on a schedule, with an incident that holds only defaults."""

    minutes: int


class Manual(Struct, frozen=True, kw_only=True):
    """May be invoked by hand, with the incident's fields as payload."""

    example: Mapping[str, Any] = {}


TriggerSpec: TypeAlias = OnAlarm | OnAsgEvent | Every | Manual


class Lines(Struct, frozen=True, kw_only=True):
    """Lines of a log group (template) that the stack makes a metric of: how many match CloudWatch's filter pattern."""

    group: str
    pattern: str


class Alarm(Struct, frozen=True, kw_only=True):
    """An alarm that the stack creates because the environment lacks a working one (FACTS: no dimensions, never fires)."""

    name: str
    summary: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str] = {}
    statistic: str
    threshold: float = 0
    threshold_from: str = ""
    """The setting that holds the threshold, where environments differ in it."""
    period: timedelta
    evaluate: int
    breach: int
    below: bool = False
    """Whether it fires below the threshold, and not at or above it."""
    lines: Lines | None = None
    """What its metric counts, where that is a metric of our own."""
    where: str = ""
    """A setting: where it is empty, there is no such alarm."""

    def limit(self, settings: Struct) -> float:
        """Return the threshold where these are the settings."""
        return float(getattr(settings, self.threshold_from)) if self.threshold_from else self.threshold


class Document(Struct, frozen=True, kw_only=True):
    """An SSM document of our own: a fixed script with patterned parameters, never free text.

    `mutates` keeps looking and acting apart: an environment in `observe` does not get the document at all.
    """

    name: str
    summary: str
    script: str
    parameters: Mapping[str, str] = {}
    """Parameter name to the regular expression that its whole value must match."""
    mutates: bool = False
    timeout: timedelta = timedelta(seconds=60)


class Guardrails(Struct, frozen=True, kw_only=True):
    """Limits of one run. Blast radius within a run is one target at a time, always."""

    heal_within: timedelta
    """A run that has not healed by then is handed to a person; the time that people take to approve does not count."""
    cooldown: timedelta = timedelta(minutes=15)
    """After an act, the resource is left alone that long."""
    max_acts: int = 3


class Place(Struct, frozen=True, kw_only=True):
    """Which environment this is."""

    environment: str
    account: str
    region: str

    def name(self, thing: str) -> str:
        """Return the physical name of something this product deploys here: `dev-remediation-ledger`."""
        return f"{self.environment}-remediation-{thing}"


@dataclass(frozen=True, kw_only=True)
class Runbook(Generic[S, I, F, T]):
    """One runbook: the declaration and the three functions that carry it out.

    diagnose(aws, settings, incident) reads only. decide(facts, settings, tried, now) is pure. Each action makes one
    mutating call on one target and answers a receipt. `scope` says why an incident is not this environment's, if so.
    """

    name: str
    team: Team
    summary: str
    settings: type[S]
    incident: type[I]
    facts: type[F]
    triggers: tuple[TriggerSpec, ...]
    reads: tuple[Allow, ...]
    writes: tuple[Allow, ...]
    guardrails: Guardrails
    scope: Callable[[I, S, Place], str | None]
    diagnose: Callable[[Any, S, I], F]
    decide: Callable[[F, S, tuple[Attempt[T], ...], datetime], Verdict[T]]
    actions: Mapping[str, Callable[[Any, S, T], str]]
    alarms: tuple[Alarm, ...] = ()
    documents: tuple[Document, ...] = ()
    yields_to: tuple[Yield, ...] = ()
    """What makes it stand down: dependencies in trouble, a storm of alarms, a deploy (core/surroundings.py)."""
    asks: tuple[str, ...] = ()
    """Actions whose acts may ask for a person's approval."""
    snapshots: tuple[str, ...] = ()
    """Actions whose acts may need a fresh snapshot of a cache first (`Act.after_snapshot`)."""
    speaks: tuple[str, ...] = ()
    """Packages of dependencies that it speaks with itself: it stands in the VPC, and has them (`redis`)."""
    sightings: bool = False
    """Whether it keeps since when it sees things (`aws.sightings`)."""

    @property
    def package(self) -> str:
        """Return the room: the folder and Python package below functions/."""
        return self.name.replace("-", "_")

    def triggers_in(self, settings: Struct) -> "tuple[TriggerSpec, ...]":
        """Return what starts it where these are its settings."""
        return tuple(spec for spec in self.triggers if not isinstance(spec, OnAlarm) or _there(spec, settings))

    def alarms_in(self, settings: Struct) -> tuple[Alarm, ...]:
        """Return the alarms that it brings along where these are its settings."""
        return tuple(alarm for alarm in self.alarms if _there(alarm, settings))


def _there(spec: OnAlarm | Alarm, settings: Struct) -> bool:
    return not spec.where or bool(getattr(settings, spec.where))


def answers_in_time(runbook: "AnyRunbook", ask_first: tuple[str, ...] = ()) -> bool:
    """Tell whether a run always ends within what Lambda lets a caller wait (15 minutes): none that asks a person does."""
    return not runbook.asks and not ask_first and runbook.guardrails.heal_within <= ANSWERED_WITHIN


AnyRunbook: TypeAlias = Runbook[Any, Any, Any, Any]


def fill(template: str, place: Place, settings: Struct) -> str:
    """Fill a template from settings and place; an unknown name is a KeyError naming it."""
    return template.format_map(msgspec.structs.asdict(settings) | msgspec.structs.asdict(place))


def filled(allow: Allow, place: Place, settings: Struct) -> Iterator[Allow]:
    """Yield a permission with its templates filled, once for each thing that its setting names."""
    known = msgspec.structs.asdict(settings) | msgspec.structs.asdict(place)
    for each in _things(allow, settings):
        texts = _Texts(known, each)
        on = allow.on.format_map(texts)
        when = {
            operator: {key: value.format_map(texts) for key, value in block.items()}
            for operator, block in allow.when.items()
        }
        if not texts.empty:
            yield Allow(allow.action, on, when)


def _things(allow: Allow, settings: Struct) -> tuple[object, ...]:
    if not allow.each:
        return (None,)
    found = getattr(settings, allow.each)
    return found if isinstance(found, tuple) else tuple(filter(None, (found,)))


class _Texts(dict[str, Any]):
    """What fills the templates of one thing: `empty` says whether it lacked something that they name."""

    def __init__(self, known: Mapping[str, Any], each: object) -> None:
        super().__init__(known)
        self._each, self.empty = each, False

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - whatever a template names
        if self._each is None:
            return super().__getitem__(name)
        if name == "each":
            return self._each
        value = getattr(self._each, name) if hasattr(self._each, name) else super().__getitem__(name)
        self.empty = self.empty or value in {"", False}
        return value

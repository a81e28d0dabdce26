"""One environment, as config/<env>.toml describes it: read once, typed, frozen.

A wrong file is one sentence that names the file, the key and what was expected, and nothing is deployed.
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct, field

from remediation.core.atlas import AtlasProject, Writing
from remediation.core.dependencies import Dependencies
from remediation.core.freeze import Window
from remediation.core.limits import Limits
from remediation.core.spec import MODES, TEAMS, AnyRunbook, Mode, Place, Team, filled, lowest
from remediation.core.watched import Watched
from stacks.agreement import agreed, looked_from, unread
from stacks.network import Network, sound
from stacks.safeguards import Guards, Operators, checked
from stacks.shape import ShapeError, decode

DIRECTORY = Path(__file__).resolve().parent.parent / "config"

Email: TypeAlias = Annotated[str, Meta(pattern=r"\A[^@\s]+@[^@\s]+\.[^@\s]+\Z", examples=["ops@example.com"])]
EnvironmentName: TypeAlias = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9-]{0,11}\Z", examples=["dev"])]
Account: TypeAlias = Annotated[str, Meta(pattern=r"\A\d{12}\Z", examples=["123456789012"])]
Region: TypeAlias = Annotated[str, Meta(pattern=r"\A[a-z]{2}(-[a-z]+)+-\d\Z", examples=["us-east-1"])]
TopicArn: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"\Aarn:aws:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}\Z",
        examples=["arn:aws:sns:us-east-1:123456789012:dev-alarms"],
    ),
]
KeyArn: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"\Aarn:aws:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]{1,64}\Z",
        examples=["arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
    ),
]
RetentionDays: TypeAlias = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653]
"""What CloudWatch Logs accepts."""


class ConfigError(Exception):
    """The configuration is wrong; the message is one sentence for the person who wrote it."""


class Contact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to page. `response_minutes` is how soon they answer (RUNBOOK.md, "Contacts & Escalation")."""

    response_minutes: Annotated[int, Meta(ge=1, le=1440)]
    emails: tuple[Email, ...] = ()

    @property
    def response(self) -> timedelta:
        """Return how soon they answer."""
        return timedelta(minutes=self.response_minutes)


class Contacts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The contacts of RUNBOOK.md, every one of them: an escalation always finds somebody."""

    infrastructure: Contact
    database: Contact
    application: Contact
    critical: Contact

    def by_team(self) -> dict[Team, Contact]:
        """Return the contacts by team."""
        return {team: getattr(self, team) for team in TEAMS}


class _RunbookFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    mode: Mode
    reserved_concurrency: Annotated[int, Meta(ge=0)] | None = None
    memory_mb: Annotated[int, Meta(ge=128, le=10240)] = 512
    alarm_topics: tuple[TopicArn, ...] = ()
    ask_first: tuple[str, ...] = ()
    keys: tuple[KeyArn, ...] = ()
    settings: dict[str, Any] = {}


class _File(Guards, frozen=True, kw_only=True, forbid_unknown_fields=True):
    environment: EnvironmentName
    account: Account
    region: Region
    mode: Mode
    drills_act: bool = False
    log_retention_days: RetentionDays
    contacts: Contacts
    network: Network | None = None
    dependencies: Dependencies = Dependencies()
    atlas: AtlasProject | None = None
    tags: dict[str, str] = field(default_factory=dict)
    runbooks: dict[str, Any] = field(default_factory=dict)


class RunbookConfig(Struct, frozen=True, kw_only=True):
    """One runbook in one environment."""

    mode: Mode
    """The lower of the environment's and the runbook's own."""
    reserved_concurrency: int | None
    """None: not reserved. 0: a hard stop. (Small accounts cannot reserve: 100 must stay unreserved.)"""
    memory_mb: int
    alarm_topics: tuple[str, ...]
    """Topics that exist already and that alarms publish to, for alarms whose events do not reach EventBridge here."""
    ask_first: tuple[str, ...]
    """Actions for which a person is asked first here, whatever the runbook says."""
    keys: tuple[str, ...]
    """Customer keys that what it looks at is encrypted with: it may decrypt with them, through AWS's services only."""
    settings: Struct


class Config(Struct, frozen=True, kw_only=True):
    """One environment."""

    environment: str
    account: str
    region: str
    mode: Mode
    drills_act: bool
    log_retention_days: int
    contacts: Contacts
    tags: Mapping[str, str]
    limits: Limits
    maintenance: tuple[Window, ...]
    watched: Watched
    operators: Operators
    network: Network | None
    dependencies: Dependencies
    atlas: AtlasProject | None
    runbooks: Mapping[str, RunbookConfig]

    @property
    def place(self) -> Place:
        """Return where this is, as runbooks know it."""
        return Place(environment=self.environment, account=self.account, region=self.region)

    @property
    def disposable(self) -> bool:
        """Tell whether its data may go with the stack: only in dev."""
        return self.environment == "dev"

    @property
    def writing(self) -> Writing | None:
        """Return what the function that writes to Atlas is told; None where there is none: it is not configured, or nothing acts."""
        if self.atlas is None or not self.atlas.writer or self.network is None or self.mode != "act":
            return None
        there = self.atlas
        return Writing(
            project=there.project,
            secret=there.writer,
            cluster=there.cluster,
            prefix=there.prefix,
            subnets=self.network.subnets,
        )

    def lowered(self, mode: Mode) -> "Config":
        """Return this config with a mode no higher than the given one, for a single deploy."""
        runbooks = {
            name: msgspec.structs.replace(runbook, mode=lowest(runbook.mode, mode))
            for name, runbook in self.runbooks.items()
        }
        return msgspec.structs.replace(self, mode=lowest(self.mode, mode), runbooks=runbooks)


def environments(directory: Path = DIRECTORY) -> list[str]:
    """Return the names of the environments that have a file."""
    return sorted(path.stem for path in directory.glob("*.toml"))


def load(environment: str, catalog: tuple[AnyRunbook, ...], directory: Path = DIRECTORY) -> Config:
    """Read an environment's file; the settings of each runbook become its own type.

    Raises ConfigError.
    """
    if environment not in environments(directory):
        known = ", ".join(environments(directory)) or "none"
        raise ConfigError(f"There is no environment {environment!r} in {directory.name}/; there are: {known}.")
    path = directory / f"{environment}.toml"
    try:
        return _convert(tomllib.loads(path.read_text("utf-8")), environment, catalog)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{directory.name}/{path.name} is not TOML: {error}.") from error
    except ShapeError as error:
        raise ConfigError(f"{directory.name}/{path.name}: {error}") from error


def lower(config: Config, mode: object) -> Config:
    """Return the config lowered to what `-c mode=...` says. Raises ConfigError."""
    match mode:
        case "off" | "observe" | "act":
            return config.lowered(mode)
        case _:
            raise ConfigError(f"-c mode={mode}: expected one of {', '.join(MODES)}; it can only lower the mode.")


def _convert(raw: dict[str, Any], environment: str, catalog: tuple[AnyRunbook, ...]) -> Config:
    file = decode(raw, _File, "")
    checked(file)
    if file.environment != environment:
        raise ShapeError("environment", f"expected {environment!r}, as the file is called, got {file.environment!r}")
    by_name = {runbook.name: runbook for runbook in catalog}
    place = Place(environment=file.environment, account=file.account, region=file.region)
    runbooks = {}
    for name, value in file.runbooks.items():
        if name not in by_name:
            raise ShapeError(f"runbooks.{name}", f"there is no such runbook; there are: {', '.join(sorted(by_name))}")
        runbooks[name] = own = _runbook(by_name[name], value, place, file.mode)
        agreed(file.atlas, by_name[name], own.settings, own.mode, place)
        looked_from(file.network, by_name[name], own.settings)
        if by_name[name].speaks and file.network is None:
            what = " and ".join(by_name[name].speaks)
            raise ShapeError("network", f"{name} speaks with {what} itself; name the subnets and security groups")
    unread(file.atlas, file.dependencies, "dependencies")
    return Config(
        environment=file.environment,
        account=file.account,
        region=file.region,
        mode=file.mode,
        drills_act=file.drills_act,
        log_retention_days=file.log_retention_days,
        contacts=file.contacts,
        tags=file.tags,
        limits=file.limits,
        maintenance=file.maintenance,
        watched=file.watched(file.environment),
        operators=file.operators,
        network=sound(file.network, file.dependencies, file.atlas),
        dependencies=file.dependencies,
        atlas=file.atlas,
        runbooks=runbooks,
    )


def _runbook(runbook: AnyRunbook, value: object, place: Place, mode: Mode) -> RunbookConfig:
    at = f"runbooks.{runbook.name}"
    file = decode(value, _RunbookFile, at)
    settings: Struct = decode(file.settings, runbook.settings, f"{at}.settings")
    for number, action in enumerate(file.ask_first):
        if action not in runbook.actions:
            known = ", ".join(runbook.actions)
            raise ShapeError(f"{at}.ask_first[{number}]", f"{runbook.name} has no action {action!r}; it has: {known}")
    for allow in (*runbook.reads, *runbook.writes):
        wide = len(re.findall(r"[*?]", f"{allow.on} {allow.when}"))
        if any(len(re.findall(r"[*?]", f"{each.on} {each.when}")) != wide for each in filled(allow, place, settings)):
            raise ShapeError(
                f"{at}.settings",
                f"a wildcard in a setting would widen the permission {allow.action} on {allow.on!r}; name one resource",
            )
    return RunbookConfig(
        mode=lowest(mode, file.mode),
        reserved_concurrency=file.reserved_concurrency,
        memory_mb=file.memory_mb,
        alarm_topics=file.alarm_topics,
        ask_first=file.ask_first,
        keys=file.keys,
        settings=settings,
    )

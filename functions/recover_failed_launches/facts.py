"""What a look at a group that cannot launch finds out. Texts of AWS are redacted and cut before they are facts."""

from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from msgspec import Struct, field

from recover_failed_launches.causes import Cause
from recover_failed_launches.deaths import Boot
from remediation.aws.launches import Group, Kind, Refresh, Source
from remediation.aws.network import Subnet
from remediation.aws.templates import Version
from remediation.core.spec import Place
from remediation.core.verdict import Target

Blame: TypeAlias = Literal["gone", "dies", "fails"]
"""What a version is blamed for: what it names is gone, its instances die, or its launches fail for another reason."""


class Tried(Struct, frozen=True, kw_only=True):
    """Something the group tried: to launch or to terminate an instance. `cause` is why it failed, if it did."""

    kind: Kind
    status: str
    at: datetime
    cause: Cause | None = None
    said: str = ""
    zone: str = ""
    instance: str = ""

    @property
    def failed(self) -> bool:
        """Tell whether it ended without success."""
        return self.cause is not None


class Died(Struct, frozen=True, kw_only=True):
    """An instance that was launched and has ended, or is about to; and what it was launched from, where that is known."""

    id: str
    launched_at: datetime
    ended_at: datetime
    cause: Cause | None = None
    """Why EC2 ended it; None where the group did, because it was unhealthy."""
    said: str = ""
    template: str = ""
    version: str = ""

    @property
    def lived(self) -> timedelta:
        """Return how long it lived."""
        return self.ended_at - self.launched_at

    @property
    def source(self) -> Source:
        """Return what it was launched from."""
        return Source(template=self.template, version=self.version)


class Checked(Struct, frozen=True, kw_only=True):
    """A version of the launch template, and whether what it names exists. None: not asked, or it could not be read."""

    version: Version
    image: bool | None = None
    groups_missing: tuple[str, ...] | None = None
    zones: tuple[str, ...] | None = None
    """The zones that offer its type."""
    tag: bool | None = None
    """Whether ECR has the tag of the image that it runs."""
    role: str | None = None
    """The ARN of the role in its instance profile; empty where there is none."""


class Since(Struct, frozen=True, kw_only=True):
    """Since when fewer serve than are desired, and since when none does, as far as anybody has looked."""

    short: datetime
    dark: datetime | None = None
    """None where some serve."""


class Unread(Struct, frozen=True, kw_only=True):
    """What could not be read, and why. It stops nothing: the diagnosis goes on with what there is."""

    what: str
    why: str


class Facts(Struct, frozen=True, kw_only=True):
    """The group and what it tried; the rest is asked only where something is wrong."""

    place: Place
    asg: str
    group: Group | None = None
    """None where there is no such group."""
    since: Since | None = None
    """None where as many serve as are desired, or nobody knows."""
    tried: tuple[Tried, ...] = ()
    """Newest first."""
    launched: dict[str, datetime] = field(default_factory=dict)
    """When instances were launched, as far back as it matters: how long they have served tells what that proves."""
    refresh: Refresh | None = None
    died: tuple[Died, ...] = ()
    checks: tuple[str, ...] = ()
    """What EC2's status checks find wrong, a line each."""
    wanted: Checked | None = None
    """The version that is launched now."""
    earlier: tuple[Checked, ...] = ()
    """The other versions that members run."""
    given_up: Checked | None = None
    """The version whose deploy failed lately, where the group itself says another one."""
    denied: tuple[str, ...] | None = None
    """What the instances' role may not do of what pulling takes."""
    subnets: tuple[Subnet, ...] | None = None
    quota: int | None = None
    """vCPUs that may run at once."""
    boots: tuple[Boot, ...] = ()
    """What instances say of their start."""
    consoles: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()


class Judged(Target, frozen=True, kw_only=True):
    """A group as it was judged: what an act insists on."""

    process: str = ""
    """The suspended process, and since when, in AWS's words."""
    reason: str = ""
    template: str = ""
    bad: str = ""
    """The version that is launched and fails."""
    good: str = ""
    """The version that works."""
    blame: Blame = "fails"
    """What the other one is blamed for."""
    refresh: str = ""
    """The id of the instance refresh to roll back."""

"""What restore-database-access looks at, and what it judges."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct

from remediation.atlas.facts import Access, Cluster, Happening, Maintenance
from remediation.core.probed import Probed, Step
from remediation.core.verdict import Target


class Came(Struct, frozen=True, kw_only=True):
    """What came of having an address let in. `refused`: certainly nothing was written; `unknown`: that is what nobody knows."""

    at: datetime
    how: Literal["done", "refused", "unknown"]


class Facts(Struct, frozen=True, kw_only=True):
    """MongoDB as the probe sees it from within the VPC, as Atlas tells of it, and by which addresses we come.

    Of what could not be read `unread` has a sentence; nothing is changed then.
    """

    environment: str
    probed: Probed | None
    """None where the probe cannot be asked, as `unasked` says."""
    unasked: str = ""
    unread: tuple[str, ...] = ()
    cluster: Cluster | None = None
    """None: the project has none of the name, or Atlas was not read."""
    access: tuple[Access, ...] | None = None
    """The project's access list; None where it was not read."""
    maintenance: Maintenance | None = None
    happenings: tuple[Happening, ...] = ()
    """Of the last hours, newest first."""
    alerts: tuple[Happening, ...] = ()
    addresses: tuple[str, ...] | None = None
    """Of the NAT gateways by which the application's subnets get out; None where they were not read."""
    busy: str = ""
    """What Atlas or the probe is busy with that can cause what fails (busy.py), as it was when these facts were read."""
    busy_since: datetime | None = None
    """Since when we see that."""
    errors: float | None = None
    """Errors of its connection that the application logged in the last minutes; None where that is not known."""
    errors_since: datetime | None = None
    """Since when we see it log many."""
    allowed: Mapping[str, Came] = {}
    """What came of it when this runbook had an address of ours let in last."""

    @property
    def failed(self) -> Step | None:
        """Return the layer at which the probe failed, if it did."""
        return self.probed.failed if self.probed else None

    def fails(self, layer: str, *faults: str) -> bool:
        """Tell whether this layer fails, in one of these ways."""
        return self.failed is not None and self.failed.layer == layer and (not faults or self.failed.fault in faults)


class Line(Target, frozen=True, kw_only=True):
    """The line of the access list that is to be added. Its id is the address: one of ours, and there is no way to say a range."""

"""What a judgement is made of: a night on which this or that fails, and what is said of it."""

from datetime import timedelta
from typing import Any, get_args

from msgspec.structs import replace

from remediation.atlas.facts import Access, Cluster, Happening
from remediation.core.probed import Fault, Layer, MongoFault, Probed
from remediation.core.verdict import Attempt, Escalate, Verdict
from restore_database_access.decide import decide
from restore_database_access.facts import Facts, Line
from restore_database_access.shut_out import LET_IN
from tests.functions.restore_database_access.nights import CLUSTER, HOST, OTHER, OURS, SETTINGS, probed
from tests.support.steps import NIGHT

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
THERE = Cluster(name=CLUSTER, state="IDLE", paused=False, version="8.0.13", tier="M10", backups=True, host=HOST)
FIRST, SECOND = Access(cidr=f"{OURS}/32"), Access(cidr=f"{OTHER}/32")
ALL = Access(cidr="0.0.0.0/0")
OUT = f"{CLUSTER} cannot be reached: {OURS}, our NAT gateway, is not on the access list"
FOUND = (
    "Security finding: the access list lets in 0.0.0.0/0, so whoever has a password gets to the database from anywhere."
)
FAULTS: tuple[Fault, ...] = get_args(MongoFault)
"""What the probe says of MongoDB: its own faults, and that a name leads to where it must not."""
PROD = "prod-starttech-cluster.zzzzz.mongodb.net"
"""Another cluster, of another project."""
STARTED = Happening(kind="MAINTENANCE_STARTED", at=NIGHT - 5 * MINUTE)


def terraform(address: str = OURS) -> str:
    return (
        f'In Terraform: resource "mongodbatlas_project_ip_access_list" with project_id = "{SETTINGS.project}" and '
        f'cidr_block = "{address}/32"'
    )


def facts(layer: Layer | None = "tcp", fault: Fault = "no-answer", **more: Any) -> Facts:
    """Return a night on which this layer fails, and both of our addresses are listed."""
    known: dict[str, Any] = {
        "environment": "dev",
        "probed": probed(layer, fault),
        "cluster": THERE,
        "access": (FIRST, SECOND),
        "addresses": (OURS, OTHER),
    }
    return Facts(**(known | more))


def shut_out(**more: Any) -> Facts:
    """Return a night on which our first address is not on the list."""
    return facts(**({"access": (SECOND,)} | more))


def decided(seen: Facts, *tried: Attempt[Line], **settings: Any) -> Verdict[Line]:
    return decide(seen, replace(SETTINGS, **settings), tried, NIGHT)


def because(verdict: Verdict[Line], type_: type[Any] = Escalate) -> str:
    assert isinstance(verdict, type_), verdict
    return str(verdict.because)


def tried(
    address: str = OURS, *, result: Any = "done", ago: timedelta = MINUTE, receipt: str = "Done."
) -> Attempt[Line]:
    return Attempt(action=LET_IN, target=Line(id=address), at=NIGHT - ago, result=result, receipt=receipt)


def for_hours(hours: float, address: str = OURS) -> Access:
    return Access(cidr=f"{address}/32", until=NIGHT + hours * HOUR)


def by(*addresses: str) -> Probed:
    """Return a look in which these addresses gave no answer."""
    look = probed("tcp", "no-answer")
    assert look.mongodb is not None
    return replace(look, mongodb=replace(look.mongodb, addresses=addresses))


def leading(*hosts: str, scheme: str = "mongodb+srv", layer: Layer | None = "tcp") -> Probed:
    """Return a look at a string with these hosts."""
    look = probed(layer, "no-answer")
    assert look.mongodb is not None
    return replace(look, mongodb=replace(look.mongodb, shape=replace(look.mongodb.shape, scheme=scheme, hosts=hosts)))

"""CloudTrail: the management calls of an account that were refused, and who made a call.

The rule of the domain: CloudTrail tells of a call within 15 minutes, newest first, 50 a page, and the account has two
look-ups a second for everybody. So the pages are bounded, and who asks says how far back.
"""

from collections.abc import Container, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from remediation.core.redact import redact

if TYPE_CHECKING:
    from mypy_boto3_cloudtrail.type_defs import EventTypeDef

    from remediation.adapters.clients import Clients

PAGES = 4
"""Of calls that read, and as many of calls that write: so many reads are made that the writes would not be seen."""
PER_PAGE = 50
LONGEST_MESSAGE = 300

Kind = Literal["denied", "throttled"]


class Refused(Struct, frozen=True, kw_only=True):
    """The same call of the same caller, refused for the same reason so many times."""

    kind: Kind
    caller: str
    """The role, or else the user, or else whatever CloudTrail says of who called."""
    call: str
    """Service and operation: `ec2:RunInstances`."""
    code: str
    times: int
    last_at: datetime
    message: str = ""
    """Of the last one, without secrets."""


class Trail(Struct, frozen=True, kw_only=True):
    """What was found. `whole` says whether every call was looked at."""

    refused: tuple[Refused, ...]
    whole: bool


class _Issuer(Struct, frozen=True, rename="camel"):
    user_name: str = ""


class _Session(Struct, frozen=True, rename="camel"):
    session_issuer: _Issuer = _Issuer()


class _Identity(Struct, frozen=True, rename="camel"):
    type: str = ""
    user_name: str = ""
    invoked_by: str = ""
    session_context: _Session = _Session()


class _Call(Struct, rename="camel"):
    event_source: str = ""
    event_name: str = ""
    error_code: str = ""
    error_message: str = ""
    user_identity: _Identity = _Identity()


def role_of(event: str) -> str:
    """Return the role that made a call, from its JSON; empty where it was none, or cannot be read."""
    call = _read(event)
    return call.user_identity.session_context.session_issuer.user_name if call else ""


def refused(aws: "Clients", since: datetime, roles: tuple[str, ...] = ()) -> Trail:
    """Return the calls that were denied or throttled since then: of these roles, or of anybody."""
    counted: dict[tuple[str, str, str], Refused] = {}
    whole = True
    for read_only in ("false", "true"):
        seen = 0
        for event in _events(aws, read_only, since):
            seen += 1
            found = _refused(event)
            if found is None or (roles and found.caller not in roles):
                continue
            key = (found.caller, found.call, found.code)
            newest = counted.get(key, found)
            times = newest.times + 1 if key in counted else 1
            counted[key] = msgspec.structs.replace(newest, times=times)
        whole = whole and seen < PAGES * PER_PAGE
    most_first = sorted(counted.values(), key=lambda each: (-each.times, each.caller, each.call, each.code))
    return Trail(refused=tuple(most_first), whole=whole)


class Change(Struct, frozen=True, kw_only=True):
    """One call that changed a thing, and succeeded: `by` is the role, or else the user, or whoever CloudTrail names."""

    call: str
    by: str
    at: datetime
    role: bool
    """Whether `by` is a role: what a machine works as, and people may too."""


def changes(aws: "Clients", resource: str, calls: Container[str], since: datetime) -> tuple[Change, ...]:
    """Return the calls of these names that changed a thing since then, newest first. Raises AwsError.

    CloudTrail knows of a call within 15 minutes, so what it does not tell yet may have happened all the same.
    """
    pages = aws.cloudtrail.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": resource}],
        StartTime=since,
        PaginationConfig={"MaxItems": PAGES * PER_PAGE},
    )
    found = (_change(event) for page in pages for event in page["Events"] if event.get("EventName") in calls)
    return tuple(change for change in found if change is not None)


def _change(event: "EventTypeDef") -> Change | None:
    call = _read(event.get("CloudTrailEvent", ""))
    if call is not None and call.error_code:
        return None
    identity = call.user_identity if call else _Identity()
    issuer = identity.session_context.session_issuer.user_name
    return Change(
        call=event.get("EventName", ""),
        by=redact(issuer or identity.user_name or identity.invoked_by or identity.type or "somebody"),
        at=event["EventTime"].astimezone(UTC),
        role=bool(issuer) and identity.type == "AssumedRole",  # a federated user has an issuer too, and is a person
    )


def _events(aws: "Clients", read_only: str, since: datetime) -> "Iterator[EventTypeDef]":
    pages = aws.cloudtrail.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": "ReadOnly", "AttributeValue": read_only}],
        StartTime=since,
        PaginationConfig={"MaxItems": PAGES * PER_PAGE},
    )
    for page in pages:
        yield from page["Events"]


def _refused(event: "EventTypeDef") -> Refused | None:
    call = _read(event.get("CloudTrailEvent", ""))
    kind = _kind(call.error_code) if call else None
    if call is None or kind is None:
        return None
    identity = call.user_identity
    issuer = identity.session_context.session_issuer.user_name
    return Refused(
        kind=kind,
        caller=issuer or identity.user_name or identity.invoked_by or identity.type or "somebody",
        call=f"{call.event_source.partition('.')[0]}:{call.event_name}",
        code=call.error_code,
        times=1,
        last_at=event["EventTime"].astimezone(UTC),
        message=redact(" ".join(call.error_message.split()))[:LONGEST_MESSAGE],
    )


def _kind(code: str) -> Kind | None:
    if "AccessDenied" in code or "Unauthorized" in code:
        return "denied"
    if any(word in code for word in ("Throttl", "RequestLimitExceeded", "TooManyRequests", "SlowDown")):
        return "throttled"
    return None


def _read(event: str) -> _Call | None:
    try:
        return msgspec.json.decode(event, type=_Call)
    except msgspec.MsgspecError:
        return None

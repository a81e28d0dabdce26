"""AWS Health: what AWS itself says is wrong in a Region.

Only accounts with a Business support plan (or better) may ask; and its one endpoint is in us-east-1, so functions of other
Regions, whose boundary keeps them to their own, are refused as well.
"""

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

NO_PLAN = "SubscriptionRequiredException"
"""The code of the answer to an account without such a plan."""
MOST = 20


class Event(Struct, frozen=True, kw_only=True):
    """An issue that AWS has opened and not closed. `code` is AWS's own, such as AWS_EC2_OPERATIONAL_ISSUE."""

    service: str
    code: str
    started_at: datetime | None = None


def open_issues(aws: "Clients") -> tuple[Event, ...]:
    """Return the issues that are open in this Region, or everywhere."""
    pages = aws.health.get_paginator("describe_events").paginate(
        filter={
            "regions": [aws.place.region, "global"],
            "eventStatusCodes": ["open"],
            "eventTypeCategories": ["issue"],
        }
    )
    found = (event for page in pages for event in page["events"])
    return tuple(
        Event(service=event.get("service", ""), code=event.get("eventTypeCode", ""), started_at=event.get("startTime"))
        for event in islice(found, MOST)
    )

"""AWS Health: what AWS itself says is wrong in a Region.

Only accounts with a Business support plan (or better) may ask. It answers in us-east-1 only, and a function's boundary keeps
it to its own Region; so one that lives elsewhere does not ask at all.
"""

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct

from remediation.core.errors import AwsError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

NO_PLAN = "SubscriptionRequiredException"
"""The code of the answer to an account without such a plan."""
HOME = "us-east-1"
MOST = 20


class Event(Struct, frozen=True, kw_only=True):
    """An issue that AWS has opened and not closed. `code` is AWS's own, such as AWS_EC2_OPERATIONAL_ISSUE."""

    service: str
    code: str
    started_at: datetime | None = None


def open_issues(aws: "Clients") -> tuple[Event, ...]:
    """Return the issues that are open in this Region, or everywhere. Raises AwsError."""
    if aws.place.region != HOME:
        sentence = f"It answers in {HOME} only, and this function is kept to {aws.place.region}."
        raise AwsError(sentence, operation="health:DescribeEvents", code="WrongRegion")
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

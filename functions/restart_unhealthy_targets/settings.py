"""What differs between environments, and the incident: which target group it is about."""

import re
from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct

from remediation.core.spec import Place

_ARN = r"arn:aws[a-z-]*:elasticloadbalancing:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):"
_TARGET_GROUP = re.compile(
    rf"\A(({_ARN})?targetgroup/(?P<name>[A-Za-z0-9-]{{1,32}})/(?P<id>[0-9a-f]{{16}})|(?P<bare>[A-Za-z0-9-]{{1,32}}))\Z"
)


class Settings(Struct, frozen=True, kw_only=True):
    """The defaults are those of StartTech's `dev` (FACTS.md, section 1), and of HAZARDS.md, section 1.1."""

    target_group: str = "targetgroup/dev-backend-tg-v2/50dc6c495c0c9188"
    """Exactly the group that our own alarm watches, as CloudWatch names it in a dimension."""
    target_groups: str = "dev-backend-tg"
    """How the names of the environment's target groups start: any other group is none of our business."""
    load_balancer: str = "app/dev-alb-v2/50dc6c495c0c9188"
    asg: str = "dev-backend-asg"
    container: str = "backend"
    """The name given to `docker run --name` (user_data.sh)."""
    ping_path: str = "/ping"
    """A path of the application that needs neither MongoDB nor Redis: what answers there may still serve."""

    warm_up: timedelta = timedelta(seconds=30)
    """From `docker restart` until the application can answer (estimated: connecting to MongoDB and Redis)."""
    grace_at_least: timedelta = timedelta(seconds=300)
    """Hazard R5: an instance younger than this, or than the group's own grace period, is left alone."""
    max_unhealthy_fraction: float = 0.34
    """Hazard R1: beyond this, rounded down, it is not one bad instance but something that all have in common."""
    replacements: int = 3
    replaced_within: timedelta = timedelta(minutes=30)
    """Hazard R3: so many replacements by the Auto Scaling group within this long are a loop."""
    deploy_suspect_for: timedelta = timedelta(minutes=30)
    """Hazard R9: more than one target turning unhealthy so soon after a change is the change's doing."""
    answer_within: timedelta = timedelta(seconds=20)
    """How long an instance may take to answer an inspection (the script takes at most about as long)."""
    act_within: timedelta = timedelta(seconds=13)
    """How long to wait for a restart's answer: `docker restart -t 10` and a margin. The next look tells, if not."""


class Incident(Struct, frozen=True, kw_only=True):
    """Which target group: its ARN, `targetgroup/<name>/<id>` as in an alarm's dimension, or its name."""

    target_group: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9:/-]{1,256}\Z")]


def scope(incident: Incident, settings: Settings, place: Place) -> str | None:
    """Say why a target group is not this environment's, if it is not."""
    found = _TARGET_GROUP.match(incident.target_group)
    if not found:
        return f"{incident.target_group!r} is neither a target group's ARN, nor `targetgroup/<name>/<id>`, nor a name"
    for what, ours in (("account", place.account), ("region", place.region)):
        if found[what] and found[what] != ours:
            return f"the target group {incident.target_group} is in {what} {found[what]}, not in {ours}"
    name = found["name"] or found["bare"]
    if not name.startswith(settings.target_groups):
        return f"the target group {name!r} is not one of {settings.target_groups}*"
    return None


def located(incident: Incident, place: Place) -> tuple[str, str]:
    """Return the target group's ARN or else its name; one of them is empty."""
    found = _TARGET_GROUP.match(incident.target_group)
    assert found is not None, "scope has let it pass"
    if found["bare"]:
        return "", found["bare"]
    path = f"targetgroup/{found['name']}/{found['id']}"
    return f"arn:aws:elasticloadbalancing:{place.region}:{place.account}:{path}", ""

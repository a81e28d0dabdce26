"""What a snapshot of ours is called: by cache and minute, so that who tries again meets what was made before.

Rules of ElastiCache: letters, digits and hyphens, beginning with a letter, no two hyphens in a row, none at the end; we keep it
to 40 characters (HAZARDS S6).
"""

import re
from datetime import datetime

from remediation.aws.snapshots import PREFIX, Snapshot
from remediation.core.spec import Place

LONGEST = 40
_MINUTE = "%Y%m%d%H%M"


def name_of(cache: str, at: datetime) -> str:
    """Return the name of the snapshot of a cache that is taken in this minute."""
    when = f"-{at:{_MINUTE}}"
    return f"{PREFIX}{cache}"[: LONGEST - len(when)].rstrip("-") + when


def sound(name: str) -> bool:
    """Tell whether ElastiCache takes it."""
    return len(name) <= LONGEST and bool(re.fullmatch(r"[a-z](?:-?[a-z0-9])*", name))


def arn(place: Place, snapshot: Snapshot) -> str:
    """Return the ARN of a snapshot."""
    kind = "serverlesscachesnapshot" if snapshot.serverless else "snapshot"
    return f"arn:aws:elasticache:{place.region}:{place.account}:{kind}:{snapshot.name}"

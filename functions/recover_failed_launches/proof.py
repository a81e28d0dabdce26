"""Whether an instance that serves proves that its version works: that depends on what the version is blamed for.

One that serves was launched. So where launches fail it proves its version at once, and where instances die once it has outlived
those. What is gone now is gone for the next launch, whatever was launched lately.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import assert_never

from recover_failed_launches.causes import PASSING
from recover_failed_launches.facts import Blame, Died
from recover_failed_launches.settings import Settings
from remediation.aws.launches import Group, Source


def short_lived(found: Iterable[Died], settings: Settings, now: datetime) -> tuple[Died, ...]:
    """Return the instances that came up lately and never served for long, the last to end first."""
    newest = sorted(found, key=lambda each: each.ended_at, reverse=True)
    return tuple(
        each for each in newest if now - each.ended_at <= settings.recent and each.lived <= settings.dies_within
    )


def deaths(found: Iterable[Died], settings: Settings, now: datetime) -> tuple[Died, ...]:
    """Return those of them that died: what EC2 took back, as it does with Spot instances, was not ill."""
    return tuple(each for each in short_lived(found, settings, now) if each.cause not in PASSING)


def proves_after(blame: Blame, bad: Source, dead: Iterable[Died], settings: Settings) -> timedelta:
    """Return how long an instance of a version that is blamed has to live until it proves that the version works."""
    match blame:
        case "gone":
            return settings.dies_within
        case "dies":
            return max((each.lived for each in dead if each.source == bad), default=timedelta(0))
        case "fails":
            return timedelta(0)
        case _:
            assert_never(blame)


def serving_longer(group: Group, source: Source, launched: Mapping[str, datetime], before: datetime) -> tuple[str, ...]:
    """Return the members that serve with a version and were launched before then, as all were whose launch is not known."""
    return tuple(
        each.id
        for each in group.members
        if each.serves and each.source == source and (each.id not in launched or launched[each.id] < before)
    )

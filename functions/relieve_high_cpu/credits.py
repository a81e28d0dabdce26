"""CPU credits: who has none, and whom that slows down.

The rule of the domain: in `standard` mode an instance without credits is brought down to the baseline of its type within
minutes, so one that has far too much to do is at 20 % (a t3.medium). In `unlimited` mode, T3's default, nothing is slowed down:
it costs more. An idle instance may have no credits either; its CPU is below its baseline.
"""

from datetime import datetime, timedelta

from relieve_high_cpu.facts import Instance
from relieve_high_cpu.settings import Settings
from remediation.aws.load import Points

EARNED = timedelta(hours=1)
"""So old an instance has to be for its CPU credits to say something: it earns them hour by hour."""
UNLIMITED = "unlimited"
NEARLY = 0.9
"""Of its baseline, at which an instance that is held there may be: CloudWatch's values are means."""
_SIZES = {"nano": 5.0, "micro": 10.0, "small": 20.0, "medium": 20.0, "large": 30.0, "xlarge": 40.0, "2xlarge": 40.0}
BASELINES = {f"{family}.{size}": percent for family in ("t2", "t3", "t3a", "t4g") for size, percent in _SIZES.items()}
BASELINES |= {"t2.xlarge": 22.5, "t2.2xlarge": 17.0}
"""Percent of CPU that a type may use for as long as it likes (EC2's user guide, burstable performance instances)."""


def poor(instance: Instance, settings: Settings, now: datetime) -> bool:
    """Tell whether an instance has used up its credits, unless that does not matter to it."""
    left, born = instance.credits, instance.launched_at
    gone = left is not None and left < settings.credits_gone
    return gone and instance.credit_mode != UNLIMITED and born is not None and born <= now - EARNED


def held(instance: Instance, cpu: Points, settings: Settings, *, loaded: bool | None) -> bool:
    """Tell whether an instance without credits has as much to do as it may, or more.

    Where its mode is not known and it is hot, nothing holds it. Where its baseline is not known: it was hot lately, and there are
    as many requests as then.
    """
    if not cpu or (not instance.credit_mode and cpu[-1].value >= settings.hot):
        return False
    if instance.type in BASELINES:
        return cpu[-1].value >= NEARLY * BASELINES[instance.type]
    return bool(loaded) and any(point.value >= settings.hot for point in cpu[-settings.evaluate :])

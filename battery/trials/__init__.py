"""The trials, in the order of HAZARDS.md, section 4."""

from battery.trial import Trial
from battery.trials import (
    blast,
    clocks,
    crashes,
    day,
    duplicates,
    events,
    failures,
    fuzz,
    observed,
    suites,
    switch,
)

TRIALS: tuple[Trial, ...] = (
    events.TRIAL,
    crashes.TRIAL,
    duplicates.TRIAL,
    failures.TRIAL,
    fuzz.TRIAL,
    suites.PERMISSIONS,
    blast.TRIAL,
    suites.CANARIES,
    clocks.TRIAL,
    day.TRIAL,
    switch.TRIAL,
    observed.TRIAL,
)

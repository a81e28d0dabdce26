"""Cheap reasons not to go on, each its own function and each with its own sentence.

`ignored` means that the event is not about something to heal here; `refused` that a guard said no to an event that
otherwise would have been handled. A gate that cannot be read refuses. The gates that need a transaction (duplicate,
lease, cooldown) are the ledger's admission, right before the act.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import ceil
from typing import Literal

from msgspec import Struct

from remediation.core.deployment import Deployment
from remediation.core.incident import Recovery
from remediation.core.spec import Mode
from remediation.core.triggers import AlarmRaised, AlarmState, AsgEvent, Invoked, Trigger
from remediation.core.watched import scales_in

LARGEST_AGE = timedelta(seconds=300)
LARGEST_SKEW = timedelta(seconds=120)


class Refusal(Struct, frozen=True, kw_only=True, tag="refusal"):
    """A gate's no. `team`, `incident` and `recovery` say whose it is, and when it is over, where that is not the run's own."""

    gate: str
    because: str
    status: Literal["ignored", "refused"] = "refused"
    team: str = ""
    incident: str = ""
    recovery: Recovery | None = None


class LiveAlarm(Struct, frozen=True, kw_only=True, tag="live"):
    """The alarm as CloudWatch describes it now. `exists` is False where it was deleted since."""

    exists: bool
    state: AlarmState = "INSUFFICIENT_DATA"
    transitioned_at: datetime | None = None
    actions_enabled: bool = False

    @property
    def over(self) -> bool:
        """Tell whether what it warned of is over. To have no data is not to be well."""
        return not self.exists or self.state == "OK"


def before_looking(trigger: Trigger, deployment: Deployment, now: datetime) -> Refusal | None:
    """Return the first no of the gates that need nothing but the event, the deployment and the time."""
    return next(_offline(trigger, deployment, now), None)


def _offline(trigger: Trigger, deployment: Deployment, now: datetime) -> Iterator[Refusal]:
    gates = [state(trigger), replayed(trigger), muted(trigger), suppressed(trigger), scope(trigger, deployment)]
    gates += [quiet(trigger, deployment), freshness(trigger, now), mode(deployment.mode)]
    yield from (refusal for refusal in gates if refusal is not None)


def state(trigger: Trigger) -> Refusal | None:
    """Let pass only what just went into ALARM."""
    if not isinstance(trigger, AlarmRaised):
        return None
    if trigger.state != "ALARM":
        return _ignore("state", f"The alarm {trigger.alarm!r} went to {trigger.state}; only ALARM is acted on.")
    if trigger.previous_state == "ALARM":
        return _ignore("state", f"The alarm {trigger.alarm!r} already was in ALARM; nothing new happened.")
    return None


def replayed(trigger: Trigger) -> Refusal | None:
    """Stop events that an EventBridge archive replays: they are history."""
    if isinstance(trigger, Invoked) or not trigger.replay:
        return None
    return _refuse("replayed", f"The event is replayed from an archive ({trigger.replay}).")


def muted(trigger: Trigger) -> Refusal | None:
    """Respect a mute rule: EventBridge delivers the state changes of muted alarms all the same."""
    if isinstance(trigger, AlarmRaised) and trigger.muted:
        return _refuse("muted", f"The alarm {trigger.alarm!r} is muted.")
    return None


def suppressed(trigger: Trigger) -> Refusal | None:
    """Respect a composite alarm's suppressor."""
    if isinstance(trigger, AlarmRaised) and trigger.suppressed:
        return _refuse("suppressed", f"The actions of the alarm {trigger.alarm!r} are suppressed by another alarm.")
    return None


def scope(trigger: Trigger, deployment: Deployment) -> Refusal | None:
    """Let pass only this account and region; names of resources are the runbook's own scope."""
    if isinstance(trigger, Invoked):
        return None
    place = deployment.place
    if (trigger.account, trigger.region) == (place.account, place.region):
        return None
    theirs = f"account {trigger.account or 'unknown'}, region {trigger.region or 'unknown'}"
    return _ignore("scope", f"The event is from {theirs}; {place.environment} is {place.account}, {place.region}.")


def quiet(trigger: Trigger, deployment: Deployment) -> Refusal | None:
    """Stop alarms for which ALARM is normal, such as a scale-in policy's: its metric may be one that a runbook answers."""
    if not isinstance(trigger, AlarmRaised):
        return None
    if trigger.alarm in deployment.watched.quiet_alarms:
        return _ignore("quiet", f"ALARM is normal for the alarm {trigger.alarm!r} (quiet_alarms).")
    if scales_in(trigger.alarm):
        return _ignore("quiet", f"ALARM is normal for the alarm {trigger.alarm!r}: it is how a policy scales in.")
    return None


def freshness(trigger: Trigger, now: datetime) -> Refusal | None:
    """Stop what comes late (EventBridge and Lambda's queue together can deliver after 30 hours) or from the future.

    A transition that the sweep offers again may be old; what it sent may not, and the live alarm has the last word.
    """
    if isinstance(trigger, Invoked):
        return None
    if trigger.sent_at is None:
        return _refuse("freshness", "The event does not say when it was sent.")
    instants = [trigger.sent_at]
    if isinstance(trigger, AlarmRaised):
        instants.append(trigger.transitioned_at)
    swept = isinstance(trigger, AlarmRaised) and trigger.swept
    age, ahead = now - (trigger.sent_at if swept else min(instants)), max(instants) - now
    if age > LARGEST_AGE:
        return _refuse(
            "freshness", f"The event is {_seconds(age)} s old; at most {_seconds(LARGEST_AGE)} s are acted on."
        )
    if ahead > LARGEST_SKEW:
        return _refuse("freshness", f"The event is from {_seconds(ahead)} s in the future.")
    return None


def mode(mode: Mode) -> Refusal | None:
    """Stop everything while the mode is off."""
    return _refuse("mode", "The mode is off.") if mode == "off" else None


def live_alarm(trigger: AlarmRaised, live: LiveAlarm) -> Refusal | None:
    """Let pass only if the alarm still is in the very transition that the event told of."""
    if not live.exists:
        return _refuse("live alarm", f"The alarm {trigger.alarm!r} does not exist any more.")
    if not live.actions_enabled:
        return _refuse("actions disabled", f"The actions of the alarm {trigger.alarm!r} are disabled.")
    if live.state != "ALARM":
        return _refuse("live alarm", f"The alarm {trigger.alarm!r} is {live.state} by now.")
    if live.transitioned_at is None or _milliseconds(live.transitioned_at) != _milliseconds(trigger.transitioned_at):
        since = live.transitioned_at.isoformat() if live.transitioned_at else "an unknown time"
        return _refuse("live alarm", f"The alarm {trigger.alarm!r} has changed since: it is in ALARM since {since}.")
    return None


def effective_mode(trigger: Trigger, deployment: Deployment) -> Mode:
    """Return the mode for this trigger: a drill never acts unless the environment's config says so."""
    drill = isinstance(trigger, AlarmRaised | AsgEvent) and trigger.drill
    return "observe" if drill and not deployment.drills_act and deployment.mode == "act" else deployment.mode


def _milliseconds(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)


def _seconds(age: timedelta) -> int:
    return ceil(age.total_seconds())


def _ignore(gate: str, because: str) -> Refusal:
    return Refusal(gate=gate, because=because, status="ignored")


def _refuse(gate: str, because: str) -> Refusal:
    return Refusal(gate=gate, because=because)

"""Which policy takes back a size that somebody asks for.

The rule of the domain: a policy acts for as long as its alarm is on, whoever set the size. An alarm on low CPU is on in every
quiet hour (FACTS.md, section 1), so a group that is made larger ahead of its load is smaller again some minutes later, unless
its minimum holds it.
"""

from collections.abc import Iterator

from msgspec import Struct

from remediation.aws.autoscaling import Group
from remediation.aws.scaling import Policy
from scale_service.facts import Facts


class Undone(Struct, frozen=True, kw_only=True):
    """A size does not stay: why, and what keeps it, as parts of a sentence; and `step`, the line for Terraform."""

    because: str
    keep: str
    step: str


def undone(facts: Facts, group: Group, *, before: int, to: int) -> Undone | None:
    """Return why the group does not keep the size `to`, if it had the size `before`; None if nothing is known to change it."""
    if to == before or "AlarmNotification" in group.suspended:
        return None
    limit, value, verb = ("min_size", group.min_size, "raise") if to > before else ("max_size", group.max_size, "lower")
    if to == value:
        return None
    called = next(_called(facts, larger=to > before, size=to), None)
    if called is None:
        return None
    policy, alarm = called
    return Undone(
        because=f"{policy.name} follows {alarm}, which is in ALARM: it takes it back",
        keep=f"{verb} {limit} in terraform.tfvars to keep it",
        step=f"In terraform.tfvars: {limit} = {to} (was {value}), then `terraform apply`.",
    )


def _called(facts: Facts, *, larger: bool, size: int) -> Iterator[tuple[Policy, str]]:
    """Yield the policies that are called the other way, each with the alarm that calls it."""
    on = {alarm.name for alarm in facts.alarms if alarm.state == "ALARM" and alarm.actions_enabled}
    for policy in facts.policies:
        opposes = policy.takes_from(size) if larger else policy.adds_to(size)
        follows = policy.lows if larger and policy.tracks else policy.alarms
        if policy.enabled and opposes:
            yield from ((policy, alarm) for alarm in follows if alarm in on)

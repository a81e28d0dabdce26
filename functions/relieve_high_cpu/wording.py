"""What a person is told: the evidence, the exact commands to go on with, and what Terraform owns."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from relieve_high_cpu.case import Case
from relieve_high_cpu.credits import UNLIMITED
from relieve_high_cpu.facts import Instance
from remediation.aws.group_commands import GroupCommands
from remediation.aws.load import Points
from remediation.aws.scaling import IN_SERVICE, Policy

HOURS_A_MONTH = 730
_TOLD = 3
"""Instances that are named, or whose processes are told; the facts hold more."""
_MODES = {
    "standard": "slowed down to what it earns",
    UNLIMITED: "not slowed down, but what it uses beyond what it earns is charged",
}


def evidence(case: Case) -> tuple[str, ...]:
    """Return what was seen, a line each."""
    return tuple(_evidence(case))


def _evidence(case: Case) -> Iterator[str]:
    facts, group = case.facts, case.group
    yield f"{group.name} wants {group.desired} instances ({group.min_size} to {group.max_size}), {case.in_service} are in service."
    if facts.group_cpu:
        yield f"CPU of {group.name}: {_values(facts.group_cpu)}"
    yield from (described(each, case) for each in facts.instances)
    if facts.healthy is not None:
        yield f"Healthy targets: {case.in_service - len(case.unwell)} of {case.in_service} in service."
    requests = facts.requests
    yield f"Requests per target in {minutes(case.settings.period)} minutes: {_number(requests.now)}, as a rule {_number(requests.usual)}."
    yield f"Healthy instances as a rule in 24 hours: {_number(facts.usual_hosts, 1)}."
    for each in (*facts.databases, *facts.caches):
        yield f"{each.name}: {'unknown' if each.used is None else f'{each.used:.0%} used'}."
    for policy in facts.policies:
        if policy in case.outward:
            yield f"Policy {policy.name} ({policy.kind}): {case.broken(policy) or 'works'}."
        else:
            yield f"Policy {policy.name} ({policy.kind}) does not make the group larger when it is busy."
    yield from (f"{group.name} is at work: {doing}." for doing in case.doing)
    yield from (f"{asked.at:%H:%M} UTC: {asked.to} instances instead of {asked.from_} were asked for." for asked in facts.history.asked)  # fmt: skip
    if facts.change:
        yield f"Last deploy: {facts.change.what} at {facts.change.at:%Y-%m-%d %H:%M} UTC."
    for instance in [each for each in facts.instances if each.busy][:_TOLD]:
        yield from (f"{instance.id} {line}" for line in instance.busy)
    yield from (f"{each.id} says nothing of its processes: {each.unanswered}." for each in facts.instances if each.unanswered)  # fmt: skip


def described(instance: Instance, case: Case) -> str:
    """Return what is known of one instance."""
    age = "" if instance in case.heat.mature or instance.lifecycle != IN_SERVICE else ", warming up"
    unwell = ", no healthy target" if instance in case.unwell else ""
    left = "" if instance.credits is None else f", {instance.credits:.0f} CPU credits left"
    mode = f" ({instance.credit_mode}: {_MODES[instance.credit_mode]})" if instance.credit_mode in _MODES else ""
    kind = f" ({instance.type})" if instance.type else ""
    return f"{instance.id}{kind} is {instance.lifecycle}{age}{unwell}: CPU {_values(instance.cpu) or 'unknown'}{left}{mode}"


def _values(points: Points) -> str:
    return " ".join(f"{point.value:.0f}%" for point in points[-6:])


def _number(value: float | None, digits: int = 0) -> str:
    return "unknown" if value is None else f"{value:.{digits}f}"


def hot_now(case: Case) -> str:
    """Say how busy the group is."""
    return f"CPU of {case.group.name} is {case.heat.cpu[-1].value:.0f}%"


def named(instances: Sequence[Instance]) -> str:
    """Name instances; of many the first ones, and how many more there are."""
    ids, more = ", ".join(each.id for each in instances[:_TOLD]), len(instances) - _TOLD
    return f"{ids} and {more} more" if more > 0 else ids


def minutes(span: timedelta) -> int:
    """Return whole minutes."""
    return round(span.total_seconds() / 60)


def last_deploy(case: Case) -> str:
    """Name the last deploy."""
    change = case.facts.change
    return f"{change.what} at {change.at:%Y-%m-%d %H:%M} UTC" if change else "unknown"


def slowed_down(case: Case) -> str:
    """Say whose CPU credits are gone, and what that does."""
    modes = sorted({each.credit_mode or "unknown" for each in case.slowed})
    they = "it is" if len(case.slowed) == 1 else "they are"
    unless = "" if modes == ["standard"] else " unless that is unlimited"
    return f"the CPU credits of {named(case.slowed)} are gone (mode: {', '.join(modes)}), so {they} slowed down{unless}"


def other_types(case: Case) -> tuple[str, ...]:
    """Return the types of the instances that are not the one in the settings."""
    return tuple(sorted({each.type for each in case.facts.instances if each.type} - {case.settings.instance_type}))


def cost(case: Case) -> str:
    """Say what the next size of instance costs, by the prices in the settings: prices age."""
    settings, number = case.settings, case.number
    if others := other_types(case):
        return (
            f"What the next size costs is not known: the instances are {', '.join(others)}, and the setting "
            f"`instance_type` is {settings.instance_type}."
        )
    if not settings.next_hourly or not settings.hourly:
        return f"The next size is {settings.next_type}; what it costs is not configured (settings `hourly`, `next_hourly`)."
    more = (settings.next_hourly - settings.hourly) * HOURS_A_MONTH * number
    instances = "1 instance" if number == 1 else f"{number} instances"
    return (
        f"The next size, {settings.next_type}, costs about {settings.next_hourly:.4f} $ per hour and instance instead of "
        f"{settings.hourly:.4f} $ ({settings.instance_type}): for {instances} about {more:.0f} $ more a month."
    )


class Commands(GroupCommands):
    """Exact commands for a person, for the case; and lines for Terraform."""

    def __init__(self, case: Case) -> None:
        super().__init__(case.settings.asg, case.facts.place.region)
        self._case = case

    def register(self, instances: Sequence[Instance]) -> str:
        """Have the load balancer send requests to instances."""
        targets = self._case.settings.targets(self._case.facts.place)
        return self._aws(
            f"elbv2 register-targets --target-group-arn {targets} --targets {' '.join(f'Id={each.id}' for each in instances)}"
        )

    def larger(self, size: int) -> str:
        """Have the group made larger by hand, by the rules."""
        environment = self._case.facts.place.environment
        return f"remedy invoke scale-service --set desired={size} --env {environment}  # a plan, until you add --apply"

    def heal(self) -> str:
        """Have instances healed that are no healthy targets."""
        group, environment = self._case.settings.target_group.split("/")[1], self._case.facts.place.environment
        return f"remedy invoke restart-unhealthy-targets --target {group} --env {environment}  # a plan, until you add --apply"

    def room(self, size: int = 0) -> str:
        """Let the group have more instances, at least so many."""
        group = self._case.group
        size = max(size, group.max_size + max(1, group.max_size // 4))
        return (
            f"In terraform.tfvars: max_size = {size} (was {group.max_size}), if the database and the cache can take it."
        )

    def bigger(self, *, more: bool = True) -> tuple[str, ...]:
        """Give the group larger instances; if `more`, also more of them, or a policy that takes larger steps: all are Terraform's."""
        settings, others = self._case.settings, other_types(self._case)
        apply = "then `terraform apply`; by hand it would be drift"
        larger = (
            f'In terraform.tfvars: instance_type = "{settings.next_type}" (was "{settings.instance_type}"), {apply}.'
        )
        if others:
            larger = f"In terraform.tfvars: instance_type = the size after {', '.join(others)}, {apply}."
        return (larger, self.room(), *map(_larger_steps, self._policies())) if more else (larger,)

    def unlimited(self) -> tuple[str, ...]:
        """Have no instance slowed down: those that are there at once, and those that are launched later by Terraform."""
        now = (
            f"ec2 modify-instance-credit-specification --instance-credit-specifications InstanceId={each.id},CpuCredits=unlimited"
            for each in self._case.slowed[:_TOLD]
        )
        later = (
            'In Terraform, the launch template: credit_specification { cpu_credits = "unlimited" }, then an instance refresh: it '
            "holds for what is launched after that; what is used beyond what is earned is charged."
        )
        return (*map(self._aws, now), later)

    def _policies(self) -> tuple[Policy, ...]:
        return tuple(policy for policy in self._case.outward if policy.adjustment is not None)


def _larger_steps(policy: Policy) -> str:
    """Say which line makes a policy add more, in the unit of its adjustment."""
    if policy.adjustment_type == "ChangeInCapacity" and policy.adjustment is not None:
        line = f"scaling_adjustment = {policy.adjustment + 1} (was {policy.adjustment})"
    else:
        line = f"a larger scaling_adjustment than {policy.adjustment} ({policy.adjustment_type})"
    return f"In Terraform, the policy {policy.name}: {line}; the threshold is on its alarm."

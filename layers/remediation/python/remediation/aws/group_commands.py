"""What a person is told of an Auto Scaling group: exact commands to go on with, and what Terraform owns."""

from collections.abc import Sequence


class GroupCommands:
    """Exact commands about one group, in its region."""

    def __init__(self, group: str, region: str) -> None:
        self._group, self._region = group, region

    def _aws(self, command: str) -> str:
        return f"aws {command} --region {self._region}"

    def activities(self) -> str:
        """See what the group did, and why."""
        return self._aws(
            f"autoscaling describe-scaling-activities --auto-scaling-group-name {self._group} --max-items 20"
        )

    def policies(self) -> str:
        """See what scales it by itself."""
        return self._aws(f"autoscaling describe-policies --auto-scaling-group-name {self._group}")

    def refreshes(self) -> str:
        """See what was deployed."""
        return self._aws(
            f"autoscaling describe-instance-refreshes --auto-scaling-group-name {self._group} --max-records 5"
        )

    def resume(self, processes: Sequence[str]) -> str:
        """Let the group do again what was suspended."""
        return self._aws(
            f"autoscaling resume-processes --auto-scaling-group-name {self._group} --scaling-processes {' '.join(processes)}"
        )

    def unprotect(self, ids: Sequence[str]) -> str:
        """Let instances go when the group is made smaller."""
        return self._aws(
            f"autoscaling set-instance-protection --auto-scaling-group-name {self._group} --instance-ids {' '.join(ids)} "
            "--no-protected-from-scale-in"
        )

    def replace(self, instance: str) -> str:
        """Have the group replace an instance."""
        return self._aws(
            f"autoscaling set-instance-health --instance-id {instance} --health-status Unhealthy --should-respect-grace-period"
        )

    def shell(self, instance: str) -> str:
        """Get onto an instance."""
        return self._aws(f"ssm start-session --target {instance}")


def count(number: int) -> str:
    """Say how many instances are something: the begin of a sentence."""
    return "1 instance is" if number == 1 else f"{number} instances are"


def suspended(processes: Sequence[str]) -> str:
    """Say that processes of a group are suspended."""
    return f"{' and '.join(processes)} {'is' if len(processes) == 1 else 'are'} suspended"


def reverted(group: str, *, before: int, to: int) -> str:
    """Say what Terraform reverts of another size."""
    return (
        f"Terraform owns the size of {group}: the next `terraform apply` sets it back, unless terraform.tfvars says "
        f"`desired_capacity = {to}` (was {before})."
    )

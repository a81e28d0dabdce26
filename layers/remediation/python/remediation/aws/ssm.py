"""Systems Manager: which instances can be reached, and what a command document of ours answered on them.

The rule of the domain: SendCommand has no client token, so it is sent once (`aws.acting`), also where the document only
looks. Only documents of our own are sent, with parameters that their patterns admit.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from remediation.core.errors import AwsError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

MOST = 50
"""Instances that one SendCommand takes by their ids."""
UNFINISHED = frozenset({"Pending", "InProgress", "Delayed", "Cancelling"})
_POLL = timedelta(seconds=1)


class Answer(Struct, frozen=True, kw_only=True):
    """What a command answered on one instance. `status` is SSM's own word; output is cut at 24,000 characters."""

    instance: str
    status: str
    output: str = ""
    error: str = ""

    @property
    def finished(self) -> bool:
        """Tell whether it came to an end, whatever end."""
        return self.status not in UNFINISHED


def online(aws: "Clients", instances: tuple[str, ...]) -> frozenset[str]:
    """Return those of these instances whose agent is in contact with Systems Manager."""
    if not instances:
        return frozenset()
    pages = aws.ssm.get_paginator("describe_instance_information").paginate(
        Filters=[{"Key": "InstanceIds", "Values": list(instances)}]
    )
    return frozenset(
        known["InstanceId"]
        for page in pages
        for known in page["InstanceInformationList"]
        if known["PingStatus"] == "Online"
    )


def send(
    aws: "Clients", document: str, instances: tuple[str, ...], parameters: Mapping[str, str], *, comment: str
) -> str:
    """Start a document on 1 to 50 instances and return the command's id. It expires if not taken up within 30 s."""
    if not 1 <= len(instances) <= MOST:
        raise ValueError(f"A command is for 1 to {MOST} instances, not for {len(instances)}")
    answer = aws.acting.ssm.send_command(
        DocumentName=document,
        InstanceIds=list(instances),
        Parameters={name: [value] for name, value in parameters.items()},
        TimeoutSeconds=30,
        Comment=comment[:100],
    )
    return answer["Command"]["CommandId"]


def answers(aws: "Clients", command: str, instances: tuple[str, ...], *, within: timedelta) -> dict[str, Answer]:
    """Collect a command's answers, by instance. What has not answered `within` is returned unfinished.

    The instances work at the same time, so once one has used up the time the others get no more of it.
    """
    collected: dict[str, Answer] = {}
    for instance in instances:
        late = any(not answer.finished for answer in collected.values())
        collected[instance] = _answer(aws, command, instance, timedelta(0) if late else within)
    return collected


def _answer(aws: "Clients", command: str, instance: str, within: timedelta) -> Answer:
    from botocore.exceptions import WaiterError  # noqa: PLC0415 - at hand once there is a client, and not before
    from botocore.waiter import SingleWaiterConfig, Waiter  # noqa: PLC0415 - likewise

    last = Answer(instance=instance, status="Pending")

    def ask() -> dict[str, Any]:
        nonlocal last
        try:
            found = aws.ssm.get_command_invocation(CommandId=command, InstanceId=instance)
        except AwsError as error:
            if error.code != "InvocationDoesNotExist":  # not yet
                raise
        else:
            last = Answer(
                instance=instance,
                status=found["Status"],
                output=found.get("StandardOutputContent", ""),
                error=found.get("StandardErrorContent", ""),
            )
        return {"Finished": last.finished}

    finished = {"matcher": "path", "argument": "Finished", "expected": True, "state": "success"}
    pace = {"operation": "GetCommandInvocation", "delay": 1, "maxAttempts": max(1, within // _POLL)}
    config: Any = SingleWaiterConfig({**pace, "acceptors": [finished]})  # botocore-stubs take it for a mapping
    with suppress(WaiterError):  # it was asked often enough
        Waiter("CommandFinished", config, ask).wait()
    return last

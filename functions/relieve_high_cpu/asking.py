"""Ask busy instances what they do. It is evidence and no more: what Systems Manager does not answer is said, and stops nothing."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from relieve_high_cpu.documents import SHOW_LOAD
from relieve_high_cpu.facts import Instance
from relieve_high_cpu.settings import Settings
from remediation.aws import ssm
from remediation.core.errors import AwsError
from remediation.core.redact import redact

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

_LINES, _LINE = 8, 120
"""What is kept of an instance's answer: the facts of a group have to fit into one checkpoint (256 KB)."""


class Asked(Struct, frozen=True, kw_only=True):
    """A command on its way, or why there is none."""

    command: str = ""
    instances: tuple[str, ...] = ()
    failed: str = ""


def ask(aws: "Clients", settings: Settings, busy: tuple[str, ...]) -> Asked:
    """Ask those that Systems Manager reaches; they answer while others are looked at."""
    document, lines = aws.place.name(SHOW_LOAD.name), {"Lines": str(_LINES // 2)}
    try:
        online = ssm.online(aws, busy)
        asked = tuple(id_ for id_ in busy if id_ in online)
        command = ssm.send(aws, document, asked, lines, comment=f"{settings.asg} is busy: look") if asked else ""
    except AwsError as error:
        return Asked(failed=str(error))
    return Asked(command=command, instances=asked)


def told(aws: "Clients", settings: Settings, asked: Asked, busy: tuple[Instance, ...]) -> tuple[Instance, ...]:
    """Return the busy instances with what they answered, or why they did not."""
    failed, answers = asked.failed, dict[str, ssm.Answer]()
    if asked.command:
        try:
            answers = ssm.answers(aws, asked.command, asked.instances, within=settings.answer_within)
        except AwsError as error:
            failed = str(error)
    return tuple(_told(each, answers, failed or "Systems Manager does not reach it") for each in busy)


def _told(instance: Instance, answers: Mapping[str, ssm.Answer], otherwise: str) -> Instance:
    answer = answers.get(instance.id)
    if answer is None:
        return msgspec.structs.replace(instance, unanswered=redact(otherwise)[:_LINE].rstrip("."))
    if answer.status != "Success":
        return msgspec.structs.replace(instance, unanswered=f"its answer is {answer.status}")
    lines = [line.strip()[:_LINE] for line in redact(answer.output).splitlines() if line.strip()]
    return msgspec.structs.replace(instance, busy=tuple(lines[: _LINES + 1]))

"""The composition root of the writer: what its room is turned into a Lambda handler with."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from remediation.adapters.clients import Clients
from remediation.adapters.environment import from_environment
from remediation.adapters.logs import logger
from remediation.atlas.asking import Answered
from remediation.atlas.client import Atlas, atlas
from remediation.aws.egress import egress
from remediation.core.atlas import Writing
from remediation.core.deployment import DEPLOYMENT, SETTINGS, Deployment
from remediation.core.redact import redacted
from remediation.core.spec import Mode


class Answers(Protocol):
    """A writer: it does what it is asked for, or says why not."""

    def answer(self, event: object) -> Answered:
        """Return what became of it."""


class Makes(Protocol):
    """How the room makes its writer."""

    def __call__(
        self,
        *,
        mode: Mode,
        atlas: Callable[[], Atlas],
        egress: Callable[[], frozenset[str]],
        clock: Callable[[], datetime],
    ) -> Answers:
        """Make it, once per process."""


def writer_handler(makes: Makes) -> Callable[[Any, Any], Any]:
    """Return the handler of the writer's function. Raises MisconfiguredError."""
    deployment = from_environment(DEPLOYMENT, Deployment)
    writing = from_environment(SETTINGS, Writing)
    aws, log = Clients(deployment.place), logger()
    aws.prepare(reads=("ec2", "secretsmanager"))
    writer = makes(
        mode=deployment.mode,
        atlas=lambda: atlas(aws, writing.secret, writing.project),
        egress=lambda: egress(aws, writing.subnets),
        clock=lambda: datetime.now(UTC),
    )

    def handle(event: object, _: object) -> object:
        asked = redacted(event)
        log.info("Asked to write to Atlas.", extra={"asked": asked})
        answer = redacted(msgspec.to_builtins(writer.answer(event)))
        log.info("Answered.", extra={"asked": asked, "answered": answer})
        return answer

    return handle

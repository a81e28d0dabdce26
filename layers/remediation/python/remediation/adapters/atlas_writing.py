"""The composition root of the writer: what its room is turned into a Lambda handler with."""

from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Protocol

import msgspec

from remediation.adapters.clients import Clients
from remediation.adapters.environment import from_environment
from remediation.adapters.logs import logger
from remediation.atlas.asking import WORKS, Answered
from remediation.atlas.client import Atlas, atlas
from remediation.atlas.transport import ending
from remediation.aws.egress import egress
from remediation.core.atlas import Writing
from remediation.core.deployment import DEPLOYMENT, SETTINGS, Deployment
from remediation.core.redact import redacted
from remediation.core.spec import Mode


class Answers(Protocol):
    """A writer: it does what it is asked for, or says why not."""

    def answer(self, event: object, through: str) -> Answered:
        """Return what became of what was asked through an alias."""


class Makes(Protocol):
    """How the room makes its writer."""

    def __call__(
        self,
        *,
        mode: Mode,
        cluster: str,
        prefix: str,
        atlas: Callable[[], Atlas],
        egress: Callable[[], frozenset[str]],
        clock: Callable[[], datetime],
    ) -> Answers:
        """Make it, for one request."""


def writer_handler(makes: Makes) -> Callable[[Any, Any], Any]:
    """Return the handler of the writer's function. Raises MisconfiguredError."""
    deployment = from_environment(DEPLOYMENT, Deployment)
    writing = from_environment(SETTINGS, Writing)
    aws, log = Clients(deployment.place), logger()
    aws.prepare(reads=("ec2", "secretsmanager"))

    def handle(event: object, context: Any) -> object:  # noqa: ANN401 - as Lambda has it
        outside = ending(aws.outside, monotonic() + WORKS, monotonic)
        writer = makes(
            mode=deployment.mode,
            cluster=writing.cluster,
            prefix=writing.prefix,
            atlas=lambda: atlas(aws, writing.secret, writing.project, outside),
            egress=lambda: egress(aws, writing.subnets),
            clock=lambda: datetime.now(UTC),
        )
        asked, through = redacted(event), _alias(context.invoked_function_arn)
        log.info("Asked to write to Atlas.", extra={"asked": asked, "through": through})
        answer = redacted(msgspec.to_builtins(writer.answer(event, through)))
        log.info("Answered.", extra={"asked": asked, "answered": answer})
        return answer

    return handle


def _alias(arn: str) -> str:
    """Return the alias in the ARN that a function was invoked by (`arn:aws:lambda:<region>:<account>:function:<name>:<alias>`)."""
    return "".join(arn.split(":")[7:])

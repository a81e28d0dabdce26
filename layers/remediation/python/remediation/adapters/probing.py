"""The composition root of the probe: what its room is turned into a Lambda handler with."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol, TypeAlias

import msgspec
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from remediation.adapters.clients import HURRIED, Clients, Name
from remediation.adapters.environment import NAMESPACE, from_environment
from remediation.adapters.logins import Logins
from remediation.adapters.logs import logger
from remediation.aws.secrets import Kept
from remediation.core.dependencies import Probing
from remediation.core.deployment import DEPLOYMENT, SETTINGS, Deployment
from remediation.core.redact import redacted

METRIC = "DependencyDown"
"""1 where a layer failed, 0 where all are well; dimensions environment and dependency."""
Count: TypeAlias = Callable[[str, bool], None]
"""Says of a dependency whether it is down."""


class Answers(Protocol):
    """A probe: it does what an event asks for, and answers what it found."""

    def answer(self, event: object, count: Count) -> object:
        """Return something that JSON can say."""


class Makes(Protocol):
    """How the room makes its probe."""

    def __call__(self, *, probing: Probing, kept: Kept, logins: Logins, clock: Callable[[], datetime]) -> Answers:
        """Make it, once per process."""


def probe_handler(makes: Makes) -> Callable[[Any, Any], Any]:
    """Return the handler of the probe's function. Raises MisconfiguredError."""
    deployment = from_environment(DEPLOYMENT, Deployment)
    place = deployment.place
    probing = from_environment(SETTINGS, Probing)
    aws, log, count = Clients(place, config=HURRIED), logger(), counting(place.environment)
    if reads := _reads(probing):
        aws.prepare(reads=reads, repeats=("dynamodb",) if "dynamodb" in reads else ())
    logins = Logins(aws, table=deployment.ledger)
    probe = makes(probing=probing, kept=Kept(aws), logins=logins, clock=lambda: datetime.now(UTC))

    def handle(event: object, _: object) -> object:
        answer = redacted(msgspec.to_builtins(probe.answer(event, count)))
        log.info("Looked at the dependencies.", extra={"probed": answer})
        return answer

    return handle


def _reads(probing: Probing) -> tuple[Name, ...]:
    """Return the services that every look asks, so that their clients are there before the first."""
    redis, mongodb = probing.dependencies.redis, probing.dependencies.mongodb
    secrets = (redis is not None and redis.token) or (mongodb is not None and mongodb.secret)
    return (
        *(("secretsmanager",) if secrets else ()),
        *(("ssm",) if mongodb is not None and mongodb.parameter else ()),
        *(("dynamodb",) if mongodb is not None else ()),
    )


def counting(environment: str) -> Count:
    """Return what writes the metric to the log, from where CloudWatch takes it without a call."""

    def count(dependency: str, down: bool) -> None:
        with single_metric(name=METRIC, unit=MetricUnit.Count, value=int(down), namespace=NAMESPACE) as metric:
            metric.add_dimension(name="environment", value=environment)
            metric.add_dimension(name="dependency", value=dependency)

    return count

"""AWS clients: made once per process from one session and one botocore Config, and reading kept apart from acting.

The rule of the domain: a call that changes something is sent once. AWS may have carried out a call whose answer was lost,
so repeating it is a decision, not a network detail; looking again is how the engine takes it. A reading client retries,
and therefore refuses to send anything but a read. `aws.acting` does not retry. Only what comes to the same when it is sent
twice, the ledger's guarded writes, is retried by `aws.repeatable`, which refuses everything else. `aws.patient` acts as
`aws.acting` does, and waits longer for the answer.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from remediation.adapters.errors import translated
from remediation.adapters.transport import Transport
from remediation.atlas.transport import Transport as Outside
from remediation.atlas.transport import https, pacing
from remediation.core.spec import Place

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudtrail import CloudTrailClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_codebuild import CodeBuildClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_elasticache import ElastiCacheClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_health import HealthClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_ssm import SSMClient

    from remediation.adapters.sightings import Sightings

CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
"""Of every client but the probe's. A read takes at most 3 x 10 s, well within a Lambda invocation."""
LONG = 45
"""Seconds that the answer of a function of ours is waited for that works before it answers (the writer of Atlas): its start, all
the time that it gives itself and its last request."""
HURRIED = Config(connect_timeout=0.5, read_timeout=0.8, retries={"mode": "standard", "total_max_attempts": 2})
"""Of the probe's clients, whose reads are a part of a look of five seconds."""
_ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})
_READ = re.compile(r"(BatchGet|Describe|Get|Head|List|Lookup|Query|Simulate|TransactGet)[A-Z]|Query\Z")
_REPEATABLE = re.compile(r"(TransactWriteItems|UpdateItem)\Z")
"""What the ledger writes with: its updates set and remove, or are guarded, and a transaction carries botocore's token."""

Name: TypeAlias = Literal[
    "autoscaling",
    "cloudformation",
    "cloudtrail",
    "cloudwatch",
    "codebuild",
    "dynamodb",
    "ec2",
    "ecr",
    "elasticache",
    "elbv2",
    "events",
    "health",
    "iam",
    "lambda",
    "s3",
    "secretsmanager",
    "service-quotas",
    "sns",
    "ssm",
]
C = TypeVar("C")


class NotAReadError(TypeError):
    """A call that changes something was asked of a reading client, which might have sent it twice."""


class NotRepeatableError(TypeError):
    """A call that may not be sent twice was asked of the client that may send it twice."""


class _Service(Generic[C]):
    """A typed attribute that is the client of one service."""

    def __init__(self, name: Name) -> None:
        self.name = name

    def __get__(self, services: "Services", _: type | None = None) -> C:
        return cast("C", services.client(self.name))


class Services:
    """The services as attributes, each client made when it is first asked for and then kept."""

    autoscaling: "_Service[AutoScalingClient]" = _Service("autoscaling")
    cloudformation: "_Service[CloudFormationClient]" = _Service("cloudformation")
    cloudtrail: "_Service[CloudTrailClient]" = _Service("cloudtrail")
    cloudwatch: "_Service[CloudWatchClient]" = _Service("cloudwatch")
    codebuild: "_Service[CodeBuildClient]" = _Service("codebuild")
    dynamodb: "_Service[DynamoDBClient]" = _Service("dynamodb")
    ec2: "_Service[EC2Client]" = _Service("ec2")
    ecr: "_Service[ECRClient]" = _Service("ecr")
    elasticache: "_Service[ElastiCacheClient]" = _Service("elasticache")
    elbv2: "_Service[ElasticLoadBalancingv2Client]" = _Service("elbv2")
    events: "_Service[EventBridgeClient]" = _Service("events")
    health: "_Service[HealthClient]" = _Service("health")
    iam: "_Service[IAMClient]" = _Service("iam")
    lambda_: "_Service[LambdaClient]" = _Service("lambda")
    s3: "_Service[S3Client]" = _Service("s3")
    secretsmanager: "_Service[SecretsManagerClient]" = _Service("secretsmanager")
    service_quotas: "_Service[ServiceQuotasClient]" = _Service("service-quotas")
    sns: "_Service[SNSClient]" = _Service("sns")
    ssm: "_Service[SSMClient]" = _Service("ssm")

    def __init__(
        self, maker: "_Maker", config: Config, transport: Transport | None, guard: Callable[..., None] | None = None
    ) -> None:
        self._maker, self._config, self._transport, self._guard = maker, config, transport, guard
        self._made: dict[str, Any] = {}

    def client(self, name: Name) -> Any:  # noqa: ANN401 - the attributes above carry the types
        """Answer the one client of a service."""
        with self._maker.lock:
            if name not in self._made:
                made = self._maker.make(name, self._config, self._transport)
                if self._guard is not None:
                    made.meta.events.register_first("provide-client-params", self._guard)
                self._made[name] = made
            return self._made[name]


class Clients(Services):
    """`aws.elbv2` reads and retries; `aws.acting.ssm` acts and is sent once; `aws.repeatable.dynamodb` is the ledger's.

    `aws.patient.lambda_` acts through a function that takes its time. `sightings` is for runbooks about things that do not say
    since when they are; the composition root puts it there. `now` is the time, for readers that ask about lately. `outside` is
    how requests get to MongoDB Atlas. `config` has the time-outs. Safe to use from several threads.
    """

    sightings: "Sightings"
    outside: Outside

    def __init__(
        self,
        place: Place,
        session: boto3.Session | None = None,
        now: Callable[[], datetime] | None = None,
        config: Config = CONFIG,
    ) -> None:
        self.place = place
        self.now = now or _now
        self.outside = pacing(https())
        waits: Any = config  # botocore makes its options attributes, which are not typed
        maker = _Maker(session or boto3.Session())
        transport = Transport.of_layer(connect_timeout=waits.connect_timeout, read_timeout=waits.read_timeout)
        super().__init__(maker, config, transport, _refuse_unless_read)
        self.acting = Services(maker, config.merge(_ONCE), transport)
        self.repeatable = Services(maker, config, transport, _refuse_unless_repeatable)

    @cached_property
    def patient(self) -> Services:
        """Return the services that are waited for longer; few functions need any."""
        transport = Transport.of_layer(connect_timeout=3, read_timeout=LONG)
        return Services(self._maker, CONFIG.merge(_ONCE).merge(Config(read_timeout=LONG)), transport)

    def prepare(
        self, *, reads: tuple[Name, ...] = (), acts: tuple[Name, ...] = (), repeats: tuple[Name, ...] = ()
    ) -> None:
        """Make clients while Lambda still initialises, when it has a whole processor whatever its memory size."""
        for name in reads:
            self.client(name)
        for name in acts:
            self.acting.client(name)
        for name in repeats:
            self.repeatable.client(name)

    def checkpointing(self, user_agent: str) -> "LambdaClient":
        """Make the client that the durable SDK checkpoints with; `user_agent` is how it calls itself.

        Configured as the SDK configures its own, but of this session and trusting Amazon's roots; its errors stay
        botocore's, because the SDK reads them. Not kept: ask once.
        """
        config = Config(connect_timeout=5, read_timeout=50, user_agent_extra=user_agent)
        transport = Transport.of_layer(connect_timeout=5, read_timeout=50)
        return cast("LambdaClient", self._maker.make("lambda", config, transport, translate=False))


def _now() -> datetime:
    return datetime.now(UTC)


class _Maker:
    """Makes clients of one session."""

    def __init__(self, session: boto3.Session) -> None:
        self.lock = RLock()
        self._session = session
        self._translate = True
        session.events.register("creating-client-class", self._add_translation)

    def make(self, name: str, config: Config, transport: Transport | None, *, translate: bool = True) -> Any:  # noqa: ANN401
        with self.lock:
            self._translate = translate
            client: Any = self._session.client(name, config=config)  # type: ignore[call-overload]
        if transport is not None:
            client._endpoint.http_session = transport  # noqa: SLF001 - botocore has no other way in
        return client

    def _add_translation(self, base_classes: list[type], **_: object) -> None:
        if self._translate:
            base_classes.insert(0, _Translating)


class _Translating:
    """A base of client classes that raises AwsError for whatever goes wrong: the one place where errors are translated."""

    meta: Any

    def _make_api_call(self, operation_name: str, api_params: dict[str, Any]) -> Any:  # noqa: ANN401
        try:
            return super()._make_api_call(operation_name, api_params)  # type: ignore[misc]
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            service = self.meta.service_model.service_id
            raise translated(error, f"{service}:{operation_name}") from error


def _refuse_unless_read(model: "OperationModel", **_: object) -> None:
    if not _READ.match(model.name):
        raise NotAReadError(f"{model.name} changes something: ask aws.acting for it, which sends it once")


def _refuse_unless_repeatable(model: "OperationModel", **_: object) -> None:
    if not _REPEATABLE.match(model.name):
        raise NotRepeatableError(
            f"{model.name} is not to be sent twice from here: ask aws to read, and aws.acting to act"
        )

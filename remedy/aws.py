"""The way from the command line to AWS: one session, checked to be of the environment's account before anything is asked.

The only module of the command line that imports boto3; a command imports it when it needs it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from remediation.adapters.clients import CONFIG, Clients
from remediation.adapters.errors import translated
from remediation.adapters.table import Table
from remediation.core.errors import AwsError
from remedy.environment import Environment
from remedy.identity import Identity
from remedy.telling import RemedyError, TroubleError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

INVOKING = CONFIG.merge(
    Config(read_timeout=16 * 60, tcp_keepalive=True, retries={"mode": "standard", "total_max_attempts": 1})
)
"""A synchronous invocation of a durable function is answered when its run has ended, within 15 minutes. It is sent once."""

_WORDS = (
    (
        ("NoCredentials", "PartialCredentials", "CredentialRetrieval", "ProfileNotFound"),
        "There are no AWS credentials for {environment} ({why}). Sign in, or set AWS_PROFILE, and try again.",
    ),
    (
        ("Expired", "SSO", "TokenRetrieval", "NoAuthToken"),
        "The AWS credentials have expired. Sign in again (aws sso login, or as you did before).",
    ),
    (
        ("InvalidClientTokenId", "UnrecognizedClient", "Signature", "InvalidAccessKeyId"),
        "AWS does not know these credentials ({code}). Sign in again, or choose others with AWS_PROFILE.",
    ),
    (
        ("EndpointConnection", "ConnectTimeout", "ProxyConnection", "InvalidProxies", "SSL"),
        "AWS cannot be reached ({why}). Check the network, the proxy, and AWS_ENDPOINT_URL if it is set.",
    ),
    (
        ("AccessDenied", "Unauthorized", "NotAuthorized", "Forbidden"),
        "These credentials may not do {operation} in {environment}. Use those of its operators.",
    ),
    (
        ("TooManyRequests", "Throttl"),
        "AWS is busy with {environment} ({operation}). Try again in a minute.",
    ),
    (
        ("ResourceNotFound",),
        "It is not deployed in {environment} ({operation} finds nothing). Deploy it with: make deploy ENV={environment}",
    ),
)
"""Parts of an error code, and what to tell an operator."""


class Aws:
    """Clients of an environment's account, whose they are, and its ledger."""

    def __init__(self, environment: Environment) -> None:
        place = environment.place
        self._session = boto3.Session(region_name=place.region)
        self.clients = Clients(place, self._session)
        sts: Any = self._session.client("sts", config=CONFIG)
        caller = sts.get_caller_identity()
        ours = caller["Account"]
        self.identity = Identity(user=caller["UserId"], arn=caller["Arn"])
        self.table = Table(self.clients, environment.names.table)
        if ours != place.account:
            raise TroubleError(
                f"These AWS credentials are of account {ours}, but {place.environment} is in account {place.account}. "
                "Choose the right ones with AWS_PROFILE."
            )

    def invoking(self) -> "LambdaClient":
        """Return a client that waits for the end of what it invokes. Raises AwsError like the others."""
        return self._session.client("lambda", config=INVOKING)


def connect(environment: Environment) -> Aws:
    """Return clients of the environment. Raises RemedyError."""
    with asking(environment):
        try:
            return Aws(environment)
        except BotoCoreError as error:
            raise translated(error, "sign in") from error


@contextmanager
def asking(environment: Environment) -> Iterator[None]:
    """Turn what AWS answers instead of an answer into a RemedyError."""
    try:
        yield
    except AwsError as error:
        raise in_words(error, environment) from error
    except msgspec.MsgspecError as error:
        because = f"A record of the ledger cannot be read by this version of remedy ({error}). Update it."
        raise TroubleError(because) from error


def in_words(error: AwsError, environment: Environment) -> RemedyError:
    """Return what an error of AWS means to an operator, and what to do."""
    for parts, words in _WORDS:
        if any(part in error.code for part in parts):
            why = str(error.__cause__ or error).strip().rstrip(".")
            told = {"code": error.code, "operation": error.operation, "why": why}
            return TroubleError(words.format(environment=environment.place.environment, **told))
    return TroubleError(str(error))

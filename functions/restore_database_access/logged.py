"""What the application itself logs of its connection: the probe may be well while the application's pool is not."""

from datetime import timedelta
from typing import TYPE_CHECKING

from remediation.aws.load import Figure, values
from remediation.core.errors import AwsError
from restore_database_access.settings import Settings

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

NAMESPACE, METRIC = "Remediation/{environment}", "DatabaseErrors"
"""How many lines of `log_group` match PATTERN."""
TERMS = (
    "cannot connect to MongoDB",
    # no server is found: Go, Node, Python, Java
    "server selection error",
    "MongoServerSelectionError",
    "ServerSelectionTimeoutError",
    "MongoTimeoutException",
    # a connection breaks: Node, Python, Java
    "MongoNetworkError",
    "MongoNetworkTimeoutError",
    "pymongo.errors.AutoReconnect",
    "pymongo.errors.NetworkTimeout",
    "MongoSocketOpenException",
    "MongoSocketReadTimeoutException",
    # the pool has none to give: Go, then Node and Python, which begin with a capital; Java
    "timed out while checking out a connection from connection pool",
    "Timed out while checking out a connection from connection pool",
    "WaitQueueTimeoutError",
    "MongoWaitQueueTimeoutError",
    "Timeout waiting for a pooled connection",
    "MongoWaitQueueFullException",
    # the pool was emptied, because a server failed: Go and Node, Python, Java
    "was cleared because another operation failed",
    "connection pool paused",
    "MongoConnectionPoolClearedException",
)
"""What the drivers say, word for word, when they find no server, lose a connection, or get none of their pool."""
PATTERN = " ".join(f'?"{term}"' for term in TERMS)
"""Of CloudWatch: a line with any of them, in JSON as well as in plain text. It minds capitals, and takes 1,024 characters."""
LATELY, MINUTE = timedelta(minutes=3), timedelta(minutes=1)
MANY = 5


def errors(aws: "Clients", settings: Settings) -> float | None:
    """Return how many errors were logged lately; None where logs are not shipped, or CloudWatch does not answer."""
    if not settings.log_group:
        return None
    namespace = NAMESPACE.format(environment=aws.place.environment)
    logged = Figure(namespace=namespace, metric=METRIC, dimensions={}, statistic="Sum", period=MINUTE)
    try:
        return sum(values(aws, {METRIC: logged}, within=LATELY, until=aws.now())[METRIC])
    except AwsError:
        return None  # it helps a person: nothing is changed by it

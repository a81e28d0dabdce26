"""What the application itself logs of its connection: the probe may be well while the application's pool is not."""

from datetime import timedelta
from typing import TYPE_CHECKING

from remediation.aws.measured import Wanted, measured
from remediation.core.errors import AwsError
from restore_database_access.settings import Settings

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

NAMESPACE, METRIC = "Remediation/{environment}", "DatabaseErrors"
"""How many lines of `log_group` match PATTERN."""
PATTERN = '?"server selection error" ?ServerSelectionTimeoutError ?MongoNetworkError ?"cannot connect to MongoDB"'
"""Errors of the drivers, when they find no server or no connection of their pool."""
LATELY = timedelta(minutes=3)
MANY = 5


def errors(aws: "Clients", settings: Settings) -> float | None:
    """Return how many errors were logged lately; None where logs are not shipped, or CloudWatch does not answer."""
    if not settings.log_group:
        return None
    namespace = NAMESPACE.format(environment=aws.place.environment)
    wanted = {"errors": Wanted(namespace=namespace, metric=METRIC, dimensions={}, statistic="Sum")}
    try:
        return sum(measured(aws, wanted, aws.now(), LATELY, timedelta(minutes=1))["errors"])
    except AwsError:
        return None  # it helps a person: nothing is changed by it

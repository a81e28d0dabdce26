"""Have the writer do one thing, and say in plain words why it was not done: also where there is no writer, or it is busy."""

from typing import TYPE_CHECKING

from remediation.atlas.asking import WRITER, Asked, ask
from remediation.core.errors import AwsError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


def done(aws: "Clients", asked: Asked, operation: str) -> str:
    """Return what the writer says that it did. Raises AwsError where it refuses, is not there, is busy or does not answer."""
    try:
        answered = ask(aws, asked)
    except AwsError as error:
        if because := _unasked(error.code, aws.place.environment):
            raise AwsError(f"Nothing was changed at Atlas: {because}", operation=operation, code=error.code) from error
        raise
    if not answered.done:
        raise AwsError(answered.because, operation=operation, code="Refused")
    return answered.because


def _unasked(code: str, environment: str) -> str:
    match code:
        case "ResourceNotFoundException":
            return (
                f"there is no function {environment}-{WRITER}. Name `writer` below [atlas] in config/{environment}.toml and deploy "
                "(docs/atlas.md), or do it by hand in Atlas."
            )
        case "TooManyRequestsException":
            return (
                f"{environment}-{WRITER} was busy with another request, and does one at a time. Ask again in a minute."
            )
        case _:
            return ""

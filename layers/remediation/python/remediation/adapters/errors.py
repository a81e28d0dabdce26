"""Translate what AWS and botocore raise into one error with one sentence: who failed at what, why, and what to do."""

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from remediation.core.errors import AwsError

_ADVICE = (
    (
        ("AccessDenied", "Unauthorized", "NotAuthorized", "AuthorizationError", "Forbidden"),
        "the function's role lacks this permission, or a policy of the organisation denies it",
    ),
    (
        ("Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown", "ThroughputExceeded"),
        "AWS is being asked too often; it is left alone now and asked again with the next event",
    ),
    (
        ("ExpiredToken", "UnrecognizedClient", "InvalidClientTokenId", "InvalidSignature", "NoCredentials"),
        "the credentials are missing or no longer valid",
    ),
    (("NotFound", "NoSuch", "DoesNotExist"), "check the name in config/<env>.toml"),
    (
        ("EndpointConnection", "ConnectTimeout", "ProxyConnection"),
        "the endpoint cannot be reached; check route, security group and DNS if the function is in a VPC",
    ),
    (
        ("ReadTimeout", "ConnectionClosed", "ResponseParser"),
        "the answer was lost, so the call may have been carried out; look before it is made again",
    ),
    (("SSL",), "the endpoint's certificate is not trusted; something may be between the function and AWS"),
)
"""Parts of an error code, and what to do about it."""


def translated(error: ClientError | BotoCoreError | ResponseParserError, operation: str) -> AwsError:
    """Answer the error to raise from `error`; `operation` is such as `SSM:SendCommand`."""
    code, message = _told(error)
    advice = next((advice for parts, advice in _ADVICE if any(part in code for part in parts)), "")
    sentence = f"{operation} failed with {code}: {message.rstrip('.')}"
    return AwsError(f"{sentence}; {advice}." if advice else f"{sentence}.", operation=operation, code=code)


def _told(error: ClientError | BotoCoreError | ResponseParserError) -> tuple[str, str]:
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        return told.get("Code", "Unknown"), told.get("Message", "") or "AWS gave no reason"
    return type(error).__name__.removesuffix("Error").removesuffix("Exception"), " ".join(str(error).split())

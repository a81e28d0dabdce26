"""Ask the probe, which stands in the VPC, to look at a dependency now (functions/probe_dependencies)."""

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from remediation.core.errors import AwsError
from remediation.core.probed import Probed

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

PROBE = "probe-dependencies"
"""The name of the function, after the environment."""


class Ask(Struct, frozen=True, kw_only=True):
    """What the probe is asked: a dependency as it is configured, or at another endpoint of the same kind."""

    probe: str
    host: str = ""
    port: int = 0


def probe(aws: "Clients", dependency: str, *, host: str = "", port: int = 0) -> Probed:
    """Look at a dependency through the probe. Raises AwsError where the probe itself does not answer."""
    name = f"{aws.place.environment}-{PROBE}:live"
    asked = msgspec.json.encode(Ask(probe=dependency, host=host, port=port))
    answer = aws.acting.lambda_.invoke(FunctionName=name, Payload=asked)  # it only looks, but is no read of AWS's
    payload = answer["Payload"].read()
    if answer.get("FunctionError"):
        raise AwsError(f"The probe {name} failed.", operation="Lambda:Invoke", code="FunctionError")
    try:
        return msgspec.json.decode(payload, type=Probed)
    except msgspec.MsgspecError as error:
        raise AwsError(
            f"{name} gave an answer that is none.", operation="Lambda:Invoke", code="NotUnderstood"
        ) from error

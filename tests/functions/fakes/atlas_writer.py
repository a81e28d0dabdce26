"""The writer's function as rooms invoke it: the real room over the fake Atlas, behind a fake Lambda."""

import io
import json
from collections.abc import Callable
from typing import Any

import msgspec

from atlas_writer.writer import Writer
from remediation.atlas.asking import DOORS, WRITER
from remediation.core.errors import AwsError
from tests.functions.fakes.atlas import AtlasWorld
from tests.functions.fakes.strict import Calls, Fake


class WriterLambda(Fake):
    """Lambda, as far as it is the writer. `addresses` are those of our NAT gateways; it is throttled while it is `busy`."""

    service = "lambda"

    def __init__(
        self,
        world: AtlasWorld,
        calls: Calls,
        environment: str = "dev",
        addresses: Callable[[], frozenset[str]] = frozenset,
        cluster: str = "prod",
    ) -> None:
        super().__init__(calls, acting=True)
        self.busy = False
        self._names = {f"{environment}-{WRITER}:{door}": door for door in DOORS}
        self._writer = Writer(
            mode="act",
            cluster=cluster,
            prefix=f"{environment}-restored-",
            atlas=world.connect,
            egress=addresses,
            clock=world.clock,
        )

    def invoke(self, **asked: Any) -> Any:
        """Invoke it, as Lambda does: what it raises is an answer with a FunctionError."""
        self._asked("Invoke", asked)
        if self.busy:
            raise AwsError("Rate Exceeded.", operation="Lambda:Invoke", code="TooManyRequestsException")
        through = self._names[asked["FunctionName"]]
        try:
            answer = msgspec.to_builtins(self._writer.answer(json.loads(asked["Payload"]), through))
        except AwsError as error:
            told = json.dumps({"errorMessage": str(error), "errorType": "AwsError"}).encode()
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": io.BytesIO(told)}
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answer).encode())}

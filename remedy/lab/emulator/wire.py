"""Send the head of an answer together with its body.

Stock ministack sends them one after the other. In between, about one Terraform in a hundred loses its connection and repeats the
call: it then finds a lock that it took itself, and gives up. AWS sends short answers in one piece.
"""

from importlib import import_module
from typing import Any


def install() -> None:
    """Hold the head back until something follows it."""
    h11, events = import_module("h11"), import_module("hypercorn.events")
    protocol = import_module("hypercorn.protocol.h11").H11Protocol

    async def send(self: Any, event: Any) -> None:  # noqa: ANN401
        try:
            data: bytes = self.connection.send(event) or b""
        except h11.LocalProtocolError:
            if self.connection.their_state != h11.ERROR:
                raise
            return
        held: bytes = vars(self).pop("lab_head", b"")
        if isinstance(event, h11.Response):
            self.lab_head = held + data
        else:
            await self.send(events.RawData(data=held + data))

    protocol._send_h11_event = send

"""The layers that one look has tried so far, each with what was found and how long it took."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from remediation.core.probed import Fault, Layer, Step
from remediation.reach.unreachable import UnreachableError


class Tried:
    """What was tried, in order. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.steps: list[Step] = []

    @contextmanager
    def layer(self, layer: Layer, because: str) -> Iterator[None]:
        """Try one layer, and keep that it is well or what is wrong. Raises UnreachableError where it failed."""
        begun = self._clock()
        try:
            yield
        except UnreachableError as error:
            self._keep(error.layer, error.because, begun, error.fault)
            raise
        except TimeoutError as error:
            because = f"Too little time was left for {layer}, because of what came before it: it was not tried."
            self._keep(layer, because, begun, "no-time")
            raise UnreachableError(layer, "no-time", because) from error
        self._keep(layer, because, begun, None)

    def say(self, because: str) -> None:
        """Say of the last layer, which is well, something better than was known when it began."""
        last = self.steps[-1]
        self.steps[-1] = Step(layer=last.layer, because=because, milliseconds=last.milliseconds)

    def _keep(self, layer: Layer, because: str, begun: float, fault: Fault | None) -> None:
        took = round((self._clock() - begun) * 1000)
        self.steps.append(Step(layer=layer, because=because, fault=fault, milliseconds=took))

"""Why a dependency could not be reached, said by the layer that failed."""

from remediation.core.probed import Fault, Layer


class UnreachableError(Exception):
    """A layer failed: which, how, and a sentence for people, without secrets. `addresses`: those that were tried in TCP."""

    def __init__(self, layer: Layer, fault: Fault, because: str, addresses: tuple[str, ...] = ()) -> None:
        super().__init__(because)
        self.layer, self.fault, self.because, self.addresses = layer, fault, because, addresses

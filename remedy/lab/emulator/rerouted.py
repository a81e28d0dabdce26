"""Run a script in whose eyes MongoDB Atlas is on this machine: what the lab's functions are started by.

Only where names lead is changed, and where the one public address leads that the cluster has: a function that takes care not to
connect to this machine does not know that it does. Its own client connects, by TLS, to whoever can prove to be Atlas: by a
certificate of the lab's, which it trusts by `SSL_CERT_FILE`. Runs on the bare interpreter, so it imports nothing but Python's own.
"""

import os
import runpy
import socket
import sys
from typing import Any

ATLAS = "cloud.mongodb.com"
PEM = f"{ATLAS}.pem"
"""The file with the certificate that the lab's Atlas proves it by."""
PORT, MONGODB_PORT = "LAB_ATLAS_PORT", "LAB_MONGODB_PORT"
MEMBER, ADDRESS = "dev-starttech-cluster-shard-00-00.ab1cd.mongodb.net", "203.0.113.10"
"""The member of the cluster of config/dev.toml. Its address is for documentation (RFC 5737), and belongs to nobody."""
MEMBER_PORT = 27017

_known: Any = socket.getaddrinfo


def _found(host: Any, port: Any, *more: Any, **other: Any) -> Any:  # noqa: ANN401
    if host not in {ATLAS, MEMBER}:
        return _known(host, port, *more, **other)
    at = _here(PORT) if host == ATLAS else (ADDRESS, MEMBER_PORT)
    return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", at)]


def _here(name: str) -> tuple[str, int]:
    return "127.0.0.1", int(os.environ[name])


class Led(socket.socket):
    """A connection to the cluster's address that is led to this machine, and does not know."""

    def connect(self, address: Any) -> None:  # noqa: ANN401 - whatever a socket takes
        """Connect."""
        super().connect(_here(MONGODB_PORT) if address == (ADDRESS, MEMBER_PORT) else address)

    def getpeername(self) -> Any:  # noqa: ANN401
        """Return where it was to lead."""
        peer = super().getpeername()
        return (ADDRESS, MEMBER_PORT) if MONGODB_PORT in os.environ and peer == _here(MONGODB_PORT) else peer


def main() -> None:
    """Run the script that is named first, with the rest of the words."""
    socket.getaddrinfo, socket.socket = _found, Led  # type: ignore[misc]
    sys.argv = sys.argv[1:]
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))  # noqa: PTH100, PTH120 - as Python itself does it
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()

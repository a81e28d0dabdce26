"""Run a script in whose eyes cloud.mongodb.com is on this machine: what the lab's functions are started by.

Only where a name leads is changed. The function's own client connects, by TLS, to whoever can prove to be Atlas: by a
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
PORT = "LAB_ATLAS_PORT"

_known: Any = socket.getaddrinfo


def _found(host: Any, port: Any, *more: Any, **other: Any) -> Any:  # noqa: ANN401
    if host != ATLAS:
        return _known(host, port, *more, **other)
    return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", int(os.environ[PORT])))]


def main() -> None:
    """Run the script that is named first, with the rest of the words."""
    socket.getaddrinfo = _found
    sys.argv = sys.argv[1:]
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))  # noqa: PTH100, PTH120 - as Python itself does it
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()

"""Send every request over one pool of connections that trusts Amazon's five roots, and all roots only where needed.

The dependency layer ships the roots that sign AWS endpoints (layers/dependencies/roots.py). urllib3 parses its bundle
again for every new connection, so the small one is most of what a connection costs less. The full bundle is used for any
endpoint that is not AWS's own, and from the first certificate on that the five roots do not vouch for. That is safe for
acting calls too: TLS verifies before a byte of the request is sent.

Where the layer is absent, or a proxy or a CA bundle is configured, botocore is left as it is.
"""

import logging
import os
import re
import socket
import ssl
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit
from urllib.request import getproxies

import botocore
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import SSLError
from botocore.httpsession import URLLib3Session

_LOG = logging.getLogger(__name__)
_AWS = re.compile(r".+\.(amazonaws\.com|api\.aws)\Z")


class Transport:
    """What botocore calls an HTTP session, shared by all clients of a process."""

    def __init__(self, amazon_roots: str, connect_timeout: float, read_timeout: float) -> None:
        self._timeout = (connect_timeout, read_timeout)
        self._aws = self._session(amazon_roots)
        self._other: URLLib3Session | None = None

    @classmethod
    def of_layer(cls, connect_timeout: float, read_timeout: float) -> "Transport | None":
        """Answer a transport with these time-outs in seconds, or None where botocore's own sessions are to be used."""
        amazon_roots = Path(botocore.__file__).parents[1] / "amazon-roots.pem"
        configured = {"AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"} & os.environ.keys()
        if not amazon_roots.is_file() or configured or getproxies():
            return None
        return cls(str(amazon_roots), connect_timeout, read_timeout)

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Send one request and answer its response, or raise what botocore's own session raises."""
        if not _AWS.match(urlsplit(request.url).hostname or ""):
            return self._full().send(request)
        sender = self._aws
        try:
            return sender.send(request)
        except SSLError as error:
            if sender is self._other or not _is_distrust(error):
                raise
            _LOG.warning("Amazon's roots do not vouch for %s: from now on every root is trusted.", request.url)
            self._aws = self._full()
            request.reset_stream()
            return self._aws.send(request)

    def close(self) -> None:
        """Close all connections."""
        self._aws.close()
        if self._other is not None:
            self._other.close()

    def _full(self) -> URLLib3Session:
        if self._other is None:
            self._other = self._session(True)
        return self._other

    def _session(self, verify: str | Literal[True]) -> URLLib3Session:
        sessions: Any = URLLib3Session
        at_once = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]  # as botocore has it
        return cast("URLLib3Session", sessions(verify=verify, timeout=self._timeout, socket_options=at_once))


def _is_distrust(error: SSLError) -> bool:
    """Tell a certificate that was not trusted from a connection that broke later, when the request may be under way."""
    causes: list[object] = [error.kwargs.get("error")]
    while isinstance(causes[-1], Exception) and causes[-1].args:
        causes.append(causes[-1].args[0])
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes)

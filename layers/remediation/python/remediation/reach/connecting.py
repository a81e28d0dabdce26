"""The layers below any protocol: a name becomes an address that may be connected to, then a connection, then TLS.

The rule of the domain (HAZARDS X12): a name is looked up once, and what is connected to are the addresses that were checked. An
address outside the VPC's ranges is not connected to, whoever made the name lead there.
"""

import errno
import re
import socket
import ssl
from collections.abc import Iterable, Sequence
from ipaddress import ip_address, ip_network

from remediation.core.connection_string import written
from remediation.core.probed import OWN_FAULTS, Fault
from remediation.reach.deadline import LEAST, STEP, Deadline, within
from remediation.reach.unreachable import UnreachableError

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
"""RFC 1918: what a VPC is made of unless somebody says otherwise."""
_EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 10, 62, 64
"""OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED, _HOSTNAME_MISMATCH and _IP_ADDRESS_MISMATCH."""
_NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EAFNOSUPPORT, errno.ENETDOWN, errno.EHOSTDOWN)
_SAYS: tuple[Fault, ...] = ("cut-off", "refused", "own-trouble", "no-answer", "no-route")
"""Which fault is that of several addresses. Who hangs up or refuses was heard, and shows that the way is open, so silence is not the
way's; with trouble of one's own not everybody was asked, so silence is not all; an address to which no way leads (IPv6, mostly) says
nothing beside the others."""
_WAITED: tuple[Fault, ...] = ("cut-off", "refused", "no-answer")
"""Faults of an address that was heard, or waited for long enough."""
_ALERT = re.compile(r"(?:TLSV1|TLSV13|SSLV3)_ALERT_[A-Z_]+\Z")


NEVER = (
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "224.0.0.0/3",
    "::/128",
    "::1/128",
    "fd00:ec2::/32",
    "fe80::/10",
    "ff00::/8",
)
"""This machine, link-local and multicast addresses, and AWS's metadata: where even "anywhere" does not lead."""


def resolve(
    host: str, port: int, networks: Iterable[str], deadline: Deadline, never: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return the addresses to connect to: each in one of the networks, and none in those that are `never`.

    Raises UnreachableError.
    """
    addresses = _addresses(host, port, deadline)
    inside, outside = tuple(map(ip_network, networks)), tuple(map(ip_network, never))
    for address in addresses:
        where = ip_address(address)
        where = getattr(where, "ipv4_mapped", None) or where
        if any(where in network for network in outside):
            because = f"{host} leads to {address}, which is no address of a server; nothing was sent there."
            raise UnreachableError("dns", "address-foreign", because)
        if not any(where in network for network in inside):
            raise UnreachableError(
                "dns",
                "address-foreign",
                f"{host} leads to {address}, which is in none of {', '.join(networks)}; nothing was sent there.",
            )
    return tuple(addresses)


def _addresses(host: str, port: int, deadline: Deadline) -> list[str]:
    """Ask the resolver, which knows no time-out of its own."""

    def ask() -> list[str]:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    left = deadline.left()
    try:
        return within(left, ask)
    except TimeoutError:
        because = f"The resolver of the VPC gave no answer for {host} within {STEP:.0f} s."
        raise UnreachableError("dns", "name-unanswered", because) from None
    except (OSError, UnicodeError) as error:
        if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
            because = f"The resolver of the VPC has no answer for {host} just now."
            raise UnreachableError("dns", "name-unanswered", because) from None
        raise UnreachableError("dns", "name-unknown", f"The name {host} is not known in the VPC.") from None


def connect(addresses: Sequence[str], port: int, deadline: Deadline) -> socket.socket:
    """Return a connection to the first address that takes one; they share the time of one step, and each has LEAST of it.

    Raises UnreachableError: `no-answer` only where none of them says anything. Where the time ends, those that were tried count;
    raises TimeoutError where nobody was waited for.
    """
    failed: list[UnreachableError] = []
    for address in addresses:
        try:
            seconds = deadline.left(max(STEP / len(addresses), LEAST), least=LEAST)
        except TimeoutError:
            if not any(error.fault in _WAITED for error in failed):
                raise
            break
        try:
            return _connect(address, port, seconds)
        except UnreachableError as error:
            failed.append(error)
    raise _together(failed, len(addresses) - len(failed)) from failed[0]


def _together(failed: Sequence[UnreachableError], untried: int) -> UnreachableError:
    """Return what the addresses of one name come to; those with which only our own machine had trouble were not tried."""
    told = " ".join(error.because for error in failed[:3])
    if untried:
        told += f" {untried} more {'address was' if untried == 1 else 'addresses were'} not tried."
    tried = tuple(address for error in failed for address in error.addresses)
    return UnreachableError("tcp", min((error.fault for error in failed), key=_SAYS.index), told, tried)


def address_of(connected: socket.socket) -> str:
    """Return the address that a connection leads to. Raises UnreachableError, and closes it, where it is cut off already."""
    try:
        return str(connected.getpeername()[0])
    except OSError as error:
        connected.close()
        raise UnreachableError("tcp", "cut-off", "The connection was taken, and ended at once.") from error


def _connect(address: str, port: int, seconds: float) -> socket.socket:
    at = written(address, port)

    def failed(fault: Fault, because: str) -> UnreachableError:
        return UnreachableError("tcp", fault, f"{at} {because}", () if fault in OWN_FAULTS else (address,))

    try:
        return socket.create_connection((address, port), timeout=seconds)
    except ConnectionRefusedError as error:
        raise failed("refused", "refuses connections: nothing listens there.") from error
    except TimeoutError as error:
        because = "gives no answer: a security group or a route drops the packets, or the host is dead."
        raise failed("no-answer", because) from error
    except ConnectionError as error:
        raise failed("cut-off", "ended the connection while it was made.") from error
    except OSError as error:
        fault: Fault = "no-route" if _unrouted(error, address) else "own-trouble"
        raise failed(fault, f"cannot be connected to: {error.strerror or error}.") from error


def _unrouted(error: OSError, address: str) -> bool:
    """Tell whether no way leads to an address. EADDRNOTAVAIL: IPv6 is switched off here; of an IPv4 address, no port of ours is free."""
    return error.errno in _NO_ROUTE or (error.errno == errno.EADDRNOTAVAIL and ip_address(address).version == 6)


def secure(connected: socket.socket, host: str, roots: str | None, deadline: Deadline) -> ssl.SSLSocket:
    """Return the connection under TLS, its certificate verified for this host. `roots`: a PEM file, or the system's.

    Raises UnreachableError, or TimeoutError where there is no time to try it, and closes the connection then.
    """
    context = ssl.create_default_context(cafile=roots)
    try:
        connected.settimeout(deadline.left(least=LEAST))
    except TimeoutError:
        connected.close()
        raise
    try:
        return context.wrap_socket(connected, server_hostname=host)
    except OSError as error:
        connected.close()
        raise _untrusted(error, host) from error


def speaks_tls(address: str, port: int, deadline: Deadline) -> bool:
    """Tell whether somebody agrees to TLS there. Nothing is said under it, so nobody's certificate matters."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with connect((address,), port, deadline) as connected:
            connected.settimeout(deadline.left())
            context.wrap_socket(connected).close()
    except (OSError, UnreachableError):
        return False
    return True


def _untrusted(error: OSError, host: str) -> UnreachableError:
    match error:
        case ssl.SSLCertVerificationError(verify_code=code) if code == _EXPIRED:
            return UnreachableError("tls", "certificate-expired", f"The certificate of {host} has expired.")
        case ssl.SSLCertVerificationError(verify_code=code) if code in {_OTHER_NAME, _OTHER_ADDRESS}:
            return UnreachableError("tls", "certificate-other-name", f"The certificate is not for {host}.")
        case ssl.SSLCertVerificationError():
            because = f"The certificate of {host} is not trusted: {error.verify_message}."
            return UnreachableError("tls", "certificate-untrusted", because)
        case ssl.SSLError(reason="WRONG_VERSION_NUMBER" | "RECORD_LAYER_FAILURE"):
            return UnreachableError("tls", "tls-not-spoken", f"{host} does not speak TLS, and TLS is configured.")
        case TimeoutError():
            return UnreachableError("tls", "no-answer", f"{host} took the connection and did not answer to TLS.")
        case _:
            because = f"{host} ended the connection while TLS was agreed on{alerted(error)}."
            return UnreachableError("tls", "cut-off", because)


def alerted(error: OSError) -> str:
    """Return with which alert of TLS a connection was ended, if with one: by OpenSSL's name for it, which is one of a few."""
    reason = error.reason if isinstance(error, ssl.SSLError) else None
    return f", with the alert {reason}" if reason and _ALERT.match(reason) else ""

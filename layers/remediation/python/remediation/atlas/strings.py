"""Which hosts the connection strings have that Atlas gives for a cluster. Pure."""

from collections.abc import Iterator

from remediation.atlas.answers import Strings
from remediation.core.connection_string import ConnectionStringError, parse


def host(strings: Strings | None) -> str:
    """Return the name in the `mongodb+srv` string for the internet; empty where there is none yet."""
    return strings.standard_srv.removeprefix("mongodb+srv://").partition("/")[0] if strings else ""


def hosts(strings: Strings | None) -> tuple[str, ...]:
    """Return every host in all of the strings, in small letters and without ports. A string that is not understood has none."""
    return tuple(sorted({found.lower() for text in _each(strings or Strings()) for found in _in(text)}))


def _each(strings: Strings) -> Iterator[str]:
    yield from (strings.standard_srv, strings.standard, strings.private_srv, strings.private)
    for endpoint in strings.private_endpoint:
        yield endpoint.connection_string
        yield endpoint.srv_connection_string
        yield endpoint.srv_shard_optimized_connection_string


def _in(text: str) -> list[str]:
    try:
        return [found for found, _ in parse(text).hosts]
    except ConnectionStringError:
        return []

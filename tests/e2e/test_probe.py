"""The probe before real Redis servers and what only looks like one: the right layer, the right fault, within three seconds."""

import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from probe_dependencies.redis_look import Look
from remediation.core.dependencies import RedisDependency
from remediation.core.probed import Probed
from remediation.core.redact import Secret
from remedy.lab.processes import free_ports
from remedy.lab.redis import MISSING, binary
from remedy.lab.world.gate import Gate
from tests.e2e.redis_servers import HOST, TOKEN, Server, certificate, listens, redis, scripted

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(not binary(), reason=MISSING)]
NOW = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
WITHIN = 3.0


def look(port: int, token: str = "", *, host: str = HOST, tls: bool = False, roots: Path | None = None) -> Probed:
    """Look as the function does; no look takes longer than it may, and none shows the token."""
    begun = time.monotonic()
    wanted = RedisDependency(host=host, port=port, tls=tls, username="default" if token else "")
    looking = Look(
        redis=wanted,
        token=Secret(token) if token else None,
        networks=("127.0.0.0/8", "::1/128"),
        roots=str(roots) if roots else None,
    )
    probed = looking.probed(NOW)
    assert time.monotonic() - begun < WITHIN
    assert TOKEN not in msgspec.json.encode(probed).decode()
    return probed


def failed(probed: Probed) -> tuple[str, str]:
    assert probed.failed is not None
    assert probed.failed is probed.steps[-1], "nothing is tried after the layer that failed"
    return probed.failed.layer, probed.failed.fault or ""


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with redis(tmp_path_factory.mktemp("plain")) as server:
        yield server


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with redis(tmp_path_factory.mktemp("locked"), "--requirepass", TOKEN) as server:
        yield server


@pytest.fixture
def gate(plain: Server) -> Iterator[Gate]:
    gate = Gate(free_ports(1)[0], plain.port)
    yield gate
    gate.turn("nobody")


def test_a_server_that_is_well_is_said_to_be_well_layer_by_layer(plain: Server) -> None:
    probed = look(plain.port)
    assert [(step.layer, step.fault) for step in probed.steps] == [
        ("dns", None),
        ("tcp", None),
        ("auth", None),
        ("ping", None),
        ("info", None),
    ]
    assert probed.state is not None
    assert (probed.state.role, probed.state.loading, probed.state.link_up) == ("master", False, None)
    assert probed.state.used_memory > 100_000
    assert probed.state.clients >= 1


def test_the_server_hears_auth_ping_and_info_and_nothing_else(tmp_path: Path) -> None:
    with redis(tmp_path, "--requirepass", TOKEN, ready=listens) as server:
        assert look(server.port, TOKEN).failed is None
        assert server.heard(token=TOKEN) == {"auth": 2, "ping": 1, "info": 1}, "one AUTH is this question's own"


def test_a_token_that_is_right_opens(locked: Server) -> None:
    assert look(locked.port, TOKEN).failed is None


def test_a_token_that_is_missing_wrong_or_not_wanted_is_told_apart(plain: Server, locked: Server) -> None:
    assert failed(look(locked.port)) == ("auth", "token-missing")
    assert failed(look(locked.port, f"{TOKEN}-old")) == ("auth", "token-wrong")
    assert look(plain.port, TOKEN).failed is None, "Redis 6 and later takes any token where none is set"


def test_a_server_before_redis_6_says_that_it_wants_no_token() -> None:
    with scripted(b"-ERR Client sent AUTH, but no password is set\r\n") as port:
        assert failed(look(port, TOKEN)) == ("auth", "token-not-wanted")


def test_a_user_who_may_not_ping_is_told_so(tmp_path: Path) -> None:
    with redis(tmp_path, "--user", "default", "on", "nopass", "~*", "-@all", "+auth", ready=listens) as server:
        assert failed(look(server.port)) == ("ping", "not-permitted")


def test_tls_that_is_well_is_well(tmp_path: Path) -> None:
    with secured(tmp_path, "localhost") as (server, roots):
        assert look(server.port, host="localhost", tls=True, roots=roots).failed is None


def test_a_certificate_nobody_vouches_for_is_not_trusted(tmp_path: Path) -> None:
    with secured(tmp_path, "localhost") as (server, _):
        assert failed(look(server.port, host="localhost", tls=True)) == ("tls", "certificate-untrusted")


def test_a_certificate_for_somebody_else_is_said_to_be(tmp_path: Path) -> None:
    with secured(tmp_path, "redis.example") as (server, roots):
        assert failed(look(server.port, host="localhost", tls=True, roots=roots)) == ("tls", "certificate-other-name")


def test_a_certificate_that_has_expired_is_said_to_have(tmp_path: Path) -> None:
    with secured(tmp_path, "localhost", days=-1) as (server, roots):
        assert failed(look(server.port, host="localhost", tls=True, roots=roots)) == ("tls", "certificate-expired")


def test_who_speaks_plainly_to_tls_is_told_to_configure_it(tmp_path: Path) -> None:
    with secured(tmp_path, "localhost") as (server, _):
        assert failed(look(server.port)) == ("tls", "tls-wanted")


def test_who_speaks_tls_to_a_plain_server_is_told_that_it_does_not(plain: Server, locked: Server) -> None:
    assert failed(look(plain.port, tls=True)) == ("tls", "tls-not-spoken")
    assert failed(look(locked.port, TOKEN, tls=True)) == ("tls", "tls-not-spoken")


def test_a_replica_is_well_while_its_link_is_up_and_not_when_it_is_cut_off(tmp_path: Path) -> None:
    with redis(tmp_path, "--repl-diskless-sync-delay", "0") as primary:
        options = ("--replicaof", HOST, str(primary.port))
        with redis(tmp_path, *options, ready=_linked) as replica:
            well = look(replica.port)
            assert well.failed is None
            assert well.state is not None
            assert (well.state.role, well.state.link_up) == ("slave", True)
            primary.end()
            _until(lambda: not _linked(replica))
            assert failed(look(replica.port)) == ("info", "replica-cut-off")
            replica.say("CONFIG SET replica-serve-stale-data no")
            assert failed(look(replica.port)) in {("ping", "replica-cut-off"), ("info", "replica-cut-off")}


def test_a_memory_that_is_full_is_a_fault_only_where_nothing_is_evicted(tmp_path: Path) -> None:
    with redis(tmp_path, "--maxmemory", "500kb") as server:
        assert failed(look(server.port)) == ("info", "out-of-memory")
        server.say("CONFIG SET maxmemory-policy allkeys-lru")
        assert look(server.port).failed is None


def test_a_server_that_loads_its_data_says_so(tmp_path: Path) -> None:
    with redis(tmp_path, "--enable-debug-command", "yes") as first:
        first.say("DEBUG POPULATE 20000")
        assert first.say("SAVE") == "+OK\r\n"
    slowly = ("--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024")
    with redis(
        tmp_path, *slowly, ready=lambda server: "LOADING" in server.say("PING") if listens(server) else False
    ) as server:
        assert failed(look(server.port)) == ("ping", "loading")


def test_a_server_that_is_paused_takes_the_connection_and_gives_no_answer(tmp_path: Path) -> None:
    with redis(tmp_path) as server:
        server.process.send_signal(signal.SIGSTOP)
        assert failed(look(server.port)) == ("ping", "no-answer")
        server.process.send_signal(signal.SIGCONT)
        assert look(server.port).failed is None


def test_a_paused_server_that_should_speak_tls_is_not_said_to_speak_plainly(tmp_path: Path) -> None:
    with secured(tmp_path, "localhost") as (server, roots):
        server.process.send_signal(signal.SIGSTOP)
        assert failed(look(server.port, host="localhost", tls=True, roots=roots)) == ("tls", "no-answer")


def test_a_server_that_was_killed_refuses(tmp_path: Path) -> None:
    with redis(tmp_path) as server:
        server.end()
        assert failed(look(server.port)) == ("tcp", "refused")


def test_a_black_hole_gives_no_answer(gate: Gate) -> None:
    gate.turn("shut")
    assert failed(look(gate.port)) == ("tcp", "no-answer")
    gate.turn("open")
    assert look(gate.port).failed is None


def test_a_server_with_as_many_clients_as_it_takes_says_so(tmp_path: Path) -> None:
    with redis(tmp_path, "--maxclients", "1", ready=listens) as server, closing(_alone(server)):
        assert failed(look(server.port)) == ("ping", "too-many-clients")


def test_a_server_busy_with_a_script_says_so(tmp_path: Path) -> None:
    with redis(tmp_path, "--busy-reply-threshold", "50") as server, closing(server.connection()) as client:
        client.sendall(b'EVAL "while true do end" 0\r\n')
        _until(lambda: server.say("PING").startswith("-BUSY"))
        assert failed(look(server.port)) == ("ping", "busy")


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (b"-MOVED 1234 10.0.0.7:6379\r\n", "moved"),
        (b"-OOM command not allowed when used memory > 'maxmemory'.\r\n", "out-of-memory"),
        (b"-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n", "replica-cut-off"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not-understood"),
        (b"+PANG\r\n", "not-understood"),
        (b"", "cut-off"),
    ],
)
def test_what_a_server_says_instead_of_pong_becomes_the_fault_that_it_means(words: bytes, fault: str) -> None:
    with scripted(words) as port:
        assert failed(look(port)) == ("ping", fault)


def test_a_server_that_drips_is_not_waited_for_until_it_is_done() -> None:
    with scripted(*[b"+"] * 100, pause=0.3) as port:
        assert failed(look(port)) == ("ping", "no-answer")


def test_an_info_that_is_none_is_not_understood() -> None:
    with scripted(b"+PONG\r\n$3\r\nabc\r\n", pause=1) as port:
        assert failed(look(port)) == ("info", "not-understood")


def test_nothing_is_sent_to_an_address_outside_the_vpc(plain: Server) -> None:
    redis_here = RedisDependency(host=HOST, port=plain.port)
    probed = Look(redis=redis_here, token=Secret(TOKEN), networks=("10.0.0.0/8",)).probed(NOW)
    assert failed(probed) == ("dns", "address-foreign")


def secured(directory: Path, name: str, *, days: int = 1) -> "Secured":
    return Secured(directory, name, days)


class Secured:
    """A server with TLS, and the file of who vouches for it."""

    def __init__(self, directory: Path, name: str, days: int) -> None:
        self.roots, key = certificate(directory, name, days=days)
        files = ("--tls-cert-file", str(self.roots), "--tls-key-file", str(key), "--tls-auth-clients", "no")
        self._run = redis(directory, *files, tls=True, ready=listens)

    def __enter__(self) -> tuple[Server, Path]:
        return self._run.__enter__(), self.roots

    def __exit__(self, *error: object) -> None:
        self._run.__exit__(None, None, None)


def _linked(server: Server) -> bool:
    return listens(server) and "master_link_status:up" in server.say("INFO replication")


def _alone(server: Server) -> socket.socket:
    """Return the one connection that the server takes."""
    while True:
        connection = server.connection()
        connection.sendall(b"PING\r\n")
        if connection.recv(100) == b"+PONG\r\n":
            return connection
        connection.close()


def _until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)

"""The Atlas client over real HTTPS: each request held against Atlas's published description, and a server that misbehaves."""

import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from atlas_writer.writer import Writer
from remediation.atlas import calls, reads, transport
from remediation.atlas.asking import Allow, Asked, Create, Refill, Save, door
from remediation.atlas.client import Atlas
from remediation.atlas.credentials import Credential, Keys, ServiceAccount
from remediation.atlas.transport import https, pacing
from remediation.core.errors import AwsError
from remediation.core.redact import Secret
from tests.e2e.atlas_server import LOOPBACK, Handler, Misbehaves, Rerouted, Server, serving
from tests.e2e.redis_servers import certificate
from tests.functions.atlas_writer.test_writer import NAT, OURS
from tests.functions.fakes.atlas import CLIENT, CLIENT_SECRET, PRIVATE, PUBLIC, AtlasWorld
from tests.functions.fakes.atlas_api import HOST, OPERATIONS
from tests.functions.fakes.atlas_service import PROJECT

pytestmark = pytest.mark.e2e
KEYS = Keys(public_key=PUBLIC, private_key=Secret(PRIVATE))
ACCOUNT = ServiceAccount(client_id=CLIENT, client_secret=Secret(CLIENT_SECRET))
WITHIN = 4.0
"""Seconds: a server that drips does so for five."""


class Clock:
    """A time that a test moves on."""

    now = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("atlas"), HOST)


def done(writer: Writer, asked: Asked) -> bool:
    """Have the writer do something, as the function is asked for it."""
    return writer.answer(msgspec.to_builtins(asked), door(asked)).done


def over(server: Server, roots: Path, who: Credential = KEYS) -> Atlas:
    return Atlas(PROJECT, who, https(Rerouted(server.port, roots)))


@pytest.mark.parametrize("who", [KEYS, ACCOUNT], ids=["digest", "service account"])
def test_every_call_that_is_ever_made_is_one_that_atlas_describes(pem: tuple[Path, Path], who: Credential) -> None:
    clock = Clock()
    world = AtlasWorld(clock)
    world.cluster("prod", tier="M30")
    world.cluster("big", shards=2)
    world.flex_cluster("small")
    kept = world.snapshot("prod", timedelta(days=1))["id"]
    world.event("HOST_DOWN", timedelta(minutes=5), "prod")
    world.alert("NO_PRIMARY", timedelta(minutes=5), "prod")
    with serving(world, *pem) as server:
        atlas = over(server, pem[0], who)
        for found in reads.clusters(atlas):
            reads.cluster(atlas, found.name)
            reads.snapshots(atlas, found)
            reads.restores(atlas, found)
        reads.access(atlas)
        reads.maintenance(atlas)
        assert [each.kind for each in reads.happenings(atlas, clock.now - timedelta(hours=1), "prod")] == ["HOST_DOWN"]
        assert [each.kind for each in reads.alerts(atlas)] == ["NO_PRIMARY"]
        writer = Writer(
            mode="act", cluster="prod", prefix="prod-", atlas=lambda: atlas, egress=lambda: OURS, clock=clock
        )
        until = clock.now + timedelta(hours=4)
        assert done(writer, Allow(address=NAT, comment="run 1", until=until))
        assert done(writer, Save(cluster="prod", description="run 2", days=7))
        assert done(writer, Create(cluster="prod-2", like="prod"))
        clock.now += timedelta(minutes=15)
        assert done(writer, Refill(snapshot=kept, cluster="prod", target="prod-2"))
    made = {each.operation.id for each in world.asked}
    assert made == {each.id for each in OPERATIONS}
    assert len(OPERATIONS) == len(calls.READS) + len(calls.WRITES)
    told = str(world.requests)
    assert PRIVATE not in told
    assert CLIENT_SECRET not in told


# ------------------------------------------------------------------------------------------------------- misbehaviour


def redirects(handler: Handler) -> None:
    handler.send_response(302)
    handler.send_header("Location", f"https://{HOST}/elsewhere")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def drips(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def drips_headers(handler: Handler) -> None:
    handler.send_response(200)
    handler.flush_headers()
    for number in range(100):
        handler.wfile.write(f"X-{number}: 1\r\n".encode())
        handler.wfile.flush()
        time.sleep(0.05)


def drips_a_header(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    for _ in range(100):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


def hangs_up(handler: Handler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def cuts_short(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"results": [')
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)


def floods(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(20_000_000))
    handler.end_headers()
    for _ in range(20):
        handler.wfile.write(b" " * 1_000_000)


def answers_html(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "6")
    handler.end_headers()
    handler.wfile.write(b"<html>")


@pytest.mark.parametrize(
    ("misbehaves", "code"),
    [
        (redirects, "Redirected"),
        (drips, "ReadTimeout"),
        (drips_headers, "ReadTimeout"),
        (drips_a_header, "ReadTimeout"),
        (hangs_up, "ConnectionClosed"),
        (cuts_short, "ConnectionClosed"),
        (floods, "TooLarge"),
        (answers_html, "NotUnderstood"),
    ],
)
def test_a_server_that_misbehaves_is_an_error_in_time_and_is_asked_once(
    pem: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, misbehaves: Misbehaves, code: str
) -> None:
    monkeypatch.setattr(transport, "WITHIN", 1.0)
    monkeypatch.setattr(transport, "LARGEST", 100_000)
    with serving(AtlasWorld(Clock()), *pem, misbehaves) as server:
        begun = time.monotonic()
        with pytest.raises(AwsError) as error:
            reads.cluster(over(server, pem[0]), "prod")
        assert time.monotonic() - begun < WITHIN
        assert error.value.code == code
        assert server.asked == [f"/api/atlas/v2/groups/{PROJECT}/clusters/prod"]


def test_a_server_that_says_nothing_is_given_up_in_time(
    pem: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "WITHIN", 0.5)
    over_with_it = threading.Event()

    def says_nothing(_: Handler) -> None:
        over_with_it.wait(10)

    with serving(AtlasWorld(Clock()), *pem, says_nothing) as server:
        with pytest.raises(AwsError) as error:
            reads.cluster(over(server, pem[0]), "prod")
        over_with_it.set()
    assert error.value.code == "ReadTimeout"


def test_nobody_there_is_an_error_in_time(pem: tuple[Path, Path]) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))  # and never listens
        atlas = Atlas(PROJECT, KEYS, https(Rerouted(taken.getsockname()[1], pem[0])))
        with pytest.raises(AwsError) as error:
            reads.cluster(atlas, "prod")
    assert error.value.code == "EndpointConnection"


@pytest.mark.parametrize("wrong", ["name", "expired", "signed by nobody we know"])
def test_whoever_cannot_prove_to_be_atlas_is_told_nothing(tmp_path: Path, pem: tuple[Path, Path], wrong: str) -> None:
    own = certificate(tmp_path, "atlas.example.com" if wrong == "name" else HOST, days=-1 if wrong == "expired" else 1)
    roots = pem[0] if wrong == "signed by nobody we know" else own[0]
    world = AtlasWorld(Clock())
    with serving(world, *own) as server, pytest.raises(AwsError, match="its certificate is not trusted") as error:
        reads.cluster(over(server, roots), "prod")
    assert error.value.code == "SSL"
    assert world.requests == []


def test_a_busy_server_is_asked_again_and_then_answers(pem: tuple[Path, Path]) -> None:
    world = AtlasWorld(Clock())
    world.cluster("prod")
    world.refuses["getCluster"] = (503, "SERVICE_UNAVAILABLE")
    with serving(world, *pem) as server:

        def wait(_: float) -> None:
            world.refuses.clear()

        atlas = Atlas(PROJECT, KEYS, pacing(https(Rerouted(server.port, pem[0])), wait))
        assert reads.cluster(atlas, "prod") is not None

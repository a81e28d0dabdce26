"""Real Redis servers, and what only looks like one: each started by the test that needs it, and ended with it."""

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from remedy.lab.processes import free_ports
from remedy.lab.redis import binary

HOST = "127.0.0.1"
TOKEN = "canary-of-a-token-4711"


class Server:
    """One redis-server; `say` is a conversation of the test's own."""

    def __init__(self, directory: Path, *options: str, tls: bool = False, ready: Callable[["Server"], bool]) -> None:
        (self.port,) = free_ports(1)
        ports = ["--port", "0", "--tls-port", str(self.port)] if tls else ["--port", str(self.port)]
        command = [binary(), *ports, "--bind", HOST, "--save", "", "--dir", str(directory), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while not ready(self):
            assert time.monotonic() < until, "the server did not start"
            assert self.process.poll() is None, "the server ended"
            time.sleep(0.02)

    def connection(self) -> socket.socket:
        return socket.create_connection((HOST, self.port), timeout=5)

    def say(self, words: str, *, token: str = "") -> str:
        """Say something inline and return the answer, as far as it came in one piece."""
        answer = ""
        with self.connection() as connection:
            for line in (*([f"AUTH {token}"] if token else []), words):
                connection.sendall(f"{line}\r\n".encode())
                answer = connection.recv(65_536).decode()
        return answer

    def heard(self, *, token: str = "") -> dict[str, int]:
        """Return how often it has heard which command: its own statistics of commands."""
        lines = self.say("INFO commandstats", token=token).splitlines()
        stats = dict(line.removeprefix("cmdstat_").split(":", 1) for line in lines if line.startswith("cmdstat_"))
        return {name: int(numbers.split(",")[0].removeprefix("calls=")) for name, numbers in stats.items()}

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def listens(server: Server) -> bool:
    """Tell whether anything accepts connections."""
    try:
        server.connection().close()
    except OSError:
        return False
    return True


def answers(server: Server) -> bool:
    """Tell whether it answers anything at all."""
    try:
        return bool(server.say("PING"))
    except OSError:
        return False


@contextmanager
def redis(
    directory: Path, *options: str, tls: bool = False, ready: Callable[[Server], bool] = answers
) -> Iterator[Server]:
    """Run a server until the block ends."""
    server = Server(directory, *options, tls=tls, ready=ready)
    try:
        yield server
    finally:
        server.end()


@contextmanager
def scripted(*words: bytes, pause: float = 0.0) -> Iterator[int]:
    """Serve what says these words to whoever comes, a pause after each, and then hangs up; the port."""
    with socket.create_server((HOST, 0)) as listener:
        over = threading.Event()

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):
                        connection.recv(1000)
                        for word in words:
                            connection.sendall(word)
                            if over.wait(pause):
                                return

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        yield listener.getsockname()[1]
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        serving.join(5)


def certificate(directory: Path, name: str, *others: str, days: int = 1) -> tuple[Path, Path]:
    """Write a certificate that signs itself, valid for so many days (negative: so long expired), and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in (name, *others)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = directory / f"{name}.pem", directory / f"{name}.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    encoding, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret.write_bytes(key.private_bytes(encoding, kind, serialization.NoEncryption()))
    return pem, secret

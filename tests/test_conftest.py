import socket

import pytest

from remediation.adapters.logs import logger
from tests.conftest import SocketOpenedError


def test_a_unit_test_cannot_open_a_socket() -> None:
    with socket.socket() as ours, pytest.raises(SocketOpenedError, match=r"169\.254\.169\.254"):
        ours.connect(("169.254.169.254", 80))


@pytest.mark.e2e
def test_an_e2e_test_can() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as ours:
        assert ours.getpeername() == server.getsockname()


@pytest.mark.parametrize("time", ["first", "second"])
def test_what_a_function_logs_is_seen_by_the_test_that_invokes_it(
    time: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logger().info(f"It is the {time} time.")
    assert f"It is the {time} time." in capsys.readouterr().out

"""The conversation with the cache, where there is no time for it."""

import socket
from typing import Any

import pytest

from flush_redis import link
from flush_redis.link import linked
from flush_redis.settings import Settings
from remediation.reach.deadline import Deadline
from remediation.reach.unreachable import UnreachableError


def test_where_no_time_is_left_it_is_said_that_no_more_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    now, (ours, theirs) = [0.0], socket.socketpair()
    monkeypatch.setattr(link, "Deadline", lambda seconds: Deadline(seconds, lambda: now[0]))
    monkeypatch.setattr(link, "resolve", lambda *_: ("10.0.0.7",))
    monkeypatch.setattr(link, "connect", lambda *_: ours)
    aws: Any = None

    def asked() -> None:
        with linked(aws, Settings(cache="dev-redis"), "redis.example", 6379, tls=False) as conversation:
            now[0] = 4.9
            conversation.keys()

    with theirs, pytest.raises(UnreachableError, match="took all the time, so no more was said") as caught:
        asked()
    assert (caught.value.fault, ours.fileno()) == ("no-time", -1)

"""Which lines of an access list let strangers in: one answer, for the runbook and for the command line alike."""

from datetime import UTC, datetime, timedelta

import pytest

from remediation.atlas.facts import Access
from remediation.atlas.lines import block, ended, has, strangers

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    "cidr",
    [
        "0.0.0.0/0",
        "::/0",
        "192.0.0.0/8",
        "3.0.0.0/9",
        "52.0.0.0/11",
        "8.8.0.0/16",
        "8.8.8.0/23",
        "8.0.0.0/6",
        "2600::/16",
        "2600:1f18::/32",
        "2600:1f18::/47",
    ],
)
def test_a_block_that_is_wider_than_a_network_of_ones_own_lets_strangers_in(cidr: str) -> None:
    line = Access(cidr=cidr)
    assert strangers((line, Access(cidr="8.8.8.8/32")), NOW) == (line,)


@pytest.mark.parametrize(
    "cidr",
    [
        "8.8.8.0/24",
        "8.8.8.8/32",
        "2600:1f18::/48",
        "2600:1f18::1/128",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "100.64.0.0/10",
        "fd00::/8",
        "nonsense",
        "",
    ],
)
def test_a_network_of_ones_own_and_what_is_none_let_nobody_else_in(cidr: str) -> None:
    assert strangers((Access(cidr=cidr, group="" if cidr else "sg-1"),), NOW) == ()


@pytest.mark.parametrize(
    ("until", "gone"), [(None, False), (NOW + SECOND, False), (NOW, True), (NOW - 3600 * SECOND, True)]
)
def test_a_line_that_has_ended_lets_nobody_in(until: datetime | None, gone: bool) -> None:
    line = Access(cidr="0.0.0.0/0", until=until)
    assert (ended(line, NOW), strangers((line,), NOW)) == (gone, () if gone else (line,))


def test_an_address_is_in_a_line_of_its_own_kind() -> None:
    assert has(Access(cidr="203.0.113.0/24"), "203.0.113.7")
    for cidr in ("203.0.112.0/24", "::/0", "203.0.113.7/24", "nonsense"):
        assert not has(Access(cidr=cidr), "203.0.113.7")
    assert block(Access(group="sg-1")) is None

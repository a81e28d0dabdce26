"""Of any addresses and ranges that the writer is asked to let in, only a listed one of our own gets through, alone (HAZARDS D1)."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network

from hypothesis import given, settings
from hypothesis import strategies as st

from atlas_writer.letting_in import LONGEST, SHORTEST
from atlas_writer.writer import Writer
from tests.functions.fakes.atlas import AtlasWorld

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
OURS = frozenset({"198.51.100.7", "203.0.113.200"})

addresses = st.ip_addresses(v=4).map(str)
near = st.sampled_from(sorted(OURS)).flatmap(
    lambda ours: st.integers(-3, 3).map(lambda step: str(IPv4Address(int(IPv4Address(ours)) + step)))
)
ranges = st.tuples(st.one_of(addresses, near), st.integers(0, 32)).map(
    lambda pair: str(IPv4Network(f"{pair[0]}/{pair[1]}", strict=False))
)
dressed = st.tuples(
    st.sampled_from(["", " ", "\n", "::ffff:", "0", "http://"]),
    near,
    st.sampled_from(["", " ", "\n", "/32", "/0", ",0.0.0.0/0"]),
).map("".join)
anything = st.one_of(addresses, near, ranges, dressed, st.ip_addresses(v=6).map(str), st.text(max_size=40))
ends = st.timedeltas(min_value=-timedelta(days=2), max_value=timedelta(days=9))


@settings(max_examples=1_000, deadline=None)
@given(asked=anything, ahead=ends, private=st.booleans())
def test_only_one_listed_address_ever_gets_through_and_never_for_longer_than_four_hours(
    asked: str, ahead: timedelta, private: bool
) -> None:
    world = AtlasWorld(lambda: NOW)
    ours = OURS | {"10.0.0.7"} if private else OURS
    writer = Writer(
        mode="act", cluster="prod", prefix="prod-", atlas=world.connect, egress=lambda: ours, clock=lambda: NOW
    )
    event = {"ask": "allow", "address": asked, "comment": "run 1", "until": (NOW + ahead).isoformat()}
    answered = writer.answer(event, "allow")
    may = asked in OURS and SHORTEST <= ahead <= LONGEST
    assert answered.done == may, answered.because
    written = [entry for each in world.written for entry in each.body]
    assert [entry["cidrBlock"] for entry in written] == ([f"{asked}/32"] if may else [])
    for entry in written:
        assert datetime.fromisoformat(entry["deleteAfterDate"]) <= NOW + LONGEST
    if not may:
        assert world.requests == []

"""An address of ours that Atlas does not let in: when a person is asked for it, and when somebody is told why not."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from remediation.atlas import reads
from remediation.atlas.facts import Access, Happening
from remediation.core.probed import OWN_FAULTS, Fault, Layer, MongoFault
from remediation.core.verdict import Act, Escalate, Nothing
from restore_database_access import diagnose
from restore_database_access.advice import MEANS
from restore_database_access.facts import Came, Line
from restore_database_access.person import NETWORK
from restore_database_access.shut_out import LET_IN
from tests.functions.restore_database_access.judged import (
    ALL,
    FIRST,
    FOUND,
    HOUR,
    MINUTE,
    OUT,
    SECOND,
    STARTED,
    THERE,
    because,
    by,
    decided,
    facts,
    for_hours,
    shut_out,
    terraform,
)
from tests.functions.restore_database_access.nights import CLUSTER, LAYERS, OTHER, OURS, SETTINGS, Night, probed
from tests.support.steps import NIGHT


def test_an_address_of_ours_that_is_missing_is_asked_for_by_itself() -> None:
    verdict = decided(shut_out())
    assert isinstance(verdict, Act)
    assert (verdict.action, verdict.target) == (LET_IN, Line(id=OURS))
    assert verdict.approval is not None
    assert verdict.approval.because == (
        f"Atlas lets in {OURS}/32, an address of our own, until 4 hours from then; nothing else changes."
    )
    assert verdict.because == f"{OUT}, TCP gets no answer, and Atlas has nothing else to do."
    assert terraform() in verdict.drift
    assert verdict.next_steps == (terraform(),)


def test_who_is_asked_is_told_that_a_line_was_taken_away() -> None:
    gone = Happening(kind="NETWORK_PERMISSION_ENTRY_REMOVED", at=NIGHT - 20 * MINUTE)
    assert because(decided(shut_out(happenings=(STARTED, gone))), Act).endswith(
        "A line was taken off the list at 2026-11-23 03:20 UTC: that may be meant so."
    )


def test_a_line_that_has_expired_lets_nobody_in() -> None:
    verdict = decided(shut_out(access=(for_hours(0), SECOND)))
    assert isinstance(verdict, Act)
    assert verdict.evidence[0] == f"The line for {OURS} expired at 2026-11-23 03:40 UTC."


@pytest.mark.parametrize("line", ["203.0.113.0/24", f"{OURS}/32", "203.0.112.0/23"])
def test_a_line_that_has_our_address_is_not_to_blame(line: str) -> None:
    verdict = decided(shut_out(access=(Access(cidr=line), SECOND)))
    assert "It is not the access list, which lets in each of our addresses." in because(verdict)


def test_a_list_that_lets_everybody_in_is_a_finding_and_not_the_cause() -> None:
    said = because(decided(shut_out(access=(ALL,))))
    assert "It is not the access list, which lets in each of our addresses." in said
    assert said.endswith(FOUND)


@pytest.mark.parametrize("cidr", ["64.0.0.0/8", "3.0.0.0/9", "52.0.0.0/11", "2600::/16", "::/0"])
def test_a_block_that_lets_in_strangers_and_not_us_is_a_finding_and_we_are_missing_all_the_same(cidr: str) -> None:
    verdict = decided(shut_out(access=(Access(cidr=cidr), SECOND)))
    assert isinstance(verdict, Act)
    assert verdict.target == Line(id=OURS)
    assert f"Security finding: the access list lets in {cidr}," in verdict.because


def test_a_line_that_let_everybody_in_and_has_ended_lets_in_nobody() -> None:
    ended = Access(cidr="0.0.0.0/0", until=NIGHT)
    assert because(decided(shut_out(access=(ended, SECOND))), Act).startswith(OUT)
    lasts = replace(ended, until=NIGHT + MINUTE)
    assert "It is not the access list" in because(decided(shut_out(access=(lasts,))))


@pytest.mark.parametrize("cidr", ["10.0.0.0/8", "8.8.8.0/24", "2600:1f18::/48", "nonsense"])
def test_a_block_that_is_somebodys_own_is_no_finding(cidr: str) -> None:
    verdict = decided(shut_out(access=(Access(cidr=cidr),)))
    assert isinstance(verdict, Act)
    assert "Security finding" not in verdict.because
    assert not any("Security finding" in seen for seen in verdict.evidence)
    told = decided(shut_out(access=(Access(cidr=cidr),)), writer=False)
    assert "Security finding" not in because(told)
    assert isinstance(told, Escalate)
    assert told.next_steps == verdict.next_steps == (terraform(), terraform(OTHER))


@pytest.mark.parametrize("cidr", ["64.0.0.0/8", "2600::/16"])
def test_whoever_is_called_about_a_block_of_strangers_is_told_how_the_list_is_made_narrower(cidr: str) -> None:
    told = decided(shut_out(access=(Access(cidr=cidr), SECOND)), writer=False)
    assert isinstance(told, Escalate)
    assert f"Then take {cidr} off" in told.next_steps[-1]


@pytest.mark.parametrize("layer", [layer for layer in LAYERS if layer != "tcp"])
def test_an_address_that_is_missing_while_another_layer_fails_is_not_let_in(layer: Layer) -> None:
    assert isinstance(decided(shut_out(probed=probed(layer, "no-answer"))), Escalate)


def test_a_tcp_that_is_refused_is_not_the_lists_doing() -> None:
    assert "nothing listens" in because(decided(shut_out(probed=probed("tcp", "refused"))))


@pytest.mark.parametrize(
    ("layer", "fault"), [("tcp", "cut-off"), ("tls", "cut-off"), ("tls", "no-answer"), ("hello", "cut-off")]
)
def test_a_server_that_hangs_up_on_who_it_does_not_know_tells_that_our_address_is_missing(
    layer: Layer, fault: MongoFault
) -> None:
    verdict = decided(shut_out(probed=probed(layer, fault)))
    assert because(verdict).endswith(f"Atlas may do so to who is not on its access list, and {OURS} is not.")
    assert isinstance(verdict, Escalate)
    assert verdict.next_steps[0] == terraform()
    assert f"atlas accessLists list --projectId {SETTINGS.project}" in verdict.next_steps
    assert "access list" not in because(decided(facts(layer, fault)))


@pytest.mark.parametrize("fault", [*sorted(OWN_FAULTS), "no-route"])
def test_trouble_of_our_own_lets_nobody_in_and_is_the_infrastructures(fault: Fault) -> None:
    verdict = decided(shut_out(probed=probed("tcp", fault)))
    assert because(verdict).startswith(f"{CLUSTER}: the layer tcp fails. {MEANS[fault]}")
    assert isinstance(verdict, Escalate)
    assert verdict.team == NETWORK
    assert "access list" not in verdict.because


@pytest.mark.parametrize(("layer", "fault"), [("hello", "no-answer"), ("auth", "cut-off"), ("ping", "cut-off")])
def test_a_server_that_fails_after_it_has_let_us_in_says_nothing_of_the_list(layer: Layer, fault: MongoFault) -> None:
    assert "access list" not in because(decided(shut_out(probed=probed(layer, fault))))


@pytest.mark.parametrize("state", ["DELETING", "OTHER"])
def test_a_cluster_that_is_not_idle_is_left_alone(state: Any) -> None:
    said = because(decided(shut_out(cluster=replace(THERE, state=state))))
    assert said == f"{OUT}. {CLUSTER} is {state} at Atlas, and only an idle cluster is one whose list is to blame."


def test_where_there_may_be_a_peering_our_address_says_nothing() -> None:
    said = because(decided(shut_out(access=(SECOND, Access(group="sg-0a0a0a0a0a0a0a0a0")))))
    assert said.startswith(f"{OUT}. The list has the security group sg-0a0a0a0a0a0a0a0a0, so we may come by a peering")


def came(hours: int, how: Any = "done") -> Came:
    return Came(at=NIGHT - hours * HOUR, how=how)


def test_an_address_is_let_in_once_a_day() -> None:
    said = because(decided(shut_out(allowed={OURS: came(23)})))
    assert said == (
        f"{OUT}. It was let in on 2026-11-22 04:40 UTC already, for 4 hours. It is let in once in 24 hours."
    )
    assert isinstance(decided(shut_out(allowed={OURS: came(24)})), Act)
    assert isinstance(decided(shut_out(allowed={OTHER: came(1)})), Act)


def test_a_try_of_which_nobody_knows_what_came_counts_and_one_that_was_refused_is_told_and_does_not() -> None:
    unknown = because(decided(shut_out(allowed={OURS: came(1, "unknown")})))
    assert "It may have been let in (the writer gave no answer) on 2026-11-23 02:40 UTC already" in unknown
    refused = because(decided(shut_out(allowed={OURS: came(1, "refused")})), Act)
    assert refused.endswith("It was tried at 2026-11-23 02:40 UTC, and refused: nothing was written.")
    assert "refused" not in because(decided(shut_out(allowed={OURS: came(24, "refused")})), Act)


def test_where_nothing_may_be_changed_a_person_is_told_the_line_of_terraform() -> None:
    verdict = decided(shut_out(), writer=False)
    assert because(verdict) == (
        f"{OUT}. Nothing may be changed at Atlas from here (setting `writer` of restore-database-access)."
    )
    assert isinstance(verdict, Escalate)
    assert (verdict.next_steps, verdict.team) == ((terraform(),), NETWORK)


def test_subnets_without_a_nat_gateway_are_the_infrastructures() -> None:
    verdict = decided(facts(addresses=()))
    assert because(verdict).startswith(
        "No answer comes back, and no NAT gateway leads out of subnet-0123456789abcdef0,"
    )
    assert isinstance(verdict, Escalate)
    assert verdict.team == NETWORK
    vpc = "aws ec2 describe-subnets --subnet-ids subnet-0123456789abcdef0 --query 'Subnets[0].VpcId' --output text"
    assert verdict.next_steps == (f'aws ec2 describe-route-tables --filters "Name=vpc-id,Values=$({vpc})"',)


# ---------------------------------------------------------------------------------------------------- by a private way


@pytest.mark.parametrize("address", ["192.168.248.10", "10.0.3.4", "172.31.0.9", "100.64.1.1", "fd12:3456::1"])
@pytest.mark.parametrize("lines", [(Access(cidr="10.0.0.0/16"),), (), (SECOND,), (FIRST, SECOND)])
def test_who_comes_by_a_private_way_is_not_let_in_by_a_public_address(address: str, lines: tuple[Access, ...]) -> None:
    verdict = decided(shut_out(probed=by("18.194.10.1", address), access=lines))
    said = because(verdict)
    assert said.startswith(f"{CLUSTER} cannot be reached: TCP gets no answer, and the probe tried {address}.")
    assert said.endswith(
        "we come by a peering or a private endpoint, where the addresses of our NAT gateways do not count. "
        "Look at its route, its state and its security group."
    )
    assert isinstance(verdict, Escalate)
    assert verdict.team == NETWORK
    assert terraform() not in verdict.next_steps
    assert f"atlas privateEndpoints aws list --projectId {SETTINGS.project}" in verdict.next_steps


def test_who_comes_over_the_internet_is_asked_for_although_the_block_of_a_peering_is_listed() -> None:
    lines = (Access(cidr="10.0.0.0/16"), SECOND)
    assert isinstance(decided(shut_out(probed=by("18.194.10.1", "18.194.10.2"), access=lines)), Act)


def test_a_private_way_without_a_nat_gateway_is_no_trouble_of_the_nat_gateways() -> None:
    assert "NAT gateway leads out" not in because(decided(facts(probed=by("10.0.3.4"), addresses=())))


def test_where_the_probe_does_not_tell_the_addresses_nobody_is_asked() -> None:
    said = because(decided(shut_out(probed=by())))
    assert said.startswith(f"{OUT}. The probe does not tell which addresses it tried")
    unknown = replace(by(), mongodb=None)
    assert isinstance(decided(shut_out(probed=unknown)), Escalate)


def test_a_server_that_hangs_up_by_a_private_way_is_not_told_to_miss_a_public_address() -> None:
    look = probed("tls", "cut-off")
    assert look.mongodb is not None
    private = replace(look, mongodb=replace(look.mongodb, addresses=("10.0.3.4",)))
    assert "who is not on its access list" not in because(decided(shut_out(probed=private)))


@pytest.mark.parametrize("before", ["access", "probe"])
def test_whom_another_run_lets_in_while_this_one_looks_is_not_shut_out_by_something_else(
    before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = Night()

    def let_in_first(look: Any) -> Any:
        def looked(*args: Any) -> Any:
            night.world.allow(f"{OURS}/32", "by another run", NIGHT + timedelta(hours=4))
            return look(*args)

        return looked

    where = reads if before == "access" else diagnose
    monkeypatch.setattr(where, before, let_in_first(getattr(where, before)))
    assert isinstance(night.decided(), Nothing)

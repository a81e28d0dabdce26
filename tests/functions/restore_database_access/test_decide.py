"""Every branch of restore-database-access: what it says, and that the good case is left working beside each refusal."""

from typing import Any

import pytest
from msgspec.structs import replace

from remediation.atlas.facts import Access, Cluster, Happening
from remediation.core.probed import Layer, MongoFault
from remediation.core.verdict import Act, Escalate, Nothing, Wait
from restore_database_access.advice import MEANS
from restore_database_access.busy import ELECTING, MAINTAINED, busy
from restore_database_access.decide import LET_IN, NETWORK
from restore_database_access.facts import Line
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
    decided,
    facts,
    for_hours,
    shut_out,
    terraform,
)
from tests.functions.restore_database_access.nights import CLUSTER, LAYERS, OTHER, OURS, SETTINGS, probed
from tests.support.steps import NIGHT

# --------------------------------------------------------------------------------------------------------- what is well


def test_a_database_that_answers_is_well_whatever_atlas_is_doing() -> None:
    at_it = facts(None, cluster=replace(THERE, state="UPDATING"), busy="UPDATING", busy_since=NIGHT)
    for seen in (facts(None), at_it):
        verdict = decided(seen)
        assert because(verdict, Nothing) == (
            "dev-starttech-cluster.abcde.mongodb.net answers ping; its primary is "
            "dev-starttech-cluster-shard-00-01.abcde.mongodb.net:27017."
        )
        assert isinstance(verdict, Nothing)
        assert (verdict.tell, verdict.next_steps) == (None, ())


def test_a_list_that_is_open_to_all_is_told_although_all_is_well() -> None:
    verdict = decided(facts(None, access=(FIRST, SECOND, ALL)))
    assert because(verdict, Nothing).endswith(FOUND)
    assert isinstance(verdict, Nothing)
    assert verdict.tell is not None
    assert (verdict.tell.id, verdict.tell.title) == (f"open-to-all/{CLUSTER}", FOUND)
    assert terraform() in verdict.next_steps
    assert "atlas accessLists delete 0.0.0.0/0" in verdict.next_steps[-1]


def test_a_line_that_expires_within_a_day_is_told_and_a_later_one_is_not() -> None:
    verdict = decided(facts(None, access=(for_hours(24), SECOND)))
    assert isinstance(verdict, Nothing)
    assert verdict.tell is not None
    assert verdict.tell.title == f"The line for {OURS} expires at 2026-11-24 03:40 UTC."
    later = decided(facts(None, access=(for_hours(24.1), SECOND)))
    assert isinstance(later, Nothing)
    assert later.tell is None


def test_a_line_that_expires_beside_one_for_good_is_nobodys_trouble() -> None:
    verdict = decided(facts(None, access=(FIRST, for_hours(1), SECOND)))
    assert isinstance(verdict, Nothing)
    assert verdict.tell is None


def test_an_application_that_logs_errors_while_the_probe_is_answered_is_given_five_minutes_and_then_is_its_own_teams() -> (
    None
):
    logs = facts(None, errors=5.0, errors_since=NIGHT - 4 * MINUTE)
    assert because(decided(logs), Wait) == (
        "MongoDB answers the probe, and the application logged 5 errors of its connection in the last 3 minutes; they may be "
        "of before."
    )
    verdict = decided(replace(logs, errors_since=NIGHT - 5 * MINUTE), log_group="/app")
    assert because(verdict).startswith(
        "MongoDB answers the probe and not the application: the application logged 5 errors"
    )
    assert isinstance(verdict, Escalate)
    assert (verdict.team, verdict.next_steps[0]) == ("application", "aws logs tail /app --since 10m")


@pytest.mark.parametrize("errors", [None, 0.0, 4.0])
def test_an_application_that_logs_few_errors_or_nobody_knows_how_many_is_well(errors: float | None) -> None:
    assert isinstance(decided(facts(None, errors=errors, errors_since=NIGHT - HOUR)), Nothing)


# ---------------------------------------------------------------------------------------------------- what is not known


def test_a_probe_that_cannot_be_asked_is_a_persons() -> None:
    verdict = decided(shut_out(probed=None, unasked="The probe dev-probe-dependencies:live failed."))
    assert because(verdict) == (
        "Whether MongoDB can be reached is not known, because the probe cannot be asked: "
        "The probe dev-probe-dependencies:live failed."
    )


@pytest.mark.parametrize(
    "unknown",
    [
        {"access": None, "unread": ("Not read: Atlas:ListAccess failed.",)},
        {"addresses": None, "unread": ("Not read: EC2:DescribeSubnets failed.",)},
        {"unread": ("Not read: Atlas:ListEvents failed.",)},
        {"cluster": None, "access": None, "unread": ("Not read: Atlas:GetCluster failed.",)},
    ],
    ids=["access", "addresses", "events", "cluster"],
)
def test_what_cannot_be_read_is_told_with_the_layer_and_nothing_is_changed(unknown: dict[str, Any]) -> None:
    verdict = decided(shut_out(**unknown))
    said = because(verdict)
    assert said.startswith("the layer tcp fails. No answer comes back.")
    assert said.endswith(f"Whether Atlas lets our addresses in is not known. {unknown['unread'][0]}")
    assert isinstance(verdict, Escalate)
    assert unknown["unread"][0] in verdict.evidence


def test_a_cluster_that_the_project_does_not_have_is_said_to_be() -> None:
    assert because(decided(shut_out(cluster=None))) == (
        f"The project {SETTINGS.project} has no cluster dev-starttech-cluster."
    )


# ------------------------------------------------------------------------------------------------------- Atlas itself


def test_a_paused_cluster_is_a_persons_with_the_command_though_our_address_is_missing() -> None:
    verdict = decided(shut_out(cluster=replace(THERE, paused=True)))
    assert because(verdict).startswith("dev-starttech-cluster is paused")
    assert isinstance(verdict, Escalate)
    assert verdict.next_steps == (f"atlas clusters start dev-starttech-cluster --projectId {SETTINGS.project}",)


@pytest.mark.parametrize("with_", ["CREATING", "UPDATING", "REPAIRING", MAINTAINED])
def test_an_atlas_that_is_busy_is_waited_for_half_an_hour_and_then_a_person_is_called(with_: str) -> None:
    waits = decided(shut_out(busy=with_, busy_since=NIGHT - 29 * MINUTE))
    assert because(waits, Wait).endswith("(seen since 2026-11-23 03:11 UTC); nothing is done meanwhile.")
    calls = decided(shut_out(busy=with_, busy_since=NIGHT - 30 * MINUTE))
    assert "since 2026-11-23 03:10 UTC and for longer than 30 minutes: the layer tcp fails." in because(calls)


def test_an_election_is_waited_for_three_minutes_and_then_a_person_is_called() -> None:
    electing = facts("hello", "no-primary", busy=ELECTING, busy_since=NIGHT - 2 * MINUTE)
    assert because(decided(electing), Wait).startswith("dev-starttech-cluster has no primary: its members elect one")
    too_long = decided(replace(electing, busy_since=NIGHT - 3 * MINUTE))
    assert "for longer than 3 minutes: the layer hello fails. Members answer" in because(too_long)


def test_what_is_the_probes_own_is_not_waited_for() -> None:
    verdict = decided(facts("secret", "secret-unreadable", busy="UPDATING", busy_since=NIGHT))
    assert "The probe cannot read its connection string" in because(verdict)


@pytest.mark.parametrize(
    ("cluster", "kinds", "fault", "with_"),
    [
        (THERE, (), "no-answer", ""),
        (None, (), "no-answer", ""),
        (replace(THERE, state="UPDATING"), ("MAINTENANCE_STARTED",), "no-answer", "UPDATING"),
        (replace(THERE, state="OTHER"), (), "no-answer", ""),
        (THERE, ("MAINTENANCE_STARTED", "MAINTENANCE_COMPLETED"), "no-primary", MAINTAINED),
        (THERE, ("MAINTENANCE_COMPLETED", "MAINTENANCE_STARTED"), "no-answer", ""),
        (THERE, ("HOST_RESTARTED", "MAINTENANCE_STARTED"), "no-answer", MAINTAINED),
        (THERE, (), "no-primary", ELECTING),
    ],
)
def test_what_atlas_is_busy_with(
    cluster: Cluster | None, kinds: tuple[str, ...], fault: MongoFault, with_: str
) -> None:
    newest_first = tuple(replace(STARTED, kind=kind) for kind in kinds)
    assert busy(cluster, newest_first, probed("hello", fault)) == with_


# ------------------------------------------------------------------------------------------------------------- the login


@pytest.mark.parametrize("fault", ["credentials-refused", "not-permitted"])
def test_a_login_that_is_refused_is_for_the_database_and_nothing_is_tried(fault: MongoFault) -> None:
    verdict = decided(shut_out(probed=probed("auth", fault)))
    assert because(verdict).startswith(f"{CLUSTER} is there and refuses us: the layer auth fails. {MEANS[fault]}")
    assert isinstance(verdict, Escalate)
    assert verdict.team == "", "the runbook's own, which is the database's"


# ------------------------------------------------------------------------------------------------------------ the address


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
    assert because(verdict).endswith("It is not the access list, which lets in each of our addresses.")


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "192.0.0.0/8", "::/0"])
def test_a_list_that_is_open_to_all_is_a_finding_and_not_the_cause(cidr: str) -> None:
    verdict = decided(shut_out(access=(Access(cidr=cidr),)))
    said = because(verdict)
    assert f"It is not the access list, which lets in {cidr}." in said
    assert f"Security finding: the access list lets in {cidr}," in said


@pytest.mark.parametrize("cidr", ["10.0.0.0/8", "198.51.100.0/24", "nonsense"])
def test_a_block_that_is_somebodys_own_is_no_finding(cidr: str) -> None:
    assert isinstance(decided(shut_out(access=(Access(cidr=cidr),))), Act)


@pytest.mark.parametrize("layer", [layer for layer in LAYERS if layer != "tcp"])
def test_an_address_that_is_missing_while_another_layer_fails_is_not_let_in(layer: Layer) -> None:
    assert isinstance(decided(shut_out(probed=probed(layer, "no-answer"))), Escalate)


def test_a_tcp_that_is_refused_is_not_the_lists_doing() -> None:
    assert "nothing listens" in because(decided(shut_out(probed=probed("tcp", "refused"))))


def test_a_handshake_that_is_cut_off_tells_that_our_address_is_missing() -> None:
    verdict = decided(shut_out(probed=probed("tls", "cut-off")))
    assert because(verdict).endswith(f"Atlas may do so to who is not on its access list, and {OURS} is not.")
    assert "access list" not in because(decided(facts("tls", "cut-off")))


@pytest.mark.parametrize("state", ["DELETING", "OTHER"])
def test_a_cluster_that_is_not_idle_is_left_alone(state: Any) -> None:
    said = because(decided(shut_out(cluster=replace(THERE, state=state))))
    assert said == f"{OUT}. {CLUSTER} is {state} at Atlas, and only an idle cluster is one whose list is to blame."


def test_where_there_may_be_a_peering_our_address_says_nothing() -> None:
    said = because(decided(shut_out(access=(SECOND, Access(group="sg-0a0a0a0a0a0a0a0a0")))))
    assert said.startswith(f"{OUT}. The list has the security group sg-0a0a0a0a0a0a0a0a0, so we may come by a peering")


def test_an_address_is_let_in_once_a_day() -> None:
    said = because(decided(shut_out(allowed={OURS: NIGHT - 23 * HOUR})))
    assert said == (
        f"{OUT}. It was let in on 2026-11-22 04:40 UTC already, for 4 hours. It is let in once in 24 hours."
    )
    assert isinstance(decided(shut_out(allowed={OURS: NIGHT - 24 * HOUR})), Act)
    assert isinstance(decided(shut_out(allowed={OTHER: NIGHT - HOUR})), Act)


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

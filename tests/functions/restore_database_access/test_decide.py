"""Every branch of restore-database-access: what it says, and that the good case is left working beside each refusal."""

from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from remediation.atlas.facts import Access, Cluster, Happening
from remediation.core.probed import Fault, Layer, MongoFault
from remediation.core.verdict import Act, Attempt, Escalate, Nothing, Verdict, Wait
from restore_database_access.advice import MEANS, NEXT
from restore_database_access.busy import ELECTING, MAINTAINED, busy
from restore_database_access.decide import LET_IN, NETWORK, decide
from restore_database_access.facts import Facts, Line
from restore_database_access.settings import Incident, scope
from tests.functions.restore_database_access.nights import CLUSTER, LAYERS, OTHER, OURS, SETTINGS, probed
from tests.support.steps import NIGHT
from tests.support.toy import PLACE

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
THERE = Cluster(name=CLUSTER, state="IDLE", paused=False, version="8.0.13", tier="M10", backups=True)
FIRST, SECOND = Access(cidr=f"{OURS}/32"), Access(cidr=f"{OTHER}/32")
ALL = Access(cidr="0.0.0.0/0")
OUT = f"{CLUSTER} cannot be reached: {OURS}, our NAT gateway, is not on the access list"
FOUND = (
    "Security finding: the access list lets in 0.0.0.0/0, so whoever has a password gets to the database from anywhere."
)
FAULTS: tuple[Fault, ...] = (*get_args(MongoFault), "address-foreign")
"""What the probe says of MongoDB: its own faults, and that a name leads to where it must not."""
STARTED = Happening(kind="MAINTENANCE_STARTED", at=NIGHT - 5 * MINUTE)


def terraform(address: str = OURS) -> str:
    return (
        f'In Terraform: resource "mongodbatlas_project_ip_access_list" with project_id = "{SETTINGS.project}" and '
        f'cidr_block = "{address}/32"'
    )


def facts(layer: Layer | None = "tcp", fault: Fault = "no-answer", **more: Any) -> Facts:
    """Return a night on which this layer fails, and both of our addresses are listed."""
    known: dict[str, Any] = {
        "environment": "dev",
        "probed": probed(layer, fault),
        "cluster": THERE,
        "access": (FIRST, SECOND),
        "addresses": (OURS, OTHER),
    }
    return Facts(**(known | more))


def shut_out(**more: Any) -> Facts:
    """Return a night on which our first address is not on the list."""
    return facts(**({"access": (SECOND,)} | more))


def decided(seen: Facts, *tried: Attempt[Line], **settings: Any) -> Verdict[Line]:
    return decide(seen, replace(SETTINGS, **settings), tried, NIGHT)


def because(verdict: Verdict[Line], type_: type[Any] = Escalate) -> str:
    assert isinstance(verdict, type_), verdict
    return str(verdict.because)


def tried(
    address: str = OURS, *, result: Any = "done", ago: timedelta = MINUTE, receipt: str = "Done."
) -> Attempt[Line]:
    return Attempt(action=LET_IN, target=Line(id=address), at=NIGHT - ago, result=result, receipt=receipt)


def for_hours(hours: float, address: str = OURS) -> Access:
    return Access(cidr=f"{address}/32", until=NIGHT + hours * HOUR)


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


# ------------------------------------------------------------------------------------------------------------ afterwards


def test_what_could_not_be_let_in_is_told_with_the_reason() -> None:
    verdict = decided(shut_out(), tried(result="failed", receipt="The environment's mode is observe."))
    assert because(verdict) == f"{OURS} could not be let in: The environment's mode is observe."


def test_an_address_that_was_let_in_is_given_two_minutes() -> None:
    verdict = decided(facts(access=(for_hours(4), SECOND)), tried(ago=119 * timedelta(seconds=1)))
    assert because(verdict, Wait).startswith(f"Since {OURS} is let in, the layer tcp fails.")
    later = decided(facts(access=(for_hours(4), SECOND)), tried(ago=2 * MINUTE))
    assert because(later).startswith(f"Although {OURS} is let in, the layer tcp fails.")


def test_an_address_that_the_list_does_not_have_afterwards_is_not_let_in_again() -> None:
    verdict = decided(shut_out(), tried(ago=2 * MINUTE))
    assert because(verdict) == f"{OURS} was let in at 2026-11-23 03:38 UTC, and the access list does not have it."
    unknown = decided(shut_out(), tried(ago=2 * MINUTE, result="unknown"))
    assert because(unknown).startswith(
        f"{OURS} may have been let in (the writer gave no answer) at 2026-11-23 03:38 UTC"
    )


def test_another_address_of_ours_that_is_missing_too_is_next_and_each_is_asked_for_once() -> None:
    first = decided(facts(access=()))
    assert isinstance(first, Act)
    assert first.because.startswith(
        f"{CLUSTER} cannot be reached: {OURS} and {OTHER}, our NAT gateways, are not on the access list"
    )
    second = decided(facts(access=(for_hours(4),)), tried(ago=2 * MINUTE))
    assert isinstance(second, Act)
    assert second.target == Line(id=OTHER)
    both = (for_hours(4), for_hours(4, OTHER))
    last = decided(facts(access=both), tried(ago=5 * MINUTE), tried(OTHER, ago=2 * MINUTE))
    assert because(last).startswith(f"Although {OTHER} is let in")


def test_a_database_that_answers_again_is_handed_over_for_the_permanent_line() -> None:
    verdict = decided(facts(None, access=(for_hours(4), SECOND)), tried())
    assert because(verdict) == (
        f"MongoDB answers again since {OURS} is let in, and Atlas takes that away within 4 hours: "
        "the permanent line belongs to Terraform."
    )
    assert isinstance(verdict, Escalate)
    assert (verdict.next_steps, verdict.team) == ((terraform(),), NETWORK)


def test_a_database_that_answers_by_a_permanent_line_is_well() -> None:
    assert isinstance(decided(facts(None), tried()), Nothing)


def test_what_is_still_missing_although_it_answers_is_told() -> None:
    verdict = decided(facts(None, access=(for_hours(4),)), tried())
    assert f"{OTHER}, which is ours too, is still missing" in because(verdict)
    assert isinstance(verdict, Escalate)
    assert verdict.next_steps == (terraform(), terraform(OTHER))


def test_a_list_that_cannot_be_verified_is_said_to_be() -> None:
    gone = decided(facts(None, access=(SECOND,)), tried())
    assert f"the access list does not have {OURS} any more" in because(gone)
    unread = decided(facts(None, access=None, unread=("Not read.",)), tried())
    assert "the access list itself cannot be read" in because(unread)


# ------------------------------------------------------------------------------------------------------- what it ever says


def test_six_layers_that_fail_are_six_verdicts() -> None:
    faults: dict[Layer, MongoFault] = {
        "records": "records-unknown",
        "dns": "name-unknown",
        "tcp": "refused",
        "tls": "certificate-expired",
        "hello": "other-set",
        "auth": "credentials-refused",
        "ping": "not-understood",
    }
    said = {because(decided(facts(layer, fault))) for layer, fault in faults.items()}
    assert len(said) == len(faults)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_told_in_plain_words_with_what_is_done_next(fault: Fault) -> None:
    verdict = decided(facts("ping", fault))
    assert MEANS[fault] in because(verdict)
    assert isinstance(verdict, Escalate)
    assert len(verdict.next_steps) == len(NEXT[fault]) > 0
    assert not [step for step in verdict.next_steps if "{" in step]
    assert MEANS.keys() == NEXT.keys() == set(FAULTS)


addresses = st.ip_addresses(v=4).map(str)
blocks = st.one_of(
    st.ip_addresses(v=4).map(lambda address: Access(cidr=f"{address}/32")),
    st.sampled_from((ALL, FIRST, SECOND, Access(cidr="203.0.113.0/24"), Access(group="sg-1"), Access(cidr="nonsense"))),
)


@given(
    ours=st.lists(addresses, max_size=4, unique=True),
    lines=st.lists(blocks, max_size=6),
    layer=st.sampled_from((None, *LAYERS)),
    fault=st.sampled_from(get_args(MongoFault)),
    state=st.sampled_from(("IDLE", "IDLE", "UPDATING", "OTHER")),
    been=st.lists(st.sampled_from((OURS, OTHER)), max_size=2),
)
def test_whatever_is_seen_only_a_missing_address_of_our_own_is_ever_asked_for_and_with_a_persons_yes(
    *, ours: list[str], lines: list[Access], layer: Layer | None, fault: MongoFault, state: Any, been: list[str]
) -> None:
    seen = facts(layer, fault, addresses=tuple(ours), access=tuple(lines), cluster=replace(THERE, state=state))
    verdict = decided(seen, *(tried(each, ago=HOUR) for each in been))
    if isinstance(verdict, Act):
        assert verdict.target.id in ours
        assert verdict.target.id not in been
        assert Access(cidr=f"{verdict.target.id}/32") not in lines
        assert (verdict.action, layer, fault, state) == (LET_IN, "tcp", "no-answer", "IDLE")
        assert verdict.approval is not None
        assert ALL not in lines
    elif ALL in lines and not isinstance(verdict, Wait):
        assert "Security finding: the access list lets in" in verdict.because


# ---------------------------------------------------------------------------------------------------------------- scope


def test_a_cluster_of_elsewhere_is_not_ours() -> None:
    assert scope(Incident(cluster="prod-starttech-cluster"), SETTINGS, PLACE) == (
        "prod-starttech-cluster is not the cluster of dev, which is dev-starttech-cluster"
    )
    assert scope(Incident(cluster=CLUSTER), SETTINGS, PLACE) is None
    assert scope(Incident(), SETTINGS, PLACE) is None

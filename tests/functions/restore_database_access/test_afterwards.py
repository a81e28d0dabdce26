"""What restore-database-access says after it has let an address in, and what it ever says, whatever is seen."""

from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from remediation.atlas.facts import Access
from remediation.core.probed import Fault, Layer, MongoFault
from remediation.core.redact import redact
from remediation.core.verdict import Act, Escalate, Nothing, Wait
from restore_database_access.advice import MEANS, NEXT
from restore_database_access.facts import Line
from restore_database_access.person import NETWORK
from restore_database_access.settings import Incident, scope
from restore_database_access.shut_out import LET_IN
from tests.functions.restore_database_access.judged import (
    ALL,
    FAULTS,
    FIRST,
    HOUR,
    MINUTE,
    PROD,
    SECOND,
    THERE,
    because,
    decided,
    facts,
    for_hours,
    leading,
    shut_out,
    terraform,
    tried,
)
from tests.functions.restore_database_access.nights import CLUSTER, HOST, LAYERS, OTHER, OURS, SETTINGS
from tests.support.steps import NIGHT
from tests.support.toy import PLACE

# ------------------------------------------------------------------------------------------------------------ afterwards


def test_what_could_not_be_let_in_is_told_with_the_reason() -> None:
    verdict = decided(shut_out(), tried(result="failed", receipt="The environment's mode is observe."))
    assert because(verdict) == f"{OURS} could not be let in: The environment's mode is observe."


def test_what_could_not_be_let_in_is_told_to_be_needless_where_mongodb_answers_by_now() -> None:
    failed = tried(result="failed", receipt="Atlas refused.")
    said = because(decided(facts(None, access=(SECOND,)), failed))
    assert said.startswith(
        f"{OURS} could not be let in: Atlas refused. MongoDB answers by now all the same: {HOST} answers"
    )
    assert "answers by now" not in because(decided(shut_out(), failed))


BEHIND = f"{OURS} was let in at 2026-11-23 03:38 UTC, and Atlas takes that away within 4 hours."


@pytest.mark.parametrize(
    "more",
    [
        {"probed": None, "unasked": "The probe failed."},
        {"cluster": replace(THERE, paused=True)},
        {"cluster": None},
        {"busy": "UPDATING", "busy_since": NIGHT - HOUR},
        {"probed": leading(PROD)},
    ],
    ids=["unknown", "paused", "gone", "busy", "elsewhere"],
)
def test_whoever_is_called_later_is_told_of_the_line_that_this_run_has_added(more: dict[str, Any]) -> None:
    for result, said in (("done", BEHIND), ("unknown", "may have been let in (the writer gave no answer)")):
        verdict = decided(facts(access=(for_hours(4), SECOND), **more), tried(result=result, ago=2 * MINUTE))
        assert said in because(verdict)
        assert isinstance(verdict, Escalate)
        assert terraform() in verdict.next_steps


def test_nobody_is_told_of_a_line_that_is_for_good_or_was_never_added() -> None:
    paused = replace(THERE, paused=True)
    for verdict in (
        decided(facts(cluster=paused), tried()),
        decided(facts(cluster=paused)),
        decided(facts(cluster=paused, access=(SECOND,)), tried(result="failed")),
    ):
        assert "takes that away" not in because(verdict)


def test_an_address_that_was_let_in_is_given_two_minutes() -> None:
    verdict = decided(facts(access=(for_hours(4), SECOND)), tried(ago=119 * timedelta(seconds=1)))
    assert because(verdict, Wait).startswith(f"Since {OURS} is let in, the layer tcp fails.")
    later = decided(facts(access=(for_hours(4), SECOND)), tried(ago=2 * MINUTE))
    assert because(later).startswith(f"Although {OURS} is let in, the layer tcp fails.")
    perhaps = decided(facts(access=(for_hours(4), SECOND)), tried(ago=MINUTE, result="unknown"))
    assert because(perhaps, Wait).startswith(
        f"Since {OURS} may have been let in (the writer gave no answer), the layer"
    )


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


def test_an_address_that_was_perhaps_never_let_in_is_not_why_it_answers_again() -> None:
    perhaps = f"MongoDB answers again; {OURS} may have been let in (the writer gave no answer)"
    lacks = decided(facts(None, access=(SECOND,)), tried(result="unknown"))
    assert because(lacks) == (
        f"{perhaps}, and the access list does not have it: the permanent line belongs to Terraform."
    )
    assert isinstance(lacks, Escalate)
    assert lacks.next_steps == (terraform(),)
    unread = because(decided(facts(None, access=None, unread=("Not read.",)), tried(result="unknown")))
    assert unread.startswith(f"{perhaps}; the access list itself cannot be read")
    has = because(decided(facts(None, access=(for_hours(4), SECOND)), tried(result="unknown")))
    assert has.startswith(f"MongoDB answers again since {OURS} is let in, and Atlas takes that away within 4 hours:")
    both = decided(facts(None, access=(for_hours(4),)), tried(), tried(OTHER, result="unknown"))
    assert because(both).startswith(f"MongoDB answers again since {OURS} is let in")
    assert f"{OTHER} may have been let in (the writer gave no answer), and the access list does not have it" in because(
        both
    )


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


def test_no_sentence_reads_as_a_secret() -> None:
    said = (*MEANS.values(), *(step for steps in NEXT.values() for step in steps))
    assert [each for each in said if redact(each) != each] == []


@pytest.mark.parametrize("layer", ["hello", "auth", "ping"])
def test_a_server_that_says_nothing_although_it_takes_connections_is_no_trouble_of_routes(layer: Layer) -> None:
    def steps(at: Layer) -> str:
        return " ".join(decided(facts(at, "no-answer")).next_steps)

    assert "It takes connections and then says nothing" in steps(layer)
    assert "27017" not in steps(layer)
    assert "TCP 27017 has to leave" in steps("tcp")


@pytest.mark.parametrize(
    ("layer", "fault", "team"),
    [
        ("dns", "name-unanswered", NETWORK),
        ("records", "name-unanswered", NETWORK),
        ("tcp", "no-answer", NETWORK),
        ("dns", "name-unknown", ""),
        ("tcp", "refused", ""),
        ("ping", "no-answer", ""),
    ],
)
def test_the_resolver_and_the_routes_are_the_infrastructures_and_the_rest_is_the_databases(
    layer: Layer, fault: MongoFault, team: str
) -> None:
    verdict = decided(facts(layer, fault))
    assert isinstance(verdict, Escalate)
    assert verdict.team == team


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

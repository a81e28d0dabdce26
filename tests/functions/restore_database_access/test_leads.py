"""Whether the connection string leads to the cluster that is judged, or to another one."""

from typing import Any

import pytest
from msgspec.structs import replace

from remediation.core.verdict import Act, Escalate, Nothing, Wait
from restore_database_access.leads import elsewhere
from tests.functions.restore_database_access.judged import (
    MINUTE,
    PROD,
    THERE,
    because,
    decided,
    facts,
    leading,
    shut_out,
    tried,
)
from tests.functions.restore_database_access.nights import CLUSTER, HOST, OURS, SETTINGS
from tests.support.steps import NIGHT

SAID = f"The connection string leads to {PROD}; this environment's cluster {CLUSTER} is {HOST}"


@pytest.mark.parametrize(
    "host",
    [
        HOST,
        HOST.upper(),
        "dev-starttech-cluster-pl-0.ab1cd.mongodb.net",
        "dev-starttech-cluster-pl-12.ab1cd.mongodb.net",
        "dev-starttech-cluster-pl-0-lb.ab1cd.mongodb.net",
        "dev-starttech-cluster-pri.ab1cd.mongodb.net",
    ],
)
def test_a_name_of_the_cluster_leads_to_it_also_by_a_private_endpoint_and_a_peering(host: str) -> None:
    assert elsewhere(leading(host), THERE) == ""
    assert isinstance(decided(shut_out(probed=leading(host))), Act)


@pytest.mark.parametrize(
    "host",
    [
        "dev-starttech-cluster-shard-00-00.ab1cd.mongodb.net:27017",
        "dev-starttech-cluster-shard-00-00-pri.ab1cd.mongodb.net:27017",
        "ac-1a2b3c4-shard-00-02-pri.ab1cd.mongodb.net:27017",
        "ac-1a2b3c4-shard-00-02.ab1cd.mongodb.net:27017",
        "atlas-1a2b3c-shard-00-00.ab1cd.mongodb.net:27017",
        "pl-0-us-east-1.ab1cd.mongodb.net:1024",
        "dev-starttech-cluster.ab1cd.mongodb.net:27017",
    ],
)
def test_members_of_the_cluster_lead_to_it_whatever_atlas_calls_them(host: str) -> None:
    assert elsewhere(leading(host, scheme="mongodb"), THERE) == ""


@pytest.mark.parametrize(
    ("scheme", "host"),
    [
        ("mongodb+srv", PROD),
        ("mongodb+srv", "prod-starttech-cluster.ab1cd.mongodb.net"),
        ("mongodb+srv", "prod-starttech-cluster-pl-0.ab1cd.mongodb.net"),
        ("mongodb+srv", "prod-starttech-cluster-pl-0-lb.ab1cd.mongodb.net"),
        ("mongodb+srv", "dev-starttech-cluster-pl-0-lb.zzzzz.mongodb.net"),
        ("mongodb", "prod-starttech-cluster-shard-00-00-pri.ab1cd.mongodb.net:27017"),
        ("mongodb+srv", "dev-starttech-cluster.zzzzz.mongodb.net"),
        ("mongodb", "ac-1a2b3c4-shard-00-02.zzzzz.mongodb.net:27017"),
        ("mongodb", "prod-starttech-cluster-shard-00-00.ab1cd.mongodb.net:27017"),
        ("mongodb", "mongo.internal.example.com:27017"),
    ],
)
def test_a_name_of_another_cluster_or_of_another_project_leads_elsewhere(scheme: str, host: str) -> None:
    assert elsewhere(leading(host, scheme=scheme), THERE) == host.removesuffix(":27017")


def test_a_cluster_of_the_old_names_is_told_by_its_first_label() -> None:
    old = replace(THERE, host="cluster0-ab1cd.mongodb.net")
    assert elsewhere(leading("cluster0-shard-00-01-ab1cd.mongodb.net:27017", scheme="mongodb"), old) == ""
    assert elsewhere(leading("cluster0-shard-00-01-pri-ab1cd.mongodb.net:27017", scheme="mongodb"), old) == ""
    assert elsewhere(leading("cluster0-pri-ab1cd.mongodb.net"), old) == ""
    other = "cluster0-shard-00-01-zzzzz.mongodb.net"
    assert elsewhere(leading(f"{other}:27017", scheme="mongodb"), old) == other


@pytest.mark.parametrize("name", ["dev-pri", "dev-pl-0-cluster", "pri-dev"])
def test_a_cluster_may_be_called_as_a_private_way_is(name: str) -> None:
    own = replace(THERE, host=f"{name}.ab1cd.mongodb.net")
    assert elsewhere(leading(own.host), own) == ""
    assert elsewhere(leading(f"{name}-shard-00-00-pri.ab1cd.mongodb.net:27017", scheme="mongodb"), own) == ""
    assert elsewhere(leading(f"prod-{name}.ab1cd.mongodb.net"), own) == f"prod-{name}.ab1cd.mongodb.net"


@pytest.mark.parametrize(
    ("own", "scheme", "label", "same"),
    [
        ("dev-pri", "mongodb+srv", "dev", False),
        ("dev-pri", "mongodb", "dev-shard-00-00", False),
        ("dev-pl-0", "mongodb+srv", "dev", False),
        ("dev-pri", "mongodb+srv", "dev-pl-0-lb", False),
        ("dev-pri", "mongodb+srv", "dev-pri-pri", True),
        ("dev-pri", "mongodb+srv", "dev-pri-pl-0-lb", True),
        ("dev-pri", "mongodb", "dev-pri-shard-00-00", True),
        ("dev-pri", "mongodb", "dev-pri-shard-00-00-pri", True),
        ("dev", "mongodb+srv", "dev-pri", True),
        ("dev", "mongodb", "dev-shard-00-00", True),
        ("dev", "mongodb", "dev-shard-00-00-pri", True),
        ("dev", "mongodb+srv", "dev-pri-pri", False),
    ],
)
def test_a_way_is_taken_off_the_strings_name_and_never_off_our_own(
    own: str, scheme: str, label: str, *, same: bool
) -> None:
    ours, host = replace(THERE, host=f"{own}.ab1cd.mongodb.net"), f"{label}.ab1cd.mongodb.net"
    assert (elsewhere(leading(host, scheme=scheme), ours) == "") is same


def test_whatever_atlas_itself_calls_the_cluster_is_a_name_of_it() -> None:
    host = "renamed-pl-0.ab1cd.mongodb.net"
    assert elsewhere(leading(host.upper()), replace(THERE, hosts=(host,))) == ""
    assert elsewhere(leading(host), replace(THERE, hosts=("another-pl-0.ab1cd.mongodb.net",))) == host


PRIVATE_WAYS = (
    ("mongodb+srv", "dev-starttech-cluster-pl-0-lb.ab1cd.mongodb.net"),
    ("mongodb+srv", "dev-starttech-cluster-pri.ab1cd.mongodb.net"),
    ("mongodb", "dev-starttech-cluster-shard-00-00-pri.ab1cd.mongodb.net:27017"),
)


@pytest.mark.parametrize(("scheme", "host"), PRIVATE_WAYS)
def test_by_a_private_way_our_own_cluster_is_judged_as_it_is(scheme: str, host: str) -> None:
    look = leading(host, scheme=scheme)
    assert look.mongodb is not None
    look = replace(look, mongodb=replace(look.mongodb, addresses=("192.168.248.7",)))
    paused = decided(facts(probed=look, cluster=replace(THERE, paused=True)))
    assert because(paused).startswith(f"{CLUSTER} is paused")
    assert isinstance(paused, Escalate)
    assert paused.next_steps[0] == f"atlas clusters start {CLUSTER} --projectId {SETTINGS.project}"
    assert "That is private: we come by a peering or a private endpoint" in because(decided(shut_out(probed=look)))
    well = decided(facts(None, probed=leading(host, scheme=scheme, layer=None)))
    assert isinstance(well, Nothing)
    assert well.tell is None


@pytest.mark.parametrize("cluster", [None, replace(THERE, host="")])
def test_where_one_of_both_is_not_known_nothing_is_said(cluster: Any) -> None:
    assert elsewhere(leading(PROD), cluster) == ""
    assert elsewhere(None, THERE) == ""
    assert elsewhere(replace(leading(PROD), mongodb=None), THERE) == ""


def test_another_cluster_that_cannot_be_reached_is_told_and_nobody_is_asked_to_change_ours() -> None:
    verdict = decided(shut_out(probed=leading(PROD)))
    assert because(verdict).startswith(f"{SAID}, so that one is not to blame: the layer tcp fails.")
    assert isinstance(verdict, Escalate)
    assert verdict.next_steps[0].startswith("Compare the connection string that the probe reads")
    assert isinstance(decided(shut_out(probed=leading(HOST))), Act)


@pytest.mark.parametrize(
    "more", [{"busy": "UPDATING", "busy_since": NIGHT}, {"cluster": replace(THERE, paused=True)}, {}]
)
def test_what_atlas_does_with_our_cluster_is_no_reason_if_another_one_cannot_be_reached(more: dict[str, Any]) -> None:
    assert because(decided(facts(**more, probed=leading(PROD)))).startswith(SAID)
    own = decided(facts(**more, probed=leading(HOST)))
    assert not because(own, Wait if "busy" in more else Escalate).startswith(SAID)


def test_another_cluster_that_answers_is_told_to_whoever_looks() -> None:
    verdict = decided(facts(None, probed=leading(PROD, layer=None)))
    assert because(verdict, Nothing).endswith(f"{SAID}.")
    assert isinstance(verdict, Nothing)
    assert verdict.tell is not None
    assert verdict.tell.id == f"elsewhere/{CLUSTER}"
    assert decided(facts(None, probed=leading(HOST, layer=None))).tell is None  # type: ignore[union-attr]


def test_a_line_that_this_run_had_added_is_told_too() -> None:
    said = because(decided(facts(probed=leading(PROD)), tried(ago=5 * MINUTE), writer=True))
    assert OURS not in said, "it is listed for good by now"
    said = because(decided(shut_out(probed=leading(PROD)), tried(ago=5 * MINUTE)))
    assert f"{OURS} was let in at 2026-11-23 03:35 UTC, and Atlas takes that away within 4 hours." in said

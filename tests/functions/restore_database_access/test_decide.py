"""Every branch of restore-database-access: what it says, and that the good case is left working beside each refusal."""

from typing import Any

import pytest
from msgspec.structs import replace

from remediation.atlas.facts import Access, Cluster
from remediation.core.probed import OWN_FAULTS, Layer, MongoFault
from remediation.core.verdict import Act, Escalate, Nothing, Wait
from restore_database_access.advice import MEANS
from restore_database_access.busy import ELECTING, MAINTAINED, STATES, UNSEEN, busy
from restore_database_access.person import NETWORK
from tests.functions.restore_database_access.judged import (
    ALL,
    FAULTS,
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
from tests.functions.restore_database_access.nights import CLUSTER, OURS, SETTINGS, Night, probed
from tests.support.steps import NIGHT

# --------------------------------------------------------------------------------------------------------- what is well


def test_a_database_that_answers_is_well_whatever_atlas_is_doing() -> None:
    at_it = facts(None, cluster=replace(THERE, state="UPDATING"), busy="UPDATING", busy_since=NIGHT)
    for seen in (facts(None), at_it):
        verdict = decided(seen)
        assert because(verdict, Nothing) == (
            "dev-starttech-cluster.ab1cd.mongodb.net answers ping; its primary is "
            "dev-starttech-cluster-shard-00-01.ab1cd.mongodb.net:27017."
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
    assert verdict.next_steps[-1].startswith(
        "List our own addresses first. Then take 0.0.0.0/0 off, in Terraform as well"
    )


def test_a_block_of_strangers_is_told_as_one_and_not_as_the_whole_internet() -> None:
    verdict = decided(facts(None, access=(FIRST, SECOND, Access(cidr="3.0.0.0/9"))))
    assert because(verdict, Nothing).endswith(
        "Security finding: the access list lets in 3.0.0.0/9, so whoever has a password gets to the database from there."
    )
    assert isinstance(verdict, Nothing)
    assert verdict.next_steps[-1].startswith("List our own addresses first. Then take 3.0.0.0/9 off")
    assert decided(facts(None, access=(FIRST, SECOND, Access(cidr="8.8.8.0/24")))).tell is None  # type: ignore[union-attr]


def test_a_line_that_was_open_to_all_and_has_ended_is_no_finding() -> None:
    for end, found in ((NIGHT, False), (NIGHT + MINUTE, True)):
        verdict = decided(facts(None, access=(FIRST, SECOND, Access(cidr="0.0.0.0/0", until=end))))
        assert (FOUND in because(verdict, Nothing)) is found


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


LATE = "since 2026-11-23 03:10 UTC and for longer than 30 minutes"


@pytest.mark.parametrize("state", STATES)
def test_an_atlas_that_is_busy_is_waited_for_half_an_hour_and_then_a_person_is_called(state: Any) -> None:
    at_it = {"cluster": replace(THERE, state=state), "busy": state}
    waits = decided(shut_out(busy_since=NIGHT - 29 * MINUTE, **at_it))
    assert because(waits, Wait).endswith("(seen since 2026-11-23 03:11 UTC); nothing is done meanwhile.")
    calls = decided(shut_out(busy_since=NIGHT - 30 * MINUTE, **at_it))
    assert because(calls) == (
        f"{OUT}. {CLUSTER} is {state} at Atlas, and only an idle cluster is one whose list is to blame. "
        f"{CLUSTER} is {state} at Atlas, {LATE}."
    )
    assert isinstance(calls, Escalate)
    assert (calls.next_steps, calls.team) == ((terraform(),), NETWORK)
    listed = decided(facts("hello", "no-answer", busy_since=NIGHT - 30 * MINUTE, **at_it))
    assert because(listed).endswith(f"As the server says. {CLUSTER} is {state} at Atlas, {LATE}.")


def test_a_maintenance_that_takes_too_long_keeps_nobody_from_being_asked_and_whoever_is_asked_is_told() -> None:
    maintained = {"busy": MAINTAINED, "busy_since": NIGHT - 29 * MINUTE}
    assert because(decided(shut_out(**maintained)), Wait).startswith(f"Atlas maintains {CLUSTER} (seen since")
    asks = decided(shut_out(**maintained | {"busy_since": NIGHT - 30 * MINUTE}))
    assert because(asks, Act) == f"{OUT}, TCP gets no answer, and Atlas maintains {CLUSTER}, {LATE}."


def test_an_election_is_waited_for_three_minutes_and_then_a_person_is_called() -> None:
    electing = facts("hello", "no-primary", busy=ELECTING, busy_since=NIGHT - 2 * MINUTE)
    said = because(decided(electing), Wait)
    assert said.startswith(f"{CLUSTER} has no primary that can be used: its members elect one")
    too_long = because(decided(replace(electing, busy_since=NIGHT - 3 * MINUTE)))
    assert too_long.startswith(f"{CLUSTER}: the layer hello fails. Members answer")
    assert too_long.endswith("since 2026-11-23 03:37 UTC and for longer than 3 minutes.")


@pytest.mark.parametrize(
    ("cluster", "kinds", "fault", "with_"),
    [
        (THERE, (), "no-answer", ""),
        (None, (), "no-answer", ""),
        (replace(THERE, state="UPDATING"), ("MAINTENANCE_STARTED",), "no-answer", "UPDATING"),
        (replace(THERE, state="OTHER"), (), "no-answer", ""),
        (THERE, ("MAINTENANCE_STARTED", "MAINTENANCE_AUTO_DEFERRED"), "no-primary", MAINTAINED),
        (THERE, ("MAINTENANCE_AUTO_DEFERRED", "MAINTENANCE_STARTED"), "no-answer", ""),
        (THERE, ("MAINTENANCE_NO_LONGER_NEEDED", "MAINTENANCE_STARTED"), "no-primary", ELECTING),
        (THERE, ("HOST_RESTARTED", "MAINTENANCE_STARTED"), "no-answer", MAINTAINED),
        (THERE, (), "no-primary", ELECTING),
    ],
)
def test_what_atlas_is_busy_with(
    cluster: Cluster | None, kinds: tuple[str, ...], fault: MongoFault, with_: str
) -> None:
    newest_first = tuple(replace(STARTED, kind=kind) for kind in kinds)
    assert busy(cluster, newest_first, probed("hello", fault), NIGHT) == with_


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_atlas_at_work_is_waited_for_only_where_it_can_be_what_fails(fault: MongoFault) -> None:
    can = fault in {"no-primary", "refused", "cut-off", "no-answer"}
    otherwise = UNSEEN if fault in OWN_FAULTS else ""
    for state in ("UPDATING", "REPAIRING"):
        assert busy(replace(THERE, state=state), (), probed("hello", fault), NIGHT) == (state if can else otherwise)
    assert busy(THERE, (STARTED,), probed("hello", fault), NIGHT) == (MAINTAINED if can else otherwise)
    unborn = can or fault in {"records-unknown", "name-unknown"}
    assert busy(replace(THERE, state="CREATING"), (), probed("dns", fault), NIGHT) == (
        "CREATING" if unborn else otherwise
    )


def test_a_database_that_answers_waits_for_nothing() -> None:
    updating = replace(THERE, state="UPDATING")
    assert (busy(updating, (), probed(), NIGHT), busy(updating, (STARTED,), None, NIGHT)) == ("", "")


def test_a_maintenance_that_began_two_hours_ago_is_not_what_fails() -> None:
    for ago, with_ in ((2 * HOUR - MINUTE, MAINTAINED), (2 * HOUR, "")):
        began = replace(STARTED, at=NIGHT - ago)
        assert busy(THERE, (began,), probed("tcp", "no-answer"), NIGHT) == with_


@pytest.mark.parametrize(
    ("layer", "fault", "team"),
    [
        ("auth", "credentials-refused", ""),
        ("tls", "certificate-other-name", ""),
        ("config", "string-not-understood", ""),
        ("dns", "name-unanswered", NETWORK),
    ],
)
def test_within_a_maintenance_what_it_does_not_cause_is_told_at_once(
    layer: Layer, fault: MongoFault, team: str
) -> None:
    night = Night(listed=True)
    night.world.event("MAINTENANCE_STARTED", 5 * MINUTE)
    night.server = probed(layer, fault)
    verdict = night.decided()
    assert MEANS[fault] in because(verdict)
    assert verdict.team == team
    night.server = probed("hello", "no-primary")
    assert isinstance(night.decided(), Wait)


# ------------------------------------------------------------------------------------------------------------- the login


@pytest.mark.parametrize("fault", ["credentials-refused", "not-permitted"])
def test_a_login_that_is_refused_is_for_the_database_and_nothing_is_tried(fault: MongoFault) -> None:
    verdict = decided(shut_out(probed=probed("auth", fault)))
    assert because(verdict).startswith(f"{CLUSTER} is there and refuses us: the layer auth fails. {MEANS[fault]}")
    assert isinstance(verdict, Escalate)
    assert verdict.team == "", "the runbook's own, which is the database's"

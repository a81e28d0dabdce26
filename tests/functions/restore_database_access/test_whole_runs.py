"""Whole runs of restore-database-access: one address of our own gets in with a person's yes, or somebody is told why not."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from remediation.core.probed import Probed
from restore_database_access.actions import LASTS
from restore_database_access.diagnose import NO_READER, diagnose
from restore_database_access.facts import Line
from restore_database_access.runbook import RUNBOOK
from restore_database_access.settings import Incident
from restore_database_access.shut_out import LET_IN
from tests.functions.fakes.atlas import CLIENT_SECRET, PRIVATE
from tests.functions.fakes.atlas_service import PROJECT, stamp
from tests.functions.restore_database_access.nights import (
    CLUSTER,
    OTHER,
    OURS,
    SETTINGS,
    Night,
    alarm,
    probed,
)
from tests.support.agreeing import Agreeing
from tests.support.carried import approved
from tests.support.steps import NIGHT

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LINE = Line(id=OURS)
CANARY = "canary-of-a-password-0815"


def well(night: Night) -> Night:
    """Let the server answer, once it is reached."""
    night.server = probed()
    return night


def down(night: Night, operation: str) -> None:
    night.world.refuses[operation] = (403, "USER_UNAUTHORIZED")


# ------------------------------------------------------------------------------------------------------------- letting in


def test_an_address_of_ours_is_let_in_for_four_hours_when_a_person_agrees_and_then_the_permanent_line_is_paged_for() -> (
    None
):
    night = Night()
    night.agree()
    outcome = night.run()
    ((operation, body),) = night.written
    assert (operation, night.open) == ("createAccessListEntry", True)
    (line,) = body
    assert line["cidrBlock"] == f"{OURS}/32"
    assert line["comment"].startswith("remediation: restore-database-access 2026-11-23 03:4")
    assert line["deleteAfterDate"] == stamp(NIGHT + MINUTE + LASTS)
    assert (outcome.status, outcome.paged) == ("escalated", True), outcome.text()
    assert outcome.because.startswith(f"MongoDB answers again since {OURS} is let in")
    assert [(done.action, done.target) for done in outcome.acts] == [(LET_IN, OURS)]
    assert any(f'cidr_block = "{OURS}/32"' in step for step in outcome.next_steps)
    assert outcome.drift


def test_four_hours_later_the_line_is_gone_by_itself_and_is_not_asked_for_again_that_day() -> None:
    night = Night()
    night.agree()
    night.run()
    night.later("run-2", 4 * HOUR)
    assert not night.open
    outcome = night.run({"apply": True})
    assert outcome.status == "escalated"
    assert "It is let in once in 24 hours." in outcome.because
    night.later("run-3", 21 * HOUR)
    night.agree()
    night.run({"apply": True})
    assert len(night.written) == 2


class InTrouble(Night):
    """A night on which the probe has trouble of its own until so many minutes have passed."""

    lasts = 2 * MINUTE

    def look(self) -> Probed | str:
        return probed("tcp", "no-time") if self.steps.now < NIGHT + self.lasts else super().look()


def test_a_probe_that_is_in_trouble_for_two_looks_does_not_cost_the_question() -> None:
    night = InTrouble()
    outcome = night.run()
    assert (outcome.status, outcome.gate, len(night.stage.approvals.asked)) == ("refused", "approval", 1)


def test_a_probe_that_stays_in_trouble_is_paged_for() -> None:
    night = InTrouble()
    night.lasts = HOUR
    outcome = night.run()
    assert (outcome.status, outcome.paged, night.stage.approvals.asked) == ("escalated", True, [])
    assert "nothing is known of MongoDB itself" in outcome.because


def test_nothing_is_changed_when_nobody_answers() -> None:
    night = Night()
    outcome = night.run()
    assert (outcome.status, outcome.gate, night.written, night.open) == ("refused", "approval", [], False)


def test_nothing_is_changed_when_a_person_says_no() -> None:
    night = Night()
    approved(night.stage, night.steps, RUNBOOK, night.decided(), says="reject")
    outcome = night.run()
    assert (outcome.status, outcome.gate, night.written) == ("refused", "rejection", [])


def test_an_observing_environment_changes_nothing_and_asks_nobody() -> None:
    night = Night(mode="observe")
    assert (night.run().status, night.written, night.stage.approvals.asked) == ("observed", [], [])


def test_without_the_setting_a_person_is_told_the_line_and_nobody_is_asked() -> None:
    night = Night(settings=replace(SETTINGS, writer=False))
    outcome = night.run()
    assert (outcome.status, night.written, night.stage.approvals.asked) == ("escalated", [], [])
    assert any(f'cidr_block = "{OURS}/32"' in step for step in outcome.next_steps)


def test_a_run_that_dies_after_its_call_does_not_let_in_twice() -> None:
    night = Night()
    night.agree()
    outcome = night.run(crash=(f"{LET_IN} 1", "after"))
    assert (outcome.status, night.open, len(night.written)) == ("escalated", True, 1), outcome.text()


def test_a_thousand_events_let_in_once_though_somebody_takes_the_line_away_each_time() -> None:
    night = Night()
    night.stage.approvals = Agreeing()
    event = alarm()
    for n in range(1_000):
        night.run(event if n % 10 else {"apply": True})
        night.world.access = [line for line in night.world.access if line["cidrBlock"] != f"{OURS}/32"]
        night.later(f"run-{n + 2}", timedelta(seconds=60))
    assert len(night.written) == 1
    assert len(night.aws.calls.of("Invoke")) == 1


def test_two_addresses_that_are_missing_are_let_in_one_by_one_each_with_a_yes_of_its_own() -> None:
    night = Night()
    night.world.access.clear()
    night.agree()
    night.server = probed("tcp", "no-answer")  # the probe goes by the other gateway
    outcome = night.run()
    assert (outcome.status, outcome.gate) == ("not-healed", "approval"), outcome.text()
    assert [wanted.target for wanted in night.stage.approvals.asked] == [OURS, OTHER]
    assert [body[0]["cidrBlock"] for _, body in night.written] == [f"{OURS}/32"]


# ------------------------------------------------------------------------------------------------- what it does not touch


def test_a_paused_cluster_is_told_with_the_command() -> None:
    night = Night()
    night.world.clusters[CLUSTER]["paused"] = True
    outcome = night.run()
    assert (outcome.status, night.written) == ("escalated", [])
    assert f"atlas clusters start {CLUSTER} --projectId {PROJECT}" in outcome.next_steps


def test_an_update_is_waited_for_and_then_all_is_well() -> None:
    night = Night(listed=True)
    night.world.clusters[CLUSTER]["stateName"] = "UPDATING"
    look = night.look

    def later() -> Any:
        if night.steps.now - NIGHT >= 5 * MINUTE:
            night.server = probed()
        return look() if night.server.failed is None else probed("hello", "no-primary")  # type: ignore[union-attr]

    night.server = probed("hello", "no-primary")
    night.probe._look = later
    outcome = night.run()
    assert (outcome.status, night.written) == ("nothing-to-do", []), outcome.text()
    assert night.steps.now - NIGHT >= 5 * MINUTE


def test_an_update_that_never_ends_calls_a_person_after_half_an_hour() -> None:
    night = Night()
    night.world.clusters[CLUSTER]["stateName"] = "UPDATING"
    outcome = night.run()
    assert (outcome.status, night.written) == ("escalated", [])
    assert "for longer than 30 minutes" in outcome.because
    assert timedelta(minutes=30) <= night.steps.now - NIGHT <= timedelta(minutes=32)


def test_a_maintenance_of_the_project_is_waited_for_and_one_that_was_put_off_is_not() -> None:
    night = Night()
    night.world.event("MAINTENANCE_STARTED", 20 * MINUTE)
    assert "Atlas maintains" in night.decided().because
    night.world.event("MAINTENANCE_AUTO_DEFERRED", 10 * MINUTE)
    assert night.decided().action == LET_IN


def test_after_half_an_hour_of_a_maintenance_a_person_is_asked_to_let_us_in() -> None:
    night = Night()
    night.world.event("MAINTENANCE_STARTED", 20 * MINUTE)
    night.stage.approvals = Agreeing()
    outcome = night.run()
    assert outcome.because.startswith(f"MongoDB answers again since {OURS} is let in"), outcome.text()
    assert len(night.written) == 1
    assert night.steps.now - NIGHT >= 30 * MINUTE


def test_an_update_that_takes_too_long_changes_nothing_and_names_the_address_with_its_line() -> None:
    night = Night()
    night.world.clusters[CLUSTER]["stateName"] = "UPDATING"
    night.stage.approvals = Agreeing()
    outcome = night.run()
    assert (outcome.status, outcome.paged, night.written) == ("escalated", True, [])
    assert f"{OURS}, our NAT gateway, is not on the access list" in outcome.because
    assert any(f'cidr_block = "{OURS}/32"' in step for step in outcome.next_steps)


def test_what_another_cluster_of_the_project_does_is_not_ours() -> None:
    night = Night()
    night.world.event("MAINTENANCE_STARTED", 20 * MINUTE, "another", clusterName="another")
    night.world.alert("NO_PRIMARY", 20 * MINUTE, "another")
    night.world.alert("OUTSIDE_METRIC_THRESHOLD", 20 * MINUTE, CLUSTER)
    facts = diagnose(night.aws, SETTINGS, Incident())
    assert [each.kind for each in facts.alerts] == ["OUTSIDE_METRIC_THRESHOLD"]


@pytest.mark.parametrize(
    "operation", ["getCluster", "listAccessListEntries", "getMaintenanceWindow", "listGroupEvents", "listAlerts"]
)
def test_an_atlas_that_does_not_tell_is_a_fact_and_nothing_is_changed(operation: str) -> None:
    night = Night()
    down(night, operation)
    outcome = night.run()
    assert (outcome.status, night.written, night.stage.approvals.asked) == ("escalated", [], []), outcome.text()
    assert "the layer tcp fails." in outcome.because
    assert "Not read: Atlas:" in outcome.because
    assert outcome.evidence.count("tcp: As the server says. [no-answer]") == 1


@pytest.mark.parametrize("what", ["secret", "subnets", "no reader"])
def test_what_is_not_read_of_aws_is_a_fact_too(what: str) -> None:
    night = Night()
    match what:
        case "secret":
            night.aws.secretsmanager.code = "AccessDeniedException"
        case "subnets":
            night.aws.ec2.code = "UnauthorizedOperation"
        case _:
            night.settings = replace(SETTINGS, reader="")
    outcome = night.run()
    assert (outcome.status, night.written) == ("escalated", [])
    assert ("Not read: " in outcome.because) is (what != "no reader")
    assert (NO_READER in outcome.because) is (what == "no reader")


def test_a_login_that_is_refused_pages_the_database_and_says_nothing_to_atlas() -> None:
    night = Night(listed=True)
    night.server = probed("auth", "credentials-refused", "dev-starttech-cluster refuses the user (code 18).")
    outcome = night.run()
    assert (outcome.status, outcome.team, night.written) == ("escalated", "database", [])


def test_a_probe_that_fails_is_told_and_nothing_is_touched() -> None:
    night = Night()
    night.server = "boom"
    outcome = night.run()
    assert (outcome.status, night.written) == ("escalated", [])
    assert "the probe cannot be asked: The probe dev-probe-dependencies:live failed." in outcome.because


def test_a_list_that_is_open_to_all_is_told_when_all_is_well_and_when_nothing_is() -> None:
    for server in (probed(), probed("tls", "certificate-expired")):
        night = Night(listed=True)
        night.world.allow("0.0.0.0/0")
        night.server = server
        outcome = night.run()
        assert "Security finding: the access list lets in 0.0.0.0/0" in outcome.because
        assert night.written == []


def test_errors_that_the_application_goes_on_logging_are_told_to_its_team() -> None:
    night = Night(listed=True, settings=replace(SETTINGS, log_group="/aws/ec2/dev-starttech-backend"))
    night.server = probed()
    night.aws.cloudwatch.measured = [4.0, 3.0, 5.0]
    outcome = night.run()
    assert (outcome.status, outcome.team) == ("escalated", "application"), outcome.text()
    assert "the application logged 12 errors of its connection in the last 3 minutes" in outcome.because
    (asked, *_) = night.aws.calls.of("GetMetricData")
    assert asked["MetricDataQueries"][0]["MetricStat"]["Metric"]["Namespace"] == "Remediation/dev"


def test_logs_that_cannot_be_counted_change_nothing() -> None:
    night = Night(listed=True, settings=replace(SETTINGS, log_group="/aws/ec2/dev-starttech-backend"))
    night.server = probed()
    night.aws.cloudwatch.measured = None
    assert night.run().status == "nothing-to-do"


def test_secrets_are_in_no_sentence() -> None:
    night = Night()
    night.world.refuses["listAccessListEntries"] = (401, "UNAUTHORIZED")
    night.server = probed(
        "auth", "credentials-refused", f"mongodb+srv://app:{CANARY}@{CLUSTER}.ab1cd.mongodb.net refuses us."
    )
    for listed in (False, True):
        if listed:
            night.world.allow(f"{OURS}/32")
        night.later(f"run-{listed}", HOUR)
        said = night.run({}).text()
        for canary in (CANARY, PRIVATE, CLIENT_SECRET):
            assert canary not in said

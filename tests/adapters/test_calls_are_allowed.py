"""What the code asks of AWS is what its role allows: every call that it makes passes, and every right that it has is used.

The calls are recorded where they leave for AWS, and put, with their resources and keys, to the synthesised policies of dev
(HAZARDS.md, T8).
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from remediation.adapters.alarms import CloudWatchAlarms
from remediation.adapters.approvals import DynamoApprovals
from remediation.adapters.clients import Clients
from remediation.adapters.escalating import composed
from remediation.adapters.follow_up import LambdaFollowUp
from remediation.adapters.incidents import DynamoIncidents
from remediation.adapters.ledger import DynamoLedger
from remediation.adapters.notify import SnsNotifier
from remediation.adapters.said import said_key
from remediation.adapters.surroundings import AwsSurroundings
from remediation.adapters.switches import Change, Switches, record
from remediation.adapters.table import Table
from remediation.aws import deploys
from remediation.core.admission import Lease, Request
from remediation.core.approval import Wanted
from remediation.core.errors import AwsError
from remediation.core.incident import Recovery
from remediation.core.limits import Limits
from remediation.core.notice import Notice
from remediation.core.outcome import Outcome
from remediation.core.ports import Closing, Receipt
from remediation.core.spec import TEAMS
from restart_unhealthy_targets.actions import replace_instance, restart_container
from restart_unhealthy_targets.facts import Judged
from restart_unhealthy_targets.runbook import RUNBOOK
from stacks.catalog import CATALOG
from stacks.config import load
from stacks.deployments import deployment
from stacks.permissions import engine, escalation
from tests.adapters.conftest import TABLE
from tests.functions.restart_unhealthy_targets.nights import SETTINGS, Night
from tests.functions.restart_unhealthy_targets.scripts import started_at
from tests.stacks.callers import ALICE, environment
from tests.support.asked import Asking, Listener, Parameters
from tests.support.iam import Caller
from tests.support.steps import NIGHT
from tests.support.toy import PLACE

CONFIG = load("dev", CATALOG)
DEPLOYED = deployment(RUNBOOK, CONFIG)
MINUTE = timedelta(minutes=1)
RUN, EVENT, GROUP = "run-1", "an event", "dev-backend-asg"
NOT_HERE = {
    # What Lambda and the durable SDK do in the role's name.
    "lambda:CheckpointDurableExecution",
    "lambda:GetDurableExecutionState",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:SendMessage",
}


def used(caller: Caller, asking: Asking, heard: Iterable[tuple[str, str, Parameters]]) -> set[str]:
    """Return the actions that were used. Every call has to be allowed."""
    actions = set()
    for service, operation, parameters in heard:
        for call in asking.calls(service, operation, parameters):
            answer = caller.asks(call)
            assert answer.allowed, f"{operation}: {call.action} on {call.resource} {call.context}: {answer.because}"
            actions.add(call.action)
    return actions


def an_outcome() -> Outcome:
    return Outcome(
        run=RUN,
        runbook=RUNBOOK.name,
        environment="dev",
        account=PLACE.account,
        region=PLACE.region,
        status="failed",
        because="It failed.",
        trigger="alarm",
        started_at=NIGHT,
        ended_at=NIGHT + MINUTE,
        team="infrastructure",
    )


def a_notice() -> Notice:
    return Notice(
        kind="recovered",
        environment="dev",
        run=RUN,
        incident="dev|an incident",
        team="infrastructure",
        severity="info",
        title="It is over",
        because="The alarm is OK.",
        at=NIGHT,
    )


@pytest.fixture
def listener(aws: Clients, table: str) -> Listener:
    """Listen to a session of moto's account, which has the ledger and nothing else."""
    return Listener(PLACE)


def a_run(aws: Clients) -> None:
    """Go through all that a run does to the ledger: received, admitted, confirmed, given back, asked for, ended badly."""
    ledger = DynamoLedger(aws, table=TABLE, environment="dev")
    approvals = DynamoApprovals(aws, table=TABLE, environment="dev")
    ledger.receive(Receipt(run=RUN, event=EVENT, runbook=RUNBOOK.name, trigger="alarm", now=NIGHT, alarm="an alarm"))
    lease = ledger.admit(
        Request(
            run=RUN,
            n=1,
            event=EVENT,
            runbook=RUNBOOK.name,
            resource=GROUP,
            until=NIGHT + 15 * MINUTE,
            cooldown_until=NIGHT + 30 * MINUTE,
            now=NIGHT,
            alarm="an alarm",
            transition=NIGHT,
        ),
        Limits(),
    )
    assert isinstance(lease, Lease), lease
    assert ledger.confirm(run=RUN, runbook=RUNBOOK.name, lease=lease, now=NIGHT + MINUTE) is None
    ledger.give_back(run=RUN, n=1, resource=GROUP)
    ledger.note(run=RUN, timeline=())
    wanted = Wanted(
        run=RUN,
        runbook=RUNBOOK.name,
        action="replace-instance",
        target="i-1",
        plan="replace-instance i-1",
        hash="0f",
        because="It is ill.",
        people=2,
        expires=NIGHT + 30 * MINUTE,
    )
    approvals.claim(wanted, NIGHT)
    approvals.ask(wanted, "callback", NIGHT)
    approvals.said("AROAOPERATOR:alice", RUN)
    approvals.end(wanted, "approved", NIGHT)
    ledger.close(
        Closing(outcome=an_outcome(), timeline=(), lease=lease, cooldown_until=NIGHT + 30 * MINUTE, result="bad"),
        Limits(),
    )


def test_the_engine_is_allowed_what_it_asks_and_asks_for_all_that_it_is_allowed(listener: Listener) -> None:
    aws = Clients(PLACE, listener.session)
    a_run(aws)
    notifier = SnsNotifier(aws, DEPLOYED)
    incidents = DynamoIncidents(aws, table=TABLE, environment="dev")
    surroundings = AwsSurroundings(aws, DEPLOYED.watched, lambda: NIGHT)
    calls: list[Any] = [
        lambda: CloudWatchAlarms(aws).read("dev-remediation-unhealthy-targets"),
        lambda: notifier.publish(an_outcome()),
        lambda: notifier.page(an_outcome()),
        lambda: incidents.raise_("dev|an incident", an_outcome(), Recovery.of("an alarm"), NIGHT),
        lambda: incidents.healed("dev|an incident", RUN, NIGHT),
        lambda: LambdaFollowUp(aws, DEPLOYED.place).start("dev|an incident", an_outcome(), Recovery.of("an alarm")),
        lambda: surroundings.around(deploys=False),
        *(lambda asg=asg: deploys.refresh(aws, asg) for asg in DEPLOYED.watched.deploys.asgs),
        *(lambda lock=lock: deploys.apply(aws, lock, NIGHT) for lock in DEPLOYED.watched.deploys.locks),
    ]
    for call in calls:
        with suppress(
            AwsError, NotImplementedError
        ):  # moto has no such topic, and knows no instance refresh; what was asked is what counts
            call()
    actions = used(environment("dev").runbook, Asking(PLACE), listener.heard)
    names = environment("dev").names
    allowed = {action for each in engine(RUNBOOK, names, "key", CONFIG.watched, "act") for action in each.actions}
    assert actions == allowed - NOT_HERE


def test_the_follow_up_is_allowed_what_it_asks_and_asks_for_all_that_it_is_allowed(listener: Listener) -> None:
    duty = composed(DEPLOYED, Clients(PLACE, listener.session))
    key, incidents = "dev|an incident", duty.incidents
    DynamoIncidents(Clients(PLACE), table=TABLE, environment="dev").raise_(
        key, an_outcome(), Recovery.of("an alarm"), NIGHT
    )
    assert incidents.open(key).status == "open"
    incidents.waits(key, RUN, "callback", NIGHT + MINUTE)
    assert incidents.paged(key, RUN, "page 2", NIGHT + 15 * MINUTE).page == "page 2"
    assert incidents.said(ALICE, RUN) is None
    incidents.acknowledged(key, RUN, "alice", NIGHT)
    incidents.close(key, RUN, NIGHT)
    calls: list[Any] = [
        lambda: duty.alarms.read("dev-remediation-unhealthy-targets"),
        lambda: duty.notifier.page(an_outcome(), "critical", "a note"),
        lambda: duty.notifier.notify(a_notice(), "critical"),
    ]
    for call in calls:
        with suppress(AwsError):  # moto has no such topic; what was asked is what counts
            call()
    names = environment("dev").names
    allowed = {action for each in escalation(names, "key") for action in each.actions}
    assert used(environment("dev").escalation, Asking(PLACE), listener.heard) == allowed - NOT_HERE


def test_every_team_can_be_told(listener: Listener) -> None:
    asking, caller = Asking(PLACE), environment("dev").runbook
    heard = [("sns", "Publish", {"TopicArn": DEPLOYED.contacts[team].topic}) for team in TEAMS]
    assert used(caller, asking, heard) == {"sns:Publish", "kms:Decrypt", "kms:GenerateDataKey"}


def test_the_runbook_is_allowed_what_it_asks_and_asks_for_all_that_it_is_allowed() -> None:
    night = Night()
    night.world.add(7)
    hung, stopped, *_ = night.world.machines.values()
    night.world.fail(hung, "hung")
    night.world.fail(stopped, "stopped")
    night.look()
    for act, machine in ((restart_container, stopped), (replace_instance, hung)):
        target = Judged(
            id=machine.id, group=night.world.group_arn, port=8080, started_at=started_at(machine), dead=False
        )
        act(night.aws, SETTINGS, target)  # type: ignore[arg-type]
    tags = dict.fromkeys(night.world.machines, "dev") | {"asg": GROUP}
    heard = [(call.service, call.operation, call.parameters) for call in night.aws.calls.made]
    declared = {allow.action for allow in (*RUNBOOK.reads, *RUNBOOK.writes)}
    assert used(environment("dev").runbook, Asking(PLACE, tags), heard) == declared


def test_an_operator_is_allowed_what_the_console_asks_of_the_ledger(listener: Listener) -> None:
    aws = Clients(PLACE, listener.session)
    switches, table = Switches(aws, table=TABLE, environment="dev"), Table(aws, TABLE)
    change = Change(what="a change", by="alice", because="It is night.", at=NIGHT)
    for runbook in ("", RUNBOOK.name):
        assert switches.set_mode(switches.read([RUNBOOK.name]), runbook, "observe", None, change, user=ALICE)
    assert switches.set_freeze(switches.read([]), NIGHT + MINUTE, change, user=ALICE)
    assert switches.close_circuit(switches.read([RUNBOOK.name]), RUNBOOK.name, change, user=ALICE)
    word = table.update(said_key(ALICE, RUN), "SET says = :says", says="approve")
    assert record(table, "dev", change, user=ALICE, updates={"word": word})
    table.read(said_key(ALICE, RUN))
    operator = environment("dev").operator
    assert used(operator, Asking(PLACE, by=ALICE), listener.heard) == {
        "dynamodb:GetItem",
        "dynamodb:UpdateItem",
        "kms:Decrypt",
    }
    with pytest.raises(AssertionError, match="not allowed"):
        used(operator, Asking(PLACE, by="AROAOPERATOR:bob"), listener.heard)

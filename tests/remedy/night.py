"""The night that docs/remedy.md tells of: one run was handed to people, one works, and one waits to be approved."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from remediation.adapters.clients import Clients
from remediation.adapters.incidents import DynamoIncidents
from remediation.adapters.ledger import DynamoLedger
from remediation.core.admission import Lease, Request
from remediation.core.incident import Recovery
from remediation.core.limits import Limits
from remediation.core.outcome import Done, Entry
from tests.remedy.console import RUNBOOK, TABLE, closed, outcome, received
from tests.remedy.people import Console
from tests.remedy.waiting import Waiting

ESCALATED, WORKING, ASKING = "rhg6-ljc2-vhik", "k3fd-w7ha-z2pm", "z7fv-gac4-pjkg"
ALARM = "dev-remediation-unhealthy-targets"
KEY = f"dev|{RUNBOOK}|{ALARM}"
TRIGGER = f"alarm {ALARM} (OK -> ALARM)"
SICK, HALF_SICK = "i-0abc1234", "i-0def5678"
DEAD = f"{SICK} is unhealthy (Target.Timeout)."


def falls(aws: Clients, ledger: DynamoLedger, people: Console) -> DynamoIncidents:
    """Let the night fall, and return its incidents."""
    now = datetime.now(UTC).replace(microsecond=0)
    for name in (ALARM, "dev-backend-cpu-low"):
        _in_alarm(aws, name)
    incidents = _escalated(aws, ledger, now - timedelta(minutes=14))
    _works(ledger, now)
    _asks(aws, ledger, people, now - timedelta(seconds=40))
    aws.acting.dynamodb.put_item(
        TableName=TABLE,
        Item={
            "pk": {"S": f"CIRCUIT#dev#{RUNBOOK}"},
            "state": {"S": "open"},
            "failures": {"N": "3"},
            "because": {"S": f"3 runs in a row did not heal, the last one was {ESCALATED}"},
            "opened_at": {"N": str(round(now.timestamp() * 1000))},
        },
    )
    return incidents


def _in_alarm(aws: Clients, name: str) -> None:
    aws.acting.cloudwatch.put_metric_alarm(
        AlarmName=name,
        MetricName="UnHealthyHostCount",
        Namespace="AWS/ApplicationELB",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    aws.acting.cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")


def _escalated(aws: Clients, ledger: DynamoLedger, started: datetime) -> DynamoIncidents:
    because = f"{SICK} is unhealthy after 2 of 2 restarts (Target.Timeout)."
    acted, ended = started + timedelta(seconds=9), started + timedelta(minutes=10)
    receipt = "Command 91ac6241 ended with Success: restarted."
    done = Done(action="restart-container", target=SICK, at=acted, result="done", receipt=receipt)
    told = replace(
        outcome(ESCALATED, "escalated", at=started, because=because, acts=(done,)),
        evidence=(f"{SICK} backend[1]: panic: connection refused",),
        next_steps=(f"aws ssm start-session --target {SICK}",),
        trigger=TRIGGER,
        incident=KEY,
        ended_at=ended,
    )
    facts = {
        "group": "dev-backend-tg-v2",
        "targets": [{"id": SICK, "state": "unhealthy"}, {"id": HALF_SICK, "state": "healthy"}],
    }
    looked = started + timedelta(seconds=7)
    received(ledger, ESCALATED, now=started, trigger=TRIGGER)
    closed(
        ledger,
        told,
        Entry(at=started, kind="received", text=f"Received {TRIGGER}."),
        Entry(at=started, kind="gate", text="Every gate let it pass."),
        Entry(at=looked, kind="facts", text="Looked.", facts=facts),
        Entry(at=looked, kind="verdict", text=f"restart-container {SICK}: {DEAD}"),
        Entry(at=acted, kind="admitted", text="Admitted to work on autoscaling-group/dev-backend-asg (fence 1)."),
        Entry(at=acted, kind="act", text=f"restart-container {SICK}: done. {receipt}"),
        Entry(at=acted, kind="wait", text="Waiting 40 s."),
        Entry(at=ended, kind="outcome", text=f"escalated: {because}"),
    )
    incidents = DynamoIncidents(aws, table=TABLE, environment="dev")
    incidents.raise_(KEY, told, Recovery.of(ALARM), ended)
    incidents.waits(KEY, ESCALATED, "callback-2", ended + timedelta(minutes=15))
    return incidents


def _works(ledger: DynamoLedger, now: datetime) -> None:
    received(ledger, WORKING, now=now - timedelta(minutes=1), trigger=TRIGGER)
    asked = Request(
        run=WORKING,
        event=WORKING,
        n=1,
        runbook=RUNBOOK,
        resource="dev-backend-asg",
        now=now,
        until=now + timedelta(minutes=10),
        cooldown_until=now + timedelta(minutes=25),
    )
    assert isinstance(ledger.admit(asked, Limits()), Lease)


def _asks(aws: Clients, ledger: DynamoLedger, people: Console, now: datetime) -> None:
    trigger = "a manual invocation (apply)"
    asked = Waiting(aws, ledger).asks(
        trigger=trigger,
        run=ASKING,
        hash="9f2c41d07be3" + "a1" * 26,
        target=HALF_SICK,
        plan=f"replace-instance {HALF_SICK} (autoscaling-group/dev-backend-asg in dev)",
        because="Its container does not start: the image is not there.",
        people=2,
        requested_by=people.user("ada"),
    )
    entries = (
        Entry(at=now, kind="received", text=f"Received {trigger}."),
        Entry(at=now, kind="approval", text=f"Asked to approve: {asked.plan}, plan {asked.hash[:12]}."),
    )
    ledger.note(run=ASKING, timeline=entries)

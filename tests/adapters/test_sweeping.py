"""The sweep against the ledger's own table and strict fakes: what one tick reads, sends, closes and says."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from remediation.adapters import sweeping
from remediation.adapters.clients import Clients
from remediation.adapters.environment import MisconfiguredError
from remediation.adapters.examining import Doctor
from remediation.adapters.history import History
from remediation.adapters.ledger import DynamoLedger
from remediation.adapters.logs import logger
from remediation.adapters.reaping import Reaper
from remediation.adapters.sweep_records import MOST_READ, SweepRecords
from remediation.adapters.sweeping import (
    NoTickError,
    Report,
    Sweep,
    SweepFailedError,
    logging_to,
    sweep_handler,
    tick_of,
)
from remediation.core.deployment import DEPLOYMENT, SETTINGS, Deployment
from remediation.core.errors import AwsError
from remediation.core.incident import Recovery
from remediation.core.limits import Limits
from remediation.core.outcome import Entry, Outcome, Status
from remediation.core.parsing import parse
from remediation.core.ports import Closing, Receipt
from remediation.core.routing import route
from remediation.core.sweep import Answers, SweepSettings, Swept
from remediation.core.triggers import AlarmRaised
from remediation.core.watched import Watched
from tests.adapters.conftest import TABLE
from tests.adapters.swept_aws import SweptAws, described
from tests.support.steps import NIGHT
from tests.support.toy import LIGHT_THE_LAMPS, PLACE, Incident, Settings, scheduled_event
from tests.support.world import CountingIncidents, RecordingFollowUp, RecordingNotifier, deployed

MINUTE = timedelta(minutes=1)
LAMPS = Swept(
    runbook="light-the-lamps",
    team="application",
    mode="act",
    alarms=(Answers(namespace="House", metric="DarkLamps", dimensions={"House": "dev-house"}),),
    limit=15 * MINUTE,
    cooldown=15 * MINUTE,
)
ALARM = "dev-dark-lamps"
RUNNING = "arn:aws:lambda:us-east-1:123456789012:function:dev-light-the-lamps:3/durable-execution/run-1/x"
DEPLOYED = deployed(watched=Watched(alarm_prefix="dev-", quiet_alarms=("dev-quiet",)))


class Night:
    """One environment at night: what is on, what ran, and the sweep that looks at it."""

    def __init__(self, real: Clients, ledger: DynamoLedger) -> None:
        self.aws, self.ledger, self.real = SweptAws(real), ledger, real
        self.notifier, self.incidents, self.follow_up = RecordingNotifier(), CountingIncidents(), RecordingFollowUp()
        self.now = NIGHT + 10 * MINUTE
        self.logged: list[tuple[str, Exception | None]] = []
        aws = cast("Clients", self.aws)
        settings = SweepSettings(runbooks=(LAMPS,))
        records = SweepRecords(aws, table=TABLE, environment="dev")
        self.sweep = Sweep(
            deployment=DEPLOYED,
            settings=settings,
            aws=aws,
            records=records,
            reaper=Reaper(
                deployment=DEPLOYED,
                aws=aws,
                records=records,
                history=History(aws, TABLE),
                ledger=ledger,
                notifier=self.notifier,
                incidents=self.incidents,
                follow_up=self.follow_up,
            ),
            doctor=Doctor(deployment=DEPLOYED, settings=settings, aws=aws, records=records, notifier=self.notifier),
            clock=lambda: self.now,
            log=lambda text, error: self.logged.append((text, error)),
        )
        self.put("DOCTOR#dev", reported_at=NIGHT)  # the doctor has been there; its own tests say otherwise

    def on(self, *names: str, since: datetime = NIGHT, **more: Any) -> None:
        """Let alarms go into ALARM."""
        self.aws.cloudwatch.alarms += [described(name, since, **more) for name in names]

    def ran(
        self,
        run: str,
        status: Status | None = None,
        gate: str = "",
        *,
        at: timedelta = timedelta(seconds=5),
        alarm: str = ALARM,
        since: datetime = NIGHT,
        execution: str = "",
    ) -> None:
        """Record a run on an alarm, as the engine does; without a status it is in progress."""
        started = NIGHT + at
        self.ledger.receive(
            Receipt(
                run=run,
                event=f"event of {run}",
                runbook=LAMPS.runbook,
                trigger=f"alarm {alarm} (OK -> ALARM)",
                now=started,
                execution=execution,
                alarm=alarm,
                transition=since,
            )
        )
        if status is None:
            self.ledger.note(run=run, timeline=(Entry(at=started, kind="act", text="tap lamp-1: done."),))
            return
        outcome = Outcome(
            run=run,
            runbook=LAMPS.runbook,
            environment="dev",
            account=PLACE.account,
            region=PLACE.region,
            status=status,
            because="Because.",
            trigger="alarm",
            started_at=started,
            ended_at=started + MINUTE,
            team="application",
            gate=gate,
        )
        closing = Closing(outcome=outcome, timeline=(), lease=None, cooldown_until=started, result="neutral")
        self.ledger.close(closing, Limits())

    def put(self, pk: str, **attributes: str | datetime) -> None:
        """Put an item as others write it; instants in milliseconds."""
        item = {
            name: {"S": value} if isinstance(value, str) else {"N": str(round(value.timestamp() * 1000))}
            for name, value in attributes.items()
        }
        self.real.acting.dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": pk}, **item})

    def incident(
        self,
        *,
        alarm: str = ALARM,
        recovery: Recovery | None = None,
        status: str = "open",
        callback: str = "callback-1",
    ) -> None:
        self.put(
            "INCIDENT#1",
            key=f"dev|light-the-lamps|{alarm}",
            run="run-1",
            runbook=LAMPS.runbook,
            team="application",
            recovery=msgspec.json.encode(recovery or Recovery.of(alarm)).decode(),
            status=status,
            callback=callback,
            environment="dev/incidents",
            started_at=NIGHT,
            opened_at=NIGHT,
        )
        self.aws.lambda_.callbacks[callback] = None

    def item(self, pk: str) -> dict[str, Any]:
        found = self.real.dynamodb.get_item(TableName=TABLE, Key={"pk": {"S": pk}}).get("Item", {})
        return {name: next(iter(value.values())) for name, value in found.items()}

    def tick(self, id_: str = "tick-1") -> Report:
        return self.sweep.tick(id_)


@pytest.fixture
def night(aws: Clients, ledger: DynamoLedger) -> Night:
    return Night(aws, ledger)


# ------------------------------------------------------------------------------------------------------------ offers


def test_an_alarm_whose_event_was_lost_reaches_its_runbook_as_an_event_that_every_gate_can_judge(night: Night) -> None:
    night.on(ALARM)
    assert night.tick("tick-7").offered == (
        "dev-dark-lamps: No run is known since it went into ALARM: its event was lost.",
    )
    (event,) = night.aws.events.sent
    parsed = parse(event)
    assert isinstance(parsed, AlarmRaised)
    assert (parsed.transitioned_at, parsed.sent_at, parsed.tick) == (NIGHT, night.now, "tick-7")
    assert route(LIGHT_THE_LAMPS, parsed, PLACE, Settings()) == Incident()
    assert event["resources"] == ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:dev-dark-lamps"]


def test_two_ticks_are_two_events_and_one_tick_twice_is_one(night: Night) -> None:
    night.on(ALARM)
    for tick in ("tick-1", "tick-1", "tick-2"):
        night.tick(tick)
    keys = [cast("AlarmRaised", parse(event)).key for event in night.aws.events.sent]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    ("status", "gate", "offered"),
    [
        (None, "", False),
        ("refused", "freeze", True),
        ("refused", "rejection", False),
        ("nothing-to-do", "", True),
        ("escalated", "", False),
    ],
)
def test_the_last_run_on_the_alarm_decides(night: Night, status: Status | None, gate: str, *, offered: bool) -> None:
    night.on(ALARM)
    night.ran("run-1", status, gate)
    report = night.tick()
    assert bool(report.offered) == offered
    assert bool(report.held) != offered
    assert report.failures == ()


def test_a_run_that_is_at_it_is_found_however_many_others_ended_since(night: Night) -> None:
    night.on(ALARM)
    night.ran("run-0", at=MINUTE)
    for number in range(1, 6):
        night.ran(f"run-{number}", "refused", "lease", at=(1 + number) * MINUTE)
    assert night.tick().offered == ()


def test_half_an_hour_after_it_was_escalated_it_is_offered_unless_somebody_is_at_it(night: Night) -> None:
    night.on(ALARM)
    night.ran("run-1", "escalated")
    night.now = NIGHT + 40 * MINUTE
    assert len(night.tick().offered) == 1
    night.incident(status="acknowledged")
    assert night.tick().offered == ()


def test_a_closed_incident_is_nobodys(night: Night) -> None:
    night.on(ALARM)
    night.ran("run-1", "escalated")
    night.now = NIGHT + 40 * MINUTE
    night.incident(status="closed")
    assert len(night.tick().offered) == 1


def test_only_alarms_of_this_environment_are_looked_at_and_only_those_that_are_on(night: Night) -> None:
    night.on("prod-dark-lamps", "dev-quiet")
    night.on("dev-fine", state="OK")
    report = night.tick()
    assert night.aws.calls.of("DescribeAlarms")[0] == {
        "AlarmTypes": ["MetricAlarm"],
        "AlarmNamePrefix": "dev-",
        "StateValue": "ALARM",
    }
    assert (report.offered, report.held) == ((), ("dev-quiet: ALARM is normal for it (quiet_alarms).",))


def test_a_muted_alarm_stays_muted_although_the_offer_could_not_say_so(night: Night) -> None:
    night.on(ALARM, "dev-other")
    night.aws.cloudwatch.mutes = {"maintenance": [ALARM]}
    assert night.tick().held == ("dev-dark-lamps: It is muted.",)
    assert night.aws.events.alarms == ["dev-other"]


def test_where_cloudwatch_knows_no_mute_rules_nothing_is_muted(night: Night) -> None:
    night.on(ALARM)
    night.aws.cloudwatch.down["ListAlarmMuteRules"] = "InvalidAction"
    assert len(night.tick().offered) == 1


def test_an_alarm_that_is_defined_by_one_query_is_a_plain_one(night: Night) -> None:
    query = {
        "Id": "m1",
        "MetricStat": {
            "Metric": {
                "Namespace": "House",
                "MetricName": "DarkLamps",
                "Dimensions": [{"Name": "House", "Value": "dev-house"}],
            },
            "Period": 60,
            "Stat": "Maximum",
        },
        "ReturnData": True,
    }
    night.on(ALARM, Metrics=[query])
    night.on("dev-math", Metrics=[query, {"Id": "e1", "Expression": "m1 * 2"}])
    for alarm in night.aws.cloudwatch.alarms:
        del alarm["MetricName"], alarm["Namespace"], alarm["Dimensions"], alarm["Statistic"], alarm["Period"]
    assert night.tick().held == ("dev-math: No runbook answers it.",)
    assert night.aws.events.alarms == [ALARM]


# --------------------------------------------------------------------------------------------------- partial failure


def test_one_alarm_that_cannot_be_offered_does_not_stop_the_others(night: Night) -> None:
    night.on("dev-a", "dev-b", "dev-c")
    night.aws.events.refused = {"dev-b"}
    report = night.tick()
    assert night.aws.events.alarms == ["dev-a", "dev-c"]
    assert [line.partition(":")[0] for line in report.offered] == ["dev-a", "dev-c"]
    assert report.failures == ("The alarm dev-b could not be offered: InternalFailure: Try again.",)
    assert [text for text, _ in night.logged] == list(report.failures)


def test_two_hundred_alarms_are_offered_ten_at_a_time(night: Night) -> None:
    night.on(*(f"dev-{number:03d}" for number in range(200)))
    assert len(night.tick().offered) == 200
    assert len(night.aws.calls.of("PutEvents")) == 20


def test_a_call_that_fails_loses_its_ten_and_no_more(night: Night) -> None:
    night.on(*(f"dev-{number:03d}" for number in range(12)))
    night.aws.events.down["PutEvents"] = "InternalException"
    report = night.tick()
    assert report.offered == ()
    assert len(report.failures) == 12
    assert len(night.aws.calls.of("PutEvents")) == 2, "each is sent once"


@pytest.mark.parametrize("down", ["Query", "GetItem"])
def test_what_cannot_be_judged_is_not_offered_and_said(night: Night, down: str) -> None:
    night.on(ALARM)
    night.ran("run-1", "refused", "freeze")
    night.aws.dynamodb.down = {down}
    report = night.tick()
    assert report.offered == ()
    assert night.aws.events.sent == []
    assert any("DynamoDB did not answer" in failure for failure in report.failures)
    assert [text for text, _ in night.logged] == list(report.failures)


def test_mute_rules_that_cannot_be_read_keep_everything_back(night: Night) -> None:
    night.on(ALARM)
    night.aws.cloudwatch.down["ListAlarmMuteRules"] = "AccessDeniedException"
    report = night.tick()
    assert (report.offered, len(report.failures)) == ((), 1)


def test_alarms_that_cannot_be_read_do_not_keep_runs_from_being_closed(night: Night) -> None:
    night.ran("run-1", execution=RUNNING)
    night.aws.lambda_.executions[RUNNING] = "TIMED_OUT"
    night.aws.cloudwatch.down["DescribeAlarms"] = "Throttling"
    night.now = NIGHT + 20 * MINUTE
    report = night.tick()
    assert report.closed == ("run-1",)
    assert len(report.failures) == 1


def test_a_damaged_record_does_not_keep_the_others_from_being_judged(night: Night) -> None:
    night.on(ALARM)
    night.put(
        "RUN#odd", environment="dev", started_at=NIGHT + MINUTE, status="whatever", runbook=LAMPS.runbook, run="odd"
    )
    night.ran("run-1", "refused", "freeze")
    report = night.tick()
    assert (len(report.offered), report.failures) == (1, ())


# ------------------------------------------------------------------------------------------------------------- calls


def test_a_quiet_night_takes_five_calls(night: Night) -> None:
    night.tick()
    assert night.aws.dynamodb.made == ["Query", "Query", "GetItem"], "runs, incidents, the doctor's mark"
    assert [call.operation for call in night.aws.calls.made] == ["DescribeAlarms"]


def test_only_runs_that_matter_are_read(night: Night) -> None:
    night.on(ALARM)
    for number in range(8):
        night.ran(f"run-{number}", "refused", "freeze", at=number * MINUTE)
    night.tick()
    assert night.aws.dynamodb.made.count("GetItem") == 2, "the last run, and the doctor's mark"


def test_runs_from_before_the_alarm_are_not_read(night: Night) -> None:
    night.on(ALARM)
    for number in range(8):
        night.ran(f"run-{number}", "healed", at=-timedelta(hours=1, minutes=number), since=NIGHT - timedelta(hours=2))
    night.tick()
    assert night.aws.dynamodb.made.count("GetItem") == 1


def test_more_runs_than_fit_are_said_instead_of_guessed(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_READ == 200
    monkeypatch.setattr("remediation.adapters.sweep_records.MOST_READ", 3)
    night.on(ALARM)
    for number in range(4):
        night.ran(f"run-{number}", "refused", "freeze", alarm="dev-other", at=number * MINUTE)
    report = night.tick()
    assert report.offered == ()
    assert "More than 3 runs would have to be read" in report.failures[0]


# --------------------------------------------------------------------------------------------------------- incidents


@pytest.mark.parametrize("state", ["OK", None])
def test_an_escalation_hears_that_its_alarm_is_over(night: Night, state: str | None) -> None:
    night.incident()
    if state:
        night.on(ALARM, state=state)
    assert night.tick().recovered == (f"dev|light-the-lamps|{ALARM}",)
    assert night.aws.lambda_.callbacks == {"callback-1": b'{"recovered": true}'}
    assert json.loads(b'{"recovered": true}') == {"recovered": True}


def test_an_escalation_whose_alarm_has_no_data_is_left_alone(night: Night) -> None:
    night.incident()
    night.on(ALARM, state="INSUFFICIENT_DATA")
    assert night.tick().recovered == ()
    assert night.aws.lambda_.callbacks == {"callback-1": None}


def test_a_storm_is_over_when_fewer_alarms_are_on_than_make_one(night: Night) -> None:
    night.incident(recovery=Recovery(cause="storm"))
    night.on("dev-a", "dev-b", "dev-c", "dev-d", "dev-e")
    assert night.tick("tick-1").recovered == ()
    del night.aws.cloudwatch.alarms[:2]
    assert night.tick("tick-2").recovered == (f"dev|light-the-lamps|{ALARM}",)


def test_an_escalation_whose_alarm_is_on_is_left_alone_whatever_its_name(night: Night) -> None:
    night.incident(alarm="elsewhere-dark-lamps")
    night.on("elsewhere-dark-lamps")
    assert night.tick().recovered == ()
    assert night.aws.calls.of("DescribeAlarms")[1]["AlarmNames"] == ["elsewhere-dark-lamps"]


@pytest.mark.parametrize(("alarm", "callback"), [("", "callback-1"), (ALARM, "")])
def test_an_incident_of_no_alarm_or_that_nobody_follows_up_is_left_alone(
    night: Night, alarm: str, callback: str
) -> None:
    night.incident(alarm=alarm, callback=callback)
    assert night.tick() == Report(tick="tick-1")


def test_an_escalation_that_was_answered_meanwhile_is_no_failure(night: Night) -> None:
    night.incident()
    night.aws.lambda_.callbacks["callback-1"] = b"acknowledged"
    assert night.tick() == Report(tick="tick-1")


def test_one_escalation_that_cannot_be_told_is_said(night: Night) -> None:
    night.incident()
    night.aws.lambda_.down["SendDurableExecutionCallbackSuccess"] = "TooManyRequestsException"
    report = night.tick()
    assert report.recovered == ()
    assert report.failures[0].startswith(f"The incident dev|light-the-lamps|{ALARM} cannot be closed: ")


# ----------------------------------------------------------------------------------------------------- overdue runs


@pytest.fixture
def late(night: Night) -> Night:
    """A run that was admitted, and whose time is up."""
    night.ran("run-1", execution=RUNNING)
    night.put("RESOURCE#dev-house", lease_owner="run-1", lease_until=NIGHT + 25 * MINUTE)
    night.real.acting.dynamodb.update_item(
        TableName=TABLE,
        Key={"pk": {"S": "RUN#run-1"}},
        UpdateExpression="SET leased = :it",
        ExpressionAttributeValues={":it": {"S": "dev-house"}},
    )
    night.aws.lambda_.executions[RUNNING] = "TIMED_OUT"
    night.now = NIGHT + 20 * MINUTE
    return night


def test_a_run_that_died_is_recorded_told_paged_and_followed_up_once(late: Night) -> None:
    assert late.tick("tick-1").closed == ("run-1",)
    assert late.tick("tick-2").closed == ()
    (outcome,) = late.notifier.published
    assert late.notifier.paged == [outcome]
    assert (outcome.status, outcome.team, outcome.ended_at) == ("failed", "application", late.now)
    assert "Lambda ended its execution at the time-out." in outcome.because
    assert "tap lamp-1: done." in outcome.evidence[0]
    assert late.follow_up.started == [(f"dev|light-the-lamps|{ALARM}", "run-1", Recovery.of(ALARM))]
    kept = late.item("RUN#run-1")
    assert (kept["status"], kept["because"]) == ("failed", outcome.because)
    assert kept["timeline"].count('"kind"') == 2


def test_what_it_had_leased_is_given_back_with_a_cooldown_and_its_circuit_counts_a_failure(late: Night) -> None:
    late.tick()
    house = late.item("RESOURCE#dev-house")
    assert "lease_owner" not in house
    assert house["cooldown_until"] == str(round((late.now + LAMPS.cooldown).timestamp() * 1000))
    assert late.item("CIRCUIT#dev#light-the-lamps")["failures"] == "1"


def answer(run: str, status: Status) -> str:
    """Return what the execution of a run answers."""
    outcome = Outcome(
        run=run,
        runbook=LAMPS.runbook,
        environment="dev",
        account=PLACE.account,
        region=PLACE.region,
        status=status,
        because="Every lamp is lit.",
        trigger="alarm",
        started_at=NIGHT,
        ended_at=NIGHT + 3 * MINUTE,
        team="application",
    )
    return json.dumps(msgspec.to_builtins(outcome))


def test_an_outcome_that_was_told_but_not_recorded_is_recorded_and_not_told_again(late: Night) -> None:
    late.aws.lambda_.executions[RUNNING] = "SUCCEEDED"
    late.aws.lambda_.results[RUNNING] = answer("run-1", "healed")
    assert late.tick().closed == ("run-1",)
    assert (late.notifier.published, late.notifier.paged) == ([], [])
    kept = late.item("RUN#run-1")
    assert (kept["status"], kept["because"]) == ("healed", "Every lamp is lit.")
    assert "lease_owner" not in late.item("RESOURCE#dev-house")


@pytest.mark.parametrize("result", ["", "null", "[]", answer("run-2", "healed")])
def test_an_answer_that_is_not_the_runs_outcome_is_none(late: Night, result: str) -> None:
    late.aws.lambda_.executions[RUNNING] = "SUCCEEDED"
    late.aws.lambda_.results[RUNNING] = result
    assert late.tick().closed == ("run-1",)
    assert late.notifier.published[0].status == "failed"


def test_a_run_whose_execution_lambda_does_not_know_is_closed(late: Night) -> None:
    late.aws.lambda_.executions.clear()
    assert late.tick().closed == ("run-1",)
    assert "Lambda does not know its execution." in late.notifier.published[0].because


def test_a_run_whose_execution_was_never_recorded_is_closed_without_asking(night: Night) -> None:
    night.ran("run-1")
    night.now = NIGHT + 20 * MINUTE
    assert night.tick().closed == ("run-1",)
    assert night.aws.calls.of("GetDurableExecution") == []


def test_an_execution_that_cannot_be_asked_is_left_open_and_said(late: Night) -> None:
    late.aws.lambda_.down["GetDurableExecution"] = "AccessDeniedException"
    report = late.tick()
    assert report.closed == ()
    assert "Run run-1 is overdue and cannot be looked after" in report.failures[0]
    assert "status" not in late.item("RUN#run-1")


def test_a_run_that_ends_by_itself_at_the_same_moment_keeps_its_own_outcome(late: Night) -> None:
    ask = late.aws.lambda_.get_durable_execution

    def ends_first(**asked: Any) -> Any:
        late.ran("run-1", "healed")
        return ask(**asked)

    late.aws.lambda_.get_durable_execution = ends_first  # type: ignore[method-assign]
    assert late.tick().closed == ()
    assert late.item("RUN#run-1")["status"] == "healed"
    assert late.notifier.published == []


def test_the_record_is_closed_although_another_writer_was_first(late: Night) -> None:
    publish = late.notifier.publish

    def meanwhile(outcome: Outcome) -> None:
        late.ran("run-1", "healed")
        publish(outcome)

    late.notifier.publish = meanwhile  # type: ignore[method-assign]
    late.tick()
    assert late.item("RUN#run-1")["status"] == "healed", "an outcome is never overwritten"


def test_a_run_that_cannot_be_told_is_not_closed_so_that_the_next_tick_tells_it(late: Night) -> None:
    late.notifier.down = {"publish"}
    assert late.tick("tick-1").closed == ()
    late.notifier.down = set()
    assert late.tick("tick-2").closed == ("run-1",)
    assert len(late.notifier.published) == 1


def test_a_page_goes_out_although_the_incident_cannot_be_recorded(late: Night) -> None:
    late.incidents.down = True
    report = late.tick()
    assert len(late.notifier.paged) == 1
    assert "nobody watches whether somebody answers" in late.notifier.notes[0]
    assert len(report.failures) == 1
    assert late.item("RUN#run-1")["status"] == "failed"


def test_within_the_time_between_two_pages_an_incident_is_not_paged_again(late: Night) -> None:
    late.incidents.due = late.now + MINUTE
    late.tick()
    assert (len(late.notifier.published), late.notifier.paged) == (1, [])


@pytest.mark.parametrize("status", ["RUNNING", "PAUSED"])
def test_a_run_that_is_open_for_too_long_is_told_once_and_left_open(late: Night, status: str) -> None:
    late.aws.lambda_.executions[RUNNING] = status
    for tick in ("tick-1", "tick-2", "tick-3"):
        assert late.tick(tick).late == ("run-1",)
    (notice,) = late.notifier.notices
    assert (notice.kind, notice.team, notice.run) == ("trouble", "application", "run-1")
    assert late.notifier.told == ["application"]
    assert notice.because == f"Run run-1 started 20 minutes ago, should have ended, and its execution is {status}."
    assert "status" not in late.item("RUN#run-1")


def test_a_notice_that_could_not_be_sent_is_sent_by_the_next_tick(late: Night) -> None:
    late.aws.lambda_.executions[RUNNING] = "RUNNING"
    late.notifier.down = {"notify"}
    assert len(late.tick("tick-1").failures) == 1
    late.notifier.down = set()
    late.tick("tick-2")
    assert len(late.notifier.notices) == 1


# ------------------------------------------------------------------------------------------------------------ doctor


@pytest.fixture
def ward(night: Night) -> Night:
    """A night on which the doctor's round is due, with one alarm that can never fire."""
    night.now = NIGHT + timedelta(days=1)
    night.on("dev-alb-5xx-errors", state="OK", Namespace="AWS/ApplicationELB", MetricName="HTTPCode_Target_5XX_Count")
    night.aws.cloudwatch.alarms[0] |= {"Dimensions": [], "AlarmActions": ["arn:aws:sns:us-east-1:123456789012:ops"]}
    return night


def test_the_doctor_reports_once_a_day(ward: Night) -> None:
    assert ward.tick("tick-1").ill is not None
    for minutes in (5, 60, 24 * 60 - 1):
        ward.now = NIGHT + timedelta(days=1, minutes=minutes)
        assert ward.tick(f"tick-{minutes}").ill is None
    ward.now = NIGHT + timedelta(days=2)
    ward.tick("tick-x")
    first, second = ward.notifier.notices
    assert (first.kind, first.severity, ward.notifier.told) == ("doctor", "warning", ["infrastructure"] * 2)
    assert first.title == "Alarm doctor: 1 of the alarms of dev needs care"
    assert "dev-alb-5xx-errors: It watches AWS/ApplicationELB HTTPCode_Target_5XX_Count without" in first.lines[0]
    assert second.at == ward.now


def test_where_every_alarm_is_well_the_doctor_says_nothing(ward: Night) -> None:
    ward.aws.cloudwatch.alarms.clear()
    assert ward.tick().ill == ()
    assert ward.notifier.notices == []
    assert ward.tick("tick-2").ill is None, "the round was made"


def test_a_report_that_nobody_got_is_made_again(ward: Night) -> None:
    ward.notifier.down = {"notify"}
    assert len(ward.tick("tick-1").failures) == 1
    ward.notifier.down = set()
    ward.tick("tick-2")
    assert len(ward.notifier.notices) == 1


def test_two_rounds_at_the_same_time_are_one(ward: Night) -> None:
    late = ward.sweep.records.report(ward.now, timedelta(days=1))
    assert late
    assert ward.sweep.doctor.round(ward.now) is None
    assert ward.notifier.notices == []


def metric(name: str, house: str, **more: str) -> dict[str, Any]:
    dimensions = {"House": house} | more
    return {
        "Namespace": "House",
        "MetricName": name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }


@pytest.mark.parametrize(
    ("metrics", "ill", "calls"),
    [
        ([metric("DarkLamps", "dev-house")], False, 1),
        ([metric("DarkLamps", "dev-house", Floor="1")], True, 1),
        ([metric("LitLamps", "dev-house")], True, 3),
        ([metric("LitLamps", "dev-house"), metric("DarkLamps", "other-house")], False, 3),
        ([metric("DarkLamps", "other-house")], True, 2),
        ([], True, 2),
    ],
)
def test_the_doctor_asks_whether_cloudwatch_knows_the_metric(
    ward: Night, metrics: list[dict[str, Any]], calls: int, *, ill: bool
) -> None:
    ward.aws.cloudwatch.alarms = [described(ALARM, NIGHT, state="OK")]
    ward.aws.cloudwatch.metrics = metrics
    assert bool(ward.tick().ill) == ill
    assert len(ward.aws.calls.of("ListMetrics")) == calls


def test_a_metric_that_cannot_be_looked_up_is_no_finding_but_said(ward: Night) -> None:
    ward.aws.cloudwatch.alarms = [described(ALARM, NIGHT, state="OK")]
    ward.aws.cloudwatch.down["ListMetrics"] = "Throttling"
    report = ward.tick()
    assert report.ill == ()
    assert f"The metric of the alarm {ALARM} could not be looked up" in report.failures[0]
    assert len(ward.tick("tick-2").failures) == 0, "what failed once is not said for ever"


# ----------------------------------------------------------------------------------------------------------- handler


@pytest.fixture
def handler(night: Night, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    settings = SweepSettings(runbooks=(LAMPS,))
    monkeypatch.setenv(DEPLOYMENT, msgspec.json.encode(DEPLOYED).decode())
    monkeypatch.setenv(SETTINGS, msgspec.json.encode(settings).decode())

    def composed(deployment: Deployment, read: SweepSettings, *_: object) -> Sweep:
        assert (deployment, read) == (DEPLOYED, settings), "they are read back as they were written"
        return night.sweep

    monkeypatch.setattr(sweeping, "composed", composed)
    made = sweep_handler()
    return lambda event: made(event, SimpleNamespace(aws_request_id="request-1"))


def metrics_of(out: str) -> dict[str, Any]:
    lines = [json.loads(line) for line in out.splitlines() if '"_aws"' in line]
    assert len(lines) == 1
    return cast("dict[str, Any]", lines[0])


def test_a_tick_answers_and_counts_what_it_came_to(
    night: Night, handler: Callable[..., dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    night.on(ALARM, "dev-quiet")
    answer = handler(scheduled_event())
    assert (answer["tick"], len(answer["offered"]), len(answer["held"])) == (scheduled_event()["id"], 1, 1)
    counted = metrics_of(capsys.readouterr().out)
    assert (counted["environment"], counted["runbook"]) == ("dev", "sweep-alarms")
    assert (counted["offered"], counted["held"], counted["failures"]) == ([1.0], [1.0], [0.0])


def test_a_tick_that_could_not_do_everything_does_the_rest_and_then_fails(
    night: Night, handler: Callable[..., dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    night.on("dev-a", "dev-b")
    night.aws.events.refused = {"dev-a"}
    with pytest.raises(SweepFailedError, match="dev-a could not be offered"):
        handler(scheduled_event())
    assert night.aws.events.alarms == ["dev-b"]
    counted = metrics_of(capsys.readouterr().out)
    assert (counted["offered"], counted["failures"]) == ([1.0], [1.0])


def test_a_failure_of_ours_is_logged_with_its_traceback_and_without_secrets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = logging_to(logger())
    try:
        _ = dict[str, str]()["redis://user:hunter2@cache"]
    except KeyError as error:
        log("It failed", error)
    log("AWS failed", AwsError("AWS said no.", operation="x:Y", code="No"))
    ours, theirs = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert "Traceback" in ours["exception"]
    assert "hunter2" not in json.dumps(ours)
    assert "exception" not in theirs


def test_a_person_may_start_it_and_nothing_else() -> None:
    assert tick_of({}, "request-1") == "request-1"
    assert tick_of(scheduled_event(), "request-1") == scheduled_event()["id"]
    others: tuple[object, ...] = ({"alarm": "x"}, [], described("dev-a", NIGHT), "tick")
    for event in others:
        with pytest.raises(NoTickError):
            tick_of(event, "request-1")


def test_a_function_that_is_not_configured_says_which_variable_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DEPLOYMENT, raising=False)
    with pytest.raises(MisconfiguredError, match=DEPLOYMENT):
        sweep_handler()


def test_it_never_changes_the_environment(late: Night) -> None:
    late.on(ALARM)
    late.incident(alarm="dev-over")
    late.tick()
    acted = {call.permission for call in late.aws.calls.made if call.acting}
    assert acted <= {"events:PutEvents", "lambda:GetDurableExecution", "lambda:SendDurableExecutionCallbackSuccess"}

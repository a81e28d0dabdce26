"""What has happened in an environment, and the commands that ask for it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from typer.testing import CliRunner

from remediation.adapters.clients import Clients
from remediation.adapters.ledger import DynamoLedger
from remediation.core.limits import Limits
from remediation.core.outcome import Entry, Outcome, Status
from remediation.core.ports import Closing, Receipt
from remedy.cli import app

TABLE = "dev-remediation-ledger"
RUNBOOK = "restart-unhealthy-targets"
FACTS = {
    "group": {"name": "dev-backend-tg-v2", "port": 8080},
    "targets": [{"id": "i-0abc", "state": "unhealthy"}, {"id": "i-0def", "state": "healthy"}],
    "refresh": None,
    "logs": ["one", "two"],
}
LONG = "x" * 300


def outcome(run: str, status: Status = "healed", *, at: datetime | None = None, **more: Any) -> Outcome:
    started = at or datetime.now(UTC) - timedelta(minutes=5)
    return Outcome(
        run=run,
        runbook=more.pop("runbook", RUNBOOK),
        environment="dev",
        account="123456789012",
        region="us-east-1",
        status=status,
        because=more.pop("because", "Every target is healthy."),
        trigger="alarm dev-remediation-unhealthy-targets (OK -> ALARM)",
        started_at=started,
        ended_at=started + timedelta(seconds=130),
        team="infrastructure",
        **more,
    )


def received(ledger: DynamoLedger, run: str, *, now: datetime, event: str = "", **more: Any) -> None:
    """Let a run have begun."""
    told = {"runbook": RUNBOOK, "trigger": "the schedule"} | more
    assert ledger.receive(Receipt(run=run, event=event or run, now=now, **told)) is None


def closed(ledger: DynamoLedger, told: Outcome, *entries: Entry) -> None:
    """Let a run have ended."""
    closing = Closing(
        outcome=told,
        timeline=entries or timeline(told.started_at),
        lease=None,
        cooldown_until=told.ended_at,
        result="neutral",
    )
    ledger.close(closing, Limits())


def happened(ledger: DynamoLedger, told: Outcome, *, event: str = "") -> None:
    """Let a run have happened."""
    received(ledger, told.run, now=told.started_at, runbook=told.runbook, trigger=told.trigger, event=event)
    closed(ledger, told)


def timeline(at: datetime) -> tuple[Entry, ...]:
    return (
        Entry(at=at, kind="received", text="Received alarm."),
        Entry(at=at, kind="gate", text="Every gate let it pass."),
        Entry(at=at + timedelta(seconds=1), kind="facts", text="Looked.", facts=FACTS),
        Entry(
            at=at + timedelta(seconds=2),
            kind="verdict",
            text="restart-container i-0abc: its container is \x1b[31mdead.",
        ),
        Entry(at=at + timedelta(seconds=3), kind="act", text="restart-container i-0abc: done."),
        Entry(at=at + timedelta(seconds=3), kind="wait", text="Waiting 90 s."),
        Entry(at=at + timedelta(seconds=130), kind="outcome", text=f"healed: {LONG}"),
    )


def remedy(*arguments: str, typed: str | None = None) -> Any:
    return CliRunner().invoke(app, list(arguments), input=typed)


def refused(*arguments: str, status: int) -> str:
    """Return the one sentence that a command ends with instead of an answer."""
    result = remedy(*arguments)
    assert (result.exit_code, result.stdout) == (status, ""), result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    sentence = str(result.stderr)
    assert sentence.count("\n") == 1, sentence
    return sentence.rstrip("\n")


def items(aws: Clients, kind: str = "") -> dict[str, dict[str, Any]]:
    """Return the ledger's items whose key starts so, plain, by key."""
    found: list[Any] = aws.acting.dynamodb.scan(TableName=TABLE)["Items"]
    rows = [{name: next(iter(value.values())) for name, value in item.items()} for item in found]
    return {row.pop("pk"): row for row in sorted(rows, key=lambda row: row["pk"]) if row["pk"].startswith(kind)}


def fine(*arguments: str) -> str:
    result = remedy(*arguments)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert "\x1b" not in result.stdout, "nothing that is piped is coloured"
    return str(result.stdout)

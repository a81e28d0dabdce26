"""What has happened in an environment, and the commands that ask for it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from typer.testing import CliRunner

from remediation.core.outcome import Entry, Outcome, Status
from remedy.cli import app

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


def remedy(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def fine(*arguments: str) -> str:
    result = remedy(*arguments)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert "\x1b" not in result.stdout, "nothing that is piped is coloured"
    return str(result.stdout)

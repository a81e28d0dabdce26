"""The declared permissions are the used ones, statement by statement: each is needed, and nothing else is asked of AWS.

The calls are recorded where they leave for AWS, and put to the synthesised policies with their resources, keys and ETags.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from msgspec.structs import replace

from clear_stale_lock.runbook import RUNBOOK
from clear_stale_lock.settings import Incident, Settings
from remediation.core.spec import Allow, filled
from remediation.core.verdict import Act
from tests.functions.clear_stale_lock.locks import SETTINGS, info
from tests.functions.clear_stale_lock.stores import LEDGER, Stores, stores
from tests.stacks.callers import environment
from tests.support.asked import Asking, Listener
from tests.support.iam import Call, evaluate
from tests.support.toy import PLACE

NOW = datetime.now(UTC).replace(microsecond=0)
ALL = replace(
    SETTINGS,
    github="acme/infra",
    github_token=f"arn:aws:secretsmanager:us-east-1:{PLACE.account}:secret:github-runs-AbCdEf",
    codebuild=("terraform-apply",),
    ci_role="github-actions-terraform",
)


def _answering(operation: str, answer: Any, listener: Listener) -> None:
    """Let AWS answer an operation in this way; moto knows none of these services well enough."""
    answered: Any = lambda **_: (AWSResponse("https://aws", 200, {}, None), answer)  # type: ignore[arg-type]  # noqa: E731
    listener.session.events.register(f"before-call.{operation}", answered)


@contextmanager
def listened(monkeypatch: pytest.MonkeyPatch, settings: Settings = ALL) -> Iterator[tuple[Listener, Stores]]:
    """Listen to a night with a lock in both stores whose holder every source is asked about."""
    with stores(NOW, settings) as account:
        listener = Listener(PLACE)
        ended = {"startTime": NOW - timedelta(hours=9), "endTime": NOW - timedelta(hours=8), "buildStatus": "STOPPED"}
        _answering("codebuild.ListBuildsForProject", {"ids": ["terraform-apply:7"]}, listener)
        _answering("codebuild.BatchGetBuilds", {"builds": [{"id": "terraform-apply:7", **ended}]}, listener)
        _answering("cloudtrail.LookupEvents", {"Events": []}, listener)
        _answering("secretsmanager.GetSecretValue", {"SecretString": "a-token"}, listener)
        nothing = SimpleNamespace(status=200, data=b'{"total_count": 0, "workflow_runs": []}')
        pool = SimpleNamespace(request=lambda *_, **__: nothing)
        monkeypatch.setattr("urllib3.PoolManager", lambda **_: pool)
        created = (NOW - timedelta(hours=8, minutes=30)).isoformat()
        account.lock(info(Created=created, Who="runner@ip-10-0-0-7"))
        account.listen(listener.session)
        yield listener, account


def asked(listener: Listener) -> list[Call]:
    """Return what IAM was asked, apart from the engine's own ledger."""
    return [
        call
        for service, operation, parameters in listener.heard
        for call in Asking(PLACE).calls(service, operation, parameters)
        if LEDGER not in call.resource and not call.action.startswith("kms:")
    ]


def unused(allows: tuple[Allow, ...], calls: list[Call]) -> list[Allow]:
    """Return the permissions, filled in, that none of these calls needs."""
    return [
        each
        for allow in allows
        for each in filled(allow, PLACE, ALL)
        if not any(evaluate(call, [_statement(each)]).allowed for call in calls)
    ]


def _statement(allow: Allow) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": allow.action, "Resource": allow.on, "Condition": allow.when}


def test_looking_uses_exactly_the_declared_reads_and_is_allowed_them(monkeypatch: pytest.MonkeyPatch) -> None:
    with listened(monkeypatch) as (listener, account):
        RUNBOOK.diagnose(account.aws, ALL, Incident())
        calls = asked(listener)
    assert not unused(RUNBOOK.reads, calls)
    assert {call.action for call in calls} == {allow.action for allow in RUNBOOK.reads}
    assert [answer.because for answer in map(environment("dev").locks.asks, calls) if not answer.allowed] == []


def test_clearing_uses_exactly_the_declared_writes_and_is_allowed_them(monkeypatch: pytest.MonkeyPatch) -> None:
    with listened(monkeypatch) as (listener, account):
        RUNBOOK.diagnose(account.aws, ALL, Incident())
        account.now += timedelta(hours=10)
        facts = RUNBOOK.diagnose(account.aws, ALL, Incident())
        late = replace(ALL, stale_after=timedelta(seconds=1))
        verdict = RUNBOOK.decide(facts, late, (), account.now)
        assert isinstance(verdict, Act), verdict
        listener.heard.clear()
        RUNBOOK.actions[verdict.action](account.aws, late, verdict.target)
        assert account.held == (False, False)
        calls = asked(listener)
    assert not unused(RUNBOOK.writes, calls)
    read_as_well = {"s3:GetObject"}  # what a conditional deletion takes
    assert {call.action for call in calls} - read_as_well == {allow.action for allow in RUNBOOK.writes}
    answers = [environment("dev").locks.asks(call) for call in calls]
    assert [answer.because for answer in answers if not answer.allowed] == []
    watching = [environment("prod").locks.asks(call) for call in calls]
    assert not any(answer.allowed for answer in watching), "these are dev's, and prod only observes"


def test_one_permission_more_would_be_found() -> None:
    scan = Allow("dynamodb:Scan", "arn:aws:dynamodb:{region}:{account}:table/{table}", each="states")
    assert [allow.action for allow in unused((scan,), [])] == ["dynamodb:Scan"]

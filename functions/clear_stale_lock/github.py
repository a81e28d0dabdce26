"""GitHub Actions: the runs of one repository, read over one fixed address, without redirects."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import urllib3
from msgspec import Struct

from clear_stale_lock.jobs import Job
from clear_stale_lock.settings import Settings
from remediation.aws.secrets import secret

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

BASE = "https://api.github.com"
LARGEST = 8_000_000
PAGE, PAGES = 100, 10
"""GitHub shows a hundred runs at a time, and of a search a thousand at most."""
LONGEST_JOB = timedelta(hours=6)
"""GitHub ends a job after six hours."""
_TIMEOUT = urllib3.Timeout(connect=3, read=10)


class GitHubError(Exception):
    """GitHub could not be asked; the message is one sentence without secrets."""


class _Run(Struct):
    id: int
    name: str | None
    status: str | None
    conclusion: str | None
    run_started_at: datetime
    updated_at: datetime


class _Runs(Struct):
    total_count: int
    workflow_runs: list[_Run]


class Http(Protocol):
    """What is needed of urllib3."""

    def request(self, method: str, url: str, **more: Any) -> Any:  # noqa: ANN401
        """Make one request."""


def jobs(aws: "Clients", settings: Settings, locked_at: datetime, http: Http | None = None) -> list[Job]:
    """Return the runs that are on, and those around the moment of locking. Raises GitHubError, AwsError."""
    token = secret(aws, settings.github_token).reveal().strip()
    http = http or urllib3.PoolManager(retries=False, timeout=_TIMEOUT)
    around = f"{_stamp(locked_at - LONGEST_JOB)}..{_stamp(locked_at + timedelta(minutes=5))}"
    asked = [{"created": around}, *({"status": status} for status in ("in_progress", "queued", "waiting", "pending"))]
    found = {run.id: run for query in asked for run in _runs(http, settings, token, query)}
    return [_job(run) for _, run in sorted(found.items())]


def _runs(http: Http, settings: Settings, token: str, query: dict[str, str]) -> list[_Run]:
    """Return every run that a query finds. Raises GitHubError, also where there are more than GitHub shows."""
    found, total = list[_Run](), 0
    for page in range(1, PAGES + 1):
        answer = _page(http, settings, token, {**query, "per_page": str(PAGE), "page": str(page)})
        found, total = found + answer.workflow_runs, answer.total_count
        if len(found) >= total:
            return found
        if not answer.workflow_runs:
            break
    raise GitHubError(f"GitHub shows {len(found)} of {total} runs of {settings.github} around that time.")


def _page(http: Http, settings: Settings, token: str, query: dict[str, str]) -> _Runs:
    repository = settings.github
    which = f"workflows/{settings.github_workflow}/runs" if settings.github_workflow else "runs"
    try:
        answer = http.request(
            "GET",
            f"{BASE}/repos/{repository}/actions/{which}",
            fields=query,
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
                "User-Agent": "starttech-remediation",
            },
            redirect=False,
        )
    except urllib3.exceptions.HTTPError as error:
        raise GitHubError(f"GitHub cannot be reached ({type(error).__name__}).") from error
    if answer.status != 200:
        raise GitHubError(f"GitHub answered {answer.status} for the runs of {repository}.")
    try:
        return msgspec.json.decode(answer.data[:LARGEST], type=_Runs)
    except msgspec.MsgspecError as error:
        raise GitHubError("GitHub's answer cannot be read.") from error


def _job(run: _Run) -> Job:
    over = run.status == "completed"
    return Job(
        name=f"run {run.id} ({run.name or 'unnamed'})",
        started_at=run.run_started_at.astimezone(UTC),
        ended_at=run.updated_at.astimezone(UTC) if over else None,
        ended_as=run.conclusion or "",
    )


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

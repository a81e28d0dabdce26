"""Signs of life: what each source says, and that one which cannot be asked is no silence."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
import urllib3
from msgspec.structs import replace

from clear_stale_lock import github
from clear_stale_lock.facts import Sign
from clear_stale_lock.jobs import Job
from clear_stale_lock.life import judged, signs
from remediation.adapters.clients import Clients
from remediation.aws.terraform import LockInfo, read
from remediation.core.errors import AwsError
from tests.functions.clear_stale_lock.locks import HOUR, MINUTE, NOW, SETTINGS, info

LOCKED_AT = datetime.fromisoformat("2026-11-23T05:00:00.736618+00:00")


def holder(**changes: Any) -> LockInfo:
    found = read(info(**changes))
    assert found is not None
    return found


def job(start: timedelta, end: timedelta | None, *, ended_as: str = "success") -> Job:
    ended = None if end is None else LOCKED_AT + end
    return Job(name="run 7 (apply)", started_at=LOCKED_AT + start, ended_at=ended, ended_as=ended_as)


@pytest.mark.parametrize(
    ("jobs", "says"),
    [
        ([], "silent"),
        ([job(-MINUTE, None)], "alive"),
        ([job(-MINUTE, 10 * MINUTE)], "dead"),
        ([job(-MINUTE, 10 * MINUTE), job(5 * HOUR, None)], "alive"),
        ([job(-HOUR, -MINUTE)], "silent"),
        ([job(MINUTE, HOUR)], "silent"),
    ],
    ids=["none", "running", "ended", "another is running", "ended before", "began after"],
)
def test_a_job_that_runs_is_life_and_the_end_of_the_one_that_locked_is_death(jobs: list[Job], says: str) -> None:
    assert judged(jobs, holder())[0] == says


def test_without_an_instant_no_job_is_the_one_that_locked() -> None:
    assert judged([job(-MINUTE, MINUTE)], holder(Created="yesterday"))[0] == "silent"


# -------------------------------------------------------------------------------------------------------------- GitHub


class Http:
    """GitHub's API, over HTTPS on its one address, with a token."""

    def __init__(self, *runs: dict[str, Any], status: int = 200, total: int | None = None, path: str = "runs") -> None:
        self.path = path
        self.runs, self.status, self.total = runs, status, total
        self.asked: list[dict[str, Any]] = []

    def request(self, method: str, url: str, **more: Any) -> Any:
        assert (method, url) == ("GET", f"https://api.github.com/repos/acme/infra/actions/{self.path}")
        assert more["headers"]["Authorization"] == "Bearer a-token"
        assert more["redirect"] is False
        self.asked.append(more["fields"])
        first = (int(more["fields"]["page"]) - 1) * int(more["fields"]["per_page"])
        shown = self.runs[first : first + int(more["fields"]["per_page"])]
        body = {"total_count": len(self.runs) if self.total is None else self.total, "workflow_runs": list(shown)}
        return SimpleNamespace(status=self.status, data=json.dumps(body).encode())


def a_run(**changes: Any) -> dict[str, Any]:
    run = {
        "id": 7,
        "name": "apply",
        "status": "completed",
        "conclusion": "cancelled",
        "run_started_at": "2026-11-23T04:58:00Z",
        "updated_at": "2026-11-23T05:30:00Z",
        "jobs_url": "https://evil.example/jobs",
    }
    return run | changes


GITHUB = replace(SETTINGS, github="acme/infra", github_token="arn:aws:secretsmanager:us-east-1:123456789012:secret:x")
SECRET = SimpleNamespace(get_secret_value=lambda **_: {"SecretString": "a-token"})


def asked_of(http: Http) -> list[Job]:
    return github.jobs(cast("Clients", SimpleNamespace(secretsmanager=SECRET)), GITHUB, LOCKED_AT, cast("Any", http))


def test_github_is_asked_for_what_runs_and_for_what_ran_when_it_was_locked() -> None:
    http = Http(a_run())
    assert [found.name for found in asked_of(http)] == ["run 7 (apply)"]
    assert {fields.get("status") for fields in http.asked} == {None, "in_progress", "queued", "waiting", "pending"}
    assert http.asked[0]["created"] == "2026-11-22T23:00:00Z..2026-11-23T05:05:00Z"


@pytest.mark.parametrize("status", ["queued", "in_progress", "waiting", "requested", None])
def test_whatever_is_not_completed_is_on(status: str | None) -> None:
    (found,) = asked_of(Http(a_run(status=status, conclusion=None)))
    assert found.ended_at is None


def test_the_run_that_holds_the_lock_is_found_among_hundreds() -> None:
    others = [a_run(id=number) for number in range(100, 350)]
    running = a_run(id=7, status="in_progress", conclusion=None)
    assert [found.name for found in asked_of(Http(*others, running)) if found.ended_at is None] == ["run 7 (apply)"]


def test_more_runs_than_github_shows_is_an_error() -> None:
    with pytest.raises(github.GitHubError, match="GitHub shows 1000 of 1001 runs of acme/infra"):
        asked_of(Http(*(a_run(id=number) for number in range(1001))))


@pytest.mark.parametrize(
    "http", [Http(status=401), Http(status=302), Http(a_run(), total=500), Http(a_run(run_started_at="?"))]
)
def test_an_answer_that_is_none_is_an_error(http: Http) -> None:
    with pytest.raises(github.GitHubError):
        asked_of(http)


@pytest.mark.parametrize(
    ("http", "says"),
    [
        (Http(status=500), "unknown"),
        (Http(a_run()), "dead"),
        (Http(a_run(status="queued", conclusion=None)), "alive"),
        (Http(a_run(status="waiting", conclusion=None)), "alive"),
        (Http(), "silent"),
    ],
    ids=["broken", "ended", "queued", "waiting", "none"],
)
def test_what_github_answers_is_a_sign(monkeypatch: pytest.MonkeyPatch, http: Http, says: str) -> None:
    monkeypatch.setattr("urllib3.PoolManager", lambda **_: http)
    assert the("GitHub Actions", SimpleNamespace(secretsmanager=SECRET), GITHUB).says == says


def test_a_connection_that_fails_says_nothing_of_the_token() -> None:
    class Broken:
        def request(self, *_: Any, **__: Any) -> Any:
            raise urllib3.exceptions.HTTPError("Bearer a-token")

    with pytest.raises(github.GitHubError, match="cannot be reached") as raised:
        github.jobs(cast("Clients", SimpleNamespace(secretsmanager=SECRET)), GITHUB, LOCKED_AT, cast("Any", Broken()))
    assert "a-token" not in str(raised.value)


# ----------------------------------------------------------------------------------------------------------------- AWS


class Broken:
    """A service that does not answer."""

    def __getattr__(self, name: str) -> Any:
        def call(*_: Any, **__: Any) -> Any:
            raise AwsError("It did not answer.", operation=name, code="Throttling")

        return call


def the(sign: str, aws: Any, settings: Any = SETTINGS, **who: Any) -> Sign:
    (found,) = signs(cast("Clients", aws), settings, holder(**who), NOW)
    assert found.source == sign
    return found


def instances(*states: str, asked: list[Any] | None = None, launched: datetime = LOCKED_AT - HOUR) -> Any:
    found = [
        {"InstanceId": f"i-{n}", "State": {"Name": state}, "LaunchTime": launched} for n, state in enumerate(states)
    ]

    def describe(*, Filters: Any) -> Any:  # noqa: N803 - as boto3 has it
        (asked if asked is not None else []).extend(Filters)
        return {"Reservations": [{"Instances": found}]}

    return SimpleNamespace(ec2=SimpleNamespace(describe_instances=describe))


@pytest.mark.parametrize(
    ("states", "says"),
    [
        ((), "silent"),
        (("running",), "alive"),
        (("pending",), "alive"),
        (("stopping",), "alive"),
        (("terminated",), "dead"),
        (("stopped",), "dead"),
        (("terminated", "running"), "alive"),
    ],
)
def test_the_instance_that_who_names(states: tuple[str, ...], says: str) -> None:
    assert the("EC2", instances(*states), Who="ubuntu@ip-10-0-1-7").says == says


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("ip-10-0-1-7", "ip-10-0-1-7.*"),
        ("ip-10-0-1-7.ec2.internal", "ip-10-0-1-7.ec2.internal"),
        ("i-0123456789abcdef0", "i-0123456789abcdef0.*"),
        ("i-0123456789abcdef0.eu-west-1.compute.internal", "i-0123456789abcdef0.eu-west-1.compute.internal"),
    ],
)
def test_an_instance_is_asked_for_by_its_private_name_whole_or_without_its_domain(host: str, name: str) -> None:
    asked: list[Any] = []
    assert the("EC2", instances("running", asked=asked), Who=f"runner@{host}").says == "alive"
    assert asked == [{"Name": "private-dns-name", "Values": [name]}]


def test_a_host_that_is_no_instances_is_not_asked_for() -> None:
    assert signs(cast("Clients", instances("running")), SETTINGS, holder(), NOW) == ()


def builds(status: str, end: timedelta | None) -> Any:
    build = {"id": "terraform:7", "startTime": LOCKED_AT - MINUTE, "buildStatus": status}
    if end is not None:
        build["endTime"] = LOCKED_AT + end
    return Builds([build])


class Builds:
    """CodeBuild, newest first, a hundred a page."""

    def __init__(self, known: list[dict[str, Any]]) -> None:
        self.known, self.codebuild, self.pages = known, self, 0

    def get_paginator(self, operation: str) -> "Builds":
        assert operation == "list_builds_for_project"
        return self

    def paginate(self, **asked: Any) -> Iterator[Any]:
        assert (asked["projectName"], asked["sortOrder"]) == ("terraform", "DESCENDING")
        most = self.known[: asked["PaginationConfig"]["MaxItems"]]
        for at in range(0, max(len(most), 1), 100):
            self.pages += 1
            yield {"ids": [each["id"] for each in most[at : at + 100]]}

    def batch_get_builds(self, *, ids: list[str]) -> Any:
        assert 1 <= len(ids) <= 100
        return {"builds": [each for each in self.known if each["id"] in ids]}


def many(number: int, every: timedelta) -> list[dict[str, Any]]:
    """Return builds that ended soon after they were started, the newest long after the moment of locking."""
    return [
        {
            "id": f"terraform:{number - n}",
            "startTime": LOCKED_AT + (number - n) * every,
            "endTime": LOCKED_AT + (number - n) * every + MINUTE,
            "buildStatus": "SUCCEEDED",
        }
        for n in range(number)
    ]


def test_a_build_that_still_runs_is_found_behind_any_number_of_newer_ones() -> None:
    settings = replace(SETTINGS, codebuild=("terraform",))
    holder_of_it = {"id": "terraform:0", "startTime": LOCKED_AT - MINUTE, "buildStatus": "IN_PROGRESS"}
    assert the("CodeBuild terraform", Builds([*many(250, MINUTE), holder_of_it]), settings).says == "alive"


def test_builds_are_looked_through_no_further_back_than_one_may_last() -> None:
    settings = replace(SETTINGS, codebuild=("terraform",))
    before = {"startTime": LOCKED_AT - 40 * HOUR, "endTime": LOCKED_AT - 39 * HOUR, "buildStatus": "SUCCEEDED"}
    known = Builds([{"id": f"terraform:{n}", **before} for n in range(500)])
    assert the("CodeBuild terraform", known, settings).says == "silent"
    assert known.pages == 1


def test_more_builds_than_can_be_looked_through_are_a_source_that_cannot_be_asked() -> None:
    settings = replace(SETTINGS, codebuild=("terraform",))
    assert the("CodeBuild terraform", Builds(many(1_100, MINUTE)), settings).says == "unknown"


def test_a_build_that_cannot_be_understood_is_a_source_that_cannot_be_asked() -> None:
    settings = replace(SETTINGS, codebuild=("terraform",))
    odd = {"id": "terraform:1", "startTime": LOCKED_AT, "buildStatus": "STOPPED"}
    assert the("CodeBuild terraform", Builds([odd]), settings).says == "unknown"


def test_an_instance_that_was_launched_after_the_lock_only_got_its_name() -> None:
    later = instances("stopped", launched=LOCKED_AT + MINUTE)
    assert the("EC2", later, Who="ubuntu@ip-10-0-1-7").says == "silent"


def test_only_the_runs_of_the_workflow_that_applies_are_asked_for_where_it_is_named() -> None:
    http = Http(a_run(), path="workflows/terraform.yml/runs")
    settings = replace(GITHUB, github_workflow="terraform.yml")
    secrets = cast("Clients", SimpleNamespace(secretsmanager=SECRET))
    assert github.jobs(secrets, settings, LOCKED_AT, cast("Any", http))


@pytest.mark.parametrize("text", ["a-token\n", " a-token "])
def test_a_token_may_have_been_pasted_with_a_line_end(text: str) -> None:
    http = Http(a_run())
    secret = SimpleNamespace(get_secret_value=lambda **_: {"SecretString": text})
    github.jobs(cast("Clients", SimpleNamespace(secretsmanager=secret)), GITHUB, LOCKED_AT, cast("Any", http))
    assert http.asked, "and the header was what it has to be"


@pytest.mark.parametrize(("status", "end", "says"), [("IN_PROGRESS", None, "alive"), ("STOPPED", HOUR, "dead")])
def test_builds_of_codebuild(status: str, end: timedelta | None, says: str) -> None:
    settings = replace(SETTINGS, codebuild=("terraform",))
    assert the("CodeBuild terraform", builds(status, end), settings).says == says


def trail(*roles: str, asked: dict[str, Any] | None = None) -> Any:
    def event(role: str) -> dict[str, Any]:
        told = {"userIdentity": {"sessionContext": {"sessionIssuer": {"userName": role}}}}
        return {"EventName": "RunInstances", "EventTime": NOW, "CloudTrailEvent": json.dumps(told)}

    pages = [{"Events": [event(role) for role in roles] + [{"EventName": "x", "CloudTrailEvent": "not json"}]}]

    def paginate(**more: Any) -> Any:
        (asked if asked is not None else {}).update(more)
        return iter(pages)

    return SimpleNamespace(cloudtrail=SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=paginate)))


def test_cloudtrail_is_asked_for_what_was_changed_in_the_last_twenty_minutes() -> None:
    asked: dict[str, Any] = {}
    the("CloudTrail", trail(asked=asked), replace(SETTINGS, ci_role="ci"))
    assert asked["StartTime"] == NOW - 20 * MINUTE
    assert asked["LookupAttributes"] == [{"AttributeKey": "ReadOnly", "AttributeValue": "false"}]


@pytest.mark.parametrize(
    ("roles", "says"), [((), "silent"), (("other",), "silent"), (("ci",), "alive"), (("other",) * 300, "unknown")]
)
def test_what_cis_role_changed_lately_is_a_sign_of_life(roles: tuple[str, ...], says: str) -> None:
    assert the("CloudTrail", trail(*roles), replace(SETTINGS, ci_role="ci")).says == says


@pytest.mark.parametrize(
    ("settings", "who"),
    [
        (GITHUB, {}),
        (replace(SETTINGS, codebuild=("terraform",)), {}),
        (SETTINGS, {"Who": "ubuntu@ip-10-0-1-7"}),
        (replace(SETTINGS, ci_role="ci"), {}),
    ],
)
def test_what_cannot_be_asked_is_unknown(settings: Any, who: dict[str, str]) -> None:
    broken = Broken()
    aws = SimpleNamespace(secretsmanager=broken, codebuild=broken, ec2=broken, cloudtrail=broken)
    (found,) = signs(cast("Clients", aws), settings, holder(**who), NOW)
    assert (found.says, found.about) == ("unknown", "It did not answer.")

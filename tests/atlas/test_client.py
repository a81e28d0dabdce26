"""One way to Atlas: a fixed address, no redirects, digest and OAuth as Atlas demands them, bounded patience, and no secret told."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from remediation.atlas import calls, reads, writes
from remediation.atlas.client import BASE, Atlas
from remediation.atlas.credentials import Challenge, Keys, ServiceAccount, credential
from remediation.atlas.transport import PAUSE, NoReplyError, Reply, Request, pacing
from remediation.aws.secrets import SecretShapeError
from remediation.core.errors import AwsError
from remediation.core.redact import Secret
from tests.functions.fakes.atlas import CLIENT, CLIENT_SECRET, PRIVATE, PUBLIC, AtlasWorld
from tests.functions.fakes.atlas_login import TOKEN_LASTS
from tests.functions.fakes.atlas_service import PROJECT, refusal

ACCOUNT = ServiceAccount(client_id=CLIENT, client_secret=Secret(CLIENT_SECRET))
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:dev/atlas-AbCdEf"


class Clock:
    """A time that a test moves on."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> AtlasWorld:
    made = AtlasWorld(clock)
    made.cluster("prod")
    return made


def answering(
    reply: Reply | Exception, *, to: Callable[[Request], bool] = lambda _: True
) -> Callable[[Request], Reply]:
    """Return a transport that answers one thing, whatever it is asked."""

    def sent(request: Request) -> Reply:
        assert to(request)
        if isinstance(reply, Exception):
            raise reply
        return reply

    return sent


def over(transport: Callable[[Request], Reply]) -> Atlas:
    return Atlas(PROJECT, Keys(public_key=PUBLIC, private_key=Secret(PRIVATE)), transport)


# ------------------------------------------------------------------------------------------------------------- digest


def test_a_challenge_is_answered_as_the_rfc_says() -> None:
    """RFC 7616, section 3.9.1: the example, in both of its algorithms."""
    keys = Keys(public_key="Mufasa", private_key=Secret("Circle of Life"))
    common = 'realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"'
    salt, url = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "https://www.example.org/dir/index.html"
    answers = {
        "MD5": "8ca523f5e9506fed4657c9700eebdbec",
        "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
    }
    for algorithm, response in answers.items():
        made = Challenge.of(
            f'Digest {common}, algorithm={algorithm}, opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
        )
        assert made is not None
        header = made.answer(keys, "GET", url, salt)
        assert f'response="{response}"' in header
        assert 'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"' in header


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic realm=x",
        'Digest realm="x", qop="auth"',
        'Digest realm="x", nonce="y", qop="auth-int"',
        'Digest realm="x", nonce="y"',
        'Digest realm="x", nonce="y", qop="auth", algorithm=SHA-512-256',
    ],
)
def test_a_challenge_that_cannot_be_answered_is_none(header: str) -> None:
    assert Challenge.of(header) is None


def test_one_challenge_serves_many_requests_and_a_stale_one_is_replaced(world: AtlasWorld) -> None:
    atlas = world.connect()
    for _ in range(3):
        assert reads.cluster(atlas, "prod") is not None
    assert len(world.requests) == 4, "challenged once"
    world.logins.forget_challenges()
    assert reads.cluster(atlas, "prod") is not None
    assert len(world.requests) == 6


def test_a_wrong_key_is_refused_in_a_sentence_after_one_try(world: AtlasWorld) -> None:
    wrong = Keys(public_key=PUBLIC, private_key=Secret("canary-wrong-key"))
    with pytest.raises(AwsError, match="Atlas:GetCluster failed with UNEXPECTED_ERROR") as error:
        reads.cluster(world.connect(wrong), "prod")
    assert len(world.requests) == 2
    assert "the API key or service account is unknown or no longer valid" in str(error.value)
    assert "or it is no member of the project's organisation" in str(error.value)


# -------------------------------------------------------------------------------------------------------------- OAuth


def test_a_token_is_asked_for_once_and_anew_shortly_before_it_ends(world: AtlasWorld, clock: Clock) -> None:
    atlas = world.connect(ACCOUNT)
    for passed in (timedelta(0), TOKEN_LASTS - timedelta(seconds=61), timedelta(seconds=2)):
        clock.now += passed
        assert reads.cluster(atlas, "prod") is not None
    asked = [request.url.rpartition("/")[2] for request in world.requests]
    assert asked == ["token", "prod", "prod", "token", "prod"]


def test_a_token_that_was_revoked_is_replaced_once(world: AtlasWorld) -> None:
    atlas = world.connect(ACCOUNT)
    assert reads.cluster(atlas, "prod") is not None
    world.logins.revoke_tokens()
    assert reads.cluster(atlas, "prod") is not None


@pytest.mark.parametrize("said", ["Bearer {}", "token={}", "{}"])
def test_a_token_that_atlas_says_back_is_told_to_nobody(world: AtlasWorld, said: str) -> None:
    def rude(request: Request) -> Reply:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        if not token.startswith("canary-token"):
            return world.send(request)
        return refusal(403, "USER_NOT_ALLOWED", f"Not for {said.format(token)}, says Atlas.")

    with pytest.raises(AwsError, match="says Atlas") as error:
        reads.cluster(Atlas(PROJECT, ACCOUNT, rude), "prod")
    assert "canary" not in str(error.value)


def test_an_account_that_is_unknown_is_refused_in_a_sentence(world: AtlasWorld) -> None:
    world.logins.accounts.clear()
    with pytest.raises(AwsError, match="Atlas:GetToken failed with HTTP401"):
        reads.cluster(world.connect(ACCOUNT), "prod")


# ---------------------------------------------------------------------------------------------------------- addresses


def test_every_request_goes_to_the_one_address(world: AtlasWorld) -> None:
    for who in (None, ACCOUNT):
        atlas = world.connect(who)
        reads.clusters(atlas)
        reads.access(atlas)
    assert BASE == "https://cloud.mongodb.com"
    assert all(request.url.startswith("https://cloud.mongodb.com/api/") for request in world.requests)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_error_and_nobody_goes_there(status: int) -> None:
    sent: list[str] = []

    def redirecting(request: Request) -> Reply:
        sent.append(request.url)
        return Reply(status=status, headers={"location": "http://169.254.169.254/latest/meta-data"})

    with pytest.raises(AwsError, match=rf"Atlas answered {status}, which leads elsewhere, and that is not followed"):
        reads.cluster(over(redirecting), "prod")
    assert sent == [f"{BASE}/api/atlas/v2/groups/{PROJECT}/clusters/prod"]


@pytest.mark.parametrize(
    "name", ["", "../../orgs", "prod/../x", "prod?x=1", "prod#x", "prod\n", "-prod", "a" * 65, "prod@evil"]
)
def test_what_cannot_be_a_name_never_becomes_part_of_an_address(world: AtlasWorld, name: str) -> None:
    with pytest.raises(AwsError, match="cannot be the name of a cluster"):
        reads.cluster(world.connect(), name)
    assert world.requests == []


@pytest.mark.parametrize("project", ["", "starttech", PROJECT + "/x", PROJECT.upper(), PROJECT + "\n"])
def test_what_is_no_project_is_refused_before_anything_is_asked(project: str) -> None:
    with pytest.raises(AwsError, match="is no id of an Atlas project"):
        Atlas(project, ACCOUNT, answering(Reply(status=200)))


# ----------------------------------------------------------------------------------------------------------- patience


class Busy:
    """A server that is busy at first, and what it was sent."""

    def __init__(self, world: AtlasWorld, replies: list[Reply]) -> None:
        self._world, self._replies = world, replies
        self.sent: list[Request] = []

    def __call__(self, request: Request) -> Reply:
        if "Authorization" not in request.headers:
            return self._world.send(request)
        self.sent.append(request)
        return self._replies.pop(0) if self._replies else self._world.send(request)


@pytest.mark.parametrize(("statuses", "tries"), [([], 1), ([429], 2), ([500, 503], 3)])
def test_a_busy_server_is_asked_again_each_time_signed_anew(world: AtlasWorld, statuses: list[int], tries: int) -> None:
    busy = Busy(world, [Reply(status=status) for status in statuses])
    assert reads.cluster(over(busy), "prod") is not None
    assert len({request.headers["Authorization"] for request in busy.sent}) == len(busy.sent) == tries


def test_after_three_times_a_read_has_failed(world: AtlasWorld) -> None:
    busy = Busy(world, [Reply(status=503)] * 3)
    with pytest.raises(AwsError, match="Atlas:GetCluster failed with ServiceUnavailable"):
        reads.cluster(over(busy), "prod")
    assert [request.again for request in busy.sent] == [True, True, False]


@pytest.mark.parametrize("status", [404, 400, 200])
def test_what_a_server_that_is_not_busy_says_is_its_answer(world: AtlasWorld, status: int) -> None:
    busy = Busy(world, [Reply(status=status, body=b"{}")])
    with pytest.raises(AwsError):
        reads.cluster(over(busy), "prod")
    assert len(busy.sent) == 1


def test_a_pause_that_is_too_long_is_not_made(world: AtlasWorld) -> None:
    busy = Busy(world, [Reply(status=429, headers={"retry-after": "60"})])
    with pytest.raises(AwsError, match="TooManyRequests"):
        reads.cluster(over(busy), "prod")
    assert len(busy.sent) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_write_is_sent_once(world: AtlasWorld, status: int) -> None:
    busy = Busy(world, [Reply(status=status)])
    with pytest.raises(AwsError):
        over(busy).ask(calls.SAVE, dict, cluster="prod", body={"retentionInDays": 1})
    assert [request.again for request in busy.sent] == [False]


@pytest.mark.parametrize("status", [200, 201])
def test_a_write_that_is_done_is_done_whichever_success_atlas_answers(world: AtlasWorld, status: int) -> None:
    """Its description names 200 for some writes and 201 for others."""

    def answered(request: Request) -> Reply:
        reply = world.send(request)
        return replace(reply, status=status) if reply.status < 300 else reply

    until = world.clock() + timedelta(hours=1)
    assert writes.allow(over(answered), "198.51.100.7", "run 1", until).cidr == "198.51.100.7/32"
    assert writes.save(over(answered), "prod", "run 1", 7).state == "queued"
    writes.create(over(answered), "prod-2", "prod")
    assert [each.operation.status for each in world.written] == [200, 200, 201]


@pytest.mark.parametrize(
    ("reply", "again", "pause"),
    [
        (Reply(status=503), True, PAUSE),
        (Reply(status=429, headers={"retry-after": "2"}), True, 2.0),
        (Reply(status=429, headers={"retry-after": "60"}), True, None),
        (Reply(status=503), False, None),
        (Reply(status=404), True, None),
    ],
)
def test_a_pause_is_made_only_where_it_will_be_asked_again(reply: Reply, again: bool, pause: float | None) -> None:
    waited: list[float] = []
    request = Request(method="GET", url=BASE, headers={}, again=again)
    assert pacing(answering(reply), waited.append)(request) is reply
    assert waited == ([] if pause is None else [pause])


# ------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("reply", "code", "sentence"),
    [
        (Reply(status=429), "TooManyRequests", "Atlas is being asked too often; it is left alone now"),
        (Reply(status=500, body=b"<html>"), "InternalServerError", "Atlas gave no reason"),
        (Reply(status=503), "ServiceUnavailable", "Atlas gave no reason"),
        (
            Reply(status=500, body=b'{"errorCode": "UNEXPECTED_ERROR"}'),
            "InternalServerError",
            r"failed with InternalServerError \(UNEXPECTED_ERROR\): ",
        ),
        (
            Reply(status=429, body=b'{"errorCode": "RATE_LIMITED"}'),
            "TooManyRequests",
            r"failed with TooManyRequests \(RATE_LIMITED\): ",
        ),
        (
            Reply(status=500, body=b'{"errorCode": "<script>"}'),
            "InternalServerError",
            "InternalServerError: Atlas gave",
        ),
        (
            Reply(status=403, body=b'{"errorCode": "IP_ADDRESS_NOT_ON_ACCESS_LIST"}'),
            "IP_ADDRESS_NOT_ON_ACCESS_LIST",
            "role",
        ),
        (Reply(status=406, body=b'{"errorCode": "<script>"}'), "HTTP406", "Atlas gave no reason"),
        (Reply(status=401), "HTTP401", "unknown or no longer valid"),
        (Reply(status=200, body=b"not JSON"), "NotUnderstood", "it is no JSON"),
        (Reply(status=200, body=b'{"name": 7}'), "NotUnderstood", r"Expected `str`, got `int` - at `\$.name`"),
        (
            NoReplyError("no answer within 5 s", "ReadTimeout"),
            "ReadTimeout",
            "Atlas was asked, and no answer within 5 s",
        ),
        (NoReplyError("it cannot be reached", "EndpointConnection"), "EndpointConnection", "it cannot be reached"),
    ],
)
def test_whatever_goes_wrong_is_one_sentence_with_a_code(reply: Reply | Exception, code: str, sentence: str) -> None:
    with pytest.raises(AwsError, match=sentence) as error:
        reads.cluster(over(answering(reply)), "prod")
    assert (error.value.operation, error.value.code) == ("Atlas:GetCluster", code)
    assert str(error.value).endswith(".")
    assert "\n" not in str(error.value)


def test_what_atlas_says_is_told_without_secrets_and_not_without_end() -> None:
    said = f"key {PRIVATE} and mongodb+srv://app:canary-uri@host/db\n" + "x" * 10_000
    reply = Reply(status=400, body=json.dumps({"errorCode": "VALIDATION_ERROR", "detail": said}).encode())
    with pytest.raises(AwsError, match="VALIDATION_ERROR") as error:
        reads.cluster(over(answering(reply)), "prod")
    assert "canary" not in str(error.value)
    assert len(str(error.value)) < 500


# ----------------------------------------------------------------------------------------------------------- secrets


def test_a_secret_is_an_api_key_or_a_service_account() -> None:
    match credential(Secret('{"public_key": "p", "private_key": "canary"}'), ARN):
        case Keys(public_key="p", private_key=private):
            assert private.reveal() == "canary"
        case other:
            pytest.fail(repr(other))
    match credential(Secret('{"client_id": "c", "client_secret": "canary"}'), ARN):
        case ServiceAccount(client_id="c", client_secret=private):
            assert private.reveal() == "canary"
        case other:
            pytest.fail(repr(other))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "canary",
        "[]",
        "{}",
        '{"public_key": "canary"}',
        '{"public_key": "", "private_key": "canary"}',
        '{"client_id": 1, "client_secret": "canary"}',
    ],
)
def test_a_secret_that_is_neither_is_named_but_not_told(text: str) -> None:
    with pytest.raises(SecretShapeError, match="is neither an Atlas API key") as error:
        credential(Secret(text), ARN)
    assert ARN in str(error.value)
    assert "canary" not in str(error.value)
    assert error.value.__cause__ is None

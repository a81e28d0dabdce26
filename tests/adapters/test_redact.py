"""Secrets do not get through, whatever they are wrapped in; everything else does."""

import copy
import json
import pickle
import time
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from remediation.core.redact import Secret, redact, redacted

CANARY = "c4n4ry-Hunter2"

LEAKS = [
    f"mongodb+srv://app:{CANARY}@dev.abc12.mongodb.net/starttech",
    f"mongodb://app:p@ss/{CANARY}@h1:27017,h2:27017/starttech?replicaSet=x",
    f"connecting to redis://:{CANARY}@dev-redis:6379/0 failed",
    f"https://{CANARY}@github.com/Kindee18/x.git",
    f"MONGO_URI=mongodb://u:{CANARY}@h/db",
    f"password={CANARY}",
    f"Password: {CANARY}",
    f'{{"password": "{CANARY}"}}',
    f"{{'pwd' : '{CANARY} with spaces'}}",
    json.dumps({"SecretString": json.dumps({"user": "u", "anything": CANARY})}),
    json.dumps(json.dumps({"token": CANARY})),
    json.dumps(json.dumps({"SecretString": json.dumps({"anything": CANARY})})),
    f"JWT_SECRET={CANARY}",
    f"jwt.secret := '{CANARY}'",
    f'export REDIS_PASSWORD="{CANARY}',
    f"aws_secret_access_key = {CANARY}",
    f"aws_session_token={CANARY}",
    f"x-api-key: {CANARY}",
    f"AUTH {CANARY}",
    f"config set requirepass {CANARY}",
    f"redis-cli -h dev-redis -a {CANARY} ping",
    f"mongosh --username app --password {CANARY}",
    f"Authorization: Bearer {CANARY}",
    f"authorization: Basic {CANARY}",
    f'{{"Authorization": "Basic {CANARY}"}}',
    f"curl -H 'Authorization: Digest username=x, response={CANARY}'",
    f"bearer {CANARY}",
    f"password=a\\b'c\"d{CANARY}",
    f"redis://:pa'ss{CANARY}@dev-redis:6379",
    f'Authorization: Digest username="x", response="{CANARY}"',
    f"Cookie: a=b; sid={CANARY}",
    f'requirepass a"{CANARY}',
    f"GET /x?X-Amz-Signature={CANARY} HTTP/1.1",
    f"Set-Cookie: session={CANARY}; Path=/",
    f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----",
    f"-----BEGIN PRIVATE KEY-----\n{CANARY}",
]

SHAPES = [
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.s1gn4tur3",
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    "FwoGZXIvYXdzEBYaDHqa0AP/1234",
    "ghp_0123456789abcdefghij",
    "xoxb-1234567890-abcdef",
]

HARMLESS = [
    "",
    "Target.FailedHealthChecks: Health checks failed with these codes: [503]",
    'GET /health answered 503 {"database":"down","cache":"ok"}',
    "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/dev-backend-tg-v2/6d0ecf831eec9f09",
    "AccessDenied on arn:aws:secretsmanager:us-east-1:123456789012:secret:dev/mongo-AbCdEf: secretsmanager:GetSecretValue",
    "https://console.aws.amazon.com/cloudwatch/home?region=us-east-1#alarmsV2:",
    "docker restart backend",
    "i-0123456789abcdef0 in subnet-1 at 2026-11-23 03:40:00 UTC",
    "The security token included in the request is expired",
    "authentication failed; author unknown; no secrets here",
]


@pytest.mark.parametrize("text", LEAKS)
def test_a_secret_is_taken_out_wherever_it_stands(text: str) -> None:
    assert CANARY not in redact(text)
    assert CANARY not in redact(f"before {text} after")
    assert CANARY not in json.dumps(redacted({"log": [text]}))


@pytest.mark.parametrize("text", SHAPES)
def test_what_looks_like_a_key_is_taken_out_without_a_name(text: str) -> None:
    assert redact(f"it said {text}, twice: {text}") == "it said ***, twice: ***"


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_a_uri_keeps_its_scheme_and_host() -> None:
    assert redact("mongodb+srv://app:x@dev.abc12.mongodb.net/db") == "mongodb+srv://***@dev.abc12.mongodb.net/db"
    assert redact("redis://:x@dev-redis:6379/0") == "redis://***@dev-redis:6379/0"


def test_values_are_taken_out_by_the_name_of_their_key() -> None:
    assert redacted(
        {"db_password": "x", "apiKey": ["x"], "tokens": 3, "token": None, "password": 7, "ok": ("a", 1)}
    ) == {
        "db_password": "***",
        "apiKey": "***",
        "tokens": 3,
        "token": None,
        "password": "***",
        "ok": ["a", 1],
    }


BITS = st.sampled_from(
    [
        "password",
        "=",
        ":",
        '"',
        "\\",
        "'",
        " ",
        "://",
        "@",
        "eyJ",
        "Bearer ",
        "token",
        "secret",
        "AKIA",
        "***",
        "\n",
        "a",
        "AUTH ",
        "-----BEGIN PRIVATE KEY-----",
        "authorization",
        "--",
        "redis-cli -a ",
        "x" * 16,
        "A" * 16,
        "123456789012:",
    ]
)


@given(st.lists(BITS | st.text(max_size=5), max_size=40).map("".join))
@example("authorization: Bearer x://y@z")
def test_redacting_is_total_and_twice_is_once(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(st.text(alphabet=st.characters(blacklist_categories=()), max_size=200))
def test_any_text_can_be_redacted(text: str) -> None:
    assert isinstance(redact(text), str)


@given(
    st.text(alphabet=st.characters(blacklist_characters="c"), max_size=40),
    st.sampled_from(LEAKS),
    st.sampled_from([" ", "\n", ", ", "; "]),
)
def test_no_surroundings_let_a_secret_through(noise: str, leak: str, between: str) -> None:
    assert CANARY not in redact(f"{noise}{between}{leak}{between}{noise}")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(LEAKS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*LEAKS, "a", "token"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON)
def test_no_plain_data_lets_a_secret_through_and_twice_is_once(data: object) -> None:
    once = redacted(data)
    assert CANARY not in json.dumps(once)
    assert redacted(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "://" * 20_000,
        "password" * 10_000,
        'password="' * 10_000,
        '\\"' * 20_000,
        "eyJ." * 20_000,
        "redis-cli " * 10_000,
        "a://b@" * 10_000,
        "secret:" + "\\" * 50_000,
        "token" + " " * 50_000,
        "-" * 50_000,
        "x" * 200_000,
    ],
)
def test_hostile_text_takes_no_hostile_time(text: str) -> None:
    begun = time.process_time()
    redact(text)
    assert time.process_time() - begun < 2


# ------------------------------------------------------------------------------------------- what was cut while it was told


@pytest.mark.parametrize(
    "uri", [f"mongodb+srv://app:{CANARY}@dev.mongodb.net/db", "redis://:123456@h:6379", f"amqp://u:x/{CANARY}@h"]
)
def test_a_uri_that_was_cut_off_within_its_password_tells_nothing_of_it(uri: str) -> None:
    password = uri.index(":", uri.index("://") + 3) + 1
    for end in range(password + 1, uri.index("@")):
        for text in (f"cannot reach {uri[:end]} (...)", f"{uri[:end]}---Output truncated---"):
            assert f":{uri[password:end]}" not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "cannot reach http://10.0.0.1:8080: connection refused",
        "mongodb://h1:27017,h2:27017/starttech?replicaSet=x",
        "GET http://[::1]:8080/health, then https://sts.amazonaws.com.",
        "s3://dev-starttech-terraform-state/starttech/terraform.tfstate and file:///etc/hosts",
        "look at https://console.aws.amazon.com/ecs (...)",
    ],
)
def test_a_uri_without_a_user_stays(text: str) -> None:
    assert redact(text) == text


# ---------------------------------------------------------------------------------------------------------- a typed secret


def test_a_secret_is_shown_to_nobody_however_it_is_shown() -> None:
    secret = Secret(CANARY)
    told = [str(secret), repr(secret), f"{secret}", "%s" % secret, str([secret]), str({"uri": secret})]  # noqa: UP031
    assert CANARY not in " ".join(told)
    assert redacted({"uri": secret, "list": [secret]}) == {"uri": "***", "list": ["***"]}
    assert CANARY not in str(ValueError(secret))
    assert secret.reveal() == CANARY


@pytest.mark.parametrize("keep", [msgspec.json.encode, msgspec.to_builtins, json.dumps, pickle.dumps, copy.deepcopy])
def test_a_secret_is_kept_nowhere(keep: Callable[[object], object]) -> None:
    with pytest.raises(TypeError):
        keep({"uri": Secret(CANARY)})

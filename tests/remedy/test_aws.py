"""Before AWS is asked anything the account is checked; what AWS says instead of an answer is one sentence."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from typer.testing import CliRunner

from remediation.adapters.clients import Clients
from remediation.core.errors import AwsError
from remedy.aws import connect, in_words
from remedy.cli import app
from remedy.environment import Environment, environment
from remedy.telling import TroubleError
from tests.remedy.started import down


def test_credentials_of_the_environments_account_are_let_through(aws: Clients, dev: Environment) -> None:
    assert aws is not None
    assert connect(dev).clients.place == dev.place


def test_credentials_of_another_account_are_named(aws: Clients) -> None:
    assert aws is not None
    with pytest.raises(TroubleError) as raised:
        connect(environment("prod"))
    assert str(raised.value).startswith(
        "These AWS credentials are of account 123456789012, but prod is in account 2109"
    )
    assert "AWS_PROFILE" in str(raised.value)


def test_without_credentials_nothing_but_a_sentence_is_said() -> None:
    result = CliRunner().invoke(app, ["runs"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "There are no AWS credentials for dev (Unable to locate credentials). "
        "Sign in, or set AWS_PROFILE, and try again.\n"
    )


def test_a_profile_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    result = CliRunner().invoke(app, ["show", "aaaa-aaaa-aaaa"])
    assert result.exit_code == 1
    assert "The config profile (nobody) could not be found" in result.stderr


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("ExpiredTokenException", "have expired. Sign in again"),
        ("ExpiredToken", "have expired. Sign in again"),
        ("UnauthorizedSSOToken", "have expired. Sign in again"),
        ("SSOTokenLoad", "have expired. Sign in again"),
        ("UnrecognizedClientException", "AWS does not know these credentials"),
        ("InvalidClientTokenId", "AWS does not know these credentials"),
        ("EndpointConnection", "AWS cannot be reached"),
        ("AccessDeniedException", "may not do Lambda:Invoke in dev"),
        ("TooManyRequestsException", "AWS is busy with dev"),
        ("ResourceNotFoundException", "not deployed in dev"),
        ("SomethingElse", "Lambda:Invoke failed with SomethingElse"),
    ],
)
def test_an_error_of_aws_says_what_to_do(dev: Environment, code: str, part: str) -> None:
    told = str(in_words(down(code), dev))
    assert part in told
    assert "\n" not in told


@mock_aws
def test_a_ledger_that_is_not_deployed_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    result = CliRunner().invoke(app, ["runs"])
    assert result.exit_code == 1
    assert result.stderr.startswith("It is not deployed in dev (DynamoDB:Query finds nothing).")


def test_an_invocation_is_sent_once_and_waited_for(aws: Clients, dev: Environment) -> None:
    assert aws is not None
    config: Any = connect(dev).invoking().meta.config
    assert config.retries["total_max_attempts"] == 1
    assert config.read_timeout >= 15 * 60
    assert config.tcp_keepalive


def test_errors_of_every_client_of_the_command_line_are_translated(
    aws: Clients, dev: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert aws is not None
    client: Any = connect(dev).invoking()

    def refuse(*_: object, **__: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Invoke")

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", refuse)
    with pytest.raises(AwsError, match="AccessDeniedException"):
        client.invoke(FunctionName="x")
    with pytest.raises(ClientError):
        boto3.client("lambda", region_name="us-east-1").invoke(FunctionName="x")

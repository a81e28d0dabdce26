"""What an instance says of its start: real lines of cloud-init's log and of the container's, where they really are."""

import json
from base64 import b64encode

import pytest

from recover_failed_launches.deaths import Boot, Trouble, understood
from remediation.aws.ssm import Answer

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
IMAGE = f"{REGISTRY}/dev-starttech-backend"
DENIED = "User: arn:aws:sts::123456789012:assumed-role/dev-ec2-role/i-1 is not authorized to perform:"

PULLS = [
    (f"Error response from daemon: manifest for {IMAGE}:v9 not found: manifest unknown: not found", Trouble.NO_TAG),
    ("Error: name unknown: The repository with name 'x' does not exist in the registry with id '1'", Trouble.NO_TAG),
    (
        f'Error response from daemon: Head "https://{REGISTRY}/v2/x/manifests/v7": no basic auth credentials',
        Trouble.NO_RIGHT,
    ),
    (
        f"Error response from daemon: pull access denied for {IMAGE}, repository does not exist or may require 'docker login'",
        Trouble.NO_RIGHT,
    ),
    (
        f"docker: denied: {DENIED} ecr:BatchGetImage on resource: arn:aws:ecr:us-east-1:1:repository/x.",
        Trouble.NO_RIGHT,
    ),
    (
        (
            "An error occurred (AccessDeniedException) when calling the GetAuthorizationToken operation:"
            f" {DENIED} ecr:GetAuthorizationToken on resource: *"
        ),
        Trouble.NO_RIGHT,
    ),
    ("error pulling image configuration: received unexpected HTTP status: 403 Forbidden", Trouble.NO_RIGHT),
    ("Error: Cannot perform an interactive login from a non TTY device", Trouble.NO_RIGHT),
    ("Error response from daemon: toomanyrequests: You have reached your pull rate limit.", Trouble.RATE),
    (
        f'Error response from daemon: Get "https://{REGISTRY}/v2/": x509: certificate signed by unknown authority',
        Trouble.CERTIFICATE,
    ),
    (f'Error response from daemon: Get "https://{REGISTRY}/v2/": dial tcp 10.0.0.1:443: i/o timeout', Trouble.NO_WAY),
    ('Could not connect to the endpoint URL: "https://api.ecr.us-east-1.amazonaws.com/"', Trouble.NO_WAY),
    ("Could not resolve host: amazonlinux-2-repos-us-east-1.s3.dualstack.us-east-1.amazonaws.com", Trouble.NO_WAY),
]
STARTS = [
    ("write /var/lib/docker/tmp/x: no space left on device", Trouble.NO_SPACE),
    ("exec /app/server: exec format error", Trouble.ARCHITECTURE),
    ("standard_init_linux.go:228: exec user process caused: exec format error", Trouble.ARCHITECTURE),
]
OTHER_CALLS = [
    f"An error occurred (AccessDeniedException) when calling the PutRetentionPolicy operation: {DENIED} logs:PutRetentionPolicy",
    'Could not connect to the endpoint URL: "https://monitoring.us-east-1.amazonaws.com/"',
    "curl: (28) Failed to connect to example.com port 443: connection timed out",
    "fatal: repository 'https://example.com/tools.git' not found",
]


def said(log: str = "", *, container: str = "missing", container_log: str = "", cloud_init: str = "done") -> Boot:
    encoded = {"log": b64encode(log.encode()).decode(), "container_log": b64encode(container_log.encode()).decode()}
    printed = json.dumps({"cloud_init": cloud_init, "container": container, **encoded})
    return understood(Answer(instance="i-1", status="Success", output=printed))


@pytest.mark.parametrize(("line", "trouble"), [*PULLS, *STARTS])
def test_what_kept_the_container_from_being_made_is_in_the_log_of_cloud_init(line: str, trouble: Trouble) -> None:
    boot = said(f"cloud-init starts\n{line}\nuser data goes on\n")
    assert (boot.trouble, line.removesuffix(".") in boot.lines) == (trouble, True)


@pytest.mark.parametrize(("line", "trouble"), STARTS)
def test_what_stops_a_container_is_in_the_log_of_the_container(line: str, trouble: Trouble) -> None:
    assert said(container="restarting", container_log=f"{line}\n{line}\n").trouble is trouble
    assert (
        said("user data is done", container="exited", container_log="panic: no database").trouble is Trouble.APPLICATION
    )


@pytest.mark.parametrize("line", [*(line for line, _ in (*PULLS, *STARTS)), *OTHER_CALLS])
def test_a_container_that_runs_was_pulled_and_started_whatever_the_log_says(line: str) -> None:
    assert said(line, container="running", container_log=line).trouble is None


@pytest.mark.parametrize(("line", "_"), PULLS)
def test_a_container_that_stopped_was_pulled_at_least(line: str, _: Trouble) -> None:
    assert said(line, container="exited", container_log=line).trouble is Trouble.APPLICATION


@pytest.mark.parametrize("line", OTHER_CALLS)
def test_any_other_call_of_user_data_that_fails_is_no_pull_that_failed(line: str) -> None:
    assert said(line).trouble is Trouble.USER_DATA
    assert said(line, cloud_init="running").trouble is None


def test_where_docker_is_missing_because_nothing_could_be_loaded_the_way_is_what_is_wrong() -> None:
    missing = "part-001: line 9: docker: command not found"
    assert said(missing).trouble is Trouble.NO_DOCKER
    assert said(f"Could not resolve host: amazonlinux-2-repos.s3.amazonaws.com\n{missing}").trouble is Trouble.NO_WAY


def test_the_line_that_says_it_is_quoted_also_where_others_came_after_it() -> None:
    line = PULLS[0][0]
    boot = said("\n".join([line, *(f"part {n} is done" for n in range(9))]))
    assert boot.lines == (line, *(f"part {n} is done" for n in range(5, 9)))

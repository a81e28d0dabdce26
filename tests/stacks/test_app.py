import json
import os
import subprocess
import sys

import pytest
from aws_cdk import App

from app import compose
from stacks.config import ConfigError
from tests.stacks.template import CONTEXT, FASTER, ROOT


def app(**context: str) -> App:
    return App(context=CONTEXT | FASTER | context)


@pytest.mark.parametrize(
    ("context", "sentence"),
    [
        ({}, "Say which environment: -c env=dev or -c env=prod."),
        ({"env": "staging"}, "There is no environment 'staging' in config/; there are: dev, prod."),
        ({"env": "dev", "mode": "on"}, "-c mode=on: expected one of off, observe, act; it can only lower the mode."),
        ({"env": "dev", "target": "arm"}, "-c target=arm: expected one of lambda, host."),
    ],
)
def test_a_mistake_is_one_sentence(context: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError) as raised:
        compose(app(**context))
    assert str(raised.value) == sentence


def test_an_environment_is_one_stack_in_its_account_and_region() -> None:
    stack = compose(app(env="prod"))
    assert (stack.stack_name, stack.account, stack.region) == ("remediation-prod", "210987654321", "us-east-1")
    assert stack.termination_protection


def test_a_mistake_ends_the_program_without_a_stack_trace() -> None:
    ended = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=os.environ | {"CDK_CONTEXT_JSON": json.dumps({"env": "staging"})},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 1
    assert ended.stderr.strip() == "There is no environment 'staging' in config/; there are: dev, prod."

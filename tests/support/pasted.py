"""What a person is told to do is a sentence or a command, and a command is pasted as it is and taken by the command line.

Offline: the AWS command line's own words are those of botocore's models.
"""

import re
import shlex
import subprocess
from collections.abc import Iterable
from functools import cache
from typing import Any

import typer
from botocore import xform_name
from botocore.model import OperationModel
from botocore.session import get_session

from remedy.cli import app

_COMMAND = re.compile(r"(aws|atlas|mongodump|read|remedy|terraform) [a-z-]")
_INSIDE = re.compile(r"\b(aws|atlas|remedy) [a-z]")
_TO_FILL_IN = re.compile(r"\b(?:NEW-NAME|NAME|USER|PROJECT|HOST|RUN|HASH)\b|\.\.\.")
_GLOBAL = frozenset({"--region", "--output", "--query", "--profile", "--no-paginate", "--cli-binary-format"})
_PAGES = frozenset({"--max-items", "--page-size", "--starting-token"})
_OF_ITS_OWN = {
    ("logs", "tail"): frozenset({"--since", "--follow", "--format", "--filter-pattern"}),
    ("sns", "subscribe"): frozenset({"--notification-endpoint"}),
    ("ec2", "authorize-security-group-ingress"): frozenset({"--protocol", "--port", "--source-group", "--cidr"}),
}
"""What the AWS command line has beside the service's own."""


def typed(steps: Iterable[str], project: str) -> list[str]:
    """Return the commands among some steps about a project at Atlas. Raises AssertionError where one cannot be pasted."""
    told = tuple(steps)
    assert [said for step in told if (said := complaint(step))] == []
    commands = [step for step in told if _COMMAND.match(step)]
    for command in commands:
        assert not command.startswith("atlas") or f"--projectId {project}" in command, f"of which project? {command}"
    return commands


def complaint(step: str) -> str:
    """Return what is wrong with a step; empty where nothing is."""
    if _COMMAND.match(step):
        return _of_a_command(step)
    if not step[0].isupper() or step[-1] not in ".:":
        return f"neither a command nor a sentence: {step}"
    return f"a command within a sentence: {step}" if _INSIDE.search(step) else ""


def _of_a_command(step: str) -> str:
    checked = subprocess.run(["bash", "-n"], input=step, text=True, capture_output=True, check=False)
    outside = re.sub(r"'[^']*'|\"[^\"]*\"", "", step)
    if checked.returncode or re.search(r"[<>`;#{}]|\.\Z", outside):
        return f"what a shell reads otherwise: {step}"
    if _TO_FILL_IN.search(step):
        return f"something is to be filled in: {step}"
    wrong = wrong_with(step) if step.startswith(("aws ", "remedy ")) else ""
    return f"{wrong}: {step}" if wrong else ""


def wrong_with(command: str) -> str:
    """Say what is wrong with a command of `aws` or `remedy`; nothing if it would be taken."""
    if any(sign in command for sign in ("<", ">", "`")):
        return "a shell would read a file, or run something, instead"
    try:
        program, *words = shlex.split(command, comments=True)
    except ValueError as error:
        return str(error)
    return _aws(words) if program == "aws" else _remedy(words)


def _aws(words: list[str]) -> str:
    service, verb, *rest = words
    options = [word.partition("=")[0] for word in rest if word.startswith("--")]
    own = _OF_ITS_OWN.get((service, verb), frozenset())
    if (service, verb) == ("logs", "tail"):
        return _unknown(options, own)
    operation = _operations(service).get(verb)
    if operation is None:
        return f"{service} has no {verb}"
    shape = operation.input_shape
    members, required = (shape.members, shape.required_members) if shape else ({}, [])
    takes = {f"--{xform_name(name, '-')}" for name in members}
    takes |= {f"--no-{xform_name(name, '-')}" for name, each in members.items() if each.type_name == "boolean"}
    takes |= _PAGES if _paged(service, operation.name) else set()
    needs = {f"--{xform_name(name, '-')}" for name in required}
    lacks = needs - {option.replace("--no-", "--") for option in options}
    return _unknown(options, takes | own) or (f"{verb} needs {', '.join(sorted(lacks))}" if lacks else "")


def _unknown(options: list[str], takes: frozenset[str] | set[str]) -> str:
    strange = [option for option in options if option not in takes | _GLOBAL]
    return f"unknown options: {', '.join(strange)}" if strange else ""


@cache
def _operations(service: str) -> dict[str, OperationModel]:
    session = get_session()
    if service not in session.get_available_services():
        return {}
    model = session.get_service_model(service)
    return {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}


@cache
def _paged(service: str, operation: str) -> bool:
    pages: Any = get_session().get_paginator_model(service)
    try:
        pages.get_paginator(operation)
    except ValueError:
        return False
    return True


def _remedy(words: list[str]) -> str:
    found: Any = typer.main.get_command(app)
    while known := getattr(found, "commands", None):
        if not words or words[0] not in known:
            return f"remedy has no {words[0] if words else 'such command'}"
        found, words = known[words[0]], words[1:]
    takes = {option for each in found.params for option in (*each.opts, *each.secondary_opts)}
    return _unknown([word.partition("=")[0] for word in words if word.startswith("--")], takes)

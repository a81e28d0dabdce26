"""Whether a command that people are told would be taken by the AWS command line, or by ours. Offline, from botocore's own models."""

import shlex
from functools import cache
from typing import Any

import typer
from botocore import xform_name
from botocore.model import OperationModel
from botocore.session import get_session

from remedy.cli import app

_GLOBAL = frozenset({"--region", "--output", "--query", "--profile", "--no-paginate", "--cli-binary-format"})
_PAGES = frozenset({"--max-items", "--page-size", "--starting-token"})
_OF_ITS_OWN = {
    ("logs", "tail"): frozenset({"--since", "--follow", "--format", "--filter-pattern"}),
    ("sns", "subscribe"): frozenset({"--notification-endpoint"}),
    ("ec2", "authorize-security-group-ingress"): frozenset({"--protocol", "--port", "--source-group", "--cidr"}),
}
"""What the AWS command line has beside the service's own."""


def commands(step: str) -> tuple[str, ...]:
    """Return the commands in a step: all of it where it begins with one, else what follows the words before it."""
    found = (step[at:] for word in ("aws ", "remedy ") if (at := _begins(step, word)) >= 0)
    return tuple(found)


def _begins(step: str, word: str) -> int:
    at = 0 if step.startswith(word) else step.find(f": {word}")
    return at + 2 if at > 0 else at


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
    members = operation.input_shape.members if operation.input_shape else {}
    takes = {f"--{xform_name(name, '-')}" for name in members}
    takes |= {f"--no-{xform_name(name, '-')}" for name, shape in members.items() if shape.type_name == "boolean"}
    takes |= _PAGES if _paged(service, operation.name) else set()
    needs = {f"--{xform_name(name, '-')}" for name in (operation.input_shape.required_members if members else ())}
    lacks = needs - set(options)
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

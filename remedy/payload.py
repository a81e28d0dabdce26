"""Make the payload of a manual invocation from what a person typed, and check it before anything is started."""

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from remediation.core.parsing import parse
from remediation.core.routing import route
from remediation.core.spec import AnyRunbook, Manual
from remediation.core.triggers import Ignored, Invoked, Rejected
from remedy.environment import Environment
from remedy.telling import MistakeError


def payload(
    runbook: AnyRunbook,
    environment: Environment,
    *,
    target: str | None,
    settings: Sequence[str],
    apply: bool,
    because: str,
) -> dict[str, Any]:
    """Return the payload; `settings` are `key=value`, and `target` fills the first field. Raises MistakeError.

    Its request id makes it one run, however often it is sent.
    """
    if not any(isinstance(spec, Manual) for spec in runbook.triggers):
        raise MistakeError(f"{runbook.name} cannot be invoked by hand.")
    values = _typed(runbook, _said(runbook, target, settings))
    made = (
        values
        | {"apply": apply, "request": f"remedy-{secrets.token_hex(6)}"}
        | ({"because": because} if because else {})
    )
    trigger = parse(made)
    if isinstance(trigger, Invoked):
        answer = route(runbook, trigger, environment.place, environment.settings(runbook))
        if not isinstance(answer, Ignored | Rejected):
            return made
        raise MistakeError(answer.because)
    raise MistakeError(trigger.because if isinstance(trigger, Ignored | Rejected) else "This is no manual invocation.")


def first_field(runbook: AnyRunbook) -> str:
    """Return the field of the incident that `--target` means: the first required one, or else the first."""
    fields = msgspec.structs.fields(runbook.incident)
    if not fields:
        raise MistakeError(f"{runbook.name} takes no target.")
    return next((field.name for field in fields if field.required), fields[0].name)


def _said(runbook: AnyRunbook, target: str | None, settings: Sequence[str]) -> Mapping[str, str]:
    said = {} if target is None else {first_field(runbook): target}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            raise MistakeError(f"--set {setting!r} is not of the form key=value.")
        if key in {"apply", "because", "by", "request"}:
            raise MistakeError(f"--set cannot say {key!r}; there is an option for that, if it can be said.")
        if key in said:
            raise MistakeError(f"{key!r} is said twice.")
        said[key] = value
    missing = [f.name for f in msgspec.structs.fields(runbook.incident) if f.required and f.name not in said]
    if missing:
        way = "--target VALUE" if missing[0] == first_field(runbook) else f"--set {missing[0]}=VALUE"
        raise MistakeError(f"{runbook.name} needs {missing[0]!r}; say {way}.")
    return said


def _typed(runbook: AnyRunbook, said: Mapping[str, str]) -> dict[str, Any]:
    """Return texts as the types of the incident's fields; what cannot be converted is left for routing to refuse."""
    types = {field.name: field.type for field in msgspec.structs.fields(runbook.incident)}
    return {key: _value(text, types[key]) if key in types else text for key, text in said.items()}


def _value(text: str, type_: Any) -> Any:  # noqa: ANN401 - a type and a value of it, as JSON has it
    for candidate in (text, *_json(text)):
        try:
            return json.loads(msgspec.json.encode(msgspec.convert(candidate, type_, strict=False)))
        except msgspec.ValidationError:
            continue
    return text


def _json(text: str) -> tuple[Any, ...]:
    try:
        return (json.loads(text),)
    except (ValueError, RecursionError):
        return ()

"""Who sits at the console, and what they have AWS do: an account (moto) that knows several people, and keeps what it is asked."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import botocore.client
import pytest
from botocore.exceptions import ClientError

ROLE = "AROAOPERATOR"
"""The id of the operators' role; everybody's user id is it and their own name."""
Heard: TypeAlias = tuple[str, str, dict[str, Any]]


@dataclass
class Console:
    """A console that people share. Lambda's callbacks are kept here, since moto has none."""

    sits: str = "ada"
    heard: list[Heard] = field(default_factory=list)
    answered: list[tuple[str, str]] = field(default_factory=list)
    """Callbacks, and who answered them."""
    over: set[str] = field(default_factory=set)
    """Callbacks that nobody waits for any more."""
    denied: set[str] = field(default_factory=set)
    """Operations that these people may not use."""
    before: dict[str, Callable[[], object]] = field(default_factory=dict)
    """What happens right before an operation is carried out, once."""

    def user(self, name: str = "") -> str:
        """Return somebody's user id."""
        return f"{ROLE}:{name or self.sits}"

    def arn(self, name: str = "") -> str:
        """Return how AWS calls somebody."""
        return f"arn:aws:sts::123456789012:assumed-role/dev-remediation-operator/{name or self.sits}"

    def call(self, service: str, operation: str, parameters: dict[str, Any], go_on: Callable[[], Any]) -> Any:
        """Carry out an operation."""
        self.heard.append((service, operation, parameters))
        if operation in self.denied:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)
        if operation in self.before:
            self.before.pop(operation)()
        match operation:
            case "GetCallerIdentity":
                return {"UserId": self.user(), "Arn": self.arn(), "Account": "123456789012"}
            case "SendDurableExecutionCallbackSuccess":
                return self._answer(parameters["CallbackId"], parameters["Result"])
            case _:
                return go_on()

    def _answer(self, callback: str, result: bytes) -> dict[str, Any]:
        if callback in self.over:
            raise ClientError({"Error": {"Code": "CallbackTimeoutException", "Message": "closed"}}, "Answer")
        self.over.add(callback)
        self.answered.append((callback, json.loads(result)["by"]))
        return {}


def console_of(monkeypatch: pytest.MonkeyPatch) -> Console:
    """Put a console between boto3 and AWS."""
    console, send = Console(), botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        service = client.meta.service_model.service_name
        return console.call(service, operation, parameters, lambda: send(client, operation, parameters))

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", call)
    return console

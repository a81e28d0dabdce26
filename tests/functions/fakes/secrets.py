"""Fakes of Secrets Manager and of SSM's parameters: they tell what one of this name holds, and refuse any other."""

from collections.abc import Mapping
from typing import Any

from tests.functions.fakes.strict import Calls, Fake


class Secrets(Fake):
    """The secrets that there are, by their ARNs."""

    service = "secretsmanager"

    def __init__(self, calls: Calls, held: Mapping[str, str]) -> None:
        super().__init__(calls)
        self._held = held

    def get_secret_value(self, **asked: Any) -> Any:
        """Tell one."""
        self._asked("GetSecretValue", asked)
        if asked["SecretId"] not in self._held:
            self._refuse("GetSecretValue", "ResourceNotFoundException", "no such secret")
        return self._answered(
            "GetSecretValue", {"ARN": asked["SecretId"], "SecretString": self._held[asked["SecretId"]]}
        )


class Parameters(Fake):
    """The SSM parameters that there are, by their names; all of them are SecureStrings."""

    service = "ssm"

    def __init__(self, calls: Calls, held: Mapping[str, str]) -> None:
        super().__init__(calls)
        self._held = held

    def get_parameter(self, **asked: Any) -> Any:
        """Tell one."""
        self._asked("GetParameter", asked)
        assert asked["WithDecryption"], "it is encrypted"
        if asked["Name"] not in self._held:
            self._refuse("GetParameter", "ParameterNotFound", "no such parameter")
        found = {"Name": asked["Name"], "Type": "SecureString", "Value": self._held[asked["Name"]]}
        return self._answered("GetParameter", {"Parameter": found})

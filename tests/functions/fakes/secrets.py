"""A fake of Secrets Manager: it tells what a secret of this ARN holds, and refuses any other."""

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

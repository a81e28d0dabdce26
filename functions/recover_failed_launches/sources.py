"""Sources of a diagnosis: each is asked by itself, and what cannot be read is named and stops nothing (hazard A5)."""

from collections.abc import Callable
from typing import TypeVar

from recover_failed_launches.facts import Unread
from remediation.core.errors import AwsError

A = TypeVar("A")


class Sources:
    """Asks one source after the other, and keeps those that could not be read."""

    def __init__(self) -> None:
        self.unread: list[Unread] = []

    def ask(self, what: str, question: Callable[[], A]) -> A | None:
        """Return the answer; None, and a line of what could not be read, where there is none."""
        try:
            return question()
        except AwsError as error:
            self.cannot(what, f"{error.operation} answered {error.code}")
        except (KeyError, TypeError, ValueError) as error:  # an answer that is none
            self.cannot(what, f"its answer cannot be understood ({type(error).__name__})")
        return None

    def cannot(self, what: str, why: str) -> None:
        """Keep what cannot be read, and why."""
        self.unread.append(Unread(what=what, why=why))

"""Which locks there are, how old one has to be, and whom to ask whether its holder is alive."""

from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct

from remediation.aws.terraform import State
from remediation.core.spec import Place


class Settings(Struct, frozen=True, kw_only=True):
    """The defaults are those of StartTech's `dev` (FACTS.md, sections 1 and 4)."""

    states: tuple[State, ...] = ()
    """One for each state of the environment; empty: there is none, and every request is refused."""
    stale_after: timedelta = timedelta(minutes=60)
    """At least the CI job's time-out and twice what an apply takes: younger is never stale."""
    moved_within: timedelta = timedelta(minutes=10)
    """Two looks at the same lock are at least so far apart before its state counts as still."""
    automatic_plan: bool = False
    """Whether a dead plan's lock is cleared without asking."""
    ci: tuple[Annotated[str, Meta(min_length=1)], ...] = ("runner@",)
    """How `Who` starts where CI holds a lock; anybody else is a person."""
    github: str = ""
    """`owner/repository` whose runs apply Terraform; empty: none."""
    github_workflow: Annotated[str, Meta(pattern=r"\A([A-Za-z0-9_.-]+\.ya?ml)?\Z", examples=["terraform.yml"])] = ""
    """The file of the one workflow that applies Terraform. Empty: a run of any workflow counts, alive or ended."""
    github_token: str = ""
    """ARN of the secret that holds a token which may read its runs."""
    codebuild: tuple[str, ...] = ()
    """CodeBuild projects that apply Terraform."""
    ci_role: str = ""
    """Name of the role that CI applies with: what it wrote lately is a sign of life."""
    ci_log_group: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_/.#-]{0,512}\Z")] = ""
    """Log group that CI writes what Terraform says to: a lock that somebody runs into is looked at at once; empty: none."""

    def __post_init__(self) -> None:
        if min(self.stale_after, self.moved_within) <= timedelta(0):
            raise ValueError("`stale_after` and `moved_within` are longer than nothing")

    @property
    def lockfiles(self) -> tuple[State, ...]:
        """Return the states that are locked by an object."""
        return tuple(state for state in self.states if state.lockfile)


class Incident(Struct, frozen=True, kw_only=True):
    """Which lock: the name of a state, or the ID in the lock. Empty: all of them."""

    lock: Annotated[str, Meta(max_length=200)] = ""


def scope(incident: Incident, settings: Settings, place: Place) -> str | None:
    """Say why the incident is not this environment's: a name is known, or it is an ID, which only the locks can tell."""
    if not settings.states:
        return f"no Terraform state is configured for {place.environment} (setting `states`)"
    return None

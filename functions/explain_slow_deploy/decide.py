"""Whether a deploy is slow, and what it most likely waits for. It never acts: the answer always is to do nothing but tell.

A slow deploy is told once as a warning, by day or night, and wakes nobody. Where it cannot go on by itself (its calls are
denied, no instance can be launched) that is told once more, as critical.
"""

from datetime import datetime
from itertools import islice

from explain_slow_deploy.facts import Deploy, Facts
from explain_slow_deploy.settings import Settings
from explain_slow_deploy.suspects import Suspect, suspects
from explain_slow_deploy.wording import LEAVE_IT, evidence, holder, minutes, quoted
from remediation.core.verdict import Attempt, Nothing, Target, Tell

MOST_LOOKS = 3


def decide(facts: Facts, settings: Settings, tried: tuple[Attempt[Target], ...], now: datetime) -> Nothing:
    """Explain the slow deploys; where there is none, say who deploys."""
    slow = sorted((deploy for deploy in facts.deploys if _slow(deploy, settings)), key=lambda deploy: deploy.held_for)
    if not slow or facts.around is None:
        return Nothing(because=" ".join(_quiet(facts, settings)) or "No terraform apply holds a lock.")
    found = sorted(suspects(facts.around, settings), key=lambda suspect: not suspect.hard)
    # The newest names the notice: each is told when it becomes slow, also while an older one still is.
    newest, critical = slow[0], any(suspect.hard for suspect in found)
    name, where = newest.name, facts.environment
    how = "cannot go on" if critical else "takes long"
    return Nothing(
        because=" ".join((*(holder(deploy, settings.usual) for deploy in slow), _culprit(found))),
        evidence=evidence(facts.around, [suspect.what for suspect in found]),
        next_steps=_steps(found, name, where),
        tell=Tell(
            id=f"{newest.id}|{'critical' if critical else 'warning'}",
            title=f"The terraform apply of {name} in {where} {how}",
            severity="critical" if critical else "warning",
        ),
    )


def _slow(deploy: Deploy, settings: Settings) -> bool:
    return settings.usual <= deploy.held_for < settings.left_over_after


def _quiet(facts: Facts, settings: Settings) -> list[str]:
    """Say of each lock why there is nothing to explain."""
    said = [
        f"The lock of {name} says nothing that can be read; clear-stale-lock tells of it." for name in facts.unreadable
    ]
    for deploy in facts.deploys:
        if deploy.held_for >= settings.left_over_after:
            why = "so it most likely is left over, which is clear-stale-lock's business (remedy locks)"
        elif deploy.held_for >= settings.usual:
            why = "and nothing around it was looked at"
        else:
            why = f"and up to {minutes(settings.usual)} min are usual"
        said.append(
            f"{quoted(deploy.who) or 'Somebody'} applies {deploy.name} for {minutes(deploy.held_for)} min, {why}."
        )
    return said


def _culprit(found: list[Suspect]) -> str:
    if not found:
        return "Nothing that was asked shows what it waits for."
    surely = "It cannot go on by itself" if found[0].hard else "It most likely waits for this"
    return f"{surely}: {found[0].what}."


def _steps(found: list[Suspect], name: str, where: str) -> tuple[str, ...]:
    looks = dict.fromkeys(suspect.look for suspect in found)
    nothing = (
        f"aws ec2 describe-instances --filters Name=tag:Environment,Values={where}"
        " --query 'Reservations[].Instances[].[InstanceId,State.Name,LaunchTime]' --output table"
    )
    return (
        *(islice(looks, MOST_LOOKS) if looks else (nothing,)),
        "Read the log of the apply: the last `Still creating...` names the resource that it waits for.",
        f"remedy locks --env {where}   # who holds the lock, and whether they live",
        f"remedy invoke explain-slow-deploy --target {name} --env {where}   # how it stands by then",
        LEAVE_IT,
    )

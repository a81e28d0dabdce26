"""What is to be done about a Redis that cannot be reached, read top to bottom; the first paragraph that is about it holds. Pure.

The rules are those of HAZARDS 1.7. A rule that a person took away may be what contains an attack, so it is put back only where a
machine took it away, once a day; who removed it is unknown until CloudTrail tells, and unknown is a person.
"""

from datetime import datetime, timedelta

from remediation.aws.caches import AVAILABLE, MISSING
from remediation.core.probed import Fault
from remediation.core.verdict import Act, Approval, Attempt, Escalate, Nothing, Verdict, Wait
from restore_redis_access.advice import CONNECTIONS, MEANS
from restore_redis_access.facts import Facts, Way
from restore_redis_access.rule import in_words, opens
from restore_redis_access.settings import Settings
from restore_redis_access.wording import clock, evidence, next_steps, seen

RESTORE, REBOOT = "restore-rule", "reboot-node"
BUSY = ("creating", "modifying", "rebooting", "snapshotting", "restoring")
"""How ElastiCache's words begin for a cache that is being worked on."""
AGAIN = timedelta(seconds=60)
TOLD_BY = timedelta(minutes=15)
"""CloudTrail knows of a call by then."""
ONCE_IN = timedelta(hours=24)
ANSWERS_BY = timedelta(minutes=2)
"""So long after the rule is back, or the node is up again, Redis may take to answer."""
NEARLY = 0.95
"""Of the connections that ElastiCache takes."""
DEAD: frozenset[tuple[str, Fault]] = frozenset(
    {("tcp", "refused"), ("tls", "no-answer"), ("auth", "no-answer"), ("ping", "no-answer")}
)
"""Layers and faults by which an engine shows that it is dead or hangs, while the way to it is open."""
Tried = tuple[Attempt[Way], ...]


def decide(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Way]:
    """Look at the way first, then at the node, then at what the server says."""
    return (
        _failed(facts, settings, tried)
        or _well(facts, settings)
        or _unknown(facts, settings)
        or _busy(facts, settings)
        or _afterwards(facts, settings, tried, now)
        or _cut_off(facts, settings, now)
        or _dead(facts, settings)
        or _says(facts, settings)
    )


def _failed(facts: Facts, settings: Settings, tried: Tried) -> Verdict[Way] | None:
    if not tried or tried[-1].result != "failed":
        return None
    what = "The rule could not be restored" if tried[-1].action == RESTORE else "The node could not be rebooted"
    return _person(facts, settings, f"{what}: {tried[-1].receipt}")


def _well(facts: Facts, settings: Settings) -> Verdict[Way] | None:
    if facts.probed is None or facts.probed.failed is not None:
        return None
    many = facts.connections or 0
    if many >= NEARLY * CONNECTIONS:
        return _person(
            facts,
            settings,
            f"{facts.cache.id} answers, and has {many:,.0f} of {CONNECTIONS:,} connections: the next clients are refused.",
            "Find who opens connections and does not close them; restarting the application frees them.",
        )
    return Nothing(because=seen(facts.probed), evidence=evidence(facts, settings))


def _unknown(facts: Facts, settings: Settings) -> Verdict[Way] | None:
    if facts.probed is None:
        return _person(
            facts,
            settings,
            f"Whether {facts.cache.id} can be reached is not known, because the probe cannot be asked: {facts.unasked}",
            "remedy status",
        )
    if facts.cache.status == MISSING:
        return _person(facts, settings, f"There is no cache {facts.cache.id}.", "Compare with `terraform output`.")
    return None


def _busy(facts: Facts, settings: Settings) -> Verdict[Way] | None:
    if not facts.cache.status.startswith(BUSY):
        return None
    because = f"{facts.cache.id} is {facts.cache.status}; nothing is done meanwhile."
    return Wait(because=because, for_=AGAIN, evidence=evidence(facts, settings))


def _afterwards(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Way] | None:
    """Say what came of what this run has done: it does one thing, and a person does the next."""
    if not tried:
        return None
    last = tried[-1]
    if last.action == RESTORE and _missing(facts, settings):
        return _person(
            facts,
            settings,
            f"The rule {in_words(settings)} was restored at {clock(last.at)} and is missing again: somebody or something "
            "takes it away.",
            _terraform(settings),
        )
    done = "the rule is back" if last.action == RESTORE else "the node was rebooted"
    if now - last.at < ANSWERS_BY:
        return Wait(
            because=f"Since {done}, {_what_fails(facts)}",
            for_=timedelta(seconds=20),
            evidence=evidence(facts, settings),
        )
    return _person(facts, settings, f"Although {done}, {_what_fails(facts)}", *next_steps(facts, settings))


def _cut_off(facts: Facts, settings: Settings, now: datetime) -> Verdict[Way] | None:
    """Judge a missing rule: packets vanish, so nothing comes back at the layer of TCP."""
    if not _missing(facts, settings) or not _fails(facts, "tcp", "no-answer"):
        return None
    missing = f"{facts.cache.id} cannot be reached: the rule {in_words(settings)} is missing"
    if facts.rules is None:
        return _person(
            facts,
            settings,
            f"{facts.cache.id} cannot be reached: {settings.group} does not exist.",
            _terraform(settings),
        )
    if settings.group not in facts.cache.security_groups:
        groups = ", ".join(facts.cache.security_groups) or "no group"
        return _person(
            facts,
            settings,
            f"{missing}, and {facts.cache.id} is not in {settings.group} but in {groups}.",
            _terraform(settings),
        )
    if facts.removals is None:
        return _person(
            facts,
            settings,
            f"{missing}. Who took it away cannot be seen: CloudTrail does not answer.",
            _terraform(settings),
        )
    people = [each for each in facts.removals if not (each.role and each.by in settings.machines)]
    if people:
        who = people[0]
        return _person(
            facts,
            settings,
            f"{missing}: {who.by} took a rule away ({who.call}) at {clock(who.at)}. That may be meant so; it is not undone.",
            f"Ask {who.by}. To put it back: {_command(settings)}",
        )
    if not facts.removals:
        if facts.missing_since is not None and now - facts.missing_since < TOLD_BY:
            return Wait(
                because=f"{missing}. CloudTrail does not tell yet who took it away; it does within 15 minutes.",
                for_=AGAIN,
                evidence=evidence(facts, settings),
                next_steps=(f"To put it back: {_command(settings)}",),
            )
        return _person(
            facts,
            settings,
            f"{missing}, and CloudTrail knows of nobody who took it away. That may be meant so; it is not undone.",
            f"To put it back: {_command(settings)}",
        )
    machine = facts.removals[0]
    if facts.restored_at is not None and now - facts.restored_at < ONCE_IN:
        return _person(
            facts,
            settings,
            f"{missing} again: it was restored on {clock(facts.restored_at)}, and {machine.by} took it away at "
            f"{clock(machine.at)}. It is restored once in 24 hours.",
            _terraform(settings),
        )
    return Act(
        action=RESTORE,
        target=Way(id=settings.group),
        resource=f"security group {settings.group}",
        because=f"{missing}: {machine.by}, a machine, took it away at {clock(machine.at)}.",
        settle=timedelta(seconds=5),
        evidence=evidence(facts, settings),
        next_steps=(f"To put it back: {_command(settings)}",),
        drift=_terraform(settings),
    )


def _dead(facts: Facts, settings: Settings) -> Verdict[Way] | None:
    """Offer to reboot a single node that is dead or hangs while the way to it is open. It loses what it holds."""
    failed = facts.probed.failed if facts.probed else None
    if failed is None or failed.fault is None or (failed.layer, failed.fault) not in DEAD:
        return None
    cache = facts.cache
    if not cache.single or cache.status != AVAILABLE or _missing(facts, settings):
        return None
    kept = f"the newest snapshot is {facts.saved}" if facts.saved else "there is no snapshot of it"
    hangs = failed.layer != "tcp"
    return Act(
        action=REBOOT,
        target=Way(id=cache.id, node="0001"),
        resource=f"cache {cache.id}",
        because=f"{cache.id} is available to AWS and {'hangs' if hangs else 'dead'}: {failed.because}",
        settle=timedelta(seconds=60),
        evidence=evidence(facts, settings),
        next_steps=next_steps(facts, settings),
        approval=Approval(because=f"A reboot of its only node loses every key that it holds; {kept}."),
        after_snapshot=cache.id if hangs else "",  # an engine that is down cannot be saved any more
    )


def _says(facts: Facts, settings: Settings) -> Verdict[Way]:
    """Hand over what the server says, in plain words, with what is done about it."""
    failed = facts.probed.failed if facts.probed else None
    if failed is not None and failed.fault == "loading":
        return Wait(because=failed.because, for_=AGAIN, evidence=evidence(facts, settings))
    return _person(facts, settings, f"{facts.cache.id}: {_what_fails(facts)}", *next_steps(facts, settings))


def _person(facts: Facts, settings: Settings, because: str, *steps: str) -> Escalate:
    return Escalate(because=because, evidence=evidence(facts, settings), next_steps=steps)


def _what_fails(facts: Facts) -> str:
    failed = facts.probed.failed if facts.probed else None
    if failed is None or failed.fault is None:
        return "it answers."
    return f"the layer {failed.layer} fails. {MEANS[failed.fault]} {failed.because}"


def _fails(facts: Facts, layer: str, fault: Fault) -> bool:
    failed = facts.probed.failed if facts.probed else None
    return failed is not None and (failed.layer, failed.fault) == (layer, fault)


def _missing(facts: Facts, settings: Settings) -> bool:
    return facts.rules is None or not any(opens(rule, settings) for rule in facts.rules)


def _terraform(settings: Settings) -> str:
    return (
        f"Terraform owns the ingress of {settings.group}: its next apply keeps {in_words(settings)} only if the configuration "
        "has it. Run `terraform plan` and look for this group."
    )


def _command(settings: Settings) -> str:
    return (
        f"aws ec2 authorize-security-group-ingress --group-id {settings.group} --protocol tcp --port {settings.port} "
        f"--source-group {settings.source}"
    )

"""What is said of Redis and the way to it."""

from datetime import datetime

from remediation.core.probed import Probed
from restore_redis_access.advice import NEXT
from restore_redis_access.facts import Facts
from restore_redis_access.rule import in_words, opens
from restore_redis_access.settings import Settings


def evidence(facts: Facts, settings: Settings) -> tuple[str, ...]:
    """Return what was seen, layer by layer."""
    return (*_layers(facts), *_cache(facts), _rule(facts, settings), *_load(facts), *facts.events[:5])


def next_steps(facts: Facts, settings: Settings) -> tuple[str, ...]:
    """Return what a person does about the layer that failed."""
    failed = facts.probed.failed if facts.probed else None
    fault = failed.fault if failed else None
    steps = NEXT.get(fault, ()) if fault else ()
    known = {"cache": facts.cache.id, "environment": facts.environment, "group": settings.group}
    return tuple(step.format(**known) for step in steps)


def seen(probed: Probed) -> str:
    """Return what the probe says of a server that is well."""
    state = probed.state
    role = {"master": "primary", "slave": "replica"}[state.role] if state else "server"
    return f"{probed.host}:{probed.port} answers PING; it is a {role}."


def clock(at: datetime) -> str:
    """Return a time as people write it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _layers(facts: Facts) -> tuple[str, ...]:
    if facts.probed is None:
        return (facts.unasked,)
    return tuple(
        f"{step.label}: {step.because}{f' [{step.fault}]' if step.fault else ''}" for step in facts.probed.steps
    )


def _cache(facts: Facts) -> tuple[str, ...]:
    cache = facts.cache
    kept = f"newest snapshot {facts.saved}" if facts.saved else "no snapshot"
    return (f"{cache.id}: {cache.status}, {cache.kind}, {len(cache.nodes)} node(s), {kept}",)


def _rule(facts: Facts, settings: Settings) -> str:
    if facts.rules is None:
        return f"{settings.group} does not exist."
    there = any(opens(rule, settings) for rule in facts.rules)
    restored = f"; restored last on {clock(facts.restored_at)}" if facts.restored_at else ""
    return f"The rule {in_words(settings)} is {'there' if there else 'missing'}{restored}."


def _load(facts: Facts) -> tuple[str, ...]:
    measured = {"connections": facts.connections, "keys evicted": facts.evictions, "% of memory": facts.memory}
    known = [f"{value:,.0f} {name}" for name, value in measured.items() if value is not None]
    return (f"In the last 10 minutes: {', '.join(known)}.",) if known else ()

"""What a person is told: before they agree, what is copied and what is not; afterwards, where it is and how to go on."""

from collections.abc import Iterator

from remediation.aws.caches import Cache
from restore_redis_snapshot.facts import Facts, Recipe

_TERRAFORM = {"cluster": "aws_elasticache_cluster", "group": "aws_elasticache_replication_group"}


def told(recipe: Recipe) -> str:
    """Return a snapshot in a sentence."""
    when = f"{recipe.at:%Y-%m-%d %H:%M} UTC" if recipe.at else "an unknown time"
    return f"{recipe.snapshot} holds {recipe.of} as of {when} ({recipe.size or 'size unknown'})."


def shape(recipe: Recipe) -> str:
    """Return what is made, in a few words."""
    made = f"{recipe.engine} {recipe.version}, {recipe.node_type}"
    if recipe.kind == "cluster":
        return f"a cache cluster ({made})"
    return f"a replication group ({made}, {recipe.shards} shard(s) with {recipe.replicas} replica(s) each)"


def evidence(facts: Facts) -> tuple[str, ...]:
    """Return what was seen, a line each."""
    return tuple(_evidence(facts))


def _evidence(facts: Facts) -> Iterator[str]:
    if (recipe := facts.recipe) is not None:
        yield f"{recipe.snapshot}: {recipe.status}, {recipe.saved} of {recipe.shards} shard(s). {told(recipe)}"
        groups = ", ".join(recipe.security_groups) or "unknown security groups"
        where = f"port {recipe.port}, {recipe.subnet_group}, {groups}, {recipe.parameter_group}"
        yield f"{recipe.of}{' (gone)' if recipe.gone else ''}: {shape(recipe)}, {where}"
    at = f" at {facts.new.host}:{facts.new.port}" if facts.new.host else ""
    yield f"{facts.new.id}: {facts.new.status}{at}"
    if facts.probed is not None:
        yield from (f"{step.label}: {step.because}" for step in facts.probed.steps)


def asked_about(recipe: Recipe, name: str) -> str:
    """Return what a person is asked to agree to."""
    made = f"{name} is made new: {shape(recipe)} with the groups and parameters of {recipe.of}. It costs what {recipe.of} costs"
    return " ".join((f"{made}, until somebody deletes it.", *_not_copied(recipe)))


def _not_copied(recipe: Recipe) -> Iterator[str]:
    if recipe.gone:
        yield f"{recipe.of} is gone, so this is what its snapshot tells, and the security groups of the settings."
        if recipe.kind == "group":
            yield "Whether it spoke TLS or asked for a login is not known: the new one does neither."
    if recipe.token:
        yield f"AWS tells nobody the token of {recipe.of}, so the new one asks for none until one is set."
    if recipe.users:
        yield f"The user groups of {recipe.of} are not copied, so the new one asks for no user until they are set."


def answers(new: Cache, recipe: Recipe) -> str:
    """Return that it is there, and where."""
    open_ = " It asks for no login yet." if recipe.logs_in else ""
    return f"{new.id} is restored from {recipe.snapshot}, and answers at {new.host}:{new.port}.{open_}"


def next_steps(new: Cache, recipe: Recipe) -> tuple[str, ...]:
    """Return the exact commands to go on with."""
    return tuple(_next_steps(new, recipe))


def _next_steps(new: Cache, recipe: Recipe) -> Iterator[str]:
    yield f"terraform import {_TERRAFORM.get(new.kind, _TERRAFORM['group'])}.restored {new.id}  # with a resource block for it"
    if recipe.token:
        yield (
            f"aws elasticache modify-replication-group --replication-group-id {new.id} --auth-token TOKEN"
            " --auth-token-update-strategy SET --apply-immediately"
        )
    if recipe.users:
        yield (
            f"aws elasticache modify-replication-group --replication-group-id {new.id} --user-group-ids-to-add GROUP"
            " --apply-immediately"
        )
    yield f"Let the application use {new.host}:{new.port}: its address is in Terraform, as the output of the cache."


def by_hand(recipe: Recipe, name: str) -> tuple[str, ...]:
    """Return how a person would go on where this cannot."""
    look = f"aws elasticache describe-snapshots --snapshot-name {recipe.snapshot} --show-node-group-config"
    if not recipe.key:
        return (look, "remedy snapshots")
    made = (
        f"aws elasticache create-replication-group --replication-group-id {name} --snapshot-name {recipe.snapshot}"
        f" --replication-group-description restored --kms-key-id {recipe.key} --at-rest-encryption-enabled"
    )
    return (look, made)


def serverless(snapshot: str, name: str) -> str:
    """Return how a person restores the snapshot of a serverless cache."""
    return (
        f"aws elasticache create-serverless-cache --serverless-cache-name {name} --engine redis"
        f" --snapshot-arns-to-restore ARN_OF_{snapshot}"
    )

"""The real Redis of the lab: its way is closed by CI and opened again; and it is emptied, saved before, by two people."""

from collections.abc import Iterator

from remedy.lab import environment, redis
from remedy.lab.scenarios.approval import approve, asked
from remedy.lab.scenarios.scenario import Cue, Line, Scenario, Stage, spoken

CI = "github-actions-terraform"
KEYS = 500
ACCESS, SNAPSHOT, FLUSH = "restore-redis-access", "snapshot-redis", "flush-redis"
RUNBOOKS = (ACCESS, SNAPSHOT, FLUSH)


def _missing() -> str:
    return "" if redis.binary() else redis.MISSING


def _close(stage: Stage) -> Line:
    where, ec2 = environment.redis(stage.lab), stage.lab.client("ec2")
    ec2.revoke_security_group_ingress(GroupId=where.group, IpPermissions=[environment.cache_rule(where.source)])
    stage.lab.trail("RevokeSecurityGroupIngress", where.group, role=CI)
    text = f"CI ({CI}) takes the rule away by which the application gets to Redis: its packages vanish from now on."
    return Line("lab", text, "bad")


def _rules(stage: Stage) -> list[tuple[int, int, str]]:
    group = stage.lab.client("ec2").describe_security_groups(GroupIds=[environment.redis(stage.lab).group])
    return [
        (permission["FromPort"], permission["ToPort"], pair["GroupId"])
        for permission in group["SecurityGroups"][0]["IpPermissions"]
        for pair in permission["UserIdGroupPairs"]
    ]


def _one_rule(stage: Stage) -> Iterator[str]:
    source, port = environment.redis(stage.lab).source, environment.CACHE_PORT
    if _rules(stage) != [(port, port, source)]:
        yield f"The rules of the cache's security group are {_rules(stage)}."
    for outcome in stage.timeline.outcomes:
        if [done.action for done in outcome.acts] != ["restore-rule"]:
            yield f"What was done is {outcome.acts}."
        if not outcome.drift:
            yield "The outcome does not tell that Terraform owns the rule."


def _say(stage: Stage, words: str) -> str:
    return str(stage.lab.world("dependencies/redis/say", {"words": words})["answer"]).strip()


def _fill(stage: Stage) -> Line:
    _say(stage, "FLUSHALL")
    for number in range(KEYS):
        _say(stage, f"SET session:{number} of-the-old-format")
    return Line("lab", f"A deploy left {KEYS} keys in Redis that nobody can read any more.", "bad")


def _ask_for_it(stage: Stage) -> Line:
    why = ("--because", "keys of the old format")
    command = stage.person("ada").begins("invoke", FLUSH, "--target", environment.CACHE, "--apply", *why)
    return Line("person", f"ada: {command}")


def _answered(stage: Stage) -> bool:
    return bool(stage.person("ada").answers)


def _list(stage: Stage) -> Line:
    return spoken(stage, "ada", "snapshots")


def _saved_then_emptied(stage: Stage) -> Iterator[str]:
    if _say(stage, "DBSIZE") != ":0":
        yield f"Redis still has keys: {_say(stage, 'DBSIZE')}."
    snapshots = stage.lab.client("elasticache").describe_snapshots()["Snapshots"]
    if [snapshot["SnapshotStatus"] for snapshot in snapshots] != ["available"]:
        yield f"The snapshots are {[(each['SnapshotName'], each['SnapshotStatus']) for each in snapshots]}."
    order = [outcome.runbook for outcome in stage.timeline.outcomes]
    if order != [SNAPSHOT, FLUSH]:
        yield f"The outcomes came in this order: {', '.join(order)}."
    for person in ("ada", "grace"):
        for answer in stage.person(person).answers:
            if answer.status != 0:
                yield f"{person} could not: {answer.text}"


REDIS_RULE = Scenario(
    name="redis-rule",
    summary="CI takes the rule away by which the application gets to a real Redis. The probe in the VPC sees that packets vanish, "
    "CloudTrail tells that it was no person, and exactly that rule comes back.",
    harm=_close,
    expected=("healed",),
    ended=lambda stage: not stage.ill,
    complaints=_one_rule,
    runbooks=RUNBOOKS,
    probed="redis",
    missing=_missing,
    heals=True,
)

REDIS_SNAPSHOT = Scenario(
    name="redis-snapshot",
    summary="ada wants a real Redis emptied. grace agrees; there is no fresh snapshot, so one is taken and waited for; then "
    "FLUSHALL, verified by DBSIZE.",
    harm=_fill,
    then=(Cue(lambda _: True, _ask_for_it), Cue(asked, approve), Cue(_answered, _list)),
    expected=("healed", "healed"),
    complaints=_saved_then_emptied,
    runbooks=RUNBOOKS,
    probed="redis",
    missing=_missing,
)

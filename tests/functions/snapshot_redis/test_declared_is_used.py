"""The declared permissions are the used ones, statement by statement: each is needed, and nothing else is asked of AWS."""

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from remediation.core.spec import filled
from snapshot_redis.runbook import RUNBOOK
from tests.functions.snapshot_redis.caches import DAY, HOUR, SETTINGS
from tests.functions.snapshot_redis.test_whole_runs import OURS, Night
from tests.support.asked import Asking
from tests.support.iam import Call, evaluate
from tests.support.toy import PLACE

MARK = {"aws:ResourceTag/ManagedBy": "remediation"}
FEW = replace(SETTINGS, keep=3, keep_for=2 * DAY)


def asked(night: Night) -> list[Call]:
    """Return what IAM is asked when a cache is saved, and then the oldest of its snapshots deleted; these bear our tag."""
    for days in range(4):
        night.world.kept(f"remedy-{days}", "dev-redis", days * DAY + 25 * HOUR, tags=OURS)
    for n in range(2):
        outcome = night.run()
        assert outcome.status == "healed", outcome.text()
        night.later(f"later-{n}", timedelta(hours=1))
    asking = Asking(PLACE)
    calls = [
        call for made in night.aws.calls.made for call in asking.calls(made.service, made.operation, made.parameters)
    ]
    return [
        Call(each.action, each.resource, {**each.context, **(MARK if "Delete" in each.action else {})})
        for each in calls
    ]


def worlds() -> tuple[Night, ...]:
    """Return a night for each kind of cache."""
    cluster, group, serverless = (
        Night(settings=FEW),
        Night(cluster=False, settings=FEW),
        Night(cluster=False, settings=FEW),
    )
    group.world.group("dev-redis", shards=3, clustered=True)
    serverless.world.serverless["dev-redis"] = {"ServerlessCacheName": "dev-redis", "Status": "available"}
    return cluster, group, serverless


def statements() -> list[dict[str, Any]]:
    return [
        {"Effect": "Allow", "Action": each.action, "Resource": each.on, "Condition": each.when}
        for allow in (*RUNBOOK.reads, *RUNBOOK.writes)
        for each in filled(allow, PLACE, FEW)
    ]


def test_every_call_is_allowed_and_every_statement_is_needed() -> None:
    calls = [call for night in worlds() for call in asked(night)]
    assert [call for call in calls if not evaluate(call, statements()).allowed] == []
    unused = [each for each in statements() if not any(evaluate(call, [each]).allowed for call in calls)]
    assert unused == []


def test_nothing_is_deleted_that_lacks_our_name_or_our_tag() -> None:
    here = f"arn:aws:elasticache:{PLACE.region}:{PLACE.account}"
    for kind, action in (("snapshot", "DeleteSnapshot"), ("serverlesscachesnapshot", "DeleteServerlessCacheSnapshot")):
        ours, theirs = f"{here}:{kind}:remedy-dev-redis-202611230340", f"{here}:{kind}:before-migration"
        other = {"aws:ResourceTag/ManagedBy": "terraform"}
        for thing, tags, may in ((ours, MARK, True), (ours, other, False), (ours, {}, False), (theirs, MARK, False)):
            assert evaluate(Call(f"elasticache:{action}", thing, tags), statements()).allowed is may, (thing, tags)

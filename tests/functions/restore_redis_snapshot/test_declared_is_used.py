"""The declared permissions are the used ones, statement by statement: each is needed, and nothing else is asked of AWS."""

from typing import Any

from remediation.core.spec import Allow, filled
from restore_redis_snapshot.runbook import RUNBOOK
from tests.functions.restore_redis_snapshot.nights import SETTINGS, Night
from tests.support.asked import Asking
from tests.support.iam import Call, evaluate
from tests.support.toy import PLACE


def allows() -> list[tuple[Allow, dict[str, Any]]]:
    """Return every declared permission, with the statement that it becomes."""
    return [
        (each, {"Effect": "Allow", "Action": each.action, "Resource": each.on, "Condition": each.when})
        for allow in (*RUNBOOK.reads, *RUNBOOK.writes)
        for each in filled(allow, PLACE, SETTINGS)
    ]


def test_the_declared_permissions_are_the_used_ones() -> None:
    calls: list[Call] = []
    for night in (Night().cluster(), Night().group()):
        assert night.run().status == "healed"
        asking = Asking(PLACE)
        calls += [
            call
            for made in night.aws.calls.made
            for call in asking.calls(made.service, made.operation, made.parameters)
        ]
        calls += asking.calls("lambda", "Invoke", {"FunctionName": "dev-probe-dependencies:live"})
    statements = [statement for _, statement in allows()]
    assert [call for call in calls if not evaluate(call, statements).allowed] == []
    unused = [allow for allow, statement in allows() if not any(evaluate(call, [statement]).allowed for call in calls)]
    assert unused == []


def test_it_may_make_nothing_under_the_name_of_a_cache_and_delete_nothing_at_all() -> None:
    statements = [statement for _, statement in allows()]
    for thing in ("cluster:dev-redis", "replicationgroup:dev-redis", "cluster:prod-restored-1"):
        for action in ("CreateCacheCluster", "CreateReplicationGroup", "AddTagsToResource"):
            call = Call(f"elasticache:{action}", f"arn:aws:elasticache:us-east-1:{PLACE.account}:{thing}", {})
            assert not evaluate(call, statements).allowed
    assert not [allow for allow, _ in allows() if "Delete" in allow.action or "Modify" in allow.action]

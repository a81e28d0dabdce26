"""The declared permissions are the used ones, statement by statement: each is needed, and nothing else is asked of AWS."""

from typing import Any

from backup_database.runbook import RUNBOOK
from remediation.core.spec import filled
from tests.functions.backup_database.worlds import SETTINGS, Night
from tests.support.asked import Asking
from tests.support.iam import Call, evaluate
from tests.support.toy import PLACE


def statements() -> list[dict[str, Any]]:
    """Return every declared permission as a statement."""
    return [
        {"Effect": "Allow", "Action": each.action, "Resource": each.on, "Condition": each.when}
        for allow in (*RUNBOOK.reads, *RUNBOOK.writes)
        for each in filled(allow, PLACE, SETTINGS)
    ]


def test_the_declared_permissions_are_the_used_ones() -> None:
    night, asking = Night(), Asking(PLACE)
    assert night.run().status == "healed"
    calls = [call for made in night.calls.made for call in asking.calls(made.service, made.operation, made.parameters)]
    assert [call for call in calls if not evaluate(call, statements()).allowed] == []
    unused = [each for each in statements() if not any(evaluate(call, [each]).allowed for call in calls)]
    assert unused == []


def test_the_writers_secret_and_another_environments_writer_are_out_of_its_reach() -> None:
    here = f"{PLACE.region}:{PLACE.account}"
    for action, on in (
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{here}:secret:dev/atlas-writer-AbCdEf"),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{here}:function:prod-atlas-writer:save"),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{here}:function:dev-atlas-writer:allow"),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{here}:function:dev-atlas-writer:live"),
    ):
        assert not evaluate(Call(action, on, {}), statements()).allowed

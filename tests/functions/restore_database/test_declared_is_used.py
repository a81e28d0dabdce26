"""The declared permissions are the used ones, statement by statement: each is needed, and nothing else is asked of AWS."""

from typing import Any

import pytest

from remediation.core.spec import filled
from restore_database.runbook import RUNBOOK
from restore_database.settings import Settings
from tests.functions.restore_database.worlds import BY_PARAMETER, SETTINGS, Night
from tests.support.asked import Asking
from tests.support.iam import Call, evaluate
from tests.support.toy import PLACE


def statements(settings: Settings = SETTINGS) -> list[dict[str, Any]]:
    """Return every declared permission as a statement."""
    return [
        {"Effect": "Allow", "Action": each.action, "Resource": each.on, "Condition": each.when}
        for allow in (*RUNBOOK.reads, *RUNBOOK.writes)
        for each in filled(allow, PLACE, settings)
    ]


@pytest.mark.parametrize("settings", [SETTINGS, BY_PARAMETER], ids=["a secret", "a parameter"])
def test_the_declared_permissions_are_the_used_ones(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    night, asking = Night(monkeypatch, settings=settings), Asking(PLACE)
    night.agreed()
    assert night.run().status == "healed"
    calls = [call for made in night.calls.made for call in asking.calls(made.service, made.operation, made.parameters)]
    assert [call for call in calls if not evaluate(call, statements(settings)).allowed] == []
    unused = [each for each in statements(settings) if not any(evaluate(call, [each]).allowed for call in calls)]
    assert unused == []


def test_the_writers_secret_is_out_of_its_reach_and_no_secret_can_be_changed() -> None:
    here = f"{PLACE.region}:{PLACE.account}"
    for action, on in (
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{here}:secret:dev/atlas-writer-AbCdEf"),
        ("secretsmanager:PutSecretValue", SETTINGS.secret),
        ("secretsmanager:UpdateSecretVersionStage", SETTINGS.secret),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{here}:function:prod-atlas-writer:restore"),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{here}:function:dev-atlas-writer:allow"),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{here}:function:dev-atlas-writer:live"),
    ):
        assert not evaluate(Call(action, on, {}), statements()).allowed


def test_of_a_secret_and_a_parameter_only_the_one_that_is_configured_may_be_read() -> None:
    here = f"arn:aws:ssm:{PLACE.region}:{PLACE.account}:parameter"
    by_secret, by_parameter = statements(), statements(BY_PARAMETER)
    assert not any(each["Action"] == "ssm:GetParameter" for each in by_secret)
    assert not evaluate(Call("secretsmanager:GetSecretValue", SETTINGS.secret, {}), by_parameter).allowed
    assert evaluate(Call("ssm:GetParameter", f"{here}/dev/starttech/mongodb-uri", {}), by_parameter).allowed
    assert not evaluate(Call("ssm:GetParameter", f"{here}/dev/starttech/another", {}), by_parameter).allowed

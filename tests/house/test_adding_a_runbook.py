"""docs/adding-a-runbook.md is carried out: one folder, one line, and everything else follows."""

import json
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from remediation.core.spec import AnyRunbook
from stacks import runbook_function
from stacks.catalog import CATALOG
from stacks.config import DIRECTORY, Config, load
from tests.conftest import ROOT
from tests.house import rules
from tests.stacks.template import Properties, Synthesis, Template, synthesise

PAGE = (ROOT / "docs" / "adding-a-runbook.md").read_text()
FILES = re.findall(r"```python file=functions/(\S+)\n(.*?)```", PAGE, re.DOTALL)
(SETTINGS,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
NAME = "enable-alarm-actions"


class Added(Struct, frozen=True):
    """What following the page came to."""

    runbook: AnyRunbook
    functions: Path
    config: Config
    synthesis: Synthesis

    @property
    def template(self) -> Template:
        return self.synthesis.templates[0]


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Added]:
    """Follow the page, beside the real rooms and in a copy of dev's config."""
    root = tmp_path_factory.mktemp("added")
    functions, config = root / "functions", root / "config"
    functions.mkdir()
    config.mkdir()
    for room in (ROOT / "functions").iterdir():
        (functions / room.name).symlink_to(room)
    for name, text in FILES:
        (functions / name).parent.mkdir(exist_ok=True)
        (functions / name).write_text(text)
    (config / "dev.toml").write_text(f"{(DIRECTORY / 'dev.toml').read_text()}\n{SETTINGS}")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(functions))
        patch.setattr(runbook_function, "FUNCTIONS", functions)
        runbook = import_module("enable_alarm_actions.runbook").RUNBOOK
        catalog = (*CATALOG, runbook)
        dev = load("dev", catalog, config)
        acting = replace(dev, runbooks=dict(dev.runbooks) | {NAME: replace(dev.runbooks[NAME], mode="act")})
        yield Added(runbook, functions, dev, synthesise(dev, acting, catalog=catalog))
    for name in [name for name in sys.modules if name.startswith("enable_alarm_actions")]:
        del sys.modules[name]


def test_the_page_makes_a_room_and_a_line() -> None:
    assert {name for name, _ in FILES} == {
        f"enable_alarm_actions/{file}" for file in ("__init__.py", "handler.py", "runbook.py")
    }
    assert "+CATALOG: tuple[AnyRunbook, ...] = (RESTART_UNHEALTHY_TARGETS, ENABLE_ALARM_ACTIONS)" in PAGE


def test_it_keeps_the_rules_of_the_house(added: Added) -> None:
    rules.is_a_room(added.runbook, added.functions)
    rules.has_the_common_handler(added.runbook, added.functions)
    for rule in rules.RULES:
        rule(added.runbook)
    rules.fits_an_environment(added.runbook, added.config.place, added.config.runbooks[NAME].settings)


def test_it_has_a_function_of_its_own_with_its_own_room(added: Added) -> None:
    function = added.template.one("Lambda::Function", FunctionName=f"dev-{NAME}")
    assert function["Handler"] == "enable_alarm_actions.handler.handler"
    assert added.template.one("Logs::LogGroup", LogGroupName=f"/aws/lambda/dev-{NAME}")
    assert added.template.one("SQS::Queue", QueueName=f"dev-remediation-{NAME}-dlq")
    assert added.template.one("Lambda::Alias", FunctionName=f"Lambda::Function dev-{NAME}")["Name"] == "live"


def test_its_rule_starts_its_alias_every_hour(added: Added) -> None:
    rule = added.template.one("Events::Rule", Name=f"dev-remediation-{NAME}-schedule1")
    assert rule["ScheduleExpression"] == "rate(60 minutes)"
    assert "EventPattern" not in rule
    assert rule["Targets"][0]["DeadLetterConfig"] == {"Arn": f"SQS::Queue dev-remediation-{NAME}-dlq.Arn"}


def test_its_role_may_read_and_in_observe_nothing_more(added: Added) -> None:
    look = {"Action": "cloudwatch:DescribeAlarms", "Effect": "Allow", "Resource": "*"}
    alarms = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:dev-*"
    act = {"Action": "cloudwatch:EnableAlarmActions", "Effect": "Allow", "Resource": alarms}
    observing, acting = added.synthesis.templates
    assert own_statements(observing) == [look]
    assert own_statements(acting) == [look, act]


def own_statements(template: Template) -> list[Properties]:
    (role,) = [one for one in template.all("IAM::Role") if one["Description"].startswith(NAME)]
    (policy,) = [policy for policy in role["Policies"] if policy["PolicyName"] == "runbook"]
    statements: list[Properties] = policy["PolicyDocument"]["Statement"]
    return statements


def test_it_is_watched_and_has_its_row(added: Added) -> None:
    names = {alarm["AlarmName"] for alarm in added.template.all("CloudWatch::Alarm")}
    assert {f"dev-remediation-{NAME}-{watch}" for watch in ("dlq", "errors", "throttles", "timed-out")} <= names
    widgets = json.loads(added.template.one("CloudWatch::Dashboard")["DashboardBody"])["widgets"]
    titles = [widget["properties"]["markdown"] for widget in widgets if widget["type"] == "text"]
    rows = [title.split()[1] for title in titles]
    assert rows[: len(CATALOG) + 1] == [*(runbook.name for runbook in CATALOG), NAME]


def test_nothing_has_to_be_acknowledged_by_hand(added: Added) -> None:
    assert added.synthesis.violations == []

"""The rules of the house: what has to be true of every runbook, whoever adds it. Each raises AssertionError."""

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path

from msgspec import Struct

from remediation.core.routing import matches
from remediation.core.spec import YIELDS, Allow, AnyRunbook, Every, Manual, OnAlarm, OnAsgEvent, Place, fill, filled
from remediation.core.triggers import ASG_EVENTS, AsgEvent
from stacks.names import Names

ONLY_STAR = re.compile(
    r"(autoscaling|ec2|elasticloadbalancing):Describe[A-Za-z]+"
    r"|cloudwatch:(DescribeAlarms|GetMetricData|GetMetricStatistics)"
    r"|ssm:(DescribeInstanceInformation|GetCommandInvocation)"
    r"|cloudtrail:LookupEvents"
    r"|(elasticache|health):DescribeEvents"
)
"""Actions that AWS lets nobody narrow to a resource, or that list (FACTS.md, section 3). None changes anything."""
_READ = re.compile(r"(BatchGet|Describe|Get|Head|List|Lookup|Query|Simulate)[A-Z]?")
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_ACTION = re.compile(r"[a-z0-9-]+:[A-Z][A-Za-z0-9]+")
SHORTEST_WHY = 150
LONGEST_NAME = 32
"""Of a runbook, so that every physical name made of it stays within 64 characters."""


def is_a_room(runbook: AnyRunbook, functions: Path) -> None:
    """Check that the folder is the name, and holds the runbook and why there is one."""
    assert _NAME.fullmatch(runbook.name), f"{runbook.name}: words in lower case, with hyphens"
    assert len(runbook.name) <= LONGEST_NAME
    assert (functions / runbook.package / "__init__.py").is_file()
    module = import_module(f"{runbook.package}.runbook")
    assert module.RUNBOOK is runbook
    assert len(inspect.cleandoc(module.__doc__ or "")) >= SHORTEST_WHY, (
        f"{runbook.name}: say why, and the domain's rule"
    )
    assert runbook.summary.strip()


def has_the_common_handler(runbook: AnyRunbook, functions: Path) -> None:
    """Check that handler.py is two imports and the one line that makes the handler."""
    module = ast.parse((functions / runbook.package / "handler.py").read_text())
    code = [node for node in module.body if not isinstance(node, ast.Expr)]
    wanted = f"""
from remediation.adapters.handler import lambda_handler
from {runbook.package}.runbook import RUNBOOK
handler = lambda_handler(RUNBOOK)
"""
    assert sorted(map(ast.unparse, code)) == sorted(map(ast.unparse, ast.parse(wanted).body))


def asks_for_no_more_than_it_needs(runbook: AnyRunbook) -> None:
    """Check the shape of the permissions: reads that read, writes on something, and no wildcard where none has to be."""
    for allow in (*runbook.reads, *runbook.writes):
        assert _ACTION.fullmatch(allow.action), f"{allow.action}: one action, without a wildcard"
        if allow.on == "{each}":
            continue  # an ARN of the configuration
        if allow.on == "*":
            assert ONLY_STAR.fullmatch(allow.action), f"{allow.action}: name the resource"
        else:
            assert allow.on.startswith("arn:aws:"), f"{allow.on}: not an ARN"
            assert allow.on.split(":", 5)[5].strip("*"), f"{allow.on}: every resource of a service"
    for allow in runbook.reads:
        assert _READ.match(allow.action.partition(":")[2]) or _only_looks(runbook, allow), f"{allow.action}: not a read"
    for allow in runbook.writes:
        assert allow.on != "*", f"{allow.action}: changes whatever it likes"


def _only_looks(runbook: AnyRunbook, allow: Allow) -> bool:
    """Tell whether it is the probe that is asked, or a command is sent with an own document that changes nothing, or names its targets."""
    if allow.action == "lambda:InvokeFunction":
        return allow.on.endswith(":function:{environment}-probe-dependencies:live")
    if allow.action != "ssm:SendCommand":
        return False
    looks = tuple(f"-remediation-{document.name}" for document in runbook.documents if not document.mutates)
    return allow.on.endswith(looks) or (":instance/" in allow.on and bool(allow.when))


def keeps_looking_and_acting_apart(runbook: AnyRunbook) -> None:
    """Check that a document which changes something may be sent only where the runbook may write."""
    for document in runbook.documents:
        name = f"document/{{environment}}-remediation-{document.name}"
        senders = [allow.on for allow in runbook.writes if allow.action == "ssm:SendCommand"]
        lookers = [allow.on for allow in runbook.reads if allow.action == "ssm:SendCommand"]
        assert any(on.endswith(name) for on in (senders if document.mutates else lookers)), f"{document.name}: unused"
        assert not document.mutates or not any(on.endswith(name) for on in lookers)


def has_safe_documents(runbook: AnyRunbook) -> None:
    """Check that no value can become text of a script, and that each has to match a whole pattern."""
    for document in runbook.documents:
        assert "{{" not in document.script, f"{document.name}: Systems Manager would put a parameter there"
        for parameter, pattern in document.parameters.items():
            assert re.fullmatch(r"\^.*\$", pattern), f"{document.name} {parameter}: match the whole value"
            for attack in ("a; reboot", "$(reboot)", "`reboot`", "a\nb", "a b"):
                assert not re.search(pattern, attack), f"{document.name} {parameter}: lets {attack!r} pass"


def asks_and_yields_for_what_there_is(runbook: AnyRunbook) -> None:
    """Check that what may ask a person is an action, and that what it yields to is known."""
    assert set(runbook.asks) <= set(runbook.actions), f"{runbook.name}: asks for actions that it does not have"
    assert set(runbook.yields_to) <= set(YIELDS)
    assert len(set(runbook.yields_to)) == len(runbook.yields_to)


def maps_its_triggers_to_its_incident(runbook: AnyRunbook) -> None:
    """Check that what triggers name exists: fields of the incident, fields of events, events that are parsed."""
    assert runbook.triggers
    for trigger in runbook.triggers:
        match trigger:
            case OnAlarm():
                assert set(trigger.incident) <= set(runbook.incident.__struct_fields__)
            case OnAsgEvent():
                assert set(trigger.incident) <= set(runbook.incident.__struct_fields__)
                assert set(trigger.incident.values()) <= set(AsgEvent.__struct_fields__)
                assert set(trigger.detail_types) <= ASG_EVENTS
            case Every():
                runbook.incident()
            case Manual():
                assert set(trigger.example) <= set(runbook.incident.__struct_fields__)


def fits_an_environment(runbook: AnyRunbook, place: Place, settings: Struct) -> None:
    """Check that templates can be filled, that its own alarms start it, and that physical names are short enough."""
    for allow in (*runbook.reads, *runbook.writes):
        for each in filled(allow, place, settings):
            assert "{" not in "".join((each.on, *(text for block in each.when.values() for text in block.values())))
    for alarm in runbook.alarms:
        watched = {name: fill(value, place, settings) for name, value in alarm.dimensions.items()}
        assert any(
            (trigger.namespace, trigger.metric, trigger.where) == (alarm.namespace, alarm.metric, alarm.where)
            and set(trigger.incident.values()) <= set(watched)
            and all(matches(fill(value, place, settings), watched[name]) for name, value in trigger.dimensions.items())
            for trigger in runbook.triggers
            if isinstance(trigger, OnAlarm)
        ), f"{alarm.name} does not start {runbook.name} in {place.environment}"
        assert 1 <= alarm.breach <= alarm.evaluate
        assert (alarm.threshold > 0) != bool(alarm.threshold_from), f"{alarm.name}: say the threshold once"
        assert alarm.limit(settings) > 0, f"{alarm.name}: a threshold of nothing"
    names = Names(place)
    kinds = [names.rule(runbook, "schedule", number) for number, _ in enumerate(runbook.triggers, start=1)]
    assert all(len(name) <= 64 for name in (names.function(runbook), *kinds))


RULES = (
    asks_for_no_more_than_it_needs,
    keeps_looking_and_acting_apart,
    has_safe_documents,
    asks_and_yields_for_what_there_is,
    maps_its_triggers_to_its_incident,
)
"""Those that need nothing but the declaration."""

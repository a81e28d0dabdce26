"""Say what the deployed system would do with an event, offline: the answer of `remedy explain`.

The same code decides here as in AWS: the patterns that the stack deploys, the parser, the gates that need no AWS, and the
runbooks' routing. What is asked first differs where that makes for the more helpful sentence: an alarm of another account
matches no pattern, but it is its account that a person wants to hear of.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias, assert_never

from msgspec import Struct

from remediation.core.deployment import Deployment
from remediation.core.gates import Refusal, before_looking, effective_mode
from remediation.core.narration import clip, describe
from remediation.core.parsing import parse
from remediation.core.routing import route
from remediation.core.spec import AnyRunbook, Manual, OnAlarm, OnAsgEvent, fill
from remediation.core.triggers import AlarmRaised, AsgEvent, Ignored, Invoked, Rejected, Scheduled, Trigger
from remedy.environment import Environment
from remedy.patterns import matches
from remedy.reading import UnreadableError, read_json
from stacks.patterns import Rule, rules

Answer: TypeAlias = Struct | Ignored | Rejected

_AFTER_ROUTING = frozenset({"freshness", "mode"})
"""Gates that only are worth telling of once it is known that a runbook answers the event at all."""


class Explanation(Struct, frozen=True, kw_only=True):
    """What would become of an event. `runbook` is None unless it is routed."""

    status: Literal["routed", "ignored", "rejected"]
    runbook: str | None
    because: str


def explain_file(path: Path, environment: Environment, at: datetime | None) -> Explanation:
    """Explain what is in a file, whatever that is."""
    try:
        event = read_json(path)
    except UnreadableError as error:
        return _rejected(str(error))
    return explain(event, environment, at)


def explain(event: object, environment: Environment, at: datetime | None = None) -> Explanation:
    """Explain an event (parsed JSON) as if it came at `at`, or else at its own time."""
    match parse(event):
        case Rejected(because=because):
            return _rejected(because)
        case Ignored(because=because):
            return _ignored(because)
        case Invoked() as invoked:
            return _of_payload(invoked, environment, at or _EPOCH)
        case trigger:
            assert isinstance(event, dict)
            return _of_event(event, trigger, environment, at or _own_time(trigger))


_EPOCH = datetime.fromtimestamp(0, UTC)


def _own_time(trigger: AlarmRaised | AsgEvent | Scheduled) -> datetime:
    return trigger.sent_at or _EPOCH  # without a time of its own, the freshness gate lets nothing pass anyway


# ------------------------------------------------------------------------------------------- events and SNS messages


def _of_event(
    event: dict[str, Any], trigger: AlarmRaised | AsgEvent | Scheduled, environment: Environment, now: datetime
) -> Explanation:
    refusals = {runbook.name: _gates(runbook, trigger, environment, now) for runbook in _all(environment)}
    for refusal in refusals.values():
        if refusal is not None and refusal.gate not in _AFTER_ROUTING:
            return _ignored(refusal.because)
    answers = [(runbook, _answer(event, runbook, trigger, environment)) for runbook in _all(environment)]
    started = [runbook for runbook, answer in answers if not isinstance(answer, Ignored | Rejected)]
    if not started:
        return _unanswered(answers, trigger, environment)
    passed = [runbook for runbook in started if refusals[runbook.name] is None]
    if not passed:
        return _ignored(next(refusal.because for runbook in started if (refusal := refusals[runbook.name])))
    also = [*_also([runbook.name for runbook in passed[1:]]), *_unlisted(event, passed[0], environment)]
    return _routed(passed[0], trigger, environment, also)


def _gates(runbook: AnyRunbook, trigger: Trigger, environment: Environment, now: datetime) -> Refusal | None:
    return before_looking(trigger, environment.deployment(runbook), now)


def _answer(event: dict[str, Any], runbook: AnyRunbook, trigger: Trigger, environment: Environment) -> Answer:
    """Return the runbook's incident in an event that EventBridge delivers to it, or why there is none."""
    settings = environment.settings(runbook)
    answer = route(runbook, trigger, environment.place, settings)
    if isinstance(answer, Ignored | Rejected) or "detail-type" not in event:
        return answer  # SNS delivers to whom it is subscribed, whatever the patterns say
    deployed = rules(runbook, environment.place, settings)
    if any(_delivers(event, runbook, rule, number, environment) for number, rule in enumerate(deployed, start=1)):
        return answer
    return Ignored(
        because=f"No rule of {environment.place.environment} matches the event, so nothing is started by it."
    )


def _delivers(event: dict[str, Any], runbook: AnyRunbook, rule: Rule, number: int, environment: Environment) -> bool:
    if rule.pattern is not None:
        return matches(rule.pattern, event)
    name = environment.names.rule(runbook, rule.kind, number)
    resources = event.get("resources")
    return isinstance(resources, list) and environment.names.arn("events", f"rule/{name}") in resources


def _unanswered(
    answers: list[tuple[AnyRunbook, Answer]], trigger: AlarmRaised | AsgEvent | Scheduled, environment: Environment
) -> Explanation:
    """Say why no runbook is started: in the words of one that answers this kind of thing, if there is one."""
    for runbook, answer in answers:
        if isinstance(answer, Rejected):
            return _rejected(answer.because)
        if isinstance(answer, Ignored) and _concerns(runbook, trigger, environment):
            return _ignored(answer.because)
    where = environment.place.environment
    match trigger:
        case AlarmRaised(metric=None):
            because = f"The alarm {trigger.alarm!r} does not watch one plain metric, so no runbook follows."
        case AlarmRaised(metric=metric):
            assert metric is not None
            because = f"No runbook of {where} answers the metric {metric.namespace} {metric.name}."
        case AsgEvent():
            because = f"No runbook of {where} is started by {trigger.detail_type!r}."
        case Scheduled():
            because = f"The schedule is none of {where}'s runbooks'."
        case _:
            assert_never(trigger)
    return _ignored(because)


def _concerns(runbook: AnyRunbook, trigger: AlarmRaised | AsgEvent | Scheduled, environment: Environment) -> bool:
    match trigger:
        case AlarmRaised(metric=metric) if metric is not None:
            settings = environment.settings(runbook)
            watched = {
                (fill(spec.namespace, environment.place, settings), spec.metric)
                for spec in runbook.triggers_in(settings)
                if isinstance(spec, OnAlarm)
            }
            return (metric.namespace, metric.name) in watched
        case AsgEvent():
            specs = [spec for spec in runbook.triggers if isinstance(spec, OnAsgEvent)]
            return any(trigger.detail_type in spec.detail_types for spec in specs)
        case _:
            return False


# -------------------------------------------------------------------------------------------------- manual payloads


def _of_payload(invoked: Invoked, environment: Environment, now: datetime) -> Explanation:
    manual = [runbook for runbook in _all(environment) if any(isinstance(spec, Manual) for spec in runbook.triggers)]
    named = [runbook for runbook in manual if set(invoked.payload) & set(runbook.incident.__struct_fields__)]
    answers = [
        (runbook, route(runbook, invoked, environment.place, environment.settings(runbook))) for runbook in named
    ]
    fitting = [runbook for runbook, answer in answers if not isinstance(answer, Ignored | Rejected)]
    if len(fitting) > 1:
        names = ", ".join(runbook.name for runbook in fitting)
        return _rejected(f"The payload fits more than one runbook ({names}); only whom it is sent to says which.")
    if not fitting:
        return _unfitting([answer for _, answer in answers], invoked)
    refusal = _gates(fitting[0], invoked, environment, now)
    return _ignored(refusal.because) if refusal else _routed(fitting[0], invoked, environment, [])


def _unfitting(answers: list[Answer], invoked: Invoked) -> Explanation:
    for answer in answers:
        if isinstance(answer, Ignored):
            return _ignored(answer.because)
    for answer in answers:
        if isinstance(answer, Rejected):
            return _rejected(answer.because)
    said = f"no runbook takes {next(iter(invoked.payload))!r}" if invoked.payload else "it says nothing"
    return _rejected(f"This is neither an event of EventBridge or SNS nor the payload of a manual invocation: {said}.")


# ---------------------------------------------------------------------------------------------------------- answers


def _routed(runbook: AnyRunbook, trigger: Trigger, environment: Environment, also: list[str]) -> Explanation:
    because = " ".join([*_story(runbook, trigger, environment.deployment(runbook)), *also])
    return Explanation(status="routed", runbook=runbook.name, because=clip(because))


def _story(runbook: AnyRunbook, trigger: Trigger, deployment: Deployment) -> Iterator[str]:
    what = describe(trigger)
    yield f"{what[0].upper()}{what[1:]} starts {runbook.name}."
    if isinstance(trigger, Invoked) and not trigger.apply:
        yield "It answers the plan only, and changes nothing."
    elif effective_mode(trigger, deployment) == "act":
        yield "It looks, and acts if that finds something to do and the ledger admits it."
    else:
        kept = "A rehearsed event" if deployment.mode == "act" else f"The mode {deployment.mode}"
        yield f"It looks, and says what it would do. {kept} changes nothing."


def _also(others: list[str]) -> Iterator[str]:
    if others:
        yield f"It also starts {', '.join(others)}."


def _unlisted(event: dict[str, Any], runbook: AnyRunbook, environment: Environment) -> Iterator[str]:
    """Say that a topic is not one that starts the runbook, if the message names its topic."""
    topic = _topic(event)
    if topic and topic not in environment.config.runbooks[runbook.name].alarm_topics:
        where = f"config/{environment.place.environment}.toml"
        yield f"Nothing delivers it yet, though: {topic} is not among its `alarm_topics` in {where}."


def _topic(event: dict[str, Any]) -> str:
    match event:
        case {"TopicArn": str() as topic} | {"Records": [{"Sns": {"TopicArn": str() as topic}}]}:
            return topic
        case _:
            return ""


def _ignored(because: str) -> Explanation:
    return Explanation(status="ignored", runbook=None, because=clip(because))


def _rejected(because: str) -> Explanation:
    return Explanation(status="rejected", runbook=None, because=clip(because))


def _all(environment: Environment) -> list[AnyRunbook]:
    return list(environment.runbooks.values())

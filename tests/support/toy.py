"""A house with lamps: the toy world that a toy runbook heals, and the events that start it.

A lamp is lit, dark, warming up or without power; `tap` and `replace` are the two rungs of its ladder. Whether an act
cures a lamp is up to the test, and everything that is done to a lamp is recorded, so that a test can say what must not
have happened.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

from remediation.core.errors import AwsError
from remediation.core.spec import AnyRunbook, Every, Guardrails, Manual, OnAlarm, OnAsgEvent, Place, Runbook
from remediation.core.verdict import Act, Attempt, Escalate, Nothing, Target, Verdict, Wait
from tests.support.steps import NIGHT

LampState: TypeAlias = Literal["lit", "dark", "warming", "no power"]


class Settings(Struct, frozen=True, kw_only=True):
    house: str = "dev-house"


class Incident(Struct, frozen=True, kw_only=True):
    house: str = "dev-house"
    because_of: str = ""


class Lamp(Struct, frozen=True, kw_only=True):
    id: str
    state: LampState


class Facts(Struct, frozen=True, kw_only=True):
    """`looks` counts the looks at the world so far, this one too."""

    looks: int
    lamps: tuple[Lamp, ...]


class Bulb(Target, frozen=True, kw_only=True):
    """The lamp that was judged, with what it was judged by."""

    state: LampState


@dataclass
class House:
    """The toy world: what `aws` is to a real runbook.

    `cures` says which act on which lamp helps: it is lit from then on, or after one more look where `slowly`.
    """

    lamps: dict[str, LampState] = field(default_factory=lambda: {"lamp-1": "dark", "lamp-2": "lit"})
    cures: set[tuple[str, str]] = field(default_factory=lambda: {("tap", "lamp-1")})
    done: list[tuple[str, str]] = field(default_factory=list)
    looks: int = 0
    blind: bool = False
    fails: dict[str, Exception] = field(default_factory=dict)
    on_look: Callable[[int], None] = lambda _: None

    @property
    def acting(self) -> "House":
        """What changes something."""
        return self

    @property
    def patient(self) -> "House":
        """What changes something, and takes its time for it."""
        return self

    def look(self) -> Facts:
        self.looks += 1
        self.on_look(self.looks)
        if self.blind:
            raise AwsError("The house cannot be seen.", operation="house:Look", code="AccessDenied")
        return Facts(looks=self.looks, lamps=tuple(Lamp(id=id_, state=state) for id_, state in self.lamps.items()))

    def do(self, action: str, lamp: str) -> str:
        if action in self.fails:
            raise self.fails[action]
        self.done.append((action, lamp))
        if (action, lamp) in self.cures:
            self.lamps[lamp] = "lit"
        return f"{action} answered 200."


SETTLE = timedelta(seconds=90)


def diagnose(aws: House, settings: Settings, incident: Incident) -> Facts:
    assert incident.house == settings.house, "scope lets no other house pass"
    return aws.look()


def decide(facts: Facts, settings: Settings, tried: tuple[Attempt[Target], ...], now: datetime) -> Verdict[Target]:
    """Tap a dark lamp, then replace it, then call the application team."""
    assert now.tzinfo is not None
    for lamp in facts.lamps:
        if lamp.state == "no power":
            return Escalate(
                because=f"{lamp.id} has no power.",
                evidence=("The fuse is out.",),
                next_steps=("Put the fuse back.",),
                team="database",
            )
    dark = [lamp for lamp in facts.lamps if lamp.state == "dark"]
    for lamp in dark:
        for action in ("tap", "replace"):
            if (action, lamp.id) not in [(attempt.action, attempt.target.id) for attempt in tried]:
                return Act(
                    action=action,
                    target=Bulb(id=lamp.id, state=lamp.state),
                    resource=settings.house,
                    because=f"{lamp.id} is dark.",
                    settle=SETTLE,
                )
    if dark:
        return Escalate(because=f"{dark[0].id} stays dark whatever is done.", team="application")
    warming = [lamp.id for lamp in facts.lamps if lamp.state == "warming"]
    if warming:
        return Wait(because=f"{warming[0]} is warming up.", for_=timedelta(seconds=60))
    return Nothing(because="Every lamp is lit.")


def scope(incident: Incident, settings: Settings, place: Place) -> str | None:
    return None if incident.house == settings.house else f"the house {incident.house!r} is not {settings.house!r}"


def _action(name: str) -> Callable[[House, Settings, Target], str]:
    return lambda aws, _settings, target: aws.acting.do(name, target.id)


LIGHT_THE_LAMPS: Runbook[Settings, Incident, Facts, Target] = Runbook(
    name="light-the-lamps",
    team="infrastructure",
    summary="Lights lamps that went dark",
    settings=Settings,
    incident=Incident,
    facts=Facts,
    triggers=(
        OnAlarm(namespace="House", metric="DarkLamps", dimensions={"House": "{house}"}, incident={"house": "House"}),
        OnAsgEvent(
            detail_types=("EC2 Instance Launch Unsuccessful",),
            group="{environment}-house*",
            incident={"house": "group"},
        ),
        Every(minutes=5),
        Manual(example={"house": "dev-house"}),
    ),
    reads=(),
    writes=(),
    guardrails=Guardrails(heal_within=timedelta(minutes=10)),
    scope=scope,
    diagnose=diagnose,
    decide=decide,
    actions={name: _action(name) for name in ("tap", "replace")},
)


def scripted(*verdicts: Verdict[Target], guardrails: Guardrails | None = None) -> AnyRunbook:
    """Return the runbook with a `decide` that answers the nth verdict to the nth look, and the last one ever after."""

    def answer(
        facts: Facts, _settings: Settings, _tried: tuple[Attempt[Target], ...], _now: datetime
    ) -> Verdict[Target]:
        return verdicts[min(facts.looks, len(verdicts)) - 1]

    return replace(LIGHT_THE_LAMPS, decide=answer, guardrails=guardrails or LIGHT_THE_LAMPS.guardrails)


def act(
    action: str = "tap", lamp: str = "lamp-1", *, resource: str = "dev-house", settle: timedelta = SETTLE
) -> Act[Target]:
    """Return a verdict of the toy runbook's."""
    return Act(action=action, target=Target(id=lamp), resource=resource, because=f"{lamp} is dark.", settle=settle)


# ------------------------------------------------------------------------------------------------------- the events


PLACE = Place(environment="dev", account="123456789012", region="us-east-1")


def instant(at: datetime) -> str:
    """Write an instant as CloudWatch does."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"


def alarm_event(
    *,
    at: datetime = NIGHT,
    state: str = "ALARM",
    previous: str | None = "OK",
    name: str = "dark-lamps",
    dimensions: dict[str, str] | None = None,
    source: str = "aws.cloudwatch",
) -> dict[str, Any]:
    """Return the EventBridge event of an alarm's transition, as CloudWatch sends it."""
    metric = {"namespace": "House", "name": "DarkLamps", "dimensions": dimensions or {"House": "dev-house"}}
    detail: dict[str, Any] = {
        "alarmName": name,
        "state": {"value": state, "reason": "Threshold Crossed", "reasonData": "{}", "timestamp": instant(at)},
        "previousState": {"value": previous, "timestamp": instant(at - timedelta(hours=1))},
        "configuration": {
            "metrics": [
                {
                    "id": "m1",
                    "metricStat": {"metric": metric, "period": 60, "stat": "Maximum"},
                    "returnData": True,
                }
            ]
        },
    }
    if previous is None:
        del detail["previousState"]
    return {
        "version": "0",
        "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
        "detail-type": "CloudWatch Alarm State Change",
        "source": source,
        "account": PLACE.account,
        "time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": PLACE.region,
        "resources": [f"arn:aws:cloudwatch:{PLACE.region}:{PLACE.account}:alarm:{name}"],
        "detail": detail,
    }


def asg_event(*, at: datetime = NIGHT, group: str = "dev-house", source: str = "aws.autoscaling") -> dict[str, Any]:
    """Return the EventBridge event of a launch that failed."""
    return {
        "version": "0",
        "id": "468fe059-f4b7-445f-bb22-2a271b94974d",
        "detail-type": "EC2 Instance Launch Unsuccessful",
        "source": source,
        "account": PLACE.account,
        "time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": PLACE.region,
        "resources": [],
        "detail": {
            "StatusCode": "Failed",
            "AutoScalingGroupName": group,
            "ActivityId": "9cabb81f-42de-417d-8aa7-ce16bf026590",
            "EC2InstanceId": "",
            "StatusMessage": "Insufficient capacity",
        },
    }


def scheduled_event(*, at: datetime = NIGHT) -> dict[str, Any]:
    """Return the EventBridge event of a schedule's tick."""
    return {
        "version": "0",
        "id": "cdc73f9d-aea9-11e3-9d5a-835b769c0d9c",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": PLACE.account,
        "time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": PLACE.region,
        "resources": [f"arn:aws:events:{PLACE.region}:{PLACE.account}:rule/every-5"],
        "detail": {},
    }


def sns_body(*, at: datetime = NIGHT, state: str = "ALARM", previous: str = "OK") -> dict[str, Any]:
    """Return what CloudWatch writes into the message of a topic."""
    return {
        "AlarmName": "dark-lamps",
        "AlarmDescription": None,
        "AWSAccountId": PLACE.account,
        "AlarmArn": f"arn:aws:cloudwatch:{PLACE.region}:{PLACE.account}:alarm:dark-lamps",
        "NewStateValue": state,
        "NewStateReason": "Threshold Crossed",
        "StateChangeTime": instant(at),
        "Region": "US East (N. Virginia)",
        "OldStateValue": previous,
        "Trigger": {
            "MetricName": "DarkLamps",
            "Namespace": "House",
            "Statistic": "MAXIMUM",
            "Dimensions": [{"value": "dev-house", "name": "House"}],
            "Period": 60,
        },
    }


def sns_records(message: str) -> dict[str, Any]:
    """Return a message as SNS hands it to Lambda."""
    return {
        "Records": [
            {"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": {"Type": "Notification", "Message": message}}
        ]
    }


def sns_event(**body: Any) -> dict[str, Any]:
    """Return an alarm's transition as SNS hands it to Lambda."""
    return sns_records(msgspec.json.encode(sns_body(**body)).decode())

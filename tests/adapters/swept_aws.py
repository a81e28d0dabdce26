"""The AWS that the sweep sees: CloudWatch, EventBridge and Lambda as strict fakes, for emulators lack what matters here.

Each refuses what the service refuses: prefix and names together, more than ten events in a call, a source of AWS's own, an
answer to a callback that nobody waits for.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from remediation.adapters.clients import Clients
from remediation.core.errors import AwsError
from tests.functions.fakes.strict import Calls, Fake
from tests.support.toy import PLACE


def described(
    name: str, since: datetime, *, state: str = "ALARM", house: str = "dev-house", **more: Any
) -> dict[str, Any]:
    """Return an alarm on the toy's metric as DescribeAlarms answers it."""
    return {
        "AlarmName": name,
        "AlarmArn": f"arn:aws:cloudwatch:{PLACE.region}:{PLACE.account}:alarm:{name}",
        "AlarmDescription": "A lamp is dark.",
        "ActionsEnabled": True,
        "AlarmActions": [],
        "StateValue": state,
        "StateReason": "Threshold Crossed: 2 datapoints.",
        "StateUpdatedTimestamp": since,
        "StateTransitionedTimestamp": since,
        "MetricName": "DarkLamps",
        "Namespace": "House",
        "Statistic": "Maximum",
        "Dimensions": [{"Name": "House", "Value": house}],
        "Period": 60,
        "EvaluationPeriods": 2,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        **more,
    }


class Down(Fake):
    """A fake whose operations can be taken down, with an error code."""

    def __init__(self, calls: Calls, *, acting: bool = False) -> None:
        super().__init__(calls, acting=acting)
        self.down: dict[str, str] = {}

    def _asked(self, operation: str, parameters: Any) -> None:
        super()._asked(operation, parameters)
        if code := self.down.get(operation):
            self._refuse(operation, code, "it is down")


class Paged:
    """A paginator of small pages."""

    def __init__(self, fake: Any, method: str, key: str) -> None:
        self._fake, self._method, self._key = fake, method, key

    def paginate(self, **parameters: Any) -> Iterator[Any]:
        """Yield one thing per page, after an empty page, as CloudWatch may."""
        answer = getattr(self._fake, self._method)(**parameters)
        yield answer | {self._key: []}
        for each in answer[self._key]:
            yield answer | {self._key: [each]}


class CloudWatch(Down):
    service = "cloudwatch"

    def __init__(self, calls: Calls) -> None:
        super().__init__(calls)
        self.alarms: list[dict[str, Any]] = []
        self.metrics: list[dict[str, Any]] = []
        self.mutes: dict[str, list[str]] = {}

    def get_paginator(self, operation: str) -> Paged:
        keys = {
            "describe_alarms": "MetricAlarms",
            "list_metrics": "Metrics",
            "list_alarm_mute_rules": "AlarmMuteRuleSummaries",
        }
        return Paged(self, operation, keys[operation])

    def describe_alarms(self, **asked: Any) -> Any:
        self._asked("DescribeAlarms", asked)
        if "AlarmNames" in asked and {"AlarmNamePrefix", "StateValue"} & set(asked):
            self._refuse("DescribeAlarms", "ValidationError", "AlarmNames and AlarmNamePrefix cannot go together")
        assert asked["AlarmTypes"] == ["MetricAlarm"], "composite alarms take permission on every alarm"
        found = [
            alarm
            for alarm in self.alarms
            if alarm["AlarmName"].startswith(asked.get("AlarmNamePrefix", ""))
            and alarm["AlarmName"] in asked.get("AlarmNames", [alarm["AlarmName"]])
            and alarm["StateValue"] == asked.get("StateValue", alarm["StateValue"])
        ]
        return self._answered("DescribeAlarms", {"MetricAlarms": found, "CompositeAlarms": []})

    def list_metrics(self, **asked: Any) -> Any:
        self._asked("ListMetrics", asked)
        wanted = {(each["Name"], each["Value"]) for each in asked.get("Dimensions", [])}
        found = [
            metric
            for metric in self.metrics
            if metric["Namespace"] == asked["Namespace"]
            and metric["MetricName"] == asked.get("MetricName", metric["MetricName"])
            and wanted <= {(each["Name"], each["Value"]) for each in metric["Dimensions"]}
        ]
        return self._answered("ListMetrics", {"Metrics": found})

    def list_alarm_mute_rules(self, **asked: Any) -> Any:
        self._asked("ListAlarmMuteRules", asked)
        assert asked["Statuses"] == ["ACTIVE"], "a rule that is not active mutes nothing"
        arn = f"arn:aws:cloudwatch:{PLACE.region}:{PLACE.account}:alarm-mute-rule:"
        found = [{"AlarmMuteRuleArn": arn + name, "Status": "ACTIVE"} for name in self.mutes]
        return self._answered("ListAlarmMuteRules", {"AlarmMuteRuleSummaries": found})

    def get_alarm_mute_rule(self, **asked: Any) -> Any:
        self._asked("GetAlarmMuteRule", asked)
        name = asked["AlarmMuteRuleName"]
        answer = {"Name": name, "MuteTargets": {"AlarmNames": self.mutes[name]}, "Status": "ACTIVE"}
        return self._answered("GetAlarmMuteRule", answer)


class Events(Down):
    service = "events"

    def __init__(self, calls: Calls) -> None:
        super().__init__(calls, acting=True)
        self.refused: set[str] = set()
        """Names of alarms whose events EventBridge does not take."""
        self.sent: list[dict[str, Any]] = []
        """As a rule delivers them."""

    def put_events(self, **asked: Any) -> Any:
        self._asked("PutEvents", asked)
        entries = asked["Entries"]
        if len(entries) > 10:
            self._refuse("PutEvents", "ValidationException", "at most 10 entries")
        answers = [self._take(entry) for entry in entries]
        failed = sum("ErrorCode" in answer for answer in answers)
        return self._answered("PutEvents", {"FailedEntryCount": failed, "Entries": answers})

    def _take(self, entry: dict[str, Any]) -> dict[str, str]:
        detail = json.loads(entry["Detail"])
        if entry["Source"].startswith("aws.") or not isinstance(detail, dict):
            return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
        if detail["alarmName"] in self.refused:
            return {"ErrorCode": "InternalFailure", "ErrorMessage": "Try again."}
        self.sent.append(
            {
                "version": "0",
                "id": f"event-{len(self.sent)}",
                "detail-type": entry["DetailType"],
                "source": entry["Source"],
                "account": PLACE.account,
                "region": PLACE.region,
                "time": entry["Time"].strftime("%Y-%m-%dT%H:%M:%SZ"),
                "resources": entry["Resources"],
                "detail": detail,
            }
        )
        return {"EventId": f"event-{len(self.sent)}"}

    @property
    def alarms(self) -> list[str]:
        """Return the names of the alarms that were offered."""
        return [event["detail"]["alarmName"] for event in self.sent]


class Lambda(Down):
    service = "lambda"

    def __init__(self, calls: Calls) -> None:
        super().__init__(calls, acting=True)
        self.executions: dict[str, str] = {}
        self.results: dict[str, str] = {}
        self.callbacks: dict[str, bytes | None] = {}
        """What each callback that somebody waits for was answered."""

    def get_durable_execution(self, **asked: Any) -> Any:
        self._asked("GetDurableExecution", asked)
        arn = asked["DurableExecutionArn"]
        if arn not in self.executions:
            self._refuse("GetDurableExecution", "ResourceNotFoundException", "there is none")
        answer = {"DurableExecutionArn": arn, "Status": self.executions[arn]}
        return answer | ({"Result": self.results[arn]} if arn in self.results else {})

    def send_durable_execution_callback_success(self, **asked: Any) -> Any:
        self._asked("SendDurableExecutionCallbackSuccess", asked)
        id_ = asked["CallbackId"]
        if id_ not in self.callbacks or self.callbacks[id_] is not None:
            self._refuse("SendDurableExecutionCallbackSuccess", "CallbackTimeoutException", "nobody waits")
        self.callbacks[id_] = asked["Result"]
        return {}


class _Acting:
    def __init__(self, events: Events, lambda_: Lambda) -> None:
        self.events, self.lambda_ = events, lambda_


class Dynamo:
    """DynamoDB's reading client with its calls counted; `down` names operations that do not answer."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.made: list[str] = []
        self.down: set[str] = set()

    def get_item(self, **asked: Any) -> Any:
        return self._call("GetItem", lambda: self._real.get_item(**asked))

    def transact_get_items(self, **asked: Any) -> Any:
        return self._call("TransactGetItems", lambda: self._real.transact_get_items(**asked))

    def get_paginator(self, operation: str) -> Any:
        pages = self._real.get_paginator(operation)
        return SimpleNamespace(paginate=lambda **asked: self._call("Query", lambda: pages.paginate(**asked)))

    def _call(self, name: str, call: Callable[[], Any]) -> Any:
        if name in self.down:
            raise AwsError(f"DynamoDB did not answer {name}.", operation=f"DynamoDB:{name}", code="Timeout")
        self.made.append(name)
        return call()


class SweptAws:
    """What the sweep is handed as its clients; the ledger's table is moto's."""

    def __init__(self, real: Clients) -> None:
        self.calls, self.place = Calls(), PLACE
        self.cloudwatch, self.lambda_ = CloudWatch(self.calls), Lambda(self.calls)
        self.events = Events(self.calls)
        self.acting, self.repeatable = _Acting(self.events, self.lambda_), real.repeatable
        self.dynamodb = Dynamo(real.dynamodb)

"""The real clients, with every call recorded by botocore's own `before-call` and answered by a fake instead of AWS.

What a runbook uses is thus counted where it leaves for AWS, whatever code it came through: paginators and waiters too.
"""

from collections.abc import Mapping
from typing import Any

import boto3
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.model import OperationModel

from remediation.adapters.clients import Clients
from tests.support.toy import PLACE

PREFIXES = {"elbv2": "elasticloadbalancing", "service-quotas": "servicequotas"}
"""IAM's name of a service, where it is not botocore's."""


class Recorder:
    """`aws` is what a runbook gets; `actions` are the IAM actions that it used."""

    def __init__(self, world: Any) -> None:
        self.actions: set[str] = set()
        self._world = world
        session = boto3.Session("test", "test", region_name=PLACE.region)
        session.events.register("before-parameter-build", self._asked)
        answered: Any = self._called  # the stubs know only handlers that answer nothing
        session.events.register("before-call", answered)
        self.aws = Clients(PLACE, session)

    def _asked(self, params: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
        context["asked"] = dict(params)

    def _called(self, model: OperationModel, context: dict[str, Any], **_: object) -> tuple[AWSResponse, Any]:
        service = model.service_model.service_name
        self.actions.add(f"{PREFIXES.get(service, service)}:{model.name}")
        looks = model.name.startswith(("Describe", "Get", "List", "Lookup", "Simulate"))
        fake = getattr(self._world if looks else self._world.acting, service.replace("-", "_"))
        name = xform_name(model.name)
        answer = getattr(fake, name if hasattr(fake, name) else f"_{name}")(**context["asked"])
        no_headers: Any = {}
        return AWSResponse("https://aws", 200, no_headers, None), answer

"""What every fake client is built on: it takes and answers only what botocore's own model of the service admits.

A fake raises AwsError, as the product's clients do, and keeps every call, so that a test can say what was not done.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from botocore.validate import ParamValidator

from remediation.core.errors import AwsError


@dataclass(frozen=True)
class Call:
    """One call that was made. `acting` says through which kind of client."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
    acting: bool

    @property
    def permission(self) -> str:
        """Return the IAM action that it takes."""
        prefixes = {"elbv2": "elasticloadbalancing", "service-quotas": "servicequotas"}
        return f"{prefixes.get(self.service, self.service)}:{self.operation}"


@dataclass
class Calls:
    """Every call, in order."""

    made: list[Call] = field(default_factory=list)

    def of(self, operation: str) -> list[Mapping[str, Any]]:
        """Return the parameters of every call of an operation."""
        return [call.parameters for call in self.made if call.operation == operation]

    @property
    def permissions(self) -> set[str]:
        """Return the IAM actions that were used."""
        return {call.permission for call in self.made}


class Fake:
    """A fake client of one service."""

    service: str

    def __init__(self, calls: Calls, *, acting: bool = False) -> None:
        self._calls, self._acting = calls, acting

    def _asked(self, operation: str, parameters: Mapping[str, Any]) -> None:
        self._calls.made.append(Call(self.service, operation, dict(parameters), self._acting))
        model = _model(self.service, operation)
        _validate(parameters, model.input_shape, f"{operation} was asked")
        for name, value in parameters.items():
            if isinstance(value, list) and not value:
                self._refuse(operation, "ValidationError", f"{name} is empty")

    def _answered(self, operation: str, answer: dict[str, Any]) -> Any:
        _validate(answer, _model(self.service, operation).output_shape, f"{operation} answered")
        return answer

    def _refuse(self, operation: str, code: str, message: str) -> None:
        raise AwsError(f"{operation} failed with {code}: {message}.", operation=operation, code=code)


class Pages:
    """A paginator of one page."""

    def __init__(self, page: Any) -> None:
        self._page = page

    def paginate(self, **parameters: Any) -> Iterator[Any]:
        """Yield the page."""
        yield self._page(**parameters)


@lru_cache
def _model(service: str, operation: str) -> OperationModel:
    return ServiceModel(Loader().load_service_model(service, "service-2")).operation_model(operation)


def _validate(value: Mapping[str, Any], shape: Any, what: str) -> None:
    report = ParamValidator().validate(value, shape)
    assert not report.has_errors(), f"{what} what AWS does not: {report.generate_report()}"

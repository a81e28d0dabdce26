"""Read synthesised templates by what resources are, never by their logical ids."""

import json
import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

from aws_cdk import App, Stage, Validations
from cdk_nag import AwsSolutionsChecks
from msgspec import Struct

from remediation.core.spec import AnyRunbook
from stacks.config import Config
from stacks.remediation_stack import RemediationStack

ROOT = Path(__file__).resolve().parents[2]
CONTEXT: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
FASTER: dict[str, Any] = {
    "aws:cdk:bundling-stacks": [],
    "aws:cdk:disable-asset-staging": True,
    "aws:cdk:disable-stack-trace": True,
}
"""No layer is built, no asset copied, no stack trace taken."""

Properties = dict[str, Any]


class Resource(Struct, frozen=True):
    """A resource of a template, with references to others resolved to their physical names."""

    id: str
    type: str
    properties: Properties
    deletion: str


class Template:
    """One synthesised stack."""

    def __init__(self, body: Mapping[str, Any], metadata: Mapping[str, Any], config: Config) -> None:
        self.config = config
        self._metadata = metadata
        self.resources = [
            Resource(
                id_,
                raw["Type"],
                _resolved(raw.get("Properties", {}), body["Resources"]),
                raw.get("DeletionPolicy", "Delete"),
            )
            for id_, raw in body["Resources"].items()
        ]

    def all(self, type_: str) -> list[Properties]:
        """Return the properties of the resources of a type: `Lambda::Function`."""
        return [resource.properties for resource in self.resources if resource.type == f"AWS::{type_}"]

    def one(self, type_: str, **having: str) -> Properties:
        """Return the properties of the one resource of a type that has these properties."""
        (found,) = [
            properties for properties in self.all(type_) if all(properties.get(k) == v for k, v in having.items())
        ]
        return found

    def statements(self, role: Properties) -> list[Properties]:
        """Return the statements of a role's inline policies, actions and resources as sets."""
        return [
            {
                "Action": frozenset(_listed(statement["Action"])),
                "Resource": frozenset(_listed(statement["Resource"])),
                "Condition": statement.get("Condition", {}),
            }
            for policy in role["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
        ]

    @cached_property
    def warnings(self) -> list[str]:
        """Return what `cdk synth` warns of."""
        entries = [entry for entries in self._metadata.values() for entry in entries]
        return [entry["data"] for entry in entries if entry["type"] == "aws:cdk:warning"]

    @cached_property
    def acknowledged(self) -> dict[str, str]:
        """Return what was acknowledged of cdk-nag's findings, and why."""
        return {
            id_.partition("::")[2]: reason
            for entries in self._metadata.values()
            for entry in entries
            if entry["type"] == Validations.ACKNOWLEDGED_RULES_METADATA_KEY
            for id_, reason in entry["data"].items()
            if "AwsSolutions" in id_
        }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _resolved(value: Any, resources: Mapping[str, Any]) -> Any:
    """Replace references by `<Type> <physical name>`, so that a test names a thing and not its logical id."""
    match value:
        case {"Ref": str() as id_} if id_ in resources:
            return _named(resources[id_])
        case {"Fn::GetAtt": [str() as id_, str() as attribute]} if id_ in resources:
            return f"{_named(resources[id_])}.{attribute}"
        case dict():
            return {key: _resolved(inner, resources) for key, inner in value.items()}
        case list():
            return [_resolved(inner, resources) for inner in value]
        case _:
            return value


def _named(raw: Mapping[str, Any]) -> str:
    kind = raw["Type"].removeprefix("AWS::")
    own = ("FunctionName", "TableName", "QueueName", "TopicName", "LogGroupName", "AlarmName", "AliasName", "Name")
    properties = raw.get("Properties", {})
    return f"{kind} {next((properties[key] for key in own if isinstance(properties.get(key), str)), '')}".rstrip()


class Synthesis(Struct, frozen=True):
    """What came of synthesising some configs in one app."""

    templates: list[Template]
    violations: list[str]


def synthesise(*configs: Config, catalog: tuple[AnyRunbook, ...]) -> Synthesis:
    """Synthesise a stack per config as app.py does, but without building the dependency layer."""
    app = App(context=CONTEXT | FASTER, tree_metadata=False)
    stacks = [
        RemediationStack(Stage(app, f"Case{number}"), config=config, catalog=catalog)
        for number, config in enumerate(configs)
    ]
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    directory = Path(app.synth().directory)
    templates = []
    for number, (stack, config) in enumerate(zip(stacks, configs, strict=True)):
        nested = directory / f"assembly-Case{number}"
        body = json.loads((nested / stack.template_file).read_text())
        metadata = json.loads((nested / stack.template_file.replace(".template.", ".metadata.")).read_text())
        templates.append(Template(body, metadata, config))
    return Synthesis(templates, violations(directory))


def violations(directory: Path) -> list[str]:
    """Return the rules that an assembly violates, as cdk-nag reported them."""
    report = json.loads((directory / "validation-report.json").read_text())
    found: Iterable[Any] = (violation for plugin in report["pluginReports"] for violation in plugin["violations"])
    return sorted(violation["ruleName"] for violation in found)

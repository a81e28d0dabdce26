"""Let CloudFormation keep what ministack drops, and create the SSM documents that it refuses.

Documents go to the moto server, where commands are run. The rest is put where ministack's own services look for it.
"""

import json
import os
from collections.abc import Callable
from typing import Any

import botocore.session

from remedy.lab.emulator.ministack import service

Properties = dict[str, Any]
Created = tuple[str, dict[str, Any]]


def install() -> None:
    """Extend the handlers of some resource types."""
    handlers = service("cloudformation.provisioners")._RESOURCE_HANDLERS
    kept = {
        "AWS::Lambda::Function": _keep_function,
        "AWS::DynamoDB::Table": _keep_table,
        "AWS::IAM::Role": _keep_role,
    }
    for kind, keep in kept.items():
        for verb in ("create", "update"):
            handlers[kind][verb] = _then(handlers[kind][verb], keep, position=1 if verb == "create" else 2)
    function = handlers["AWS::Lambda::Function"]
    function["update"] = _durable_in_place(function["update"])
    handlers["AWS::SSM::Document"] = {
        "create": _create_document,
        "update": _update_document,
        "delete": _delete_document,
    }


def _then(
    provision: Callable[..., Created], keep: Callable[[str, Properties], None], *, position: int
) -> Callable[..., Created]:
    def provision_and_keep(*arguments: Any) -> Created:  # noqa: ANN401
        physical, attributes = provision(*arguments)
        keep(physical, arguments[position])
        return physical, attributes

    return provision_and_keep


def _durable_in_place(update: Callable[..., Created]) -> Callable[..., Created]:
    """Change the values of a DurableConfig without replacing the function; ministack would lose its versions and aliases.

    `_keep_function` writes the new values. Only adding or removing it replaces, as in AWS.
    """

    def update_function(physical: str, old: Properties, new: Properties, *more: Any) -> Created:  # noqa: ANN401
        if "DurableConfig" in old and "DurableConfig" in new:
            old = {**old, "DurableConfig": new["DurableConfig"]}
        return update(physical, old, new, *more)

    return update_function


def _keep_function(name: str, properties: Properties) -> None:
    function = service("lambda_svc")._functions[name]
    config = properties.get("DurableConfig")
    if config:
        function["config"]["DurableConfig"] = {**config, "Enabled": True}
    else:
        function["config"].pop("DurableConfig", None)
    function["config"]["DeadLetterConfig"] = properties.get("DeadLetterConfig") or {}
    reserved = properties.get("ReservedConcurrentExecutions")
    function["concurrency"] = None if reserved is None else int(reserved)


def _keep_table(name: str, properties: Properties) -> None:
    dynamodb = service("dynamodb")
    expiry = properties.get("TimeToLiveSpecification") or {}
    if expiry.get("Enabled") in {True, "true"}:
        status = {"TimeToLiveStatus": "ENABLED", "AttributeName": expiry["AttributeName"]}
        dynamodb._ttl_settings[name] = status


def _keep_role(name: str, properties: Properties) -> None:
    """Keep the permission boundary. Nothing is enforced in the lab, but who asks IAM is told the truth."""
    service("iam")._roles[name]["PermissionsBoundary"] = properties.get("PermissionsBoundary")


def _ssm() -> Any:  # noqa: ANN401
    session = botocore.session.get_session()
    return session.create_client("ssm", region_name=os.environ["AWS_REGION"], endpoint_url=os.environ["LAB_WORLD_URL"])


def _document(properties: Properties) -> Properties:
    content = properties["Content"]
    return {
        "Name": properties["Name"],
        "Content": content if isinstance(content, str) else json.dumps(content),
        "DocumentFormat": properties.get("DocumentFormat", "JSON"),
    }


def _create_document(_logical: str, properties: Properties, _stack: str) -> Created:
    kind = properties.get("DocumentType", "Command")
    _ssm().create_document(**_document(properties), DocumentType=kind, Tags=properties.get("Tags", []))
    return properties["Name"], {}


def _update_document(physical: str, old: Properties, new: Properties, stack: str) -> Created:
    if old["Name"] != new["Name"]:
        _create_document(physical, new, stack)
        _delete_document(physical, old)
    elif _document(old) != _document(new):
        updated = _ssm().update_document(**_document(new), DocumentVersion="$LATEST")
        version = updated["DocumentDescription"]["DocumentVersion"]
        _ssm().update_document_default_version(Name=new["Name"], DocumentVersion=version)
    return new["Name"], {}


def _delete_document(physical: str, _properties: Properties) -> None:
    _ssm().delete_document(Name=physical)

"""SSM documents of our own: fixed scripts, and parameters that reach them as environment variables only."""

from typing import Any

from aws_cdk import aws_ssm as ssm
from constructs import Construct

from remediation.core.spec import Document
from stacks.names import Names


def content(document: Document) -> dict[str, Any]:
    """Return a document in schema 2.2.

    interpolationType ENV_VAR (SSM Agent 3.3.2746.0 or later) hands a value over as the environment variable `SSM_<name>`:
    it is never text of the script, whatever it holds.
    """
    parameters = {
        name: {
            "type": "String",
            "description": f"Has to match {pattern}",
            "allowedPattern": pattern,
            "interpolationType": "ENV_VAR",
        }
        for name, pattern in document.parameters.items()
    }
    step = {
        "name": "run",
        "action": "aws:runShellScript",
        "precondition": {"StringEquals": ["platformType", "Linux"]},
        "inputs": {
            "timeoutSeconds": str(round(document.timeout.total_seconds())),
            "runCommand": document.script.splitlines(),
        },
    }
    return {
        "schemaVersion": "2.2",
        "description": document.summary,
        **({"parameters": parameters} if parameters else {}),
        "mainSteps": [step],
    }


class Documents(Construct):
    """The documents of one runbook."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, documents: tuple[Document, ...]) -> None:
        super().__init__(scope, id_)
        for document in documents:
            ssm.CfnDocument(
                self,
                document.name,
                name=names.place.name(document.name),
                document_type="Command",
                target_type="/AWS::EC2::Instance",
                content=content(document),
                update_method="NewVersion",
            )

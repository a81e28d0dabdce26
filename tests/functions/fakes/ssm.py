"""A fake of Systems Manager: it checks a document's patterns, and reaches only agents that are in contact."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from remediation.core.spec import Document
from tests.functions.fakes.strict import Calls, Fake, Pages
from tests.functions.fakes.world import Machine, StartTech

Script = Callable[[StartTech, Machine, dict[str, str]], tuple[str, str]]
"""What a document does on an instance: the command's status and what it prints."""
Sent = dict[tuple[str, str], tuple[str, str]]
"""Command and instance to status and output."""
_INSTANCE = re.compile(r"\Ai-[0-9a-f]{17}\Z")


class Ssm(Fake):
    """Systems Manager: an agent on every instance, and documents that do what `scripts` say."""

    service = "ssm"

    def __init__(
        self, world: StartTech, calls: Calls, scripts: dict[str, Script], sent: Sent, *, acting: bool = False
    ) -> None:
        super().__init__(calls, acting=acting)
        self._world, self._scripts, self._sent = world, scripts, sent

    def get_paginator(self, operation: str) -> Pages:
        """Answer a paginator of the one operation that has one here."""
        assert operation == "describe_instance_information"
        return Pages(self._describe_instance_information)

    def _describe_instance_information(self, **asked: Any) -> Any:
        self._asked("DescribeInstanceInformation", asked)
        (by_id,) = asked["Filters"]
        assert by_id["Key"] == "InstanceIds"
        assert by_id["Values"], "an empty filter answers everything"
        known = [
            {"InstanceId": machine.id, "PingStatus": "Online", "PlatformType": "Linux"}
            for machine in self._world.machines.values()
            if machine.id in by_id["Values"] and machine.in_ssm
        ]
        return self._answered("DescribeInstanceInformation", {"InstanceInformationList": known})

    def send_command(self, **asked: Any) -> Any:
        """Run a document on instances whose agent is in contact."""
        assert self._acting, "SendCommand changes something, whatever the document does: it is not repeated"
        self._asked("SendCommand", asked)
        document = self._document(asked["DocumentName"])
        parameters = self._parameters(document, asked.get("Parameters", {}))
        self._reachable(asked["InstanceIds"])
        self._world.catch_up()
        command = f"00000000-0000-4000-8000-{len(self._sent):012d}"
        for instance in asked["InstanceIds"]:
            machine = self._world.machines[instance]
            script = self._scripts[document.name]
            answer = script(self._world, machine, parameters) if machine.agent_answers else ("InProgress", "")
            self._sent[command, instance] = answer
        about = {"CommandId": command, "DocumentName": asked["DocumentName"], "InstanceIds": asked["InstanceIds"]}
        return self._answered("SendCommand", {"Command": about})

    def get_command_invocation(self, **asked: Any) -> Any:
        """Answer what a command printed on an instance."""
        self._asked("GetCommandInvocation", asked)
        if (found := self._sent.get((asked["CommandId"], asked["InstanceId"]))) is None:
            self._refuse("GetCommandInvocation", "InvocationDoesNotExist", "not yet")
        assert found is not None
        status, output = found
        said = {"StandardOutputContent": output[:24000]} if status == "Success" else {"StandardErrorContent": output}
        about = {"CommandId": asked["CommandId"], "InstanceId": asked["InstanceId"], "Status": status}
        return self._answered("GetCommandInvocation", about | said)

    def _document(self, name: str) -> Document:
        for document in self._world.documents:
            if self._world.place.name(document.name) == name:
                return document
        self._refuse("SendCommand", "InvalidDocument", f"Document {name} does not exist")
        raise AssertionError

    def _parameters(self, document: Document, given: dict[str, list[str]]) -> dict[str, str]:
        assert all(len(values) == 1 for values in given.values()), "a String parameter has one value"
        flat = {name: values[0] for name, values in given.items()}
        if flat.keys() != document.parameters.keys():
            self._refuse("SendCommand", "InvalidParameters", f"{document.name} takes {sorted(document.parameters)}")
        for name, pattern in document.parameters.items():
            if not re.search(pattern, flat[name]):
                self._refuse("SendCommand", "InvalidParameters", f"{name} does not match {pattern}")
        return flat

    def _reachable(self, instances: Iterable[str]) -> None:
        for instance in instances:
            machine = self._world.machines.get(instance)
            if not _INSTANCE.match(instance) or machine is None or not machine.in_ssm:
                self._refuse(
                    "SendCommand", "InvalidInstanceId", f"Instances not in a valid state for account: {instance}"
                )

"""Run the commands that SSM sends: the document's own shell script, in bash, on the machine.

moto answers Success with no output for any document and any instance. Here SendCommand checks the instance and the parameters
as AWS does, the script runs with the machine's docker and curl first on its PATH, and GetCommandInvocation tells how it ended.
"""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ssm.models import Command, SimpleSystemManagerBackend
from moto.ssm.responses import SimpleSystemManagerResponse

from remedy.lab.world.machine import Machine

BIN = Path(__file__).with_name("bin")
LONGEST_OUTPUT = 24000
"""Characters of output that GetCommandInvocation returns."""
DEFAULT_TIMEOUT = 3600.0
NOT_YET_KNOWN = timedelta(seconds=0.3)
"""For about so long after SendCommand, AWS does not know the invocations of the command."""

Machines = Mapping[str, Machine]
Invocation = dict[str, Any]


class SsmError(ServiceException):
    """An error of SSM, by its code."""


def install(machines: Machines, world_url: str, told: Callable[[str, str, str], None]) -> None:
    """Replace what moto pretends; `told` hears of every command: document, instance, status."""
    stock = SimpleSystemManagerBackend.send_command

    def send_command(backend: SimpleSystemManagerBackend, **request: Any) -> Command:  # noqa: ANN401
        document = _document(backend, request["document_name"])
        parameters = _checked(document, request["parameters"])
        instances: list[str] = list(request["instance_ids"])
        chosen = {each: machines[each] for each in instances if each in machines}
        if not instances or len(chosen) < len(instances) or request["targets"]:
            raise SsmError(
                "InvalidInstanceId", f"Instances {instances} not in a valid state for account {backend.account_id}"
            )
        command = stock(backend, **request)
        # moto adds every instance that there is, where no targets are given.
        command.instance_ids, command.target_count = instances, len(instances)
        command.invocations = [command.invocation_response(each, "aws:runShellScript") for each in instances]
        command.status, command.status_details, command.completed_count = "InProgress", "InProgress", 0
        for invocation in command.invocations:
            _pend(invocation)
            run = _Run(chosen[invocation["InstanceId"]], document, parameters, world_url)
            arguments = (run, command, invocation, told)
            threading.Thread(target=_carry_out, args=arguments, daemon=True).start()
        return command

    def get_command_invocation(
        backend: SimpleSystemManagerBackend, command_id: str, instance_id: str, plugin_name: str | None
    ) -> Invocation:
        command = backend.get_command_by_id(command_id)
        if datetime.now(UTC).replace(tzinfo=None) - command.requested_date_time.replace(tzinfo=None) < NOT_YET_KNOWN:
            raise SsmError("InvocationDoesNotExist", "")
        return command.get_invocation(instance_id, plugin_name)

    def describe_instance_information(response: SimpleSystemManagerResponse) -> ActionResult:
        wanted = _filtered(response)
        known = [_information(each) for each in list(machines) if wanted is None or each in wanted]
        return ActionResult({"InstanceInformationList": known})

    SimpleSystemManagerBackend.send_command = send_command  # type: ignore[assignment, method-assign]
    SimpleSystemManagerBackend.get_command_invocation = get_command_invocation  # type: ignore[assignment, method-assign]
    SimpleSystemManagerResponse.describe_instance_information = describe_instance_information  # type: ignore[attr-defined]


class _Run:
    """One script on one machine."""

    def __init__(
        self, machine: Machine, document: Mapping[str, Any], parameters: Mapping[str, str], world_url: str
    ) -> None:
        step = document["mainSteps"][0]
        if step["action"] != "aws:runShellScript":
            raise SsmError("InvalidDocument", f"The lab carries out aws:runShellScript only, not {step['action']}.")
        self._machine = machine
        as_text = {name: value for name, value in parameters.items() if not _as_environment(document, name)}
        self._script = "\n".join(_substituted(line, as_text) for line in step["inputs"]["runCommand"])
        self._timeout = float(_substituted(str(step["inputs"].get("timeoutSeconds", DEFAULT_TIMEOUT)), parameters))
        self._environment = {
            "PATH": f"{BIN}:{os.environ.get('PATH', '/usr/bin:/bin')}",
            "HOME": str(machine.root),
            "LANG": "C.UTF-8",
            "STARTTECH_CONFIG": str(machine.root / "etc" / "starttech" / "config.env"),
            "LAB_BIN": str(BIN),
            "LAB_MACHINE": machine.id,
            "LAB_PORT_FILE": str(machine.container.port_file),
            "LAB_PYTHON": sys.executable,
            "LAB_WORLD": world_url,
            **{f"SSM_{name}": value for name, value in parameters.items() if _as_environment(document, name)},
        }

    def run(self) -> tuple[str, int, str, str]:
        """Return the status, the exit code, the output and the error output."""
        process = subprocess.Popen(
            ["bash", "-c", self._script],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            cwd=self._machine.root,
            env=self._environment,
            process_group=0,
        )
        try:
            out, err = process.communicate(timeout=self._timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            return "TimedOut", 137, out, err
        return ("Success" if process.returncode == 0 else "Failed"), process.returncode, out, err


def _carry_out(run: _Run, command: Command, invocation: Invocation, told: Callable[[str, str, str], None]) -> None:
    document, instance = str(command.document_name), invocation["InstanceId"]
    told(document, instance, "InProgress")
    status, code, out, err = run.run()
    invocation["StandardOutputContent"], invocation["StandardErrorContent"] = out[:LONGEST_OUTPUT], err[:LONGEST_OUTPUT]
    invocation["ResponseCode"], invocation["ExecutionEndDateTime"] = code, _now()
    invocation["Status"] = invocation["StatusDetails"] = status
    command.completed_count += 1
    if command.completed_count == len(command.invocations):
        worst = [each["Status"] for each in command.invocations if each["Status"] != "Success"]
        command.status = command.status_details = worst[0] if worst else "Success"
    told(document, instance, status)


def _pend(invocation: Invocation) -> None:
    invocation.update(Status="InProgress", StatusDetails="InProgress", ResponseCode=-1, ExecutionElapsedTime="PT0S")
    invocation.update(ExecutionStartDateTime=_now(), ExecutionEndDateTime="", StandardOutputContent="")


def _document(backend: SimpleSystemManagerBackend, name: str | None) -> Mapping[str, Any]:
    known = backend._documents.get(str(name))
    if known is None:
        raise SsmError("InvalidDocument", f"Document with name {name} does not exist.")
    content: Mapping[str, Any] = known.get_default_version().content_json
    return content


def _checked(document: Mapping[str, Any], given: Mapping[str, list[str]]) -> dict[str, str]:
    """Return every parameter's value. Raises as AWS does for what the document does not admit."""
    declared = document.get("parameters", {})
    values: dict[str, str] = {}
    for name in given.keys() - declared.keys():
        raise SsmError("InvalidParameters", f"Parameter {name} is not defined in the document.")
    for name, rules in declared.items():
        values[name] = str(given[name][0]) if name in given else str(rules.get("default", ""))
        if name not in given and "default" not in rules:
            raise SsmError("InvalidParameters", f"Parameter {name} requires a value.")
        if "allowedValues" in rules and values[name] not in rules["allowedValues"]:
            raise SsmError("InvalidParameters", f"Parameter {name} has a value that is not allowed.")
        if "allowedPattern" in rules and not re.search(rules["allowedPattern"], values[name]):
            raise SsmError("InvalidParameters", f"Parameter {name} does not match {rules['allowedPattern']}.")
    return values


def _as_environment(document: Mapping[str, Any], name: str) -> bool:
    return bool(document.get("parameters", {}).get(name, {}).get("interpolationType") == "ENV_VAR")


def _substituted(text: str, parameters: Mapping[str, str]) -> str:
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: parameters.get(found[1], found[0]), text)


def _filtered(response: SimpleSystemManagerResponse) -> set[str] | None:
    """Return the instances that the filters ask for, None for all."""
    for each in [*response._get_param("Filters", []), *response._get_param("InstanceInformationFilterList", [])]:
        if (each.get("Key") or each.get("key")) == "InstanceIds":
            return set(each.get("Values") or each.get("valueSet"))
    return None


def _information(instance: str) -> dict[str, Any]:
    return {
        "InstanceId": instance,
        "PingStatus": "Online",
        "LastPingDateTime": datetime.now(UTC),
        "AgentVersion": "3.3.2746.0",
        "PlatformType": "Linux",
        "PlatformName": "Amazon Linux",
        "PlatformVersion": "2",
        "ResourceType": "EC2Instance",
    }


def _now() -> str:
    return datetime.now(UTC).isoformat()

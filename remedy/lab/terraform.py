"""A real Terraform at work on the lab's stores: it plans and applies, and can be killed with SIGKILL while it holds the lock.

Its only resource is the built-in `terraform_data`, so no provider is downloaded and no registry is asked. What takes long waits
at a gate, a named pipe that nobody has opened: it is on for exactly as long as the lab wants.
"""

import json
import os
import shutil
import subprocess
import time
from typing import Any, Literal, NamedTuple, TypeAlias

from botocore.exceptions import ClientError

from remedy.lab.environment import LOCKS, STATE, STATES
from remedy.lab.lab import REGION, Lab
from remedy.lab.processes import Child, LabError, eventually

BINARY = "terraform"
MISSING = "There is no `terraform` on the PATH; install Terraform 1.10 or later (https://developer.hashicorp.com/terraform/install)."
LONGEST = 60
KEEPS_EVERY = 20.0
"""Seconds between two times that an apply keeps its state on its way: Terraform's own least."""
Slow: TypeAlias = Literal["apply", "plan"]

_CONFIGURATION = """
terraform {{
  backend "s3" {{
    bucket                      = "{bucket}"
    key                         = "{key}"
    region                      = "{region}"
    {stores}
    use_path_style              = true
    skip_credentials_validation = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
    skip_requesting_account_id  = true
    endpoints                   = {{ s3 = "{url}", dynamodb = "{url}", iam = "{url}", sts = "{url}" }}
  }}
}}

variable "edition" {{
  default = "first"
}}

variable "slow" {{
  default = ""
}}

variable "gates" {{
  default = 1
}}

resource "terraform_data" "quick" {{
  input = var.edition
}}

resource "terraform_data" "slow" {{
  count            = var.slow == "apply" ? var.gates : 0
  depends_on       = [terraform_data.quick]
  triggers_replace = var.edition
  provisioner "local-exec" {{
    command = "cat gate"
  }}
}}

data "terraform_remote_state" "slow" {{
  count   = var.slow == "plan" ? 1 : 0
  backend = "local"
  config  = {{ path = "gate" }}
}}
"""


class Ended(NamedTuple):
    """What came of one command."""

    command: str
    status: int
    text: str


class Locks(NamedTuple):
    """The ID of the lock in each store; empty where there is none."""

    item: str
    object: str

    @property
    def held(self) -> bool:
        """Tell whether anybody holds it."""
        return bool(self.item or self.object)


def installed() -> bool:
    """Tell whether there is a Terraform on this machine."""
    return shutil.which(BINARY) is not None


class Terraform:
    """One working directory of Terraform, initialised; it locks in DynamoDB (`table`), in S3 (`lockfile`), or in both."""

    def __init__(self, lab: Lab, name: str, *, table: bool = True, lockfile: bool = True) -> None:
        self._lab, self.table, self.lockfile = lab, table, lockfile
        self.workspace, self.name, self.ended = "", name, list[Ended]()
        self.stuck, self.killed_at = Locks("", ""), 0.0
        self.directory = lab.directory / "terraform" / name
        self.directory.mkdir(parents=True)
        stores = [f'dynamodb_table = "{LOCKS}"'] * table + ["use_lockfile = true"] * lockfile
        written = _CONFIGURATION.format(
            bucket=STATES, key=STATE, region=REGION, stores="\n    ".join(stores), url=lab.emulator_url
        )
        (self.directory / "main.tf").write_text(written, "utf-8")
        (self.directory / "cli.tfrc").write_text("disable_checkpoint = true\n", "utf-8")
        os.mkfifo(self.directory / "gate")
        self.run("init")

    @property
    def key(self) -> str:
        """Return the state's key, as Terraform spells it for the workspace."""
        return f"env:/{self.workspace}/{STATE}" if self.workspace else STATE

    @property
    def locks(self) -> Locks:
        """Return what the stores themselves say."""
        return Locks(self._item(), self._object())

    @property
    def digest(self) -> tuple[str, str]:
        """Return the digest that Terraform expects of the state, and the state's own."""
        found = self._lab.client("dynamodb").get_item(TableName=LOCKS, Key=_key(f"{STATES}/{self.key}-md5"))
        state = self._lab.client("s3").head_object(Bucket=STATES, Key=self.key)
        return found["Item"]["Digest"]["S"], state["ETag"].strip('"')

    def run(self, *words: str, status: int | None = 0) -> Ended:
        """Run a command to its end. Raises LabError where it ends with another status; None: whatever it is."""
        told = subprocess.run(
            [BINARY, *words, "-no-color"],
            cwd=self.directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        self.ended.append(Ended(" ".join([BINARY, *words]), told.returncode, told.stdout.strip()))
        if status not in {None, told.returncode}:
            raise LabError(f"{self.ended[-1].command} ended with {told.returncode}.\n{told.stdout}")
        return self.ended[-1]

    def work_in(self, workspace: str) -> None:
        """Make a workspace and go there."""
        self.run("workspace", "new", workspace)
        self.workspace = workspace

    def begin(self, slow: Slow, **variables: str) -> Child:
        """Start an apply, or a plan, that does not get past the gate; return it as soon as it holds the lock."""
        words = [
            slow,
            *(["-auto-approve", "-parallelism=1"] if slow == "apply" else []),
            "-no-color",
            f"-var=slow={slow}",
        ]
        words += [f"-var={name}={value}" for name, value in variables.items()]
        child = self._lab.run(f"terraform {self.name}", BINARY, *words, cwd=self.directory, env=self._environment)
        eventually(f"terraform {slow} holds the lock", lambda: self._held_by_all, seconds=30, child=child)
        return child

    def kill(self, child: Child) -> Locks:
        """Kill it with SIGKILL, and all that it started; return the lock that it leaves behind."""
        child.stop()
        self.stuck, self.killed_at = self.locks, time.time()
        return self.stuck

    def open_gate(self) -> None:
        """Let an apply past the gate at which it waits, as soon as it does."""
        (self.directory / "gate").write_text("", "utf-8")  # opens as soon as somebody reads

    def let_go(self, child: Child) -> None:
        """Let an apply past its last gate, and wait until it has ended well."""
        self.open_gate()
        child.wait(LONGEST)

    @property
    def _held_by_all(self) -> bool:
        return tuple(map(bool, self.locks)) == (self.table, self.lockfile)

    def _item(self) -> str:
        found = self._lab.client("dynamodb").get_item(TableName=LOCKS, Key=_key(f"{STATES}/{self.key}"))
        return _id(found["Item"]["Info"]["S"]) if "Item" in found else ""

    def _object(self) -> str:
        try:
            found = self._lab.client("s3").get_object(Bucket=STATES, Key=f"{self.key}.tflock")
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return ""
            raise
        return _id(found["Body"].read())

    @property
    def _environment(self) -> dict[str, str]:
        """Return an environment in which nothing is set for Terraform but what the lab sets."""
        mine = {name: value for name, value in self._lab.environment.items() if not name.startswith("TF_")}
        ours = {"TF_CLI_CONFIG_FILE": str(self.directory / "cli.tfrc"), "TF_INPUT": "0", "TF_IN_AUTOMATION": "1"}
        return {**mine, **ours, "CHECKPOINT_DISABLE": "1"}


def _key(lock: str) -> dict[str, Any]:
    return {"LockID": {"S": lock}}


def _id(info: str | bytes) -> str:
    said: str = json.loads(info)["ID"]
    return said

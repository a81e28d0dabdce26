"""Start and stop a local AWS, and deploy into it with the real CDK command line.

    with Lab() as lab:
        environment.build(lab)
        lab.bootstrap()
        lab.deploy(Wanted())
        lab.client("sns").list_topics()

Everything the lab starts dies with it (lifeline.py), and everything it writes is in one temporary directory.
"""

import json
import os
import shutil
import signal
import ssl
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, NoReturn, Self
from uuid import uuid4

import boto3
from botocore.config import Config

from remedy.lab import configuration
from remedy.lab.emulator.rerouted import PEM
from remedy.lab.processes import Child, LabError, eventually, free_ports, listening

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT, REGION = "123456789012", "us-east-1"
WORLD_SERVICES = {
    "ec2": "EC2",
    "autoscaling": "AUTO_SCALING",
    "elbv2": "ELASTIC_LOAD_BALANCING_V2",
    "elasticache": "ELASTICACHE",
    "ssm": "SSM",
}
"""The services that moto serves: boto3's name, and the one in `AWS_ENDPOINT_URL_<name>`. ministack serves all others."""
DIRECTLY = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
"""Whatever proxy the machine uses, it is not asked for the lab's own servers."""
PREFIX = "starttech-lab-"
TIME_FACTOR = 12
"""How much faster than in AWS the minutes of alarms and schedules pass."""
WAIT_FACTOR = 60
"""How much faster than in AWS a durable wait or a callback's time-out of a minute or more passes."""


class Lab:
    """A local AWS, from `with` to the end of the block."""

    def __init__(self, *, app: Path = ROOT, time_factor: float = TIME_FACTOR) -> None:
        self.app, self.time_factor = app, time_factor
        self.directory = _own_directory()
        emulator, self._world_port, self._atlas_port, self._mongodb_port = free_ports(4)
        self.emulator_url = f"http://127.0.0.1:{emulator}"
        self.world_url = f"http://127.0.0.1:{self._world_port}"
        self._emulator_port = emulator
        self._trail, self._events = self.directory / "trail.jsonl", self.directory / "events.jsonl"
        self._children: list[Child] = []
        self._servers: tuple[Child, ...] = ()
        self._clients: dict[str, Any] = {}
        self._closed = False
        self._sigterm: Any = None

    def __enter__(self) -> Self:
        """Start both servers and wait until they answer."""
        if threading.current_thread() is threading.main_thread():
            self._sigterm = signal.signal(signal.SIGTERM, _exit)
        os.environ.update(DIRECTLY)
        try:
            emulator = self._start_emulator()
            world = self._start_world()
            self._servers = (emulator, world)
            eventually("the emulator answers", lambda: listening(self._emulator_port), seconds=30, child=emulator)
            eventually("the world answers", lambda: listening(self._world_port), seconds=30, child=world)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave nothing behind. Raises LabError where a server died: whatever failed then, that is why."""
        died = None if self._closed else next((each for each in self._servers if each.status is not None), None)
        why = f"{died.name} ended with status {died.status}.\n{died.tail()}" if died and error else ""
        self.close()
        if self._sigterm is not None:
            signal.signal(signal.SIGTERM, self._sigterm)
        if why and isinstance(error, Exception):
            raise LabError(why) from error

    def close(self) -> None:
        """Kill every process of the lab and remove its directory. Another thread's wait for one of them fails."""
        self._closed = True
        while self._children:
            self._children.pop().stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    # ------------------------------------------------------------------------------------------------------ using it

    def client(self, service: str) -> Any:  # noqa: ANN401
        """Return a boto3 client of the lab's account."""
        if service not in self._clients:
            session: Any = boto3.Session("test", "test", region_name=REGION)
            url = self.world_url if service in WORLD_SERVICES else self.emulator_url
            self._clients[service] = session.client(service, endpoint_url=url, config=Config(read_timeout=900))
        return self._clients[service]

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment in which the CDK talks to the lab, and to nothing else."""
        keep = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
        nothing = str(self.directory / "no-such-file")
        return {
            **keep,
            "AWS_ENDPOINT_URL": self.emulator_url,
            "AWS_ENDPOINT_URL_S3": self.emulator_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": nothing,
            "AWS_SHARED_CREDENTIALS_FILE": nothing,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CDK_HOME": str(self.directory / "cdk-home"),
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "true",
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
            "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
            "TMPDIR": str(self._made("tmp")),
        }

    @property
    def console(self) -> dict[str, str]:
        """Return the environment of a person's terminal: the CDK's, and the way to the world."""
        world = {f"AWS_ENDPOINT_URL_{name}": self.world_url for name in WORLD_SERVICES.values()}
        return {**self.environment, **world}

    def bootstrap(self) -> None:
        """Prepare the account, as once per account and region in AWS."""
        self._cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}", cwd=self._made("bootstrap"))

    def deploy(self, wanted: configuration.Wanted, **context: str) -> None:
        """Deploy the product's dev environment with the real `cdk deploy`; `mode="observe"` lowers the mode.

        `wanted` is what configuration.py makes of dev.toml; `target=host` only chooses for which machine and Python the
        functions' packages are built.
        """
        config = configuration.write(self.app / "config", self.directory / "config", ACCOUNT, wanted)
        context = {"env": "dev", "target": "host", **context}
        pairs = [word for name, value in context.items() for word in ("-c", f"{name}={value}")]
        app = ["--app", f'"{sys.executable}" -m remedy.lab.app', "--output", str(self.directory / "cdk.out")]
        words = ["--all", "--require-approval", "never", *app, *pairs]
        self._cdk("deploy", *words, cwd=self.app, env={"LAB_CONFIG": str(config)})

    def tick(self, function: str) -> None:
        """Run the scheduled rule of a function now, by the event that EventBridge sends."""
        events = self.client("events")
        for rule in events.list_rules()["Rules"]:
            targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"] if "ScheduleExpression" in rule else []
            for target in targets:
                if f":function:{function}:" in target["Arn"]:
                    event = {
                        "version": "0",
                        "id": str(uuid4()),
                        "detail-type": "Scheduled Event",
                        "source": "aws.events",
                        "account": ACCOUNT,
                        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                        "region": REGION,
                        "resources": [rule["Arn"]],
                        "detail": {},
                    }
                    payload = target.get("Input") or json.dumps(event)
                    self.client("lambda").invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=payload)
                    return
        raise LabError(f"No schedule starts {function}.")

    def trail(self, call: str, resource: str, *, role: str = "", user: str = "") -> None:
        """Let CloudTrail know, at once, that somebody has made a call about a resource: a role, or else a user."""
        who: dict[str, Any] = {"type": "IAMUser", "userName": user}
        if role:
            who = {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"userName": role}}}
        told = {"eventSource": "ec2.amazonaws.com", "eventName": call, "userIdentity": who}
        event = {
            "EventId": str(uuid4()),
            "EventName": call,
            "EventSource": told["eventSource"],
            "EventTime": datetime.now(UTC).timestamp(),
            "ReadOnly": "false",
            "Resources": [{"ResourceName": resource, "ResourceType": "AWS::EC2::SecurityGroup"}],
            "CloudTrailEvent": json.dumps(told),
        }
        with self._trail.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")

    def world(self, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
        """Ask the world something that AWS has no call for: `GET /_lab/<path>`, or POST where there is a body."""
        return _asked("The world", self.world_url, path, body)

    def start_atlas(self) -> None:
        """Start MongoDB Atlas, which the deployed functions then find under its own name (atlas.py)."""
        child = self.run("atlas", sys.executable, "-m", "remedy.lab.atlas", str(self._atlas_port), self._made("atlas"))
        eventually("Atlas answers", lambda: listening(self._atlas_port), seconds=30, child=child)

    def atlas(self, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
        """Ask Atlas something that it has no call for, as the world is asked."""
        trusting = ssl.create_default_context(cafile=self._made("atlas") / PEM)
        trusting.check_hostname = False  # it is cloud.mongodb.com, and not there
        return _asked("Atlas", f"https://127.0.0.1:{self._atlas_port}", path, body, trusting)

    # ----------------------------------------------------------------------------------------------------- processes

    def run(self, name: str, *command: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> Child:
        """Start a command that ends with the lab; its output goes to a log file."""
        if self._closed:
            raise LabError(f"The lab is closed; {name} was not started.")
        log = self._made("logs") / f"{name}.log"
        child = Child(name, command, env={**self.environment, **(env or {})}, cwd=cwd, log=log)
        self._children.append(child)
        return child

    def _start_emulator(self) -> Child:
        python = ROOT / ".venv-lab" / "bin" / "python"
        if not python.exists():
            raise LabError("There is no .venv-lab; `make demo` and `make test` make it.")
        settings = {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self._emulator_port),
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "PYTHONPATH": str(ROOT),
            "LAB_WORLD_URL": self.world_url,
            "LAB_TRAIL": str(self._trail),
            "LAB_EVENTS": str(self._events),
            "LAB_TIME_FACTOR": str(self.time_factor),
            "LAB_WAIT_FACTOR": str(WAIT_FACTOR),
            "LAB_ATLAS_PORT": str(self._atlas_port),
            "LAB_MONGODB_PORT": str(self._mongodb_port),
            "SSL_CERT_FILE": str(self._made("atlas") / PEM),
            # The functions inherit these. The CDK does not get them: its own SSM parameter is in the emulator.
            **{f"AWS_ENDPOINT_URL_{name}": self.world_url for name in WORLD_SERVICES.values()},
        }
        return self.run("emulator", python, "-m", "remedy.lab.emulator", cwd=self._made("emulator"), env=settings)

    def _start_world(self) -> Child:
        settings = {
            "PYTHONPATH": str(ROOT),
            "LAB_WORLD_PORT": str(self._world_port),
            "LAB_DIRECTORY": str(self._made("world")),
            "LAB_EVENTS": str(self._events),
            "LAB_MONGODB_PORT": str(self._mongodb_port),
            "LAB_ATLAS": str(self._made("atlas")),
        }
        return self.run("world", sys.executable, "-m", "remedy.lab.world", cwd=self._made("world"), env=settings)

    def _cdk(self, verb: str, *arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        cdk = ROOT / "node_modules" / ".bin" / "cdk"
        if not cdk.exists():
            raise LabError("The CDK command line is not installed; `make demo` and `make test` install it.")
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        words = [verb, *arguments, "--no-notices", "--ci"]
        child = self.run(f"cdk {verb}", cdk, *words, cwd=cwd, env={**(env or {}), "PATH": path})
        child.wait(600)

    def _made(self, name: str) -> Path:
        path = self.directory / name
        path.mkdir(exist_ok=True)
        return path


def _asked(
    who: str, url: str, path: str, body: Mapping[str, Any] | None, trusting: ssl.SSLContext | None = None
) -> Any:  # noqa: ANN401
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(f"{url}/_lab/{path}", data, timeout=30, context=trusting) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise LabError(f"{who} refused {path}: {error.read().decode()}") from error


def _own_directory() -> Path:
    """Make a directory that names this process, and remove those of labs that were killed before they could."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        owner = left.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's
    return True


def _exit(_number: int, _frame: FrameType | None) -> NoReturn:
    """Turn SIGTERM into an exception, so that the lab's `with` ends."""
    raise SystemExit(143)

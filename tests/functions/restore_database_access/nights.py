"""One night on which MongoDB cannot be reached: the real engine and the real writer on a strict Atlas, and a scripted probe."""

from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from remediation.atlas.facts import Access
from remediation.core.gates import LiveAlarm
from remediation.core.outcome import Outcome
from remediation.core.probed import Fault, Layer, MongoState, Probed, Shape, Step
from remediation.core.spec import Mode
from restore_database_access.access import listed
from restore_database_access.decide import decide
from restore_database_access.diagnose import diagnose
from restore_database_access.runbook import RUNBOOK
from restore_database_access.settings import Incident, Settings
from tests.functions.fakes.atlas import AtlasWorld
from tests.functions.fakes.atlas_service import PROJECT
from tests.functions.fakes.atlas_writer import WriterLambda
from tests.functions.fakes.figures import complete
from tests.functions.fakes.firewall import MemorySightings, ProbeFunction
from tests.functions.fakes.strict import Calls, Fake, Pages
from tests.functions.fakes.ways_out import ReaderSecret, WaysOut
from tests.support.agreeing import Agreeing, agree
from tests.support.carried import approved, carried
from tests.support.steps import NIGHT, InMemorySteps
from tests.support.toy import PLACE, alarm_event
from tests.support.world import Stage

CLUSTER = "dev-starttech-cluster"
READER = "arn:aws:secretsmanager:us-east-1:123456789012:secret:dev/atlas-reader-AbCdEf"
OURS, OTHER = "203.0.113.7", "203.0.113.8"
SUBNETS = ("subnet-0123456789abcdef0", "subnet-0fedcba9876543210")
SETTINGS = Settings(cluster=CLUSTER, project=PROJECT, reader=READER, subnets=SUBNETS, writer=True)
HOST = "dev-starttech-cluster.ab1cd.mongodb.net"
MEMBERS = tuple(f"dev-starttech-cluster-shard-00-0{n}.ab1cd.mongodb.net:27017" for n in range(3))
LAYERS: tuple[Layer, ...] = ("records", "dns", "tcp", "tls", "hello", "auth", "ping")
ALARM = "dev-remediation-mongodb-unreachable"
METRIC = {
    "namespace": "Remediation",
    "name": "DependencyDown",
    "dimensions": {"environment": "dev", "dependency": "mongodb"},
}
STATE = MongoState(
    shape=Shape(scheme="mongodb+srv", hosts=(HOST,), database="starttech", options=("retryWrites=true", "authSource")),
    hosts=MEMBERS,
    addresses=("18.194.10.1", "18.194.10.2", "18.194.10.3"),
    heard=MEMBERS,
    answering=MEMBERS,
    primary=MEMBERS[1],
    set_name="atlas-abcde-shard-0",
)


def probed(layer: Layer | None = None, fault: Fault = "no-answer", because: str = "As the server says.") -> Probed:
    """Return a look at which this layer failed; none: all is well."""
    at = LAYERS.index(layer) if layer in LAYERS else 0
    steps = [Step(layer=each, because="Well.") for each in (LAYERS[:at] if layer else LAYERS)]
    if layer is not None:
        steps.append(Step(layer=layer, fault=fault, because=because))
    return Probed(
        dependency="mongodb",
        host=HOST,
        port=27017,
        at=datetime.fromisoformat("2026-11-23T03:40:00Z"),
        steps=tuple(steps),
        mongodb=STATE if layer is None else _gone(layer, fault),
    )


def _gone(layer: Layer, fault: Fault) -> MongoState | None:
    """Return what is known of the members where this layer fails."""
    if layer in {"config", "secret"}:
        return None
    reached = STATE.addresses if layer not in {"records", "dns"} else ()
    silent = MEMBERS if (layer, fault) == ("tcp", "no-answer") else ()
    heard = MEMBERS if reached and (layer != "tcp" or fault in {"refused", "cut-off"}) else ()
    return replace(STATE, answering=(), silent=silent, heard=heard, primary="", set_name="", addresses=reached)


class Functions:
    """Lambda with our two functions in it."""

    def __init__(self, probe: ProbeFunction, writer: WriterLambda) -> None:
        self._probe, self._writer = probe, writer

    def invoke(self, **asked: Any) -> Any:
        """Invoke one of them."""
        function = self._probe if "probe" in asked["FunctionName"] else self._writer
        return function.invoke(**asked)


class Logged(Fake):
    """CloudWatch, with one value for each minute; None: it does not answer."""

    service = "cloudwatch"

    def __init__(self, calls: Calls) -> None:
        super().__init__(calls)
        self.measured: list[float] | None = []

    def get_paginator(self, operation: str) -> Pages:
        """Answer the paginator of GetMetricData."""
        assert operation == "get_metric_data"
        return Pages(self.get_metric_data)

    def get_metric_data(self, **asked: Any) -> Any:
        """Answer the values."""
        self._asked("GetMetricData", asked)
        values = self.measured
        if values is None:
            self._refuse("GetMetricData", "InternalServiceError", "as the test says")
        assert values is not None
        (query,) = asked["MetricDataQueries"]
        found = complete(query, values, asked["EndTime"])
        return self._answered("GetMetricData", {"MetricDataResults": [found]})


class AtlasClients:
    """What the runbook is handed as `aws`; `mutations` are requests that were sent to the writer."""

    class _Acting:
        lambda_: Any

    def __init__(self, world: AtlasWorld, ways: dict[str, str], probe: ProbeFunction) -> None:
        self.place, self.calls, self.acting, self.patient = PLACE, Calls(), self._Acting(), self._Acting()
        self.now, self.outside = world.clock, world.send
        self.ec2 = WaysOut(ways, self.calls)
        self.secretsmanager = ReaderSecret(READER, world.secret, self.calls)
        self.cloudwatch = Logged(self.calls)
        self.sightings = MemorySightings(world.clock)
        writer = WriterLambda(world, self.calls, addresses=lambda: self.ec2.addresses)
        self.acting.lambda_ = self.patient.lambda_ = Functions(probe, writer)
        for each in (self.acting, self.patient):
            setattr(each, "lambda", each.lambda_)  # what botocore calls it


class Night:
    """A night. Our first address is not on the list unless `listed`; without it the probe hears nothing, else what `server` says."""

    def __init__(self, *, listed: bool = False, mode: Mode = "act", settings: Settings = SETTINGS) -> None:
        self.steps, self.stage = InMemorySteps(), Stage()
        self.world = AtlasWorld(lambda: self.steps.now)
        self.world.cluster(CLUSTER)
        self.world.allow(f"{OTHER}/32", "NAT gateway b")
        if listed:
            self.world.allow(f"{OURS}/32", "NAT gateway a")
        self.server: Probed | str = probed()
        self.settings, self.mode = settings, mode
        self.probe = ProbeFunction(self.look, "mongodb")
        ways = dict(zip(SUBNETS, (OURS, OTHER), strict=True))
        self.aws: Any = AtlasClients(self.world, ways, self.probe)
        self.stage.alarms.alarms[ALARM] = LiveAlarm(
            exists=True, state="ALARM", transitioned_at=NIGHT, actions_enabled=True
        )

    @property
    def open(self) -> bool:
        """Tell whether Atlas lets our first address in."""
        self.world.tend()
        return listed((Access(cidr=line["cidrBlock"]) for line in self.world.access), OURS, self.steps.now)

    def look(self) -> Probed | str:
        """Look as the probe does."""
        return self.server if isinstance(self.server, str) or self.open else probed("tcp", "no-answer")

    def decided(self) -> Any:
        """Return what would be decided first."""
        return decide(diagnose(self.aws, self.settings, Incident()), self.settings, (), self.steps.now)

    def agree(self) -> None:
        """Let a person agree to what would be decided."""
        approved(self.stage, self.steps, RUNBOOK, self.decided())

    def run(self, event: Any = None, **more: Any) -> Outcome:
        """Carry it out, on the alarm if nothing else is said."""
        if isinstance(self.stage.approvals, Agreeing):
            agree(self.steps)
        return carried(
            RUNBOOK,
            self.aws,
            self.settings,
            alarm() if event is None else event,
            self.steps,
            stage=self.stage,
            mode=self.mode,
            **more,
        )

    def later(self, run: str, after: timedelta) -> None:
        """Begin another run, after some time."""
        self.steps = InMemorySteps(run=run, now=self.steps.now + after)

    @property
    def written(self) -> list[Any]:
        """Return what Atlas was asked to change."""
        return [(each.operation.id, each.body) for each in self.world.written]


def alarm(**more: Any) -> Any:
    """Return the alarm on the probe's metric."""
    event = alarm_event(name=ALARM, **more)
    event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"] = METRIC
    return event

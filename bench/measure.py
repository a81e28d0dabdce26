"""Run every variant of a scenario round-robin and keep what matters of it."""

import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from bench.aws import HOSTS, Answers, LocalAws
from bench.certificates import issue
from bench.runtime_api import RuntimeApi, Sample
from bench.variants import PARTS, VARIANTS, prepare
from layers.dependencies.build import host, with_bytecode
from layers.dependencies.models import Operations

HELLO = "empty handler"
WARM = 3
"""Further events per life of a process."""
CHECKPOINTS = frozenset({"lambda:CheckpointDurableExecution"})
"""The durable SDK gathers checkpoints as they come, so their number is not exact."""

_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "x" * 700,
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/bench",
    "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
    "LANG": "en_US.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "TZ": ":UTC",
}


@dataclass(frozen=True)
class Scenario:
    """One function and the world it meets."""

    handler: str
    room: Path
    """Our own code as it is deployed: the room as it is, the shared layer with bytecode."""
    shared: Path
    environment: Mapping[str, str]
    event: Callable[[int], bytes]
    """The n-th event of a life: each starts a durable execution of its own."""
    answers: Answers
    operations: Operations
    accept: Callable[[bytes], bool]
    """Whether an answer of the function is a remediation that went well."""
    calls: Counter[str]
    """What one remediation calls beside checkpoints, and how often: neither more nor less."""


@dataclass
class Result:
    """What one variant took. Figures are the least of all rounds, in milliseconds of CPU."""

    samples: list[Sample] = field(default_factory=list)
    modules: int = 0
    calls: list[Counter[str]] = field(default_factory=list)
    """Per event of one life: the first is the cold one."""
    connections: list[int] = field(default_factory=list)

    @property
    def init(self) -> float:
        """Until the first event was asked for."""
        return min(sample.init_cpu for sample in self.samples)

    @property
    def cold(self) -> float:
        """Until the first event was answered."""
        return min(sample.cold_cpu for sample in self.samples)

    @property
    def warm(self) -> float:
        """For one further event."""
        return min(cpu for sample in self.samples for cpu in sample.warm_cpu)

    @property
    def megabytes(self) -> float:
        """Resident after the first event."""
        return min(sample.rss for sample in self.samples)


class UnexpectedAnswerError(Exception):
    """The function answered something else than a remediation that went well."""


def measure(
    scenario: Scenario,
    rounds: int,
    variants: Collection[str] = VARIANTS,
    progress: Callable[[], None] = lambda: None,
) -> dict[str, Result]:
    """Live one life of each variant for what has no noise, and then so many rounds for what has; of parts a third."""
    with _rig(scenario, variants) as rig:
        results = {variant: Result() for variant in (HELLO, *variants)}
        for variant, result in results.items():
            rig.count(variant, result)
        order = list(results)
        for turn in range(rounds):
            shift = turn % len(order)
            for variant in order[shift:] + order[:shift]:
                if variant not in PARTS or turn % 3 == 0:
                    results[variant].samples.append(rig.live(variant))
                progress()
        return results


@contextmanager
def _rig(scenario: Scenario, variants: Collection[str]) -> Iterator["_Rig"]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name, RuntimeApi() as runtime:
        scratch = Path(name)
        authority, chain = issue(scratch, HOSTS)
        packages = prepare(scratch, scenario.operations, authority, variants)
        client, ours = scratch / "client", (scratch / "room", scratch / "shared")
        _gather_runtime_client(client)
        no_bytecode = shutil.ignore_patterns("__pycache__")
        shutil.copytree(scenario.room, ours[0] / scenario.room.name, ignore=no_bytecode)
        shutil.copytree(with_bytecode(scenario.shared, host()) / "python", ours[1])
        (scratch / "hello").mkdir()
        (scratch / "hello" / "hello.py").write_text("def handler(event, context):\n    return {}\n", "ascii")
        paths: dict[str, tuple[Path, ...]] = {HELLO: (scratch / "hello", client)}
        paths |= {variant: (*ours, path, client) for variant, path in packages.items()}
        with LocalAws(scenario.answers, chain) as aws:
            yield _Rig(scenario, runtime, aws, paths, scratch / "counts")


@dataclass(frozen=True)
class _Rig:
    scenario: Scenario
    runtime: RuntimeApi
    aws: LocalAws
    paths: Mapping[str, tuple[Path, ...]]
    counts: Path

    def live(
        self, variant: str, extra: Mapping[str, str] | None = None, between: Callable[[], None] = lambda: None
    ) -> Sample:
        """Live one life of a variant, from the start of the process to its last event."""
        hello = variant == HELLO
        events = [b"{}"] if hello else [self.scenario.event(number) for number in range(1 + WARM)]
        environment = {
            **_ENVIRONMENT,
            **self.scenario.environment,
            **(extra or {}),
            "BENCH_AWS_PORT": str(self.aws.port),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, self.paths[variant])),
        }
        program = str(Path(__file__).with_name("lambda_process.py"))
        command = [sys.executable, "-S", program, "hello.handler" if hello else self.scenario.handler]
        sample = self.runtime.run(command, environment, events, between=between)
        if not hello and (bad := [answer for answer in sample.answers if not self.scenario.accept(answer)]):
            raise UnexpectedAnswerError(f"{variant}: {bad[0].decode()}")
        return sample

    def count(self, variant: str, result: Result) -> None:
        """Count calls, connections and modules of one life. It also warms the page cache."""

        def note() -> None:
            result.calls.append(Counter(self.aws.calls))
            result.connections.append(self.aws.connections)
            self.aws.reset()

        self.counts.unlink(missing_ok=True)
        self.aws.reset()
        self.live(variant, {"BENCH_COUNT": str(self.counts)}, note)
        first = json.loads(self.counts.read_text("ascii").splitlines()[0])
        result.modules = first["modules"]


def _gather_runtime_client(into: Path) -> None:
    """Link awslambdaric and what it imports, and nothing else of this environment."""
    into.mkdir()
    for distribution in ("awslambdaric", "simplejson", "snapshot-restore-py"):
        for file in metadata.files(distribution) or ():
            if ".." not in file.parts and not (into / file.parts[0]).exists():
                (into / file.parts[0]).symlink_to(Path(str(file.locate())).parents[len(file.parts) - 1] / file.parts[0])

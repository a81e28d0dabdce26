"""The lab's MongoDB Atlas pauses the cluster: the page says so, with the command, and MongoDB comes back when it is followed."""

import json
from collections.abc import Iterator

from remedy.lab.scenarios.compute import RUNBOOKS
from remedy.lab.scenarios.scenario import Cue, Line, Scenario, Stage, paged, start, stop
from tests.functions.fakes.atlas import PRIVATE, PUBLIC
from tests.functions.fakes.atlas_service import PROJECT

CLUSTER, READER = "dev-starttech-cluster", "dev/atlas-reader-AbCdEf"
"""As config/dev.toml names them; to Secrets Manager an ARN without its last six characters is as good."""
COMMAND = f"atlas clusters start {CLUSTER} --projectId {PROJECT}"


def _pause(stage: Stage) -> Line:
    stage.lab.start_atlas()
    text = json.dumps({"public_key": PUBLIC, "private_key": PRIVATE})
    stage.lab.client("secretsmanager").create_secret(Name=READER, SecretString=text)
    stage.lab.atlas("cluster", {"name": CLUSTER, "tier": "M10", "paused": True})
    stop("mongodb")(stage)
    return Line("lab", f"Atlas has paused {CLUSTER}, which nobody used for long: MongoDB is gone.", "bad")


def _start(stage: Stage) -> Line:
    stage.lab.atlas("cluster", {"name": CLUSTER, "paused": False})
    start("mongodb")(stage)
    return Line("person", f"ada: {COMMAND}", "good")


def _told_the_command(stage: Stage) -> Iterator[str]:
    yield from paged(stage, "database")
    if any(not operation.startswith(("get", "list")) for operation in stage.lab.atlas("state")["asked"]):
        yield f"Atlas was asked for more than to be read: {stage.lab.atlas('state')['asked']}."
    for outcome in stage.timeline.outcomes:
        if outcome.acts:
            yield f"Something was done: {outcome.acts}."
        if COMMAND not in outcome.next_steps:
            yield f"The command is not among the next steps: {outcome.next_steps}."
        if PRIVATE in outcome.text():
            yield "The outcome holds a secret."


DATABASE = Scenario(
    name="database",
    summary="MongoDB is gone, because Atlas has paused its cluster. The alarm of the probe starts the diagnosis, Atlas is asked over "
    "HTTPS, and the database's team is told in one sentence what to type; ada does, and the application is well again.",
    harm=_pause,
    then=(Cue(lambda stage: bool(stage.timeline.pages), _start),),
    expected=("escalated",),
    ended=lambda stage: not stage.ill,
    complaints=_told_the_command,
    runbooks=RUNBOOKS,
    heals=True,
)

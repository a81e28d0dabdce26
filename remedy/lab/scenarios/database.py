"""The lab's MongoDB Atlas: it pauses the cluster, and the page says what to type; it does not know our address, and is told it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from remedy.lab import environment
from remedy.lab.hosted import CLUSTER, NEVER_TOLD, READER, SECRETS
from remedy.lab.scenarios.approval import approve, asked, wanted
from remedy.lab.scenarios.compute import RUNBOOKS
from remedy.lab.scenarios.scenario import Cue, Line, Scenario, Stage, paged, start, stop
from tests.functions.fakes.atlas import PRIVATE
from tests.functions.fakes.atlas_service import PROJECT

ACCESS = "restore-database-access"
NEVER = "9999-12-31T00:00:00Z"
COMMAND = f"atlas clusters start {CLUSTER} --projectId {PROJECT}"


def _pause(stage: Stage) -> Line:
    stage.lab.start_atlas()
    stage.lab.client("secretsmanager").create_secret(Name=READER, SecretString=SECRETS[READER])
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


def _move(stage: Stage) -> Line:
    address = environment.replace_nat_gateway(stage.lab)
    text = f"Terraform replaces the NAT gateway: we come by {address} now, which Atlas does not know, and our packets vanish."
    return Line("lab", text, "bad")


def _ours(stage: Stage) -> str:
    (gateway,) = environment.nat_gateways(stage.lab)
    return str(gateway["NatGatewayAddresses"][0]["PublicIp"])


def _lines(stage: Stage) -> list[dict[str, Any]]:
    """Return the lines of the access list that Terraform did not make."""
    access: list[dict[str, Any]] = stage.lab.atlas("state")["access"]
    return [line for line in access if not line["comment"].startswith("Terraform")]


def _one_line(stage: Stage) -> Iterator[str]:
    ours = f"{_ours(stage)}/32"
    lines = _lines(stage)
    if [line["cidrBlock"] for line in lines] != [ours]:
        yield f"Let in was {[line['cidrBlock'] for line in lines]} instead of {ours} alone."
    for line in lines:
        ends = datetime.fromisoformat(line.get("deleteAfterDate", NEVER))
        if not timedelta(hours=3, minutes=50) < ends - datetime.now(UTC) <= timedelta(hours=4):
            yield f"The line ends at {ends}."
        if ACCESS not in line["comment"]:
            yield f"The comment does not tell whose the line is: {line['comment']!r}."
    writes = [operation for operation in stage.lab.atlas("state")["asked"] if not operation.startswith(("get", "list"))]
    if writes != ["createAccessListEntry"]:
        yield f"What was written to Atlas is {writes}."


def _let_in(stage: Stage) -> Iterator[str]:
    yield from _one_line(stage)
    yield from paged(stage, "infrastructure")
    ours = _ours(stage)
    if f"Atlas lets in {ours}/32" not in wanted(stage).because:
        yield f"What was asked for does not say who is let in: {wanted(stage).because}"
    if stage.timeline.alarmed:
        yield f"Still on: {', '.join(stage.timeline.alarmed)}."
    for outcome in stage.timeline.outcomes:
        if [(done.action, done.target, done.result) for done in outcome.acts] != [("let-in", ours, "done")]:
            yield f"What was done is {outcome.acts}."
        if not outcome.because.startswith(f"MongoDB answers again since {ours} is let in"):
            yield f"It was not seen to answer again: {outcome.because}"
        if not any(
            "mongodbatlas_project_ip_access_list" in step and f'"{ours}/32"' in step for step in outcome.next_steps
        ):
            yield f"The line for Terraform is not among the next steps: {outcome.next_steps}."
    told = [
        *(outcome.text() for outcome in stage.timeline.outcomes),
        *(each.text() for _, each in stage.timeline.notices),
    ]
    if any(secret in text for secret in NEVER_TOLD for text in told):
        yield "A message holds a secret."
    for answer in stage.person("grace").answers:
        if answer.status != 0:
            yield f"grace could not: {answer.text}"


DATABASE_ACCESS = Scenario(
    name="database-access",
    summary="Our NAT gateway has a new address, and Atlas does not let it in. The probe in the VPC sees that packets to MongoDB vanish; "
    "grace agrees, and the one function that may write to Atlas lets in that address alone, for four hours. MongoDB answers again, "
    "and infrastructure is told the line for Terraform.",
    harm=_move,
    then=(Cue(asked, approve),),
    expected=("escalated",),
    ended=lambda stage: not stage.ill and not stage.timeline.alarmed,
    complaints=_let_in,
    runbooks=(ACCESS,),
    probed="mongodb",
    heals=True,
)

"""A real `terraform apply` is killed. Its lock is left alone while it is young; then a person is asked, and Terraform works again."""

from collections.abc import Iterator

from remedy.lab.configuration import STALE
from remedy.lab.scenarios.approval import approve, asked, wanted
from remedy.lab.scenarios.scenario import Cue, Line, Scenario, Stage, no_restart, spoken
from remedy.lab.terraform import MISSING, Terraform, installed

RUNBOOK, STATE = "clear-stale-lock", "starttech"


def _kill(stage: Stage) -> Line:
    terraform = stage.terraform = Terraform(stage.lab, STATE)
    stuck = terraform.kill(terraform.begin("apply"))
    terraform.run("plan", status=1)
    text = (
        f"A real `terraform apply` is killed with SIGKILL: its lock {stuck.item} stays, and nobody can plan or apply."
    )
    return Line("lab", text, "bad")


def _look(stage: Stage) -> Line:
    return spoken(stage, "ada", "invoke", RUNBOOK, "--target", STATE)


def _cleared(stage: Stage) -> bool:
    return any(outcome.acts for outcome in stage.timeline.outcomes)


def _plan(stage: Stage) -> Line:
    ended = _terraform(stage).run("plan", status=None)
    what = next((line for line in ended.text.splitlines() if line.startswith(("Plan:", "Error:"))), "no plan")
    return Line("person", f"ada: {ended.command}: {what}", "good" if ended.status == 0 else "bad")


def _terraform(stage: Stage) -> Terraform:
    assert stage.terraform is not None, "the scenario begins with it"
    return stage.terraform


def _left_alone_then_cleared(stage: Stage) -> Iterator[str]:
    yield from no_restart(stage)
    terraform = _terraform(stage)
    blocked, *_, last = (ended for ended in terraform.ended if ended.command == "terraform plan")
    if "Error acquiring the state lock" not in blocked.text:
        yield f"The killed apply did not block anybody: {blocked.text}"
    if last.status != 0:
        yield f"Terraform does not work again: {last.text}"
    if terraform.locks.held:
        yield f"The stores still hold a lock: {terraform.locks}."
    expected, found = terraform.digest
    if expected != found:
        yield f"The state's digest is {found}, and Terraform expects {expected}."
    for looked in stage.person("ada").answers:
        if looked.status != 0 or f"at least {STALE} s make it stale" not in " ".join(looked.text.split()):
            yield f"ada was not told that the lock is too young: {looked.text}"
    if wanted(stage).at.timestamp() - terraform.killed_at < STALE:
        yield "It was asked for an approval before the lock was stale."
    for outcome in stage.timeline.outcomes:
        if outcome.acts and [(done.target, done.result) for done in outcome.acts] != [(terraform.stuck.item, "done")]:
            yield f"It was not the killed apply's lock that was cleared: {outcome.acts}"
    for approved in stage.person("grace").answers:
        if approved.status != 0:
            yield f"grace could not approve: {approved.text}"


TERRAFORM_LOCK = Scenario(
    name="terraform-lock",
    summary="A real `terraform apply` is killed, and its lock stays in both stores. It is left alone while it is young; then "
    "a person is asked and approves, the lock is cleared, and `terraform plan` works again.",
    harm=_kill,
    then=(Cue(lambda _: True, _look), Cue(asked, approve), Cue(_cleared, _plan)),
    expected=("nothing-to-do", "healed"),
    complaints=_left_alone_then_cleared,
    added={f"[[runbooks.{RUNBOOK}.settings.states]]": "lockfile = true"},
    missing=lambda: "" if installed() else MISSING,
    heals=True,
)

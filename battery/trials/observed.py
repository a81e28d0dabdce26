"""T16: what observe and the plan say would be done is what act then does, and they do nothing."""

from collections.abc import Iterator

from battery.grounds import Named, cases
from battery.trial import Effort, Figure, Trial, none
from battery.trial import told as figure
from remediation.core.spec import Mode


def run(effort: Effort) -> Iterator[Figure]:
    """Try the first N cases."""
    done, announced, differ, looked = 0, 0, list[str](), list[str]()
    for case in cases()[: effort.n]:
        first, reads, changed = _look(case, "act")
        refused = case.case.ends == "refused"
        assert refused or changed or not first, f"{case.name}: {first} is told and was not done"
        announced += bool(first)
        for mode in ("observe", "plan"):
            would, its, changes = _look(case, mode)
            done += changes
            if would != first:
                differ.append(f"{case.name}: act begins with {first!r}, {mode} says {would!r}")
            same = its == reads[: len(its)] if mode == "observe" else _operations(its) == _operations(reads)[: len(its)]
            if not same:
                looked.append(f"{case.name}: {mode}")
        effort.advance()
    yield figure("cases with an act, and without", f"{announced} and {effort.n - announced}")
    yield none("acts in observe and in plans", done)
    yield none("first acts that differ from what was announced", len(differ), tuple(differ))
    yield none("runs that look at something else than the act does", len(looked), tuple(looked))


def _look(case: Named, mode: str) -> tuple[str, list[tuple[str, str]], int]:
    """Return the first act or the announced one, the calls up to it, and how much was changed."""
    ground = case.ground()
    deployed: Mode = "observe" if mode == "observe" else "act"
    ground.mode = deployed
    outcome = ground.carry(case.tried.event("plan" if mode == "plan" else "alarm"))
    calls = [(call.operation, str(sorted(call.parameters.items()))) for call in ground.aws.calls.made]
    acts = [f"{act.action} {act.target}" for act in outcome.acts]
    return (acts[0] if acts else outcome.would), calls, len(ground.aws.mutations)


def _operations(calls: list[tuple[str, str]]) -> list[str]:
    """Return what was asked; a person names what is ill in other words than an alarm."""
    return [operation for operation, _ in calls]


TRIAL = Trial(
    id="T16",
    title="observe and the plan say what act does",
    unit="cases",
    full=len(cases()),
    quick=len(cases()),
    run=run,
    shows="what is announced is what is done, from the same looks, and announcing changes nothing",
    hides="what the world would answer later: only the first act is announced",
)

from collections.abc import Callable

import pytest

from remediation.core.spec import AnyRunbook
from stacks.catalog import CATALOG
from stacks.config import environments, load
from stacks.permissions import ATLAS_WRITER, ESCALATION, PROBE, SWEEP
from tests.conftest import ROOT
from tests.house import rules

FUNCTIONS = ROOT / "functions"
EACH = pytest.mark.parametrize("runbook", CATALOG, ids=lambda runbook: runbook.name)


def test_every_room_is_in_the_catalogue_once() -> None:
    rooms = {path.parent.name for path in FUNCTIONS.glob("*/handler.py")}
    packages = [
        *(runbook.package for runbook in CATALOG),
        *(name.replace("-", "_") for name in (SWEEP, ESCALATION, PROBE, ATLAS_WRITER)),
    ]
    assert set(packages) == rooms
    assert len(packages) == len(rooms)


@EACH
def test_the_folder_is_the_name_and_says_why(runbook: AnyRunbook) -> None:
    rules.is_a_room(runbook, FUNCTIONS)


@EACH
def test_the_handler_is_the_one_that_every_room_has(runbook: AnyRunbook) -> None:
    rules.has_the_common_handler(runbook, FUNCTIONS)


@EACH
@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_a_declaration_keeps_the_rules(runbook: AnyRunbook, rule: Callable[[AnyRunbook], None]) -> None:
    rule(runbook)


@EACH
@pytest.mark.parametrize("environment", environments())
def test_a_declaration_fits_every_environment(runbook: AnyRunbook, environment: str) -> None:
    config = load(environment, CATALOG)
    rules.fits_an_environment(runbook, config.place, config.runbooks[runbook.name].settings)


@EACH
def test_who_may_keep_sightings_keeps_some(runbook: AnyRunbook) -> None:
    """It is a right to write to the ledger, and the time is `aws.now()`."""
    room = (path.read_text() for path in (FUNCTIONS / runbook.package).glob("*.py"))
    assert any("aws.sightings." in text for text in room) is runbook.sightings


def test_documents_and_alarms_have_names_of_their_own() -> None:
    for names in (
        [document.name for runbook in CATALOG for document in runbook.documents],
        [alarm.name for runbook in CATALOG for alarm in runbook.alarms],
    ):
        assert len(names) == len(set(names))

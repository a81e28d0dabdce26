"""How a notice is told."""

from typing import get_args

import msgspec
import pytest

from remediation.core.notice import Kind, Notice
from tests.support.steps import NIGHT

WANTED = Notice(
    kind="approval-wanted",
    environment="dev",
    run="k3fa-9x2q-7bmd",
    incident="dev|restart-unhealthy-targets|dark-lamps",
    team="infrastructure",
    severity="critical",
    title="restart-unhealthy-targets in dev asks: replace-instance i-1 (dev-backend-asg in dev)?",
    because="The container does not start.",
    at=NIGHT,
    lines=("Plan 7f1c", "It expires at 2026-11-23 04:10:00 UTC."),
    next_steps=("remedy show k3fa-9x2q-7bmd --env dev", "remedy approve k3fa-9x2q-7bmd --hash 7f1c --env dev"),
)
DOCTOR = msgspec.structs.replace(WANTED, kind="doctor", run="", incident="", next_steps=())


def test_a_person_reads_what_it_is_about_why_and_what_to_type() -> None:
    text = WANTED.text()
    order = (
        WANTED.title,
        WANTED.because,
        *WANTED.lines,
        *WANTED.next_steps,
        "2026-11-23 03:40:00 UTC",
        WANTED.incident,
    )
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_the_timeline_is_named_once_and_only_where_there_is_one() -> None:
    show = "remedy show k3fa-9x2q-7bmd --env dev"
    assert WANTED.text().count(show) == 1
    assert msgspec.structs.replace(WANTED, next_steps=()).text().count(show) == 1
    assert "remedy show" not in DOCTOR.text()
    assert "Incident" not in DOCTOR.text()


def test_a_machine_reads_the_same_back() -> None:
    assert msgspec.json.decode(WANTED.json(), type=Notice) == WANTED
    assert msgspec.json.decode(WANTED.json())["schema"] == 1


@pytest.mark.parametrize(
    "title", ["Short", "x" * 300, "two\nlines\tand a tab", "Überlänge 🙈 \x00", "A sentence. " * 30]
)
def test_the_subject_is_what_sns_takes(title: str) -> None:
    subject = msgspec.structs.replace(WANTED, title=title).subject()
    assert subject.startswith("[dev] ")
    assert len(subject) < 100
    assert subject.isascii()
    assert subject.isprintable()


def test_a_short_title_is_the_subject_as_it_is() -> None:
    short = msgspec.structs.replace(WANTED, title="Over: dark-lamps is OK again")
    assert short.subject() == "[dev] Over: dark-lamps is OK again"


@pytest.mark.parametrize("kind", get_args(Kind))
def test_an_sms_of_any_kind_is_one_part_with_the_command_whole(kind: Kind) -> None:
    line = msgspec.structs.replace(WANTED, kind=kind, because="Because. " * 50).short()
    assert len(line) <= 160
    assert line.endswith("remedy show k3fa-9x2q-7bmd --env dev")
    assert kind in line


def test_what_is_about_no_run_is_looked_up_in_the_status() -> None:
    assert DOCTOR.short().endswith("remedy status --env dev")

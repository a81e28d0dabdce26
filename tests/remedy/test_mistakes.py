"""What is typed wrongly is told in one sentence, with status 2, before anybody is asked for credentials."""

import sys

import pytest

from remedy.cli import main

BECAUSE = ("--because", "the database moves")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (("foo",), "No such command 'foo'. See: remedy --help"),
        (("show",), "Missing argument 'RUN'. See: remedy show --help"),
        (("circuit", "open"), "No such command 'open'. See: remedy circuit --help"),
        (
            ("runs", "--limit", "0"),
            "Invalid value for '--limit': Input should be greater than or equal to 1. See: remedy",
        ),
        (("runs", "--limit", "many"), "Invalid value for '--limit':"),
        (
            ("ack", "x\x1b[2J"),
            "'x\\x1b[2J' is not the id of a run, such as rhg6-ljc2-vhik. List them with: remedy runs",
        ),
        (("show", "run-1"), "'run-1' is not the id of a run,"),
        (("approve", "aaaa-aaaa-aaa1", "--yes"), "'aaaa-aaaa-aaa1' is not the id of a run,"),
        (("reject", "aaaa-aaaa", *BECAUSE), "'aaaa-aaaa' is not the id of a run,"),
        (
            ("approve", "aaaa-aaaa-aaaa"),
            "Nobody can be asked here whether this is what you mean: say --hash HASH, or --yes.",
        ),
        (("mode", "act", "--until", "1h", *BECAUSE), "act takes a lowering back and needs no --until;"),
        (("freeze", "--until", "9h", *BECAUSE), "A freeze lasts 8 hours at most, until "),
    ],
)
def test_it_is_one_sentence(
    typed: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["remedy", *typed])
    with pytest.raises(SystemExit) as left:
        main()
    said = capsys.readouterr()
    assert left.value.code == 2
    assert said.err.startswith(told)
    assert (said.out, said.err.count("\n")) == ("", 1)


@pytest.mark.parametrize(
    ("typed", "status"), [((), 2), (("--help",), 0), (("circuit",), 2), (("circuit", "--help"), 0), (("--version",), 0)]
)
def test_who_asks_for_help_gets_it_and_who_says_nothing_too(
    typed: tuple[str, ...], status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["remedy", *typed])
    with pytest.raises(SystemExit) as left:
        main()
    said = capsys.readouterr()
    assert (left.value.code or 0) == status
    assert (said.err, "remedy" in said.out) == ("", True)

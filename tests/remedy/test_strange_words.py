"""Whatever a person types, the answer is one sentence and an exit status that docs/remedy.md knows: never a stack trace."""

import pytest

from remediation.adapters.clients import Clients
from remediation.adapters.ledger import DynamoLedger
from tests.remedy.console import RUNBOOK, items, remedy
from tests.remedy.people import Console
from tests.remedy.waiting import HASH, RUN, Troubled, Waiting

STRANGE = ("", " ", "\0", "\x1b[31m", "#", "RUN#1", "../..", "x" * 3000, "\udcff", "🤖", "' OR 1=1", "{}", "-1", "∞")
SAYS_WHY = ("--because", "the release is going wrong")
COMMANDS: dict[str, tuple[str, ...]] = {
    "show": ("show", "?"),
    "ack": ("ack", "?"),
    "approve": ("approve", "?", "--yes"),
    "approve a plan": ("approve", RUN, "--hash", "?"),
    "reject": ("reject", "?", *SAYS_WHY),
    "reject because": ("reject", RUN, "--because", "?"),
    "mode": ("mode", "?", *SAYS_WHY),
    "mode until": ("mode", "off", *SAYS_WHY, "--until", "?"),
    "mode of": ("mode", "off", *SAYS_WHY, "--runbook", "?"),
    "mode because": ("mode", "off", "--because", "it is ?"),
    "freeze until": ("freeze", *SAYS_WHY, "--until", "?"),
    "thaw": ("thaw", "--because", "?"),
    "circuit": ("circuit", "close", "?", *SAYS_WHY),
    "runs since": ("runs", "--since", "?"),
    "runs of": ("runs", "--runbook", "?"),
    "runs that": ("runs", "--status", "?"),
    "audit since": ("audit", "--since", "?"),
    "status of": ("status", "--env", "?"),
    "invoke": ("invoke", RUNBOOK, "--target", "?"),
    "invoke with": ("invoke", RUNBOOK, "--target", "dev-backend-tg-v2", "--set", "?"),
    "invoke because": ("invoke", "?", "--because", "?"),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_no_word_breaks_a_command(
    aws: Clients, ledger: DynamoLedger, people: Console, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remedy.invoke.LOOK_EVERY", 0.01)
    people.denied.add("Invoke")
    Waiting(aws, ledger).asks()
    Troubled(aws, ledger).escalates("dddd-eeee-ffff")
    for word in STRANGE:
        result = remedy(*(part.replace("?", word) for part in command))
        assert result.exception is None or isinstance(result.exception, SystemExit), f"{word!r}: {result.exception!r}"
        assert result.exit_code in {0, 1, 2, 3}, f"{word!r}: {result.output}"
        assert "\x1b" not in result.output, word
        if result.exit_code and "Usage:" not in result.stderr:
            assert result.stderr.count("\n") == 1, f"{word!r}: {result.stderr}"


def test_a_strange_run_is_never_approved(aws: Clients, ledger: DynamoLedger, people: Console) -> None:
    Waiting(aws, ledger).asks()
    for word in STRANGE:
        remedy("approve", word, "--yes")
        remedy("approve", RUN, "--hash", word)
    assert people.answered == []
    assert items(aws, "SAID#") == {}
    remedy("approve", RUN, "--hash", HASH[:8])
    assert len(people.answered) == 1

"""A trial that cannot fail shows nothing: with a guard taken out, its trial says so."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from msgspec import structs

from battery.grounds import GROUNDS, cases
from battery.trial import Effort, Figure, Trial
from battery.trials import blast, clocks, crashes, day, duplicates, events, failures, fuzz, observed, switch
from remediation.adapters.ledger import DynamoLedger
from remediation.adapters.table import Table
from remediation.core import admission, circuit, closing, engine, gates
from remediation.core.parsing import parse
from remediation.core.steps import Answer
from restart_unhealthy_targets import actions, case
from tests.support.steps import InMemorySteps
from tests.support.world import MemoryLedger


def missed(trial: Trial, n: int, seed: int = 1) -> str:
    """Return the goals that a trial misses, as one text."""
    return told(trial.run(Effort(n, seed)))


def missed_by_deaths() -> str:
    """Return what dying at the calls of the first case misses; the real ledger's requests have a trial of their own."""
    deaths = crashes.Deaths()
    crashes.at_calls(cases()[0], deaths)
    return told(deaths.figures())


def told(figures: Iterable[Figure]) -> str:
    return "; ".join(figure.what for figure in figures if not figure.holds)


def test_crashes_see_an_act_that_is_repeated_when_it_was_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def at_least_once(self: InMemorySteps, name: str, call: Any) -> Any:
        return self.read(name, call, Answer)

    monkeypatch.setattr(InMemorySteps, "act", at_least_once)
    assert "acts made twice" in missed_by_deaths()


def test_crashes_see_an_outcome_that_is_told_before_it_is_recorded_or_never(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "_tell", lambda *_: iter(()))
    assert "outcomes lost" in missed_by_deaths()


def test_crashes_see_a_lease_that_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    close = MemoryLedger.close

    def keeping(self: MemoryLedger, ended: Any, limits: Any) -> None:
        held = dict(self.resources)
        close(self, ended, limits)
        self.resources |= held

    monkeypatch.setattr(MemoryLedger, "close", keeping)
    assert "leases left behind" in missed_by_deaths()


def test_duplicates_see_an_event_that_is_claimed_without_asking_whose_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    claim = DynamoLedger._claim

    def unasked(self: DynamoLedger, *args: Any) -> Any:
        return {
            name: {key: value for key, value in update.items() if "Condition" not in key}
            | {
                "ExpressionAttributeValues": {
                    k: v for k, v in update["ExpressionAttributeValues"].items() if k != ":now"
                }
            }
            for name, update in claim(self, *args).items()
        }

    monkeypatch.setattr(DynamoLedger, "_claim", unasked)
    monkeypatch.setattr(duplicates, "AT_ONCE", 12)
    assert "rounds in which one of fifty deliveries of an event was admitted; rounds with more" in missed(
        duplicates.TRIAL, 1
    )


def test_duplicates_see_a_lease_that_is_written_over_another(monkeypatch: pytest.MonkeyPatch) -> None:
    change = Table.change

    def blindly(self: Table, pk: str, found: Any, values: Any) -> Any:
        update = change(self, pk, found, values)
        written = {
            name: value for name, value in update["ExpressionAttributeValues"].items() if not name.startswith(":was_")
        }
        kept = {key: value for key, value in update.items() if "Condition" not in key}
        return kept | {"ExpressionAttributeValues": written}

    read_all, together = Table.read_all, Barrier(12)

    def at_once(self: Table, *pks: str) -> Any:
        found = read_all(self, *pks)
        with suppress(BrokenBarrierError):
            together.wait(timeout=2)  # so that each has read before the first one writes
        return found

    monkeypatch.setattr(Table, "read_all", at_once)
    monkeypatch.setattr(Table, "change", blindly)
    monkeypatch.setattr(duplicates, "AT_ONCE", 12)
    assert "one of fifty events about one resource" in missed(duplicates.TRIAL, 1)


def test_days_see_a_system_that_touches_what_may_still_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (case, actions):
        monkeypatch.setattr(module, "within_blast_radius", lambda *_: True)
    seen = missed(day.TRIAL, 1)
    assert "days with more requests lost" in seen
    assert "days with requests lost to the restart of what did serve" in seen


def test_days_see_a_system_that_acts_without_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "_spent", lambda *_: iter(()))
    monkeypatch.setattr(admission, "_taken", lambda *_: iter(()))
    monkeypatch.setattr(circuit, "refuses", lambda *_: "")
    assert "days with more than 10 acts" in missed(day.TRIAL, 1, seed=5)


def test_events_see_a_transition_that_is_acted_on_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    receive, admit = MemoryLedger.receive, MemoryLedger.admit

    def forgetful(self: MemoryLedger, asked: Any, limits: Any) -> Any:
        self.events[asked.event] = asked.run
        self.resources.clear()
        return admit(self, asked, limits)

    monkeypatch.setattr(MemoryLedger, "receive", lambda self, told: receive(self, told) and None)
    monkeypatch.setattr(MemoryLedger, "admit", forgetful)
    name = "restart-unhealthy-targets"  # the one that acts again while it is ill
    monkeypatch.setattr(events, "GROUNDS", {name: GROUNDS[name]})
    assert "transitions acted on twice" in missed(events.TRIAL, 200)


def test_events_see_an_act_on_what_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "replayed", lambda _: None)
    assert "acts on what was late, of others, or broken" in missed(events.TRIAL, 200)


def test_events_see_an_alarm_that_nobody_offers_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "offered", lambda *_: None)
    assert "transitions lost" in missed(events.TRIAL, 200)


def test_failures_see_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    tell = closing._tell
    monkeypatch.setattr(closing, "_tell", lambda *about: iter([*tell(*about)][:0]))  # whatever fails, nobody hears
    monkeypatch.setattr(failures, "TIMES", (10,))
    assert "runs that ended well and told nobody" in missed(failures.TRIAL, 1)


def test_fuzz_sees_an_exception_that_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    def strict(event: Any) -> Any:
        return parse(event) if isinstance(event, dict) and "source" in event else event["source"]

    monkeypatch.setattr(engine, "parse", strict)
    assert "errors that escaped" in missed(fuzz.TRIAL, 60)


def test_the_table_sees_a_blast_radius_that_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case, "within_blast_radius", lambda *_: True)
    assert "acts where more is ill" in missed(blast.TRIAL, 4)


def test_the_table_sees_budgets_that_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "_spent", lambda *_: iter(()))
    monkeypatch.setattr(blast, "PACES", blast.PACES[-1:])
    name = "restart-unhealthy-targets"  # one is enough to go beyond them
    monkeypatch.setattr(blast, "GROUNDS", {name: GROUNDS[name]})
    assert "of them within a day" in missed(blast.TRIAL, 1)


def test_clocks_see_an_event_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "LARGEST_AGE", timedelta(seconds=330))
    assert "clocks at which it acts" in missed(clocks.TRIAL, 1)


def test_the_switch_sees_an_engine_that_does_not_ask_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryLedger, "confirm", lambda *_, **__: None)
    assert "acts begun although it was asked after it was thrown" in missed(switch.TRIAL, 1)


def test_observing_sees_an_engine_that_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_only_looking", lambda *_: None)
    assert "acts in observe and in plans" in missed(observed.TRIAL, 1)


def test_observing_sees_an_announcement_that_is_another_act(monkeypatch: pytest.MonkeyPatch) -> None:
    looking = engine._only_looking

    def lying(*about: Any) -> Any:
        ending = looking(*about)
        return ending and structs.replace(ending, would="replace-instance i-0")

    monkeypatch.setattr(engine, "_only_looking", lying)
    assert "first acts that differ" in missed(observed.TRIAL, 1)

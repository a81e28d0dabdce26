"""Approvals in the ledger: what is asked, where to answer, and what became of it.

    APPROVAL#<run>      core.approval.Wanted, callback, status; while pending `environment` = <environment>/approvals and
                        `started_at`, so that the index lists it
    APPROVAL#<subject>  run, until, status: who asks the same, or what became of it, and until when it is not asked again

What people said is theirs to write (adapters/said.py); this only reads it.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from remediation.adapters.said import said
from remediation.adapters.table import Table, milliseconds, seconds
from remediation.core.approval import AGAIN_AFTER, Decided, Wanted
from remediation.core.redact import redact
from remediation.core.spoken import Spoken

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

KEPT = timedelta(days=400)


class DynamoApprovals:
    """The approvals of one environment."""

    def __init__(self, aws: "Clients", *, table: str, environment: str) -> None:
        self._table, self._environment = Table(aws, table), environment

    def claim(self, wanted: Wanted, now: datetime) -> str:
        """Say why this is not asked now; nothing if it may be, and then no other run may ask it."""
        claim = self._table.update(
            _subject(wanted),
            "SET run = :run, #until = :until, expires_at = :kept REMOVE #status",
            condition="attribute_not_exists(pk) OR run = :run OR #until <= :now",
            reserved=("until", "status"),
            run=wanted.run,
            until=milliseconds(wanted.expires),
            now=milliseconds(now),
            kept=seconds(now + KEPT),
        )
        refused = self._table.transact(updates={"subject": claim})
        if refused is None:
            return ""
        run, status = refused.found.text("run"), refused.found.text("status")
        again = f"{wanted.plan} is not asked again before {refused.found.instant('until'):%Y-%m-%d %H:%M:%S} UTC"
        if status:
            return f"People were asked by run {run}, and it was {status}; {again}."
        return f"Run {run} is asking already; {again}."

    def ask(self, wanted: Wanted, callback: str, now: datetime) -> None:
        """Keep what is asked, and where to answer; a run asks for one act after the other, so the newest counts."""
        self._table.write(
            self._table.update(
                _approval(wanted.run),
                "SET run = :run, runbook = :runbook, #action = :action, target = :target, #plan = :plan, #hash = :hash,"
                " because = :because, people = :people, requested_by = :requested_by, expires = :expires,"
                " callback = :callback, #status = :status, #environment = :environment, started_at = :now,"
                " expires_at = :kept",
                reserved=("action", "plan", "hash", "status", "environment"),
                run=wanted.run,
                runbook=wanted.runbook,
                action=wanted.action,
                target=redact(wanted.target),
                plan=redact(wanted.plan),
                hash=wanted.hash,
                because=redact(wanted.because),
                people=wanted.people,
                requested_by=wanted.requested_by,
                expires=milliseconds(wanted.expires),
                callback=callback,
                status="pending",
                environment=f"{self._environment}/approvals",
                now=milliseconds(now),
                kept=seconds(now + KEPT),
            )
        )

    def said(self, by: str, about: str) -> Spoken | None:
        """Return what a person said about a run or a request; nothing where no name or no subject is given."""
        return said(self._table, by, about) if by and about else None

    def end(self, wanted: Wanted, status: Decided, now: datetime) -> None:
        """Keep what became of it and list it no more; the same may be asked again after a while."""
        over = self._table.update(
            _approval(wanted.run),
            "SET #status = :status REMOVE #environment",
            reserved=("status", "environment"),
            status=status,
        )
        again = self._table.update(
            _subject(wanted),
            "SET run = :run, #until = :until, #status = :status",
            reserved=("until", "status"),
            run=wanted.run,
            until=milliseconds(now + AGAIN_AFTER[status]),
            status=status,
        )
        self._table.transact(updates={"approval": over, "subject": again})


def _approval(run: str) -> str:
    return f"APPROVAL#{run}"


def _subject(wanted: Wanted) -> str:
    return f"APPROVAL#{wanted.subject}"

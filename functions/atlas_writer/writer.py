"""What the writer does with what it is asked for: four things, each checked again here, whatever whoever asks has checked.

The rule of the domain (HAZARDS 1.6): a key that may write to Atlas may do nearly anything there. So this function trusts
nobody: not the runbook that asks, not the approval that it had, not the clock of either. What it refuses, it refuses in a
sentence, and nothing has happened then. Where Atlas gave no answer to a write, the function fails: it may have happened, and
asking again for the same finds out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from atlas_writer.letting_in import covering, let_in, let_in_until
from atlas_writer.ours import ours
from atlas_writer.refused import RefusedError
from atlas_writer.saving import made_already, refillable, saved_already, worth_saving
from remediation.atlas import reads, writes
from remediation.atlas.asking import Allow, Answered, Asked, Create, Refill, Save, door
from remediation.atlas.calls import WRITES
from remediation.atlas.client import Atlas
from remediation.atlas.jobs import to_it
from remediation.core.errors import AwsError
from remediation.core.redact import redact
from remediation.core.spec import Mode
from remediation.core.steps import Interrupted, failed

_WRITES = {call.operation for call in WRITES}
_UNREAD = {"NotUnderstood", "TooLarge"}
"""Codes of an answer that came, but says nothing."""


@dataclass(frozen=True, kw_only=True)
class Writer:
    """The writer of one environment, which `cluster` and `prefix` are of. `egress` returns our addresses, as EC2 says them now."""

    mode: Mode
    cluster: str
    prefix: str
    atlas: Callable[[], Atlas]
    egress: Callable[[], frozenset[str]]
    clock: Callable[[], datetime]

    def answer(self, event: object, through: str) -> Answered:
        """Do what is asked `through` an alias, or say why not. Raises AwsError where nobody knows whether it was done."""
        if self.mode != "act":
            return _no(f"The environment's mode is {self.mode}: nothing is changed at Atlas.")
        try:
            asked: Asked = msgspec.convert(event, Asked)
        except msgspec.ValidationError as error:
            return _no(f"The writer was asked for what it does not do: {redact(str(error))}.")
        if door(asked) != through:
            return _no(
                f"What belongs to the alias {door(asked)} was asked through {through or 'none'}: it is not done."
            )
        try:
            ours(asked, self.cluster, self.prefix)
            return self._done(asked)
        except RefusedError as error:
            return _no(str(error))
        except AwsError as error:
            if error.operation in _WRITES and (error.code in _UNREAD or isinstance(failed(error), Interrupted)):
                raise
            return _no(f"{error} Nothing was changed.")

    def _done(self, asked: Asked) -> Answered:
        match asked:
            case Allow():
                return self._allow(asked)
            case Save():
                return self._save(asked)
            case Create():
                return self._create(asked)
            case Refill():
                return self._refill(asked)

    def _allow(self, asked: Allow) -> Answered:
        address, atlas = let_in(asked, self.egress, self.clock()), self.atlas()
        if (line := covering(reads.access(atlas), address, asked.until)) is not None:
            return _yes(f"Atlas lets {address} in already, by its line {line.cidr}.")
        return _yes(let_in_until(writes.allow(atlas, address, asked.comment, asked.until), asked.until))

    def _save(self, asked: Save) -> Answered:
        atlas = self.atlas()
        cluster = worth_saving(asked, reads.cluster(atlas, asked.cluster))
        if (taken := saved_already(asked, reads.snapshots(atlas, cluster), self.clock())) is not None:
            return _yes(f"The snapshot {taken.id} of {asked.cluster} was taken for this already.", taken.id)
        made = writes.save(atlas, asked.cluster, asked.description, asked.days)
        return _yes(f"Atlas takes the snapshot {made.id} of {asked.cluster}.", made.id)

    def _create(self, asked: Create) -> Answered:
        atlas = self.atlas()
        clusters = {each.name: each for each in reads.clusters(atlas)}
        if made_already(asked, clusters, reads.origin(atlas, asked.cluster), self.clock()):
            return _yes(f"{asked.cluster} was made for this already.")
        writes.create(atlas, asked.cluster, asked.like)
        return _yes(f"Atlas makes {asked.cluster}: {clusters[asked.like].tier}, as {asked.like} is.")

    def _refill(self, asked: Refill) -> Answered:
        atlas = self.atlas()
        clusters = {each.name: each for each in reads.clusters(atlas)}
        origin = reads.origin(atlas, asked.target)
        source = refillable(asked, clusters, origin, self.clock())
        if not any(each.id == asked.snapshot and each.state == "completed" for each in reads.snapshots(atlas, source)):
            return _no(f"{asked.cluster} has no completed snapshot {asked.snapshot}.")
        for job in to_it(reads.restores(atlas, source), asked.target, origin):
            if not job.failed:
                because = f"The job {job.id} restores the snapshot {job.snapshot} to {asked.target} already."
                return Answered(done=job.snapshot == asked.snapshot, because=because, id=job.id)
        job = writes.refill(atlas, asked.snapshot, asked.cluster, asked.target)
        return _yes(f"Atlas restores the snapshot {asked.snapshot} to {asked.target} with the job {job.id}.", job.id)


def _yes(because: str, id_: str = "") -> Answered:
    return Answered(done=True, because=because, id=id_)


def _no(because: str) -> Answered:
    return Answered(done=False, because=because)

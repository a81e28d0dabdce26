"""Which restore jobs are those of a cluster, and not of one before it that had the same name.

The rule of the domain: Atlas lists the jobs of a snapshot's cluster by the names of their targets, also of targets that have
been deleted. A new cluster under an old name has jobs in that list that it never saw.
"""

from collections.abc import Iterable

from remediation.atlas.facts import Origin, Restore


def to_it(jobs: Iterable[Restore], name: str, origin: Origin | None) -> tuple[Restore, ...]:
    """Return the jobs to the cluster of a name that is there since `origin`. One of unknown time is counted among them."""
    return tuple(job for job in jobs if job.target == name and not _before(job, origin))


def _before(job: Restore, origin: Origin | None) -> bool:
    return origin is not None and job.at is not None and job.at < origin.at

"""Terraform's locks: which calls it takes to look at one and to clear it, by how many items the lock table has.

In this process, on moto; what is counted leaves the real clients, so only time is not measured. A table is read by exact
keys, so the calls are the same however many there are; a scan or a query would be another call, and pages of it more.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

from moto.dynamodb.models import dynamodb_backends
from msgspec.structs import replace

from clear_stale_lock.actions import clear_lock
from clear_stale_lock.decide import decide
from clear_stale_lock.diagnose import diagnose
from clear_stale_lock.settings import Incident, Settings
from remediation.core.verdict import Act
from tests.functions.clear_stale_lock.locks import HOUR, SETTINGS, STATE, info
from tests.functions.clear_stale_lock.stores import stores
from tests.support.asked import Listener
from tests.support.toy import PLACE

FEW, MANY = 100, 100_000
OLD_ENOUGH = replace(SETTINGS, stale_after=HOUR / 3600, moved_within=HOUR / 3600)
"""It is judged an hour later: as S3 says itself when the lock's object was written, nothing is older than this run."""


def lock_calls(items: int, settings: Settings = OLD_ENOUGH) -> Mapping[str, Counter[str]]:
    """Return what is asked of AWS where the table has so many other locks and digests: to find it free, held, and to clear it."""
    now = datetime.now(UTC)
    with stores(now, settings) as account:
        backend = dynamodb_backends[PLACE.account][PLACE.region]
        for nth in range(items):
            name = f"{STATE.bucket}/other-{nth // 2}/terraform.tfstate"
            digest = {"LockID": {"S": f"{name}-md5"}, "Digest": {"S": "0" * 32}}
            item = {"LockID": {"S": name}, "Info": {"S": info(ID=f"other-{nth}")}}
            backend.put_item(STATE.table, digest if nth % 2 else item)
        listener, counted = Listener(PLACE), dict[str, Counter[str]]()
        account.listen(listener.session)

        def count(step: str) -> None:
            counted[step] = Counter(f"{service}:{operation}" for service, operation, _ in listener.heard)
            listener.heard.clear()

        diagnose(account.aws, settings, Incident())
        count("look, free")
        account.lock()
        facts = diagnose(account.aws, settings, Incident())
        count("look, held")
        verdict = decide(facts, settings, (), datetime.now(UTC) + HOUR)
        assert isinstance(verdict, Act), verdict
        clear_lock(account.aws, settings, verdict.target)
        count("clear")
        (left,) = diagnose(account.aws, settings, Incident()).locks
        assert not left.halves, "it was cleared"
    return counted

"""The lock is read from the real stores on moto, and since when it is seen stands in the real ledger."""

from datetime import UTC, datetime, timedelta

from explain_slow_deploy.diagnose import diagnose
from explain_slow_deploy.settings import Incident, Settings
from remediation.aws.terraform import APPLY
from tests.functions.clear_stale_lock.locks import ID, STATE, info
from tests.functions.clear_stale_lock.stores import stores
from tests.functions.explain_slow_deploy.cloud import MINUTE


def test_an_apply_is_seen_and_grows_old_by_both_clocks_and_nothing_is_touched() -> None:
    start = datetime.now(UTC).replace(microsecond=0)
    settings = Settings(states=(STATE,))
    with stores(start) as made:
        assert diagnose(made.aws, settings, Incident()).deploys == ()
        made.lock(info(Operation=APPLY), file=False)
        before = (made.items, made.objects)
        (young,) = diagnose(made.aws, settings, Incident()).deploys
        assert (young.name, young.id, young.who) == ("starttech", ID, "runner@fv-az123-456")
        assert young.held_for == timedelta(0)
        made.now = start + 9 * MINUTE
        (older,) = diagnose(made.aws, settings, Incident()).deploys
        assert older.held_for == 9 * MINUTE
        assert (made.items, made.objects) == before
        made.lock(info(Operation=APPLY))
        (found,) = made.s3.list_objects_v2(Bucket=STATE.bucket, Prefix=STATE.lock_key)["Contents"]
        (by_s3,) = diagnose(made.aws, settings, Incident()).deploys
        assert by_s3.held_for == min(9 * MINUTE, made.now - found["LastModified"]), "S3 wrote it when the test ran"
        made.unlock()
        assert diagnose(made.aws, settings, Incident()).deploys == ()

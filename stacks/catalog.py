"""The runbooks that exist. A new one is a folder below functions/ and a line here.

This module is data: importing it loads neither boto3 nor the CDK.
"""

from backup_database.runbook import RUNBOOK as BACKUP_DATABASE
from clear_stale_lock.runbook import RUNBOOK as CLEAR_STALE_LOCK
from explain_slow_deploy.runbook import RUNBOOK as EXPLAIN_SLOW_DEPLOY
from flush_redis.runbook import RUNBOOK as FLUSH_REDIS
from recover_failed_launches.runbook import RUNBOOK as RECOVER_FAILED_LAUNCHES
from relieve_high_cpu.runbook import RUNBOOK as RELIEVE_HIGH_CPU
from remediation.core.spec import AnyRunbook
from restart_unhealthy_targets.runbook import RUNBOOK as RESTART_UNHEALTHY_TARGETS
from restore_database.runbook import RUNBOOK as RESTORE_DATABASE
from restore_database_access.runbook import RUNBOOK as RESTORE_DATABASE_ACCESS
from restore_redis_access.runbook import RUNBOOK as RESTORE_REDIS_ACCESS
from restore_redis_snapshot.runbook import RUNBOOK as RESTORE_REDIS_SNAPSHOT
from scale_service.runbook import RUNBOOK as SCALE_SERVICE
from snapshot_redis.runbook import RUNBOOK as SNAPSHOT_REDIS

CATALOG: tuple[AnyRunbook, ...] = (
    RESTART_UNHEALTHY_TARGETS,
    CLEAR_STALE_LOCK,
    EXPLAIN_SLOW_DEPLOY,
    RESTORE_REDIS_ACCESS,
    SNAPSHOT_REDIS,
    FLUSH_REDIS,
    RESTORE_REDIS_SNAPSHOT,
    RECOVER_FAILED_LAUNCHES,
    RELIEVE_HIGH_CPU,
    SCALE_SERVICE,
    BACKUP_DATABASE,
    RESTORE_DATABASE,
    RESTORE_DATABASE_ACCESS,
)

"""The runbooks that exist. A new one is a folder below functions/ and a line here.

This module is data: importing it loads neither boto3 nor the CDK.
"""

from clear_stale_lock.runbook import RUNBOOK as CLEAR_STALE_LOCK
from explain_slow_deploy.runbook import RUNBOOK as EXPLAIN_SLOW_DEPLOY
from relieve_high_cpu.runbook import RUNBOOK as RELIEVE_HIGH_CPU
from remediation.core.spec import AnyRunbook
from restart_unhealthy_targets.runbook import RUNBOOK as RESTART_UNHEALTHY_TARGETS
from scale_service.runbook import RUNBOOK as SCALE_SERVICE

CATALOG: tuple[AnyRunbook, ...] = (
    RESTART_UNHEALTHY_TARGETS,
    CLEAR_STALE_LOCK,
    EXPLAIN_SLOW_DEPLOY,
    RELIEVE_HIGH_CPU,
    SCALE_SERVICE,
)

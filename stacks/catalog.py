"""The runbooks that exist. A new one is a folder below functions/ and a line here.

This module is data: importing it loads neither boto3 nor the CDK.
"""

from remediation.core.spec import AnyRunbook
from restart_unhealthy_targets.runbook import RUNBOOK as RESTART_UNHEALTHY_TARGETS

CATALOG: tuple[AnyRunbook, ...] = (RESTART_UNHEALTHY_TARGETS,)

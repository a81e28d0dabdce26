"""The function's entry point."""

from remediation.adapters.handler import lambda_handler
from restart_unhealthy_targets.runbook import RUNBOOK

handler = lambda_handler(RUNBOOK)

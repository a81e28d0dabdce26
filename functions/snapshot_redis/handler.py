"""The function's entry point."""

from remediation.adapters.handler import lambda_handler
from snapshot_redis.runbook import RUNBOOK

handler = lambda_handler(RUNBOOK)

"""The function's entry point."""

from flush_redis.runbook import RUNBOOK
from remediation.adapters.handler import lambda_handler

handler = lambda_handler(RUNBOOK)

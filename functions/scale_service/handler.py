"""The function's entry point."""

from remediation.adapters.handler import lambda_handler
from scale_service.runbook import RUNBOOK

handler = lambda_handler(RUNBOOK)
